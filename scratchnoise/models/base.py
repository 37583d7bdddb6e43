"""What every model shares: validation, fit, predict and score; a model predicts block by block."""

from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..checks import among, as_weights, classes_of
from ..rows import take_rows
from ..simplex import project_to_simplex
from ..transition import true_posterior
from .conventions import Estimator, NotFittedError, recognised
from .validation import (
    as_sample_labels,
    as_sample_weight,
    as_samples,
    as_targets,
    as_transition_for,
    check_feature_names,
    check_same_kind,
    check_told_once,
    feature_names,
)

if TYPE_CHECKING:
    from typing_extensions import Self

BLOCK = 2**21  # numbers of X, or of logits, that are predicted at a time: 16 MB in float64


class Classifier(Estimator):
    """Base of the models. A subclass defines `_fit(X, y, sample_weight)`, `_predict_proba(X)`, and any `_logits(X)`.

    The constructor only stores its keyword arguments; `fit` checks them, learns attributes that end in "_" and
    returns self. Rows and columns of every transition matrix follow the order of `classes_`.
    classes: all labels, where some may have no sample in y (a fold of a rare class); None takes those of y.
    class_weight: a dict from labels to factors of the sample weights, or "balanced", for N / (C n_c) where n_c counts
    class c. Both are about the labels as they are, the noisy ones. With a T that is right, weights other than 1 move
    the optimum away from the clean posterior, because q = T p no longer describes the weighted labels; a T that is
    learnt takes the weights for noise.
    """

    allow_images = False
    _fit: Callable  # a subclass defines these two
    _predict_proba: Callable

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> "Self":
        """Learn from samples X (N, D) and noisy labels y (N,), with optional weights (N,). Returns self.

        Raises ValueError for data or parameters that cannot be learnt from, naming the argument. A fit that fails
        leaves the model as it was.
        """
        with self._unchanged_by_errors():
            X = self._learn_shape(X)
            self.classes_, y = as_targets(y, X.shape[0], getattr(self, "classes", None))
            weight = self._as_weights(sample_weight, y, X)
            counts = weight > 0  # an impossible flip has an infinite loss, and 0 times that is not 0
            self.class_count_ = np.bincount(y[counts], minlength=len(self.classes_))
            self._fit(*((X, y, weight) if counts.all() else (take_rows(X, counts), y[counts], weight[counts])))
        return self

    @contextmanager
    def _unchanged_by_errors(self):
        """All or nothing: where the block raises, what an earlier fit learnt stays whole."""
        before = dict(vars(self))
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    def _learn_shape(self, X):
        """X, checked; sets the attributes that say which samples the model takes."""
        names = feature_names(X)
        X = self._as_samples(X)
        self.n_features_in_ = int(np.prod(X.shape[1:]))
        self.__dict__.pop("feature_names_in_", None)
        if names is not None:
            self.feature_names_in_ = names
        self.input_shape_ = X.shape[1:]
        return X

    def _as_samples(self, X):
        return as_samples(X, self.allow_images)

    def _as_weights(self, sample_weight, y, X):
        return as_sample_weight(sample_weight, y, X.dtype, getattr(self, "class_weight", None), self.classes_)

    def predict_proba(self, X: ArrayLike) -> np.ndarray:
        """Probabilities of the *true* classes, (N, C) in the order of `classes_`; rows sum to 1.

        A model that takes the labels for right gives those of the *noisy* labels here: the two are the same to it.
        Raises NotFittedError before `fit`, ValueError for samples of another shape than in `fit`.
        """
        return self._in_blocks(self._predict_proba, X)

    def predict_log_proba(self, X: ArrayLike) -> np.ndarray:
        """Logarithms of `predict_proba`, from the logits, so that no probability underflows to 0. Errors as there."""
        return self._in_blocks(self._predict_log_proba, X)

    def predict_noisy_proba(self, X: ArrayLike) -> np.ndarray:
        """Probabilities of the *noisy* labels, q = T p, (N, C) in the order of `classes_`; errors as `predict_proba`.

        T is what the model assumes: `T_`, the T of a loss, or the identity where the model knows of no noise.
        """
        return self._in_blocks(self._predict_noisy_proba, X)

    def predict_true_proba(self, X: ArrayLike, y_noisy: ArrayLike, T: ArrayLike | None = None) -> np.ndarray:
        """Probabilities of the true class of samples whose noisy label is known, (N, C): T[y, j] p_j / (T p)_y.

        Eq. (5), for one sample.
        T: None for the one that the model knows; any other model needs it, in the order of `classes_`. Where
        `predict_proba` is q, the posterior of noisy labels (see `Loss`), p is the projection of T^-1 q on the simplex.
        Raises ValueError for a T that is missing or that the model has already, for labels that `fit` never saw, and
        otherwise as `score`.
        """
        p, known = self.predict_proba(X), self._noise()
        y, _ = self._as_scored(y_noisy, None, len(p))
        y = among(self.classes_, *classes_of("y_noisy", y))[1]
        check_told_once(type(self).__name__, T, known)
        if known is None and T is None:
            raise ValueError(
                f"T=None, and {type(self).__name__} knows no T; pass one, e.g. of scratchnoise.estimate_transition"
            )
        assumed = known or as_transition_for(T, self.classes_, self.class_count_)
        if self._posterior_of() == "noisy":
            p = project_to_simplex(p @ assumed.inverse().T).astype(p.dtype, copy=False)
        return true_posterior(p, y, assumed)

    def noisy_log_likelihood(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """The mean of log q_y over samples X with *noisy* labels y (N,): larger is better, at any noise.

        q is `predict_noisy_proba`. E[-log q_y] is least where q is the distribution of the noisy labels, so this
        compares models and transition matrices without clean labels. A q_y that underflows counts as the smallest
        positive number of its dtype. A label that `fit` never saw has probability 0: the result is -inf; `classes`
        names such labels in advance. Errors as in `score`.
        """
        q = self.predict_noisy_proba(X)
        y, weight = self._as_scored(y, sample_weight, len(q))
        q = np.maximum(q, np.finfo(q.dtype).tiny)
        likelihood = np.zeros(len(y))
        for c, label in enumerate(self.classes_):
            labelled = y == label
            likelihood[labelled] = q[labelled, c]
        with np.errstate(divide="ignore"):
            logs = np.log(likelihood)
        counts = slice(None) if weight is None else weight > 0  # 0 times -inf is not 0
        return float(np.average(logs[counts], weights=None if weight is None else weight[counts]))

    def predict(self, X: ArrayLike) -> np.ndarray:
        """The most probable true class of each sample, (N,).

        Eq. (18).
        """
        best = self._in_blocks(lambda block: self._predict_proba(block).argmax(axis=1), X)
        return self.classes_[best]

    def score(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """Accuracy: the (weighted) share of samples whose prediction equals y. A label that `fit` never saw is wrong.

        Eq. (44).
        Raises ValueError for another number of labels than samples, and for weights that are negative, not finite or
        all zero.
        """
        predicted = self.predict(X)
        y, weight = self._as_scored(y, sample_weight, len(predicted))
        return float(np.average(np.asarray(predicted == y, bool), weights=weight))

    def _as_scored(self, y, sample_weight, n_samples):
        """Labels (N,) and weights (N,) or None, checked."""
        y = as_sample_labels(y, n_samples)
        check_same_kind(y, self.classes_)
        if sample_weight is None:
            return y, None
        weight = as_weights("sample_weight", sample_weight, n_samples)
        if not weight.any():
            raise ValueError("sample_weight is zero everywhere; at least one sample should count")
        return y, weight

    def _in_blocks(self, function, X):
        """function(X) in blocks of rows, so that what it needs beside X and its result stays small."""
        X = self._samples(X)
        n, rows = X.shape[0], self._rows_per_block(X)
        if n <= rows:
            return function(X)
        first = function(take_rows(X, slice(0, rows)))
        result = np.empty((n, *first.shape[1:]), first.dtype)
        result[:rows] = first
        for start in range(rows, n, rows):
            block = function(take_rows(X, slice(start, start + rows)))
            if block.dtype != result.dtype:  # this block needed float64
                result = result.astype(block.dtype)
            result[start : start + rows] = block
        return result

    def _rows_per_block(self, X):
        return max(1, BLOCK // max(self.n_features_in_, len(self.classes_)))

    def _logits(self, X):
        """Logarithms of the probabilities, where a model has no logits of its own."""
        with np.errstate(divide="ignore"):  # a probability of 0
            return np.log(self._predict_proba(X))

    def _predict_log_proba(self, X):
        z = self._logits(X)
        z = z - z.max(axis=1, keepdims=True)
        return z - np.log(np.exp(z).sum(axis=1, keepdims=True))

    def _predict_noisy_proba(self, X):
        p, T = self._predict_proba(X), self._noise()
        return p if T is None else (p @ np.asarray(T).T).astype(p.dtype, copy=False)

    def _noise(self):
        """The T that the fitted model assumes, None for the identity."""
        return getattr(self, "T_", None)

    def _posterior_of(self):
        """Whose posterior `predict_proba` of the fitted model is: "true", or "noisy" (see `Loss`)."""
        return "noisy" if self._noise() is None else "true"

    def _samples(self, X):
        """X as `fit` saw it; errors as in `predict_proba`."""
        if not hasattr(self, "classes_"):
            name = type(self).__name__
            raise recognised(NotFittedError)(f"this {name} is not fitted yet; call fit(X, y) first")
        check_feature_names(self, X)
        X = self._as_samples(X)
        features = int(np.prod(X.shape[1:]))
        if features != self.n_features_in_:
            raise ValueError(
                f"X has {features} features, but {type(self).__name__} is expecting {self.n_features_in_} features as "
                f"input"
            )
        if X.shape[1:] != tuple(self.input_shape_):
            raise ValueError(f"X has samples of shape {X.shape[1:]}, but fit saw {tuple(self.input_shape_)}")
        return X

    def save(self, path: str | Path) -> None:
        """Write the model to `path` (.npz); see `scratchnoise.save`."""
        from .saving import save  # it knows all models, so it cannot be imported before them

        save(self, path)

    @classmethod
    def load(cls, path: str | Path) -> "Self":
        """The model of this class that was saved to `path`; TypeError for one of another class, else as in `load`."""
        from .saving import load

        model = load(path)
        if type(model) is not cls:
            raise TypeError(f"{path} holds a {type(model).__name__}, not a {cls.__name__}; use scratchnoise.load(path)")
        return model


def finite_logits(compute, X, dtype):
    """compute(X as `dtype`) (N, C); in float64 where X or the logits leave the range of float32.

    Raises ValueError where they leave the range of float64 too.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        z = compute(X.astype(dtype, copy=False))
        if dtype == np.float32 and not np.isfinite(z).all():
            z = compute(X.astype(np.float64, copy=False))
    if not np.isfinite(z).all():
        raise ValueError("X leads to logits beyond the range of float64; scale X as the samples of fit were")
    return z
