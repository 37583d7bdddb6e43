"""What a user's arguments have to be: numbers, names, seeds, arrays and labels, checked in one place for all modules.

A check raises one ValueError of one line that names the argument, shows what was given and says what would be right.
Numbers are passed by name: check_count(epochs=epochs). What is the same in every check: a bool is no number, since
`stride=True` is a slip, and a masked array is refused where a value is masked, because NumPy's own functions would use
the number that lies under the mask.
"""

import os
from itertools import pairwise
from math import isfinite
from numbers import Integral, Real
from pathlib import Path

import numpy as np

from .messages import nearest, shown

SEED = "a numpy.random.Generator, or a seed: a non-negative whole number"

# --- numbers and names -----------------------------------------------------------------------------------


def is_whole(value):
    """Whether `value` is a whole number, Python's or NumPy's."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value):
    """Whether `value` is a real number that a float64 can hold, so neither NaN nor infinite."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and isfinite(value)
    except OverflowError:  # an int of more than 308 digits
        return False


def check_count(least=1, most=None, /, **values):
    """Raise ValueError unless each value is a whole number from `least` to `most` (None: without limit)."""
    wanted = f"of at least {least}" if most is None else f"from {least} to {most}"
    for name, value in values.items():
        if not is_whole(value) or value < least or (most is not None and value > most):
            raise ValueError(f"{name}={shown(value)} should be a whole number {wanted}")


def check_number(**values):
    """Raise ValueError unless each value is a finite number."""
    _check_numbers(values, lambda value: True, "a finite number")


def check_positive(**values):
    """Raise ValueError unless each value is a number above 0."""
    _check_numbers(values, lambda value: value > 0, "a number above 0")


def check_not_negative(**values):
    """Raise ValueError unless each value is a number of at least 0."""
    _check_numbers(values, lambda value: value >= 0, "a number of at least 0")


def check_below_one(**values):
    """Raise ValueError unless each value is a number in [0, 1)."""
    _check_numbers(values, lambda value: 0 <= value < 1, "a number of at least 0 and below 1")


def check_choice(known, /, **values):
    """Raise ValueError unless each value is one of the texts `known`; the message has the nearest of them."""
    for name, value in values.items():
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"{name}={shown(value)} is unknown; {nearest(value, known)}")


def as_path(name, path):
    """`path` as a pathlib.Path; ValueError for what is no text and no path, and for an empty text."""
    if not isinstance(path, str | os.PathLike) or path == "":
        raise ValueError(f"{name}={shown(path)} should be the name of a file, a text or a pathlib.Path")
    return Path(path)


def as_generator(name, rng):
    """`rng` as a numpy Generator, by the rules of numpy.random.default_rng; a Generator is returned itself.

    An int (or whatever else default_rng takes) is a seed, None draws one from the operating system. A RandomState lends
    its bit generator, so that its state moves on, in every version of NumPy. Raises ValueError for anything else.
    """
    if isinstance(rng, np.random.RandomState):
        return np.random.Generator(rng._bit_generator)
    try:
        if isinstance(rng, bool):
            raise TypeError
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}={shown(rng)} should be {SEED}") from error


# --- arrays ----------------------------------------------------------------------------------------------


def as_array(name, values):
    """`values` as a NumPy array; ValueError for a masked value, for rows of different lengths and a sparse matrix."""
    if hasattr(values, "tocsr"):
        raise ValueError(f"{name} is a sparse matrix; dense data is required: pass {name}.toarray()")
    check_unmasked(name, values)
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} should be an array of numbers or labels ({shown(error)})") from error


def as_floats(name, values):
    """`values` as a float64 array; ValueError for what holds anything but real numbers."""
    values = as_array(name, values)
    try:
        if values.dtype.kind in "cmM":
            raise TypeError(f"{values.dtype} is no kind of real number")
        return values.astype(np.float64, order="C")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} should be an array of numbers ({shown(error)})") from error


def as_probabilities(name, rows, what, tolerance):
    """`rows` as floats (N, C), each at least 0, with sums of 1 but for the tolerance; ValueError, which says `what`."""
    rows = as_floats(name, rows)
    if rows.ndim != 2 or rows.shape[1] < 2 or len(rows) == 0:
        raise ValueError(f"{name} has shape {rows.shape}; it should be {what} (N, C)")
    if not np.isfinite(rows).all() or rows.min() < 0 or np.abs(rows.sum(axis=1) - 1).max() > tolerance:
        raise ValueError(f"{name} has rows that are not probabilities; they should be >= 0 and sum to 1")
    return rows


def as_weights(name, values, n_samples):
    """`values` as float64 (N,); ValueError unless they are one finite weight >= 0 for each of the samples."""
    weights = as_floats(name, values)
    if weights.shape != (n_samples,):
        raise ValueError(f"{name} has shape {weights.shape}; it should be one weight per sample, ({n_samples},)")
    if not np.isfinite(weights).all() or weights.min(initial=0) < 0:
        raise ValueError(f"{name} should be finite and not negative")
    return weights


def check_unmasked(name, values):
    """Raise ValueError for a masked array in which a value is masked."""
    if np.ma.isMaskedArray(values) and np.ma.is_masked(values):
        hidden = int(np.ma.count_masked(values))
        raise ValueError(f"{name} has {hidden} masked value(s); fill or remove them: {name}.filled(...)")


# --- labels ----------------------------------------------------------------------------------------------


def as_labels(name, y):
    """Labels of any kind as an array of any shape; ValueError where one is masked or missing, or has no order.

    Missing are NaN, NaT, None and pandas.NA. Labels are whole numbers, bools, texts, dates, durations or objects.
    """
    labels = as_array(name, y)
    if labels.dtype.kind in "biu":  # most labels: nothing can be missing
        return labels
    if labels.dtype.kind in "cV":
        raise ValueError(f"{name} holds {labels.dtype}, which has no order; labels are whole numbers, texts or dates")
    if labels.dtype.kind in "US" and not hasattr(y, "dtype"):
        labels = _texts_alone(name, y, labels)
    if labels.dtype.kind == "f" and not np.isfinite(labels).all():
        raise ValueError(f"{name} contains NaN or infinity; labels should be finite")
    missing = np.isnat(labels) if labels.dtype.kind in "mM" else missing_objects(labels)
    if missing.any():
        place = int(np.flatnonzero(missing)[0])
        raise ValueError(f"{name} has a missing label at index {place}, {labels.ravel()[place]!r}; remove the sample")
    return labels


def classes_of(name, y):
    """The sorted classes of labels (N,), and y as their indices: (classes (C,), (N,) int64).

    Raises ValueError for labels without an order among themselves, e.g. numbers and texts.
    """
    try:
        classes, index = np.unique(y, return_inverse=True)
        if classes.dtype == object:
            set(classes)  # `score` needs labels that can be hashed
            if not all(a < b for a, b in pairwise(classes)):  # of two frozensets neither has to be the smaller one
                raise TypeError("they were sorted, and the result is not ascending")
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} holds labels of different kinds, which have no order ({shown(error)})") from error
    return classes, index.reshape(-1).astype(np.int64)


def among(all_classes, seen, index):
    """The sorted `all_classes`, and labels seen[index] as their indices: (classes (C,), (N,) int64).

    Raises ValueError for classes that are no list of at least two different labels, or that lack one of those seen.
    """
    given = as_labels("classes", all_classes)
    if given.ndim != 1 or len(given) < 2:
        raise ValueError(f"classes={shown(all_classes)} should be a list of at least two labels")
    classes, _ = classes_of("classes", given)
    if len(classes) < len(given):
        raise ValueError(f"classes={shown(all_classes)} should name each label once")
    place = {label: c for c, label in enumerate(classes.tolist())}
    unknown = [label for label in seen.tolist() if label not in place]
    if unknown:
        raise ValueError(f"classes={shown(classes.tolist())} lacks labels that y has: {unknown[:5]}")
    return classes, np.array([place[label] for label in seen.tolist()])[index]


# --- helpers ---------------------------------------------------------------------------------------------


def _check_numbers(values, accept, wanted):
    for name, value in values.items():
        if not is_number(value) or not accept(value):
            raise ValueError(f"{name}={shown(value)} should be {wanted}")


def _texts_alone(name, given, texts):
    """The texts of a list; NumPy would write numbers in it as texts, and NaN as the label 'nan'."""
    objects = np.array(given, dtype=object)
    if all(isinstance(v, str | bytes) for v in objects.ravel()):
        return texts
    return objects


def missing_objects(labels):
    """Whether each label is None, or differs from itself as NaN does; all False where the dtype has no such value."""
    if labels.dtype.kind not in "OT":
        return np.zeros(labels.shape, bool)
    return np.array([_is_missing(v) for v in labels.ravel()], bool)


def _is_missing(value):
    try:
        return value is None or bool(value != value)
    except (TypeError, ValueError, ArithmeticError):  # pandas.NA refuses to be compared
        return True
