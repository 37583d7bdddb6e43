"""The matrix product with vectors, on the micro-kernel of the convolution: y = a b + bias.

Forward, input gradient and weight gradient of a linear layer are the same product of differently read matrices, so
both matrices come flat, with the steps between their rows and columns. Two levels of blocking keep what is read near:

    a as panels of ROWS rows    (panels, K, ROWS)     packed once, by all threads
    b as blocks of one row of a tile   (K, width)     each packed by the thread that sweeps all panels over it
    K in stretches of DEPTH: so much of a block stays in the fastest cache

N samples, D features, F outputs.
"""

import numpy as np

from ..parallel import prange
from .target import ROWS, VECTORS
from .tiles import clamped, lanes, load, outer, pick, steps, store

DEPTH = 256  # terms of a sum between loading a tile and storing it


def pack(matrix, packed, first, last, step, K, k_step):
    """Lines first, ..., last - 1 side by side in the flat `packed` (K, width), the last one again up to the width.

    Line j of the flat matrix has its K numbers at j step + k k_step.
    """
    width = packed.size // K
    if step == 1 and last - first == width:  # read along memory
        for k in range(K):
            for j in range(width):
                packed[k * width + j] = pick(matrix, k * k_step + first + j)
    else:
        for j in range(width):
            line = min(first + j, last - 1) * step
            for k in range(K):
                packed[k * width + j] = pick(matrix, line + k * k_step)


def product(a, a_steps, b, b_steps, K, bias, y):
    """y[i, j] = bias[j] + sum_k a[i a_steps[0] + k a_steps[1]] b[k b_steps[0] + j b_steps[1]].

    y (I, width of a tile x blocks): columns that bias has not are made up, to be cut off.
    """
    (I, J), width = y.shape, VECTORS * lanes(y)
    out, results = y.reshape(-1), np.arange(I) * J
    panels = np.empty(((I + ROWS - 1) // ROWS, K * ROWS), y.dtype)
    for panel in prange(panels.shape[0]):
        pack(a, panels[panel], panel * ROWS, min((panel + 1) * ROWS, I), a_steps[0], K, a_steps[1])
    for block in prange(J // width):
        first, last = block * width, min((block + 1) * width, bias.size)
        columns, start = np.empty(K * width, y.dtype), np.zeros(width, y.dtype)
        pack(b, columns, first, last, b_steps[1], K, b_steps[0])
        start[: last - first] = bias[first:last]
        for depth in range(0, K, DEPTH):
            for panel in range(panels.shape[0]):
                at = clamped(results, panel * ROWS, I - 1, ROWS)
                if depth == 0:
                    tile = load(start, steps(0, 0, ROWS), 0, VECTORS)
                else:
                    tile = load(out, at, first, VECTORS)
                for k in range(depth, min(depth + DEPTH, K)):
                    tile = outer(tile, panels[panel], steps(0, 1, ROWS), k * ROWS, columns, k * width)
                store(tile, out, at, first)


# compiled code may call these
HELPERS = (pack,)


def multiply(a, a_steps, b, b_steps, K, bias, rows, product):
    """The product as an array (rows, bias.size), made with whole tiles and cut where there are more columns."""
    if K == 0:
        return np.broadcast_to(bias, (rows, bias.size)).copy()  # a sum without terms
    width = VECTORS * lanes(a)
    y = np.empty((rows, (bias.size + width - 1) // width * width), a.dtype)
    product(a.reshape(-1), a_steps, b.reshape(-1), b_steps, K, bias, y)
    return np.ascontiguousarray(y[:, : bias.size])


def linear_forward(x, w, b, product=product):
    """x w + b; `product` is the one above or its compiled form."""
    (N, D), F = x.shape, w.shape[1]
    return multiply(x, (D, 1), w, (F, 1), D, b, N, product)


def linear_input_gradient(dy, w, product=product):
    """dy w^T: w is read along its rows."""
    (N, F), D = dy.shape, w.shape[0]
    return multiply(dy, (F, 1), w, (1, F), F, np.zeros(D, dy.dtype), N, product)


def linear_backward_weights(dy, x, product=product):
    """x^T dy and the sum of dy: x is read along its columns."""
    (N, F), D = dy.shape, x.shape[1]
    return multiply(x, (1, D), dy, (F, 1), N, np.zeros(F, dy.dtype), D, product), dy.sum(axis=0)
