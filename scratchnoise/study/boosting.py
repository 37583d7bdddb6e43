"""Which ensemble suffers most from wrong labels: python -m scratchnoise.study.boosting --out FILE.jsonl.

Section 2.1 of the report says that AdaBoost does. Accuracy on clean test labels by the share of wrong training labels,
on two data sets of scikit-learn, half of each for training. All boosters have the same members, trees of depth 3, and
as many; AdaBoost runs on stumps and on full trees too, because the report does not say which members it means.
Rows are appended as they come; the same command goes on where it stopped.
"""

import warnings

import numpy as np

from .. import noise
from ..models import AdaBoost, Bagging, DecisionTree, LogitBoost, SmoothBoost
from ..models.conventions import ConvergenceWarning
from .experiment import command, recorded
from .statistics import compare

RATES = (0.0, 0.1, 0.2, 0.3, 0.4)
MEMBERS = 50
METHODS = {
    "tree": lambda seed: DecisionTree(random_state=seed),
    "bagging": lambda seed: Bagging(n_estimators=MEMBERS, random_state=seed),
    "forest": lambda seed: Bagging(DecisionTree(max_features="sqrt"), n_estimators=MEMBERS, random_state=seed),
    "AdaBoost": lambda seed: AdaBoost(DecisionTree(max_depth=3), n_estimators=MEMBERS, random_state=seed),
    "AdaBoost, stumps": lambda seed: AdaBoost(n_estimators=MEMBERS, random_state=seed),
    "AdaBoost, full trees": lambda seed: AdaBoost(DecisionTree(), n_estimators=MEMBERS, random_state=seed),
    "SmoothBoost": lambda seed: SmoothBoost(n_estimators=MEMBERS, random_state=seed),
    "LogitBoost": lambda seed: LogitBoost(n_estimators=MEMBERS, max_depth=3, random_state=seed),
}
BOOSTERS = ("SmoothBoost", "LogitBoost", "bagging", "forest")


def data_sets():
    """Name -> X (N, D), y (N,)."""
    from sklearn import datasets

    return {
        "cancer": datasets.load_breast_cancer(return_X_y=True),
        "digits": datasets.load_digits(return_X_y=True),
    }


def measure(out, draws=6):
    """Append a row for every data set, rate, draw and method that `out` does not hold yet."""
    results = recorded(out, "data", "rate", "draw", "method")
    for draw in range(draws):
        for data, (X, y) in data_sets().items():
            for rate in RATES:
                missing = [method for method in METHODS if (data, rate, draw, method) not in results]
                for method, accuracy in _scores(X, y, rate, draw, missing):
                    row = {"data": data, "rate": rate, "draw": draw, "method": method, "accuracy": accuracy}
                    results.append(row)


def _scores(X, y, rate, draw, methods):
    """(method, accuracy on the clean half) of each method, trained on the half whose labels are wrong at this rate."""
    C = int(y.max()) + 1
    train, test = np.array_split(np.random.default_rng(draw).permutation(len(y)), 2)  # the same halves for every rate
    rng = np.random.default_rng([draw, round(100 * rate)])
    y_noisy = noise.corrupt(y[train], noise.uniform(C, rate / (C - 1)), rng)
    for method in methods:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of members too weak to be boosted: that is measured
            model = METHODS[method](draw).fit(X[train], y_noisy)
        yield method, model.score(X[test], y[test])


def accuracies(rows, data, method, rate):
    """{draw: accuracy}."""
    wanted = (data, method, rate)
    return {row["draw"]: row["accuracy"] for row in rows if (row["data"], row["method"], row["rate"]) == wanted}


def losses(rows, data, method, rate):
    """What wrong labels cost a method, by draw: {draw: accuracy without noise - accuracy}."""
    clean, noisy = accuracies(rows, data, method, 0.0), accuracies(rows, data, method, rate)
    return {draw: clean[draw] - noisy[draw] for draw in clean.keys() & noisy.keys()}


def beside_adaboost(rows, data, rate):
    """How much more AdaBoost loses than each of BOOSTERS, with the interval over draws: {method: Difference}."""
    own = losses(rows, data, "AdaBoost", rate)
    return {method: compare(own, losses(rows, data, method, rate)) for method in BOOSTERS}


if __name__ == "__main__":
    command(measure, __doc__, draws=6)
