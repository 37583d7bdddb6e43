"""AdaBoost for several classes: each member is trained on what those before it got wrong."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...checks import as_generator, check_count, check_positive
from ...messages import warn_caller
from ..conventions import ConvergenceWarning, recognised
from .decision_tree import DecisionTree
from .members import Ensemble

SURE = 1e-10  # an error below this counts as this, so that a perfect member has a finite vote


class AdaBoost(Ensemble):
    """SAMME: argmax_c sum_t alpha_t 1[h_t(x) = c], alpha_t = learning_rate (log((1 - e_t) / e_t) + log(C - 1)).

    Section 2.1. e_t is the weighted error of member t; the weights of the samples that it got wrong are multiplied by
    exp(alpha_t). Wrong labels are got wrong by every good member, so they have more than their share of the weight.
    Ends at a member that is no better than chance (e_t >= 1 - 1/C), or that makes no error. P(y = c | x) is the share
    of the alphas. C counts the classes that have samples. Warns where the first member is no better than chance.
    estimator: a classifier whose fit takes sample_weight, None for DecisionTree(max_depth=1).
    Learnt: estimators_, alphas_ (one each). Source: Freund and Schapire 1997, [FS97]; Zhu, Zou, Rosset and Hastie 2009.
    """

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 50,
        learning_rate: float = 1.0,
        random_state: int | np.random.Generator | None = None,
        classes: Sequence | None = None,
    ) -> None:
        self.estimator = estimator
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.classes = classes

    def _base(self):
        return DecisionTree(max_depth=1) if self.estimator is None else self.estimator

    def _fit(self, X, y, sample_weight):
        check_count(n_estimators=self.n_estimators)
        check_positive(learning_rate=self.learning_rate)
        rng = as_generator("random_state", self.random_state)
        features, targets = self._start(X, y)
        weight, C = sample_weight.astype(np.float64), max(2, len(np.unique(y)))
        self.estimators_, self.alphas_ = [], []
        for _ in range(self.n_estimators):
            member = self._member(X, y, weight, features, targets, rng)
            wrong = self._member_proba(member, X).argmax(axis=1) != y
            error = max(weight[wrong].sum() / weight.sum(), SURE)
            if error >= 1 - 1 / C:
                if self.estimators_:
                    break
                self._warn_of_chance(error)
            alpha = vote(error, C, self.learning_rate)
            self.estimators_.append(member)
            self.alphas_.append(alpha)
            if error == SURE or alpha <= 0:
                break
            weight = boosted(weight, wrong, alpha)
        if len(self.estimators_) == 1:
            self.alphas_ = [1.0]

    def _warn_of_chance(self, error):
        warn_caller(
            f"the first member has a weighted error of {error:.2g}, no better than chance, so AdaBoost ended with it: "
            "its votes say nothing. Give a stronger estimator, for instance DecisionTree(max_depth=3)",
            recognised(ConvergenceWarning),
        )

    def _predict_proba(self, X):
        votes = sum(alpha * self._votes(m, X) for alpha, m in zip(self.alphas_, self.estimators_, strict=True))
        return votes / sum(self.alphas_)


def vote(error, n_classes, learning_rate):
    """alpha = learning_rate (log((1 - error) / error) + log(C - 1))."""
    return learning_rate * (np.log((1 - error) / error) + np.log(n_classes - 1))


def boosted(weight, wrong, alpha):
    """weight exp(alpha 1[wrong]), scaled to its old sum. weight (N,), wrong (N,) bool -> (N,)."""
    grown = weight * np.exp(alpha * (wrong - 1.0))  # the same, but for the scale, and never infinite
    return grown * (weight.sum() / grown.sum())
