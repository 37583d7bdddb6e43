"""Where things lie when images are convolved: flat frames of zeros, windows in them, and what of a window is image.

    frame: H x W pixels of K numbers           a window: R x S pixels, its first number at starts[p]
    . . . . . . . .
    . . . . . . . .       top rows of zeros    S K numbers of a row lie together (`run`);
    . . o o o o . .                            the next row of the window begins row_step = W K numbers later
    . . o o o o . .       o: the image
    . . o o o o . .
    . . . . . . . .       left columns of zeros; `reach`: the rows and columns of a window that lie over the image

N images, H W size of a frame, K channels, R S kernel, Ho Wo output; i j a pixel of the output, h v of the frame.
"""

from typing import NamedTuple

import numpy as np

from .tiles import pick, put


class Windows(NamedTuple):
    """The windows of all output pixels of one image, or of a group of images whose frames lie one after the other."""

    starts: np.ndarray  # int64 (P,): where the window of a pixel begins in the flat frames
    results: np.ndarray  # int64 (P,): where its F results begin in the flat output (pixels, F)
    reach: np.ndarray  # int64 (tiles, 4): what the windows of a tile's pixels reach together, see `tile_reach`
    run: int  # S K
    channels: int  # K
    row_step: int  # W K


def place(image, frame, W, K, dilation, top, left):
    """Copy image (h, w, K) into a flat, zeroed frame (H, W, K): pixel (i, j) to (i dilation + top, j dilation + left).

    What falls outside is dropped.
    """
    frame[:] = 0
    H, columns, pixels = frame.size // (W * K), image.shape[1], image.reshape(-1)
    first = max(0, (dilation - 1 - left) // dilation)
    last = min(columns, (W - 1 - left) // dilation + 1)
    for i in range(image.shape[0]):
        h = i * dilation + top
        if 0 <= h < H and dilation == 1:
            for d in range(first * K, last * K):  # neighbours stay neighbours
                put(pick(pixels, i * columns * K + d), frame, (h * W + left) * K + d)
        elif 0 <= h < H:
            for j in range(first, last):
                for k in range(K):
                    put(pick(pixels, (i * columns + j) * K + k), frame, (h * W + j * dilation + left) * K + k)


def window_starts(Ho, Wo, W, K, stride):
    """Where the window of each output pixel starts in a flat image (H, W, K): int64 (Ho Wo,)."""
    starts = np.empty(Ho * Wo, np.int64)
    for i in range(Ho):
        for j in range(Wo):
            starts[i * Wo + j] = (i * stride * W + j * stride) * K
    return starts


def window_taps(R, run, row_step):
    """Where each number of a window lies, counted from its first one: int64 (R run,)."""
    taps = np.empty(R * run, np.int64)
    for r in range(R):
        for d in range(run):
            taps[r * run + d] = r * row_step + d
    return taps


def window_reach(Ho, Wo, R, S, stride, dilation, top, left, h, w):
    """Of the window of each output pixel, what lies over the image that `place` put into the frame: int64 (Ho Wo, 4).

    Its rows [0] : [1] and columns [2] : [3], for an image of h x w pixels; the rest of the window sees zeros.
    """
    reach = np.empty((Ho * Wo, 4), np.int64)
    for i in range(Ho):
        for j in range(Wo):
            reach[i * Wo + j, 0] = min(max(top - i * stride, 0), R)
            reach[i * Wo + j, 1] = max(min(top + (h - 1) * dilation + 1 - i * stride, R), 0)
            reach[i * Wo + j, 2] = min(max(left - j * stride, 0), S)
            reach[i * Wo + j, 3] = max(min(left + (w - 1) * dilation + 1 - j * stride, S), 0)
    return reach


def tile_reach(reach, images, rows):
    """What the windows of a tile of so many rows reach together, each pixel taken in so many images: (tiles, 4)."""
    pixels = reach.shape[0] * images
    tiles = np.empty(((pixels + rows - 1) // rows, 4), np.int64)
    for t in range(tiles.shape[0]):
        first, last = t * rows // images, (min((t + 1) * rows, pixels) - 1) // images
        for side in range(4):  # one by one: numba takes two seconds to compile the assignment of an array
            tiles[t, side] = reach[first, side]
        for p in range(first + 1, last + 1):
            tiles[t, 0], tiles[t, 1] = min(tiles[t, 0], reach[p, 0]), max(tiles[t, 1], reach[p, 1])
            tiles[t, 2], tiles[t, 3] = min(tiles[t, 2], reach[p, 2]), max(tiles[t, 3], reach[p, 3])
    return tiles


def side_by_side(starts, images, size, F):
    """Windows of so many images whose frames lie `size` apart, the first pixel of all images, then the second, ...

    Returns where each of them starts, and where its F results begin in the flat output (images, pixels, F).
    """
    P = starts.size
    all_starts = np.empty(P * images, np.int64)
    results = np.empty(P * images, np.int64)
    for p in range(P):
        for g in range(images):
            all_starts[p * images + g] = starts[p] + g * size
            results[p * images + g] = (g * P + p) * F
    return all_starts, results


def frame_places(Ho, Wo, H, W, F, dilation, top, left):
    """Where each pixel of (Ho, Wo, F) lies in a flat frame (H, W, F), as `place` would put it; -1 outside: (Ho Wo,)."""
    places = np.full(Ho * Wo, -1, np.int64)
    for i in range(Ho):
        for j in range(Wo):
            h, v = i * dilation + top, j * dilation + left
            if 0 <= h < H and 0 <= v < W:
                places[i * Wo + j] = (h * W + v) * F
    return places


# compiled code may call these
HELPERS = (place, window_starts, window_taps, window_reach, tile_reach, side_by_side)
