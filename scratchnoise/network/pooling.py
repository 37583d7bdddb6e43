"""Pooling layers: every size x size tile of an image becomes one value for each channel; see layers.py."""

import numpy as np
from numpy.typing import DTypeLike

from .. import kernels
from ..checks import check_count
from .layer import LARGEST, Layer, as_images


class _Pool2d(Layer):
    def __init__(self, size: int) -> None:
        super().__init__()
        check_count(1, LARGEST, size=size)
        self.size = size

    def build(self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike) -> tuple[int, ...]:
        """input_shape (H, W, K) -> (H // size, W // size, K). Raises ValueError for images smaller than a tile."""
        H, W, K = as_images(type(self).__name__, input_shape)
        if min(H, W) < self.size:
            raise ValueError(
                f"{type(self).__name__} got inputs of shape {input_shape}; it wants images of at least {self.size}"
            )
        super().build(input_shape, rng, dtype)
        return (H // self.size, W // self.size, K)


class MaxPool2d(_Pool2d):
    """Largest value of every size x size tile."""

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x (N, H, W, K) -> (N, H // size, W // size, K)."""
        self.check_input(x)
        y, self.argmax = kernels.maxpool2d_forward(x, self.size)
        return y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy (N, Ho, Wo, K) -> dx: each dy goes to the place of the maximum."""
        self.check_upstream(dy)
        return kernels.maxpool2d_backward(dy, self.argmax, self.x_shape)


class AvgPool2d(_Pool2d):
    """Mean of every size x size tile."""

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x (N, H, W, K) -> (N, H // size, W // size, K)."""
        self.check_input(x)
        return kernels.avgpool2d_forward(x, self.size)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy (N, Ho, Wo, K) -> dx: each input of a tile gets dy / size^2."""
        self.check_upstream(dy)
        return kernels.avgpool2d_backward(dy, self.x_shape, self.size)
