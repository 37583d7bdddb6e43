"""A network is a list of layers; backward is the reversed list. The annex network, and a small one for tables."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import DTypeLike

from ..backend import to_device, to_host
from ..checks import as_generator, check_count, check_unmasked
from ..messages import nearest, shown
from .layer import LARGEST, Layer, check_step
from .layers import Conv2d, ConvReLUPool2d, Dropout, Flatten, Linear, ReLU

INFERENCE_BATCH = 500  # images at a time outside training: bounds the memory


class Network:
    """f = f_n o ... o f_1, ending in logits; softmax belongs to the loss.

    Eq. (21).
    layers: Layer objects in order, each of them once. `build` draws the parameters, `forward` and `backward` run them.
    Raises TypeError for what is no layer, ValueError for no layers and for the same layer twice.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        try:
            self.layers = list(layers)
        except TypeError:
            raise TypeError(f"layers={shown(layers)} should be a list of layers, e.g. [Flatten(), Linear(3)]") from None
        check_layers(self.layers)

    def build(
        self, input_shape: tuple[int, ...], rng: int | np.random.Generator, dtype: DTypeLike = np.float32
    ) -> tuple[int, ...]:
        """Draw all parameters for inputs of `input_shape` (without the sample axis); returns the output shape.

        rng: numpy Generator or seed; dtype: float32 or float64. Raises ValueError where a layer does not fit its input,
        and when no layer has parameters.
        """
        check_layers(self.layers)  # once more, because the list can be changed
        rng, shape = as_generator("rng", rng), input_shape
        for layer in self.layers:
            shape = layer.build(shape, rng, dtype)
        if not self.parameters():
            raise ValueError("layers have no parameters, so there is nothing to train; add a Linear or a Conv2d")
        self.dtype = np.dtype(dtype)
        return shape

    def forward(self, x: np.ndarray, step: int | None = None) -> np.ndarray:
        """Logits. x (N, ...) -> (N, C); `step` counts training steps, None switches dropout off."""
        check_step(step)
        for layer in self.layers:
            x = layer.forward(x, step)
        return x

    def backward(self, dz: np.ndarray) -> None:
        """Fill every layer's `grads` from dz = d loss / d logits (N, C).

        Stops at the first layer with parameters: nobody asks for the gradient of the data.
        """
        first = next((i for i, layer in enumerate(self.layers) if layer.params), None)
        if first is None:
            raise ValueError("the network got dz before it was built; call build(input_shape, rng), then forward(x)")
        for layer in reversed(self.layers[first + 1 :]):
            dz = layer.backward(dz)
        self.layers[first].backward_weights(dz)

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Logits in batches, dropout off, nothing kept. x (N, ...) anywhere, N >= 1 -> (N, C) on the host."""
        if not hasattr(x, "shape") or len(x.shape) < 1 or len(x) == 0:
            raise ValueError(f"x={shown(x)} should be an array (N, ...) of at least one sample")
        check_unmasked("x", x)
        batches = (x[i : i + INFERENCE_BATCH] for i in range(0, len(x), INFERENCE_BATCH))
        with self.on_device():
            z = [to_host(self.forward(to_device(batch))) for batch in batches]
        self.release()
        return np.concatenate(z)

    @contextmanager
    def on_device(self) -> Iterator[None]:
        """Inside, the parameters live where the running table computes; what had to be moved is back afterwards."""
        moved: list[Layer] = []
        try:
            moved.extend(layer for layer in self.layers if layer.move(to_device))
            yield
        finally:
            for layer in moved:
                layer.move(to_host)

    def astype(self, dtype: DTypeLike) -> "Network":
        """A copy of the built network whose parameters have another dtype."""
        other = copy.deepcopy(self)
        other.dtype = np.dtype(dtype)
        for _, layer, key in other.parameters():
            layer.params[key] = layer.params[key].astype(dtype)
        return other

    def release(self) -> None:
        """Forget what the last forward pass kept for backward."""
        for layer in self.layers:
            layer.release()

    def parameters(self) -> list[tuple]:
        """(name, layer, key) of every parameter array, e.g. ("0.w", Conv2d, "w")."""
        return [(f"{i}.{key}", layer, key) for i, layer in enumerate(self.layers) for key in layer.params]

    def state(self) -> list[dict[str, np.ndarray]]:
        """A copy on the host of all that training learns, for `set_state`."""
        return [{key: to_host(array).copy() for key, array in layer.learnt().items()} for layer in self.layers]

    def set_state(self, state: list[dict[str, np.ndarray]]) -> None:
        """Take back what `state` returned of this network."""
        for layer, learnt in zip(self.layers, state, strict=True):
            layer.take(learnt)

    @property
    def n_parameters(self) -> int:
        """Number of trainable scalars."""
        return sum(layer.params[key].size for _, layer, key in self.parameters())

    def __repr__(self):
        return "Network([\n" + "".join(f"    {layer!r},\n" for layer in self.layers) + "])"


def check_layers(layers):
    """Raise TypeError or ValueError unless `layers` are one or more Layer objects, no two of them the same object."""
    if not layers:
        raise ValueError("layers is empty; a network needs at least one layer with parameters, e.g. Linear(3)")
    first = {}
    for i, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            what = f"the class {layer.__name__}" if isinstance(layer, type) else shown(layer)
            raise TypeError(f"layers[{i}] is {what}; it should be a layer object, e.g. ReLU()")
        if first.setdefault(id(layer), i) != i:
            raise ValueError(
                f"layers[{i}] is the same object as layers[{first[id(layer)]}]; make a new {type(layer).__name__}, "
                "because a layer keeps the parameters and the input of one place"
            )


def annex(n_classes: int) -> "Network":
    """The report's annex network for 32 x 32 x 3 images: 4,425,283 parameters with three classes.

    conv 5x5x32, pool 2, conv 3x3x64 pad 1, pool 2, conv 3x3x128, 3200-1024-1024-C, ReLU between, dropout 0.5 on the
    two hidden fully connected layers.
    """
    check_count(1, LARGEST, n_classes=n_classes)
    return Network(
        [
            ConvReLUPool2d(32, 5, pool=2),
            ConvReLUPool2d(64, 3, pool=2, pad=1),
            *(Conv2d(128, 3), ReLU(), Flatten()),
            *(Linear(1024), ReLU(), Dropout(0.5)),
            *(Linear(1024), ReLU(), Dropout(0.5)),
            Linear(n_classes),
        ]
    )


def mlp(n_classes: int) -> "Network":
    """One hidden layer of 64 ReLU units, for inputs that are not images."""
    check_count(1, LARGEST, n_classes=n_classes)
    return Network([Flatten(), Linear(64), ReLU(), Linear(n_classes)])


NETWORKS = {"annex": annex, "mlp": mlp}
ANNEX_FROM = 16  # pixels a side: smaller images leave nothing for the last convolution


def make_network(network: "str | Network", n_classes: int, input_shape: tuple[int, ...]) -> "Network":
    """The Network that `network` names, or a copy of `network` when it is one already.

    "auto" is the annex for images (H, W, K) of at least 16 x 16 pixels, and the mlp for all other samples.
    Raises ValueError for an unknown name.
    """
    if isinstance(network, Network):
        return copy.deepcopy(network)
    if isinstance(network, str) and network == "auto":
        is_image = len(input_shape) == 3 and min(input_shape[:2]) >= ANNEX_FROM
        network = "annex" if is_image else "mlp"
    if not isinstance(network, str) or network not in NETWORKS:
        known = ("auto", *NETWORKS)
        raise ValueError(f"network={shown(network)} is unknown; {nearest(network, known)}, or a Network([...])")
    return NETWORKS[network](n_classes)
