"""The data sets of the comparisons: scikit-learn's own, and made ones with the difficulties of real tables."""

from functools import cache
from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """Training samples X (N, D) with labels y (N,) in 0..C-1, and test samples with true labels."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def loaded(name):
    """One of scikit-learn's own data sets."""
    from sklearn import datasets

    return getattr(datasets, f"load_{name}")(return_X_y=True)


def made(samples, features, informative, classes, shares=None):
    """scikit-learn's make_classification: one skewed cluster a class, at the corners of a cube."""
    from sklearn.datasets import make_classification

    settings = {"n_informative": informative, "n_classes": classes, "weights": shares}
    clusters = {"n_clusters_per_class": 1, "class_sep": 1.5, "flip_y": 0}
    return make_classification(samples, features, **settings, **clusters, random_state=0)


def blobs(samples, features, classes):
    """One round normal cluster a class."""
    from sklearn.datasets import make_blobs

    return make_blobs(samples, features, centers=classes, cluster_std=4.0, random_state=0)


def text(documents=2000, words=300, topics=5):
    """Texts of 10 to 50 words, a topic a class: tf-idf as a dense array, nine entries of ten zero."""
    from sklearn.feature_extraction.text import TfidfTransformer

    rng = np.random.default_rng(0)
    common = rng.dirichlet(np.full(words, 0.3))
    topic = 0.7 * common + 0.3 * rng.dirichlet(np.full(words, 0.1), topics)
    y = rng.integers(topics, size=documents)
    counts = [rng.multinomial(rng.integers(10, 50), topic[j]) for j in y]
    return TfidfTransformer().fit_transform(counts).toarray(), y


def with_constant(X, y):
    """The samples with one more column, 1e6 in every row."""
    return np.column_stack([X, np.full(len(X), 1e6)]), y


BASES = {
    "iris": lambda: loaded("iris"),
    "wine": lambda: loaded("wine"),
    "breast cancer": lambda: loaded("breast_cancer"),
    "digits": lambda: loaded("digits"),
    "made 2 classes": lambda: made(2000, 20, 10, 2),
    "made 5 classes": lambda: made(3000, 40, 20, 5),
    "made 20 classes": lambda: made(3000, 40, 20, 20),
    "made 100 classes": lambda: made(3000, 60, 40, 100),
    "blobs 10 classes": lambda: blobs(2000, 10, 10),
    "text 5 classes": text,
    "imbalanced 90/7/3": lambda: made(3000, 20, 10, 3, [0.9, 0.07, 0.03]),
    "imbalanced 1:100": lambda: made(3000, 20, 10, 2, [0.99, 0.01]),
    "wine and a constant": lambda: with_constant(*loaded("wine")),
}
base = cache(lambda name: BASES[name]())


def standardised(X, seen):
    """X with the columns of `seen` at mean 0 and standard deviation 1; a constant column is only shifted."""
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(seen).transform(X)


SCALES = {
    "raw": lambda X, seen: X,
    "standardised": standardised,
    "x 1e-3": lambda X, seen: 1e-3 * X,
    "+ 10": lambda X, seen: X + 10.0,
}


def split(name, scale, seed, test_size=0.25):
    """A random part of a data set to learn from and the rest to test on, with every class in both: a Split."""
    from sklearn.model_selection import train_test_split

    X, y = base(name)
    seen, X_test, y, y_test = train_test_split(X, y, test_size=test_size, stratify=y, random_state=seed)
    return Split(SCALES[scale](seen, seen), y, SCALES[scale](X_test, seen), y_test)
