"""The measured peak: a loop of vector multiply-adds with next to nothing to load."""

import time

import numba
import numpy as np

from ..kernels import numba_table  # noqa: F401  registers the helpers
from ..kernels.vectors.target import ROWS, VECTORS
from ..kernels.vectors.tiles import lanes, load, outer, steps, store

STEPS = 20_000_000  # about a quarter of a second, so that all threads run for nearly all of it


@numba.njit(parallel=True)
def spin(x, out, threads, count):
    """Every thread: `count` times the multiply-adds of a whole tile, all rows of it times the same number.

    Beside the tile that takes one register and a row of vectors: every target has them to spare. The number changes
    from step to step, so that no product can be taken out of the loop.
    """
    for thread in numba.prange(threads):
        places = steps(0, VECTORS * lanes(x), ROWS)
        tile = load(x, places, 0, VECTORS)
        for i in range(count):
            tile = outer(tile, x, steps(0, 0, ROWS), i & 7, x, i & 7)
        store(tile, out[thread], places, 0)  # without it the compiler would leave the loop out


def peak():
    """GFLOP/s of all threads in float32, the best of five."""
    threads, size = numba.get_num_threads(), ROWS * VECTORS * lanes(np.empty(0, np.float32))
    x, out = np.full(size + 8, 1e-3, np.float32), np.zeros((threads, size), np.float32)
    spin(x, out, threads, 10)
    times = []
    for _ in range(5):
        started = time.perf_counter()
        spin(x, out, threads, STEPS)
        times.append(time.perf_counter() - started)
    return threads * STEPS * 2 * size / min(times) / 1e9
