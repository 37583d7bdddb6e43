"""SmoothBoost: boosting that never gives a sample more than a fixed share of the weight."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...checks import as_generator, check_count, check_number
from ...messages import shown
from .decision_tree import DecisionTree
from .members import Ensemble


class SmoothBoost(Ensemble):
    """The class with the most votes of members trained on weights M_t / sum M_t, none of which exceeds 1 / (kappa N).

    Section 2.1. M_1 = 1; S_t(n) = sum over s <= t of (m_s(n) - theta), m_s(n) = 1 where member s is right and -1 where
    it is wrong, theta = gamma / (2 + gamma); M_{t+1} = 1 where S_t < 0, else (1 - gamma)^(S_t / 2). Ends when the mean
    of M falls below kappa: only a share kappa of the samples is still hard, and those may be the wrong labels.
    Servedio's two classes are +1 and -1 with m = y h; for more classes a member is right or wrong likewise.
    kappa, gamma: in (0, 1), gamma at most 1/2, the edge that members are trusted to have; else ValueError.
    estimator: a classifier whose fit takes sample_weight, None for DecisionTree(max_depth=3).
    Learnt: estimators_, largest_share_ (of the weight that one sample had, times N). Source: Servedio 2003, [Ser03].
    """

    def __init__(
        self,
        estimator: Any = None,
        kappa: float = 0.1,
        gamma: float = 0.1,
        n_estimators: int = 100,
        random_state: int | np.random.Generator | None = None,
        classes: Sequence | None = None,
    ) -> None:
        self.estimator = estimator
        self.kappa = kappa
        self.gamma = gamma
        self.n_estimators = n_estimators
        self.random_state = random_state
        self.classes = classes

    def _base(self):
        return DecisionTree(max_depth=3) if self.estimator is None else self.estimator

    def _fit(self, X, y, sample_weight):
        check_count(n_estimators=self.n_estimators)
        for name, most in (("kappa", 1), ("gamma", 0.5)):
            check_number(**{name: getattr(self, name)})
            if not 0 < getattr(self, name) <= most:
                raise ValueError(f"{name}={shown(getattr(self, name))} should be above 0 and at most {most}")
        rng = as_generator("random_state", self.random_state)
        features, targets = self._start(X, y)
        S, measure, base = np.zeros(len(y)), np.ones(len(y)), sample_weight.astype(np.float64)
        self.estimators_, self.largest_share_ = [], 0.0
        for _ in range(self.n_estimators):
            weight = measure * base
            if weight.sum() < self.kappa * base.sum():
                break
            self.largest_share_ = max(self.largest_share_, float(measure.max() * base.sum() / weight.sum()))
            member = self._member(X, y, weight, features, targets, rng)
            self.estimators_.append(member)
            right = self._member_proba(member, X).argmax(axis=1) == y
            S, measure = smoothed(S, right, self.gamma)

    def _predict_proba(self, X):
        return np.mean([self._votes(member, X) for member in self.estimators_], axis=0)


def smoothed(S, right, gamma):
    """S and M after a member that is right there. S (N,), right (N,) bool -> (S (N,), M (N,))."""
    S = S + np.where(right, 1, -1) - gamma / (2 + gamma)
    return S, np.where(S < 0, 1, (1 - gamma) ** (np.maximum(S, 0) / 2))
