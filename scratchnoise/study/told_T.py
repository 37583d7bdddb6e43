"""What an estimate of T costs the networks where the noise is hidden: the same draws of CIFAR-10, told the true T.

The labels, the subset, the weights and every setting are those of the study's rows; T alone is another.
"""

from functools import partial

import numpy as np

from ..backend import current
from .answers.answer import shown
from .findings import accuracies
from .jobs import Job
from .protocol import PRESETS
from .statistics import compare

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


def described(found, results):
    """What the networks on CIFAR-10 gain when they are told the true T instead of its estimate, run by run."""
    parts = []
    for method in dict.fromkeys(row["method"] for row in found):
        told = {(row["draw"], row["draw"]): row["accuracy"] for row in found if row["method"] == method}
        estimated = {draw: a for draw, a in accuracies(results, SETTING, method).items() if draw in told}
        gain = compare(told, estimated)
        means = [np.mean(list(runs.values())) for runs in (told, estimated)]
        parts.append(f"{method} {means[0]:.3f} instead of {means[1]:.3f}, {shown(gain)}")
    clean = accuracies(results, (SETTING[0], "clean"), "NN (clean, full set)")
    bound = f" From as many clean labels the same network learns {np.mean(list(clean.values())):.3f}." if clean else ""
    return f"Told the true T, on the same draws of CIFAR-10 and with the same settings: {'; '.join(parts)}.{bound}"
