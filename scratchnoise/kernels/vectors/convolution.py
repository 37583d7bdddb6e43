"""Direct convolution with vectors: no im2col, the same source stepped through or compiled.

Every output is a sum over the window; the trick is to keep a tile of outputs in registers while that sum runs:

    tile: 8 pixels x 2 vectors of filters (16 accumulators; 8 x 32 outputs in float32)
    for each tap (r, s, k):  2 loads of weights, 8 pixels, 16 multiply-adds

Forward, input gradient and weight gradient are three readings of one micro-kernel, `tiles.outer`:
    forward         y[pixel, f]    += x[window of pixel, tap] w[tap, f]          sum over taps
    input gradient  the forward pass of dy, spread out and padded, with the filters flipped
    weight gradient dw[tap, f]     += x[window of pixel, tap] dy[pixel, f]       sum over pixels

Ends are not special: the last tile overlaps the one before it, filters are padded to whole vectors.
N images, H W size, K input channels, R S kernel, F filters, Ho Wo output.
"""

import numpy as np

from ..parallel import prange
from .frames import place, side_by_side, tile_reach, window_reach, window_starts
from .tiles import PIXELS, add_tile, dot_products, eight, outer, rows_from, store_tile, totals
from .vector import lanes, load, zeros

CHUNKS = 8  # partial sums of the weight gradient: a constant, so that results do not depend on the threads


def padded_filters(w, width):
    """w (R, S, K, F) as (ceil(F / width), R S K, width), zeros where there is no filter: a block lies together."""
    taps, F = w.shape[0] * w.shape[1] * w.shape[2], w.shape[3]
    flat = w.reshape(taps, F)
    blocks = np.zeros(((F + width - 1) // width, taps, width), w.dtype)
    for f in range(F):
        for t in range(taps):
            blocks[f // width, t, f % width] = flat[t, f]
    return blocks


def block_width(F, row, L):
    """How many filters lie together: 2 vectors' width; 1 vector's if they fit in it; 1 if they are few."""
    if 2 * F <= L and row % L == 0:
        return 1
    return L if F <= L else 2 * L


def convolve(x, blocks, bias, y, starts, order, reach, row, K, step):
    """x flat (H, W, K) -> y flat (pixels, F), by the micro-kernel for which the blocks of filters were made.

    row = S K numbers lie together in each row of a window, whose starts are step = W K apart; reach: `tile_reach`.
    """
    if blocks.shape[2] == 1:
        convolve_few(x, blocks, bias, y, starts, order, reach, row, K, step)
    elif blocks.shape[2] == lanes(y):
        convolve_narrow(x, blocks, bias, y, starts, order, reach, row, K, step)
    else:
        convolve_wide(x, blocks, bias, y, starts, order, reach, row, K, step)


def convolve_wide(x, blocks, bias, y, starts, order, reach, row, K, step):
    """The vectors hold filters: tiles of 8 pixels x 2 vectors."""
    L, F, P = lanes(y), bias.size, starts.size
    padded_bias = np.zeros(blocks.shape[0] * 2 * L, y.dtype)
    padded_bias[:F] = bias
    for block in range(blocks.shape[0]):
        w, first = blocks[block].reshape(-1), block * 2 * L
        for p in range(0, P, PIXELS):
            at = rows_from(starts, p, P - 1)
            left, right = eight(load(padded_bias, first)), eight(load(padded_bias, first + L))
            top, bottom, west, east = reach[p // PIXELS]
            for r in range(top, bottom):
                tap = (r * row + west * K) * 2 * L
                for offset in range(r * step + west * K, r * step + east * K):
                    left = outer(left, x, at, offset, load(w, tap))
                    right = outer(right, x, at, offset, load(w, tap + L))
                    tap += 2 * L
            store_tile(left, right, y, rows_from(order, p, P - 1), F, first)


def convolve_narrow(x, blocks, bias, y, starts, order, reach, row, K, step):
    """The filters fit in one vector: half the tile, half the work."""
    L, F, P = lanes(y), bias.size, starts.size
    w, start = blocks[0].reshape(-1), np.zeros(L, y.dtype)
    start[:F] = bias
    for p in range(0, P, PIXELS):
        at, tile = rows_from(starts, p, P - 1), eight(load(start, 0))
        top, bottom, west, east = reach[p // PIXELS]
        for r in range(top, bottom):
            tap = (r * row + west * K) * L
            for offset in range(r * step + west * K, r * step + east * K):
                tile = outer(tile, x, at, offset, load(w, tap))
                tap += L
        store_tile(tile, eight(zeros(y)), y, rows_from(order, p, P - 1), F, 0)


def convolve_few(x, blocks, bias, y, starts, order, reach, row, K, step):
    """Few filters would leave most of a vector empty: here the vectors run along the window, to be added up at last."""
    L, F, P = lanes(y), bias.size, starts.size
    for f in range(F):
        w = blocks[f].reshape(-1)
        for p in range(0, P, PIXELS):
            at, tile = rows_from(starts, p, P - 1), eight(zeros(y))
            top, bottom, _, _ = reach[p // PIXELS]
            for r in range(top, bottom):
                for d in range(0, row, L):
                    tile = dot_products(tile, x, at, r * step + d, load(w, r * row + d))
            sums = totals(tile)
            for q in range(min(PIXELS, P - p)):
                y[order[p + q] * F + f] = bias[f] + sums[q]


def conv2d_images(x, w, bias, y, H, W, stride, dilation, top, left):
    """y (N, Ho, Wo, F) = convolution of the images x, each first placed in an H x W frame of zeros.

    Small images go in groups of 8, so that the pixels of a tile have one window in 8 images: it is known, then, what of
    that window lies outside.
    """
    N, Ho, Wo, F = y.shape
    R, S, K, _ = w.shape
    size, row = H * W * K, S * K
    group = PIXELS if Ho * Wo < 8 * PIXELS else 1
    blocks = padded_filters(w, block_width(F, row, lanes(y)))
    windows = window_starts(Ho, Wo, W, K, stride)
    reach = window_reach(Ho, Wo, R, S, stride, dilation, top, left, x.shape[1], x.shape[2])
    starts, order = side_by_side(windows, group, size)
    tiles = tile_reach(reach, group)
    for task in prange((N + group - 1) // group):
        first, last = task * group, min((task + 1) * group, N)
        frames = np.empty(group * size, x.dtype)
        for n in range(first, last):
            place(x[n], frames[(n - first) * size : (n - first + 1) * size], W, K, dilation, top, left)
        out = y[first:last].reshape(-1)
        if last - first == group:
            convolve(frames, blocks, bias, out, starts, order, tiles, row, K, W * K)
        else:  # the last images, less than a group
            few_starts, few_order = side_by_side(windows, last - first, size)
            convolve(frames, blocks, bias, out, few_starts, few_order, tile_reach(reach, last - first), row, K, W * K)


def correlate(x, dy, dw, starts, R, row, step):
    """One image: dw (F blocks, R, row, 2 vectors) += windows of x times dy, the weight gradient's micro-kernel."""
    L, columns = lanes(dy), (0, 1, 2, 3, 4, 5, 6, 7)
    width = dw.shape[0] * 2 * L  # of a row of dy
    for block in range(dw.shape[0]):
        out = dw[block].reshape(-1)
        for r in range(R):
            for q in range(0, row, PIXELS):
                left, right = eight(zeros(dy)), eight(zeros(dy))
                for p in range(starts.size):
                    offset, here = starts[p] + r * step + q, p * width + block * 2 * L
                    left = outer(left, x, columns, offset, load(dy, here))
                    right = outer(right, x, columns, offset, load(dy, here + L))
                add_tile(left, right, out, (r * row + q) * 2 * L)


def padded_rows(dy, width):
    """dy (Ho, Wo, F) as flat rows of `width` >= F, zeros at the end of each."""
    rows = np.zeros((dy.shape[0] * dy.shape[1], width), dy.dtype)
    rows[:, : dy.shape[2]] = dy.reshape(-1, dy.shape[2])
    return rows.reshape(-1)


def conv2d_backward_weights(dy, x, R, S, stride, pad):
    """dw (R, S, K, F) and db (F,) as sums over images, in CHUNKS parts that are added in order."""
    N, H, W, K = x.shape
    _, Ho, Wo, F = dy.shape
    L, row = lanes(dy), (S * K + PIXELS - 1) // PIXELS * PIXELS
    width = (F + 2 * L - 1) // (2 * L) * 2 * L
    starts = window_starts(Ho, Wo, W + 2 * pad, K, stride)
    dw = np.zeros((CHUNKS, width // (2 * L), R, row, 2 * L), x.dtype)
    db = np.zeros((CHUNKS, F), x.dtype)
    for chunk in prange(CHUNKS):
        size = (H + 2 * pad) * (W + 2 * pad) * K
        frame = np.zeros(size + PIXELS, x.dtype)  # tiles of a row that is no multiple of 8 read past the end
        for n in range(chunk * N // CHUNKS, (chunk + 1) * N // CHUNKS):
            place(x[n], frame[:size], W + 2 * pad, K, 1, pad, pad)
            rows = dy[n].reshape(-1) if F == width else padded_rows(dy[n], width)
            correlate(frame, rows, dw[chunk], starts, R, row, (W + 2 * pad) * K)
            for i in range(Ho):
                for j in range(Wo):
                    for f in range(F):
                        db[chunk, f] += dy[n, i, j, f]
    return gathered(dw, R, S, K, F), db.sum(axis=0)


def gathered(dw, R, S, K, F):
    """The parts (CHUNKS, F blocks, R, row, 2 vectors) summed and put in the order (R, S, K, F)."""
    out = np.zeros((R, S, K, F), dw.dtype)
    for chunk in range(dw.shape[0]):
        for r in range(R):
            for s in range(S):
                for k in range(K):
                    for f in range(F):
                        out[r, s, k, f] += dw[chunk, f // dw.shape[4], r, s * K + k, f % dw.shape[4]]
    return out


# compiled code may call these
HELPERS = (
    *(padded_filters, block_width, convolve, convolve_wide, convolve_narrow, convolve_few),
    *(correlate, padded_rows, gathered),
)


def conv2d_forward(x, w, b, stride, pad, images=conv2d_images):
    """The forward pass; `images` is conv2d_images or its compiled form."""
    N, H, W, _ = x.shape
    R, S, _, F = w.shape
    y = np.empty((N, (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1, F), x.dtype)
    images(x, w, b, y, H + 2 * pad, W + 2 * pad, stride, 1, pad, pad)
    return y


def conv2d_input_gradient(dy, w, x_shape, stride, pad, images=conv2d_images):
    """dx: the forward pass of dy, spread by the stride, through the filters turned by half a turn."""
    R, S, K, _ = w.shape
    turned = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2))
    dx = np.empty(x_shape, dy.dtype)
    H, W = x_shape[1] + R - 1, x_shape[2] + S - 1
    images(dy, turned, np.zeros(K, dy.dtype), dx, H, W, 1, stride, R - 1 - pad, S - 1 - pad)
    return dx
