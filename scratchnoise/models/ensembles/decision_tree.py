"""A decision tree on binned features."""

from collections.abc import Sequence

import numpy as np

from ...checks import as_generator, check_below_one, check_count, is_whole
from ...messages import shown
from ..base import Classifier
from .bins import Binned, binned
from .tree import grow, values_at


class DecisionTree(Classifier):
    """A tree of splits x_d <= t, each the one of the largest fall of the Gini impurity sum_k p_k (1 - p_k).

    Thresholds lie between at most 256 bins a feature. P(y = c | x) is the share of c in the leaf of x: labels as they
    are, so a deep tree learns the wrong ones by heart.
    max_depth: None for no limit; min_samples_leaf: samples that each side of a split has at least;
    min_weight_fraction_leaf: share of all weight that it has at least; max_features: how
    many features are tried at each node, drawn anew: None for all, "sqrt" (of a random forest) or a number.
    random_state: seed of that drawing, and of which split is taken where several are the best.
    Learnt: tree_, a dict of arrays over the nodes (see `tree.grow`).
    Source: Breiman, Friedman, Olshen and Stone 1984; the bins are those of gradient boosting libraries.
    """

    def __init__(
        self,
        max_depth: int | None = None,
        min_samples_leaf: int = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: int | str | None = None,
        random_state: int | np.random.Generator | None = None,
        class_weight: dict | str | None = None,
        classes: Sequence | None = None,
    ) -> None:
        self.max_depth = max_depth
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.random_state = random_state
        self.class_weight = class_weight
        self.classes = classes

    def _fit(self, X, y, sample_weight):
        self.fit_binned(binned(X), np.eye(len(self.classes_))[y], sample_weight)

    def fit_binned(self, features: Binned, targets: np.ndarray, weight: np.ndarray) -> "DecisionTree":
        """Grow the tree on features that are binned already. features: Binned; targets (N, K); weight (N,) >= 0."""
        self._check_parameters()
        D = features.codes.shape[1]
        named: dict = {None: D, "sqrt": max(1, int(np.sqrt(D)))}
        tried = named.get(self.max_features, self.max_features)
        check_count(1, D, max_features=tried)
        rng = as_generator("random_state", self.random_state)
        counts = weight > 0
        if not counts.all():
            features = features._replace(codes=features.codes[counts])
            targets, weight = targets[counts], weight[counts]
        least = self.min_samples_leaf, self.min_weight_fraction_leaf * weight.sum(dtype=np.float64)
        self.tree_ = grow(features, targets, weight, self.max_depth, *least, tried, rng)
        return self

    def _check_parameters(self):
        if self.max_depth is not None:
            check_count(max_depth=self.max_depth)
        check_count(min_samples_leaf=self.min_samples_leaf)
        check_below_one(min_weight_fraction_leaf=self.min_weight_fraction_leaf)
        if self.max_features is not None and self.max_features != "sqrt" and not is_whole(self.max_features):
            raise ValueError(f"max_features={shown(self.max_features)} should be None, 'sqrt' or a whole number")

    def _predict_proba(self, X):
        return values_at(self.tree_, X)
