"""k nearest neighbours: every label counts where it is, so a wrong one does too."""

from collections.abc import Sequence

import numpy as np

from ..checks import check_count
from .base import Classifier
from .scaling import place_and_unit, standardised

BLOCK = 64  # samples whose distances are in memory at a time: few enough for a cache
GROUP = 16  # distances of which the least is looked at first


def smallest(values, k):
    """The columns of the k smallest values of each row, in any order. values (M, N), finite -> (M, k).

    Columns go in groups. Each of the k smallest lies in one of the k groups whose least values are the smallest, so
    few values are left to choose from, and most are only compared.
    """
    M, N = values.shape
    groups = N // GROUP
    if groups <= k:
        return np.argpartition(values, k - 1, axis=1)[:, :k]
    even = values[:, : groups * GROUP].reshape(M, GROUP, groups)
    best = np.argpartition(even.min(axis=1), k - 1, axis=1)[:, :k]
    inside = (best[:, :, None] + groups * np.arange(GROUP)).reshape(M, -1)
    rest = np.broadcast_to(np.arange(groups * GROUP, N), (M, N - groups * GROUP))
    columns = np.concatenate([inside, rest], axis=1)
    left = np.argpartition(np.take_along_axis(values, columns, axis=1), k - 1, axis=1)[:, :k]
    return np.take_along_axis(columns, left, axis=1)


class KNeighbors(Classifier):
    """P(y = c | x) = the share of label c among the k training samples nearest to x, by Euclidean distance.

    Section 4.1.1 calls it a clustering, but it learns from labels: with k = 1 it repeats each wrong one, and a large k
    averages them out as long as the neighbours share a class. A sample of weight w counts as w neighbours.
    n_neighbors: at most the total weight of the samples, else ValueError in fit.
    scaling: "standard", distances are of features less their mean and divided by their deviation, or None, as they are.
    Learnt: samples_ (scaled), labels_, weight_, input_mean_, input_scale_.
    Source: Cover and Hart 1967, [CH67].
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        class_weight: dict | str | None = None,
        classes: Sequence | None = None,
        scaling: str | None = "standard",
    ) -> None:
        self.n_neighbors = n_neighbors
        self.class_weight = class_weight
        self.classes = classes
        self.scaling = scaling

    def _as_weights(self, sample_weight, y, X):
        weight = super()._as_weights(sample_weight, y, X)
        if sample_weight is None:
            return weight
        given = np.asarray(sample_weight, np.float64)  # a weight is a number of neighbours, so it keeps its size
        return given if self.class_weight is None else weight * given[given > 0].mean()

    def _fit(self, X, y, sample_weight):
        check_count(n_neighbors=self.n_neighbors)
        if self.n_neighbors > sample_weight.sum() + 1e-6 * len(y):
            total = f"{sample_weight.sum(dtype=np.float64):.6g}"
            what = "number of samples" if total == str(len(y)) else "total weight of the samples"
            raise ValueError(f"n_neighbors={self.n_neighbors} is more than the {what}, {total}")
        X = X.astype(np.float64)
        self.input_mean_, self.input_scale_ = place_and_unit(X, sample_weight, self.scaling)
        self.samples_, self.labels_ = standardised(X, self.input_mean_, self.input_scale_), y
        self.weight_ = sample_weight.astype(np.float64)

    def _predict_proba(self, X):
        half = (self.samples_**2).sum(axis=1) / 2
        parts = range(0, len(X), BLOCK)
        blocks = (standardised(X[start : start + BLOCK], self.input_mean_, self.input_scale_) for start in parts)
        return np.concatenate([self._shares(block, half) for block in blocks])

    def _shares(self, X, half):
        """P(y | x). half (N,): |x_n|^2 / 2; less x x_n it is half the squared distance, but for |x|^2 / 2."""
        distance = X @ self.samples_.T
        np.subtract(half, distance, out=distance)
        if (self.weight_ == 1).all():
            near = smallest(distance, self.n_neighbors)
            taken = np.ones(near.shape)
        else:
            near = np.argsort(distance, axis=1, kind="stable")
            weight = self.weight_[near]
            taken = np.clip(self.n_neighbors - (weight.cumsum(axis=1) - weight), 0, weight)
        votes = np.zeros((len(X), len(self.classes_)))
        np.add.at(votes, (np.arange(len(X))[:, None], self.labels_[near]), taken)
        return votes / votes.sum(axis=1, keepdims=True)
