"""T from selective classification: the samples that a threshold accepts for a class, chosen to be the purest."""

import numpy as np
from numpy.typing import ArrayLike

from ..transition import TransitionMatrix
from .posteriors import check_evidence

LEAST_SHARE = 1 / 200  # of the samples must be accepted: the purest few would be pure by chance


def selective_threshold(q: ArrayLike, y_noisy: ArrayLike) -> TransitionMatrix:
    """T[:, j] = shares of the labels among the samples with q_nj >= t_j; t_j makes the share of label j largest.

    At least N / 200 samples are accepted; of equally pure thresholds the one that accepts most is taken. Anchors use
    the posteriors as numbers, this uses their order alone, so they need not be calibrated. They must be out of fold.
    Right where a threshold accepts samples of class j only and T[j, j] is the largest entry of row j.
    q (N, C), y_noisy (N,) integers 0..C-1 -> TransitionMatrix, diagnostics {"thresholds" (C,), "accepted" (C,)}.
    Raises ValueError when a class has no label.
    Source: de Juan, Mazuelas, Zhu and Scott 2026, Estimation of the label-noise transition matrix, algorithm 1.
    """
    q, y_noisy = check_evidence(q, y_noisy)
    C = q.shape[1]
    columns, thresholds, accepted = zip(*(purest(q[:, j], y_noisy, j, C) for j in range(C)), strict=True)
    diagnostics = {"thresholds": np.array(thresholds), "accepted": np.array(accepted)}
    return TransitionMatrix(np.stack(columns, axis=1), {"method": "selective threshold", **diagnostics})


def purest(score, y_noisy, j, n_classes):
    """The shares of the labels (C,) of the purest accepted set, its threshold, and how many samples it has."""
    N, order = len(score), np.argsort(-score, kind="stable")
    score = score[order]
    counts = np.eye(n_classes)[y_noisy[order]].cumsum(axis=0)
    number = np.arange(1, N + 1)
    possible = number >= LEAST_SHARE * N
    possible[:-1] &= score[:-1] > score[1:]  # equal scores are accepted together
    purity = possible * counts[:, j] / number
    last = N - 1 - purity[::-1].argmax()  # of equals the largest set
    return counts[last] / number[last], score[last], int(number[last])
