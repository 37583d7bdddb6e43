"""Equations written as they are printed, slow and independent of the library: what the properties compare with.

Missing brackets and unbound indices of the report are put right and said so; nothing is simplified.
"""

import numpy as np


def log_softmax(z):
    """log of eq. (22), each row on its own. z (N, C) -> (N, C)."""
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def softmax(z):
    """Eq. (22). z (N, C) -> (N, C)."""
    return np.exp(log_softmax(z))


def cross_entropy(z, y):
    """Eq. (23). z (N, C), y (N,) -> (N,)."""
    return -log_softmax(z)[np.arange(len(y)), y]


def loss_of_every_label(value, z, T):
    """L[n, i] = value(z_n, i, T): what sample n would cost under each noisy label i. z (N, C) -> (N, C)."""
    N, C = z.shape
    return np.stack([value(z, np.full(N, i), T) for i in range(C)], axis=1)


def printed_gradient(z, y, gamma):
    """Eq. (17) with x_n = 1, its missing bracket closed: the gradient of the log-likelihood in each logit.

    Each factor stands where the report has it. z (N, C) for the w_k^T x_n, y (N,), gamma (C, C) -> (N, C).
    """
    N, C = z.shape
    e = np.exp(z)
    out = np.zeros((N, C))
    for n in range(N):
        for k in range(C):
            for c in range(C):
                y_nc = float(y[n] == c)
                noisy = sum(gamma[l, c] * e[n, l] / e[n].sum() for l in range(C))  # eq. (14)
                bracket = sum((gamma[k, c] - gamma[j, c]) * e[n, j] for j in range(C))
                out[n, k] += y_nc / noisy * e[n, k] * bracket / e[n].sum() ** 2
    return out


def printed_flip_rates(gamma, p, y):
    """Eq. (19) with its unbound c bound to k, and its second "C", the sum over k, taken for each row j.

    gamma (C, C), p (N, C) for the softmax, y (N,) -> (C, C).
    """
    C = len(gamma)
    unscaled = np.zeros((C, C))
    for j in range(C):
        for k in range(C):
            for n in range(len(y)):
                noisy = sum(gamma[l, k] * p[n, l] for l in range(C))  # eq. (14)
                unscaled[j, k] += gamma[j, k] * float(y[n] == k) / noisy * p[n, j]
    return unscaled / unscaled.sum(axis=1, keepdims=True)


def printed_binary_loss(z, y, rho_positive, rho_negative):
    """Eq. (24), case by case. z (N, 2), y (N,) with class 1 for y = +1 and class 0 for y = -1 -> (N,)."""
    rho = {+1: rho_positive, -1: rho_negative}
    out = np.empty(len(y))
    for n in range(len(y)):
        sign = 2 * int(y[n]) - 1
        L = {+1: -log_softmax(z)[n, 1], -1: -log_softmax(z)[n, 0]}
        out[n] = ((1 - rho[-sign]) * L[sign] - rho[sign] * L[-sign]) / (1 - rho[+1] - rho[-1])
    return out


def entropies(p):
    """H(p) of each column in nats, 0 log 0 = 0. p (C, M) -> (M,)."""
    return (p * -np.log(p, out=np.zeros_like(p), where=p > 0)).sum(axis=0)
