"""Direct convolution with vectors: no im2col, the same source stepped through or compiled.

Every output is a sum over the window; the trick is to keep a tile of outputs in registers while that sum runs
(`tiles.py` has a drawing). Forward, input gradient and weight gradient are three readings of one micro-kernel, `outer`:

    forward         y[pixel, f]  += x[window of pixel, tap] w[tap, f]      sum over taps; rows of a tile: pixels
    input gradient  the forward pass of dy, spread out and padded, with the filters flipped
    weight gradient dw[tap, f]   += x[window of pixel, tap] dy[pixel, f]   sum over pixels; rows of a tile: taps

The last tile repeats its last pixel; filters are padded to whole vectors. Few filters leave most of a vector empty:
then the vectors run along the window, by the micro-kernel `inner`.
N images, H W size, K input channels, R S kernel, F filters, Ho Wo output.
"""

import numpy as np

from ..loops.images import out_size
from ..parallel import prange
from .frames import Windows, place, side_by_side, tile_reach, window_reach, window_starts, window_taps
from .target import INNER_COLUMNS, INNER_ROWS, ROWS, VECTORS
from .tiles import clamped, inner, lanes, load, outer, pick, put, steps, store, store_totals, zeros

CHUNKS = 8  # partial sums of the weight gradient: a constant, so that results do not depend on the threads
SMALL = 64  # pixels: images with fewer are done together
LONG = 128  # pixels that a sum of the weight gradient should run over, before its tile goes back to memory


def blocks_of(matrix, width):
    """matrix (M, F) as (ceil(F / width), M, width), zeros where there is no column: what a tile reads lies together."""
    M, F = matrix.shape
    blocks = np.zeros(((F + width - 1) // width, M, width), matrix.dtype)
    numbers, flat = matrix.reshape(-1), blocks.reshape(-1)
    for first in range(0, F, width):
        for m in range(M):
            for f in range(min(width, F - first)):  # along memory
                put(pick(numbers, m * F + first + f), flat, first * M + m * width + f)
    return blocks


def few_filters(F, run, L):
    """Whether vectors run along the window: its rows are whole vectors, and F fill at most half a row of a tile."""
    return 2 * F <= VECTORS * L and run % L == 0


def convolve_tiles(x, blocks, bias, y, windows):
    """Flat frames x -> flat y (pixels, F), vectors of filters: tiles of ROWS pixels x VECTORS vectors.

    blocks: `blocks_of` the filters (R S K, F), as wide as a row of a tile.
    """
    F, P, width = bias.size, windows.starts.size, blocks.shape[2]
    row_of_bias = np.zeros(blocks.shape[0] * width, y.dtype)
    for f in range(F):
        row_of_bias[f] = bias[f]
    for block in range(blocks.shape[0]):
        w = blocks[block].reshape(-1)
        for p in range(0, P, ROWS):
            at = clamped(windows.starts, p, P - 1, ROWS)
            tile = load(row_of_bias, steps(block * width, 0, ROWS), 0, VECTORS)
            top, bottom, west, east = windows.reach[p // ROWS]
            for r in range(top, bottom):
                tap = (r * windows.run + west * windows.channels) * width
                row = r * windows.row_step
                for offset in range(row + west * windows.channels, row + east * windows.channels):
                    tile = outer(tile, x, at, offset, w, tap)
                    tap += width
            store_filters(tile, y, clamped(windows.results, p, P - 1, ROWS), block * width, F)


def store_filters(tile, y, at, first, F):
    """Write filters first, ..., F - 1 of a tile to the flat y (pixels, F)."""
    width = VECTORS * lanes(y)
    if first + width <= F:
        store(tile, y, at, first)
    else:
        rows = np.empty(ROWS * width, y.dtype)
        store(tile, rows, steps(0, width, ROWS), 0)
        for q in range(ROWS):
            for f in range(first, F):
                y[at[q] + f] = rows[q * width + f - first]


def convolve_few(x, blocks, bias, y, windows):
    """The same for few filters, vectors along the window: tiles of INNER_ROWS pixels x INNER_COLUMNS filters.

    blocks: one filter after the other, `blocks_of` of width 1.
    """
    F, P, taps = bias.size, windows.starts.size, blocks.shape[1]
    w, filters = blocks.reshape(-1), np.arange(F) * taps
    sums = np.empty(INNER_ROWS * INNER_COLUMNS, y.dtype)
    for p in range(0, P, INNER_ROWS):
        at = clamped(windows.starts, p, P - 1, INNER_ROWS)
        top, bottom, west, east = windows.reach[p // INNER_ROWS]
        begin = west * windows.channels // lanes(y) * lanes(y)
        for f in range(0, F, INNER_COLUMNS):
            columns = clamped(filters, f, F - 1, INNER_COLUMNS)
            tile = zeros(y, INNER_ROWS, INNER_COLUMNS)
            for r in range(top, bottom):
                for d in range(begin, east * windows.channels, lanes(y)):
                    tile = inner(tile, x, at, r * windows.row_step + d, w, columns, r * windows.run + d)
            store_totals(tile, sums)
            for q in range(min(INNER_ROWS, P - p)):
                for c in range(min(INNER_COLUMNS, F - f)):
                    y[windows.results[p + q] + f + c] = bias[f + c] + sums[q * INNER_COLUMNS + c]


def conv2d_images(x, w, bias, y, H, W, stride, dilation, top, left):
    """y (N, Ho, Wo, F) = convolution of the images x, each first placed in an H x W frame of zeros.

    Small images are done ROWS at a time. A tile is then one pixel of so many images; their windows cross the border
    alike, so the part of the window that sees zeros is skipped.
    """
    N, Ho, Wo, F = y.shape
    R, S, K, _ = w.shape
    size = H * W * K
    group = ROWS if Ho * Wo < SMALL else 1
    few = few_filters(F, S * K, lanes(y))
    rows = INNER_ROWS if few else ROWS
    blocks = blocks_of(w.reshape(-1, F), 1 if few else VECTORS * lanes(y))
    starts = window_starts(Ho, Wo, W, K, stride)
    reach = window_reach(Ho, Wo, R, S, stride, dilation, top, left, x.shape[1], x.shape[2])
    tiles = tile_reach(reach, group, rows)
    all_starts, results = side_by_side(starts, group, size, F)
    for task in prange((N + group - 1) // group):
        first, last = task * group, min((task + 1) * group, N)
        frames = np.empty(group * size, x.dtype)
        for n in range(first, last):
            place(x[n], frames[(n - first) * size : (n - first + 1) * size], W, K, dilation, top, left)
        windows = Windows(all_starts, results, tiles, S * K, K, W * K)
        if last - first < group:
            few_starts, few_results = side_by_side(starts, last - first, size, F)
            windows = Windows(few_starts, few_results, tile_reach(reach, last - first, rows), S * K, K, W * K)
        if few:
            convolve_few(frames, blocks, bias, y[first:last].reshape(-1), windows)
        else:
            convolve_tiles(frames, blocks, bias, y[first:last].reshape(-1), windows)


def conv2d_forward(x, w, b, stride, pad, images=conv2d_images):
    """The forward pass; `images` is conv2d_images or its compiled form."""
    N, H, W, _ = x.shape
    R, S, _, F = w.shape
    y = np.empty((N, out_size(H, R, stride, pad), out_size(W, S, stride, pad), F), x.dtype)
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


def conv2d_backward_weights(dy, x, R, S, stride, pad):
    """dw (R, S, K, F) and db (F,) as sums over images, in CHUNKS parts that are added in order."""
    N, H, W, K = x.shape
    _, Ho, Wo, F = dy.shape
    H, W, width = H + 2 * pad, W + 2 * pad, VECTORS * lanes(dy)
    group = 1 + LONG // (Ho * Wo)
    starts, taps = window_starts(Ho, Wo, W, K, stride), window_taps(R, S * K, W * K)
    dw = np.zeros((CHUNKS, (F + width - 1) // width, (taps.size + ROWS - 1) // ROWS * ROWS, width), x.dtype)
    db, total = np.zeros((CHUNKS, F), x.dtype), np.zeros(F, x.dtype)
    for chunk in prange(CHUNKS):
        frames = np.empty(group * H * W * K, x.dtype)
        end = (chunk + 1) * N // CHUNKS
        for first in range(chunk * N // CHUNKS, end, group):
            last = min(first + group, end)
            for n in range(first, last):
                place(x[n], frames[(n - first) * H * W * K : (n - first + 1) * H * W * K], W, K, 1, pad, pad)
            rows = dy[first:last].reshape(-1, F)
            numbers, row_step, block_step = rows.reshape(-1), F, width  # whole vectors are read where they lie
            if F % width:
                numbers, row_step, block_step = blocks_of(rows, width).reshape(-1), width, rows.shape[0] * width
            correlate(frames, H * W * K, numbers, row_step, block_step, dw[chunk], starts, taps)
            add_rows(rows, db[chunk])
    add_rows(db, total)
    return gathered(dw, R, S, K, F), total


def correlate(x, size, dy, row_step, block_step, dw, starts, taps):
    """dw (blocks, taps, width) += windows of x times dy, for a few images: the weight gradient's micro-kernel.

    x: flat frames, `size` apart; dy: flat, block b of pixel p begins at b block_step + p row_step; starts: of the
    windows in one frame.
    """
    blocks, padded, width = dw.shape
    pixels = dy.size // (blocks * width)
    places = np.empty(pixels, np.int64)
    for p in range(pixels):
        places[p] = p // starts.size * size + starts[p % starts.size]
    for block in range(blocks):
        out = dw[block].reshape(-1)
        for q in range(0, padded, ROWS):
            at, results = clamped(taps, q, taps.size - 1, ROWS), steps(q * width, width, ROWS)
            tile = load(out, results, 0, VECTORS)
            for missing in range(-pixels, 0):  # up to 0: on AVX-512 no register is left for another end
                p = pixels + missing
                tile = outer(tile, x, at, pick(places, p), dy, block * block_step + p * row_step)
            store(tile, out, results, 0)


def add_rows(matrix, total):
    """total += the sum of the rows of a matrix."""
    numbers, F = matrix.reshape(-1), total.size
    for p in range(matrix.shape[0]):
        for f in range(F):
            put(pick(total, f) + pick(numbers, p * F + f), total, f)


def gathered(dw, R, S, K, F):
    """The parts (CHUNKS, blocks of filters, taps, width) summed and put in the order (R, S, K, F)."""
    chunks, blocks, padded, width = dw.shape
    taps, out, numbers = R * S * K, np.zeros(R * S * K * F, dw.dtype), dw.reshape(-1)
    for part in range(chunks * blocks):
        first = part % blocks * width
        for tap in range(taps):
            for f in range(min(width, F - first)):  # along memory
                here = tap * F + first + f
                put(pick(out, here) + pick(numbers, (part * padded + tap) * width + f), out, here)
    return out.reshape(R, S, K, F)


# compiled code may call these
HELPERS = (
    blocks_of,
    few_filters,
    convolve_tiles,
    store_filters,
    convolve_few,
    correlate,
    add_rows,
    gathered,
)
