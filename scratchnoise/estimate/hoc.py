"""HOC: T from the labels of neighbours, without anchors or a classifier.

If a sample and its two nearest neighbours share a true class a, then
P(y = i) = sum_a p_a T_ia, P(y = i, y' = j) = sum_a p_a T_ia T_ja, P(i, j, l) = sum_a p_a T_ia T_ja T_la.
The shares of labels, pairs and triples in the data determine T and the clean prior p up to the order of the classes.
"""

import numpy as np
from numpy.typing import ArrayLike

from ..checks import as_floats
from ..noise import check_labels
from ..simplex import softmax
from ..transition import TransitionMatrix

MOST_CLASSES = 20  # the triples are C^3 numbers, each with a derivative for C^2 + C unknowns
MOST_SAMPLES = 10_000  # every distance is computed, so only a random part of more samples is used
BLOCK = 512
STEPS = 60
START, RAISED, LOWERED = 1e-3, 4, 3  # of the damping: after a step that fails, and after one that does not
LEAST_DAMPING = 1e-8  # with less, rounding leaves the curvature singular


def hoc(X: ArrayLike, y_noisy: ArrayLike) -> TransitionMatrix:
    """T and the prior p whose shares of labels, pairs and triples are nearest to those of the data (least squares).

    Right where a sample and its two nearest neighbours share their class, the noise does not depend on x, and T has its
    largest entries on the diagonal. Source: Zhu, Song and Liu 2021, Clusterability as an alternative to anchor points.
    X (N, ...) numbers, flattened and standardised, N >= 3; y_noisy (N,) integers 0..C-1 -> TransitionMatrix,
    diagnostics {"prior" (C,), "residual": root of the summed squares}. Of more than 10,000 samples a random part is
    used. Raises ValueError for other shapes, a class without label and more than 20 classes.
    """
    X = as_floats("X", X)
    if X.ndim < 2 or len(X) < 3 or not np.isfinite(X).all():
        raise ValueError(f"X has shape {X.shape}; it should be finite numbers (N, ...) with N >= 3")
    y_noisy = check_labels(y_noisy, MOST_CLASSES, name="y_noisy")
    if len(y_noisy) != len(X):
        raise ValueError(f"X has {len(X)} samples and y_noisy {len(y_noisy)} labels; they should have the same number")
    labelled = np.bincount(y_noisy, minlength=2)
    if (labelled == 0).any():
        raise ValueError(f"y_noisy never is {int(labelled.argmin())}; HOC needs every class")
    return consensus_transition(y_noisy, neighbour_labels(X, y_noisy), len(labelled))


def neighbour_labels(X, y_noisy):
    """The labels of each sample's two nearest neighbours, (N, 2); -1 for samples outside the random part."""
    near = np.full((len(X), 2), -1)
    part = np.sort(np.random.default_rng(0).permutation(len(X))[:MOST_SAMPLES])
    near[part] = y_noisy[part][two_nearest(X[part].reshape(len(part), -1))]
    return near


def two_nearest(X):
    """Indices of the two nearest other samples by Euclidean distance of standardised features: (N, D) -> (N, 2).

    The origin is the median: from a mean that one huge entry moves, squares hide how far the others are apart.
    """
    X = X - np.median(X, axis=0)
    largest = np.abs(X).max(axis=0)
    X = np.divide(X, largest, out=np.zeros_like(X), where=largest > 0)  # so that no square overflows
    X = np.divide(X, X.std(axis=0), out=np.zeros_like(X), where=largest > 0)
    square, near = (X * X).sum(axis=1), np.empty((len(X), 2), np.int64)
    for start in range(0, len(X), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(X)))
        distance = square - 2 * X[rows] @ X.T  # the row's own square is the same for all candidates
        distance[rows - start, rows] = np.inf
        near[rows] = np.argpartition(distance, 1, axis=1)[:, :2]
    return near


def consensus_transition(y_noisy, near, n_classes):
    """T from labels (N,) and the labels of their two neighbours (N, 2), as in `hoc`."""
    known = near[:, 0] >= 0
    T, prior, residual = fit_consensus(shares(y_noisy[known], near[known], n_classes), n_classes)
    order = _dominant_order(T * prior)
    return TransitionMatrix(T[:, order], {"method": "hoc", "prior": prior[order], "residual": residual})


def shares(y, near, n_classes):
    """The shares of labels, of pairs and of triples, one after the other: (C + C^2 + C^3,)."""
    C = n_classes
    pair = y * C + near[:, 0]
    parts = ((y, C), (pair, C**2), (pair * C + near[:, 1], C**3))
    return np.concatenate([np.bincount(index, minlength=size) for index, size in parts]) / len(y)


def expected_shares(T, prior):
    """The shares that T (C, C) and the clean prior (C,) imply, in the order of `shares`."""
    pairs = (T * prior) @ T.T
    triples = np.einsum("ik,jk,lk->ijl", T * prior, T, T, optimize=True)
    return np.concatenate([T @ prior, pairs.ravel(), triples.ravel()])


def share_derivatives(T, prior):
    """Derivatives of `expected_shares` by the logits of T, row by row, then of the prior: (C + C^2 + C^3, C^2 + C)."""
    C, eye = len(prior), np.eye(len(prior))
    products = np.einsum("ik,jk->ijk", T, T)
    triples = np.einsum("ijk,lk->ijlk", products, T)
    by_prior = np.concatenate([T, products.reshape(-1, C), triples.reshape(-1, C)])
    single = np.einsum("im,k->imk", eye, prior)  # by T[m, k]
    pair = np.einsum("im,jk->ijmk", eye, prior * T)
    pair = pair + pair.swapaxes(0, 1)
    triple = np.einsum("im,jlk->ijlmk", eye, prior * products)
    triple = triple + triple.swapaxes(0, 1) + triple.swapaxes(0, 2)
    by_T = np.concatenate([part.reshape(-1, C, C) for part in (single, pair, triple)])
    by_T = T * (by_T - (by_T * T).sum(axis=1, keepdims=True))  # softmax down the columns
    by_prior = prior * (by_prior - (by_prior @ prior)[:, None])
    return np.concatenate([by_T.reshape(len(by_T), -1), by_prior], axis=1)


def fit_consensus(observed, n_classes):
    """(T, prior, residual) that fit the observed shares best, by the method of Levenberg and Marquardt.

    The unknowns are logits of the columns of T and of the prior, so T always is a transition matrix.
    """
    C, damping = n_classes, START
    logits = np.log(np.concatenate([0.5 * np.eye(C) + 0.5 / C, np.full((1, C), 1 / C)]))
    T, prior = softmax(logits[:-1], axis=0), softmax(logits[-1], axis=0)
    error = observed - expected_shares(T, prior)
    for _ in range(STEPS):
        slopes = share_derivatives(T, prior)
        curvature, downhill = slopes.T @ slopes, slopes.T @ error
        scale = damping * np.trace(curvature) / len(curvature) + 1e-12  # a softmax ignores shifts
        step = np.linalg.solve(curvature + scale * np.eye(len(curvature)), downhill).reshape(C + 1, C)
        trial = logits + np.clip(step, -2, 2)
        trial_T, trial_prior = softmax(trial[:-1], axis=0), softmax(trial[-1], axis=0)
        left = observed - expected_shares(trial_T, trial_prior)
        if left @ left >= error @ error:
            damping *= RAISED
            continue
        gained = 1 - (left @ left) / (error @ error)
        logits, T, prior, error, damping = trial, trial_T, trial_prior, left, max(damping / LOWERED, LEAST_DAMPING)
        if gained < 1e-6:
            break
    return T, prior, float(np.linalg.norm(error))


def _dominant_order(joint):
    """The column for every class, largest entry of the joint first: hidden classes have no names of their own."""
    left, order = joint.copy(), np.empty(len(joint), np.int64)
    for _ in range(len(joint)):
        row, column = np.unravel_index(left.argmax(), left.shape)
        order[row], left[row], left[:, column] = column, -np.inf, -np.inf
    return order
