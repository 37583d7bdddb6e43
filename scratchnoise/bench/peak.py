"""The measured peak: a loop of vector multiply-adds with nothing to load."""

import time

import numba
import numpy as np

from ..kernels import numba_table  # noqa: F401  registers the helpers
from ..kernels.vectors.tiles import PIXELS, eight, outer
from ..kernels.vectors.vector import load, multiply_add, store

STEPS = 200_000


@numba.njit(parallel=True)
def spin(x, out, threads, steps):
    """Every thread: `steps` times 16 multiply-adds on vectors, on two tiles that stay in registers."""
    for thread in numba.prange(threads):
        left = right = eight(load(x, 0))
        a, at = load(x, 1), (0, 1, 2, 3, 4, 5, 6, 7)
        for _ in range(steps):
            left, right = outer(left, x, at, 0, a), outer(right, x, at, 8, a)
        store(out[thread], 0, multiply_add(total_of(left), x[0], total_of(right)))


@numba.njit
def total_of(tile):
    """The sum of a tile's rows, a vector: without it the compiler would leave the loop out."""
    one, result = np.float32(1), tile[0]
    for row in tile[1:]:
        result = multiply_add(result, one, row)
    return result


def peak():
    """GFLOP/s of all threads in float32, the best of five."""
    threads = numba.get_num_threads()
    x, out = np.full(64, 1e-3, np.float32), np.zeros((threads, 16), np.float32)
    spin(x, out, threads, 10)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        spin(x, out, threads, STEPS)
        times.append(time.perf_counter() - started)
    return threads * STEPS * 2 * PIXELS * 16 * 2 / min(times) / 1e9
