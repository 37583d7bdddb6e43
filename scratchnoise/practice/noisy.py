"""Wrong labels: our models with T known, estimated or learnt, beside LogisticRegression and cleanlab."""

from zlib import crc32

import numpy as np

from ..noise import corrupt, pair_flip, random_transition, uniform
from .datasets import split
from .fits import fitted
from .tables import number, print_table, scores, standard_error, unique, warned

DRAWS = 5
SETS = ("digits", "breast cancer", "made 5 classes", "imbalanced 90/7/3", "imbalanced 1:100", "text 5 classes")
PLAIN = "LogisticRegression"
MARGIN = 0.02  # a difference of accuracies that counts


def absorbed(n_classes, rate):
    """Class 0 is labelled 1 with this probability; every other label is right."""
    T = np.eye(n_classes)
    T[:2, 0] = 1 - rate, rate
    return T


# name -> T for C classes; with two classes uniform noise of 60 % would swap them
NOISES = {
    "uniform 40 %": lambda C, rng: uniform(C, 0.4 / (C - 1)),
    "uniform 60 %": lambda C, rng: uniform(C, 0.6 / (C - 1) if C > 2 else 0.3),
    "pair flip 40 %": lambda C, rng: pair_flip(C, 0.4 if C > 2 else 0.35),
    "absorbed 40 %": lambda C, rng: absorbed(C, 0.4),
    "random": random_transition,
}


def _logistic():
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def _softmax(X, y, T, seed):
    from ..models import SoftmaxRegression

    return SoftmaxRegression(random_state=seed).fit(X, y)


def _robust(X, y, T, seed):
    from ..models import RobustSoftmaxRegression

    return RobustSoftmaxRegression(T=T, random_state=seed).fit(X, y)


def _robust_estimated(X, y, T, seed):
    from ..estimate import estimate_transition

    return _robust(X, y, estimate_transition(_logistic(), X, y, random_state=seed), seed)


def _flip_corrected(X, y, T, seed):
    from ..models import FlipCorrected

    return FlipCorrected(_logistic(), T=T, random_state=seed).fit(X, y)


def _cleanlab(X, y, T, seed):
    from cleanlab.classification import CleanLearning

    return CleanLearning(_logistic(), seed=seed, find_label_issues_kwargs={"n_jobs": 1}).fit(X, y)


# name -> function of (X, noisy labels, true T, seed) that returns a fitted model; rMLR is RobustSoftmaxRegression
METHODS = {
    PLAIN: lambda X, y, T, seed: _logistic().fit(X, y),
    "SoftmaxRegression": _softmax,
    "rMLR, T known": _robust,
    "rMLR, T learnt": lambda X, y, T, seed: _robust(X, y, None, seed),
    "rMLR, T estimated": _robust_estimated,
    "FlipCorrected, T known": _flip_corrected,
    "FlipCorrected, T estimated": lambda X, y, T, seed: _flip_corrected(X, y, None, seed),
    "CleanLearning": _cleanlab,
}


def plan():
    """(data, scale, noise, method) of every measurement of one draw."""
    return [(data, "standardised", noise, method) for data in SETS for noise in NOISES for method in METHODS]


def measure(job, rows):
    """The fields of one row: a draw decides the split, T where it is random, the labels and the seed of the method."""
    data = split(job.data, job.scale, job.draw)
    rng = np.random.default_rng([job.draw, crc32(f"{job.data} {job.noise}".encode())])
    T = NOISES[job.noise](data.y.max() + 1, rng)
    y_noisy = corrupt(data.y, T, rng)
    return fitted(lambda: METHODS[job.method](data.X, y_noisy, T, job.draw), data)[1]


def print_tables(rows):
    """A line a method: means and paired differences to LogisticRegression; then its means by data set and by noise."""
    methods = unique(rows, "method")
    headings = ("method", "accuracy", "s.e.", "- LR", "s.e.", "better", "worse", "unwarned", "worst set", "warned")
    title = "Wrong labels; better and worse: cells that differ from LogisticRegression (LR) by more than 0.02"
    print_table(title, headings, [_line(rows, method) for method in methods])
    for field in ("base", "noise"):
        groups = unique(rows, field)
        lines = []
        for method in methods:
            here = [[row for row in rows if row[field] == group] for group in groups]
            lines.append((method, *(number(scores(part, method).mean()) for part in here)))
        print_table(f"Accuracy by {field}", ("method", *groups), lines)
    print("An error counts as accuracy 0. Unwarned: single fits worse by more than 0.02 that gave no warning.")


def _line(rows, method):
    found = scores(rows, method)
    difference = found - scores(rows, PLAIN)
    cells = difference.mean(axis=1)
    bases = dict(unique(rows, "data", "base"))
    sets = [bases[data] for data, _ in unique(rows, "data", "noise")]
    by_set = {name: np.mean([d for d, base in zip(cells, sets, strict=True) if base == name]) for name in set(sets)}
    here = [row for row in rows if row["method"] == method]
    worse = scores([row | {"accuracy": bool(warned(row)) + 0.0} for row in rows], method)
    silent = ((difference < -MARGIN) & (worse == 0)).sum()
    return (
        method,
        number(found.mean()),
        number(standard_error(found.mean(axis=0)), ".4f"),
        number(difference.mean(), "+.3f"),
        number(standard_error(difference.mean(axis=0)), ".4f"),
        f"{(cells > MARGIN).sum()}",
        f"{(cells < -MARGIN).sum()}",
        f"{silent}",
        number(min(by_set.values()), "+.3f"),
        f"{sum(bool(warned(row)) for row in here)}",
    )
