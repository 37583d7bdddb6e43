"""Gaussian densities of the classes: their logarithms, and the parameters that are the likeliest for soft labels."""

from typing import NamedTuple

import numpy as np

COVARIANCES = ("full", "diagonal", "shared")


class Gaussians(NamedTuple):
    """prior (C,), mean (C, D), covariance (C, D, D): of a class each, in "shared" C times the same."""

    prior: np.ndarray
    mean: np.ndarray
    covariance: np.ndarray


def likeliest(X, r, weight, kind, penalty):
    """The maximum of sum_n w_n sum_j r_nj log(prior_j N(x_n; mean_j, S_j)) - penalty / 2 sum_j tr(S_j^-1) / C.

    With N_j = sum_n w_n r_nj and A_j = sum_n w_n r_nj (x - mean_j)(x - mean_j)^T: prior_j = N_j / N and
    S_j = (A_j + penalty / C I) / N_j, of which "diagonal" keeps the diagonal; "shared" is (sum_j A_j + penalty I) / N.
    X (N, D), r (N, C) rows summing to 1, weight (N,), kind one of COVARIANCES, penalty >= 0 -> Gaussians.
    """
    C, D = r.shape[1], X.shape[1]
    r = r * weight[:, None]
    count = np.maximum(r.sum(axis=0), np.finfo(float).tiny)
    mean = (r.T @ X) / count[:, None]
    scatter = np.empty((C, D, D))
    for j in range(C):
        centred = X - mean[j]
        if kind == "diagonal":
            scatter[j] = np.diag(r[:, j] @ centred**2)
        else:
            scatter[j] = (r[:, j, None] * centred).T @ centred
    if kind == "shared":
        covariance = np.repeat((scatter.sum(axis=0) + penalty * np.eye(D))[None], C, axis=0) / count.sum()
    else:
        covariance = (scatter + penalty / C * np.eye(D)) / count[:, None, None]
    return Gaussians(count / count.sum(), mean, covariance)


def log_joint(X, gaussians):
    """log(prior_j N(x_n; mean_j, S_j)). X (N, D) -> (N, C). Raises LinAlgError where an S_j is singular."""
    found = np.empty((len(X), len(gaussians.prior)))
    for j, (prior, mean, covariance) in enumerate(zip(*gaussians, strict=True)):
        root = np.linalg.cholesky(covariance)
        whitened = np.linalg.solve(root, (X - mean).T)
        volume = 2 * np.log(np.diag(root)).sum() + len(mean) * np.log(2 * np.pi)
        found[:, j] = np.log(prior) - (volume + (whitened**2).sum(axis=0)) / 2
    return found


def penalty_on(gaussians, penalty):
    """penalty / 2 times the mean over classes of tr(S_j^-1): what keeps a covariance from collapsing."""
    return penalty / 2 * np.mean([np.trace(np.linalg.inv(covariance)) for covariance in gaussians.covariance])
