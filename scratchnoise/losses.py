"""Losses on logits: what a network or a linear model minimises on noisy labels.

A loss is a small frozen object. `value(z, y) -> (N,)` and `grad(z, y) -> (N, C)` are each sample's own loss and its
gradient in the logits. `objective(z, y) -> float` and `objective_grad(z, y) -> (N, C)` are what training minimises
over a batch: the mean of the values, unless the loss says otherwise. The arithmetic is two kernels,
`signed_cross_entropy` and `forward_cross_entropy`; nothing is clipped. On a device all of them, the objective too, are
arrays of the device: nothing here waits for a number.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from . import kernels
from .backend import arrays, constant, on_device
from .checks import as_weights, check_choice, check_number, check_unmasked
from .messages import shown
from .noise import check_labels
from .transition import TransitionMatrix, as_transition

RISKS = ("raw", "clip", "relu", "flood")


def one_hot(y: ArrayLike, like: np.ndarray) -> np.ndarray:
    """Rows e_y in the shape and dtype of the logits `like` (N, C). Raises ValueError for labels that do not fit."""
    y = labels_for(like, y)
    return constant(np.eye(like.shape[1]), like.dtype)[y]


def labels_for(z: np.ndarray, y: Any) -> np.ndarray:
    """y as int64 (N,), one label in 0..C-1 for each row of the logits z (N, C); ValueError when it is not that.

    Labels on a device are taken as they are: to look at them would stop it, so look before they are sent.
    """
    check_logits(z)
    y = y if on_device() else check_labels(y, z.shape[1])
    if len(y) != len(z):
        raise ValueError(f"y has {len(y)} labels and z {len(z)} rows; they should have the same number")
    return y


def check_logits(z: np.ndarray) -> None:
    """Raise TypeError or ValueError unless z is an array (N, C) of float32 or float64 without masked values.

    Labels, weights and T take the dtype of the logits, and as whole numbers they would be others.
    """
    if not hasattr(z, "shape"):
        raise TypeError(f"z={shown(z)} should be an array of logits, (N, C)")
    own = getattr(z, "dtype", None)
    if not isinstance(own, np.dtype) or own.newbyteorder("=") not in (np.float32, np.float64):
        raise TypeError(f"z holds {own}; logits should be float32 or float64: z.astype('float64')")
    if len(z.shape) != 2:
        raise ValueError(f"z has shape {tuple(z.shape)}; it should be logits, (N, C)")
    check_unmasked("z", z)


class Loss:
    """What the losses share: the objective is the (weighted) mean over the batch.

    posterior_of says what softmax(z) is where the mean loss of noisy labels is least. "noisy": q = T p, the posterior
    of the noisy label, as for cross-entropy. "true": p, the posterior of the true label, as for losses with a T, or
    nearly p, as for bounded losses, which make the likeliest label more probable than q does. Only q is multiplied by
    T^-1 to find p.
    """

    posterior_of: ClassVar[str] = "true"
    corrects_noise: ClassVar[bool] = False  # whether steps should decay, see `training.step_size`
    remembers_samples: ClassVar[bool] = False  # whether its training step keeps something of every sample
    needs_all_labels: ClassVar[bool] = False  # whether it is right in the mean over all noisy labels only

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """Each sample's loss. z (N, C), y (N,) -> (N,). A loss defines it."""
        raise NotImplementedError

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """The gradient of each sample's loss in its logits. z (N, C), y (N,) -> (N, C). A loss defines it."""
        raise NotImplementedError

    def objective(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Mean loss of the batch: sum_n weight_n value(z_n, y_n) / N.

        Eq. (26).
        z (N, C), y (N,), sample_weight (N,) or None for ones -> float.
        """
        weight = _weights(z, sample_weight)
        return (weight @ _counted(weight, self.value(z, y))).astype(np.float64) / len(z)

    def objective_grad(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> np.ndarray:
        """Gradient of `objective` in the logits.

        z (N, C), y (N,), sample_weight (N,) or None -> (N, C).
        """
        weight = _weights(z, sample_weight)[:, None] / z.dtype.type(len(z))
        return weight * _counted(weight, self.grad(z, y))

    @property
    def step_scale(self) -> float:
        """Factor by which learning_rate="auto" multiplies its base rate: 1 where gradients are cross-entropy's."""
        return 1.0


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """Plain cross-entropy on the labels as they are: L(y, z) = -log softmax(z)_y.

    Eq. (23).
    """

    posterior_of = "noisy"

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-log softmax(z)_y. z (N, C), y (N,) -> (N,)."""
        return kernels.signed_cross_entropy(z, one_hot(y, z))

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """softmax(z) - e_y. z (N, C), y (N,) -> (N, C)."""
        return kernels.signed_cross_entropy_grad(z, one_hot(y, z))


@dataclass(frozen=True)
class ForwardCorrected(Loss):
    """Cross-entropy of the noisy posterior, -log (T softmax(z))_y: eq. (14) and (16) for any model.

    Its expectation is at least `T.noise_floor`, whatever the model that does not depend on these labels; it needs no
    inverse of T.
    T (C, C) or TransitionMatrix; ValueError when invalid. Source: [Pat+17].
    """

    corrects_noise = True
    T: TransitionMatrix

    def __post_init__(self):
        object.__setattr__(self, "T", as_transition(self.T))

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """-log (T softmax(z))_y. z (N, C), y (N,) -> (N,)."""
        return kernels.forward_cross_entropy(z, labels_for(z, y), constant(self.T.array, z.dtype))

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """softmax(z) - r, r the posterior of the true label. z (N, C), y (N,) -> (N, C)."""
        return kernels.forward_cross_entropy_grad(z, labels_for(z, y), constant(self.T.array, z.dtype))

    @property
    def step_scale(self) -> float:
        """||T^-1||_2 ^ (1/2): the gradients shrink with the noise, so the steps grow (at most tenfold)."""
        return float(max(self.T.singular_values[-1], 0.01) ** -0.5)


@dataclass(frozen=True)
class BackwardCorrected(Loss):
    """The T^-1-corrected cross-entropy: L~ = T^-T L, unbiased because sum_i T[i, j] L~_i = L_j.

    Eq. (28). Eq. (30). Eq. (31) and Eq. (32), with L on the right of the first and without 1/c in the second.
    `value` and `grad` are the raw corrected loss of one sample, which may be negative and is unbounded below: row y of
    T^-T has negative weights. `risk` chooses what `objective` makes of a batch, from the partial risks of the true
    classes, R_j = mean_n (T^-T)[y_n, j] (-log p_nj). Each E[R_j] >= 0, so a negative R_j is no use to follow further:
        "raw"    sum_j R_j            "clip"   max(sum_j R_j, 0)
        "relu"   sum_j max(R_j, 0)    "flood"  |sum_j R_j - flood_level| + flood_level
    An R_j is negative by chance too, most often in small batches and where p is good. All but "raw" are biased by it:
    keep batches large.
    flood_level: a finite number, for "flood" alone.
    T (C, C) or TransitionMatrix; SingularTransitionError when it has no inverse, ValueError for an unknown risk.
    Source: [Pat+17]; "relu" Lu et al. 2020; "flood" Ishida et al. 2020.
    """

    corrects_noise = True
    needs_all_labels = True
    T: TransitionMatrix
    risk: str = "relu"
    flood_level: float = 0.0

    def __post_init__(self):
        check_choice(RISKS, risk=self.risk)
        check_number(flood_level=self.flood_level)
        object.__setattr__(self, "flood_level", float(self.flood_level))  # NumPy's would make float32 float64
        object.__setattr__(self, "T", as_transition(self.T))
        object.__setattr__(self, "weights", np.ascontiguousarray(self.T.inverse().T))

    def signed_labels(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """Rows (T^-T)[y] in the shape and dtype of z: the signed label that replaces e_y. z (N, C), y (N,)."""
        check_logits(z)
        as_transition(self.T, z.shape[1])
        return constant(self.weights, z.dtype)[labels_for(z, y)]  # type: ignore[attr-defined]

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """(T^-T L)_y = -sum_j (T^-T)[y, j] log softmax(z)_j. z (N, C), y (N,) -> (N,)."""
        return kernels.signed_cross_entropy(z, self.signed_labels(z, y))

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """softmax(z) - (T^-T)[y]: the rows of T^-T sum to 1. z (N, C), y (N,) -> (N, C)."""
        return kernels.signed_cross_entropy_grad(z, self.signed_labels(z, y))

    def partial_risks(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> np.ndarray:
        """R_j = mean_n weight_n (T^-T)[y_n, j] (-log p_nj), an estimate of P(j) E[-log p_j | true = j].

        z (N, C), y (N,) -> (C,).
        """
        weight = _weights(z, sample_weight)[:, None]
        log_p = _counted(weight, kernels.log_softmax(z))
        return -(weight * self.signed_labels(z, y) * log_p).sum(axis=0) / len(z)

    def objective(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The batch risk that `risk` names. z (N, C), y (N,) -> float."""
        R = self.partial_risks(z, y, sample_weight)
        if self.risk == "relu":
            R = np.maximum(R, 0)
        risk = R.sum()
        if self.risk == "clip":
            risk = np.maximum(risk, 0)
        if self.risk == "flood":
            risk = abs(risk - self.flood_level) + self.flood_level
        return risk.astype(np.float64)

    def objective_grad(self, z: np.ndarray, y: ArrayLike, sample_weight: ArrayLike | None = None) -> np.ndarray:
        """Gradient of `objective`: a signed cross-entropy whose weights are scaled by d objective / d R_j.

        z (N, C), y (N,) -> (N, C).
        """
        R = self.partial_risks(z, y, sample_weight)
        signed = self.signed_labels(z, y)
        if self.risk == "relu":
            signed = signed * (R > 0)
        if self.risk == "clip":
            signed = signed * (R.sum() > 0)
        if self.risk == "flood":
            signed = signed * np.sign(R.sum() - self.flood_level)
        share = _weights(z, sample_weight) / z.dtype.type(len(z))
        return kernels.signed_cross_entropy_grad(z, share[:, None] * signed)

    @property
    def step_scale(self) -> float:
        """1 / ||T^-1||_2: the gradients grow with the noise, so the steps shrink."""
        return float(self.T.singular_values[-1])


@dataclass(frozen=True)
class NatarajanCorrected(Loss):
    """The binary corrected loss: L~(y) = ((1 - rho_-y) L(y) - rho_y L(-y)) / (1 - rho_+ - rho_-).

    Eq. (24). Eq. (25).
    Class 1 is y = +1, class 0 is y = -1; L is the cross-entropy of two logits; rho_positive = P(noisy = 0 | true = 1),
    rho_negative = P(noisy = 1 | true = 0). Equals `BackwardCorrected` with two classes.
    Raises ValueError unless both rates are >= 0 and their sum is < 1. Source: [Nat+13].
    """

    corrects_noise = True
    needs_all_labels = True
    rho_positive: float
    rho_negative: float

    def __post_init__(self):
        check_number(rho_positive=self.rho_positive, rho_negative=self.rho_negative)
        if min(self.rho_positive, self.rho_negative) < 0 or self.rho_positive + self.rho_negative >= 1:
            raise ValueError(
                f"rho_positive={self.rho_positive}, rho_negative={self.rho_negative}; both should be >= 0 and their "
                "sum below 1"
            )

    @property
    def T(self) -> TransitionMatrix:
        """[[1 - rho_-, rho_+], [rho_-, 1 - rho_+]], in the order of the classes 0 and 1."""
        negative, positive = float(self.rho_negative), float(self.rho_positive)
        return TransitionMatrix([[1 - negative, positive], [negative, 1 - positive]])

    def _signed_labels(self, z, y):
        check_logits(z)
        if z.shape[1] != 2:
            raise ValueError(f"z has {z.shape[1]} columns; this loss is for two classes, BackwardCorrected for more")
        rho = np.array([self.rho_negative, self.rho_positive])[:, None]  # by class
        weights = (np.eye(2) * (1 - rho[::-1]) - (1 - np.eye(2)) * rho) / (1 - rho.sum())
        return constant(weights, z.dtype)[labels_for(z, y)]

    def value(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """L~(y, z). z (N, 2), y (N,) in {0, 1} -> (N,)."""
        return kernels.signed_cross_entropy(z, self._signed_labels(z, y))

    def grad(self, z: np.ndarray, y: ArrayLike) -> np.ndarray:
        """d L~ / d z. z (N, 2), y (N,) in {0, 1} -> (N, 2)."""
        return kernels.signed_cross_entropy_grad(z, self._signed_labels(z, y))

    @property
    def step_scale(self) -> float:
        """1 - rho_+ - rho_-: the gradients grow with the noise, so the steps shrink."""
        return 1 - self.rho_positive - self.rho_negative


def _counted(weight, values):
    """`values`, 0 where the weight is 0: an infinite loss times 0 is no number.

    A device takes them as they are. Models leave such samples out before they train.
    """
    return values if on_device() else np.where(weight > 0, values, 0)


def _weights(z, sample_weight):
    """Weights (N,) in the dtype of z; those on a device are not looked at, as the labels are not."""
    check_logits(z)
    if sample_weight is None:
        return arrays().ones(len(z), z.dtype)
    if on_device():
        return arrays().asarray(sample_weight, z.dtype)
    return as_weights("sample_weight", sample_weight, len(z)).astype(z.dtype)
