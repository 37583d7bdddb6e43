"""Features with mean 0 and deviation 1, and weights of such features as weights of the user's own."""

from typing import NamedTuple

import numpy as np

from .scaling import BLOCK, weighted_mean

FAR = 100  # deviations
ROUNDING = 10  # a deviation of so many rounding errors of the mean is none


class Standardisation(NamedTuple):
    """z = (x - mean) factor, (N, D). factor: 1 / deviation, and 0 for a column that is constant; both (D,) float64."""

    mean: np.ndarray
    factor: np.ndarray

    @classmethod
    def of(cls, X, weight):
        """That of samples X (N, D) with weights (N,): a sample of weight 2 counts as two."""
        peak = np.maximum(np.abs(X.max(axis=0)), np.abs(X.min(axis=0))).astype(np.float64)
        peak[peak == 0] = 1  # columns are divided by it, so that no square overflows
        mean = weighted_mean(X, weight, lambda rows: rows / peak)
        deviation = np.sqrt(weighted_mean(X, weight, lambda rows: (rows / peak - mean) ** 2))
        varies = deviation > ROUNDING * np.finfo(np.float64).eps * np.abs(mean)
        factor = np.where(varies, 1 / np.where(varies, deviation, 1), 0) / peak
        return cls(mean * peak, factor)

    def apply(self, X):
        """Samples X (N, D), standardised; the dtype of X, computed in float64."""
        z = np.empty_like(X)
        for start in range(0, len(X), BLOCK):
            z[start : start + BLOCK] = (X[start : start + BLOCK] - self.mean) * self.factor
        return z

    def mean_variance(self):
        """The mean of the variances of the columns that vary; 1 where none does."""
        varies = self.factor > 0
        return float((self.factor[varies] ** -2.0).mean()) if varies.any() else 1.0

    def fold(self, w, b, dtype):
        """coef (C, D) and intercept (C,) of the user's features from w (D, C) and b (C,) of standardised ones.

        In `dtype`, but in float64 where a mean is FAR from 0: x W would lose in float32 what the intercept subtracts.
        """
        coef = (w * self.factor[:, None]).T
        dtype = np.float64 if np.abs(self.mean * self.factor).max() > FAR else dtype
        return np.ascontiguousarray(coef, dtype), (b - coef @ self.mean).astype(dtype)

    def unfold(self, coef, intercept):
        """The inverse of `fold`, for all columns that vary."""
        deviation = np.divide(1, self.factor, out=np.zeros_like(self.factor), where=self.factor > 0)
        return np.ascontiguousarray(coef.T * deviation[:, None]), intercept + coef @ self.mean
