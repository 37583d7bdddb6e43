"""The members of an ensemble: copies of one classifier, each trained on its own weights of the same samples."""

import inspect

import numpy as np

from ...estimate import check_estimator, clone
from ...estimate.posteriors import posterior_of
from ...messages import shown
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
        features = binned(X) if isinstance(estimator, DecisionTree) else None
        return features, np.eye(len(self.classes_))[y]

    def _base(self):
        return DecisionTree() if self.estimator is None else self.estimator

    def _member(self, X, y, weight, features, targets, rng):
        """A copy of the estimator, trained with these weights."""
        member = clone(self._base(), int(rng.integers(2**31)))
        if features is None:
            counts = weight > 0
            return member.fit(X[counts], y[counts], sample_weight=weight[counts])
        return member.fit_binned(features, targets, weight)

    def _member_proba(self, member, X):
        """Its posteriors (N, C), 0 for classes that it never saw."""
        if isinstance(member, DecisionTree):
            return values_at(member.tree_, X)
        proba = np.zeros((len(X), len(self.classes_)))
        proba[:, member.classes_] = member.predict_proba(X)
        return proba

    def _posterior_of(self):
        """As the members: their votes are for noisy labels or for true ones."""
        return posterior_of(self.estimators_[0])[0]

    def _votes(self, member, X):
        """1 for the class that the member chooses, 0 for the rest, (N, C)."""
        return np.eye(len(self.classes_))[self._member_proba(member, X).argmax(axis=1)]
