"""Flooding: a training loss that is not allowed to fall below a level."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from ..backend import arrays
from ..checks import check_number
from ..losses import CrossEntropy, Loss
from ..transition import TransitionMatrix
from .settings import check_loss, keep_floats


@dataclass(frozen=True)
class Flooded(Loss):
    """The objective J of another loss becomes |J - level| + level: below the level its gradient turns round.

    On noisy labels a loss below the entropy of the noise means labels learnt by heart; `T.noise_floor` is a level.
    loss: a loss object; level: a finite number; ValueError for anything else. Source: Ishida et al. 2020.
    """

    needs_all_labels = True  # the level is about the mean over them
    loss: Loss = field(default_factory=CrossEntropy)
    level: float = 0.0

    def __post_init__(self):
        check_loss(loss=self.loss)
        check_number(level=self.level)
        keep_floats(self, "level")

    @property
    def T(self) -> TransitionMatrix | None:
        """The transition matrix of the flooded loss, None where it has none."""
        return getattr(self.loss, "T", None)

    @property
    def posterior_of(self) -> str:  # type: ignore[override]
        """As the flooded loss."""
        return self.loss.posterior_of

    @property
    def corrects_noise(self) -> bool:  # type: ignore[override]
        """As the flooded loss."""
        return self.loss.corrects_noise

    @property
    def step_scale(self) -> float:
        """As the flooded loss."""
        return self.loss.step_scale

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """Each sample's loss without the flood, which is about the mean of a batch. z (N, C), y (N,) -> (N,)."""
        return self.loss.value(z, y)

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """Its gradient. z (N, C), y (N,) -> (N, C)."""
        return self.loss.grad(z, y)

    def objective(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """|J - level| + level. z (N, C), y (N,) -> float."""
        return abs(self.loss.objective(z, y, sample_weight) - self.level) + self.level

    def objective_grad(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> np.ndarray:
        """sign(J - level) times the gradient of J. z (N, C), y (N,) -> (N, C)."""
        above = arrays().sign(self.loss.objective(z, y, sample_weight) - self.level)
        return self.loss.objective_grad(z, y, sample_weight) * above.astype(z.dtype)
