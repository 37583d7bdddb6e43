"""The kernels as explicit loops, read straight off their equations: the reference, and what numba compiles.

Nothing here is decorated, so a debugger steps through it (`with backend("loops"):`). It is written from the
part of Python and NumPy that numba compiles; `numba_kernels.py` does so. Accumulators are float64 in both
forms (a bare 0.0 is float64 when compiled, and would follow float32 operands when stepped).

N samples, C classes, D features, F outputs of a linear layer.
"""

import numpy as np

try:
    from numba import prange  # an ordinary range until numba compiles it
except ImportError:
    prange = range

from .loop_image_kernels import (  # noqa: F401  the table is one namespace
    conv2d_backward,
    conv2d_backward_weights,
    conv2d_forward,
    conv2d_relu_maxpool2d_backward,
    conv2d_relu_maxpool2d_backward_weights,
    conv2d_relu_maxpool2d_forward,
    maxpool2d_backward,
    maxpool2d_forward,
    pool_image,
)
from .loop_layer_kernels import (  # noqa: F401
    dropout_backward,
    dropout_forward,
    linear_backward,
    linear_backward_weights,
    linear_forward,
    relu_backward,
    relu_forward,
    sgd_momentum,
    splitmix64,
)

# --- softmax and the two losses --------------------------------------------------------------------------


def log_sum_exp(z):
    """log sum_j exp(z_j) of one row, without overflow."""
    top = z[0]
    for j in range(1, z.size):
        top = max(top, z[j])
    if top == -np.inf:
        return np.float64(-np.inf)
    total = np.float64(0.0)
    for j in range(z.size):
        total += np.exp(np.float64(z[j] - top))
    return np.float64(top) + np.log(total)


def log_softmax(z):
    """z_c - log sum_l exp(z_l)."""
    out = np.empty_like(z)
    for n in range(z.shape[0]):
        norm = log_sum_exp(z[n])
        for j in range(z.shape[1]):
            out[n, j] = z[n, j] - norm
    return out


def softmax(z):
    """exp(z_c) / sum_l exp(z_l)."""
    out = np.empty_like(z)
    for n in range(z.shape[0]):
        norm = log_sum_exp(z[n])
        for j in range(z.shape[1]):
            out[n, j] = np.exp(z[n, j] - norm)
    return out


def signed_cross_entropy(z, a):
    """-sum_c a_c log softmax(z)_c."""
    loss = np.empty(z.shape[0], z.dtype)
    for n in range(z.shape[0]):
        norm = log_sum_exp(z[n])
        total = np.float64(0.0)
        for j in range(z.shape[1]):
            if a[n, j] != 0:  # 0 * log 0 is 0: a class of no weight may have no probability
                total += a[n, j] * (norm - z[n, j])
        loss[n] = total
    return loss


def signed_cross_entropy_grad(z, a):
    """(sum_c a_c) softmax(z) - a."""
    dz = np.empty_like(z)
    for n in range(z.shape[0]):
        norm = log_sum_exp(z[n])
        mass = np.float64(0.0)
        for j in range(z.shape[1]):
            mass += a[n, j]
        for j in range(z.shape[1]):
            dz[n, j] = mass * np.exp(z[n, j] - norm) - a[n, j]
    return dz


def forward_cross_entropy(z, y, T):
    """-log (T p)_y = log sum_j exp(z_j) - log sum_j T[y, j] exp(z_j)."""
    log_T = log_entries(T)
    loss = np.empty(z.shape[0], z.dtype)
    for n in range(z.shape[0]):
        loss[n] = log_sum_exp(z[n]) - log_sum_exp(z[n] + log_T[y[n]])
    return loss


def forward_cross_entropy_grad(z, y, T):
    """p - r with r = softmax(z + log T[y])."""
    log_T = log_entries(T)
    dz = np.empty_like(z)
    for n in range(z.shape[0]):
        joint = z[n] + log_T[y[n]]
        norm, joint_norm = log_sum_exp(z[n]), log_sum_exp(joint)
        for j in range(z.shape[1]):
            dz[n, j] = np.exp(z[n, j] - norm) - np.exp(joint[j] - joint_norm)
    return dz


def log_entries(T):
    """log T, with log 0 = -inf."""
    out = np.empty_like(T)
    for i in range(T.shape[0]):
        for j in range(T.shape[1]):
            out[i, j] = np.log(T[i, j]) if T[i, j] > 0 else -np.inf  # an impossible flip
    return out


# --- softmax regression ---------------------------------------------------------------------------------------------


PARTS = 2  # a batch is cut in so many parts, however many threads there are: the sums stay the same
GROUP = 8  # samples, at most a tile of them, whose features stay in the fastest cache from logits to gradient


def linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
    """For each batch: dz_n = weight_n (p_n - r_n) / |B|, w <- w - learning_rate (sum_n x_n dz_n^T + l2 w)."""
    log_T = log_entries(T)
    D, C = w.shape
    w, b = w.T.copy(), b.copy()  # (C, D): the inner loops then run along memory
    batch_size = max(1, min(batch_size, order.size))
    z, dz = np.empty((batch_size, C), w.dtype), np.empty((batch_size, C), w.dtype)
    dw, losses = np.empty((PARTS, C, D), w.dtype), np.zeros(PARTS, np.float64)
    for start in range(0, order.size, batch_size):
        batch = order[start : start + batch_size]
        share = (batch.size + PARTS - 1) // PARTS
        for part in prange(PARTS):
            end = min((part + 1) * share, batch.size)
            dw[part] = 0
            for first in range(part * share, end, GROUP):
                last = min(first + GROUP, end)
                logits_of(batch[first:last], x, w, b, z[first:last])
                for m in range(first, last):
                    n = batch[m]
                    losses[part] += sample_weight[n] * loss_and_gradient(z, T, log_T, y[n], dz, m)
                    for c in range(C):
                        dz[m, c] *= sample_weight[n] / batch.size
                add_products(dz[first:last], batch[first:last], x, dw[part])
        for c in range(C):
            for d in range(D):
                slope = l2 * w[c, d]
                for part in range(PARTS):
                    slope += dw[part, c, d]
                w[c, d] -= learning_rate * slope
            for m in range(batch.size):
                b[c] -= learning_rate * dz[m, c]
    return w.T.copy(), b, losses.sum() / max(order.size, 1)


def logits_of(batch, x, w, b, z):
    """z[m, c] = b[c] + sum_d x[batch[m], d] w[c, d]."""
    for m in range(batch.size):
        for c in range(w.shape[0]):
            total = np.float64(b[c])
            for d in range(w.shape[1]):
                total += x[batch[m], d] * w[c, d]
            z[m, c] = total


def add_products(dz, batch, x, dw):
    """dw[c, d] += sum_m dz[m, c] x[batch[m], d]."""
    for c in range(dw.shape[0]):
        for d in range(dw.shape[1]):
            total = np.float64(dw[c, d])
            for m in range(batch.size):
                total += dz[m, c] * x[batch[m], d]
            dw[c, d] = total


def loss_and_gradient(z, T, log_T, k, dz, m):
    """-log (T p)_k of sample m, and dz[m] = p - r: forward_cross_entropy, each exponential taken once."""
    C, top, total, joint = z.shape[1], z[m, 0], np.float64(0.0), np.float64(0.0)
    for c in range(1, C):
        top = max(top, z[m, c])
    for c in range(C):
        dz[m, c] = np.exp(z[m, c] - top)
        total += dz[m, c]
        joint += T[k, c] * dz[m, c]
    if joint > 0:
        per_total, per_joint = 1 / total, 1 / joint
        for c in range(C):
            dz[m, c] *= per_total - T[k, c] * per_joint
        return np.log(total / joint)
    norm, joint_norm = log_sum_exp(z[m]), log_sum_exp(z[m] + log_T[k])  # all that T allows has underflown
    for c in range(C):
        dz[m, c] = np.exp(z[m, c] - norm) - np.exp(z[m, c] + log_T[k, c] - joint_norm)
    return norm - joint_norm


def flip_rate_update(gamma, p, y, sample_weight):
    """G[j, k] = sum of weight r_j over samples labelled k, rows normalised."""
    C = gamma.shape[0]
    new = np.zeros((C, C), np.float64)
    for n in range(y.size):
        k = y[n]
        noisy = np.float64(0.0)
        for j in range(C):
            noisy += gamma[j, k] * p[n, j]
        if noisy > 0:  # a label that gamma calls impossible says nothing about gamma
            for j in range(C):
                new[j, k] += sample_weight[n] * gamma[j, k] * p[n, j] / noisy
    for j in range(C):
        total = new[j].sum()
        for k in range(C):
            new[j, k] = new[j, k] / total if total > 0 else gamma[j, k]
    return new.astype(gamma.dtype)
