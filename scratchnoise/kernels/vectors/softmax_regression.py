"""One pass of softmax regression with vectors: `loops/softmax_regression.py`, faster.

Three changes. The weights are transposed, so the inner loops run along memory. A batch is cut into PARTS, which run
side by side. Up to GROUP samples go from logits to gradient while their features are in the fastest cache.

N samples, C classes, D features.
"""

import numpy as np

from ..loops.losses import forward_loss, joint_logits, largest_logit, log_entries, total_of_exponentials
from ..parallel import prange
from .tiles import PIXELS, eight, rows_from, totals, weighted_sum
from .vector import lanes, load, multiply_add, store, zeros

PARTS = 2  # a batch is cut in so many parts, however many threads there are: the sums stay the same
GROUP = 8  # samples, at most a tile of them
CLASSES = 3  # whose tiles of 8 samples fit in the registers together
FAR_FROM_UNDERFLOW = 1e-30  # above it, the terms of a sum that underflow are too small to matter, float32 or float64


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


def loss_and_gradient(z, T, log_T, k, dz, m):
    """-log (T p)_k of sample m, and dz[m] = p - r: `loops/losses.py`, each exponential taken once."""
    C = z.shape[1]
    top = largest_logit(z[m])
    total, joint = np.float64(0.0), np.float64(0.0)
    for c in range(C):
        dz[m, c] = np.exp(z[m, c] - top)
        total += dz[m, c]
        joint += T[k, c] * dz[m, c]
    if joint > FAR_FROM_UNDERFLOW:
        per_total, per_joint = 1 / total, 1 / joint
        for c in range(C):
            dz[m, c] *= per_total - T[k, c] * per_joint
        return np.log(total / joint)
    return rare_loss_and_gradient(z[m], log_T[k], top, total, dz[m])


def rare_loss_and_gradient(z, log_T, top, total, dz):
    """The same where all classes that T allows are nearly impossible: by logarithms, which do not underflow."""
    joint = np.empty(z.size, np.float64)
    top_allowed = joint_logits(z, log_T, joint)
    joint_top = largest_logit(joint)
    joint_total = total_of_exponentials(joint, joint_top)
    for c in range(z.size):
        dz[c] = np.exp(z[c] - top) / total - np.exp(joint[c] - joint_top) / joint_total
    return forward_loss(top, total, top_allowed, joint)


def row_starts(batch, D):
    """Where the rows of up to 8 samples start in a flat x (N, D), the last one repeated where there are no more."""
    n = rows_from(batch, 0, batch.size - 1)
    return (n[0] * D, n[1] * D, n[2] * D, n[3] * D, n[4] * D, n[5] * D, n[6] * D, n[7] * D)


def three(sums, x, u, v, w):
    """Three sums of products that share one factor: x is loaded once."""
    return multiply_add(sums[0], x, u), multiply_add(sums[1], x, v), multiply_add(sums[2], x, w)


def eight_by_three(sums, x, at, d, u, v, w):
    """`three` for each of 8 rows: sums[q] += x[at[q] + d : ...] * (u, v, w), entry by entry."""
    return (
        three(sums[0], load(x, at[0] + d), u, v, w),
        three(sums[1], load(x, at[1] + d), u, v, w),
        three(sums[2], load(x, at[2] + d), u, v, w),
        three(sums[3], load(x, at[3] + d), u, v, w),
        three(sums[4], load(x, at[4] + d), u, v, w),
        three(sums[5], load(x, at[5] + d), u, v, w),
        three(sums[6], load(x, at[6] + d), u, v, w),
        three(sums[7], load(x, at[7] + d), u, v, w),
    )


def logits_of(batch, x, w, b, z):
    """z[m, c] = b[c] + sum_d x[batch[m], d] w[c, d] for up to 8 samples, three classes at a time: 24 sums."""
    (C, D), at, z = w.shape, row_starts(batch, w.shape[1]), z.reshape(-1)
    whole = D - D % lanes(x)
    for c in range(0, C, CLASSES):
        second, third = min(c + 1, C - 1), min(c + 2, C - 1)
        s = eight((zeros(x), zeros(x), zeros(x)))
        for d in range(0, whole, lanes(x)):
            s = eight_by_three(s, x, at, d, load(w, c * D + d), load(w, second * D + d), load(w, third * D + d))
        first_sums = totals((s[0][0], s[1][0], s[2][0], s[3][0], s[4][0], s[5][0], s[6][0], s[7][0]))
        second_sums = totals((s[0][1], s[1][1], s[2][1], s[3][1], s[4][1], s[5][1], s[6][1], s[7][1]))
        third_sums = totals((s[0][2], s[1][2], s[2][2], s[3][2], s[4][2], s[5][2], s[6][2], s[7][2]))
        for q in range(batch.size):
            z[q * C + c], z[q * C + second], z[q * C + third] = first_sums[q], second_sums[q], third_sums[q]
    for q in range(batch.size):
        for c in range(C):
            z[q * C + c] += b[c]
            for d in range(whole, D):
                z[q * C + c] += x[batch[q], d] * w[c, d]


def add_products(dz, batch, x, dw):
    """dw[c, d] += sum_m dz[m, c] x[batch[m], d] for up to 8 samples: a vector of dw is loaded once for all of them."""
    (C, D), at = dw.shape, row_starts(batch, dw.shape[1])
    whole, factors = D - D % lanes(x), np.zeros((C, PIXELS), x.dtype)
    for q in range(batch.size):
        for c in range(C):
            factors[c, q] = dz[q, c]
    for c in range(0, C, CLASSES):
        second, third = min(c + 1, C - 1), min(c + 2, C - 1)
        u = rows_from(factors[c], 0, PIXELS - 1)
        v, w = rows_from(factors[second], 0, PIXELS - 1), rows_from(factors[third], 0, PIXELS - 1)
        for d in range(0, whole, lanes(x)):
            first_sum = weighted_sum(load(dw, c * D + d), u, x, at, d)
            second_sum = weighted_sum(load(dw, second * D + d), v, x, at, d)
            third_sum = weighted_sum(load(dw, third * D + d), w, x, at, d)
            store(dw, c * D + d, first_sum)  # all loads come first: a class that stands in twice is added once
            store(dw, second * D + d, second_sum)
            store(dw, third * D + d, third_sum)
    for c in range(C):
        for d in range(whole, D):
            for q in range(batch.size):
                dw[c, d] += dz[q, c] * x[batch[q], d]


# compiled code may call these
HELPERS = (
    loss_and_gradient,
    rare_loss_and_gradient,
    row_starts,
    three,
    eight_by_three,
    logits_of,
    add_products,
)
