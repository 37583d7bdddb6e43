"""Depth, width, batch size and number of samples under uniform noise: python -m scratchnoise.study.architecture.

Section 5 of the report cites [Rol+17]: a network that is deep enough, with batches small enough and data enough, is
robust by itself. Fashion-MNIST, ten classes, means of 2 x 2 pixels. One of the four changes at a time, the others stay
as in BASE. At rate r a label is drawn anew from all classes with probability r, so that 0.9 r are wrong. Each network
is trained with plain cross-entropy and with the forward loss that is told T. `accuracy` is that of the last epoch,
`chosen` that of the epoch with the best accuracy on noisy labels that nothing was trained on.
A row takes one to three seconds on one core, the whole about ten minutes. Rows are appended as they come; the same
command goes on where it stopped.
"""

import warnings
from functools import lru_cache

import numpy as np

from .. import data, noise
from ..losses import ForwardCorrected
from ..models import NeuralNetwork
from ..models.conventions import ConvergenceWarning
from ..network import Network
from ..network.layers import Flatten, Linear, ReLU
from .experiment import command, recorded
from .sparse import blocks
from .statistics import compare

SEED, EPOCHS, N_VALIDATION = 0, 12, 1000
RATES = (0.0, 0.3, 0.6, 0.9)
BASE = {"depth": 2, "width": 128, "batch": 128, "size": 4000}
SWEEPS = {
    "depth": (1, 2, 3, 4, 5, 6),
    "width": (16, 64, 128, 256),
    "batch": (16, 64, 128, 256, 1024),
    "size": (1000, 4000, 12000),
}
LOSSES = ("cross_entropy", "forward")
STEP = 0.01  # of learning_rate="auto", for cross-entropy as it is, for other losses times their step_scale
FIELDS = (*BASE, "step", "loss", "rate", "draw")


def settings():
    """Every network that is trained, each once: list of dict of depth, width, batch, size, step and loss.

    step "auto" is that of NeuralNetwork; "proportional", for control, grows with the batch, so that an epoch goes as
    far with few large steps as with many small ones.
    """
    shapes = [{**BASE, name: value} for name, values in SWEEPS.items() for value in values]
    unique = list({tuple(shape.values()): shape for shape in shapes}.values())
    found = [{**shape, "step": "auto", "loss": loss} for shape in unique for loss in LOSSES]
    ends = min(SWEEPS["batch"]), max(SWEEPS["batch"])
    return found + [{**BASE, "batch": b, "step": "proportional", "loss": loss} for b in ends for loss in LOSSES]


def measure(out, draws=3):
    """Append a row for every draw, rate and network that `out` does not hold yet."""
    results = recorded(out, *FIELDS)
    for draw in range(draws):
        for rate in RATES:
            for setting in settings():
                row = {**setting, "rate": rate, "draw": draw}
                told_nothing = rate == 0 and setting["loss"] == "forward"  # T = I: plain cross-entropy
                if not told_nothing and tuple(row[name] for name in FIELDS) not in results:
                    results.append(row | _scores(**row))


@lru_cache(maxsize=1)
def images():
    """x_train (N, D), y_train, x_test, y_test: all ten classes, means of 2 x 2 pixels in [0, 1]."""
    found = data.load("fashion-mnist", classes="all")
    return blocks(found.x_train), found.y_train, blocks(found.x_test), found.y_test


def network(depth, width, n_classes):
    """`depth` hidden layers of `width` ReLU units, then the logits: Network."""
    hidden = [layer for _ in range(depth) for layer in (Linear(width), ReLU())]
    return Network([Flatten(), *hidden, Linear(n_classes)])


def _scores(depth, width, batch, size, step, loss, rate, draw):
    x, y, x_test, y_test = images()
    C = int(y.max()) + 1
    T = noise.uniform(C, rate / C)
    order = np.random.default_rng([SEED, draw]).permutation(len(y))
    y_noisy = noise.corrupt(y, T, np.random.default_rng([SEED, draw, round(100 * rate)]))
    train, held = order[: min(size, len(y) - N_VALIDATION)], order[-N_VALIDATION:]
    best = BestEpoch(x[held], y_noisy[held])
    model = NeuralNetwork(
        network(depth, width, C),
        loss=loss,
        T=T if loss == "forward" else None,
        epochs=EPOCHS,
        batch_size=batch,
        learning_rate=_step(loss, T) * batch / BASE["batch"] if step == "proportional" else "auto",
        random_state=draw,
        on_epoch=best,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of networks that learn nothing: that is measured
        model.fit(x[train], y_noisy[train])
    last = model.score(x_test, y_test)
    model.network_.set_state(best.state)
    return {"accuracy": last, "chosen": model.score(x_test, y_test), "epoch": best.epoch}


def _step(loss, T):
    return STEP * (ForwardCorrected(T).step_scale if loss == "forward" else 1)


class BestEpoch:
    """Remembers the weights of the epoch with the best accuracy on held-out noisy labels, the first of equals."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __call__(self, model, row):
        if row["epoch"] == 1:  # the first, or that of a second start
            self.accuracy = -1.0
        accuracy = float(np.mean(model.predict(self.x) == self.y))
        if accuracy > self.accuracy:
            self.accuracy, self.epoch, self.state = accuracy, row["epoch"], model.network_.state()


def accuracies(rows, rate, loss="cross_entropy", step="auto", scored="accuracy", **changed):
    """{draw: accuracy} of the network of BASE with these changes. scored: "accuracy", or "chosen" epoch."""
    wanted = {**BASE, **changed, "step": step, "loss": "cross_entropy" if rate == 0 else loss, "rate": rate}
    return {row["draw"]: row[scored] for row in rows if all(row[name] == value for name, value in wanted.items())}


def gain(rows, rate, name, most, least, **options):
    """Accuracy with `most` of what SWEEPS calls `name` - with `least` of it, paired over draws: Difference or None."""
    return compare(*(accuracies(rows, rate, **options, **{name: value}) for value in (most, least)))


if __name__ == "__main__":
    command(measure, __doc__, draws=3)
