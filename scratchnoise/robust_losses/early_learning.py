"""Early-learning regularisation: what the network believed about a sample before it could learn its label by heart."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from .. import kernels
from ..backend import arrays
from ..checks import check_below_one, check_not_negative
from ..losses import CrossEntropy, Loss
from ..transition import TransitionMatrix
from .settings import check_loss, keep_floats

SOFTENING = 1e-4  # of remembered probabilities, so that t . p < 1 and the logarithm is finite


@dataclass(frozen=True)
class EarlyLearning(Loss):
    """L = base + strength log(1 - t . p), t a running mean of the sample's own p: t <- memory t + (1 - memory) p.

    `value` and `grad` are the base loss, because t belongs to samples in training: `regulariser` takes it.
    For the same reason no other loss can hold this one. The pull towards early beliefs makes p surer than q = T p, so
    p is nearly the posterior of the true label. strength >= 0, 0 <= memory < 1, base a loss object; else ValueError.
    Source: Liu, Niles-Weed, Razavian and Fernandez-Granda 2020.
    """

    remembers_samples = True
    strength: float = 3.0
    memory: float = 0.7
    base: Loss = field(default_factory=CrossEntropy)

    def __post_init__(self):
        check_not_negative(strength=self.strength)
        check_below_one(memory=self.memory)
        check_loss(base=self.base)
        keep_floats(self, "strength", "memory")

    @property
    def T(self) -> TransitionMatrix | None:
        """The transition matrix of the base loss, None where it has none."""
        return getattr(self.base, "T", None)

    @property
    def posterior_of(self) -> str:  # type: ignore[override]
        """Of the true label, unless strength is 0: then as the base loss."""
        return "true" if self.strength else self.base.posterior_of

    @property
    def corrects_noise(self) -> bool:  # type: ignore[override]
        """As the base loss."""
        return self.base.corrects_noise

    @property
    def step_scale(self) -> float:
        """As the base loss."""
        return self.base.step_scale

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """The base loss. z (N, C), y (N,) -> (N,)."""
        return self.base.value(z, y)

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """The gradient of the base loss. z (N, C), y (N,) -> (N, C)."""
        return self.base.grad(z, y)

    def objective(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The objective of the base loss. z (N, C), y (N,) -> float."""
        return self.base.objective(z, y, sample_weight)

    def objective_grad(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> np.ndarray:
        """Its gradient. z (N, C), y (N,) -> (N, C)."""
        return self.base.objective_grad(z, y, sample_weight)

    def regulariser(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        """strength log(1 - t . p). z (N, C), t (N, C) remembered probabilities -> (N,)."""
        return self.strength * arrays().log1p(-(t * kernels.softmax(z)).sum(axis=1))

    def regulariser_grad(self, z: np.ndarray, t: np.ndarray) -> np.ndarray:
        """-strength p (t - t . p) / (1 - t . p). z (N, C), t (N, C) -> (N, C)."""
        p = kernels.softmax(z)
        match = (t * p).sum(axis=1, keepdims=True)
        return -self.strength * p * (t - match) / (1 - match)

    def remembered(self, t: np.ndarray, z: np.ndarray) -> np.ndarray:
        """memory t + (1 - memory) p', p' = (p + 1e-4) / (1 + 1e-4 C). t (N, C), z (N, C) -> (N, C)."""
        softened = (kernels.softmax(z) + SOFTENING) / (1 + SOFTENING * z.shape[1])
        return self.memory * t + (1 - self.memory) * softened
