"""Small networks on the digits: NeuralNetwork at its defaults beside scikit-learn's MLPClassifier at its own."""

import numpy as np

from ..models import NeuralNetwork
from ..noise import corrupt, uniform
from .datasets import split
from .fits import fitted
from .tables import number, print_table, scores, standard_error, unique

DRAWS = 5
CLASSES = 10
TEST = 297  # of the 1,797 digits
SIZES = {"digits 1000": 1000, "digits 1400": 1400, "digits 1500": 1500}
RATES = {"none": 0.0, "uniform 36 %": 0.36}
PLAIN = "MLPClassifier"
LOSSES = {"NeuralNetwork": "cross_entropy", "NeuralNetwork, backward": "backward", "NeuralNetwork, forward": "forward"}


def plan():
    """(data, scale, noise, method) of every measurement of one draw; without noise there is nothing to correct."""
    wanted = [("none", PLAIN), ("none", "NeuralNetwork"), *(("uniform 36 %", name) for name in (PLAIN, *LOSSES))]
    return [(data, scale, *names) for data in SIZES for scale in ("raw", "standardised") for names in wanted]


def measure(job, rows):
    """The fields of one row: a draw decides the split, the labels, and the seed of the weights."""
    data = split("digits", job.scale, job.draw, TEST)
    T = uniform(CLASSES, RATES[job.noise] / (CLASSES - 1))
    y_noisy = corrupt(data.y, T, np.random.default_rng(job.draw))
    first = slice(SIZES[job.data])  # the split has shuffled them
    return fitted(lambda: _model(job, T).fit(data.X[first], y_noisy[first]), data)[1]


def _model(job, T):
    if job.method == PLAIN:
        from sklearn.neural_network import MLPClassifier

        return MLPClassifier(random_state=job.draw)
    loss = LOSSES[job.method]
    return NeuralNetwork(loss=loss, T=None if loss == "cross_entropy" else T, random_state=job.draw)


def print_tables(rows):
    """Mean accuracy (standard error) of every method by size, scale and noise."""
    cells = unique(rows, "data", "noise")
    methods = unique(rows, "method")
    found = {method: scores(rows, method) for method in methods}
    lines = []
    for place, (data, noise) in enumerate(cells):
        each = [found[method][place] for method in methods]
        texts = [f"{number(draws.mean())} ({number(standard_error(draws), '.4f')})".strip(" ()") for draws in each]
        lines.append((data, noise, *texts))
    print_table("Networks on the digits, accuracy (standard error)", ("data", "noise", *methods), lines)
