"""Importance reweighting: each noisy sample counts as often as a clean sample with that label would occur."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import kernels
from ..backend import arrays, constant
from ..losses import Loss, labels_for
from ..transition import TransitionMatrix, as_transition
from .bounded import log_of_label, towards_label


@dataclass(frozen=True)
class ImportanceReweighted(Loss):
    """L = w (-log p_y) with w = P(true = y | x) / P(noisy = y | x) = p_y / (T p)_y.

    sum_i (T p)_i w_i L_i = sum_i p_i L_i: at the true posterior the mean over noisy labels is that over clean ones.
    w is held fixed in the gradient, which therefore is not the slope of `value`. A T whose diagonal is 0 gives no bound
    on w, so ValueError. T (C, C) or TransitionMatrix. Source: Liu and Tao 2016.
    """

    needs_all_labels = True
    T: TransitionMatrix

    def __post_init__(self):
        object.__setattr__(self, "T", as_transition(self.T))
        if np.diag(self.T.array).min() <= 0:
            raise ValueError("T has a 0 on its diagonal; importance weights are at most 1 / T[y, y]")

    def weights(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """w = p_y / (T p)_y, at most 1 / T[y, y]. z (N, C), y (N,) -> (N,)."""
        log_p, T = log_of_label(z, y), constant(self.T.array, z.dtype)
        return arrays().exp(log_p + kernels.forward_cross_entropy(z, labels_for(z, y), T))

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-w log p_y. z (N, C), y (N,) -> (N,)."""
        return -log_of_label(z, y) * self.weights(z, y)

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """w (p - e_y). z (N, C), y (N,) -> (N, C)."""
        return self.weights(z, y)[:, None] * towards_label(z, y)
