"""The likelihood of noisy labels with a penalty on the absolute weights: most of them end at exactly 0."""

import numpy as np

from ..proximal import proximal
from .likelihood import ATTAINABLE, NoisyLikelihood, Solution


class SparseLikelihood(NoisyLikelihood):
    """`NoisyLikelihood` + l1 sum |w|, minimised by proximal steps; b is free."""

    def __init__(self, z, y, weight, n_classes, l1):
        super().__init__(z, y, weight, n_classes)
        self.l1 = l1

    def only(self, rows):
        """The likelihood of some of the samples, chosen by indices or a mask."""
        return SparseLikelihood(*(part[rows] for part in self.host), self.C, self.l1)

    def minimise(self, T, l2, start, tol, max_iter):
        """The `Solution` that proximal steps find from the vector `start` on; arguments as in `NoisyLikelihood`."""
        precision = np.finfo(self.dtype).eps
        l1 = np.full(len(start), float(self.l1))
        l1[-self.C :] = 0
        tol = max(tol, ATTAINABLE * precision)
        objective = self.objective(T, l2)
        found = proximal(objective, l1, start, tol, max_iter, precision, lambda value: min(1.0, value))
        return Solution(found.x, T, found)
