"""A linear classifier on the logarithms of posteriors, and the likelihood of noisy labels behind it, by W, b and T.

p_n = softmax(x_n W + b), x_n = log q_n, standardised. Any classifier's posteriors q become clean posteriors p this way,
and W and b can be fitted together with T.
"""

import numpy as np

from ..simplex import softmax

LEAST = 1e-4  # smaller posteriors tell a linear classifier nothing more


def log_features(q):
    """log q, at least log(1e-4), each column with mean 0 and deviation 1. (N, C) -> (N, C)."""
    x = np.log(np.maximum(q, LEAST))
    spread = x.std(axis=0)
    return np.divide(x - x.mean(axis=0), spread, out=np.zeros_like(x), where=spread > 0)


def pack(w, b):
    """w (D, C) and b (C,) as one vector."""
    return np.concatenate([w.ravel(), b])


def unpack(v, n_classes):
    """w (D, C) and b (C,) of a vector."""
    return v[:-n_classes].reshape(-1, n_classes), v[-n_classes:]


def noisy_loss(v, T, x, y, l2):
    """L = -(1/N) sum_n log (T p_n)_{y_n} + l2/2 |w|^2 with its gradients by v = (w, b) and by T.

    dz_n = (p_n - r_n) / N, r_nl = T[y_n, l] p_nl / (T p_n)_{y_n}.
    dT[i, l] = -(1/N) sum over y_n = i of p_nl / (T p_n)_i.
    v (D C + C,), T (C, C), x (N, D), y (N,) -> L, dv, dT.
    """
    w, b = unpack(v, len(T))
    p = softmax(x @ w + b)
    likelihood = np.maximum((p * T[y]).sum(axis=1), np.finfo(float).tiny)  # 0 where T has no label of the kind
    dz = (p - p * T[y] / likelihood[:, None]) / len(x)
    dT = -np.eye(len(T))[y].T @ (p / likelihood[:, None]) / len(x)
    loss = -np.log(likelihood).mean() + 0.5 * l2 * (w * w).sum()
    return float(loss), pack(x.T @ dz + l2 * w, dz.sum(axis=0)), dT
