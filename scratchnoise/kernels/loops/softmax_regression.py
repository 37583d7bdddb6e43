"""Softmax regression, plain and robust, as explicit loops: the loss with its gradient, and the steps of an epoch.

`vectors/softmax_regression.py` computes the same faster.

N samples, C classes, D features, M entries of `order`.
"""

import numpy as np

from .losses import forward_cross_entropy, forward_cross_entropy_grad


def linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
    """For each batch: dz_n = weight_n (p_n - r_n) / |B|, w <- w - learning_rate (sum_n x_n dz_n^T + l2 w).

    With T = I, r_n is the one-hot vector of y_n: equation (11).
    """
    D, C = w.shape
    w = w.copy()
    b = b.copy()
    sum_of_losses = np.float64(0.0)
    for start in range(0, order.size, batch_size):
        batch = order[start : start + batch_size]
        loss, dw, db = linear_loss_grad(w, b, x[batch], y[batch], T, sample_weight[batch])
        sum_of_losses += batch.size * loss
        for c in range(C):
            for d in range(D):
                w[d, c] -= learning_rate * (dw[d, c] + l2 * w[d, c])
            b[c] -= learning_rate * db[c]
    return w, b, float(sum_of_losses / max(order.size, 1))


def linear_loss_grad(w, b, x, y, T, sample_weight):
    """loss = (1/N) sum_n weight_n (-log (T p_n)_{y_n}), dz_n = weight_n (p_n - r_n) / N, dw = sum_n x_n dz_n^T."""
    N, (D, C) = y.size, w.shape
    sum_of_losses = np.float64(0.0)
    dw = np.zeros((D, C), np.float64)
    db = np.zeros(C, np.float64)
    for n in range(N):
        z = logits_of(x[n], w, b)
        label = y[n : n + 1]
        sum_of_losses += sample_weight[n] * forward_cross_entropy(z, label, T)[0]
        dz = forward_cross_entropy_grad(z, label, T)
        for c in range(C):
            slope = sample_weight[n] * dz[0, c] / N
            for d in range(D):
                dw[d, c] += x[n, d] * slope
            db[c] += slope
    return float(sum_of_losses / max(N, 1)), dw.astype(w.dtype), db.astype(w.dtype)


def logits_of(x, w, b):
    """z[0, c] = b[c] + sum_d x[d] w[d, c]: the logits of one sample, as a batch of one."""
    z = np.empty((1, b.size), w.dtype)
    for c in range(b.size):
        total = np.float64(b[c])
        for d in range(x.size):
            total += x[d] * w[d, c]
        z[0, c] = total
    return z


def flip_rate_update(gamma, p, y, sample_weight):
    """G[j, k] = sum of weight r_j over samples labelled k, rows normalised."""
    C = gamma.shape[0]
    new = np.zeros((C, C), np.float64)
    for n in range(y.size):
        k = y[n]
        noisy = np.float64(0.0)
        for j in range(C):
            noisy += gamma[j, k] * p[n, j]
        if noisy != 0:  # a label that gamma calls impossible says nothing about gamma
            for j in range(C):
                new[j, k] += sample_weight[n] * (gamma[j, k] * p[n, j] / noisy)
    for j in range(C):
        total = new[j].sum()
        for k in range(C):
            new[j, k] = new[j, k] / total if total != 0 else gamma[j, k]
    return new.astype(gamma.dtype)
