"""The transition matrix of label noise: T[i, j] = P(noisy = i | true = j), columns sum to 1."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .checks import as_floats
from .messages import shown, warn_caller
from .transition_labels import as_classes, labelled, order_of

WARN_FROM_CONDITION = 20.0
TOLERANCE = 5e-3  # of the sum of a column: ten probabilities, each rounded to three decimals
EXACT = 1e-6  # of sums that nobody rounded


class SingularTransitionError(ValueError):
    """T has no inverse: two classes are confused in the same way and cannot be told apart from noisy labels."""


class IllConditionedTransitionWarning(UserWarning):
    """T can be inverted, but errors in T or in the posteriors grow by a large factor."""


class TransitionMatrix:
    """A validated transition matrix, T[i, j] = P(noisy = i | true = j).

    Eq. (29). Eq. (37).
    array (C, C), finite, entries in [0, 1], columns sum to 1 within TOLERANCE = 5e-3, so that a T printed with three
    decimals can be read back; they are then divided by their sums. `diagnostics` is what an estimator has to say about
    its estimate.
    classes: the labels of both rows and columns, in this order; None where they are the sorted classes of the data. A
    data frame brings its own, in any order: index and columns must then hold the same labels, unless both are the
    default 0, 1, ..., C - 1, which are positions. A model puts a T with labels in the order of its own classes.
    Raises ValueError for anything else; an array whose rows sum to 1 instead is refused, not guessed at:
    `TransitionMatrix.from_rows` takes that orientation. `np.asarray(T)` is the float64 array, read-only.
    """

    classes: np.ndarray | None = None  # for matrices saved before there were labels

    def __init__(self, array: ArrayLike, diagnostics: dict | None = None, classes: Sequence | None = None) -> None:
        array, classes = labelled("T", array, classes)
        _check_transition(array)
        array /= array.sum(axis=0)
        array.setflags(write=False)
        self.array = array
        self.diagnostics = dict(diagnostics or {})
        if classes is not None:
            self.classes = as_classes(classes, len(array))

    @classmethod
    def from_rows(
        cls, array: ArrayLike, diagnostics: dict | None = None, classes: Sequence | None = None
    ) -> "TransitionMatrix":
        """From gamma = T^T, gamma[j, k] = P(noisy = k | true = j), whose rows sum to 1; `classes` as for T.

        Eq. (13).
        """
        gamma, classes = labelled("gamma", array, classes)
        if gamma.ndim == 2 and _are_the_distributions(gamma.sum(axis=0), gamma.sum(axis=1)):
            raise ValueError("gamma has columns that sum to 1, not rows; if it is T, use TransitionMatrix(T)")
        return cls(gamma.T, diagnostics, classes)

    def aligned(self, classes: Sequence) -> "TransitionMatrix":
        """This matrix with rows and columns in the order of `classes` (C,); itself where it has no labels.

        Raises ValueError when its labels are not those classes, naming what differs.
        """
        if self.classes is None:
            return self
        wanted = as_classes(classes, len(self))
        order = order_of("T", self.classes, "its labels", wanted, "the classes")
        return TransitionMatrix(self.array[np.ix_(order, order)], self.diagnostics, wanted)

    def __setstate__(self, state):
        self.__dict__.update(state)
        self.array.setflags(write=False)  # a copy or pickle of a read-only array can be written to

    def __array__(self, dtype=None, copy=None):
        if copy is False and dtype is not None and np.dtype(dtype) != self.array.dtype:
            raise ValueError(f"a TransitionMatrix is float64: it cannot become {np.dtype(dtype)} without a copy")
        return np.array(self.array, dtype=dtype) if copy or dtype is not None else self.array

    def __len__(self):
        return len(self.array)

    def __eq__(self, other):
        same = isinstance(other, TransitionMatrix) and np.array_equal(self.array, other.array)
        return same and self.classes == other.classes

    def __hash__(self):
        return hash(self.array.tobytes())

    def __repr__(self):
        array = np.array2string(self.array, precision=3, separator=", ", prefix=" " * 17)
        return f"TransitionMatrix({array}{'' if self.classes is None else f', classes={self.classes!r}'})"

    @property
    def gamma(self) -> np.ndarray:
        """T^T, the flip rates of robust softmax regression: gamma[j, k] = P(noisy = k | true = j).

        Eq. (13).
        """
        return self.array.T

    @property
    def singular_values(self) -> np.ndarray:
        return np.linalg.svd(self.array, compute_uv=False)

    @property
    def cond(self) -> float:
        """Condition number in the 2-norm: how much inverting T can enlarge a relative error (inf when singular)."""
        largest, smallest = self.singular_values[0], self.singular_values[-1]
        return float(largest / smallest) if smallest > 0 else float("inf")

    @property
    def singular(self) -> bool:
        """Whether T has no inverse, to float64 precision."""
        return bool(self.singular_values[-1] < len(self) * np.finfo(np.float64).eps * self.singular_values[0])

    @property
    def noise_floor(self) -> float:
        """min_j H(T[:, j]) in nats: no predictor of noisy labels has a smaller expected forward loss.

        An expectation: the mean over N labels falls below it by chance, for the best predictor in up to half of all
        draws. `network.watch.alarms` has the margin.
        Source: the expected forward loss at the true posterior, whose minimum over posteriors is at a vertex.
        """
        logs = np.log(self.array, out=np.zeros_like(self.array), where=self.array > 0)
        return float(np.abs((self.array * logs).sum(axis=0)).min())

    @property
    def information_fraction(self) -> float:
        """Fisher information of a noisy label about the logits relative to a clean one, at p uniform (0..1).

        trace(J^T diag(1/q) J) / trace(D) with D = diag(p) - p p^T, q = T p, J = T D: the mean of
        `information_fractions()`. It says how much learning costs where nothing is known yet. No bound: single
        directions may keep far less or more, and so may other p.
        """
        return float(self.information_fractions().mean())

    def information_fractions(self, p: ArrayLike | None = None) -> np.ndarray:
        """Which share of the information about the logits a noisy label keeps at posterior p, by direction.

        The eigenvalues of J^T diag(1/q) J relative to D (see `information_fraction`), least first: with n labels the
        worst-known contrast of the logits is known as well as with about n times the first of them clean ones.
        p (C,), positive probabilities, uniform where None -> float64 (C - 1,), each in 0..1.
        Raises ValueError for a p that is none or has zeros: there logits have no direction.
        """
        C = len(self)
        p = np.full(C, 1 / C) if p is None else check_prior(p, C, "p")
        if (p == 0).any():
            raise ValueError(f"p={shown(p)} should have positive entries: a class without any has no logit to learn")
        q = self.array @ p
        # the row of a label that never occurs is 0
        J = (self.array * p - np.outer(q, p)) / np.sqrt(np.maximum(q, np.finfo(np.float64).tiny))[:, None]
        values, vectors = np.linalg.eigh(np.diag(p) - np.outer(p, p))
        half = vectors[:, 1:] / np.sqrt(values[1:])  # the first direction adds one number to all logits
        return np.linalg.svd(J @ half, compute_uv=False)[::-1] ** 2

    @property
    def row_dominant(self) -> bool:
        """Whether T[j, j] > T[j, k] for all k != j: then the class-j anchor is where P(noisy = j | x) is largest.

        Eq. (34), its missing condition.
        """
        off = self.array - np.diag(np.diag(self.array))
        return bool((np.diag(self.array) > off.max(axis=1)).all())

    def inverse(self) -> np.ndarray:
        """T^-1, float64 (C, C).

        Raises SingularTransitionError, warns with IllConditionedTransitionWarning from a condition number of 20.
        """
        if self.singular:
            a, b = _most_collinear(self.array)
            raise SingularTransitionError(
                "T has no inverse: a column is a mixture of others, so noisy labels cannot tell these classes apart. "
                f"Columns {a} and {b} are the closest: merge the two classes, or use a forward loss, which needs no "
                "inverse"
            )
        if self.cond > WARN_FROM_CONDITION:
            warn_caller(
                f"T has condition number {self.cond:.0f}: errors in T grow up to that much in its inverse; prefer the "
                "forward loss",
                IllConditionedTransitionWarning,
            )
        return np.linalg.inv(self.array)

    def noisy_prior(self, prior: ArrayLike) -> np.ndarray:
        """P(noisy = i) = sum_j T[i, j] P(true = j).

        Eq. (43), its denominator. prior (C,) -> (C,).
        """
        return self.array @ check_prior(prior, len(self))

    def inverse_transition(self, prior: ArrayLike) -> np.ndarray:
        """Q[i, j] = P(true = i | noisy = j) by Bayes: Q = diag(prior) T^T diag(T prior)^-1, columns sum to 1.

        Eq. (41). Eq. (42) is the special case Q = T^T of a uniform prior *and* a doubly stochastic T. Eq. (43).
        prior (C,), the clean class probabilities -> (C, C). Raises ValueError for an invalid prior or when some
        noisy label never occurs.
        """
        prior = check_prior(prior, len(self))
        noisy = self.array @ prior
        if (noisy == 0).any():
            never = np.flatnonzero(noisy == 0).tolist()
            raise ValueError(f"prior gives the noisy labels {never} no probability; Q is undefined there")
        return prior[:, None] * self.array.T / noisy


def true_posterior(p: np.ndarray, y_noisy: np.ndarray, T: ArrayLike) -> np.ndarray:
    """P(true = j | x, noisy = y) = T[y, j] p_j / (T p)_y: what a label says of a sample whose clean posterior is p.

    Where T p gives the label no probability, it says nothing, and the row is p.
    p (N, C), y_noisy (N,) integers 0..C-1, T (C, C) -> (N, C).
    """
    joint = p * np.asarray(T, p.dtype)[y_noisy]
    total = joint.sum(axis=1, keepdims=True)
    return np.where(total > 0, joint / np.where(total > 0, total, 1), p)


def as_transition(T: ArrayLike, n_classes: int | None = None, name: str = "T") -> TransitionMatrix:
    """`T` as a TransitionMatrix; ValueError when it is invalid or not n_classes x n_classes."""
    T = T if isinstance(T, TransitionMatrix) else TransitionMatrix(T)
    if n_classes is not None and len(T) != n_classes:
        size, wanted = f"{len(T)} x {len(T)}", f"{n_classes} x {n_classes}"
        raise ValueError(f"{name} is {size}, but there are {n_classes} classes; it should be {wanted}")
    return T


def _check_transition(array):
    if array.ndim != 2 or array.shape[0] != array.shape[1] or array.shape[0] < 2:
        raise ValueError(f"T has shape {array.shape}; it should be square, C x C with C >= 2")
    if not np.isfinite(array).all():
        raise ValueError("T has entries that are not finite; they should be probabilities")
    if array.min() < -1e-9 or array.max() > 1 + 1e-9:
        raise ValueError(f"T has entries from {array.min():g} to {array.max():g}; they should lie in [0, 1]")
    array.clip(0, 1, out=array)
    sums = array.sum(axis=0)
    if not _sums_to_one(sums) or _are_the_distributions(array.sum(axis=1), sums):
        advice = "each column should sum to 1: T[i, j] = P(noisy = i | true = j)"
        if _sums_to_one(array.sum(axis=1)):
            advice = "its rows do: if T[i, j] = P(noisy = j | true = i), use TransitionMatrix.from_rows(T)"
        raise ValueError(f"T has columns that sum to {np.array2string(sums, precision=4)}; {advice}")


def _are_the_distributions(sums, others):
    """Whether `sums` are 1 and `others` are not, or only within the tolerance while `sums` are exact."""
    return any(_sums_to_one(sums, within) and not _sums_to_one(others, within) for within in (EXACT, TOLERANCE))


def _sums_to_one(sums, within=TOLERANCE):
    return np.abs(sums - 1).max(initial=0) <= within


def check_prior(prior: ArrayLike, n_classes: int | None, name: str = "prior") -> np.ndarray:
    """`prior` as float64 (C,); ValueError unless it holds C probabilities that sum to 1."""
    prior = as_floats(name, prior)
    if prior.shape != (n_classes,) or not (prior >= 0).all() or abs(prior.sum() - 1) > 1e-6:
        raise ValueError(f"{name} is {shown(prior)}; it should be {n_classes} probabilities that sum to 1")
    return prior / prior.sum()


def _most_collinear(array):
    """Indices of the two columns with the largest cosine."""
    unit = array / np.linalg.norm(array, axis=0)
    cosine = unit.T @ unit - 2 * np.eye(len(array))
    a, b = np.unravel_index(cosine.argmax(), cosine.shape)
    return sorted((int(a), int(b)))
