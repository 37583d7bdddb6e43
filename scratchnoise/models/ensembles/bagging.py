"""Bagging: a vote of classifiers, each trained on samples drawn with replacement."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...checks import as_generator, check_count
from .members import Ensemble


class Bagging(Ensemble):
    """The class with the most votes among n_estimators members, each trained on N samples drawn with replacement.

    Section 2.1. P(y = c | x) is the share of the votes for c; of equal classes the first one is predicted. A sample of
    weight w is drawn with a probability proportional to w. A member whose samples are all of one class votes for it.
    Bagging(DecisionTree(max_features="sqrt")) is a random forest that votes.
    estimator: a classifier whose fit takes sample_weight, None for DecisionTree(). random_state: seed of all draws.
    Learnt: estimators_. Raises ValueError for an estimator without sample_weight. Source: Breiman 1996, [Bre96].
    """

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 50,
        random_state: int | np.random.Generator | None = None,
        class_weight: dict | str | None = None,
        classes: Sequence | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.random_state = random_state
        self.class_weight = class_weight
        self.classes = classes

    def _fit(self, X, y, sample_weight):
        check_count(n_estimators=self.n_estimators)
        rng = as_generator("random_state", self.random_state)
        features, targets = self._start(X, y)
        self.estimators_ = []
        for _ in range(self.n_estimators):
            weight = drawn_with_replacement(sample_weight, rng)
            self.estimators_.append(self._member(X, y, weight, features, targets, rng))

    def _predict_proba(self, X):
        return np.mean([self._votes(member, X) for member in self.estimators_], axis=0)


def drawn_with_replacement(weight, rng):
    """How often each of N samples was drawn in N draws. (N,) -> (N,)."""
    share = weight.astype(np.float64) / weight.sum(dtype=np.float64)
    return rng.multinomial(len(share), share).astype(np.float64)
