"""A member of an ensemble that tells what it was trained on."""

import numpy as np


class Remembering:
    """A member that keeps its weights, and predicts for each sample what it was told to."""

    made: list = []

    def get_params(self, deep=True):
        return {}

    def fit(self, X, y, sample_weight):
        self.weight = np.zeros(int(X[:, 0].max()) + 1)  # column 0 is the number of the sample
        self.weight[X[:, 0].astype(int)] = sample_weight
        self.classes_ = np.arange(3)
        self.made.append(self)
        return self

    def predict_proba(self, X):
        """Right for about three samples of four, by the number of the sample and the age of the member."""
        age = self.made.index(self)
        guess = (X[:, 1].astype(int) + (X[:, 0].astype(int) % (3 + age % 4) == 0)) % 3
        return np.eye(3)[guess]


def numbered(n):
    """X (n, 2): the number of each sample and its label; y (n,)."""
    y = np.arange(n) % 3
    return np.column_stack([np.arange(n), y]).astype(np.float64), y
