"""What a data set is: four arrays and the names of the classes, checked once, on construction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..checks import as_array, as_generator, as_labels, is_whole
from ..messages import nearest, shown


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Training and test samples with their labels.

    name: what to call it. x_train, x_test: images (N, H, W) or (N, H, W, K), or rows (N, D); integers or
    floats, kept as given (the package's own are uint8). y_train, y_test: whole numbers 0..C-1, shape (N,),
    kept as int64. class_names: C texts, in the order of the labels. noisy: True if y_train is already wrong
    in places. Raises ValueError, naming the argument, if anything does not fit together.
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    class_names: tuple[str, ...]
    noisy: bool = False

    def __post_init__(self):
        names = tuple(str(name) for name in self.class_names)
        if len(names) < 2 or len(set(names)) < len(names):
            raise ValueError(f"class_names must hold at least two names, all different; got {names}")
        object.__setattr__(self, "class_names", names)
        for part in ("train", "test"):
            x = _checked_samples(f"x_{part}", getattr(self, f"x_{part}"))
            y = _checked_labels(f"y_{part}", getattr(self, f"y_{part}"), len(names))
            if len(x) != len(y):
                raise ValueError(f"y_{part} must hold one label per sample: {len(y)} labels, {len(x)} samples")
            object.__setattr__(self, f"x_{part}", x)
            object.__setattr__(self, f"y_{part}", y)
        train, test = self.x_train.shape[1:], self.x_test.shape[1:]
        if train != test:
            raise ValueError(f"x_test must hold samples of shape {train}, as x_train does; got {test}")
        _check_coverage(self.y_train, self.y_test, names)

    def __repr__(self):
        shape = "x".join(str(size) for size in self.x_train.shape[1:])
        labels = "noisy training labels" if self.noisy else "clean labels"
        return (
            f"<Dataset {self.name}: {len(self.y_train)} train, {len(self.y_test)} test, {shape} "
            f"{self.x_train.dtype}, {labels}; {', '.join(self.class_names)}>"
        )

    def select(self, classes: Sequence) -> "Dataset":
        """Keep some classes, relabelled 0..C-1 in the order in which they are listed.

        classes: at least two names (upper or lower case) or labels; "all" keeps everything as it is.
        Raises ValueError for an unknown class (naming the nearest one), a class listed twice, fewer than two, and
        for leaving out a class of a noisy data set: its images would stay behind under other labels.
        """
        chosen = class_labels(classes, self.class_names)
        if chosen == list(range(len(self.class_names))):
            return self
        if self.noisy and len(chosen) < len(self.class_names):
            raise ValueError(
                "classes must list every class: with noisy labels, dropping one would keep some of "
                f"its images under other labels; the classes are {self.class_names}"
            )
        relabel = np.full(len(self.class_names), -1)
        relabel[chosen] = np.arange(len(chosen))
        train, test = relabel[self.y_train], relabel[self.y_test]
        return replace(
            self,
            x_train=self.x_train[train >= 0],
            y_train=train[train >= 0],
            x_test=self.x_test[test >= 0],
            y_test=test[test >= 0],
            class_names=tuple(self.class_names[label] for label in chosen),
        )

    def subsample(self, n_train: int, n_test: int, rng: int | np.random.Generator) -> "Dataset":
        """Draw n_train and n_test samples at random, of each class its share to within one sample.

        rng: a `numpy.random.Generator` or a seed. The samples keep their order.
        Raises ValueError if there are not as many, or if a class would be left without a training sample.
        """
        rng = as_generator("rng", rng)
        train = _stratified("n_train", n_train, self.y_train, rng)
        test = _stratified("n_test", n_test, self.y_test, rng)
        return replace(
            self,
            x_train=self.x_train[train],
            y_train=self.y_train[train],
            x_test=self.x_test[test],
            y_test=self.y_test[test],
        )


def class_labels(classes, class_names):
    """The labels of a selection of classes, as `Dataset.select` takes it. Raises ValueError as that does."""
    if isinstance(classes, str):
        if classes == "all":
            return list(range(len(class_names)))
        raise ValueError(f'classes must be a list of class names, or "all"; got {classes!r}')
    labels = [_class_label(item, class_names) for item in classes]
    if len(set(labels)) < max(len(labels), 2):
        raise ValueError(f"classes must list at least two classes, each once; got {list(classes)}")
    return labels


def _class_label(item, class_names):
    if is_whole(item):
        if not 0 <= item < len(class_names):
            raise ValueError(f"classes: label {item} is outside 0..{len(class_names) - 1}")
        return int(item)
    folded = [name.casefold() for name in class_names]
    if str(item).casefold() not in folded:
        raise ValueError(f"classes: there is no class {str(item)!r}; {nearest(item, class_names)}")
    return folded.index(str(item).casefold())


def _checked_samples(name, x):
    x = as_array(name, x)
    if x.dtype.kind not in "uif":
        raise ValueError(f"{name} must hold integers or floats, got {x.dtype}")
    if x.ndim not in (2, 3, 4) or x.size == 0:
        raise ValueError(f"{name} must be a filled array (N, H, W), (N, H, W, K) or (N, D), got shape {x.shape}")
    if x.dtype.kind == "f" and not np.isfinite(x).all():
        raise ValueError(f"{name} must be finite; {np.count_nonzero(~np.isfinite(x))} values are NaN or infinite")
    return x


def _checked_labels(name, y, n_classes):
    y = as_labels(name, y)
    if y.ndim != 1 or y.size == 0:
        raise ValueError(f"{name} must be a filled array of shape (N,), got shape {y.shape}")
    if y.dtype.kind not in "uif" or not np.array_equal(y, np.rint(y)):
        raise ValueError(f"{name} must hold whole numbers 0..{n_classes - 1}, got {y.dtype} such as {y[0]!r}")
    if y.min() < 0 or y.max() >= n_classes:
        raise ValueError(
            f"{name} must lie in 0..{n_classes - 1}, as there are {n_classes} class names; got {y.min()}..{y.max()}"
        )
    return y.astype(np.int64)


def _check_coverage(y_train, y_test, names):
    """Every class needs training samples: what was never seen can be neither learnt nor fairly tested."""
    seen = np.unique(y_train)
    if len(seen) == 1:
        raise ValueError(f"y_train must hold at least two classes, got only {names[seen[0]]!r}")
    unseen = [names[label] for label in np.setdiff1d(np.arange(len(names)), seen)]
    if unseen:
        tested = [names[label] for label in np.setdiff1d(y_test, seen)]
        where = f"; y_test has some of {', '.join(tested)}" if tested else ""
        raise ValueError(f"y_train must hold every class, but has none of {', '.join(unseen)}{where}")


def _stratified(name, n, y, rng):
    """n ascending positions in y: every (N/n)-th sample of a random order sorted by class."""
    if not is_whole(n) or not 1 <= n <= len(y):
        raise ValueError(f"{name} must be a whole number in 1..{len(y)}, got {shown(n)}")
    order = rng.permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    steps = (np.arange(n) * len(y) + rng.integers(len(y))) // n
    return np.sort(order[steps])
