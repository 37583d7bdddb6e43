"""What every model shares: parameters, validation, predict and score, by scikit-learn's conventions."""

import inspect

import numpy as np

from ..checks import as_weights
from ..messages import nearest
from .conventions import NotFittedError, recognised
from .validation import as_sample_labels, as_sample_weight, as_samples, as_targets, check_feature_names, feature_names


class Classifier:
    """Base of the models. A subclass defines `_fit(X, y, sample_weight)` and `_predict_proba(X)`.

    The constructor only stores its keyword arguments; `fit` checks them, learns attributes that end in "_" and
    returns self. Rows and columns of every transition matrix follow the order of `classes_`.
    """

    allow_images = False

    def fit(self, X, y, sample_weight=None):
        """Learn from samples X (N, D) and noisy labels y (N,), with optional weights (N,). Returns self.

        Raises ValueError for data or parameters that cannot be learnt from, naming the argument. A fit that fails
        leaves the model as it was.
        """
        before = dict(vars(self))
        try:
            names = feature_names(X)
            X = as_samples(X, self.allow_images)
            self.classes_, y = as_targets(y, len(X))
            weight = as_sample_weight(sample_weight, y, X.dtype)
            self.n_features_in_ = int(np.prod(X.shape[1:]))
            self.__dict__.pop("feature_names_in_", None)
            if names is not None:
                self.feature_names_in_ = names
            self.input_shape_ = X.shape[1:]
            counts = weight > 0  # an impossible flip has an infinite loss, and 0 times that is not 0
            self._fit(*((X, y, weight) if counts.all() else (X[counts], y[counts], weight[counts])))
        except BaseException:  # all or nothing: what an earlier fit learnt stays whole
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def predict_proba(self, X):
        """Probabilities of the *true* classes, (N, C) in the order of `classes_`; rows sum to 1.

        Raises NotFittedError before `fit`, ValueError for samples of another shape than in `fit`.
        """
        return self._predict_proba(self._samples(X))

    def _samples(self, X):
        """X as `fit` saw it; errors as in `predict_proba`."""
        if not hasattr(self, "classes_"):
            name = type(self).__name__
            raise recognised(NotFittedError)(f"this {name} is not fitted yet; call fit(X, y) first")
        check_feature_names(self, X)
        X = as_samples(X, self.allow_images)
        features = int(np.prod(X.shape[1:]))
        if features != self.n_features_in_:
            raise ValueError(
                f"X has {features} features, but {type(self).__name__} is expecting {self.n_features_in_} features as "
                f"input"
            )
        if X.shape[1:] != tuple(self.input_shape_):
            raise ValueError(f"X has samples of shape {X.shape[1:]}, but fit saw {tuple(self.input_shape_)}")
        return X

    def predict(self, X):
        """The most probable true class of each sample, (N,).

        Eq. (18).
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def score(self, X, y, sample_weight=None):
        """Accuracy: the (weighted) share of samples whose prediction equals y.

        Eq. (44).
        Raises ValueError for another number of labels than samples, for labels that `fit` never saw, and for weights
        that are negative, not finite or all zero.
        """
        predicted = self.predict(X)
        y = as_sample_labels(y, len(predicted))
        unseen = set(y.tolist()) - set(self.classes_.tolist())
        if unseen:
            unseen, seen = sorted(unseen, key=str)[:5], self.classes_.tolist()
            raise ValueError(f"y has labels that fit never saw: {unseen}; it saw {seen}")
        if sample_weight is not None:
            sample_weight = as_weights("sample_weight", sample_weight, len(y))
            if not sample_weight.any():
                raise ValueError("sample_weight is zero everywhere; at least one sample should count")
        return float(np.average(predicted == y, weights=sample_weight))

    @classmethod
    def _parameter_names(cls):
        return [p for p in inspect.signature(cls.__init__).parameters if p != "self"]

    def get_params(self, deep=True):
        """The constructor's arguments as a dict; with `deep`, those of nested estimators as "name__parameter"."""
        params = {name: getattr(self, name) for name in self._parameter_names()}
        if deep:
            for name, value in list(params.items()):
                if hasattr(value, "get_params") and not isinstance(value, type):
                    params |= {f"{name}__{k}": v for k, v in value.get_params().items()}
        return params

    def set_params(self, **params):
        """Set constructor arguments, "name__parameter" for nested estimators. Returns self.

        Raises ValueError for an unknown name, with the nearest right one.
        """
        known = self._parameter_names()
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if outer not in known:
                raise ValueError(f"Invalid parameter {outer!r} for {type(self).__name__}; {nearest(outer, known)}")
            if inner:
                getattr(self, outer).set_params(**{inner: value})
            else:
                setattr(self, outer, value)
        return self

    def __repr__(self):
        defaults = inspect.signature(type(self).__init__).parameters
        changed = [f"{k}={v!r}" for k, v in self.get_params(deep=False).items() if repr(v) != repr(defaults[k].default)]
        return f"{type(self).__name__}({', '.join(changed)})"

    def __sklearn_tags__(self):
        """scikit-learn asks for this, so it is imported already."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=True, three_d_array=self.allow_images),
        )
