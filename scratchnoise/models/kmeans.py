"""k-means with k-means++, and clusters that are named by labels: a classifier whose borders no label can move."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..checks import as_generator, check_count, check_not_negative
from ..messages import warn_caller
from .base import Classifier
from .conventions import ConvergenceWarning, recognised
from .scaling import place_and_unit, standardised


class Clusters(NamedTuple):
    """centres (K, D), nearest (N,): each sample's cluster, inertia: summed squared distances, n_iter: rounds.

    converged: whether the last round gained no more than tol.
    """

    centres: np.ndarray
    nearest: np.ndarray
    inertia: float
    n_iter: int
    converged: bool


def squared_distances(X, centres):
    """|x_n - centre_k|^2, not negative. X (N, D), centres (K, D) -> (N, K)."""
    square = (X * X).sum(axis=1)[:, None] - 2 * X @ centres.T + (centres * centres).sum(axis=1)
    return np.maximum(square, 0)


def closeness(X, centres):
    """x m - |m|^2 / 2, the larger the nearer: |x - m|^2 = |x|^2 - 2 (x m - |m|^2 / 2), and |x|^2 can hide the rest.

    X (N, D), centres (K, D) -> (N, K).
    """
    return X @ centres.T - (centres * centres).sum(axis=1) / 2


def spread_out(X, weight, n_clusters, rng):
    """Greedy k-means++: of 2 + log K samples, drawn in proportion to weight times squared distance from the centres
    so far, the next centre is the one that leaves the least weighted sum of squared distances.

    X (N, D), weight (N,) -> (K, D). Source: Arthur and Vassilvitskii 2007, who draw one and mention several.
    """
    square = (X * X).sum(axis=1)
    chosen = [rng.choice(len(X), p=weight / weight.sum())]
    near = squared_distances(X, X[chosen])[:, 0]
    while len(chosen) < n_clusters:
        odds = weight * near
        total = (odds if odds.any() else weight).cumsum()  # no odds: fewer different samples than clusters
        places = np.searchsorted(total, rng.random(2 + int(np.log(n_clusters))) * total[-1], side="right")
        drawn = np.minimum(places, len(X) - 1)
        nearer = np.clip(square - 2 * X[drawn] @ X.T + square[drawn, None], 0, near)
        best = (nearer @ weight).argmin()
        near = nearer[best]
        chosen.append(drawn[best])
    return X[chosen]


def lloyd(X, weight, centres, tol, max_iter):
    """Samples to their nearest centre, centres to the mean of their samples, until the inertia gains no more than tol.

    A centre without samples stays. tol: share of the inertia -> Clusters. Source: Lloyd 1982.
    """
    samples, farthest = np.arange(len(X)), float(weight @ (X * X).sum(axis=1))
    members = np.empty((len(centres), len(X)))
    before, n_iter, converged = np.inf, 0, False
    while n_iter < max_iter:
        n_iter += 1
        close = closeness(X, centres)
        nearest = close.argmax(axis=1)
        inertia = max(farthest - 2 * float(weight @ close[samples, nearest]), 0.0)
        converged = before - inertia <= tol * inertia
        if converged:
            break
        before = inertia
        members[:] = 0
        members[nearest, samples] = weight
        counts = members.sum(axis=1)[:, None]
        centres = np.where(counts > 0, members @ X / np.where(counts > 0, counts, 1), centres)
    return Clusters(centres, nearest, inertia, n_iter, converged)


class KMeansClassifier(Classifier):
    """k-means on X alone, sum_n min_k |x_n - m_k|^2 -> min; then each cluster is named by the label of most samples.

    Section 4.1.1. The borders depend on no label, so no wrong label can move them; but the classes have to be clusters.
    P(y = c | x) is the share of label c in the cluster of x among the samples that were asked.
    n_clusters: None for the number of classes with samples. n_labels: how many samples a cluster are asked, those
    nearest to its centre, None for all. n_init: starts by k-means++, of which the lowest inertia is kept. tol,
    max_iter: see `lloyd`. scaling: "standard", distances are of features less their mean and divided by their
    deviation, or None, as they are.
    Learnt: centres_ (K, D) and inertia_, of scaled features, names_ (K, C), n_iter_, input_mean_, input_scale_. A
    cluster without a label takes the shares of all. Warns (ConvergenceWarning) when max_iter rounds were too few.
    Source: Lloyd 1982; Arthur and Vassilvitskii 2007 for the starts.
    """

    def __init__(
        self,
        n_clusters: int | None = None,
        n_labels: int | None = None,
        n_init: int = 3,
        tol: float = 1e-6,
        max_iter: int = 300,
        random_state: int | np.random.Generator | None = None,
        classes: Sequence | None = None,
        scaling: str | None = "standard",
    ) -> None:
        self.n_clusters = n_clusters
        self.n_labels = n_labels
        self.n_init = n_init
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.classes = classes
        self.scaling = scaling

    def _fit(self, X, y, sample_weight):
        check_count(n_init=self.n_init, max_iter=self.max_iter)
        check_not_negative(tol=self.tol)
        for name in ("n_clusters", "n_labels"):
            if getattr(self, name) is not None:
                check_count(**{name: getattr(self, name)})
        rng = as_generator("random_state", self.random_state)
        X, weight = X.astype(np.float64), sample_weight.astype(np.float64)
        self.input_mean_, self.input_scale_ = place_and_unit(X, weight, self.scaling)
        X = standardised(X, self.input_mean_, self.input_scale_)
        K = len(np.unique(y)) if self.n_clusters is None else self.n_clusters
        starts = (spread_out(X, weight, K, rng) for _ in range(self.n_init))
        found = min((lloyd(X, weight, start, self.tol, self.max_iter) for start in starts), key=lambda f: f.inertia)
        self.centres_, self.inertia_, self.n_iter_ = found.centres, found.inertia, found.n_iter
        self.names_ = self._names(X, y, weight, found)
        if not found.converged:
            message = (
                f"KMeansClassifier stopped after max_iter={self.max_iter} rounds, still gaining; raise max_iter or tol"
            )
            warn_caller(message, recognised(ConvergenceWarning))

    def _names(self, X, y, weight, found):
        """The shares of the labels in each cluster, (K, C)."""
        C, overall = len(self.classes_), np.bincount(y, weight, len(self.classes_))
        names = np.empty((len(found.centres), C))
        for k, centre in enumerate(found.centres):
            members = np.flatnonzero(found.nearest == k)
            if self.n_labels is not None:
                order = np.argsort(squared_distances(X[members], centre[None])[:, 0], kind="stable")
                members = members[order[: self.n_labels]]
            counts = np.bincount(y[members], weight[members], C) if len(members) else overall
            names[k] = counts / counts.sum()
        return names

    def _predict_proba(self, X):
        X = standardised(X, self.input_mean_, self.input_scale_)
        return self.names_[closeness(X, self.centres_).argmax(axis=1)]
