"""Which ensemble suffers most from wrong labels: python -m scratchnoise.study.boosting --out FILE.jsonl.

Section 2.1 of the report says that AdaBoost does. Accuracy on clean test labels by the share of wrong training labels,
on two data sets of scikit-learn, half of each for training. All boosters have the same members, trees of depth 3, and
as many. The report does not say which members it means, so AdaBoost and bagging run on stumps and on full trees too:
MEMBERS_OF pairs the two whose members are the same. Of AdaBoost and SmoothBoost a row has the share of the last
member's weight that lay on wrong labels.
Rows are appended as they come; the same command goes on where it stopped.
"""

import warnings

import numpy as np

from .. import noise
from ..models import AdaBoost, Bagging, DecisionTree, LogitBoost, SmoothBoost
from ..models.conventions import ConvergenceWarning
from ..models.ensembles.adaboost import boosted
from ..models.ensembles.smoothboost import smoothed
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
    "bagging, stumps": lambda seed: Bagging(DecisionTree(max_depth=1), n_estimators=MEMBERS, random_state=seed),
    "bagging, depth 3": lambda seed: Bagging(DecisionTree(max_depth=3), n_estimators=MEMBERS, random_state=seed),
}
MEMBERS_OF = {  # AdaBoost and bagging of the same trees
    "stumps": ("AdaBoost, stumps", "bagging, stumps"),
    "trees of depth 3": ("AdaBoost", "bagging, depth 3"),
    "full trees": ("AdaBoost, full trees", "bagging"),
}
WEIGHTED = ("AdaBoost", "SmoothBoost")  # of the same trees
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
                for row in _scores(X, y, rate, draw, missing):
                    results.append({"data": data, "rate": rate, "draw": draw} | row)


def _scores(X, y, rate, draw, methods):
    """A row of each method, trained on the half whose labels are wrong at this rate, scored on the clean half."""
    C = int(y.max()) + 1
    train, test = np.array_split(np.random.default_rng(draw).permutation(len(y)), 2)  # the same halves for every rate
    rng = np.random.default_rng([draw, round(100 * rate)])
    y_noisy = noise.corrupt(y[train], noise.uniform(C, rate / (C - 1)), rng)
    for method in methods:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of members too weak to be boosted: that is measured
            model = METHODS[method](draw).fit(X[train], y_noisy)
        row = {"method": method, "accuracy": model.score(X[test], y[test])}
        if method in WEIGHTED and rate:
            weight = last_weight(model, X[train], y_noisy)
            row["on_wrong"] = float(weight[y_noisy != y[train]].sum() / weight.sum())
        yield row


def last_weight(model, X, y):
    """The weights of the last member of AdaBoost or SmoothBoost, fitted to X and y, up to a factor: (N,)."""
    weight, S = np.ones(len(y)), np.zeros(len(y))
    for place, member in enumerate(model.estimators_[:-1]):
        right = model.classes_[model._member_proba(member, X).argmax(axis=1)] == y
        if isinstance(model, AdaBoost):
            weight = boosted(weight, ~right, model.alphas_[place])
        else:
            S, weight = smoothed(S, right, model.gamma)
    return weight


def accuracies(rows, data, method, rate):
    """{draw: accuracy}."""
    return _values(rows, data, method, rate, "accuracy")


def on_wrong(rows, data, method, rate):
    """{draw: share of the last member's weight that lay on wrong labels} of AdaBoost or SmoothBoost."""
    return _values(rows, data, method, rate, "on_wrong")


def _values(rows, data, method, rate, field):
    wanted = (data, method, rate)
    return {row["draw"]: row[field] for row in rows if (row["data"], row["method"], row["rate"]) == wanted}


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
