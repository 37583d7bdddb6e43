"""The matrix product with vectors, on the micro-kernel of the convolution: y = a b + bias.

Forward, input gradient and weight gradient of a linear layer are the same product of differently read matrices, so
both matrices come flat, with the steps between their rows and columns. Each thread packs 2 vectors' width of b at a
time and sweeps the rows of a over it, 8 at a time.

N samples, D features, F outputs.
"""

import numpy as np

from ..parallel import prange
from .tiles import PIXELS, eight, outer, rows_from, store_tile
from .vector import lanes, load, store


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


# compiled code may call these
HELPERS = (pack,)


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
