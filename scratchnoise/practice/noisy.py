"""Wrong labels: our models with T known, estimated or learnt, beside LogisticRegression and cleanlab."""

from zlib import crc32

import numpy as np

from ..estimate import estimate_transition
from ..models import FlipCorrected, RobustSoftmaxRegression, SoftmaxRegression
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


def logistic():
    """scikit-learn's LogisticRegression at its defaults."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression()


def estimated(X, y, seed):
    """T estimated with LogisticRegression."""
    return estimate_transition(logistic(), X, y, random_state=seed)


def clean_learning(seed):
    """cleanlab's CleanLearning around LogisticRegression, in this process."""
    from cleanlab.classification import CleanLearning

    return CleanLearning(logistic(), seed=seed, find_label_issues_kwargs={"n_jobs": 1})


# name -> function of noisy data X, y, the true T and a seed that makes a model; rMLR is RobustSoftmaxRegression
METHODS = {
    PLAIN: lambda X, y, T, seed: logistic(),
    "SoftmaxRegression": lambda X, y, T, seed: SoftmaxRegression(random_state=seed),
    "rMLR, T known": lambda X, y, T, seed: RobustSoftmaxRegression(T, random_state=seed),
    "rMLR, T learnt": lambda X, y, T, seed: RobustSoftmaxRegression(random_state=seed),
    "rMLR, T estimated": lambda X, y, T, seed: RobustSoftmaxRegression(estimated(X, y, seed), random_state=seed),
    "rMLR, T='estimate'": lambda X, y, T, seed: RobustSoftmaxRegression("estimate", random_state=seed),
    "FlipCorrected, T known": lambda X, y, T, seed: FlipCorrected(logistic(), T, random_state=seed),
    "FlipCorrected, T estimated": lambda X, y, T, seed: FlipCorrected(logistic(), random_state=seed),
    "CleanLearning": lambda X, y, T, seed: clean_learning(seed),
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
    return fitted(lambda: METHODS[job.method](data.X, y_noisy, T, job.draw).fit(data.X, y_noisy), data)[1]


def print_tables(rows):
    """A line a method: means and paired differences to LogisticRegression; then its means by data set and by noise."""
    methods = unique(rows, "method")
    headings = ("method", "accuracy", "s.e.", "- LR", "s.e.", "better", "worse", "unwarned", "worst set", "warned")
    title = "Wrong labels; better and worse: cells that differ from LogisticRegression (LR) by more than 0.02"
    print_table(title, headings, [_line(rows, method) for method in methods])
    for field in ("base", "noise"):
        parts = {group: [row for row in rows if row[field] == group] for group in unique(rows, field)}
        lines = [(m, *(number(scores(part, m).mean()) for part in parts.values())) for m in methods]
        print_table(f"Accuracy by {field}", ("method", *parts), lines)
    print("An error counts as accuracy 0. Unwarned: single fits worse by more than 0.02 that gave no warning.")


def _line(rows, method):
    found = scores(rows, method)
    difference = found - scores(rows, PLAIN)
    cells = difference.mean(axis=1)
    base = np.array([base for base, _, _ in unique(rows, "base", "data", "noise")])
    by_set = [cells[base == name].mean() for name in np.unique(base)]
    warnings = scores(rows, method, lambda row: len(warned(row)))
    return (
        method,
        number(found.mean()),
        number(standard_error(found.mean(axis=0)), ".4f"),
        number(difference.mean(), "+.3f"),
        number(standard_error(difference.mean(axis=0)), ".4f"),
        f"{(cells > MARGIN).sum()}",
        f"{(cells < -MARGIN).sum()}",
        f"{((difference < -MARGIN) & (warnings == 0)).sum()}",
        number(min(by_set), "+.3f"),
        f"{(warnings > 0).sum()}",
    )
