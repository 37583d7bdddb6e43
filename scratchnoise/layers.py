"""Layers: each holds its parameters, and knows its forward pass and the adjoint of it.

    build(input_shape, rng, dtype) -> output_shape      draws the parameters; shapes are without the sample axis
    forward(x, step) -> y                               step is None outside training
    backward(dy) -> dx                                  fills grads; overwrites, so calling it twice changes nothing
    backward_weights(dy)                                fills grads only, for a first layer

`params` and `grads` are dicts with the same keys. What backward needs stays visible as attributes. Sizes and rates are
checked when a layer is made, the input shape in `build`, and `forward` takes only samples of that shape.
"""

import inspect
from math import prod
from numbers import Integral

import numpy as np

from . import kernels
from .backend import on_device, table, to_host
from .checks import as_generator, check_below_one, check_count, check_unmasked, is_whole
from .kernels.checks import check_shape
from .messages import shown

KEPT_BY_FORWARD = ("x", "x_shape", "y", "argmax", "step")
LARGEST = 2**31 - 1  # of a size: the places that pooling keeps are int32


class Layer:
    """A layer without parameters; the others fill `params` in `build` and `grads` in `backward`.

    `input_shape` is that of a sample: None before `build`, () in a layer that an older version of the package saved.
    """

    input_shape = ()

    def __init__(self):
        self.params = {}
        self.grads = {}
        self.input_shape = None

    def build(self, input_shape, rng, dtype):
        """Check the arguments, draw the parameters, return the output shape.

        input_shape: tuple of whole numbers, rng: numpy Generator or seed, dtype: float32 or float64.
        """
        as_generator("rng", rng)
        check_dtype(dtype)
        self.input_shape = as_shape(input_shape)
        return self.input_shape

    def check_input(self, x):
        """Keep the shape of x for backward; ValueError unless the layer was built for it. `forward` begins with it."""
        name = type(self).__name__
        if self.input_shape is None:
            raise ValueError(f"{name} got x before it was built; call build(input_shape, rng, dtype) first")
        if not hasattr(x, "shape"):
            raise TypeError(f"x={shown(x)} should be an array, one sample a row")
        if len(x.shape) < 1 or (self.input_shape and tuple(x.shape[1:]) != tuple(self.input_shape)):
            wanted = ", ".join(map(str, ("N", *self.input_shape)))
            raise ValueError(f"x has shape {tuple(x.shape)}, but {name} was built for ({wanted})")
        check_unmasked("x", x)
        self.x_shape = x.shape

    def check_upstream(self, dy):
        """Raise ValueError unless dy is an array and `forward` ran before; every backward begins with it."""
        if "x_shape" not in vars(self):
            raise ValueError(f"{type(self).__name__} got dy before x; call forward(x) first, then backward(dy)")
        if not hasattr(dy, "shape"):
            raise TypeError(f"dy={shown(dy)} should be an array of the shape that forward returned")
        check_unmasked("dy", dy)

    def backward_weights(self, dy):
        """The part of `backward` that fills `grads`."""

    def release(self):
        """Forget what the last forward pass kept."""
        for name in KEPT_BY_FORWARD:
            self.__dict__.pop(name, None)

    def move(self, there):
        """Send parameters and gradients through `there`, to_device or to_host; whether a parameter lived elsewhere."""
        params = {key: there(array) for key, array in self.params.items()}
        grads = {key: there(array) for key, array in self.grads.items()}
        moved = any(params[key] is not self.params[key] for key in params)
        self.params, self.grads = params, grads  # all or nothing: there may be no memory for the last of them
        return moved

    def __getstate__(self):
        """Settings and parameters, on the host: what the last passes left is neither copied nor pickled nor saved."""
        params = {key: to_host(array) for key, array in self.params.items()}
        return {k: v for k, v in vars(self).items() if k not in KEPT_BY_FORWARD} | {"params": params, "grads": {}}

    def __repr__(self):
        settings = ", ".join(f"{k}={getattr(self, k)!r}" for k in inspect.signature(type(self)).parameters)
        return f"{type(self).__name__}({settings})"


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
        if step is not None and not on_device():
            check_count(0, step=step)
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


def as_shape(input_shape):
    """The shape of a sample as a tuple of ints; ValueError unless it is whole numbers of at least 1."""
    shape = input_shape if isinstance(input_shape, tuple | list) else None
    if shape is None or not all(is_whole(n) and 1 <= n <= LARGEST for n in shape):
        raise ValueError(
            f"input_shape={shown(input_shape)} should be the shape of a sample, a tuple of whole numbers of at least 1"
        )
    return tuple(int(n) for n in shape)


def check_dtype(dtype):
    """Raise ValueError unless `dtype` is float32 or float64."""
    try:
        known = dtype is not None and np.dtype(dtype) in (np.float32, np.float64)
    except TypeError:
        known = False
    if not known:
        raise ValueError(f"dtype={shown(dtype)} should be numpy.float32 or numpy.float64")


def he_normal(rng, shape, fan_in, dtype):
    """Weights N(0, 2 / fan_in), drawn in float64 so that every dtype gets the same numbers."""
    rng = as_generator("rng", rng)
    return (rng.standard_normal(shape) * np.sqrt(2 / fan_in)).astype(dtype)
