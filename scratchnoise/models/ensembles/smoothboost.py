"""SmoothBoost: boosting that never gives a sample more than a fixed share of the weight."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...checks import as_generator, check_count, check_number
from ...messages import shown, warn_caller
from ..conventions import ConvergenceWarning, recognised
from .decision_tree import DecisionTree
from .members import Ensemble


class SmoothBoost(Ensemble):
    """The class with the most votes of members trained on weights M_t / sum M_t, none of which exceeds 1 / (kappa N).

    Section 2.1. M_1 = 1; S_t(n) = sum over s <= t of (m_s(n) - theta), m_s(n) = 1 where member s is right and -1 where
    it is wrong, theta = gamma / (2 + gamma); M_{t+1} = 1 where S_t < 0, else (1 - gamma)^(S_t / 2). Ends when the mean
    of M falls below kappa: members are right on a share of at least (1 + theta) / 2, but for a share kappa of samples.
    A member's edge is its right share of the weight, less 1/2. Servedio has two classes and trusts it to be gamma. For
    more classes that is a demand on the members, not better than chance: warns where the mean edge is below gamma.
    0 < kappa <= 1, 0 < gamma <= 1/2, else ValueError. estimator: a classifier whose fit takes sample_weight, None for
    DecisionTree(max_depth=3). Learnt: estimators_, edges_ (of each), largest_share_ (of the weight that one sample had,
    times N). Source: Servedio 2003, [Ser03].
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
        self.estimators_, self.edges_, self.largest_share_ = [], [], 0.0
        for _ in range(self.n_estimators):
            weight = measure * base
            if weight.sum() < self.kappa * base.sum():
                break
            self.largest_share_ = max(self.largest_share_, float(measure.max() * base.sum() / weight.sum()))
            member = self._member(X, y, weight, features, targets, rng)
            self.estimators_.append(member)
            right = self._member_proba(member, X).argmax(axis=1) == y
            self.edges_.append(float(weight[right].sum() / weight.sum() - 0.5))
            S, measure = smoothed(S, right, self.gamma)
        self._warn_of_weak_members()

    def _warn_of_weak_members(self):
        edge = float(np.mean(self.edges_))
        if edge < self.gamma:
            warn_caller(
                f"the members have a mean edge of {edge:.2g}, below gamma={self.gamma}: SmoothBoost then promises no "
                f"margin on all but a share kappa of the samples. Members should be right on {0.5 + self.gamma:.2g} of "
                "the weight, whatever the number of classes; give a stronger estimator, for instance a deeper tree",
                recognised(ConvergenceWarning),
            )

    def _predict_proba(self, X):
        return np.mean([self._votes(member, X) for member in self.estimators_], axis=0)


def smoothed(S, right, gamma):
    """S and M after a member that is right there. S (N,), right (N,) bool -> (S (N,), M (N,))."""
    S = S + np.where(right, 1, -1) - gamma / (2 + gamma)
    return S, np.where(S < 0, 1, (1 - gamma) ** (np.maximum(S, 0) / 2))
