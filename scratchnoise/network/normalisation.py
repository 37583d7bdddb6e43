"""Batch normalisation, whose training and evaluation differ; see layers.py."""

import numpy as np
from numpy.typing import DTypeLike

from .. import kernels
from ..checks import check_positive
from ..kernels.checks import check_shape
from .layer import Layer, as_shape

KEPT = 0.9  # of the running means, a step


class BatchNorm(Layer):
    """y = scale (x - mean) / sqrt(variance + epsilon) + shift, for each feature, or each channel of images.

    While training, mean and variance are those of the minibatch; otherwise the running means of those, in which a
    batch counts 0.9 times what the next one does. Before any training they are 0 and 1. scale begins at 1, shift at 0;
    neither decays. epsilon: a number above 0. Source: [Ioffe and Szegedy 2015].
    """

    def __init__(self, epsilon: float = 1e-5) -> None:
        super().__init__()
        check_positive(epsilon=epsilon)
        self.epsilon = epsilon

    def build(self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike) -> tuple[int, ...]:
        """input_shape (D,) or (H, W, K) -> the same. Raises ValueError for images without channels."""
        shape = as_shape(input_shape)
        if len(shape) not in (1, 3):
            raise ValueError(
                f"BatchNorm got inputs of shape {input_shape}; it wants features (D,) or images (H, W, K): for grey "
                "images add the axis of channels, x[..., None]"
            )
        super().build(shape, rng, dtype)
        K = shape[-1]
        self.params = {"scale": np.ones(K, dtype), "shift": np.zeros(K, dtype)}
        # Sums of sum_t 0.9^(now - t) mean_t and so on, and of the 0.9^(now - t) themselves. Changed in place.
        sums = {name: np.zeros(K, dtype) for name in ("running_mean", "running_variance")}
        self.running = {**sums, "running_weight": np.zeros(1, dtype)}
        return shape

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x (N, D) or (N, H, W, K) -> the same shape; step None means evaluation.

        Raises ValueError for a minibatch in which a channel has fewer than two numbers: it has no deviation.
        """
        self.check_input(x)
        self.x, self.step = x.reshape(-1, x.shape[-1]), step
        if step is None:
            self.moments = self.mean_and_variance()
            return (x - self.moments[0]) * self._slope() * self.params["scale"] + self.params["shift"]
        if len(self.x) < 2:
            count = "one sample" if len(self.x) else "no sample"
            raise ValueError(
                f"x has {count}, and BatchNorm divides by the deviation of a minibatch; choose a batch_size that "
                "leaves no single sample over"
            )
        scale, shift = self.params["scale"], self.params["shift"]
        y, mean, variance = kernels.batchnorm_forward(self.x, scale, shift, self.epsilon)
        self.moments = mean, variance
        self._remember(mean, variance, len(self.x))
        return y.reshape(x.shape)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy like x -> dx, the same shape."""
        self.check_upstream(dy)
        check_shape("dy", dy, self.x_shape)
        rows = dy.reshape(self.x.shape)
        if self.step is None:  # mean and variance are numbers, which do not depend on x
            dx = rows * self._slope() * self.params["scale"]
            dscale, dshift = (rows * (self.x - self.moments[0]) * self._slope()).sum(axis=0), rows.sum(axis=0)
        else:
            scale = self.params["scale"]
            dx, dscale, dshift = kernels.batchnorm_backward(rows, self.x, *self.moments, scale, self.epsilon)
        self.grads = {"scale": dscale, "shift": dshift}
        return dx.reshape(self.x_shape)

    def backward_weights(self, dy: np.ndarray) -> None:
        """dy like x: dscale and dshift."""
        self.backward(dy)

    def mean_and_variance(self) -> tuple[np.ndarray, np.ndarray]:
        """The running ones, (K,) each; nothing here looks at a number, because on a device that would wait for it."""
        mean, variance, weight = self.running.values()
        untrained = (weight == 0).astype(weight.dtype)
        return mean / (weight + untrained), (variance + untrained) / (weight + untrained)

    def _slope(self):
        """1 / sqrt(variance + epsilon)."""
        return (self.moments[1] + float(self.epsilon)) ** -0.5

    def _remember(self, mean, variance, n):
        """Add the moments of a minibatch to the running means; variance of n - 1: it estimates that of all samples."""
        for total, now in zip(self.running.values(), (mean, variance * (n / (n - 1)), 1), strict=True):
            total *= KEPT
            total += now
