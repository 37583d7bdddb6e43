"""Tiles: what a sum of products is kept in while it runs, in registers.

                     w[tap : tap + 16]
                     one row, for all
                  +---------+---------+
    x[at[0] + o]  | 8 float | 8 float |
    x[at[1] + o]  |         |         |      6 rows x 2 vectors of 32 bytes on AVX2:
        ...       |         |         |      12 of the 16 registers
    x[at[5] + o]  |         |         |
                  +---------+---------+

    tile = outer(tile, x, at, o, w, tap)     6 numbers and 2 vectors are read, 12 multiply-adds are done

`target` says how many rows and vectors a tile has. Each function below works on NumPy arrays, a tile being an array
(rows, width), so that a kernel can be stepped through; compiled, `intrinsics` puts LLVM's vectors in its place. Arrays
are flat, places are counted in numbers, and nothing checks that they lie inside.
"""

import numpy as np

from .target import BYTES


def lanes(array):
    """Floats per vector: 8 of float32, 4 of float64 where vectors have 32 bytes."""
    return BYTES // array.itemsize


def pick(array, index):
    """array[index], index >= 0: compiled code does not ask whether it counts from the end."""
    return array[index]


def put(value, array, index):
    """array[index] = value, index >= 0, likewise."""
    array[index] = value


def clamped(places, first, last, rows):
    """The entries first, ..., first + rows - 1 of `places`, or entry `last` where that comes earlier."""
    return places[np.minimum(np.arange(first, first + rows), last)]


def steps(first, step, rows):
    """The places first, first + step, ...: one for each row of a tile."""
    return first + step * np.arange(rows)


def zeros(array, rows, vectors):
    """A tile of zeros in the dtype of `array`."""
    return np.zeros((rows, vectors * lanes(array)), array.dtype)


def load(array, at, offset, vectors):
    """The tile whose rows begin at array[at[q] + offset]."""
    return np.stack([array[place + offset : place + offset + vectors * lanes(array)] for place in at])


def store(tile, array, at, offset):
    """Write the rows of a tile to array[at[q] + offset : ...]."""
    for row, place in zip(tile, at, strict=True):
        array[place + offset : place + offset + row.size] = row


def outer(tile, x, at, offset, w, tap):
    """tile[q] += x[at[q] + offset] * w[tap : ...]: a number for each row times one row for all."""
    return tile + np.outer(x[at + offset], w[tap : tap + tile.shape[1]])


def inner(tile, x, at, offset, w, columns, tap):
    """tile[q, c] += x[at[q] + offset : ...] * w[columns[c] + tap : ...], vectors multiplied entry by entry."""
    L = lanes(x)
    left = [x[place + offset : place + offset + L] for place in at]
    right = [w[place + tap : place + tap + L] for place in columns]
    return tile + np.stack([np.concatenate([a * b for b in right]) for a in left])


def add_scaled(tile, factor, x, at, offset):
    """tile[q] += factor * x[at[q] + offset : ...]."""
    return tile + factor * load(x, at, offset, tile.shape[1] // lanes(x))


def store_totals(tile, array):
    """Write the sum of each vector of a tile to the first rows x vectors numbers of an array."""
    vectors = tile.reshape(-1, lanes(tile))
    array[: len(vectors)] = vectors.sum(axis=1)


def exponential(tile):
    """exp() of every entry, to 2 units in the last place where it is compiled."""
    return np.exp(tile)
