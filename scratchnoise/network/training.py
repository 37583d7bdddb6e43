"""The training loop of a network: minibatches, one history row per epoch, two alarms that need no clean label.

On a device nothing in a step waits for a number: data, order, gradients and running means stay there, and the host
looks once an epoch. On the host it looks at every step, and stops before the first one that is not finite.
"""

import time

import numpy as np

from ..backend import on_device, queue, to_device
from ..checks import (
    as_generator,
    as_weights,
    check_below_one,
    check_choice,
    check_count,
    check_not_negative,
    check_positive,
    check_unmasked,
)
from ..messages import shown
from ..noise import check_labels
from .checkpoint import Checkpoint
from .device_memory import memory_explained
from .device_step import DeviceStep
from .optim import OPTIMISERS
from .watch import Watch

BASE_LEARNING_RATE = {"sgd": 0.01, "adam": 0.001}  # the report's, and the one of Adam's paper
MOST_EPOCHS = 10**6  # the learning rate of every step is computed beforehand
EPOCHS = 30  # the report's
LEAST_STEPS = 1000  # so few samples cannot starve it
SOLVERS = tuple(OPTIMISERS)
FEW = 8  # samples: as many as it takes to see whether the parameters are finite
WARM_UP = 1 / 30  # of the training: one epoch of the report's 30

REMEDIES = (
    "Remedies: risk='relu', 'clip' or 'flood' instead of 'raw' (the corrected loss is unbounded below); "
    "learning_rate='auto' or a smaller number; weight_decay > 0; loss='forward', which is bounded; "
    "and check that the inputs are scaled, e.g. to [-1, 1]"
)


class TrainingDiverged(ArithmeticError):
    """The loss stopped being a finite number. `epoch` (from 1), `step` and `history` say where and what led there.

    The last row of the history is that of the fatal epoch: means over its steps before the fatal one, and `last_loss`,
    the objective of the last of them; NaN where it was the first, and on a device.
    """

    def __init__(self, message: str, epoch: int, step: int, history: list[dict]) -> None:
        super().__init__(message)
        self.epoch, self.step, self.history = epoch, step, history

    def __reduce__(self):
        return type(self), (self.args[0], self.epoch, self.step, self.history)


def automatic_epochs(n_samples, batch_size):
    """The epochs that epochs="auto" stands for: 30, the report's, and so many more that there are 1,000 steps."""
    return max(EPOCHS, -(-LEAST_STEPS // -(-n_samples // batch_size)))


def step_size(learning_rate, loss, progress, solver="sgd"):
    """The learning rate at `progress` in [0, 1): a number stays, "auto" depends on the loss.

    "auto" is 0.01, the report's, for plain cross-entropy, and 0.01 loss.step_scale (1 - progress) for losses that
    correct the noise: step_scale is ||T^-1||^-1 for the backward and ||T^-1||^(1/2) for the forward correction, and
    the linear decay averages out the gradient noise that wrong labels add. Where that is more than 0.01, the first
    1/30 of the training leads up to it: a first step too long ends where all samples have one certain class, and there
    the forward loss has no gradient. Adam divides by the size of the gradients: "auto" is 0.001, which decays likewise,
    without step_scale.
    """
    if learning_rate != "auto":
        return learning_rate
    base = BASE_LEARNING_RATE[solver]
    if not loss.corrects_noise:
        return base
    scale = loss.step_scale if solver == "sgd" else 1
    led_up = min(progress / WARM_UP, 1) if scale > 1 else 1
    return base * scale * (1 - progress) * led_up


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
    solver="sgd",
    make_step=None,
    shortened=1.0,
    checkpoint=None,
):
    """Minimise `loss` over a built network on minibatches, by SGD with momentum or "adam"; returns the history.

    x (N, ...) in the network's dtype, y (N,) int64, rng numpy Generator or seed (shuffles only), learning_rate "auto"
    (see `step_size`) or a number, sample_weight (N,) with mean 1 or None. on_epoch(row) is called after each epoch with
    its row: epoch, loss, seconds, learning_rate and, for losses with a T, what the alarms watch: forward_loss and
    corrected_risk, each with its standard error (forward_loss_error, ...), and alarms, those that rang (`watch.alarms`
    says when, and what that shows); the history is the list of them. Where on_epoch returns True, training ends.
    make_step(network, loss, data, rates, solver): what trains on a batch, instead of HostStep. shortened: a factor of
    the steps of learning_rate "auto".
    checkpoint: a `Checkpoint` with this rng, or None. It is written after every epoch but the last, and a training that
    finds it written goes on from there; its step needs `state()` and `set_state(state)`, as HostStep has them.
    Raises TrainingDiverged when the loss is no longer finite, DeviceMemoryError when a device has too little memory,
    ValueError for arguments that do not fit.
    """
    rng = as_generator("rng", rng)
    check_settings(loss, epochs, batch_size, learning_rate, momentum, weight_decay, on_epoch, solver, make_step)
    check_samples(x, y, sample_weight)
    check_positive(shortened=shortened)
    if checkpoint is not None and not isinstance(checkpoint, Checkpoint):
        raise ValueError(f"checkpoint={shown(checkpoint)} should be a Checkpoint, or None")
    data = Minibatches(x, y, sample_weight, batch_size)
    total = epochs * len(data)
    factor = shortened if learning_rate == "auto" else 1
    sizes = (factor * step_size(learning_rate, loss, k / total, solver) for k in range(total))
    rates = [(size, momentum, weight_decay) for size in sizes]
    with memory_explained(x, network, batch_size), queue(), network.on_device():
        check_labels(y, network.logits(x[:1]).shape[1])  # on a device nobody will look at them again
        data.send()
        history = [] if checkpoint is None else checkpoint.history_of(network)  # before a step looks at the weights
        train_on = (make_step or (DeviceStep if on_device() else HostStep))(network, loss, data, rates, solver)
        if checkpoint is not None:
            checkpoint.follow(train_on)
        for epoch in range(len(history) + 1, epochs + 1):
            started, watch, first = time.perf_counter(), Watch(loss, len(x)), (epoch - 1) * len(data)
            for step, batch in enumerate(data.shuffled(rng), start=first):
                if not train_on(step, batch, watch):
                    break
            sound = int(watch.finite_steps)
            last = network.logits(data.x[batch[:FEW]])  # after the last update no loss follows that would tell
            diverged = sound < len(data) or not np.isfinite(last).all()
            step = first + min(sound, len(data) - 1)
            row = {"epoch": epoch, **watch.row(), "learning_rate": float(rates[step][0])}
            history.append({**row, "seconds": time.perf_counter() - started})
            if diverged:
                history[-1]["last_loss"] = float(watch.last_loss)
                raise TrainingDiverged(_what_happened(loss, epoch, step, rates[step][0]), epoch, step, history)
            if on_epoch is not None and asks_to_stop(on_epoch(history[-1])):
                break
            if checkpoint is not None and epoch < epochs:  # whoever ends a training may change the weights
                checkpoint.save(history)
    network.release()
    return history


def asks_to_stop(answer):
    """Whether `on_epoch` returned True; None and False go on, and ValueError for anything else."""
    if answer is None or isinstance(answer, bool | np.bool_):
        return bool(answer)
    raise ValueError(f"on_epoch returned {shown(answer)}; it should return True to stop, or None or False to go on")


def check_settings(loss, epochs, batch_size, learning_rate, momentum, weight_decay, on_epoch, solver, make_step):
    """Raise ValueError for settings of `train` that are out of range."""
    if isinstance(loss, type) or not hasattr(loss, "objective_grad"):
        raise ValueError(f"loss={shown(loss)} should be a loss object, e.g. CrossEntropy()")
    if getattr(loss, "remembers_samples", False) and make_step is None:
        raise ValueError(f"loss={shown(loss)} needs a step that remembers samples: make_step=EarlyLearningStep")
    if make_step is not None and not callable(make_step):
        raise ValueError(f"make_step={shown(make_step)} should be a function that makes a training step, or None")
    if on_epoch is not None and not callable(on_epoch):
        raise ValueError(f"on_epoch={shown(on_epoch)} should be a function of a row of the history, or None")
    check_count(1, MOST_EPOCHS, epochs=epochs)
    check_count(batch_size=batch_size)
    check_choice(SOLVERS, solver=solver)
    if not isinstance(learning_rate, str):
        check_not_negative(learning_rate=learning_rate)
    elif learning_rate != "auto":
        raise ValueError(f"learning_rate={learning_rate!r} should be 'auto' or a number of at least 0")
    check_below_one(momentum=momentum)
    check_not_negative(weight_decay=weight_decay)


def check_samples(x, y, sample_weight):
    """Raise ValueError unless there are as many labels and weights as samples; `train` compares y with the logits."""
    for name, array in (("x", x), ("y", y)):
        if not hasattr(array, "shape") or len(array.shape) < 1:
            raise ValueError(f"{name}={shown(array)} should be an array, one sample a row")
        check_unmasked(name, array)
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(f"x has {len(x)} samples and y {len(y)} labels; they should have the same number, not none")
    if sample_weight is not None:
        as_weights("sample_weight", sample_weight, len(x))


class Minibatches:
    """The training data, in a new order every epoch. Its length is in batches.

    augmentation: None, or a function that changes the x of every batch.
    """

    augmentation = None

    def __init__(self, x, y, sample_weight, batch_size):
        self.x, self.y, self.weight, self.batch_size = x, y, sample_weight, batch_size

    def __len__(self):
        return -(-len(self.x) // self.batch_size)

    def send(self):
        """Keep the data where the running table computes."""
        self.x, self.y = to_device(self.x), to_device(self.y)
        self.weight = None if self.weight is None else to_device(self.weight)

    def shuffled(self, rng):
        """The indices of each batch of an epoch. rng numpy Generator: the order is the same on every device."""
        order = to_device(rng.permutation(len(self.x)))
        return (order[start : start + self.batch_size] for start in range(0, len(order), self.batch_size))

    def samples(self, batch):
        """x, y, and weight or None of these indices."""
        x = self.x[batch] if self.augmentation is None else self.augmentation(self.x[batch])
        return x, self.y[batch], None if self.weight is None else self.weight[batch]


class HostStep:
    """Calls train `network` on a minibatch each. rates: (steps, 3), their learning rate, momentum and weight decay."""

    def __init__(self, network, loss, data, rates, solver="sgd"):
        _, momentum, weight_decay = rates[0]
        self.network, self.loss, self.data, self.rates = network, loss, data, rates
        self.optimiser = OPTIMISERS[solver][0](network, momentum=momentum, weight_decay=weight_decay)

    def __call__(self, step, batch, watch):
        """Train on the samples with these indices; False, and no update, where their loss is not finite."""
        x, y, weight = self.data.samples(batch)
        self.optimiser.learning_rate, _, _ = self.rates[step]
        z = self.network.forward(self.inputs(x), step)
        watch.see(z, y, weight)
        if watch.finite:
            self.network.backward(self.gradient(z, y, weight, batch))
            self.optimiser.step()
        return watch.finite

    def state(self):
        """What the next step depends on beside the network, for `set_state`."""
        return self.optimiser.state()

    def set_state(self, state):
        """Go on from what `state` returned."""
        self.optimiser.set_state(state)

    def inputs(self, x):
        """What the network gets of the samples of a batch."""
        return x

    def gradient(self, z, y, weight, batch):
        """What the network learns from the logits of the samples with these indices."""
        return self.loss.objective_grad(z, y, weight)


def _what_happened(loss, epoch, step, learning_rate):
    return (
        f"the loss of {type(loss).__name__} is no longer finite in epoch {epoch} (step {step + 1}, learning rate "
        f"{learning_rate:g}). {REMEDIES}"
    )
