"""T-revision: a slack is added to an estimate of T and learnt with the classifier, by importance reweighting."""

import numpy as np
from numpy.typing import ArrayLike

from ..lbfgs import lbfgs
from ..simplex import project_to_simplex, softmax
from ..transition import TransitionMatrix, as_transition
from .anchors import anchor_argmax
from .linear import log_features, noisy_loss, unpack
from .posteriors import check_evidence

RIDGE = 1e-3
ROUNDS, INNER = 60, 3  # steps of the slack, and of the classifier after each
PATIENCE = 8  # rounds that may be worse before the revision ends
STEP = 0.1
LEAST_RATE = 1e-3
HELD_OUT = 5  # every fifth sample judges the revisions


def t_revision(q: ArrayLike, y_noisy: ArrayLike, T: ArrayLike | None = None) -> TransitionMatrix:
    """T + D with a slack D, where T + D stays a transition matrix and predicts held-out noisy labels best.

    R(D) = (1/N) sum_n c_n p_ny / ((T + D) p_n)_y, y = y_n, c_n = -log p_ny, p_n = softmax(W log q_n + b): clean risk by
    importance. W, b fit the labels behind T. Then two steps take turns: D moves along -dR/dD, projected so that columns
    of T + D are probabilities; W, b move with the weights held fixed. Beware: the true T is no minimum of R, even with
    true posteriors. So the likelihood of a fifth of the labels decides; it may keep D = 0.
    q (N, C) out of fold, y_noisy (N,) integers 0..C-1, T (C, C), None for `anchor_argmax` -> TransitionMatrix,
    diagnostics {"slack" D, "rounds", "held_out_losses"}. Raises ValueError when a class has no label, for N < 5, and
    for a T with other labels than 0..C-1. Source: Xia et al. 2019, Are anchor points really indispensable in
    label-noise learning?
    """
    q, y_noisy = check_evidence(q, y_noisy)
    if len(q) < HELD_OUT:
        raise ValueError(f"q has {len(q)} rows; a revision holds some out and needs at least {HELD_OUT}")
    C = q.shape[1]
    first = (anchor_argmax(q) if T is None else as_transition(T, C).aligned(range(C))).array
    x, held = log_features(q), np.random.default_rng(0).permutation(len(q)) % HELD_OUT == 0
    train, validation = (x[~held], y_noisy[~held]), (x[held], y_noisy[held])
    S = possible(first)
    v = lbfgs(lambda v: noisy_loss(v, S, *train, RIDGE)[:2], np.zeros(C * C + C)).x
    revisions, losses = [first], [noisy_loss(v, S, *validation, 0)[0]]
    while len(losses) <= ROUNDS and len(losses) - int(np.argmin(losses)) <= PATIENCE:
        weight, slope = reweighted_risk(v, S, *train)[1:]
        S = possible(S - STEP * slope)
        v = lbfgs(lambda v: weighted_loss(v, weight, *train, C), v, max_iter=INNER).x  # noqa: B023
        revisions.append(S)
        losses.append(noisy_loss(v, S, *validation, 0)[0])
    best = int(np.argmin(losses))
    diagnostics = {"slack": revisions[best] - first, "rounds": best, "held_out_losses": np.array(losses)}
    return TransitionMatrix(revisions[best], {"method": "T-revision", **diagnostics})


def possible(S):
    """The nearest transition matrix, mixed with a little of all labels: none may be impossible. (C, C) -> (C, C)."""
    return (1 - LEAST_RATE) * project_to_simplex(S.T).T + LEAST_RATE / len(S)


def reweighted_risk(v, S, x, y):
    """R of `t_revision`, the weights p_ny / (S p_n)_y and dR/dS.

    dR/dS[i, l] = -(1/N) sum over y_n = i of c_n p_ni p_nl / (S p_n)_i^2. v (D C + C,), S (C, C) -> R, (N,), (C, C).
    """
    w, b = unpack(v, len(S))
    p = softmax(x @ w + b)
    own = np.maximum(p[np.arange(len(y)), y], np.finfo(float).tiny)  # 0 log 0 = 0
    noisy = np.maximum((p * S[y]).sum(axis=1), np.finfo(float).tiny)
    cost = -np.log(own) * own
    slope = -np.eye(len(S))[y].T @ (p * (cost / noisy**2)[:, None]) / len(y)
    return float((cost / noisy).mean()), own / noisy, slope


def weighted_loss(v, weight, x, y, n_classes):
    """(1/N) sum_n weight_n (-log p_ny) + ridge and its gradient by v."""
    w, b = unpack(v, n_classes)
    z = x @ w + b
    p = softmax(z)
    top = z.max(axis=1)
    log_own = z[np.arange(len(y)), y] - top - np.log(np.exp(z - top[:, None]).sum(axis=1))
    dz = (p - np.eye(n_classes)[y]) * weight[:, None] / len(y)
    value = -(weight * log_own).mean() + 0.5 * RIDGE * (w * w).sum()
    return float(value), np.concatenate([(x.T @ dz + RIDGE * w).ravel(), dz.sum(axis=0)])
