"""Gaussian densities of the classes: their logarithms, and the parameters that are the likeliest for soft labels."""

from typing import NamedTuple

import numpy as np

from .kmeans import squared_distances

COVARIANCES = ("full", "diagonal", "shared")
ROUNDING = 100 * np.finfo(np.float64).eps
MORE_THAN_ROUNDING = 1e-10  # of the variance of standardised features: a difference of scatters is not as exact


class Gaussians(NamedTuple):
    """prior (C,), mean (C, D), covariance (C, D, D): of a class each, in "shared" C times the same."""

    prior: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def likeliest(X, r, weight, kind, ridge):
    """The maximum of sum_n w_n sum_j r_nj (log(prior_j N(x_n; mean_j, S_j)) - ridge / 2 tr(S_j^-1)), see `log_joint`.

    With N_j = sum_n w_n r_nj and A_j = sum_n w_n r_nj (x - mean_j)(x - mean_j)^T: prior_j = N_j / N and
    S_j = A_j / N_j + ridge I, of which "diagonal" keeps the diagonal; "shared" is sum_j A_j / N + ridge I.
    Where N_j = 0 the prior is 0, and mean and covariance, which do not matter, are those of all standardised data.
    X (N, D), r (N, C) rows summing to 1, weight (N,), kind one of COVARIANCES, ridge >= 0 -> Gaussians.
    """
    C, D = r.shape[1], X.shape[1]
    r = r * weight[:, None]
    count = r.sum(axis=0)
    empty, divisor = count == 0, np.maximum(count, np.finfo(float).tiny)
    mean = (r.T @ X) / divisor[:, None]
    if kind == "shared" and ridge > MORE_THAN_ROUNDING:
        scatter = _products(X, weight) - (mean.T * count) @ mean  # one product of X for all classes
    else:
        scatter = np.stack([_scatter(X - mean[j], r[:, j], kind) for j in range(C)])
        scatter = scatter.sum(axis=0) if kind == "shared" else scatter
    if kind == "shared":
        covariance = np.repeat(scatter[None] / count.sum(), C, axis=0) + ridge * np.eye(D)
    else:
        covariance = scatter / divisor[:, None, None] + ridge * np.eye(D)
        covariance[empty] = np.eye(D)
    return Gaussians(count / count.sum(), mean, covariance)


def _scatter(centred, weight, kind):
    """sum_n w_n x x^T, (D, D), or of "diagonal" its diagonal in a matrix of zeros."""
    return np.diag(weight @ centred**2) if kind == "diagonal" else _products(centred, weight)


def _products(X, weight):
    """sum_n w_n x x^T, (D, D); of a matrix with itself BLAS computes one half."""
    scaled = np.sqrt(weight)[:, None] * X
    return scaled.T @ scaled


def inverse_roots(covariance, kind):
    """A_j with A_j^T A_j = S_j^-1: (C, D, D), of "diagonal" (C, D), of "shared" (1, D, D).

    Raises LinAlgError where an S_j is singular, but for rounding; features are standardised.
    """
    if kind == "diagonal":
        deviations = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2))
        _refuse_rounding(deviations)
        return 1 / deviations
    roots = np.linalg.cholesky(covariance[:1] if kind == "shared" else covariance)
    _refuse_rounding(np.diagonal(roots, axis1=1, axis2=2))
    return np.linalg.inv(roots)


def _refuse_rounding(deviations):
    """Raise LinAlgError where a feature, given those before it, hardly varies beside its deviation of 1 in all data."""
    if not (deviations**2 > ROUNDING).all():
        raise np.linalg.LinAlgError("a variance is 0 but for rounding")


def log_joint(X, gaussians, roots, kind, ridge):
    """log(prior_j N(x_n; mean_j, S_j)) - ridge / 2 tr(S_j^-1): the mean over samples spread by N(0, ridge I) around x.

    Where no sample differs, each S_j is `ridge` and all classes lose alike. X (N, D), roots: `inverse_roots` -> (N, C).
    """
    diagonal = roots if kind == "diagonal" else np.diagonal(roots, axis1=1, axis2=2)
    volume = gaussians.mean.shape[1] * np.log(2 * np.pi) - 2 * np.log(diagonal).sum(axis=1)
    with np.errstate(divide="ignore"):  # a class without samples
        log_prior = np.log(gaussians.prior)
    spread = ridge * (roots**2).sum(axis=tuple(range(1, roots.ndim)))
    return log_prior - (volume + spread + _square_lengths(X, gaussians.mean, roots, kind)) / 2


def _square_lengths(X, mean, roots, kind):
    """|A_j (x_n - mean_j)|^2, (N, C)."""
    if kind == "shared":
        return squared_distances(X @ roots[0].T, mean @ roots[0].T)
    found = np.empty((len(X), len(mean)))
    for j, (m, A) in enumerate(zip(mean, roots, strict=True)):
        found[:, j] = (X - m) ** 2 @ A**2 if kind == "diagonal" else _lengths((X - m) @ A.T)
    return found


def _lengths(X):
    """|x_n|^2, (N,)."""
    return np.einsum("nd,nd->n", X, X)
