"""HOC: T from how often a sample and its two nearest neighbours carry the same labels; no anchors, no classifier."""

from itertools import permutations

import numpy as np

from ..checks import as_floats
from ..noise import MOST_CLASSES, check_labels
from ..transition import TransitionMatrix

STEPS, RATE = 1500, 0.05
BLOCK = 512


def hoc(X, y_noisy):
    """T and the prior p whose label consensus of three is that of the samples and their two nearest neighbours.

    P(labels i, j, k) = sum_a p_a T[i, a] T[j, a] T[k, a] if the three share a true class; the shares of labels, of
    pairs and of triples are fitted by least squares. Right where neighbours share their class and T is row-dominant.
    X (N, ...) is flattened and standardised, N >= 3; y_noisy (N,) integers 0..C-1 -> TransitionMatrix, diagnostics
    {"prior" (C,), "neighbours" (N, 2)}. Raises ValueError for other shapes. Source: Zhu, Song and Liu 2021.
    """
    X = as_floats("X", X)
    if X.ndim < 2 or len(X) < 3 or not np.isfinite(X).all():
        raise ValueError(f"X has shape {X.shape}; it should be finite numbers (N, ...) with N >= 3")
    y_noisy = check_labels(y_noisy, MOST_CLASSES, name="y_noisy")
    if len(y_noisy) != len(X):
        raise ValueError(f"X has {len(X)} samples and y_noisy {len(y_noisy)} labels; they should have the same number")
    near = two_nearest(X.reshape(len(X), -1))
    C = y_noisy.max() + 1
    triples = np.zeros((C, C, C))
    np.add.at(triples, (y_noisy, *y_noisy[near].T), 1 / len(X))
    T, prior = solve_consensus(sum(np.transpose(triples, order) for order in permutations(range(3))) / 6)
    return TransitionMatrix(T, {"method": "hoc", "prior": prior, "neighbours": near})


def two_nearest(X):
    """Indices of the two nearest other samples by Euclidean distance of standardised features: (N, D) -> (N, 2)."""
    spread = X.std(axis=0)
    X = (X - X.mean(axis=0)) / np.where(spread > 0, spread, 1)
    square, near = (X * X).sum(axis=1), np.empty((len(X), 2), np.int64)
    for start in range(0, len(X), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(X)))
        distance = square - 2 * X[rows] @ X.T  # the row's own square is the same for all candidates
        distance[rows - start, rows] = np.inf
        near[rows] = np.argpartition(distance, 1, axis=1)[:, :2]
    return near


def solve_consensus(triples):
    """T (C, C) and prior (C,) that minimise the squared errors of labels, pairs and triples, by Adam on the logits.

    triples (C, C, C), symmetric shares of the labels of three neighbours. Columns are softmax, so always a T.
    """
    C = len(triples)
    logits = [2.0 * np.eye(C) + np.log(2), np.log(triples.sum(axis=(1, 2)) + 1 / C)]
    first, second = [np.zeros_like(v) for v in logits], [np.zeros_like(v) for v in logits]
    for step in range(1, STEPS + 1):
        for v, m, s, g in zip(logits, first, second, consensus_gradient(*logits, triples)[1:], strict=True):
            m += 0.1 * (g - m)
            s += 0.01 * (g * g - s)
            v -= RATE * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.99**step)) + 1e-8)
    T, prior = _softmax(logits[0]), _softmax(logits[1])
    order = _dominant_order(T * prior)
    return T[:, order], prior[order]


def consensus_gradient(a, b, triples):
    """The squared error of T = softmax(columns of a), prior = softmax(b), and its gradients in a and in b.

    triples (C, C, C) are symmetric: all orders of the three labels are alike.
    """
    T, prior = _softmax(a), _softmax(b)
    C = len(T)
    both = (T[:, None] * T).reshape(C * C, C)  # T[j, a] T[k, a]
    e3 = (T * prior) @ both.T - triples.reshape(C, C * C)
    e2 = (T * prior) @ T.T - triples.sum(axis=2)
    e1 = T @ prior - triples.sum(axis=(1, 2))
    by_first = e3 @ both  # T stands in three places, alike because the triples are symmetric
    dT = 2 * prior * (3 * by_first + 2 * e2 @ T + e1[:, None])
    dprior = 2 * ((by_first * T).sum(axis=0) + ((e2 @ T) * T).sum(axis=0) + T.T @ e1)
    da, db = T * (dT - (T * dT).sum(axis=0)), prior * (dprior - prior @ dprior)
    return (e3**2).sum() + (e2**2).sum() + (e1**2).sum(), da, db


def _softmax(z):
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


def _dominant_order(joint):
    """The column for every class, largest entry of the joint first: hidden classes have no names of their own."""
    left, order = joint.copy(), np.empty(len(joint), np.int64)
    for _ in range(len(joint)):
        row, column = np.unravel_index(left.argmax(), left.shape)
        order[row], left[row], left[:, column] = column, -1, -1
    return order
