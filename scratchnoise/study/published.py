"""Published accuracies of the benchmark of ten classes beside ours: is each reached, and if not, what differs?

A figure is here only with a source in which it was read. For Fashion-MNIST with these noises none was read.
"""

import math
from typing import NamedTuple

import numpy as np

from .ten_classes import EPOCHS

TWO = 2  # standard errors
OURS = {
    "mlp": "two hidden layers of 128 units on means of 2 x 2 pixels",
    "annex": "three convolutional and three fully connected layers, the report's",
}


class Source(NamedTuple):
    """Where figures stand; the network, the epochs and the number of runs (None where it is not said) behind them."""

    name: str
    network: str
    epochs: str
    runs: int | None


class Published(NamedTuple):
    """An accuracy on clean test labels, and the deviation of its runs, None where it is not given."""

    data: str
    noise: str
    method: str
    accuracy: float
    deviation: float | None
    source: Source


NINE_LAYERS = "nine convolutional layers and one fully connected"
PAPER = Source("Han et al. 2018, table 5", NINE_LAYERS, "the mean of the last 10 of 200 epochs", 5)
README = Source("README of github.com/bhanML/Co-teaching", NINE_LAYERS, "epochs that it does not name", None)
# F-correction of the paper is the forward loss with a T that a standard network estimated; Standard is cross-entropy.
PUBLISHED = [
    Published("cifar10", "pair 45 %", "cross-entropy", 0.4950, 0.0042, PAPER),
    Published("cifar10", "symmetric 50 %", "cross-entropy", 0.4887, 0.0052, PAPER),
    Published("cifar10", "symmetric 20 %", "cross-entropy", 0.7625, 0.0028, PAPER),
    Published("cifar10", "pair 45 %", "forward, T estimated", 0.0661, 0.0112, PAPER),
    Published("cifar10", "symmetric 50 %", "forward, T estimated", 0.5983, 0.0017, PAPER),
    Published("cifar10", "symmetric 20 %", "forward, T estimated", 0.8455, 0.0016, PAPER),
    Published("cifar10", "pair 45 %", "co-teaching", 0.7262, 0.0015, PAPER),
    Published("cifar10", "symmetric 50 %", "co-teaching", 0.7402, 0.0004, PAPER),
    Published("cifar10", "symmetric 20 %", "co-teaching", 0.8232, 0.0007, PAPER),
    Published("cifar10", "pair 45 %", "co-teaching", 0.7285, None, README),
    Published("cifar10", "symmetric 50 %", "co-teaching", 0.7449, None, README),
    Published("cifar10", "symmetric 20 %", "co-teaching", 0.8218, None, README),
]


class Answer(NamedTuple):
    """A published figure and the draws of one of our networks: difference of means, and its standard error."""

    figure: Published
    network: str
    draws: int
    ours: float
    difference: float
    error: float

    @property
    def is_reached(self):
        """Whether ours is above, or below by at most two standard errors."""
        return self.difference >= -TWO * self.error

    @property
    def text(self):
        """Reached, or what differs."""
        if self.is_reached:
            return "reached"
        source = self.figure.source
        return (
            f"not reached: ours is {OURS[self.network]}, the last of {EPOCHS[self.network]} epochs; "
            f"theirs is {source.network}, {source.epochs}"
        )


def answers(rows):
    """An Answer for every published figure and each network of ours that has two draws or more: list."""
    found = []
    for figure in PUBLISHED:
        for network in OURS:
            cell = (figure.data, network, figure.noise, figure.method)
            own = [row["accuracy"] for row in rows if _cell(row) == cell]
            if len(own) > 1:
                theirs = figure.deviation**2 / figure.source.runs if figure.deviation is not None else 0.0
                error = math.sqrt(np.var(own, ddof=1) / len(own) + theirs)
                mean = float(np.mean(own))
                found.append(Answer(figure, network, len(own), mean, mean - figure.accuracy, error))
    return found


def _cell(row):
    return row["data"], row["network"], row["noise"], row["method"]


HEADINGS = ("data", "noise", "method", "published", "source", "our network", "ours", "difference", "answer")


def table(rows):
    """The lines of a table in Markdown: every published figure, and ours where there are rows."""
    lines = [f"| {' | '.join(HEADINGS)} |", "| --- |" + " --- |" * (len(HEADINGS) - 1)]
    found = answers(rows)
    for figure in PUBLISHED:
        deviation = "" if figure.deviation is None else f" ({figure.deviation:.4f})"
        published = (figure.data, figure.noise, figure.method, f"{figure.accuracy:.4f}{deviation}", figure.source.name)
        ours = [_ours(answer) for answer in found if answer.figure is figure] or [("", "", "", "no rows of ours")]
        lines += [f"| {' | '.join([*published, *cells])} |" for cells in ours]
    return lines


def _ours(answer):
    difference = f"{answer.difference:+.4f} ± {TWO * answer.error:.4f}"
    return answer.network, f"{answer.ours:.4f}", difference, answer.text


def verdict(rows):
    """Whether the published figures are reached, by any of our networks: a list of one sentence."""
    found = answers(rows)
    if not found:
        return ["**Whether the published figures are reached is open: for none of them there are two draws of ours.**"]
    asked, reached = ({id(a.figure) for a in found if a.is_reached or every} for every in (True, False))
    return [f"**{len(reached)} of {len(asked)} published figures that can be compared are reached.**"]


def described(rows):
    """How many figures are reached, and what cannot be said: list of str."""
    found = answers(rows)
    reached = sum(answer.is_reached for answer in found)
    without = len(PUBLISHED) - len({id(answer.figure) for answer in found})
    said = [
        f"of {len(PUBLISHED)} published figures: {without} without two draws of ours; of {len(found)} comparisons "
        f"{reached} reached, {len(found) - reached} not",
    ]
    known = {figure.data for figure in PUBLISHED}
    return said + [
        f"{data}: no published figure for these noises was read in its source, so ours stand alone"
        for data in dict.fromkeys(row["data"] for row in rows)
        if data not in known
    ]
