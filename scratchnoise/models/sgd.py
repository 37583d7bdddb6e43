"""Minibatch SGD for the linear models, as the report has it, and the mean of its last passes."""

import numpy as np

from .. import kernels
from ..backend import to_device, to_host
from ..messages import warn_caller
from ..network.training import TrainingDiverged
from .conventions import ConvergenceWarning, recognised

SAMPLE = 1000  # samples on which the curvature is measured
ITERATIONS = 20  # of the power method


def descend(model, X, y, sample_weight, w, b, T, next_transition, rng):
    """Passes over the data until the loss settles or the budget is spent: (w, b, T, history, settled).

    model: whose settings count. next_transition(T, X, y, sample_weight, w, b): T after a pass.
    """
    history, previous, settled = [], np.inf, False
    batch_size = min(model.batch_size, len(X))
    steps_left = np.inf if model.max_steps is None else model.max_steps
    mean = MeanOfLastPasses(min(model.max_iter, steps_left * batch_size / len(X)))
    w, b, X, y, sample_weight = map(to_device, (w, b, X, y, sample_weight))
    for epoch in range(1, model.max_iter + 1):
        order = rng.permutation(len(X))
        if steps_left * batch_size < len(order):
            order = order[: steps_left * batch_size]
        assumed, rate = to_device(T.astype(X.dtype, order="C")), step_size(model, epoch)
        w, b, loss = kernels.linear_sgd_epoch(
            w, b, X, y, assumed, sample_weight, to_device(order), batch_size, rate, float(model.l2_)
        )
        check_finite(model, loss, w, epoch, history)
        history.append({"epoch": epoch, "loss": loss})
        T = next_transition(T, X, y, sample_weight, w, b)
        if model.averaging:
            mean.add(to_host(w), to_host(b))
        steps_left -= -(-len(order) // batch_size)
        settled = abs(previous - loss) < model.tol
        if steps_left <= 0 or settled:
            break
        previous = loss
    w, b = mean.value() if model.averaging else (to_host(w), to_host(b))
    return w, b, T, history, settled or steps_left <= 0


def step_size(model, epoch):
    """learning_rate / (1 + decay (epoch - 1)), made a proximal step for l2.

    A proximal step is w <- (w - rate dw) / (1 + rate l2), which never overshoots, however large l2 is. An explicit step
    w - rate' (dw + l2 w) with rate' = rate / (1 + rate l2) is the same.
    """
    rate = float(model.learning_rate) / (1 + model.decay * (epoch - 1))
    return rate / (1 + rate * float(model.l2_))


class MeanOfLastPasses:
    """The mean of the weights over the second half of the passes, however many are made.

    Sums over all passes are kept from pass 1, 2, 4, 8, ..., and from half of the planned passes on. The mean begins at
    the last of these places that leaves at least half of the passes. Source: Polyak and Juditsky 1992.
    """

    def __init__(self, planned):
        self.half, self.passes, self.total, self.before = int(planned // 2), 0, None, {}

    def add(self, w, b):
        """The weights after one more pass."""
        flat = np.concatenate([w.ravel(), b]).astype(np.float64)
        if self.passes == 0:
            self.shape, self.dtype, self.total = w.shape, w.dtype, np.zeros_like(flat)
            self.before[0] = self.total
        self.total = self.total + flat
        self.passes += 1
        if self.passes & (self.passes - 1) == 0 or self.passes == self.half:
            self.before[self.passes] = self.total

    def value(self):
        """w and b."""
        start = max(place for place in self.before if 2 * place <= self.passes)
        flat = ((self.total - self.before[start]) / (self.passes - start)).astype(self.dtype)
        size = self.shape[0] * self.shape[1]
        return flat[:size].reshape(self.shape), flat[size:]


def steps_too_long(X, learning_rate, rng):
    """By how much learning_rate exceeds 2 / curvature, above which steps overshoot; at most 1 if it does not.

    The curvature of softmax regression is at most half the largest eigenvalue of the mean of (x, 1) (x, 1)^T, which the
    power method finds on a sample.
    """
    rows = X[rng.permutation(len(X))[:SAMPLE]].astype(np.float64)
    rows = np.column_stack([rows, np.ones(len(rows))])
    peak = np.abs(rows).max()
    rows /= peak
    v = np.ones(rows.shape[1]) / np.sqrt(rows.shape[1])
    for _ in range(ITERATIONS):
        product = rows.T @ (rows @ v) / len(rows)
        largest = np.linalg.norm(product)
        v = product / largest
    return learning_rate * largest / 4 * peak * peak


def warn_of_long_steps(model, X):
    """Warn (ConvergenceWarning) where `steps_too_long` says that learning_rate exceeds what these samples allow."""
    too_long = steps_too_long(X, model.learning_rate, np.random.default_rng(0))
    if too_long > 1:
        warn_caller(
            f"{type(model).__name__} takes steps that are {too_long:.3g} times too long for these features, so it may "
            f"not converge; standardise them, set learning_rate below {model.learning_rate / too_long:.2g}, or "
            "solver='lbfgs'",
            recognised(ConvergenceWarning),
        )


def check_finite(model, loss, w, epoch, history):
    """Raise TrainingDiverged for a loss or weights that are not finite."""
    if not (np.isfinite(loss) and np.isfinite(w).all()):
        raise TrainingDiverged(
            f"the loss of {type(model).__name__} is no longer finite in pass {epoch}; scale the features (e.g. to "
            f"[-1, 1]), choose a learning_rate below {model.learning_rate:g}, or solver='lbfgs'",
            epoch,
            0,
            history,
        )
