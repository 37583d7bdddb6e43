"""Losses with a largest value: one wrong label cannot pull harder than that. p = softmax(z) throughout."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import kernels
from ..backend import arrays
from ..checks import check_not_negative, check_number, check_positive
from ..losses import Loss, one_hot
from ..messages import shown
from .settings import keep_floats


def log_of_label(z, y):
    """log p_y. z (N, C), y (N,) -> (N,)."""
    return -kernels.signed_cross_entropy(z, one_hot(y, z))


def towards_label(z, y):
    """p - e_y, the gradient of cross-entropy. z (N, C), y (N,) -> (N, C)."""
    return kernels.signed_cross_entropy_grad(z, one_hot(y, z))


@dataclass(frozen=True)
class GeneralizedCrossEntropy(Loss):
    """L = (1 - p_y^q) / q, q = power: cross-entropy as q -> 0, mean absolute error at 1; at most 1 / q.

    Its gradient is p_y^q (p - e_y): cross-entropy's, less for labels that the model does not believe.
    0 < power <= 1, else ValueError. Source: Zhang and Sabuncu 2018.
    """

    power: float = 0.7

    def __post_init__(self):
        check_number(power=self.power)
        if not 0 < self.power <= 1:
            raise ValueError(f"power={shown(self.power)} should be above 0 and at most 1")
        keep_floats(self, "power")

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """(1 - p_y^q) / q. z (N, C), y (N,) -> (N,)."""
        return -arrays().expm1(self.power * log_of_label(z, y)) / self.power

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """p_y^q (p - e_y). z (N, C), y (N,) -> (N, C)."""
        return arrays().exp(self.power * log_of_label(z, y))[:, None] * towards_label(z, y)


@dataclass(frozen=True)
class MeanAbsoluteError(Loss):
    """L = 1 - p_y, half the absolute distance of p from e_y.

    sum_k L(k) = C - 1 for every p: under uniform noise its minimiser is that of clean labels. Slow to train, because
    the gradient of a label that the model does not believe vanishes. Source: Ghosh, Kumar and Sastry 2017.
    """

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """1 - p_y. z (N, C), y (N,) -> (N,)."""
        return -arrays().expm1(log_of_label(z, y))

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """p_y (p - e_y). z (N, C), y (N,) -> (N, C)."""
        return arrays().exp(log_of_label(z, y))[:, None] * towards_label(z, y)


@dataclass(frozen=True)
class ReverseCrossEntropy(Loss):
    """L = -sum_k p_k log e_y(k) = -log_zero (1 - p_y), where log 0 in the label is replaced by log_zero.

    A multiple of the mean absolute error. log_zero: a number below 0, else ValueError. Source: Wang et al. 2019.
    """

    log_zero: float = -4.0

    def __post_init__(self):
        check_log_zero(self.log_zero)
        keep_floats(self, "log_zero")

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-log_zero (1 - p_y). z (N, C), y (N,) -> (N,)."""
        return -self.log_zero * MeanAbsoluteError().value(z, y)

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-log_zero p_y (p - e_y). z (N, C), y (N,) -> (N, C)."""
        return -self.log_zero * MeanAbsoluteError().grad(z, y)


@dataclass(frozen=True)
class SymmetricCrossEntropy(Loss):
    """L = alpha (-log p_y) + beta (-log_zero (1 - p_y)): cross-entropy learns, its reverse resists.

    alpha, beta >= 0, not both 0; log_zero < 0; else ValueError. Source: Wang et al. 2019.
    """

    alpha: float = 0.1
    beta: float = 1.0
    log_zero: float = -4.0

    def __post_init__(self):
        check_not_negative(alpha=self.alpha, beta=self.beta)
        check_positive(**{"alpha or beta": max(self.alpha, self.beta)})
        check_log_zero(self.log_zero)
        keep_floats(self, "alpha", "beta", "log_zero")

    @property
    def posterior_of(self) -> str:  # type: ignore[override]
        """Of the true label, unless beta is 0: then this is cross-entropy."""
        return "true" if self.beta else "noisy"

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-alpha log p_y - beta log_zero (1 - p_y). z (N, C), y (N,) -> (N,)."""
        return -self.alpha * log_of_label(z, y) + self.beta * ReverseCrossEntropy(self.log_zero).value(z, y)

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """(alpha - beta log_zero p_y) (p - e_y). z (N, C), y (N,) -> (N, C)."""
        return self.alpha * towards_label(z, y) + self.beta * ReverseCrossEntropy(self.log_zero).grad(z, y)


def check_log_zero(log_zero):
    """Raise ValueError unless log_zero is a finite number below 0."""
    check_number(log_zero=log_zero)
    if log_zero >= 0:
        raise ValueError(f"log_zero={shown(log_zero)} should be below 0: it stands for the logarithm of 0")
