"""Convolution, ReLU and max pooling in one pass: the image that the convolution makes never leaves the cache.

Of every pooled tile one place has a gradient, and of those only where the ReLU lets it pass; which one differs
from filter to filter. So backward first writes, filter by filter, the short list of what passed:

    weight gradient dw[tap, f] = sum over the list of  dy[entry] x[window of entry, tap]      vectors of taps
    input gradient  the list, written into a frame of zeros, through the micro-kernels of the convolution

N images, H W size, K input channels, R S kernel, F filters, Ho Wo after the convolution, Hp Wp after the pooling.
"""

import numpy as np

from ..loops.images import out_size, pool_image
from ..parallel import prange
from .convolution import CHUNKS, add_rows, blocks_of, convolve_tiles
from .frames import Windows, frame_places, place, tile_reach, window_reach, window_starts
from .target import ROWS, VECTORS
from .tiles import add_scaled, clamped, lanes, load, pick, put, steps, store


def forward_images(x, w, bias, Ho, Wo, stride, pad, size, y, argmax):
    """y, argmax (N, Hp, Wp, F) = the pooled, rectified convolution of the images x, and where each maximum was."""
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    reach = window_reach(Ho, Wo, R, S, stride, 1, pad, pad, H, W)
    H, W = H + 2 * pad, W + 2 * pad
    blocks = blocks_of(w.reshape(-1, F), VECTORS * lanes(y))
    starts, tiles = window_starts(Ho, Wo, W, K, stride), tile_reach(reach, 1, ROWS)
    results = np.arange(0, Ho * Wo * F, F)
    for n in prange(N):
        frame, image = np.empty(H * W * K, x.dtype), np.empty((Ho, Wo, F), x.dtype)
        place(x[n], frame, W, K, 1, pad, pad)
        convolve_tiles(frame, blocks, bias, image.reshape(-1), Windows(starts, results, tiles, S * K, K, W * K))
        pool_image(image, size, y[n], argmax[n])
        pooled = y[n].reshape(-1)
        for i in range(pooled.size):
            put(x.dtype.type(0) if pick(pooled, i) <= 0 else pick(pooled, i), pooled, i)


def input_gradient_images(dy, y, argmax, turned, dx, H, W, places, reach):
    """dx (N, H, W, K): what passed, written to its places in an H x W frame, through the turned filters."""
    N, Hx, Wx, K = dx.shape
    _, S, F, _ = turned.shape
    blocks = blocks_of(turned.reshape(-1, K), VECTORS * lanes(dx))
    starts, tiles = window_starts(Hx, Wx, W, F, 1), tile_reach(reach, 1, ROWS)
    results = np.arange(0, Hx * Wx * K, K)
    bias = np.zeros(K, dx.dtype)
    for n in prange(N):
        frame = np.zeros(H * W * F, dx.dtype)
        gradients, pooled, maxima = dy[n].reshape(-1), y[n].reshape(-1), argmax[n].reshape(-1)
        for entry in range(gradients.size):
            place = pick(places, pick(maxima, entry))
            if place >= 0 and not pick(pooled, entry) <= 0:
                at = place + entry % F
                put(pick(frame, at) + pick(gradients, entry), frame, at)
        convolve_tiles(frame, blocks, bias, dx[n].reshape(-1), Windows(starts, results, tiles, S * F, F, W * F))


def what_passed(dy, y, argmax, starts, ends, windows, values):
    """List the entries of one image that have a gradient: where their windows start, and dy.

    The list of filter f goes to windows[f, :ends[f]] and values[f, :ends[f]].
    """
    F, most = windows.shape
    dy, y, argmax = dy.reshape(-1), y.reshape(-1), argmax.reshape(-1)
    windows, values = windows.reshape(-1), values.reshape(-1)
    for f in range(F):
        ends[f] = f * most
    for p in range(dy.size // F):
        for f in range(F):  # along memory
            end = pick(ends, f)
            put(pick(starts, pick(argmax, p * F + f)), windows, end)
            put(pick(dy, p * F + f), values, end)
            put(end + (0 if pick(y, p * F + f) <= 0 else 1), ends, f)  # the next one overwrites what did not pass
    for f in range(F):
        ends[f] -= f * most


def piece_starts(R, run, row_step, width):
    """Where the pieces of a window start, each one row of a tile: ceil(run / width) for each of its R rows."""
    across = (run + width - 1) // width
    at = np.empty(R * across, np.int64)
    for r in range(R):
        for q in range(across):
            at[r * across + q] = r * row_step + q * width
    return at


def backward_weights(dy, y, argmax, x, R, S, stride, pad, size):
    """dw (R, S, K, F) and db (F,) as sums over images, in CHUNKS parts that are added in order."""
    N, H, W, K = x.shape
    _, Hp, Wp, F = dy.shape
    H, W, width = H + 2 * pad, W + 2 * pad, VECTORS * lanes(dy)
    starts = window_starts((H - R) // stride + 1, (W - S) // stride + 1, W, K, stride)
    pieces = piece_starts(R, S * K, W * K, width)
    tiles = (pieces.size + ROWS - 1) // ROWS
    dw = np.zeros((CHUNKS, F, tiles * ROWS * width), x.dtype)
    db, total = np.zeros((CHUNKS, F), x.dtype), np.zeros(F, x.dtype)
    for chunk in prange(CHUNKS):
        frame = np.zeros(H * W * K + width, x.dtype)  # the last piece of a window's row may read past its end
        most = Hp * Wp + 1  # one more place, for what did not pass
        ends, windows, values = np.empty(F, np.int64), np.empty((F, most), np.int64), np.empty((F, most), x.dtype)
        for n in range(chunk * N // CHUNKS, (chunk + 1) * N // CHUNKS):
            place(x[n], frame[: H * W * K], W, K, 1, pad, pad)
            what_passed(dy[n], y[n], argmax[n], starts, ends, windows, values)
            for f in range(F):
                add_windows(frame, windows[f, : ends[f]], values[f], pieces, dw[chunk, f])
                for e in range(ends[f]):
                    db[chunk, f] += values[f, e]
    add_rows(db, total)
    return gathered_taps(dw, R, S, K, F), total


def add_windows(x, windows, values, pieces, dw):
    """dw += sum_e values[e] x[windows[e] + ...]: of one filter, by tiles that hold ROWS pieces of the window."""
    width = VECTORS * lanes(x)
    for first in range(0, pieces.size, ROWS):
        at = clamped(pieces, first, pieces.size - 1, ROWS)
        rows = steps(first * width, width, ROWS)
        tile = load(dw, rows, 0, VECTORS)
        for e in range(windows.size):
            tile = add_scaled(tile, pick(values, e), x, at, pick(windows, e))
        store(tile, dw, rows, 0)


def gathered_taps(dw, R, S, K, F):
    """The parts (CHUNKS, F, pieces of the window) summed and put in the order (R, S, K, F)."""
    width, out = VECTORS * lanes(dw), np.zeros((R, S, K, F), dw.dtype)
    across = (S * K + width - 1) // width * width
    for chunk in range(dw.shape[0]):
        for f in range(F):
            for r in range(R):
                for s in range(S):
                    for k in range(K):
                        out[r, s, k, f] += dw[chunk, f, r * across + s * K + k]
    return out


# compiled code may call these
HELPERS = (what_passed, piece_starts, add_windows, gathered_taps)


def forward(x, w, b, stride, pad, size, images=forward_images):
    """The forward pass; `images` is forward_images or its compiled form."""
    N, H, W, _ = x.shape
    R, S, _, F = w.shape
    Ho, Wo = out_size(H, R, stride, pad), out_size(W, S, stride, pad)
    shape = (N, Ho // size, Wo // size, F)
    y, argmax = np.empty(shape, x.dtype), np.empty(shape, np.int32)
    images(x, w, b, Ho, Wo, stride, pad, size, y, argmax)
    return y, argmax


def input_gradient(dy, y, argmax, w, x_shape, stride, pad, images=input_gradient_images):
    """dx, the forward pass of what passed, spread by the stride, through the filters turned by half a turn."""
    R, S, _, _ = w.shape
    turned = np.ascontiguousarray(w[::-1, ::-1].transpose(0, 1, 3, 2))
    dx = np.empty(x_shape, dy.dtype)
    H, W = x_shape[1] + R - 1, x_shape[2] + S - 1
    Ho, Wo = out_size(x_shape[1], R, stride, pad), out_size(x_shape[2], S, stride, pad)
    places = frame_places(Ho, Wo, H, W, w.shape[3], stride, R - 1 - pad, S - 1 - pad)
    reach = window_reach(*x_shape[1:3], R, S, 1, stride, R - 1 - pad, S - 1 - pad, Ho, Wo)
    images(dy, y, argmax, turned, dx, H, W, places, reach)
    return dx
