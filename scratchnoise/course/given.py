"""Code that the stubs of exercises 13 and 14 give to the student; the stubs hold the same text."""

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


def log_softmax(z):
    """Logarithms of the class probabilities."""
    shifted = z - z.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def suspect_a(z, y, T):
    weights = np.linalg.inv(T)
    return -(weights[y] * log_softmax(z)).sum(axis=1)


def suspect_b(z, y, T):
    p = np.exp(log_softmax(z))
    weights = np.linalg.inv(T).T
    return -(weights[y] * np.log(p + 1e-8)).sum(axis=1)


def suspect_c(z, y, T):
    p = np.exp(log_softmax(z)) @ np.linalg.inv(T).T
    p = np.maximum(p, 1e-8)
    return -np.log(p / p.sum(axis=1, keepdims=True))[np.arange(len(y)), y]


def suspect_d(z, y, T):
    losses = -log_softmax(z)
    corrected = losses @ np.linalg.inv(T)
    return np.maximum(corrected, 0)[np.arange(len(y)), y]


def suspect_e(z, y, T):
    corrected = -log_softmax(z) @ np.linalg.inv(T)
    return np.full(len(y), corrected[np.arange(len(y)), y].mean())


SUSPECTS = (suspect_a, suspect_b, suspect_c, suspect_d, suspect_e)
