"""14 find the bug: write the check that tells a right formula from a wrong one.

Five people have written the backward-corrected loss of exercise 07, and all five are wrong, each in a way that has
happened in real projects: their code runs, trains, and looks plausible. Do not compare them with a formula of your own,
which may be wrong too. Write down a property that the corrected loss must have, and inputs on which a wrong one cannot
have it.

    check your work    scratchnoise check 14
    a nudge            scratchnoise hint 14
"""

import numpy as np


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


def expose(value):
    """Raise AssertionError if value(z, y, T) is not the backward-corrected loss; return quietly if it is.

    The loss is Eq. (30). What it must have is Eq. (31) and (32), put right:
    sum_i T[i, j] L~_i = L_j: averaged over the noise, the corrected loss is the clean one
    value(z (N, C), y (N,), T (C, C)) -> (N,) like the suspects above. It is up to you which z, y and T you give it.

    Every suspect has to be exposed, and a right formula, which you do not see, has to pass, whichever way it rounds:
    >>> expose(suspect_a)
    Traceback (most recent call last):
    ...
    AssertionError: ...

    Roughly 6 lines.
    """
    raise NotImplementedError
