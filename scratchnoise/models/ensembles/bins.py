"""Features as small whole numbers: a tree looks for splits between bins instead of between samples."""

from typing import NamedTuple

import numpy as np

MOST_BINS = 256  # what a uint8 can name


class Binned(NamedTuple):
    """codes (N, D) uint8: how many thresholds of the feature lie below x; thresholds: D ascending arrays of float64."""

    codes: np.ndarray
    thresholds: list


def binned(X):
    """X (N, D) as Binned: at most 256 bins a feature.

    A feature of at most 256 different values has a threshold in the middle of every two neighbours, so its splits are
    exact. One of more has them where so many quantiles of its different values lie.
    """
    codes, thresholds = np.empty(X.shape, np.uint8), []
    for d in range(X.shape[1]):
        values = np.unique(X[:, d]).astype(np.float64)
        middles = values[:-1] / 2 + values[1:] / 2  # a sum might overflow
        if len(values) > MOST_BINS:
            middles = middles[np.linspace(0, len(values) - 1, MOST_BINS + 1)[1:-1].astype(np.int64)]
        codes[:, d] = np.searchsorted(middles, X[:, d], side="left")
        thresholds.append(middles)
    return Binned(codes, thresholds)
