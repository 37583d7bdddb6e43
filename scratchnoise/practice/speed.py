"""Seconds of a fit at the same objective: SoftmaxRegression and LogisticRegression take turns, two threads each.

Of each the largest tolerance is looked for that ends near the optimum, so none is timed for digits the other lacks.
"""

import os
import statistics
import time
from functools import cache

import numpy as np

from ..bench.machine import processor_name
from ..bench.runner import PAUSE
from ..models import SoftmaxRegression
from .datasets import Split, made, standardised
from .fits import fitted, optimum, reached
from .tables import number, print_table, unique

DRAWS = 5
SHAPES = {  # name -> samples, features, classes
    "50000 x 50, 5 classes": (50_000, 50, 5),
    "50000 x 50, 100 classes": (50_000, 50, 100),
    "5000 x 2000, 5 classes": (5000, 2000, 5),
    "5000 x 2000, 100 classes": (5000, 2000, 100),
}
THEIRS, OURS = "LogisticRegression, equal objective", "SoftmaxRegression, equal objective"
METHODS = (THEIRS, OURS, "LogisticRegression", "SoftmaxRegression, l2 = 1/N", "SoftmaxRegression")
TOLERANCES = np.geomspace(1e-3, 1e-8, 16)  # in fine steps, because a tolerance too small costs seconds
PRECISION = 1e-6  # of the objective, relative to the optimum
MOST_PASSES = 10_000
WARM = 500  # samples of an untimed fit, which compiles


def plan():
    """(data, scale, noise, method) of every measurement of one round, in which all methods take turns."""
    return [(data, "standardised", "none", method) for data in SHAPES for method in METHODS]


def measure(job, rows):
    """The fields of one row; the first row of a data set also finds its optimum and the tolerances that reach it."""
    data = samples(*SHAPES[job.data])
    l2 = 1 / len(data.y)  # LogisticRegression(C=1) minimises N times our objective
    known = next((row for row in rows if row["preset"] == "time" and row["base"] == job.data), None)
    target = {name: known[name] for name in ("optimum", "tols")} if known else find_target(data, l2)
    model = _model(job.method, l2, target["tols"].get(job.method))
    fitted(lambda: model.fit(data.X[:WARM], data.y[:WARM]), data)
    time.sleep(PAUSE)
    load = os.getloadavg()[0]
    model, fields = fitted(lambda: model.fit(data.X, data.y), data)
    gap = None
    if model is not None and job.method != "SoftmaxRegression":  # which has an l2 of its own
        gap = reached(model, data.X, data.y, l2) / target["optimum"] - 1
    ran = {"processor": processor_name(), "load": load, "threads": os.environ.get("OMP_NUM_THREADS")}
    return fields | target | ran | {"gap": gap, "l2": getattr(model, "l2_", None)}


@cache
def samples(n, features, classes):
    """n standardised training samples and a fifth of that to test on: a Split."""
    X, y = made(n + n // 5, features, min(40, features // 2), classes)
    return Split(standardised(X[:n], X[:n]), y[:n], standardised(X[n:], X[:n]), y[n:])


def find_target(data, l2):
    """{"optimum": least objective, "tols": {method: the largest of TOLERANCES that ends near the optimum}}."""
    least = optimum(data.X, data.y, l2)
    tols = {}
    for method in (THEIRS, OURS):
        for tol in TOLERANCES:
            tols[method] = tol
            model, _ = fitted(lambda method=method, tol=tol: _model(method, l2, tol).fit(data.X, data.y), data)
            if reached(model, data.X, data.y, l2) <= (1 + PRECISION) * least:
                break
    return {"optimum": least, "tols": tols}


def _model(method, l2, tol):
    from sklearn.linear_model import LogisticRegression

    if method == THEIRS:
        return LogisticRegression(tol=tol, max_iter=MOST_PASSES)
    if method == "LogisticRegression":
        return LogisticRegression()
    if method == OURS:
        return SoftmaxRegression(l2=l2, tol=tol, max_iter=MOST_PASSES, random_state=0)
    if method == "SoftmaxRegression":
        return SoftmaxRegression(random_state=0)
    return SoftmaxRegression(l2=l2, random_state=0)


def print_tables(rows):
    """Median seconds of every method, also as a multiple of LogisticRegression's at the same objective."""
    for data in unique(rows, "base"):
        here = [row for row in rows if row["base"] == data]
        equal = {row["repetition"]: row["seconds"] for row in here if row["method"] == THEIRS}
        methods = {method: [row for row in here if row["method"] == method] for method in unique(here, "method")}
        lines = [(method, *_texts(own, equal)) for method, own in methods.items()]
        print_table(data, ("method", "seconds", "x equal", "gap", "accuracy"), lines)
    loads = [row["load"] for row in rows]
    load = f"{min(loads):.1f} to {max(loads):.1f}"
    print(f"{', '.join(unique(rows, 'processor'))}; threads: {rows[0]['threads']}; load average before a fit: {load}")
    print("Medians of rounds. Gap: the objective of LogisticRegression(C=1), relative to its optimum.")


def _texts(rows, equal):
    """Of one method: seconds, their ratio to those in `equal` of the same round, the largest gap, accuracy."""
    ratios = [row["seconds"] / equal[row["repetition"]] for row in rows if row["repetition"] in equal]
    gaps = [row["gap"] for row in rows if row["gap"] is not None]
    seconds = number(statistics.median(row["seconds"] for row in rows))
    ratio = number(statistics.median(ratios) if ratios else None, ".2f")
    return seconds, ratio, number(max(gaps, default=None), ".1e"), number(rows[0]["accuracy"])
