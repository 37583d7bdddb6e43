"""What each epoch showed before the raw corrected loss died: the report's network and settings, Fashion-MNIST.

Initial weights as He et al. draw them, ours, and as PyTorch does by default, U(-a, a) with a = 1 / sqrt(fan-in), the
report's perhaps. The control is plain cross-entropy on the same labels, which is bounded below.
"""

from functools import partial

import numpy as np

from .. import data
from ..data import images
from ..losses import BackwardCorrected, CrossEntropy
from ..network import annex
from ..network.training import TrainingDiverged, train
from ..noise import MNIST05, MNIST06, corrupt

NOISE = {"0.5": MNIST05, "0.6": MNIST06}
EPOCHS, SAMPLES, TESTED = 3, 16200, 1500
SETTINGS = {"batch_size": 252, "learning_rate": 0.01, "momentum": 0.9}


def runs():
    """(name, function that measures) of every run, in order."""
    for loss in ("raw", "bounded"):
        for weights in ("default", "he"):
            for noise in ("0.6", "0.5"):
                yield f"{loss}, {weights} weights, noise {noise}", partial(_measured, loss, weights, noise)


def _measured(loss, weights, noise, seed=0):
    T, rng, rows = NOISE[noise], np.random.default_rng([seed, round(10 * float(noise))]), []
    clothes = data.load("fashion-mnist")
    y = corrupt(clothes.y_train, T, rng)
    chosen = rng.permutation(len(y))[:SAMPLES]
    x, x_test = images.for_network(clothes.x_train[chosen]), images.for_network(clothes.x_test[:TESTED])
    network = annex(3)
    network.build(x.shape[1:], rng)
    if weights == "default":
        _draw_by_default(network, rng)

    def on_epoch(row):
        right = network.logits(x_test).argmax(axis=1) == clothes.y_test[:TESTED]
        rows.append({**row, "accuracy": float(np.mean(right))})

    minimised = BackwardCorrected(T, risk="raw") if loss == "raw" else CrossEntropy()
    found = {"loss": loss, "weights": weights, "noise": noise, "stopped": None}
    try:
        train(network, minimised, x, y[chosen], rng, EPOCHS, on_epoch=on_epoch, **SETTINGS)
    except TrainingDiverged as died:
        found["stopped"], rows = died.epoch, [*rows, died.history[-1]]
    return {**found, "history": rows}


def _draw_by_default(network, rng):
    """Weights and biases U(-a, a), a = 1 / sqrt(fan-in), as PyTorch draws those of Linear and Conv2d."""
    for layer in network.layers:
        if layer.params:
            bound = np.prod(layer.params["w"].shape[:-1]) ** -0.5
            for name, array in layer.params.items():
                layer.params[name] = rng.uniform(-bound, bound, array.shape).astype(array.dtype)
