"""Somebody else's loss in our signatures: labels as numbers or one-hot, T by columns or rows, a batch or one number."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import arrays
from ..compare import slack
from ..properties.oracles import log_softmax, softmax

CONVENTIONS = ("columns", "rows")
INPUTS = {"logits": lambda z: z, "probabilities": softmax, "log-probabilities": log_softmax}
WORDS = {"none": "one for each sample", "mean": "the mean", "sum": "the sum"}
LABELS = {"labels": lambda y, C: y, "one-hot labels": lambda y, C: np.eye(C)[y]}


@dataclass(frozen=True)
class Adapted:
    """A loss, and how it is to be called. array: makes the arrays that it takes, None for NumPy's."""

    loss: Any
    array: Any = None
    given: str = "logits"
    labels: str = "labels"
    convention: str = "columns"

    def call(self, function, z, y, T):
        """function of these inputs as the loss takes them -> an array of its precision; (N, 1) is (N,)."""
        T = T if self.convention == "columns" else T.T.copy()
        made = self.array or (lambda a: a)
        with np.errstate(all="ignore"):
            found = arrays.to_numpy(function(made(z.copy()), made(LABELS[self.labels](y, z.shape[1])), made(T.copy())))
        return found[:, 0] if found.shape == (len(z), 1) and len(z) > 1 else found

    def whole(self, z, y, T):
        """What the loss says of a batch: (N,), or one number as an array without axes."""
        found = self.call(self.loss, INPUTS[self.given](z), y, T)
        return found.reshape(()) if found.size == 1 and found.shape != (len(z),) else found

    def value(self, z, y, T):
        """(N,) float64: each sample's own loss. A loss that gives one number for a batch is called for each alone."""
        if len(z) > 1:
            found = self.whole(z, y, T)
            if found.shape == (len(z),):
                return found.astype(np.float64)
        alone = [self.whole(z[n : n + 1], y[n : n + 1], T) for n in range(len(z))]
        return np.array([found.item() for found in alone], np.float64)

    def gradient(self, grad):
        """grad(z, y, T) -> (N, C) float64 of each sample's own loss, out of the caller's `grad` of a batch."""

        def of_each(z, y, T):
            if self.whole(z, y, T).shape == (len(z),) and len(z) > 1:
                return self.call(grad, z, y, T).astype(np.float64)
            rows = [self.call(grad, z[n : n + 1], y[n : n + 1], T) for n in range(len(z))]
            return np.concatenate(rows).astype(np.float64)

        return of_each

    def by(self, convention):
        """The same with T in another convention."""
        return replace(self, convention=convention)

    def gradient_of_a_batch(self, grad, reduction, classes):
        """What is wrong with the gradient of a batch, beside those of its samples; "" if nothing is."""
        z, y, T = example(classes)
        whole = self.call(grad, z, y, T)
        if whole.shape != z.shape:
            return f"its gradient has shape {whole.shape}; it should be {z.shape}, as z"
        rows = [self.call(grad, z[n : n + 1], y[n : n + 1], T) for n in range(len(z))]
        expected = np.concatenate(rows) / (len(z) if reduction == "mean" else 1)
        close = np.abs(whole - expected) <= slack(1e-10) * (1 + np.abs(expected))
        what = f"those of its samples{' over N' if reduction == 'mean' else ''}"
        return "" if close.all() else f"its loss is {WORDS[reduction]}, but its gradient is not {what}"

    def reduction(self, classes=3):
        """How a batch becomes a number: "none", one for each sample; "mean" or "sum"; "neither" is an error."""
        z, y, T = example(classes)
        whole, each = self.whole(z, y, T), self.value(z, y, T)
        if whole.shape == (len(z),):
            return "none"
        tolerance = 1e-4 if whole.dtype == np.float32 else 1e-9
        for name, expected in (("mean", each.mean()), ("sum", each.sum())):
            if abs(whole - expected) <= tolerance * (1 + abs(expected)):
                return name
        return "neither"


def example(classes=3):
    """z (4, C), y (4,), T (C, C): one fixed batch with a T that is neither symmetric nor doubly stochastic."""
    z = np.random.default_rng(0).normal(size=(classes + 1, classes))
    return z, np.arange(classes + 1) % classes, asymmetric(classes)


def asymmetric(classes):
    """T (C, C): columns sum to 1, neither symmetric nor doubly stochastic, the diagonal far above the rest."""
    if classes == 3:
        return np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
    i, j = np.ogrid[:classes, :classes]
    weights = 1.0 + (i + 2 * j) % (classes + 1)
    return 0.6 * np.eye(classes) + 0.4 * weights / weights.sum(axis=0)
