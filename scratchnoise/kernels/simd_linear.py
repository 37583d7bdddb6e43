"""The matrix product with vectors, on the micro-kernel of the convolution: y = a b + bias.

Forward, input gradient and weight gradient of a linear layer are the same product of differently read matrices, so
both matrices come flat, with the steps between their rows and columns. Each thread packs 2 vectors' width of b at a
time and sweeps the rows of a over it, 8 at a time.

N samples, D features, F outputs.
"""

import numpy as np

from .simd import lanes, load, multiply_add, store, zeros
from .simd_tiles import PIXELS, eight, outer, rows_from, store_tile, totals, weighted_sum

try:
    from numba import prange
except ImportError:
    prange = range


CLASSES = 3  # whose tiles of 8 samples fit in the registers together


def pack(b, packed, first, last, row_step, column_step):
    """Columns first, ..., last - 1 of b as rows of the flat `packed` (K, width), zeros where there is no column."""
    L = lanes(packed)
    width = 2 * L
    if column_step == 1 and last - first == width:  # by far the most of a large matrix
        for k in range(packed.size // width):
            store(packed, k * width, load(b, k * row_step + first))
            store(packed, k * width + L, load(b, k * row_step + first + L))
        return
    packed[:] = 0
    for j in range(first, last):  # reads along memory where b is read transposed
        for k in range(packed.size // width):
            packed[k * width + j - first] = b[k * row_step + j * column_step]


def product(a, a_steps, b, b_steps, K, bias, y):
    """y[i, j] = bias[j] + sum_k a[i a_steps[0] + k a_steps[1]] b[k b_steps[0] + j b_steps[1]], y (I, J)."""
    I, J = y.shape
    L = lanes(y)
    width = 2 * L
    starts, order = np.arange(I) * a_steps[0], np.arange(I)
    for block in prange((J + width - 1) // width):
        first, last = block * width, min((block + 1) * width, J)
        columns, start, out = np.empty(K * width, y.dtype), np.zeros(width, y.dtype), y.reshape(-1)
        pack(b, columns, first, last, b_steps[0], b_steps[1])
        start[: last - first] = bias[first:last]
        for i in range(0, I, PIXELS):
            at = rows_from(starts, i, I - 1)
            left, right = eight(load(start, 0)), eight(load(start, L))
            for k in range(K):
                left = outer(left, a, at, k * a_steps[1], load(columns, k * width))
                right = outer(right, a, at, k * a_steps[1], load(columns, k * width + L))
            store_tile(left, right, out, rows_from(order, i, I - 1), J, first)


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
    """`loop_kernels.logits_of` for up to 8 samples, three classes at a time: 24 sums that stay in the registers."""
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
    """`loop_kernels.add_products` for up to 8 samples: each vector of dw is loaded and stored once for all of them."""
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
HELPERS = (pack, row_starts, three, eight_by_three)


def linear_forward(x, w, b, product=product):
    """x w + b; `product` is the one above or its compiled form."""
    y = np.empty((x.shape[0], w.shape[1]), x.dtype)
    product(x.reshape(-1), (x.shape[1], 1), w.reshape(-1), (w.shape[1], 1), x.shape[1], b, y)
    return y


def linear_input_gradient(dy, w, product=product):
    """dy w^T: w is read along its rows."""
    dx = np.empty((dy.shape[0], w.shape[0]), dy.dtype)
    bias = np.zeros(w.shape[0], dy.dtype)
    product(dy.reshape(-1), (dy.shape[1], 1), w.reshape(-1), (1, w.shape[1]), w.shape[1], bias, dx)
    return dx


def linear_backward_weights(dy, x, product=product):
    """x^T dy and the sum of dy: x is read along its columns."""
    dw = np.empty((x.shape[1], dy.shape[1]), x.dtype)
    bias = np.zeros(dy.shape[1], x.dtype)
    product(x.reshape(-1), (1, x.shape[1]), dy.reshape(-1), (dy.shape[1], 1), x.shape[0], bias, dw)
    return dw, dy.sum(axis=0)
