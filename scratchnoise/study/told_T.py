"""What an estimate of T costs the networks where the noise is hidden: the same draws of CIFAR-10, told the true T.

The labels, the subset, the weights and every setting are those of the study's rows; T alone is another.
"""

from functools import partial

from ..backend import current
from .jobs import Job
from .protocol import PRESETS

SETTING, METHODS, DRAWS, SEED = ("cifar10", "hidden"), ("NN forward", "NN backward"), 5, 0


def runs():
    """(name, function that measures) of every run, in order."""
    for draw in range(DRAWS):
        for method in METHODS:
            yield f"{method}, draw {draw}", partial(_measured, method, draw)


def _measured(method, draw):
    """{"method", "draw", "accuracy" of the last epoch, "history"}."""
    job = Job(*SETTING, method, draw, PRESETS["paper"], SEED, current())
    last = job.outcome(job.task.T_true)[-1]
    return {"method": method, "draw": draw, "accuracy": last["accuracy"], "history": last["history"]}
