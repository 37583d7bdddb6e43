"""The training loop of a network: minibatches, one history row per epoch, two alarms that need no clean label."""

import time

import numpy as np

from . import kernels
from .optim import SGD

BASE_LEARNING_RATE = 0.01  # the report's

REMEDIES = (
    "Remedies: risk='relu', 'clip' or 'flood' instead of 'raw' (the corrected loss is unbounded below); "
    "learning_rate='auto' or a smaller number; weight_decay > 0; loss='forward', which is bounded; "
    "and check that the inputs are scaled, e.g. to [-1, 1]"
)


class TrainingDiverged(ArithmeticError):
    """The loss stopped being a finite number. `epoch` (from 1), `step` and `history` say where and what led there."""

    def __init__(self, message, epoch, step, history):
        super().__init__(message)
        self.epoch, self.step, self.history = epoch, step, history

    def __reduce__(self):
        return type(self), (self.args[0], self.epoch, self.step, self.history)


def step_size(learning_rate, loss, progress):
    """The learning rate at `progress` in [0, 1): a number stays, "auto" depends on the loss.

    "auto" is 0.01, the report's, for plain cross-entropy, and 0.01 loss.step_scale (1 - progress) for losses that
    correct the noise: step_scale is ||T^-1||^-1 for the backward and ||T^-1||^(1/2) for the forward correction, and
    the linear decay averages out the gradient noise that wrong labels add.
    """
    if learning_rate != "auto":
        return learning_rate
    return BASE_LEARNING_RATE * loss.step_scale * (1 - progress if loss.corrects_noise else 1)


def train(
    network,
    loss,
    x,
    y,
    rng,
    epochs,
    batch_size,
    learning_rate="auto",
    momentum=0.9,
    weight_decay=0.0,
    sample_weight=None,
    on_epoch=None,
):
    """Minimise `loss` over a built network by minibatch SGD with momentum; returns the history, a list of dicts.

    x (N, ...) in the network's dtype, y (N,) int64, rng numpy Generator (shuffles only), learning_rate a number or
    "auto" (see `step_size`), sample_weight (N,) with mean 1 or None. on_epoch(row) is called after each epoch with its
    row: epoch, loss, seconds, learning_rate and, for losses with a T, what the alarms watch: forward_loss (alarm below
    `T.noise_floor`) and corrected_risk (alarm below 0).
    Raises TrainingDiverged when the loss is no longer finite.
    """
    optimiser = SGD(network, momentum=momentum, weight_decay=weight_decay)
    steps_per_epoch = -(-len(x) // batch_size)
    history = []
    for epoch in range(1, epochs + 1):
        started, order = time.perf_counter(), rng.permutation(len(x))
        watch = Watch(loss, len(x))
        for i in range(steps_per_epoch):
            step = (epoch - 1) * steps_per_epoch + i
            batch = order[i * batch_size : (i + 1) * batch_size]
            weight = None if sample_weight is None else sample_weight[batch]
            optimiser.learning_rate = step_size(learning_rate, loss, step / (epochs * steps_per_epoch))
            z = network.forward(x[batch], step)
            if not watch.see(z, y[batch], weight):
                raise TrainingDiverged(_what_happened(loss, epoch, step, optimiser), epoch, step, history)
            network.backward(loss.objective_grad(z, y[batch], weight))
            optimiser.step()
        if not np.isfinite(network.logits(x[batch])).all():  # no loss follows the last step and would tell
            raise TrainingDiverged(_what_happened(loss, epoch, step, optimiser), epoch, step, history)
        row = {"epoch": epoch, **watch.row(), "learning_rate": float(optimiser.learning_rate)}
        history.append({**row, "seconds": time.perf_counter() - started})
        if on_epoch is not None:
            on_epoch(history[-1])
    network.release()
    return history


class Watch:
    """Running means over one epoch, of logits as training saw them (dropout on)."""

    def __init__(self, loss, n_samples):
        self.loss, self.n_samples = loss, n_samples
        self.T = getattr(loss, "T", None)
        self.sums = {"loss": 0.0}
        if self.T is not None:
            self.sums |= {"forward_loss": 0.0, "corrected_risk": 0.0}
            invertible = self.T.singular_values[-1] > 1e-6
            self.signed = np.ascontiguousarray(np.linalg.inv(self.T.array).T) if invertible else None

    def see(self, z, y, sample_weight):
        """Add one batch; False when its loss is not finite."""
        if not np.isfinite(z).all():
            return False
        objective = self.loss.objective(z, y, sample_weight)
        self.sums["loss"] += objective * len(z)
        if self.T is not None:
            self.sums["forward_loss"] += kernels.forward_cross_entropy(z, y, np.asarray(self.T, dtype=z.dtype)).sum()
            if self.signed is not None:
                self.sums["corrected_risk"] += kernels.signed_cross_entropy(z, self.signed.astype(z.dtype)[y]).sum()
        return np.isfinite(objective)

    def row(self):
        """The means, and the alarms that they raise."""
        row = {name: float(total / self.n_samples) for name, total in self.sums.items()}
        if self.T is not None:
            alarms = []
            if row["forward_loss"] < self.T.noise_floor:
                alarms.append("forward loss below the noise floor")
            if self.signed is not None and row["corrected_risk"] < 0:
                alarms.append("corrected risk below zero")
            row["alarms"] = alarms
        return row


def _what_happened(loss, epoch, step, optimiser):
    return (
        f"the loss of {type(loss).__name__} is no longer finite in epoch {epoch} (step {step + 1}, learning rate "
        f"{optimiser.learning_rate:g}). {REMEDIES}"
    )
