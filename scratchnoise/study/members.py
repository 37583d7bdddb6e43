"""What the members of an ensemble are good at: python -m scratchnoise.study.members --out FILE.jsonl.

Section 2.1 of the report expects members that are "specialists" for samples that are hard to tell apart, and says that
boosting fits complex borders closely. All labels are right here. Members are trees of depth 3; bagging of the same
trees is the control, whose members differ in the samples that were drawn alone. A test sample is hard where one tree of
depth 3, trained on everything, is wrong. Data: a board of 4 x 4 fields in the plane, whose classes alternate, and the
two data sets of `boosting`, half of each for training.
Rows are appended as they come; the same command goes on where it stopped.
"""

import numpy as np

from ..models import AdaBoost, Bagging, DecisionTree
from .boosting import MEMBERS, data_sets
from .experiment import command, recorded

DEPTH, SIZE = 3, 2000
BOARD = "board"
DATA = (BOARD, "cancer", "digits")
METHODS = {
    "AdaBoost": lambda seed: AdaBoost(DecisionTree(max_depth=DEPTH), n_estimators=MEMBERS, random_state=seed),
    "bagging": lambda seed: Bagging(DecisionTree(max_depth=DEPTH), n_estimators=MEMBERS, random_state=seed),
}
TREE, FULL_TREE = "tree", "full tree"


def board(draw):
    """SIZE points in [0, 4)^2 and the colours 0, 1 of their fields."""
    X = np.random.default_rng([draw, SIZE]).uniform(0, 4, (SIZE, 2))
    return X, np.floor(X).sum(axis=1).astype(np.int64) % 2


def measure(out, draws=10):
    """Append the rows of every data set and draw that `out` does not hold yet."""
    results = recorded(out, "data", "draw", "method")
    for draw in range(draws):
        for data in DATA:
            if (data, draw, TREE) not in results:  # the last of a draw
                X, y = board(draw) if data == BOARD else data_sets()[data]
                results.append(*({"data": data, "draw": draw, **row} for row in _scores(X, y, draw)))


def _scores(X, y, draw):
    """For each method {"method", "accuracy", "hard": on hard samples, "members_hard", "members_easy": of members}."""
    train, test = np.array_split(np.random.default_rng(draw).permutation(len(y)), 2)
    tree = DecisionTree(max_depth=DEPTH, random_state=draw).fit(X[train], y[train])
    hard = tree.predict(X[test]) != y[test]
    for method, make in METHODS.items():
        model = make(draw).fit(X[train], y[train])
        right = model.predict(X[test]) == y[test]
        members = [model._votes(member, X[test]).argmax(axis=1) == y[test] for member in model.estimators_]
        mean = np.mean(members, axis=0)
        scores = {"accuracy": right.mean(), "hard": right[hard].mean()}
        scores |= {"members_hard": mean[hard].mean(), "members_easy": mean[~hard].mean()}
        yield {"method": method, **{name: float(score) for name, score in scores.items()}}
    full = DecisionTree(random_state=draw).fit(X[train], y[train])
    yield {"method": FULL_TREE, "accuracy": full.score(X[test], y[test])}
    yield {"method": TREE, "accuracy": float(1 - hard.mean())}


def values(rows, data, method, field):
    """{draw: number} of a method on a data set."""
    here = (row for row in rows if (row["data"], row["method"]) == (data, method))
    return {row["draw"]: row[field] for row in here}


if __name__ == "__main__":
    command(measure, __doc__, draws=10)
