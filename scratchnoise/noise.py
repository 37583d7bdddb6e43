"""Corrupting labels: the class-conditional noise of eq. (1)-(3), and the matrices of the report."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .checks import among, as_generator, as_labels, check_count, check_number, classes_of
from .transition import TransitionMatrix, as_transition

MNIST05 = TransitionMatrix([[0.5, 0.2, 0.3], [0.3, 0.5, 0.2], [0.2, 0.3, 0.5]])  # Eq. (38)
MOST_CLASSES = 30_000  # a T of so many has 7 GB
MNIST06 = TransitionMatrix([[0.4, 0.3, 0.3], [0.3, 0.4, 0.3], [0.3, 0.3, 0.4]])  # Eq. (39)


def uniform(n_classes: int, rho: float) -> TransitionMatrix:
    """Random label noise: every wrong label has probability rho, the right one 1 - (C - 1) rho.

    Eq. (1). Eq. (2). Eq. (39) is uniform(3, 0.3).
    n_classes C >= 2, 0 <= rho <= 1 / (C - 1). The share of wrong labels is (C - 1) rho; to *redraw* a share r of the
    labels over all classes, the true one included, use rho = r / C.
    Raises ValueError for a rho outside its range.
    """
    _check_classes(n_classes)
    _check_rate("rho", rho, 1 / (n_classes - 1))
    T = np.full((n_classes, n_classes), float(rho))
    np.fill_diagonal(T, 1 - (n_classes - 1) * rho)
    return TransitionMatrix(T)


def pair_flip(n_classes: int, rate: float) -> TransitionMatrix:
    """Each class j is mistaken for its successor j + 1 (mod C) alone, with probability `rate`.

    T[j, j] = 1 - rate, T[j + 1, j] = rate. Raises ValueError unless 0 <= rate <= 1.
    """
    _check_classes(n_classes)
    _check_rate("rate", rate, 1)
    return TransitionMatrix((1 - rate) * np.eye(n_classes) + rate * np.roll(np.eye(n_classes), 1, axis=0))


def random_transition(n_classes: int, rng: int | np.random.Generator, max_rate: float = 0.5) -> TransitionMatrix:
    """A random T, in general neither symmetric nor doubly stochastic, whose diagonal dominates every row and column.

    Flip rates are uniform in [0, max_rate], shares of the wrong classes Dirichlet(1); draws without the dominance are
    thrown away, which are nearly all of them where C is large and max_rate near 1: 1000 classes at 0.999 take minutes.
    rng: numpy Generator or seed. Raises ValueError unless 0 <= max_rate <= (C - 1) / C.
    """
    _check_classes(n_classes)
    _check_rate("max_rate", max_rate, (n_classes - 1) / n_classes)
    rng = as_generator("rng", rng)
    while True:
        T = np.zeros((n_classes, n_classes))
        for j in range(n_classes):
            rate = rng.uniform(0, max_rate)
            T[np.arange(n_classes) != j, j] = rate * rng.dirichlet(np.ones(n_classes - 1))
            T[j, j] = 1 - rate
        off = T - np.diag(np.diag(T))
        if (np.diag(T) > np.maximum(off.max(axis=0), off.max(axis=1))).all():
            return TransitionMatrix(T)


def corrupt(
    y: ArrayLike,
    T: ArrayLike,
    rng: int | np.random.Generator,
    exact_counts: bool = False,
    classes: Sequence | None = None,
) -> np.ndarray:
    """Noisy labels: each true label j becomes i with probability T[i, j], whatever x is.

    Eq. (3).
    y (N,) integers 0..C-1, T (C, C), rng numpy Generator or seed -> (N,) int64; y itself is not touched.
    y may hold labels of any kind, and the result holds labels of that kind. T is then in the order of the sorted
    classes, as in the models, or in that of its own labels. classes: all labels; None takes those of T, or the C
    different labels of y where they are no integers.
    With `exact_counts` each class j gets T[i, j] n_j labels i, rounded to whole labels by largest remainder, in
    random order. `realised_transition(y, y_noisy, C)` tells what was drawn. Raises ValueError for labels out of range,
    and for classes that are not as many as T has columns.
    """
    T, rng = as_transition(T), as_generator("rng", rng)
    y, T, names = _positions(y, T, T.classes if classes is None else classes)
    if exact_counts:
        y_noisy = _corrupt_exactly(y, np.asarray(T), rng)
    else:
        edges = np.cumsum(np.asarray(T), axis=0)[:-1]  # inverse transform: count the edges that a random number passes
        y_noisy = (rng.random(len(y))[:, None] >= edges.T[y]).sum(axis=1).astype(np.int64)
    return y_noisy if names is None else names[y_noisy]


def realised_transition(y: ArrayLike, y_noisy: ArrayLike, n_classes: int) -> TransitionMatrix:
    """The transition matrix that a draw realised: R[i, j] = share of the true class j that is labelled i.

    y, y_noisy (N,) -> TransitionMatrix with diagnostics {"counts": (C, C)}.
    Raises ValueError for lengths that disagree, labels out of range and a true class without samples.
    """
    y, y_noisy = check_labels(y, n_classes), check_labels(y_noisy, n_classes, name="y_noisy")
    if len(y) != len(y_noisy):
        raise ValueError(f"y has {len(y)} labels and y_noisy {len(y_noisy)}; they should have the same number")
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (y_noisy, y), 1)
    seen = counts.any(axis=0)
    if not seen.all():
        raise ValueError(f"y has no samples of class {int(seen.argmin())}; its column would be empty")
    return TransitionMatrix(counts / counts.sum(axis=0), {"counts": counts})


def priors(y: ArrayLike, n_classes: int) -> np.ndarray:
    """Share of each class among the labels y, as in Table 1: P(y = j).

    y (N,) integers 0..C-1 -> (C,) float64.
    """
    y = check_labels(y, n_classes)
    return np.bincount(y, minlength=n_classes) / len(y)


def check_labels(y: ArrayLike, n_classes: int, name: str = "y") -> np.ndarray:
    """y as int64 (N,); ValueError when it is empty, not integers or bools, or outside 0..n_classes - 1.

    Floats are refused even where they are whole: `y.astype(int)` converts them.
    """
    check_count(1, MOST_CLASSES, n_classes=n_classes)
    y = as_labels(name, y)
    if y.ndim != 1 or y.size == 0:
        raise ValueError(f"{name} has shape {y.shape}; it should be one label per sample, at least one")
    if not (np.issubdtype(y.dtype, np.integer) or y.dtype == bool):
        raise ValueError(f"{name} holds {y.dtype}; it should hold integers from 0 to {n_classes - 1}")
    if y.min() < 0 or y.max() >= n_classes:
        raise ValueError(f"{name} has labels {y.min()}..{y.max()}; they should be 0..{n_classes - 1}")
    return y.astype(np.int64)


def _positions(y, T, classes):
    """y as positions 0..C-1, T in their order, and the labels at these positions; None for y that holds positions."""
    labels = as_labels("y", y)
    if classes is None and labels.dtype.kind in "biuf":
        return check_labels(y, len(T)), T, None
    if labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"y has shape {labels.shape}; it should be one label per sample, at least one")
    names, index = classes_of("y", labels)
    if classes is not None:
        names, index = among(classes, names, index)
    elif len(names) != len(T):
        raise ValueError(
            f"y has {len(names)} different labels, but T is {len(T)} x {len(T)}; name all of them: classes"
        )
    T = as_transition(T, len(names)).aligned(names)
    return index, T, names.astype(object) if labels.dtype == object else names


def _corrupt_exactly(y, T, rng):
    y_noisy = np.empty_like(y)
    for j in range(len(T)):
        members = rng.permutation(np.flatnonzero(y == j))
        wanted = T[:, j] * len(members)
        counts = np.floor(wanted).astype(np.int64)
        remainder = wanted - counts
        counts[np.argsort(-remainder, kind="stable")[: len(members) - counts.sum()]] += 1
        y_noisy[members] = np.repeat(np.arange(len(T)), counts)
    return y_noisy


def _check_classes(n_classes):
    check_count(2, MOST_CLASSES, n_classes=n_classes)


def _check_rate(name, rate, largest):
    check_number(**{name: rate})
    if not 0 <= rate <= largest + 1e-12:
        raise ValueError(f"{name}={rate} should lie between 0 and {largest:g}")
