"""The probability simplex: probabilities in proportion to exponentials, and those that are nearest to numbers."""

import numpy as np


def softmax(z, axis=1):
    """exp(z) / sum exp(z) along an axis, on the host and in the dtype of z: the kernel of that name is for training."""
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def project_to_simplex(v):
    """The nearest probabilities to each row, in the Euclidean norm: max(v - tau, 0) with tau such that they sum to 1.

    v (N, C) -> (N, C); the order within a row is kept. Source: Duchi et al. 2008.
    """
    descending = -np.sort(-v, axis=1)
    rank = np.arange(1, v.shape[1] + 1)
    tau = (descending.cumsum(axis=1) - 1) / rank
    last = (descending > tau).sum(axis=1) - 1  # the largest rank whose entry stays positive
    return np.maximum(v - tau[np.arange(len(v)), last][:, None], 0)
