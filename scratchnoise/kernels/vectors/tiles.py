"""Tiles: 8 rows of one vector each, held in registers while a sum runs.

A tile is a tuple. Its rows are always named by a constant: one index that varies, even after the loop, and the
compiler keeps the whole tile in memory, twenty times slower. Hence the eight lines of every function here.
"""

import numpy as np

from .vector import lanes, load, multiply_add, store, total

PIXELS = 8  # rows of a tile


def outer(tile, x, at, offset, w):
    """tile[q] += x[at[q] + offset] * w for the 8 rows of a tile: one column of an outer product."""
    return (
        multiply_add(tile[0], x[at[0] + offset], w),
        multiply_add(tile[1], x[at[1] + offset], w),
        multiply_add(tile[2], x[at[2] + offset], w),
        multiply_add(tile[3], x[at[3] + offset], w),
        multiply_add(tile[4], x[at[4] + offset], w),
        multiply_add(tile[5], x[at[5] + offset], w),
        multiply_add(tile[6], x[at[6] + offset], w),
        multiply_add(tile[7], x[at[7] + offset], w),
    )


def rows_from(places, first, last):
    """The entries first, ..., first + 7 of `places`, the last one repeated where there are no more."""
    return (
        places[min(first, last)],
        places[min(first + 1, last)],
        places[min(first + 2, last)],
        places[min(first + 3, last)],
        places[min(first + 4, last)],
        places[min(first + 5, last)],
        places[min(first + 6, last)],
        places[min(first + 7, last)],
    )


def eight(vector):
    """A tile whose rows are all `vector`."""
    return (vector, vector, vector, vector, vector, vector, vector, vector)


def store_tile(left, right, y, at, F, first):
    """Write the tile's 8 rows, filters first, ..., to the flat y (pixels, F); absent filters are left out."""
    L = lanes(y)
    if first + 2 * L <= F:
        store_rows(left, y, at, F, first)
        store_rows(right, y, at, F, first + L)
    else:
        rows = np.zeros(2 * PIXELS * L, y.dtype)
        add_tile(left, right, rows, 0)
        for q in range(PIXELS):
            for f in range(first, F):
                y[at[q] * F + f] = rows[2 * q * L + f - first]


def store_rows(tile, y, at, F, first):
    """Write the 8 rows of a tile, filters first, ..., to the flat y (pixels, F)."""
    store(y, at[0] * F + first, tile[0])
    store(y, at[1] * F + first, tile[1])
    store(y, at[2] * F + first, tile[2])
    store(y, at[3] * F + first, tile[3])
    store(y, at[4] * F + first, tile[4])
    store(y, at[5] * F + first, tile[5])
    store(y, at[6] * F + first, tile[6])
    store(y, at[7] * F + first, tile[7])


def add_tile(left, right, out, at):
    """Add a tile of 8 x 2 vectors to the flat `out`, its rows one after the other."""
    add_row(left[0], right[0], out, at)
    add_row(left[1], right[1], out, at + 2 * lanes(out))
    add_row(left[2], right[2], out, at + 4 * lanes(out))
    add_row(left[3], right[3], out, at + 6 * lanes(out))
    add_row(left[4], right[4], out, at + 8 * lanes(out))
    add_row(left[5], right[5], out, at + 10 * lanes(out))
    add_row(left[6], right[6], out, at + 12 * lanes(out))
    add_row(left[7], right[7], out, at + 14 * lanes(out))


def add_row(left, right, out, at):
    """Add one row, two vectors, to the flat `out`."""
    one = out.dtype.type(1)
    store(out, at, multiply_add(left, one, load(out, at)))
    store(out, at + lanes(out), multiply_add(right, one, load(out, at + lanes(out))))


def dot_products(tile, x, at, d, w):
    """tile[q] += x[at[q] + d : ...] * w, entry by entry, for the 8 rows of a tile."""
    return (
        multiply_add(tile[0], load(x, at[0] + d), w),
        multiply_add(tile[1], load(x, at[1] + d), w),
        multiply_add(tile[2], load(x, at[2] + d), w),
        multiply_add(tile[3], load(x, at[3] + d), w),
        multiply_add(tile[4], load(x, at[4] + d), w),
        multiply_add(tile[5], load(x, at[5] + d), w),
        multiply_add(tile[6], load(x, at[6] + d), w),
        multiply_add(tile[7], load(x, at[7] + d), w),
    )


def weighted_sum(vector, weights, x, at, d):
    """vector + sum over 8 rows of weights[q] * x[at[q] + d : ...]."""
    other = multiply_add(multiply_add(vector, weights[0], load(x, at[0] + d)), weights[1], load(x, at[1] + d))
    other = multiply_add(multiply_add(other, weights[2], load(x, at[2] + d)), weights[3], load(x, at[3] + d))
    other = multiply_add(multiply_add(other, weights[4], load(x, at[4] + d)), weights[5], load(x, at[5] + d))
    return multiply_add(multiply_add(other, weights[6], load(x, at[6] + d)), weights[7], load(x, at[7] + d))


def totals(tile):
    """The sum of each row of a tile."""
    return (
        *(total(tile[0]), total(tile[1]), total(tile[2]), total(tile[3])),
        *(total(tile[4]), total(tile[5]), total(tile[6]), total(tile[7])),
    )


# compiled code may call these
HELPERS = (outer, rows_from, eight, store_tile, store_rows, add_tile, add_row, dot_products, weighted_sum, totals)
