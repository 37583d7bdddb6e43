"""Convolution, ReLU and max pooling in one pass: the image that the convolution makes never leaves the cache.

Of every pooled tile one place has a gradient, and of those only where the ReLU lets it pass; which one differs
from filter to filter. So backward first writes, filter by filter, the short list of what passed:

    weight gradient dw[tap, f] = sum over the list of  dy[entry] x[window of entry, tap]      vectors of taps
    input gradient  the list, written into a frame of zeros, through the micro-kernels of the convolution

N images, H W size, K input channels, R S kernel, F filters, Ho Wo after the convolution, Hp Wp after the pooling.
"""

import numpy as np

from ..loops.images import pool_image
from ..parallel import prange
from .convolution import CHUNKS, block_width, convolve, padded_filters
from .frames import frame_places, place, tile_reach, window_reach, window_starts
from .tiles import PIXELS, eight, rows_from
from .vector import lanes, load, multiply_add, store, zeros


def forward_images(x, w, bias, Ho, Wo, stride, pad, size, y, argmax):
    """y, argmax (N, Hp, Wp, F) = the pooled, rectified convolution of the images x, and where each maximum was."""
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    reach = tile_reach(window_reach(Ho, Wo, R, S, stride, 1, pad, pad, H, W), 1)
    H, W = H + 2 * pad, W + 2 * pad
    blocks = padded_filters(w, block_width(F, S * K, lanes(y)))
    starts, order = window_starts(Ho, Wo, W, K, stride), np.arange(Ho * Wo)
    for n in prange(N):
        frame, image = np.empty(H * W * K, x.dtype), np.empty((Ho, Wo, F), x.dtype)
        place(x[n], frame, W, K, 1, pad, pad)
        convolve(frame, blocks, bias, image.reshape(-1), starts, order, reach, S * K, K, W * K)
        pool_image(image, size, y[n], argmax[n])
        for i in range(y.shape[1]):
            for j in range(y.shape[2]):
                for f in range(F):
                    y[n, i, j, f] = 0 if y[n, i, j, f] <= 0 else y[n, i, j, f]


def input_gradient_images(dy, y, argmax, turned, dx, H, W, places, reach):
    """dx (N, H, W, K): what passed, written to its places in an H x W frame, through the turned filters."""
    N, Hx, Wx, K = dx.shape
    _, S, F, _ = turned.shape
    blocks = padded_filters(turned, block_width(K, S * F, lanes(dx)))
    starts, order = window_starts(Hx, Wx, W, F, 1), np.arange(Hx * Wx)
    bias = np.zeros(K, dx.dtype)
    for n in prange(N):
        frame = np.zeros(H * W * F, dx.dtype)
        for i in range(dy.shape[1]):
            for j in range(dy.shape[2]):
                for f in range(F):
                    place = places[argmax[n, i, j, f]]
                    if place >= 0 and not y[n, i, j, f] <= 0:
                        frame[place + f] = dy[n, i, j, f]
        convolve(frame, blocks, bias, dx[n].reshape(-1), starts, order, reach, S * F, F, W * F)


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
        for f in range(F):  # along memory; unsigned indices need no check for counting from the end
            entry, end = np.uint64(p * F + f), np.uint64(ends[f])
            windows[end] = starts[np.uint64(argmax[entry])]
            values[end] = dy[entry]
            ends[f] += 0 if y[entry] <= 0 else 1  # the next one overwrites what did not pass
    for f in range(F):
        ends[f] -= f * most


def add_windows(tile, x, start, at, factor):
    """tile[q] += x[start + at[q] : ...] * factor for the 8 vectors of a tile: a stretch of one window."""
    return (
        multiply_add(tile[0], factor, load(x, start + at[0])),
        multiply_add(tile[1], factor, load(x, start + at[1])),
        multiply_add(tile[2], factor, load(x, start + at[2])),
        multiply_add(tile[3], factor, load(x, start + at[3])),
        multiply_add(tile[4], factor, load(x, start + at[4])),
        multiply_add(tile[5], factor, load(x, start + at[5])),
        multiply_add(tile[6], factor, load(x, start + at[6])),
        multiply_add(tile[7], factor, load(x, start + at[7])),
    )


def add_to(tile, out, at):
    """Add the 8 vectors of a tile to the flat `out`, one after the other."""
    one, L = out.dtype.type(1), lanes(out)
    store(out, at, multiply_add(tile[0], one, load(out, at)))
    store(out, at + L, multiply_add(tile[1], one, load(out, at + L)))
    store(out, at + 2 * L, multiply_add(tile[2], one, load(out, at + 2 * L)))
    store(out, at + 3 * L, multiply_add(tile[3], one, load(out, at + 3 * L)))
    store(out, at + 4 * L, multiply_add(tile[4], one, load(out, at + 4 * L)))
    store(out, at + 5 * L, multiply_add(tile[5], one, load(out, at + 5 * L)))
    store(out, at + 6 * L, multiply_add(tile[6], one, load(out, at + 6 * L)))
    store(out, at + 7 * L, multiply_add(tile[7], one, load(out, at + 7 * L)))


def window_vectors(R, row, step, L):
    """Where the vectors that cover a window start: ceil(row / L) for each of its R rows, made up to whole tiles."""
    across = (row + L - 1) // L
    at = np.zeros((R * across + PIXELS - 1) // PIXELS * PIXELS, np.int64)
    for r in range(R):
        for q in range(across):
            at[r * across + q] = r * step + q * L
    return at


def backward_weights(dy, y, argmax, x, R, S, stride, pad, size):
    """dw (R, S, K, F) and db (F,) as sums over images, in CHUNKS parts that are added in order."""
    N, H, W, K = x.shape
    _, Hp, Wp, F = dy.shape
    L, pixels = lanes(dy), (H + 2 * pad) * (W + 2 * pad) * K
    Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    starts = window_starts(Ho, Wo, W + 2 * pad, K, stride)
    at = window_vectors(R, S * K, (W + 2 * pad) * K, L)
    dw, db = np.zeros((CHUNKS, F, at.size * L), x.dtype), np.zeros((CHUNKS, F), x.dtype)
    for chunk in prange(CHUNKS):
        frame = np.zeros(pixels + L, x.dtype)  # the last vector of a row may read past the end
        ends, most = np.empty(F, np.int64), Hp * Wp + 1  # one more place, for what did not pass
        windows, values = np.empty((F, most), np.int64), np.empty((F, most), x.dtype)
        for n in range(chunk * N // CHUNKS, (chunk + 1) * N // CHUNKS):
            place(x[n], frame[:pixels], W + 2 * pad, K, 1, pad, pad)
            what_passed(dy[n], y[n], argmax[n], starts, ends, windows, values)
            for f in range(F):
                for first in range(0, at.size, PIXELS):
                    here = rows_from(at, first, at.size - 1)
                    tile = eight(zeros(x))
                    for e in range(ends[f]):
                        tile = add_windows(tile, frame, windows[f, e], here, values[f, e])
                    add_to(tile, dw[chunk, f], first * L)
                for e in range(ends[f]):
                    db[chunk, f] += values[f, e]
    return gathered_taps(dw, R, S, K, F), db.sum(axis=0)


def gathered_taps(dw, R, S, K, F):
    """The parts (CHUNKS, F, vectors of the window) summed and put in the order (R, S, K, F)."""
    L, out = lanes(dw), np.zeros((R, S, K, F), dw.dtype)
    across = (S * K + L - 1) // L * L
    for chunk in range(dw.shape[0]):
        for f in range(F):
            for r in range(R):
                for s in range(S):
                    for k in range(K):
                        out[r, s, k, f] += dw[chunk, f, r * across + s * K + k]
    return out


# compiled code may call these
HELPERS = (what_passed, add_windows, add_to, window_vectors, gathered_taps)


def forward(x, w, b, stride, pad, size, images=forward_images):
    """The forward pass; `images` is forward_images or its compiled form."""
    N, H, W, _ = x.shape
    R, S, _, F = w.shape
    Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
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
    Ho, Wo = (x_shape[1] + 2 * pad - R) // stride + 1, (x_shape[2] + 2 * pad - S) // stride + 1
    places = frame_places(Ho, Wo, H, W, w.shape[3], stride, R - 1 - pad, S - 1 - pad)
    reach = window_reach(*x_shape[1:3], R, S, 1, stride, R - 1 - pad, S - 1 - pad, Ho, Wo)
    images(dy, y, argmax, turned, dx, H, W, places, tile_reach(reach, 1))
    return dx
