"""Turning what users pass into the arrays that kernels take, or into an error that says what would be right."""

import numpy as np

from ..checks import among, as_labels, as_weights, check_unmasked, classes_of, missing_objects
from ..messages import shown, warn_caller
from ..transition import as_transition
from .conventions import DataConversionWarning, recognised


def as_samples(X, allow_images=False):
    """X as a C-contiguous floating array (N, D), or (N, H, W[, K]) where images are allowed.

    float32 and float64 stay, 8- and 16-bit integers become float32, all else float64. Raises TypeError for sparse
    matrices, ValueError for anything that is not a finite, non-empty numeric array of that rank.
    """
    if hasattr(X, "toarray") or hasattr(X, "tocsr"):
        raise TypeError("X is a sparse matrix; dense data is required: pass X.toarray()")
    check_unmasked("X", X)
    names = feature_names(X)
    X = np.asarray(X)
    if np.iscomplexobj(X):
        raise ValueError("X holds complex numbers. Complex data not supported: pass real features")
    if X.dtype.kind in "mM":
        raise ValueError(f"X should hold numbers: it holds {X.dtype}; pass e.g. the days since a date")
    if X.dtype not in (np.float32, np.float64):
        X = _as_float(X, names)
    _check_rank(X, allow_images)
    if X.shape[0] == 0:
        raise ValueError(f"X has 0 sample(s) (shape={X.shape}) while a minimum of 1 is required.")
    if X.size == 0:
        raise ValueError(f"X has 0 feature(s) (shape={X.shape}) while a minimum of 1 is required.")
    with np.errstate(invalid="ignore"):
        extremes = np.array([X.min(), X.max()])  # both are NaN if anything is; a mask would be another array like X
    if not np.isfinite(extremes).all():
        raise ValueError(_not_finite(~np.isfinite(X), names))
    return np.ascontiguousarray(X)


def as_targets(y, n_samples, all_classes=None):
    """The classes in sorted order and y as their indices: (classes (C,), y (N,) int64).

    all_classes: the labels that can occur, None for those of y.
    Raises ValueError for a missing y, a wrong length, continuous values, fewer than two classes; a column vector is
    flattened with a warning.
    """
    if y is None:
        raise ValueError("fit requires y to be passed, but the target y is None")
    y = as_sample_labels(y, n_samples)
    classes, index = classes_of("y", y)
    if len(classes) < 2:
        raise ValueError(f"y holds one class only, {classes.tolist()[0]!r}; a classifier needs at least two classes")
    return (classes, index) if all_classes is None else among(all_classes, classes, index)


def as_sample_labels(y, n_samples):
    """y as an array (N,) of labels of any kind; errors and the flattened column vector as in `as_targets`."""
    y = as_labels("y", y)
    if y.ndim == 2 and y.shape[1] == 1:
        message = "A column-vector y was passed when a 1d array was expected: pass y.ravel()"
        warn_caller(message, recognised(DataConversionWarning))
        y = y.ravel()
    if y.ndim != 1:
        raise ValueError(f"y has shape {y.shape}; bad input shape, it should be one label per sample, (N,)")
    if len(y) != n_samples:
        raise ValueError(f"X has {n_samples} samples but y has {len(y)} labels; they should have the same number")
    if y.dtype.kind == "f" and (y != np.round(y)).any():
        raise ValueError("Unknown label type: continuous. y should hold class labels, not numbers on a scale")
    return y


def check_same_kind(y, classes):
    """Raise ValueError for labels that have no order with those of fit: texts, numbers or dates for another kind."""
    if y.dtype.kind in "mM" and y.dtype.kind == classes.dtype.kind:
        return  # of two units, which become different objects
    given, seen = y.tolist(), classes.tolist()
    try:
        if (y.dtype.kind in "mM") != (classes.dtype.kind in "mM"):
            raise TypeError("dates of nanoseconds are listed as numbers")
        sorted({*given, *seen})
    except TypeError as error:
        raise ValueError(f"y has labels of another kind than fit saw: {given[:5]}; it saw {seen[:5]}") from error


def as_sample_weight(sample_weight, y, dtype, class_weight=None, classes=None):
    """Weights (N,), those above 0 scaled to mean 1; ones when None. Multiplied by the weights of the classes.

    Raises ValueError for a wrong length, negative or non-finite weights, and weights that leave fewer than two classes.
    """
    if sample_weight is None and class_weight is None:
        return np.ones(len(y), dtype)
    weight = np.ones(len(y)) if sample_weight is None else as_weights("sample_weight", sample_weight, len(y))
    weight = _at_most_one(weight)
    if len(np.unique(y[weight > 0])) < 2:
        raise ValueError("sample_weight is zero for all but one class, or everywhere; two classes should count")
    if class_weight is not None:
        weight = weight * as_class_weight(class_weight, classes, np.bincount(y, weight, len(classes)))[y]
        if len(np.unique(y[weight > 0])) < 2:
            raise ValueError(f"class_weight={shown(class_weight)} leaves fewer than two classes that count")
        weight = _at_most_one(weight)
    return (weight / weight[weight > 0].mean()).astype(dtype)


def _at_most_one(weight):
    """Weights by a power of two, which is exact, so that no sum of them overflows."""
    return np.ldexp(weight, -np.frexp(weight.max())[1])


def as_class_weight(class_weight, classes, count):
    """A factor (C,) for each class: from a dict (a label that it lacks has 1), or "balanced", sum(count) / (C count).

    count (C,): the total weight of each class. Raises ValueError for anything else, and for labels that are no class
    where another class has no weight. Where all have one, y is a part of the data that lacks that label.
    """
    if isinstance(class_weight, str) and class_weight == "balanced":
        return np.divide(count.sum() / (count > 0).sum(), count, out=np.zeros(len(count)), where=count > 0)
    if not isinstance(class_weight, dict):
        raise ValueError(f"class_weight={shown(class_weight)} should be None, 'balanced' or a dict {{label: weight}}")
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown and not set(labels) <= set(class_weight):
        raise ValueError(f"class_weight has labels that are no classes: {unknown[:5]}; the classes are {shown(labels)}")
    return as_weights("class_weight", [class_weight.get(label, 1) for label in labels], len(labels))


def as_transition_for(T, classes, count=None):
    """`T` as a TransitionMatrix in the order of these classes (C,), of which `count` (C,) were seen (None: each).

    A T with labels is put in their order. Raises ValueError for a T that is invalid, of another size, has other labels,
    or gives a label that was seen no probability.
    """
    T = as_transition(T, len(classes)).aligned(classes)
    never = T.array.sum(axis=1) == 0
    never = np.flatnonzero(never if count is None else never & (count > 0))
    if never.size:
        raise ValueError(f"T has rows of zeros, so the labels {classes[never].tolist()} never occur, but y has them")
    return T


def check_told_once(name, T, known):
    """Raise ValueError where T is given to a model, `name`, that has one already, `known`."""
    if T is not None and known is not None:
        raise ValueError(f"T is given, but {name} has a T already; leave T out, or fit the model with this T")


def feature_names(X):
    """Column names of a data frame whose columns are all strings, else None."""
    columns = getattr(X, "columns", None)
    if columns is None or not len(columns) or not all(isinstance(c, str) for c in columns):
        return None
    return np.asarray(columns, dtype=object)


def check_feature_names(model, X):
    """Compare the columns of X with those of fit. Raises ValueError when they differ, warns when only one has names."""
    fitted, given = getattr(model, "feature_names_in_", None), feature_names(X)
    name = type(model).__name__
    if fitted is None and given is not None:
        warn_caller(f"X has feature names, but {name} was fitted without feature names", UserWarning)
    elif fitted is not None and given is None:
        message = f"X does not have valid feature names, but {name} was fitted with feature names"
        warn_caller(message, UserWarning)
    elif fitted is not None and list(fitted) != list(given):
        raise ValueError(_name_differences(list(fitted), list(given)))


def _as_float(X, names):
    small = X.dtype.kind in "biu" and X.dtype.itemsize <= 2
    try:
        return X.astype(np.float32 if small else np.float64)
    except (TypeError, ValueError) as error:
        missing = missing_objects(X).reshape(X.shape)
        if missing.any():
            raise ValueError(_not_finite(missing, names)) from error
        raise type(error)(f"X should hold numbers: {shown(error)}") from error


def _not_finite(bad, names):
    """The message for samples of which bad (N, ...) is true where a value is missing or infinite."""
    row, *column = (int(i) for i in np.argwhere(bad)[0])
    where = f"row {row}"
    if len(column) == 1:
        where += f", column {column[0] if names is None else repr(names[column[0]])}"
    return f"X contains NaN or infinity; remove or impute these values (the first: {where})"


def _name_differences(fitted, given):
    message = "The feature names should match those that were passed during fit.\n"
    unexpected, missing = sorted(set(given) - set(fitted)), sorted(set(fitted) - set(given))
    if unexpected:
        message += "Feature names unseen at fit time:\n" + "".join(f"- {n}\n" for n in unexpected[:5])
    if missing:
        message += "Feature names seen at fit time, yet now missing:\n" + "".join(f"- {n}\n" for n in missing[:5])
    if not unexpected and not missing:
        message += "Feature names must be in the same order as they were in fit.\n"
    return message


def _check_rank(X, allow_images):
    if X.ndim == 2 or (allow_images and X.ndim in (3, 4)):
        return
    shapes = "(N, D) or images (N, H, W) or (N, H, W, K)" if allow_images else "(N, D)"
    raise ValueError(
        f"X has shape {X.shape}; it should be {shapes}. Reshape your data: X.reshape(-1, 1) for a single feature, "
        "X.reshape(1, -1) for a single sample, X.reshape(len(X), -1) for images"
    )
