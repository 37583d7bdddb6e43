"""Where the first epochs of the forward network end, by the length of its steps: one draw of Fashion-MNIST under (39).

In that draw a network can end certain of one class, where the forward loss has no gradient. Steps are those of
learning_rate="auto", times a factor: 1, half, and two that differ from 1 by less than one part in a hundred thousand.
"""

from functools import partial

import numpy as np

from ..losses import ForwardCorrected
from ..models.training_outcome import is_saturated
from ..network import annex
from ..network.training import train
from .methods import FORWARD, NETWORK
from .protocol import PRESETS, load_task, pixels_of

SETTING, DRAW, EPOCHS = ("fashion-mnist", "0.6"), 2, 3
FACTORS = (1.0, 1 - 1e-6, 1 + 1e-6, 0.5)


def runs():
    """(name, function that measures) of every run, in order."""
    for factor in FACTORS:
        yield f"steps times {factor}", partial(_measured, factor)


def _measured(factor):
    """{"factor", "accuracy" of each epoch, "saturated": whether each epoch ended so}; training stops after EPOCHS."""
    preset, accuracy, saturated = PRESETS["paper"], [], []
    task = load_task(*SETTING, preset, 0, DRAW)
    x, x_test = pixels_of(SETTING[0], preset, 0, "network")
    x, y, loss = x[task.chosen], task.y_noisy[task.chosen], ForwardCorrected(task.T_known)
    rng, network = np.random.default_rng(task.model_seed), annex(3)
    network.build(x.shape[1:], rng)

    def on_epoch(row):
        accuracy.append(float(np.mean(network.logits(x_test).argmax(axis=1) == task.y_test)))
        saturated.append(is_saturated(network, loss, x, y, NETWORK["batch_size"]))
        return row["epoch"] == EPOCHS

    steps = (FORWARD["learning_rate"], NETWORK["momentum"], FORWARD["weight_decay"])
    train(network, loss, x, y, rng, preset.epochs, NETWORK["batch_size"], *steps, on_epoch=on_epoch, shortened=factor)
    return {"factor": factor, "accuracy": accuracy, "saturated": saturated}
