"""Layers: each holds its parameters, and knows its forward pass and the adjoint of it.

    build(input_shape, rng, dtype) -> output_shape      draws the parameters; shapes are without the sample axis
    forward(x, step) -> y                               step is None outside training
    backward(dy) -> dx                                  fills grads; overwrites, so calling it twice changes nothing
    backward_weights(dy)                                fills grads only, for a first layer

`params` and `grads` are dicts with the same keys. What backward needs stays visible as attributes. Sizes and rates are
checked when a layer is made, the input shape in `build`, and `forward` takes only samples of that shape.
"""

from math import prod
from numbers import Integral

import numpy as np
from numpy.typing import DTypeLike

from .. import kernels
from ..backend import table
from ..checks import as_generator, check_below_one, check_count
from ..kernels.checks import check_shape
from .frames import Frame, check_window, window
from .layer import LARGEST, Layer, as_images, as_shape, check_step, he_normal
from .normalisation import BatchNorm
from .pooling import AvgPool2d, MaxPool2d

__all__ = [
    "AvgPool2d",
    "BatchNorm",
    "Conv2d",
    "ConvReLUPool2d",
    "Dropout",
    "Flatten",
    "Linear",
    "MaxPool2d",
    "ReLU",
]


class Linear(Layer):
    """y = x w + b with w (D, F) and b (F,).

    Eq. (21), before sigma. Weights are drawn N(0, 2 / D) [He et al. 2015], biases 0.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        check_count(1, LARGEST, features=features)
        self.features = features

    def build(self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike) -> tuple[int, ...]:
        """input_shape (D,) -> (F,). Raises ValueError for images: flatten them first."""
        if len(as_shape(input_shape)) != 1:
            raise ValueError(f"Linear got inputs of shape {input_shape}; put a Flatten() before it")
        (D,) = super().build(input_shape, rng, dtype)
        self.params = {"w": he_normal(rng, (D, self.features), D, dtype), "b": np.zeros(self.features, dtype)}
        return (self.features,)

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x (N, D) -> (N, F)."""
        self.check_input(x)
        self.x = x
        return kernels.linear_forward(x, self.params["w"], self.params["b"])

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy (N, F) -> dx (N, D): dx = dy w^T, dw = x^T dy, db = sum dy."""
        self.check_upstream(dy)
        dx, dw, db = kernels.linear_backward(dy, self.x, self.params["w"])
        self.grads = {"w": dw, "b": db}
        return dx

    def backward_weights(self, dy: np.ndarray) -> None:
        """dy (N, F): dw = x^T dy, db = sum dy."""
        self.check_upstream(dy)
        dw, db = kernels.linear_backward_weights(dy, self.x)
        self.grads = {"w": dw, "b": db}


class Conv2d(Layer):
    """Convolution of (N, H, W, K) images with filters w (R, S, K, F) and bias b (F,).

    kernel: R = S, or (R, S). pad: rows and columns of zeros on each side, or "same": as many as give
    ceil(H / stride) x ceil(W / stride) outputs. Weights are drawn N(0, 2 / (R S K)) [He et al. 2015], biases 0.
    """

    def __init__(self, filters: int, kernel: int | tuple[int, int], stride: int = 1, pad: int | str = 0) -> None:
        super().__init__()
        check_count(1, LARGEST, filters=filters, stride=stride)
        check_window(kernel, pad)
        self.filters, self.kernel, self.stride, self.pad = filters, kernel, stride, pad

    def build(self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike) -> tuple[int, ...]:
        """input_shape (H, W, K) -> (Ho, Wo, F). Raises ValueError for images smaller than the kernel."""
        H, W, K = as_images("Conv2d", input_shape)
        R, S = window(self.kernel)
        frame = Frame((H, W), self.kernel, self.stride, self.pad)
        Ho, Wo = (
            (n + sum(zeros) - side) // self.stride + 1
            for n, zeros, side in zip((H, W), (frame.rows, frame.columns), (R, S), strict=True)
        )
        if min(Ho, Wo) < 1:
            raise ValueError(f"Conv2d got images of {H} x {W}, smaller than its {R} x {S} kernel; enlarge them or pad")
        super().build(input_shape, rng, dtype)
        shape = (R, S, K, self.filters)
        self.params = {"w": he_normal(rng, shape, R * S * K, dtype), "b": np.zeros(self.filters, dtype)}
        return (Ho, Wo, self.filters)

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x (N, H, W, K) -> (N, Ho, Wo, F)."""
        frame = self._keep(x)
        return kernels.conv2d_forward(self.x, self.params["w"], self.params["b"], self.stride, frame.pad)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy (N, Ho, Wo, F) -> dx (N, H, W, K)."""
        frame = self._frame(dy)
        dx, dw, db = kernels.conv2d_backward(dy, self.x, self.params["w"], self.stride, frame.pad)
        self.grads = {"w": dw, "b": db}
        return frame.off(dx)

    def backward_weights(self, dy: np.ndarray) -> None:
        """dy (N, Ho, Wo, F): the filters' gradient alone."""
        frame = self._frame(dy)
        R, S = window(self.kernel)
        dw, db = kernels.conv2d_backward_weights(dy, self.x, R, S, self.stride, frame.pad)
        self.grads = {"w": dw, "b": db}

    def _keep(self, x):
        """Check x and keep it, in its frame of zeros where it needs one; returns the frame."""
        self.check_input(x)
        frame = Frame(x.shape[1:3], self.kernel, self.stride, self.pad)
        self.x = frame.around(x)
        return frame

    def _frame(self, dy):
        """Check dy; returns the frame of the last x."""
        self.check_upstream(dy)
        return Frame(self.x_shape[1:3], self.kernel, self.stride, self.pad)


class ConvReLUPool2d(Conv2d):
    """Convolution, ReLU and max pooling over tiles of pool x pool, in one pass over memory.

    Computes what [Conv2d(filters, kernel, stride, pad), ReLU(), MaxPool2d(pool)] compute, and draws the same weights.
    """

    def __init__(
        self, filters: int, kernel: int | tuple[int, int], pool: int, stride: int = 1, pad: int | str = 0
    ) -> None:
        super().__init__(filters, kernel, stride, pad)
        check_count(1, LARGEST, pool=pool)
        self.pool = pool

    def build(self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike) -> tuple[int, ...]:
        """input_shape (H, W, K) -> (Ho // pool, Wo // pool, F). Raises ValueError for images that are too small."""
        return MaxPool2d(self.pool).build(super().build(input_shape, rng, dtype), rng, dtype)

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x (N, H, W, K) -> (N, Ho // pool, Wo // pool, F)."""
        frame, w, b = self._keep(x), self.params["w"], self.params["b"]
        sizes = (self.stride, frame.pad, self.pool)
        self.y, self.argmax = kernels.conv2d_relu_maxpool2d_forward(self.x, w, b, *sizes)
        return self.y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy (N, Ho // pool, Wo // pool, F) -> dx (N, H, W, K)."""
        frame, w = self._frame(dy), self.params["w"]
        sizes = (self.stride, frame.pad, self.pool)
        dx, dw, db = kernels.conv2d_relu_maxpool2d_backward(dy, self.y, self.argmax, self.x, w, *sizes)
        self.grads = {"w": dw, "b": db}
        return frame.off(dx)

    def backward_weights(self, dy: np.ndarray) -> None:
        """dy (N, Ho // pool, Wo // pool, F): the filters' gradient alone."""
        sizes = (*window(self.kernel), self.stride, self._frame(dy).pad, self.pool)
        dw, db = kernels.conv2d_relu_maxpool2d_backward_weights(dy, self.y, self.argmax, self.x, *sizes)
        self.grads = {"w": dw, "b": db}


class ReLU(Layer):
    """sigma(x) = max(0, x).

    Eq. (21).
    """

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x of any shape -> the same shape."""
        self.check_input(x)
        self.y = kernels.relu_forward(x)
        return self.y

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dx = dy where y > 0, else 0."""
        self.check_upstream(dy)
        check_shape("dy", dy, self.x_shape)
        return kernels.relu_backward(dy, self.y)


class Dropout(Layer):
    """Inverted dropout while training, the identity otherwise. The mask is a hash of (seed, step, index)."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        check_below_one(rate=rate)
        self.rate = rate

    def build(self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike) -> tuple[int, ...]:
        """Draws the seed of the hash; the shape stays."""
        shape = super().build(input_shape, rng, dtype)
        self.seed = int(as_generator("rng", rng).integers(2**62))
        return shape

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x of any shape -> the same shape; step None means evaluation, an array (1,) holds it on a device."""
        self.check_input(x)
        check_step(step)
        self.step = step
        return self._dropped(x, kernels.dropout_forward)

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """The mask of the last forward pass, applied to dy."""
        self.check_upstream(dy)
        check_shape("dy", dy, self.x_shape)
        return self._dropped(dy, kernels.dropout_backward)

    def _dropped(self, x, kernel):
        if self.step is None:
            return x
        if isinstance(self.step, Integral):
            return kernel(x, self.rate, self.seed, self.step)
        return table().dropout_at(x, self.rate, self.seed, self.step)


class Flatten(Layer):
    """(N, H, W, K) -> (N, H W K)."""

    def build(self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike) -> tuple[int, ...]:
        """input_shape of any rank -> (D,)."""
        return (prod(super().build(input_shape, rng, dtype)),)

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """x (N, ...) -> (N, D)."""
        self.check_input(x)
        return x.reshape(len(x), prod(x.shape[1:]))

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """dy (N, D) -> the shape of x."""
        self.check_upstream(dy)
        check_shape("dy", dy, (self.x_shape[0], prod(self.x_shape[1:])))
        return dy.reshape(self.x_shape)
