"""The likelihood of noisy labels under a linear model, as a function of one vector that an optimiser can change."""

from typing import NamedTuple

import numpy as np

from .. import kernels
from ..backend import to_device, to_host
from ..lbfgs import Minimum, lbfgs

ATTAINABLE = 32  # rounding errors: no gradient of a mean loss gets smaller


class Solution(NamedTuple):
    """Weights w (D, C) and b (C,) as one vector, the T that they were fitted with, and where the search ended."""

    v: np.ndarray
    T: np.ndarray
    minimum: Minimum


class NoisyLikelihood:
    """sum_n weight_n (-log (T softmax(z_n w + b))_y_n) / sum_n weight_n + l2/2 |w|^2, with its gradient.

    z (N, D) standardised samples, y (N,) labels 0..C-1, weight (N,). v: w, row by row, and then b, float64 (D C + C,).
    """

    def __init__(self, z, y, weight, n_classes):
        self.host = z, y, weight
        weight = (weight / weight.mean(dtype=np.float64)).astype(z.dtype)
        self.z, self.y, self.weight = to_device(z), to_device(y), to_device(weight)
        self.dtype, self.D, self.C = z.dtype, z.shape[1], n_classes

    def __len__(self):
        return len(self.host[1])

    def only(self, rows):
        """The likelihood of some of the samples, chosen by indices or a mask."""
        return NoisyLikelihood(*(part[rows] for part in self.host), self.C)

    def zeros(self):
        """The weights of a model that knows nothing."""
        return np.zeros((self.D + 1) * self.C)

    def split(self, v):
        """w (D, C) and b (C,) of a vector."""
        return v[: -self.C].reshape(self.D, self.C), v[-self.C :]

    def loss(self, v, T):
        """The mean loss without penalty."""
        return self._loss_grad(v, T)[0]

    def steepest(self, T):
        """The largest slope of the loss along a weight, at zero weights."""
        w, _ = self.split(self.objective(T, 0.0)(self.zeros())[1])
        return np.abs(w).max()

    def minimise(self, T, l2, start, tol, max_iter):
        """The `Solution` that L-BFGS finds from the vector `start` on, T (C, C) and l2 given.

        tol: for the largest entry of the gradient, relative to an objective below 1, whose gradients are small as well.
        """
        precision = np.finfo(self.dtype).eps
        tol, objective = max(tol, ATTAINABLE * precision), self.objective(T, l2)
        found = lbfgs(objective, start, tol, max_iter, precision=precision, scale=lambda value: min(1.0, value))
        return Solution(found.x, T, found)

    def objective(self, T, l2):
        """The function that is minimised: v -> (value, gradient), T (C, C) and l2 given."""

        def value_and_gradient(v):
            loss, dw, db = self._loss_grad(v, T)
            w, _ = self.split(v)
            return loss + 0.5 * l2 * np.vdot(w, w), np.concatenate([(dw + l2 * w).ravel(), db])

        return value_and_gradient

    def posteriors(self, v):
        """softmax(z w + b), where the running table computes."""
        return kernels.softmax(kernels.linear_forward(self.z, *self._parameters(v)))

    def _loss_grad(self, v, T):
        T = to_device(np.ascontiguousarray(T, self.dtype))
        loss, dw, db = kernels.linear_loss_grad(*self._parameters(v), self.z, self.y, T, self.weight)
        return float(loss), to_host(dw).astype(np.float64), to_host(db).astype(np.float64)

    def _parameters(self, v):
        return (to_device(np.ascontiguousarray(part, self.dtype)) for part in self.split(v))
