"""The members of an ensemble: copies of one classifier, each trained on its own weights of the same samples."""

import inspect

import numpy as np

from ...estimate import check_estimator, clone
from ...estimate.posteriors import posterior_of
from ...messages import shown
from ...transition import TransitionMatrix
from ..base import Classifier
from .bins import binned
from .decision_tree import DecisionTree
from .tree import values_at


class Ensemble(Classifier):
    """Base of ensembles: `estimator` is a classifier whose fit takes sample_weight, or None for a DecisionTree."""

    def _start(self, X, y):
        """Check the estimator, and bin the features once where the members are trees of this package."""
        estimator = self._base()
        check_estimator(estimator)
        if "sample_weight" not in inspect.signature(estimator.fit).parameters:
            raise ValueError(f"estimator={shown(estimator)} takes no sample_weight in fit; an ensemble needs that")
        features = binned(X) if self._shares_bins() else None
        return features, np.eye(len(self.classes_))[y]

    def _shares_bins(self):
        """Whether members are trees that take bins and classes as they are, so that both are made once for all."""
        base = self._base()
        return isinstance(base, DecisionTree) and base.class_weight is None and base.classes is None

    def _base(self):
        return DecisionTree() if self.estimator is None else self.estimator

    def _member(self, X, y, weight, features, targets, rng):
        """A copy of the estimator, trained with these weights; a leaf where one class alone has weight."""
        member = clone(self._base(), int(rng.integers(2**31)))
        if features is not None:
            return member.fit_binned(features, targets, weight)
        counts = weight > 0
        seen = np.unique(y[counts])
        if len(seen) == 1:  # which few classifiers take
            return DecisionTree().fit_binned(binned(X[:1]), np.eye(len(self.classes_))[seen], np.ones(1))
        if "classes" in member.get_params() and len(seen) < len(self.classes_):
            member.set_params(classes=self.classes_)  # a T or weights of classes are for all of them
        return member.fit(X[counts], self.classes_[y[counts]], sample_weight=weight[counts])

    def _member_proba(self, member, X):
        """Its posteriors (N, C), 0 for classes that it never saw."""
        if _is_grown(member):
            return values_at(member.tree_, X)
        proba = np.zeros((len(X), len(self.classes_)))
        proba[:, np.searchsorted(self.classes_, member.classes_)] = member.predict_proba(X)
        return proba

    def _posterior_of(self):
        """As the members: their votes are for noisy labels or for true ones."""
        return "true" if any(posterior_of(member)[0] == "true" for member in self.estimators_) else "noisy"

    def _noise(self):
        """The mean T of members that know one: what their votes are for is seen through it."""
        known = [posterior_of(member)[1] for member in self.estimators_ if not _is_grown(member)]
        return None if not known or any(T is None for T in known) else TransitionMatrix(np.mean(known, axis=0))

    def _votes(self, member, X):
        """1 for the class that the member chooses, 0 for the rest, (N, C)."""
        return np.eye(len(self.classes_))[self._member_proba(member, X).argmax(axis=1)]


def _is_grown(member):
    """Whether it is a tree of `fit_binned`: its leaves hold all classes of the ensemble, and it has no `classes_`."""
    return isinstance(member, DecisionTree) and not hasattr(member, "classes_")
