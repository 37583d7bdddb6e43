"""Noisy posteriors of samples by models that were not trained on them."""

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import as_array, as_generator, as_labels, as_probabilities, classes_of, is_whole
from ..messages import shown
from ..noise import MOST_CLASSES, check_labels
from ..rows import is_table, take_rows


def out_of_fold_posteriors(
    estimator: Any, X: ArrayLike, y: ArrayLike, folds: int = 5, random_state: int | np.random.Generator | None = None
) -> np.ndarray:
    """predict_proba of each sample by a copy of `estimator` that was not trained on it, folds stratified by label.

    X (N, ...), an array, a sparse matrix or a data frame (the estimator gets rows of it as they are), y (N,) -> (N, C)
    in the order of the sorted classes. random_state seeds the folds, and the copies too if the estimator has no seed of
    its own. At most as many folds as the smallest class has samples are made; raises ValueError when that is one, and
    for labels that are missing or have no order.
    """
    models = fold_models(estimator, X, y, folds, random_state)
    return in_order([(held, model.predict_proba(X_held)) for held, model, X_held in models], y)


def noisy_posteriors(estimator, X, y, folds, random_state):
    """As `out_of_fold_posteriors`; ValueError for an estimator whose posteriors are of the true labels."""
    parts = []
    for held, model, X_held in fold_models(estimator, X, y, folds, random_state):
        check_noisy(model)
        parts.append((held, model.predict_proba(X_held)))
    return in_order(parts, y)


def in_order(parts, y):
    """(held out (N,) bool, posteriors of those) of each fold -> (N, C). ValueError for other classes than y has."""
    labels = np.unique(as_labels("y", y)).tolist()
    q = np.empty((len(parts[0][0]), parts[0][1].shape[1]))
    if q.shape[1] != len(labels):
        raise ValueError(
            f"estimator gives probabilities of {q.shape[1]} classes, and y has the labels {shown(labels)}; leave out "
            "`classes` that never occur: labels without a sample say nothing"
        )
    for held, proba in parts:
        q[held] = proba
    return q


def posterior_of(model):
    """Whose posterior a fitted classifier gives, "noisy" or "true", and the T that it knows or None.

    A model of this package says so (see `Loss`); the last step of a pipeline, or the best of a search, speaks for it.
    Any other classifier fits the labels as they are: "noisy".
    """
    while hasattr(model, "best_estimator_") or hasattr(model, "steps"):
        model = model.best_estimator_ if hasattr(model, "best_estimator_") else model.steps[-1][1]
    return (model._posterior_of(), model._noise()) if hasattr(model, "_posterior_of") else ("noisy", None)


def check_noisy(model):
    """Raise ValueError for a fitted classifier whose posteriors are of the true labels."""
    if posterior_of(model)[0] == "true":
        raise ValueError(
            f"estimator={shown(model)} gives posteriors of the true labels, and those of noisy labels are needed; pass "
            "a classifier that fits the labels as they are, e.g. NeuralNetwork(loss='cross_entropy')"
        )


def fold_models(estimator, X, y, folds, random_state):
    """(held out (N,) bool, a copy of `estimator` trained on the rest, X held out) of each fold.

    Arguments and errors as in `out_of_fold_posteriors`.
    """
    X, y = X if is_table(X) else as_array("X", X), as_labels("y", y)
    if X.ndim == 0:
        raise ValueError(f"X={shown(X)} should be an array (N, ...), one sample a row")
    if y.ndim != 1:
        raise ValueError(f"y has shape {y.shape}; it should be one label per sample, (N,)")
    n_samples = X.shape[0]
    if n_samples != len(y) or len(y) == 0:
        raise ValueError(f"X has {n_samples} samples and y {len(y)} labels; they should have the same number, not none")
    classes, y_index = classes_of("y", y)
    smallest = np.bincount(y_index).argmin()
    if (y_index == smallest).sum() < 2:
        raise ValueError(f"y holds the label {classes.tolist()[smallest]!r} once only; each fold should train on it")
    if is_whole(folds):
        folds = min(folds, int((y_index == smallest).sum()))
    fold = stratified_folds(y_index, folds, as_generator("random_state", random_state))
    check_estimator(estimator)
    for k in range(folds):
        model = clone(estimator, random_state).fit(take_rows(X, fold != k), y[fold != k])
        yield fold == k, model, take_rows(X, fold == k)


def stratified_folds(y: ArrayLike, folds: int, rng: int | np.random.Generator) -> np.ndarray:
    """A fold number 0..folds-1 for every sample, each class dealt out evenly and at random.

    y (N,) integers of at least 0, rng numpy Generator or seed -> (N,) int64. Raises ValueError when a class has fewer
    samples than folds.
    """
    y = check_labels(y, MOST_CLASSES)
    counts = np.bincount(y)
    if not is_whole(folds) or folds < 2 or counts[counts > 0].min() < folds:
        smallest = int(counts[counts > 0].min())
        raise ValueError(f"folds={shown(folds)}; it should be between 2 and the size of the smallest class, {smallest}")
    rng = as_generator("rng", rng)
    fold = np.empty(len(y), np.int64)
    for j in np.flatnonzero(counts):
        members = rng.permutation(np.flatnonzero(y == j))
        fold[members] = np.arange(len(members)) % folds
    return fold


def clone(estimator: Any, random_state: int | np.random.Generator | None = None) -> Any:
    """A new, unfitted estimator with copies of the same parameters, nested estimators cloned as well.

    `random_state` becomes the seed of those that take one and have none; a Generator draws it, as a whole number, which
    other libraries take too.
    """
    if hasattr(estimator, "__sklearn_clone__"):  # scikit-learn's own estimators know best
        new = estimator.__sklearn_clone__()
    else:
        params = estimator.get_params(deep=False).items()
        new = type(estimator)(**{k: clone(v) if hasattr(v, "get_params") else copy.deepcopy(v) for k, v in params})
    unseeded = [k for k, v in new.get_params().items() if k.split("__")[-1] == "random_state" and v is None]
    if unseeded and isinstance(random_state, np.random.Generator):
        random_state = int(random_state.integers(2**31))
    return new.set_params(**dict.fromkeys(unseeded, random_state)) if unseeded else new


def check_estimator(estimator: Any) -> None:
    """Raise ValueError unless `estimator` is an object, not a class, with fit, predict_proba and get_params."""
    if isinstance(estimator, type):
        raise ValueError(f"estimator is the class {estimator.__name__}; pass an object, {estimator.__name__}(...)")
    missing = [name for name in ("predict_proba", "fit", "get_params") if not hasattr(estimator, name)]
    if missing:
        raise ValueError(f"estimator={shown(estimator)} has no {missing[0]}; a classifier with probabilities is needed")


def check_posteriors(q):
    """`q` as float64 (N, C), rows summing to 1; ValueError for what are no posteriors."""
    q = as_probabilities("q", q, "posteriors", 1e-3)
    return q / q.sum(axis=1, keepdims=True)


def check_evidence(q, y_noisy):
    """q as float64 (N, C) and y_noisy as int64 (N,), a label for each row of q and each of the C at least once.

    Raises ValueError for anything else.
    """
    q = check_posteriors(q)
    y_noisy = check_labels(y_noisy, q.shape[1], name="y_noisy")
    if len(y_noisy) != len(q):
        raise ValueError(f"q has {len(q)} rows and y_noisy {len(y_noisy)} labels; they should have the same number")
    labelled = np.bincount(y_noisy, minlength=q.shape[1])
    if (labelled == 0).any():
        raise ValueError(f"y_noisy never is {int(labelled.argmin())}; an estimate of T needs every class")
    return q, y_noisy
