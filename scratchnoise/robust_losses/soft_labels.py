"""Cross-entropy on labels that are no longer one class: smoothed, or mixed with what the model believes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from .. import kernels
from ..backend import constant
from ..checks import check_below_one, check_number
from ..losses import Loss, one_hot
from ..messages import shown
from .settings import keep_floats


@dataclass(frozen=True)
class LabelSmoothing(Loss):
    """L = -a . log p with a = (1 - rate) e_y + rate / C.

    A negative rate sharpens: for the uniform T = l I + (1 - l) / C, rate = 1 - 1 / l is the backward correction, and
    like that it has no lower bound. rate: a number below 1, else ValueError.
    Source: Szegedy et al. 2016; Lukasik et al. 2020; Wei et al. 2022 for the negative ones.
    """

    rate: float = 0.1

    def __post_init__(self):
        check_number(rate=self.rate)
        if self.rate >= 1:
            raise ValueError(f"rate={shown(self.rate)} should be below 1: at 1 the labels say nothing")
        keep_floats(self, "rate")

    @property
    def posterior_of(self) -> str:  # type: ignore[override]
        """Of noisy labels, but for a negative rate, which is a correction, of the true ones."""
        return "true" if self.rate < 0 else "noisy"

    @property
    def needs_all_labels(self) -> bool:  # type: ignore[override]
        """With a negative rate, which is a correction."""
        return self.rate < 0

    def _labels(self, z, y):
        return (1 - self.rate) * one_hot(y, z) + self.rate / z.shape[1]

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-a . log p. z (N, C), y (N,) -> (N,)."""
        return kernels.signed_cross_entropy(z, self._labels(z, y))

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """p - a. z (N, C), y (N,) -> (N, C)."""
        return kernels.signed_cross_entropy_grad(z, self._labels(z, y))


@dataclass(frozen=True)
class HardBootstrapping(Loss):
    """L = -a . log p with a = beta e_y + (1 - beta) e_k, k the class that the model finds most probable.

    0 <= beta < 1, else ValueError. Source: Reed et al. 2015.
    """

    posterior_of = "noisy"  # nearly: labels keep the larger share
    beta: float = 0.8

    def __post_init__(self):
        check_below_one(beta=self.beta)
        keep_floats(self, "beta")

    def _labels(self, z, y):
        label = one_hot(y, z)
        guess = constant(np.eye(z.shape[1]), z.dtype)[z.argmax(axis=1)]
        return self.beta * label + (1 - self.beta) * guess

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-a . log p. z (N, C), y (N,) -> (N,)."""
        return kernels.signed_cross_entropy(z, self._labels(z, y))

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """p - a. z (N, C), y (N,) -> (N, C)."""
        return kernels.signed_cross_entropy_grad(z, self._labels(z, y))


@dataclass(frozen=True)
class SoftBootstrapping(Loss):
    """L = -(beta e_y + (1 - beta) p) . log p: cross-entropy, and the entropy of the model's own belief.

    The gradient goes through both p. With the first p held fixed it would be beta times cross-entropy's, so that
    nothing but the learning rate would change. 0 <= beta < 1, else ValueError. Source: Reed et al. 2015.
    """

    posterior_of = "noisy"  # nearly: labels keep the larger share
    beta: float = 0.95

    def __post_init__(self):
        check_below_one(beta=self.beta)
        keep_floats(self, "beta")

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-(beta e_y + (1 - beta) p) . log p. z (N, C), y (N,) -> (N,)."""
        return kernels.signed_cross_entropy(z, self.beta * one_hot(y, z) + (1 - self.beta) * kernels.softmax(z))

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """beta (p - e_y) - (1 - beta) p (log p + H), H = -p . log p. z (N, C), y (N,) -> (N, C)."""
        p, log_p = kernels.softmax(z), kernels.log_softmax(z)
        entropy = -(p * log_p).sum(axis=1, keepdims=True)
        return self.beta * (p - one_hot(y, z)) - (1 - self.beta) * p * (log_p + entropy)
