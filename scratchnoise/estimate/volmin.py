"""VolMin: T and a classifier are learnt together; of all T that explain the labels the one of least volume is taken."""

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_not_negative
from ..lbfgs import lbfgs
from ..transition import TransitionMatrix
from .linear import log_features, noisy_loss
from .posteriors import check_evidence

RIDGE = 1e-3  # on the weights: separable samples would let them grow without end
START = 0.7  # of the diagonal
STEPS = 300


def volmin(q: ArrayLike, y_noisy: ArrayLike, volume: float = 1e-3) -> TransitionMatrix:
    """The minimum over W, b, V of -(1/N) sum_n log (T p_n)_{y_n} + volume log |det T|, p_n = softmax(W log q_n + b).

    T[i, j] = A[i, j] / sum_i A[i, j], A[j, j] = 1, A[i, j] = sigmoid(V[i, j]) elsewhere: the diagonal is the largest of
    its column, so classes cannot swap. Many pairs of T and p explain the same q = T p; |det T| is the volume that the
    columns of T span, and the smallest that holds all q is the truth, where the p of the samples spread widely enough.
    Beware: log |det T| has no lower bound, so a large `volume` ends at equal columns; 0 leaves T undecided, and a small
    one nearly so: where classes overlap, an error stays that more samples do not take away; a larger `volume` may.
    q (N, C) out of fold, y_noisy (N,) integers 0..C-1, volume >= 0 -> TransitionMatrix, diagnostics {"log_det", "loss":
    the first term}. Raises ValueError when a class has no label.
    Source: Li, Liu, Han, Niu and Sugiyama 2021, Provably end-to-end label-noise learning.
    """
    q, y_noisy = check_evidence(q, y_noisy)
    C = q.shape[1]
    check_not_negative(volume=volume)
    x, share = log_features(q), (1 - START) / START / (C - 1)
    start = np.concatenate([np.zeros(C * C + C), np.full(C * C, np.log(share / (1 - share)))])
    found = lbfgs(lambda u: volmin_objective(u, x, y_noisy, C, volume), start, max_iter=STEPS).x
    T, _ = bounded_columns(found[-C * C :].reshape(C, C))
    loss, _, _ = noisy_loss(found[: -C * C], T, x, y_noisy, 0)
    return TransitionMatrix(T, {"method": "volmin", "log_det": float(np.linalg.slogdet(T)[1]), "loss": loss})


def bounded_columns(V):
    """T of V, and the function that turns the gradient by T into that by V. (C, C) -> (C, C), function."""
    off = 1 - np.eye(len(V))
    sigmoid = 1 / (1 + np.exp(-np.clip(V, -500, 500)))
    A = np.eye(len(V)) + off * sigmoid
    total = A.sum(axis=0)
    T = A / total

    def back(dT):
        dA = (dT - (dT * T).sum(axis=0)) / total
        return off * sigmoid * (1 - sigmoid) * dA

    return T, back


def volmin_objective(u, x, y, n_classes, volume):
    """The objective of `volmin` with a ridge on W, and its gradient; u holds W, b and V. Inf where T is singular.

    d log |det T| / dT = T^-T.
    """
    C = n_classes
    T, back = bounded_columns(u[-C * C :].reshape(C, C))
    sign, log_det = np.linalg.slogdet(T)
    if sign <= 0:  # beyond a singular T: the diagonal alone does not exclude it
        return np.inf, np.zeros_like(u)
    loss, dv, dT = noisy_loss(u[: -C * C], T, x, y, RIDGE)
    return loss + volume * log_det, np.concatenate([dv, back(dT + volume * np.linalg.inv(T).T).ravel()])
