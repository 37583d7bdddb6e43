"""What every layer has in common: its parameters, where they live, and the gate before build, forward and backward."""

import inspect
import types
from collections.abc import Callable

import numpy as np
from numpy.typing import DTypeLike

from ..backend import on_device, to_device, to_host
from ..checks import as_generator, check_count, check_unmasked, is_whole
from ..messages import shown

KEPT_BY_FORWARD = ("x", "x_shape", "y", "argmax", "step", "moments")
LARGEST = 2**31 - 1  # of a size: the places that pooling keeps are int32


class Layer:
    """A layer without parameters; the others fill `params` in `build` and `grads` in `backward`.

    `running` holds arrays that training changes without a gradient; only batch normalisation has some.

    `input_shape` is that of a sample: None before `build`, () in a layer that an older version of the package saved.
    """

    input_shape: tuple[int, ...] | None = ()
    forward: Callable  # a subclass defines these two
    backward: Callable
    # Nothing, in a layer that an older version saved.
    running: dict[str, np.ndarray] = types.MappingProxyType({})  # type: ignore[assignment]

    def __init__(self) -> None:
        self.params: dict[str, np.ndarray] = {}
        self.grads: dict[str, np.ndarray] = {}
        self.running = {}
        self.input_shape = None

    def build(self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike) -> tuple[int, ...]:
        """Check the arguments, draw the parameters, return the output shape.

        input_shape: tuple of whole numbers, rng: numpy Generator or seed, dtype: float32 or float64.
        """
        as_generator("rng", rng)
        check_dtype(dtype)
        self.input_shape = as_shape(input_shape)
        return self.input_shape

    def check_input(self, x: np.ndarray) -> None:
        """Keep the shape of x for backward; ValueError unless the layer was built for it. `forward` begins with it."""
        if self.input_shape is None:
            raise ValueError(f"{type(self).__name__} got x before it was built; call build(...) first")
        if not hasattr(x, "shape"):
            raise TypeError(f"x={shown(x)} should be an array, one sample a row")
        if len(x.shape) < 1 or (self.input_shape and tuple(x.shape[1:]) != tuple(self.input_shape)):
            wanted = ", ".join(map(str, ("N", *self.input_shape)))
            raise ValueError(f"x has shape {tuple(x.shape)}, but {type(self).__name__} was built for ({wanted})")
        check_unmasked("x", x)
        self.x_shape = x.shape

    def check_upstream(self, dy: np.ndarray) -> None:
        """Raise ValueError unless dy is an array and `forward` ran before; every backward begins with it."""
        if "x_shape" not in vars(self):
            raise ValueError(f"{type(self).__name__} got dy before x; call forward(x) first, then backward(dy)")
        if not hasattr(dy, "shape"):
            raise TypeError(f"dy={shown(dy)} should be an array of the shape that forward returned")
        if len(dy.shape) < 1 or dy.shape[0] != self.x_shape[0]:
            raise ValueError(f"dy has shape {tuple(dy.shape)}; x has {self.x_shape[0]} samples, so dy too")
        check_unmasked("dy", dy)

    def backward_weights(self, dy: np.ndarray) -> None:
        """The part of `backward` that fills `grads`."""

    def release(self) -> None:
        """Forget what the last forward pass kept."""
        for name in KEPT_BY_FORWARD:
            self.__dict__.pop(name, None)

    def move(self, there: Callable) -> bool:
        """Send parameters and gradients through `there`, to_device or to_host; whether a parameter lived elsewhere."""
        params = {key: there(array) for key, array in self.params.items()}
        grads = {key: there(array) for key, array in self.grads.items()}
        running = {key: there(array) for key, array in self.running.items()}
        moved = any(params[key] is not self.params[key] for key in params)
        # all or nothing: there may be no memory for the last of them
        self.params, self.grads, self.running = params, grads, running
        return moved

    def learnt(self) -> dict[str, np.ndarray]:
        """The arrays that training changes, by name: the parameters, and those in `running`."""
        return {**self.params, **self.running}

    def take(self, learnt: dict[str, np.ndarray]) -> None:
        """Take copies of arrays that `learnt` named, to where the running table computes."""
        for key, array in learnt.items():
            (self.running if key in self.running else self.params)[key] = to_device(array.copy())

    def __getstate__(self):
        """Settings and parameters, on the host: what the last passes left is neither copied nor pickled nor saved."""
        params = {key: to_host(array) for key, array in self.params.items()}
        running = {key: to_host(array) for key, array in self.running.items()}
        kept = {k: v for k, v in vars(self).items() if k not in KEPT_BY_FORWARD}
        return kept | {"params": params, "grads": {}, "running": running}

    def __repr__(self):
        settings = ", ".join(f"{k}={getattr(self, k)!r}" for k in inspect.signature(type(self)).parameters)
        return f"{type(self).__name__}({settings})"


def as_shape(input_shape):
    """The shape of a sample as a tuple of ints; ValueError unless it is whole numbers of at least 1."""
    shape = input_shape if isinstance(input_shape, tuple | list) else None
    if shape is None or not all(is_whole(n) and 1 <= n <= LARGEST for n in shape):
        raise ValueError(
            f"input_shape={shown(input_shape)} should be the shape of a sample, a tuple of whole numbers of at least 1"
        )
    return tuple(int(n) for n in shape)


def as_images(layer, input_shape):
    """H, W and K of images; ValueError, which names the layer, for any other input_shape."""
    shape = as_shape(input_shape)
    if len(shape) == 2:
        hint = f"for grey images add the axis of channels: x[..., None], {(*shape, 1)}"
        raise ValueError(f"{layer} got inputs of shape {shape}; it wants images (H, W, K): {hint}")
    if len(shape) != 3:
        raise ValueError(f"{layer} got inputs of shape {shape}; it wants images (H, W, K)")
    return shape


def check_step(step):
    """Raise ValueError unless `step` is None or a whole number; a device has it in an array, which is not looked at."""
    if step is not None and not on_device():
        check_count(0, 2**63 - 1, step=step)


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
