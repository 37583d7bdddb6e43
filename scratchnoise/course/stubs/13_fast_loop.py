"""13 make the loop fast: the same numbers, twenty times as quick.

Dropout sets entries to zero at random. Here chance is a hash: SplitMix64 of the seed, the step and the index of the
entry. Nothing has to be stored for the way back, and every machine drops the same entries. `plain_dropout` below does
it one entry at a time, with Python's integers. Write `dropout_forward` without a Python loop, with NumPy or with numba.

    check your work    scratchnoise check 13
    a nudge            scratchnoise hint 13
"""

import numpy as np


def splitmix64(state):
    """A hash of 64-bit integers: every bit of the input turns about half of the bits of the output."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) % 2**64
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) % 2**64
    return state ^ (state >> 31)


def plain_dropout(x, rate, seed, step):
    """The loop to beat: right, and slow."""
    golden = 0x9E3779B97F4A7C15
    start = splitmix64((seed + step * golden) % 2**64)
    y = np.zeros_like(x)
    for i in range(x.size):
        uniform = (splitmix64((start + (i + 1) * golden) % 2**64) >> 11) * 2.0**-53  # in [0, 1)
        if uniform >= rate:
            y.flat[i] = x.flat[i] / (1 - rate)
    return y


def dropout_forward(x, rate, seed, step):
    """What `plain_dropout` computes: y_i = x_i / (1 - rate) where (hash(seed, step, i) >> 11) / 2^53 >= rate,  else 0.

    x (N, D) float64 or float32, 0 <= rate < 1, seed and step integers in [0, 2^63) -> the shape and dtype of x.
    The same entries have to be dropped, bit for bit, and it has to be at least 20 times as fast as the loop.

    >>> dropout_forward(np.array([[1.0, 2.0, 3.0, 4.0]]), 0.5, 0, 0)
    array([[2., 0., 0., 8.]])

    Roughly 10 lines.
    """
    raise NotImplementedError
