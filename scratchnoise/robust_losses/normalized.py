"""Normalised losses, and the sum of an active and a passive one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .. import kernels
from ..checks import check_not_negative, check_positive
from ..losses import Loss
from ..transition import TransitionMatrix
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
    """J = alpha active + beta passive: one loss raises the label's probability, the other lowers the rest.

    active, passive: losses, in the paper normalised cross-entropy and the mean absolute error; alpha, beta >= 0, not
    both 0. A part whose factor is 0 does not count. T is that of the parts.
    Raises ValueError for what is no loss, for such factors, and for parts with different T. Source: Ma et al. 2020.
    """

    active: Loss = field(default_factory=NormalizedCrossEntropy)
    passive: Loss = field(default_factory=MeanAbsoluteError)
    alpha: float = 1.0
    beta: float = 1.0

    def __post_init__(self):
        check_not_negative(alpha=self.alpha, beta=self.beta)
        check_positive(**{"alpha or beta": max(self.alpha, self.beta)})
        check_loss(active=self.active, passive=self.passive)
        keep_floats(self, "alpha", "beta")
        matrices = self._matrices()
        if any(T != matrices[0] for T in matrices):
            raise ValueError("active and passive have different T; they should have the same, that of the labels")

    def _parts(self):
        """(factor, loss) of the parts that count."""
        parts = ((self.alpha, self.active), (self.beta, self.passive))
        return [(factor, loss) for factor, loss in parts if factor > 0]

    def _matrices(self):
        """The transition matrices of the parts that have one."""
        found = [getattr(loss, "T", None) for _, loss in self._parts()]
        return [T for T in found if T is not None]

    @property
    def T(self) -> TransitionMatrix | None:
        """The transition matrix of the parts, None where they have none."""
        matrices = self._matrices()
        return matrices[0] if matrices else None

    @property
    def posterior_of(self) -> str:  # type: ignore[override]
        """Of the noisy label where both parts are, else of the true one: a part that is bounded or knows T decides."""
        return "noisy" if all(loss.posterior_of == "noisy" for _, loss in self._parts()) else "true"

    @property
    def corrects_noise(self) -> bool:  # type: ignore[override]
        """Whether a part does."""
        return any(loss.corrects_noise for _, loss in self._parts())

    @property
    def needs_all_labels(self) -> bool:  # type: ignore[override]
        """Whether a part does."""
        return any(loss.needs_all_labels for _, loss in self._parts())

    @property
    def step_scale(self) -> float:
        """The smallest of the parts', because steps that are right for one can be too long for the other."""
        return min(loss.step_scale for _, loss in self._parts())

    def _sum(self, method, *arguments):
        return sum(factor * getattr(loss, method)(*arguments) for factor, loss in self._parts())

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """alpha active(z, y) + beta passive(z, y). z (N, C), y (N,) -> (N,)."""
        return self._sum("value", z, y)

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """The same sum of the gradients. z (N, C), y (N,) -> (N, C)."""
        return self._sum("grad", z, y)

    def objective(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The same sum of the objectives, since a part may have one of its own. z (N, C), y (N,) -> float."""
        return self._sum("objective", z, y, sample_weight)

    def objective_grad(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> np.ndarray:
        """Its gradient. z (N, C), y (N,) -> (N, C)."""
        return self._sum("objective_grad", z, y, sample_weight)
