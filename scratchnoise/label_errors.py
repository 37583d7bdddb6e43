"""Which labels are wrong: samples ranked by the probability that they do not deserve their label."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .checks import as_labels, classes_of
from .estimate import confident_joint
from .estimate.posteriors import fold_models, in_order, posterior_of
from .estimate.quality import UntrustworthyTransitionWarning
from .messages import warn_caller
from .models.validation import as_transition_for, check_told_once
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
    model: Any,
    X: ArrayLike,
    y_noisy: ArrayLike,
    folds: int = 5,
    random_state: int | np.random.Generator | None = None,
    T: ArrayLike | None = None,
) -> "LabelErrors":
    """Rank samples by P(true != label | x, label), each judged by a copy of `model` that was not trained on it.

    Eq. (5), for one sample: P(true = j | x, noisy = i) = T[i, j] p_j / sum_k T[i, k] p_k.
    T is what the copy knows or learnt, its T_ or that of its loss. For any other model it is the T given here, in the
    order of the sorted labels, or None for the confident joint's. Where the posteriors are q, those of noisy labels
    (see `Loss.posterior_of`; any other library's classifier), p is the projection of T^-1 q. Samples that are equally
    suspicious come in the order of their margin, P(label | x) less that of the likeliest other, the smallest first.
    Warns (UntrustworthyTransitionWarning) where T is the identity: then no label can be wrong.
    model: a classifier with fit, predict_proba and get_params; it is not changed. X (N, ...), y_noisy (N,) labels ->
    LabelErrors, columns in the order of the sorted labels. ValueError for a T that is invalid or that the model has
    already, and otherwise as in `estimate.out_of_fold_posteriors`.
    """
    labels = as_labels("y_noisy", y_noisy)
    classes, y = classes_of("y_noisy", labels)
    parts, transitions = [], []
    for held, copy, X_held in fold_models(model, X, labels, folds, random_state):
        kind, known = posterior_of(copy)
        check_told_once(type(model).__name__, T, known)
        assumed = None if T is None else as_transition_for(T, classes)  # not before: fold_models checks the labels
        parts.append((held, copy.predict_proba(X_held)))
        transitions.append((held, known))
    p = in_order(parts, labels)
    is_label = np.eye(len(classes), dtype=bool)[y]
    margin = p[is_label] - np.where(is_label, -1, p).max(axis=1)
    if known is None:
        assumed = assumed or confident_joint(p, y)
        transitions = [(held, assumed) for held, _ in transitions]
        p = project_to_simplex(p @ assumed.inverse().T) if kind == "noisy" else p
    _warn_of_certainty(type(model).__name__, transitions)
    posterior = np.empty_like(p)
    for held, T_held in transitions:
        posterior[held] = true_posterior(p[held], y[held], T_held)
    return _ranked(posterior, y, classes, margin)


def _warn_of_certainty(name, transitions):
    """Warn where the T of a fold is the identity. transitions: (held out, T) of each fold."""
    certain = sum(np.array_equal(T, np.eye(len(T))) for _, T in transitions)
    if certain:
        message = (
            f"{name} takes every label for right in {certain} of {len(transitions)} folds: its T is the identity; give "
            "it the T that you know, or look for wrong labels with another model"
        )
        warn_caller(message, UntrustworthyTransitionWarning)


def _ranked(posterior, y, classes, margin):
    others = posterior.copy()
    others[np.arange(len(y)), y] = 0
    wrong = np.minimum(others.sum(axis=1), 1)  # 1 - P(label) would lose what is below the digits of 1
    index = np.lexsort((margin, -wrong))
    return LabelErrors(index, wrong[index], posterior[index], classes[posterior[index].argmax(axis=1)])
