"""Normalised losses, and the sum of an active and a passive one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .. import kernels
from ..checks import check_not_negative
from ..losses import Loss
from .bounded import MeanAbsoluteError, log_of_label, towards_label
from .settings import check_loss, keep_floats


@dataclass(frozen=True)
class NormalizedCrossEntropy(Loss):
    """L = log p_y / sum_k log p_k: the share of the label's cross-entropy in that of all labels.

    sum_k L(k) = 1 for every p, so it is robust to uniform noise as the mean absolute error is.
    Source: Ma et al. 2020, Normalized loss functions.
    """

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """log p_y / S, S = sum_k log p_k. z (N, C), y (N,) -> (N,)."""
        return log_of_label(z, y) / kernels.log_softmax(z).sum(axis=1)

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """(e_y - p) / S - log p_y (1 - C p) / S^2. z (N, C), y (N,) -> (N, C)."""
        S = kernels.log_softmax(z).sum(axis=1)[:, None]
        share = log_of_label(z, y)[:, None] / S
        return (-towards_label(z, y) - share * (1 - z.shape[1] * kernels.softmax(z))) / S


@dataclass(frozen=True)
class ActivePassive(Loss):
    """L = alpha active + beta passive: one loss raises the label's probability, the other lowers the rest.

    active, passive: losses, in the paper normalised cross-entropy and the mean absolute error; alpha, beta >= 0.
    Raises ValueError for what is no loss and for negative factors. Source: Ma et al. 2020.
    """

    active: Loss = field(default_factory=NormalizedCrossEntropy)
    passive: Loss = field(default_factory=MeanAbsoluteError)
    alpha: float = 1.0
    beta: float = 1.0

    def __post_init__(self):
        check_not_negative(alpha=self.alpha, beta=self.beta)
        check_loss(active=self.active, passive=self.passive)
        keep_floats(self, "alpha", "beta")

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """alpha active(z, y) + beta passive(z, y). z (N, C), y (N,) -> (N,)."""
        return self.alpha * self.active.value(z, y) + self.beta * self.passive.value(z, y)

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """The same sum of the gradients. z (N, C), y (N,) -> (N, C)."""
        return self.alpha * self.active.grad(z, y) + self.beta * self.passive.grad(z, y)
