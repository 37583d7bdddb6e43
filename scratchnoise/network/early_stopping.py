"""Early stopping on labels that are as noisy as the rest: the loss knows the noise, so its own mean is the measure."""

import numpy as np

from ..backend import to_device, to_host


class EarlyStopping:
    """Called after every epoch: whether `patience` epochs have passed since the lowest validation loss.

    The validation loss is the weighted mean of `loss.value` on samples that training does not see, which estimates the
    risk that the loss stands for: for a corrected loss, from noisy labels. `restore` puts the weights of the lowest
    back. network: a built one, x (N, ...), y (N,) int64, weight (N,). Source: [Prechelt 1998].
    """

    def __init__(self, network, loss, x, y, weight, patience):
        self.network, self.loss, self.patience = network, loss, patience
        self.x, self.y, self.weight = x, y, weight
        self.lowest, self.best_epoch, self.best = np.inf, 0, None

    def __call__(self, row):
        """Add validation_loss to a row of the history; True where training should stop."""
        row["validation_loss"] = self.validation_loss()
        if row["validation_loss"] < self.lowest:
            self.lowest, self.best_epoch, self.best = row["validation_loss"], row["epoch"], self.network.state()
        return row["epoch"] - self.best_epoch >= self.patience

    def validation_loss(self):
        """sum_n weight_n value(z_n, y_n) / sum_n weight_n."""
        z = to_device(self.network.logits(self.x))
        values = to_host(self.loss.value(z, to_device(self.y))).astype(np.float64)
        return float(self.weight @ values / self.weight.sum(dtype=np.float64))

    def state(self):
        """The lowest validation loss so far, its epoch and its weights, for `set_state`."""
        return {"lowest": self.lowest, "best_epoch": self.best_epoch, "best": self.best}

    def set_state(self, state):
        """Go on from what `state` returned."""
        self.lowest, self.best_epoch, self.best = state["lowest"], state["best_epoch"], state["best"]

    def restore(self):
        """Give the network the weights of the epoch with the lowest validation loss."""
        if self.best is not None:
            self.network.set_state(self.best)


def held_out(y, fraction, rng):
    """A random share of each class: (N,) bool, True for about `fraction` of the samples, never for a whole class.

    y (N,) int64, 0 < fraction < 1, rng numpy Generator. Raises ValueError where no sample would be held out.
    """
    out = np.zeros(len(y), bool)
    for c in np.unique(y):
        members = rng.permutation(np.flatnonzero(y == c))
        out[members[: min(round(fraction * len(members)), len(members) - 1)]] = True
    if not out.any():
        raise ValueError(
            f"validation_fraction={fraction} of {len(y)} samples in {len(np.unique(y))} classes is no sample at all; "
            "use a larger share or early_stopping=False"
        )
    return out
