"""The EM algorithm of Lawrence and Schoelkopf: Gaussian classes whose labels were flipped."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_choice, check_count, check_not_negative, check_positive
from ..messages import warn_caller
from ..simplex import softmax
from ..transition import TransitionMatrix
from .base import Classifier
from .conventions import ConvergenceWarning, recognised
from .flip_rates import flip_rates, starting_rates
from .gaussians import COVARIANCES, Gaussians, inverse_roots, likeliest, log_joint
from .scaling import moments, standardised
from .validation import as_transition_for


class LabelNoiseEM(Classifier):
    """P(x, noisy = i) = sum_j T[i, j] P(true = j) N(x; mean_j, S_j), fitted by EM with latent true labels.

    Eq. (4). Eq. (5). Eq. (6), with the sum over the latent label.
    E step: r_nj = P(true = j | x_n, noisy_n), proportional to T[y_n, j] P(j) N(x_n; mean_j, S_j). M step: the moments
    weighted by r, and T[i, j] = sum of r_nj over the samples labelled i, columns scaled to sum 1. Starts at the labels:
    T = (1 - s) I + s / C with s = flip_start.
    T: matrix in the order of `classes_`, or None to learn it. covariance: "full", "diagonal", or "shared" by all.
    ridge: added to each variance, in units of its feature's: N stands for exp(mean of log N) over samples spread by
    N(0, ridge I) around x. So a direction in which no sample differs favours no class, and the objective never falls.
    tol: least gain of the objective a sample; max_iter: rounds of EM.
    Learnt: T_ (TransitionMatrix), gaussians_ (prior, mean, covariance: of standardised features, without constant
    ones, on which every density would be infinite), objective_ (of each round), n_iter_.
    Raises ValueError where a covariance is singular. Warns (ConvergenceWarning) when max_iter rounds were too few.
    Source: Lawrence and Schoelkopf 2001, [LS01].
    """

    def __init__(
        self,
        T: ArrayLike | None = None,
        covariance: str = "full",
        ridge: float = 1e-3,
        flip_start: float = 0.2,
        tol: float = 1e-7,
        max_iter: int = 1000,
        class_weight: dict | str | None = None,
        classes: Sequence | None = None,
    ) -> None:
        self.T = T
        self.covariance = covariance
        self.ridge = ridge
        self.flip_start = flip_start
        self.tol = tol
        self.max_iter = max_iter
        self.class_weight = class_weight
        self.classes = classes

    def _fit(self, X, y, sample_weight):
        self._check_parameters()
        X, weight, C = X.astype(np.float64, copy=False), sample_weight.astype(np.float64), len(self.classes_)
        self.input_mean_, self.input_scale_ = moments(X, weight)
        rounding = 10 * np.finfo(X.dtype).eps * np.abs(self.input_mean_)
        self.varying_ = np.flatnonzero(np.ptp(X, axis=0) > rounding)
        X = self._standardised(X)
        known = None if self.T is None else as_transition_for(self.T, self.classes_, self.class_count_).array
        T = starting_rates(self.flip_start, np.bincount(y, minlength=C) > 0) if known is None else known
        r = T[y] / T[y].sum(axis=1, keepdims=True)
        self.objective_ = []
        for _ in range(self.max_iter):
            gaussians = likeliest(X, r, weight, self.covariance, self.ridge)
            if known is None and self.objective_:
                T = flip_rates(r, y, weight)
            before, (r, value) = r, self._expect(X, y, weight, gaussians, T)
            self.objective_.append(value)
            if np.array_equal(r, before):  # T = I: the labels are certain from the start
                break
            if len(self.objective_) > 1 and value - self.objective_[-2] <= self.tol:
                break
        else:
            message = (
                f"LabelNoiseEM stopped after max_iter={self.max_iter} rounds, still gaining; raise max_iter or tol"
            )
            warn_caller(message, recognised(ConvergenceWarning))
        self.n_iter_ = len(self.objective_)
        self.T_ = TransitionMatrix(T)
        self.gaussians_ = tuple(gaussians)

    def _expect(self, X, y, weight, gaussians, T):
        """Eq. (5) r (N, C), and Eq. (4) a sample."""
        try:
            roots = inverse_roots(gaussians.covariance, self.covariance)
        except np.linalg.LinAlgError as error:
            raise ValueError(
                f"a class has a singular covariance: too few different samples for covariance={self.covariance!r} with "
                f"ridge={self.ridge}; raise ridge, or use 'shared' or 'diagonal'"
            ) from error
        with np.errstate(divide="ignore"):  # an impossible flip
            log_T = np.log(T[y])
        joint = log_T + log_joint(X, gaussians, roots, self.covariance, self.ridge)
        top = joint.max(axis=1, keepdims=True)
        likelihood = np.log(np.exp(joint - top).sum(axis=1, keepdims=True)) + top
        return np.exp(joint - likelihood), float(weight @ likelihood[:, 0] / weight.sum())

    def _check_parameters(self):
        check_choice(COVARIANCES, covariance=self.covariance)
        check_not_negative(ridge=self.ridge, tol=self.tol)
        check_count(max_iter=self.max_iter)
        check_positive(flip_start=self.flip_start)
        if self.flip_start >= 1:
            raise ValueError(f"flip_start={self.flip_start} should be below 1: equal columns of T would stay equal")

    def _standardised(self, X):
        """The features that vary, less their means and divided by their deviations."""
        X = standardised(X.astype(np.float64, copy=False), self.input_mean_, self.input_scale_)
        return X if len(self.varying_) == X.shape[1] else X[:, self.varying_]

    def _logits(self, X):
        gaussians = Gaussians(*self.gaussians_)
        roots = inverse_roots(gaussians.covariance, self.covariance)
        return log_joint(self._standardised(X), gaussians, roots, self.covariance, self.ridge)

    def _predict_proba(self, X):
        return softmax(self._logits(X))
