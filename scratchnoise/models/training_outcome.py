"""How a training can fail although its loss stays finite: two signs that need no clean label, and their warnings."""

import numpy as np

from ..backend import backend
from ..kernels import softmax
from ..messages import warn_caller
from .conventions import ConvergenceWarning, recognised

LEAST, MOST = 50, 1000  # training samples that are looked at
SAME = 0.01  # largest difference between samples of a probability that does not depend on the sample
CERTAIN = 1 - 1e-6  # probability beyond which the gradient of a corrected loss is rounded away

REMEDIES = "try scaling='standard', a smaller learning_rate or more epochs"


def is_saturated(network, loss, x, y, batch_size):
    """Whether the network is certain and wrong: most probabilities are 0 or 1, the mean loss above that of a guess.

    There the gradient of a loss in T p is rounded away, so no step leads out. The guess is uniform. network: a built
    one, x (N, ...), y (N,) -> bool. About batch_size samples are looked at, which take no more memory than training.
    """
    x, y = _some(x, y, batch_size)
    return _saturated(*_losses(network.logits(x), loss, y))


def warn_of_failure(network, loss, x, y, classes, batch_size):
    """Warn (ConvergenceWarning) of a network that ignores its input, or that is saturated (see `is_saturated`).

    Ignores: all samples get the same probabilities, those of the class shares, for example. classes (C,); the other
    arguments are those of `is_saturated`.
    """
    x, y = _some(x, y, batch_size)
    p, value, of_a_guess = _losses(network.logits(x), loss, y)
    if np.ptp(p, axis=0).max() < SAME and (x != x[0]).any():
        likeliest = p[0].argmax()
        _warn(
            f"the network gives every sample nearly the same probabilities, {classes.tolist()[likeliest]!r} with "
            f"{p[0, likeliest]:.3g} for example: it has learnt class shares, and nothing from X; {REMEDIES}"
        )
    elif _saturated(p, value, of_a_guess):
        _warn(
            f"the network is saturated: most of its probabilities are 0 or 1, but its mean loss, {value:.3g}, is above "
            f"that of a uniform guess, {of_a_guess:.3g}; {REMEDIES}"
        )


def _some(x, y, batch_size):
    step = -(-len(x) // min(max(batch_size, LEAST), MOST))
    return x[::step], y[::step]


def _losses(z, loss, y):
    """softmax(z) (N, C), the mean loss, and the mean loss of equal logits."""
    with backend("numpy"):
        return softmax(z), *(loss.value(logits, y).mean() for logits in (z, np.zeros_like(z)))


def _saturated(p, value, of_a_guess):
    return bool(np.mean(p.max(axis=1) > CERTAIN) > 0.5 and value > of_a_guess)


def _warn(message):
    warn_caller(message, recognised(ConvergenceWarning))
