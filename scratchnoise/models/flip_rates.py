"""T as models learn it: where EM starts, and its update from soft true labels."""

import numpy as np


def starting_rates(share, has_labels):
    """T = (1 - share) I + share / C among the C classes that have labels; the others are never flipped.

    A class without a label explains none of the labels: with rates of its own it could claim samples of any class.
    has_labels (C,) bool -> (C, C), columns sum to 1.
    """
    T = np.eye(len(has_labels))
    C = int(has_labels.sum())
    T[np.ix_(has_labels, has_labels)] = (1 - share) * np.eye(C) + share / C
    return T


def flip_rates(r, y, weight):
    """T[i, j] = sum of w_n r_nj over samples labelled i / sum_n w_n r_nj. r (N, C), y (N,), weight (N,) -> (C, C)."""
    counts = np.zeros((r.shape[1], r.shape[1]))
    np.add.at(counts, y, weight[:, None] * r)
    total = counts.sum(axis=0)
    return np.where(total > 0, counts / np.where(total > 0, total, 1), np.eye(len(counts)))
