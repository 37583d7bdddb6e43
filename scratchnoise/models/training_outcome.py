"""How a finished training can have failed although its loss stayed finite: two warnings that need no clean label."""

import numpy as np

from ..backend import backend
from ..kernels import softmax
from ..messages import warn_caller
from .conventions import ConvergenceWarning, recognised

LEAST, MOST = 50, 1000  # training samples that are looked at
SAME = 0.01  # largest difference between samples of a probability that does not depend on the sample
CERTAIN = 1 - 1e-6  # probability beyond which the gradient of a corrected loss is rounded away

REMEDIES = "try scaling='standard', a smaller learning_rate or more epochs"


def warn_of_failure(network, loss, x, y, classes, batch_size):
    """Warn (ConvergenceWarning) of a network that ignores its input, or that is certain and wrong.

    Ignores: all samples get the same probabilities, those of the class shares, for example. Certain and wrong: most
    probabilities are 0 or 1, and the mean loss is above that of a uniform guess, so that no gradient leads out.
    network: a trained one, x (N, ...) and y (N,) what it was trained on, classes (C,). About batch_size samples are
    looked at, which take no more memory than training did.
    """
    step = -(-len(x) // min(max(batch_size, LEAST), MOST))
    x, y = x[::step], y[::step]
    z = network.logits(x)
    with backend("numpy"):
        p = softmax(z)
        value, of_a_guess = (loss.value(logits, y).mean() for logits in (z, np.zeros_like(z)))
    if np.ptp(p, axis=0).max() < SAME and (x != x[0]).any():
        likeliest = p[0].argmax()
        _warn(
            f"the network gives every sample nearly the same probabilities, {classes.tolist()[likeliest]!r} with "
            f"{p[0, likeliest]:.3g} for example: it has learnt class shares, and nothing from X; {REMEDIES}"
        )
    elif np.mean(p.max(axis=1) > CERTAIN) > 0.5 and value > of_a_guess:
        _warn(
            f"the network is saturated: most of its probabilities are 0 or 1, but its mean loss, {value:.3g}, is above "
            f"that of a uniform guess, {of_a_guess:.3g}; {REMEDIES}"
        )


def _warn(message):
    warn_caller(message, recognised(ConvergenceWarning))
