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

from .. import kernels
from ..backend import table
from ..checks import as_generator, check_below_one, check_count
from ..kernels.checks import check_shape
from .layer import LARGEST, Layer, as_shape, check_step


class Linear(Layer):
    """y = x w + b with w (D, F) and b (F,).

    Eq. (21), before sigma. Weights are drawn N(0, 2 / D) [He et al. 2015], biases 0.
    """

    def __init__(self, features):
        super().__init__()
        check_count(1, LARGEST, features=features)
        self.features = features

    def build(self, input_shape, rng, dtype):
        """input_shape (D,) -> (F,). Raises ValueError for images: flatten them first."""
        if len(as_shape(input_shape)) != 1:
            raise ValueError(f"Linear got inputs of shape {input_shape}; put a Flatten() before it")
        (D,) = super().build(input_shape, rng, dtype)
        self.params = {"w": he_normal(rng, (D, self.features), D, dtype), "b": np.zeros(self.features, dtype)}
        return (self.features,)

    def forward(self, x, step=None):
        """x (N, D) -> (N, F)."""
        self.check_input(x)
        self.x = x
        return kernels.linear_forward(x, self.params["w"], self.params["b"])

    def backward(self, dy):
        """dy (N, F) -> dx (N, D): dx = dy w^T, dw = x^T dy, db = sum dy."""
        self.check_upstream(dy)
        dx, dw, db = kernels.linear_backward(dy, self.x, self.params["w"])
        self.grads = {"w": dw, "b": db}
        return dx

    def backward_weights(self, dy):
        """dy (N, F): dw = x^T dy, db = sum dy."""
        self.check_upstream(dy)
        dw, db = kernels.linear_backward_weights(dy, self.x)
        self.grads = {"w": dw, "b": db}


class Conv2d(Layer):
    """Convolution of (N, H, W, K) images with filters w (R, R, K, F), R = `kernel`, and bias b (F,).

    Weights are drawn N(0, 2 / (R R K)) [He et al. 2015], biases 0.
    """

    def __init__(self, filters, kernel, stride=1, pad=0):
        super().__init__()
        check_count(1, LARGEST, filters=filters, kernel=kernel, stride=stride)
        check_count(0, LARGEST, pad=pad)
        self.filters, self.kernel, self.stride, self.pad = filters, kernel, stride, pad

    def build(self, input_shape, rng, dtype):
        """input_shape (H, W, K) -> (Ho, Wo, F). Raises ValueError for images smaller than the kernel."""
        if len(as_shape(input_shape)) != 3:
            raise ValueError(f"Conv2d got inputs of shape {input_shape}; it wants images (H, W, K)")
        H, W, K = input_shape
        R = self.kernel
        Ho, Wo = ((n + 2 * self.pad - R) // self.stride + 1 for n in (H, W))
        if min(Ho, Wo) < 1:
            raise ValueError(f"Conv2d got images of {H} x {W}, smaller than its {R} x {R} kernel; enlarge them or pad")
        super().build(input_shape, rng, dtype)
        shape = (R, R, K, self.filters)
        self.params = {"w": he_normal(rng, shape, R * R * K, dtype), "b": np.zeros(self.filters, dtype)}
        return (Ho, Wo, self.filters)

    def forward(self, x, step=None):
        """x (N, H, W, K) -> (N, Ho, Wo, F)."""
        self.check_input(x)
        self.x = x
        return kernels.conv2d_forward(x, self.params["w"], self.params["b"], self.stride, self.pad)

    def backward(self, dy):
        """dy (N, Ho, Wo, F) -> dx (N, H, W, K)."""
        self.check_upstream(dy)
        dx, dw, db = kernels.conv2d_backward(dy, self.x, self.params["w"], self.stride, self.pad)
        self.grads = {"w": dw, "b": db}
        return dx

    def backward_weights(self, dy):
        """dy (N, Ho, Wo, F): the filters' gradient alone."""
        self.check_upstream(dy)
        dw, db = kernels.conv2d_backward_weights(dy, self.x, self.kernel, self.kernel, self.stride, self.pad)
        self.grads = {"w": dw, "b": db}


class MaxPool2d(Layer):
    """Largest value of every size x size tile."""

    def __init__(self, size):
        super().__init__()
        check_count(1, LARGEST, size=size)
        self.size = size

    def build(self, input_shape, rng, dtype):
        """input_shape (H, W, K) -> (H // size, W // size, K). Raises ValueError for images smaller than a tile."""
        if len(as_shape(input_shape)) != 3 or min(input_shape[:2]) < self.size:
            raise ValueError(f"MaxPool2d got inputs of shape {input_shape}; it wants images of at least {self.size}")
        H, W, K = super().build(input_shape, rng, dtype)
        return (H // self.size, W // self.size, K)

    def forward(self, x, step=None):
        """x (N, H, W, K) -> (N, H // size, W // size, K)."""
        self.check_input(x)
        y, self.argmax = kernels.maxpool2d_forward(x, self.size)
        return y

    def backward(self, dy):
        """dy (N, Ho, Wo, K) -> dx: each dy goes to the place of the maximum."""
        self.check_upstream(dy)
        return kernels.maxpool2d_backward(dy, self.argmax, self.x_shape)


class ConvReLUPool2d(Conv2d):
    """Convolution, ReLU and max pooling over tiles of pool x pool, in one pass over memory.

    Computes what [Conv2d(filters, kernel, stride, pad), ReLU(), MaxPool2d(pool)] compute, and draws the same weights.
    """

    def __init__(self, filters, kernel, pool, stride=1, pad=0):
        super().__init__(filters, kernel, stride, pad)
        check_count(1, LARGEST, pool=pool)
        self.pool = pool

    def build(self, input_shape, rng, dtype):
        """input_shape (H, W, K) -> (Ho // pool, Wo // pool, F). Raises ValueError for images that are too small."""
        return MaxPool2d(self.pool).build(super().build(input_shape, rng, dtype), rng, dtype)

    def forward(self, x, step=None):
        """x (N, H, W, K) -> (N, Ho // pool, Wo // pool, F)."""
        self.check_input(x)
        self.x, w, b = x, self.params["w"], self.params["b"]
        self.y, self.argmax = kernels.conv2d_relu_maxpool2d_forward(x, w, b, self.stride, self.pad, self.pool)
        return self.y

    def backward(self, dy):
        """dy (N, Ho // pool, Wo // pool, F) -> dx (N, H, W, K)."""
        self.check_upstream(dy)
        dx, dw, db = kernels.conv2d_relu_maxpool2d_backward(
            dy, self.y, self.argmax, self.x, self.params["w"], self.stride, self.pad, self.pool
        )
        self.grads = {"w": dw, "b": db}
        return dx

    def backward_weights(self, dy):
        """dy (N, Ho // pool, Wo // pool, F): the filters' gradient alone."""
        self.check_upstream(dy)
        dw, db = kernels.conv2d_relu_maxpool2d_backward_weights(
            dy, self.y, self.argmax, self.x, self.kernel, self.kernel, self.stride, self.pad, self.pool
        )
        self.grads = {"w": dw, "b": db}


class ReLU(Layer):
    """sigma(x) = max(0, x).

    Eq. (21).
    """

    def forward(self, x, step=None):
        """x of any shape -> the same shape."""
        self.check_input(x)
        self.y = kernels.relu_forward(x)
        return self.y

    def backward(self, dy):
        """dx = dy where y > 0, else 0."""
        self.check_upstream(dy)
        check_shape("dy", dy, self.x_shape)
        return kernels.relu_backward(dy, self.y)


class Dropout(Layer):
    """Inverted dropout while training, the identity otherwise. The mask is a hash of (seed, step, index)."""

    def __init__(self, rate):
        super().__init__()
        check_below_one(rate=rate)
        self.rate = rate

    def build(self, input_shape, rng, dtype):
        """Draws the seed of the hash; the shape stays."""
        super().build(input_shape, rng, dtype)
        self.seed = int(as_generator("rng", rng).integers(2**62))
        return self.input_shape

    def forward(self, x, step=None):
        """x of any shape -> the same shape; step None means evaluation, an array (1,) holds it on a device."""
        self.check_input(x)
        check_step(step)
        self.step = step
        return self._dropped(x, kernels.dropout_forward)

    def backward(self, dy):
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

    def build(self, input_shape, rng, dtype):
        """input_shape of any rank -> (D,)."""
        return (prod(super().build(input_shape, rng, dtype)),)

    def forward(self, x, step=None):
        """x (N, ...) -> (N, D)."""
        self.check_input(x)
        return x.reshape(len(x), -1)

    def backward(self, dy):
        """dy (N, D) -> the shape of x."""
        self.check_upstream(dy)
        check_shape("dy", dy, (self.x_shape[0], prod(self.x_shape[1:])))
        return dy.reshape(self.x_shape)


def he_normal(rng, shape, fan_in, dtype):
    """Weights N(0, 2 / fan_in), drawn in float64 so that every dtype gets the same numbers."""
    rng = as_generator("rng", rng)
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(dtype)
