"""Which labels are wrong: samples ranked by the probability that they do not deserve their label."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .checks import as_labels, classes_of
from .estimate import confident_joint
from .estimate.posteriors import fold_models
from .estimate.quality import UntrustworthyTransitionWarning
from .messages import warn_caller
from .simplex import project_to_simplex
from .transition import true_posterior


class LabelErrors(NamedTuple):
    """Samples by suspicion, the most suspicious first; every field is in that order.

    index (N,) int64: rows of X; wrong (N,): P(true != label | x, label); posterior (N, C): P(true = j | x, label);
    suggested (N,): the most probable true label.
    """

    index: np.ndarray  # type: ignore[assignment]  # the name hides tuple.index
    wrong: np.ndarray
    posterior: np.ndarray
    suggested: np.ndarray


def find_label_errors(
    model: Any, X: ArrayLike, y_noisy: ArrayLike, folds: int = 5, random_state: int | np.random.Generator | None = None
) -> "LabelErrors":
    """Rank samples by P(true != label | x, label), each judged by a copy of `model` that was not trained on it.

    Eq. (5), for one sample: P(true = j | x, noisy = i) = T[i, j] p_j / sum_k T[i, k] p_k.
    T is what the copy knows or learnt: its T_, or that of its loss. The posteriors q of any other classifier are those
    of noisy labels: T is then their confident joint's, and p the projection of T^-1 q. Samples that are equally
    suspicious come in the order of their margin, P(label | x) less that of the likeliest other, the smallest first.
    Warns (UntrustworthyTransitionWarning) where that T is the identity: then no label can be wrong.
    model: a classifier with fit, predict_proba and get_params; it is not changed. X (N, ...), y_noisy (N,) labels ->
    LabelErrors, columns in the order of the sorted labels. Errors as in `estimate.out_of_fold_posteriors`.
    """
    labels = as_labels("y_noisy", y_noisy)
    own = []
    for held, copy, X_held in fold_models(model, X, labels, folds, random_state):
        own.append((held, copy.predict_proba(X_held), _known_transition(copy)))
    classes, y = classes_of("y_noisy", labels)
    p = np.empty((len(y), len(classes)))
    for held, proba, _ in own:
        p[held] = proba
    is_label = np.eye(len(classes), dtype=bool)[y]
    margin = p[is_label] - np.where(is_label, -1, p).max(axis=1)
    if own[0][2] is None:
        T = confident_joint(p, y)
        p = project_to_simplex(p @ T.inverse().T)
        own = [(held, None, T) for held, _, _ in own]
    certain = sum(np.array_equal(T, np.eye(len(classes))) for _, _, T in own)
    if certain:
        message = (
            f"{type(model).__name__} takes every label for right in {certain} of {len(own)} folds: its T is the "
            "identity; give it the T that you know, or look for wrong labels with another model"
        )
        warn_caller(message, UntrustworthyTransitionWarning)
    posterior = np.empty_like(p)
    for held, _, T in own:
        posterior[held] = true_posterior(p[held], y[held], T)
    return _ranked(posterior, y, classes, margin)


def _known_transition(model):
    """The T of a fitted model of this package, None where it knows none."""
    return model._noise() if hasattr(model, "_noise") else None


def _ranked(posterior, y, classes, margin):
    wrong = 1 - posterior[np.arange(len(y)), y]
    index = np.lexsort((margin, -wrong))
    return LabelErrors(index, wrong[index], posterior[index], classes[posterior[index].argmax(axis=1)])
