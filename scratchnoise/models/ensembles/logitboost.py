"""LogitBoost: boosting as Newton steps on the likelihood of logistic regression."""

from collections.abc import Sequence

import numpy as np

from ...checks import as_generator, check_count, check_positive
from ...simplex import softmax
from ..base import Classifier
from .bins import binned
from .decision_tree import DecisionTree
from .tree import values_at

MOST_RESPONSE = 4.0  # the paper: between 2 and 4
LEAST_CURVATURE = 1e-8


class LogitBoost(Classifier):
    """P(y = c | x) = softmax(F(x))_c, F a sum of regression trees, each a weighted least-squares fit of a Newton step.

    Section 2.1. In each round and for each class c: curvature h = p_c (1 - p_c), working response u = (1[y = c] - p_c)
    / h, at most 4 in size; f_c is the tree that fits u with weights h; F_c grows by
    learning_rate (C - 1) / C (f_c - mean_k f_k). The loss of a sample grows linearly with its margin, not exponentially
    as AdaBoost's, so a wrong label pulls with at most 1.
    max_depth: of the trees; n_estimators: rounds; random_state: which of equal splits is taken.
    Learnt: boosted_, the indices of the C classes that have samples, the others have probability 0; trees_, C each
    round.
    Source: Friedman, Hastie and Tibshirani 2000, algorithm 6, [FHT+00].
    """

    def __init__(
        self,
        n_estimators: int = 50,
        max_depth: int | None = 1,
        min_samples_leaf: int = 1,
        learning_rate: float = 0.5,
        random_state: int | np.random.Generator | None = None,
        classes: Sequence | None = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.learning_rate = learning_rate
        self.random_state = random_state
        self.classes = classes

    def _fit(self, X, y, sample_weight):
        check_count(n_estimators=self.n_estimators)
        check_positive(learning_rate=self.learning_rate)
        rng = as_generator("random_state", self.random_state)
        self.boosted_, index = np.unique(y, return_inverse=True)
        features, targets = binned(X), np.eye(len(self.boosted_))[index]
        F, self.trees_ = np.zeros(targets.shape), []
        for _ in range(self.n_estimators):
            u, h = working_response(F, targets)
            trees = [self._tree(features, u[:, c], h[:, c] * sample_weight, rng) for c in range(targets.shape[1])]
            F += self.learning_rate * self._step(trees, X)
            self.trees_.append(trees)

    def _tree(self, features, response, weight, rng):
        tree = DecisionTree(self.max_depth, self.min_samples_leaf, random_state=int(rng.integers(2**31)))
        return tree.fit_binned(features, response[:, None], weight).tree_

    def _step(self, trees, X):
        f = np.column_stack([values_at(tree, X) for tree in trees])
        C = f.shape[1]
        return (C - 1) / C * (f - f.mean(axis=1, keepdims=True))

    def _logits(self, X):
        z = np.full((len(X), len(self.classes_)), -np.inf)
        z[:, self.boosted_] = self.learning_rate * sum(self._step(trees, X) for trees in self.trees_)
        return z

    def _predict_proba(self, X):
        return softmax(self._logits(X))


def working_response(F, targets):
    """u = (e_y - p) / h, clipped to [-4, 4], and h = p (1 - p), at least 1e-8. F, targets (N, C) -> (N, C) each."""
    p = softmax(F)
    h = np.maximum(p * (1 - p), LEAST_CURVATURE)
    return np.clip((targets - p) / h, -MOST_RESPONSE, MOST_RESPONSE), h
