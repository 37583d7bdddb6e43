"""Inputs at one scale: less their mean and divided by their deviation, both learnt from the training data."""

import numpy as np

from ..checks import check_choice

BLOCK = 500  # samples at a time: the float64 copies stay small


def moments(X, weight):
    """Mean and deviation of each feature, or of each channel of images, both in the dtype of X.

    X (N, D): (D,) each. Images X (N, H, W, K): (K,) each; X (N, H, W): (1,) each. weight (N,), its sum above 0.
    A deviation that is nothing but rounding is returned as 1, so that a constant input becomes 0. Raises ValueError
    where the deviation is too large for a float.
    """
    start = _by_feature(X[:1]).astype(np.float64)[0, 0]  # sums of differences: those of a constant are exactly 0
    mean = start + weighted_mean(X, weight, lambda rows: rows - start)
    deviation = np.sqrt(weighted_mean(X, weight, lambda rows: (rows - mean) ** 2))
    if not (np.isfinite(mean).all() and np.isfinite(deviation).all()):
        raise ValueError("X has values too large to be scaled: their squares are infinite; divide X by a power of 10")
    rounding = 10 * np.finfo(np.float64).eps * np.abs(mean)  # of the sums here, whatever the dtype of X
    return mean.astype(X.dtype), np.where(deviation > rounding, deviation, 1).astype(X.dtype)


def place_and_unit(X, weight, scaling):
    """What models of distances subtract and divide by: `moments` with scaling="standard", the mean and 1 with None.

    X (N, D), weight (N,) -> (D,), (D,). Raises ValueError for another scaling.
    """
    if scaling is not None:
        check_choice(("standard",), scaling=scaling)
    mean, deviation = moments(X, weight)
    return mean, np.ones_like(deviation) if scaling is None else deviation


def standardised(X, mean, deviation):
    """(X - mean) / deviation: features, or channels, of mean 0 and deviation 1 on the data that `moments` saw."""
    return (X - mean) / deviation


def weighted_mean(X, weight, function):
    """sum_n weight_n f(x_n) / sum_n weight_n, averaged over the pixels of an image as well; (D,), (K,) or (1,)."""
    total = 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # `moments` looks at the result
        for start in range(0, len(X), BLOCK):
            rows = function(_by_feature(X[start : start + BLOCK]).astype(np.float64)).mean(axis=1)
            total = total + weight[start : start + BLOCK].astype(np.float64) @ rows
    return total / weight.sum(dtype=np.float64)


def _by_feature(X):
    """X as (N, pixels, features or channels)."""
    channels = 1 if X.ndim == 3 else X.shape[-1]
    return X.reshape(len(X), -1, channels)
