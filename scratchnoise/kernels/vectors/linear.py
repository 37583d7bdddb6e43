"""The matrix product with vectors, on the micro-kernel of the convolution: y = a b + bias.

Forward, input gradient and weight gradient of a linear layer are the same product of differently read matrices, so
both matrices come flat, with the steps between their rows and columns. What a tile reads is packed, to lie together:

    a as panels of ROWS rows: (panels, K, ROWS), once, by all threads
    b as blocks of one row of a tile: (BLOCKS, DEPTH, width), by the thread that sweeps all panels over them

A stretch of a panel, DEPTH terms of the sum, stays in the L1 cache while it meets BLOCKS blocks, and they in the L2.

N samples, D features, F outputs.
"""

import numpy as np

from ..parallel import prange
from .target import ROWS, VECTORS
from .tiles import clamped, lanes, load, outer, pick, put, steps, store

DEPTH = 256  # terms of a sum between loading a tile and storing it
BLOCKS = 4  # blocks of columns that a thread takes together


def pack(matrix, packed, lines, step, k_step, depth):
    """Lines first, ..., last - 1 of a flat matrix side by side in the flat `packed` (depth, width).

    lines: (first, last, width); the last line fills up the width. Number k of line j is at j step + k k_step.
    """
    first, last, width = lines
    if step == 1 and last - first == width:  # read along memory
        for k in range(depth):
            for j in range(width):
                put(pick(matrix, k * k_step + first + j), packed, k * width + j)
    else:
        for j in range(width):
            line = min(first + j, last - 1) * step
            for k in range(depth):
                put(pick(matrix, line + k * k_step), packed, k * width + j)


def product(a, a_steps, b, b_steps, K, bias, y):
    """y[i, j] = bias[j] + sum_k a[i a_steps[0] + k a_steps[1]] b[k b_steps[0] + j b_steps[1]].

    y (I, width of a tile x blocks): columns that bias has not are made up, to be cut off.
    """
    (I, J), width = y.shape, VECTORS * lanes(y)
    out, results = y.reshape(-1), np.arange(0, I * J, J)
    panels = np.empty(((I + ROWS - 1) // ROWS, K * ROWS), y.dtype)
    for panel in prange(panels.shape[0]):
        rows = (panel * ROWS, min((panel + 1) * ROWS, I), ROWS)
        pack(a, panels[panel], rows, a_steps[0], a_steps[1], K)
    for task in prange((J + BLOCKS * width - 1) // (BLOCKS * width)):
        first, last = task * BLOCKS * width, min((task + 1) * BLOCKS * width, J)
        start, blocks = np.zeros(BLOCKS * width, y.dtype), np.empty((BLOCKS, DEPTH * width), y.dtype)
        for j in range(first, min(last, bias.size)):
            start[j - first] = bias[j]
        for depth in range(0, K, DEPTH):
            end = min(depth + DEPTH, K)
            for j in range(first, last, width):
                columns = (j, min(j + width, bias.size), width)
                pack(
                    b[depth * b_steps[0] :], blocks[(j - first) // width], columns, b_steps[1], b_steps[0], end - depth
                )
            for panel in range(panels.shape[0]):
                at = clamped(results, panel * ROWS, I - 1, ROWS)
                for j in range(first, last, width):
                    if depth == 0:
                        tile = load(start, steps(j - first, 0, ROWS), 0, VECTORS)
                    else:
                        tile = load(out, at, j, VECTORS)
                    store(sweep(tile, panels[panel], blocks[(j - first) // width], depth, end), out, at, j)


def sweep(tile, panel, block, first, last):
    """tile[q, j] += sum_k panel[k, q] block[k - first, j] for k from first to last - 1."""
    width = VECTORS * lanes(panel)
    for k in range(first, last):
        tile = outer(tile, panel, steps(0, 1, ROWS), k * ROWS, block, (k - first) * width)
    return tile


# compiled code may call these
HELPERS = (pack, sweep)


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
