"""Labels of people beside synthetic noise of the same T: python -m scratchnoise.study.human --labels NPZ --out FILE.

NPZ holds the labels of CIFAR-10N, which the user fetches: `data.human_labels` says how. T is the share of each human
label among the images of each class. The same images get labels twice: those that people gave, and labels drawn from
T, which depend on the class alone. What differs is that people are wrong about the same images for a reason. A draw is
another part of the training images, and of the synthetic labels. CIFAR-10, ten classes where its archive is on this
computer and the report's three elsewhere, 10,000 images of means of 2 x 2 pixels.
Rows are appended as they come; the same command goes on where it stopped.
"""

import argparse
from pathlib import Path

import numpy as np

from .. import noise
from ..data import cifar10, store
from ..data.human_labels import load_clean_and_human
from ..transition import TransitionMatrix
from .answers.answer import shown
from .experiment import recorded
from .instance import METHODS, fitted_methods
from .sparse import blocks
from .statistics import compare

N_TRAIN, DRAWS, SEED = 10_000, 5, 0
LABELS = ("aggre_label", "random_label1", "worse_label")
KINDS = ("of people", "of the class")


def measure(out, path, draws=DRAWS):
    """Append rows for the labels of every kind, draw and method that `out` does not hold yet. path: the .npz."""
    results = recorded(out, "labels", "draw", "kind", "method")
    classes = "all" if store.find(cifar10.ARCHIVE) else cifar10.REPORT_CLASSES
    for labels in LABELS:
        data, human = load_clean_and_human(path, labels, classes)
        T = shares(data.y_train, human, len(data.class_names))
        x, x_test = blocks(data.x_train), blocks(data.x_test)
        for draw in range(draws):
            rng = np.random.default_rng([SEED, draw])
            part = rng.permutation(len(human))[:N_TRAIN]
            of_class = noise.corrupt(data.y_train[part], T, rng)
            for kind, y_noisy in zip(KINDS, (human[part], of_class), strict=True):
                cell = {"labels": labels, "draw": draw, "kind": kind}
                about = {"classes": len(data.class_names), "wrong": float(np.mean(y_noisy != data.y_train[part]))}
                if (*cell.values(), "T") not in results:  # the last of a cell
                    found = fitted_methods(x[part], y_noisy, x_test, data.y_test, T)
                    results.append(*({**cell, **about, **row} for row in found))


def shares(y, y_noisy, C):
    """T[i, j] = share of label i among the samples of class j: TransitionMatrix. y, y_noisy (N,) int64 in 0..C-1."""
    counts = np.zeros((C, C))
    np.add.at(counts, (y_noisy, y), 1)
    return TransitionMatrix(counts / counts.sum(axis=0))


def described(rows):
    """What the labels of people cost each method beside drawn ones, and how far T is mistaken: list of str."""
    lines = []
    for labels in dict.fromkeys(row["labels"] for row in rows):
        here = [row for row in rows if row["labels"] == labels]
        wrong = np.mean([row["wrong"] for row in here if row["kind"] == KINDS[0]])
        gaps = [f"{method} {shown(_gap(here, method, 'accuracy'))}" for method in METHODS]
        error = f"error of T {shown(_gap(here, 'T', 'error'))}"
        lines.append(f"{labels}, {here[0]['classes']} classes, {wrong:.1%} wrong: {'; '.join([*gaps, error])}")
    return lines


def _gap(rows, method, field):
    """Labels of people - labels of the class, paired over draws: Difference."""
    runs = ({r["draw"]: r[field] for r in rows if (r["kind"], r["method"]) == (kind, method)} for kind in KINDS)
    return compare(*runs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", required=True, metavar="NPZ")
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--draws", type=int, default=DRAWS)
    arguments = parser.parse_args()
    if not Path(arguments.labels).is_file():
        parser.error(f"--labels {arguments.labels}: there is no such file; data.human_labels says how to make it")
    measure(arguments.out, arguments.labels, arguments.draws)
