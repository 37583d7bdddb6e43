"""The optimisers: stochastic gradient descent with momentum, the report's, and Adam."""

from math import sqrt

from .. import kernels
from ..backend import arrays, table, to_device, to_host
from ..checks import check_below_one, check_not_negative

ALIGNED = 32  # numbers: where an array may start, so that wide loads are possible
BETA_2 = 0.999  # of Adam, as its paper has it
EPSILON = 1e-8


class SGD:
    """v <- momentum v + dw + weight_decay w,  w <- w - learning_rate v, for every parameter of a network.

    network: a built one. learning_rate >= 0, 0 <= momentum < 1, weight_decay >= 0; biases are not decayed.
    Raises ValueError for numbers outside these ranges. Source: [Sut+13].
    """

    remembers: tuple[str, ...] = ("velocity",)  # from step to step, an array for each parameter

    def __init__(self, network, learning_rate=0.01, momentum=0.9, weight_decay=0.0):
        check_not_negative(learning_rate=learning_rate, weight_decay=weight_decay)
        check_below_one(momentum=momentum)
        if not network.parameters():
            raise ValueError("network has no parameters yet; call network.build(input_shape, rng) first")
        self.network = network
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.velocity = self._zeros()

    def step(self):
        """One update of all parameters from the gradients that backward left; ValueError where it left none."""
        for name, layer, key in self.network.parameters():
            if key not in layer.grads:
                raise ValueError(f"network has no gradient of {name}; call forward(x) and backward(dz) before step()")
        for name, layer, key in self.network.parameters():
            self._update(name, layer, key, float(self.weight_decay) if key == "w" else 0.0)

    def _update(self, name, layer, key, decay):
        # Python floats: a NumPy scalar would turn float32 parameters into float64
        layer.params[key], self.velocity[name] = kernels.sgd_momentum(
            layer.params[key],
            self.velocity[name],
            layer.grads[key],
            float(self.learning_rate),
            float(self.momentum),
            decay,
        )

    def state(self):
        """What the next step depends on beside the network, on the host: {"velocity": {parameter: array}, ...}."""
        return {what: {name: to_host(a).copy() for name, a in getattr(self, what).items()} for what in self.remembers}

    def set_state(self, state):
        """Take back what `state` returned."""
        for what in self.remembers:
            setattr(self, what, {name: to_device(array) for name, array in state[what].items()})

    def _zeros(self):
        return {name: arrays().zeros_like(layer.params[key]) for name, layer, key in self.network.parameters()}


class Adam(SGD):
    """w <- w - learning_rate mean / (sqrt(square) + 1e-8): each number of a network has a step of its own.

    mean and square are running means of the gradient and of its square, with beta_1 = `momentum` and beta_2 = 0.999,
    corrected for their start at 0. Arguments and errors as in `SGD`; weight_decay w is added to the gradient.
    Source: [Kingma and Ba 2015].
    """

    remembers = ("velocity", "square")

    def __init__(self, network, learning_rate=0.001, momentum=0.9, weight_decay=0.0):
        super().__init__(network, learning_rate, momentum, weight_decay)
        self.square = self._zeros()
        self.steps = 0

    def step(self):
        """As in `SGD`."""
        self.steps += 1
        super().step()

    def state(self):
        """As in `SGD`, with the number of steps so far."""
        return super().state() | {"steps": self.steps}

    def set_state(self, state):
        """As in `SGD`."""
        super().set_state(state)
        self.steps = state["steps"]

    def _update(self, name, layer, key, decay):
        layer.params[key], self.velocity[name], self.square[name] = kernels.adam(
            layer.params[key],
            self.velocity[name],
            self.square[name],
            layer.grads[key],
            float(self.learning_rate) * start_correction(float(self.momentum), self.steps),
            float(self.momentum),
            BETA_2,
            EPSILON,
            decay,
        )


def start_correction(beta_1, step):
    """What the learning rate of Adam's step (from 1) is multiplied by, because its means began at 0."""
    return sqrt(1 - BETA_2**step) / (1 - beta_1**step)


class FlatSGD:
    """As `SGD`, on a device: parameters, velocities and gradients in one array each, and one launch for all of them.

    The parameters of the layers become views. Weights come first, since biases are not decayed. `step` takes the
    learning rate, momentum and weight decay as an array (3,) of the device, which a recorded step reads anew.
    """

    remembers: tuple[str, ...] = ("v",)

    def __init__(self, network):
        self.places, stop, self.n_decayed = [], 0, 0
        for _, layer, key in sorted(network.parameters(), key=lambda parameter: parameter[2] != "w"):
            start = -(-stop // ALIGNED) * ALIGNED
            stop = start + layer.params[key].size
            self.places.append((layer, key, slice(start, stop)))
            if key == "w":
                self.n_decayed = stop
        self.w, self.v, self.dw = (arrays().zeros(stop, network.dtype) for _ in range(3))
        for layer, key, place in self.places:
            shape = layer.params[key].shape
            self.w[place] = layer.params[key].reshape(-1)
            layer.params[key] = self.w[place].reshape(shape)

    def state(self):
        """What the next step depends on beside the network, on the host."""
        return {what: to_host(getattr(self, what)).copy() for what in self.remembers}

    def set_state(self, state):
        """Take back what `state` returned, in place: a recorded step reads these very arrays."""
        for what in self.remembers:
            getattr(self, what)[...] = to_device(state[what])

    def step(self, rates):
        """One update of all parameters, in place, from the gradients that backward left."""
        for layer, key, place in self.places:
            self.dw[place] = layer.grads[key].reshape(-1)
        self._update(rates)

    def _update(self, rates):
        table().sgd_momentum_in_place(self.w, self.v, self.dw, rates, self.n_decayed)

    @staticmethod
    def rates(learning_rate, momentum, weight_decay, step):
        """What `step` takes for this step (from 1)."""
        return learning_rate, momentum, weight_decay


class FlatAdam(FlatSGD):
    """As `Adam`, on a device; see `FlatSGD`."""

    remembers = ("v", "square")

    def __init__(self, network):
        super().__init__(network)
        self.square = arrays().zeros_like(self.w)

    def _update(self, rates):
        table().adam_in_place(self.w, self.v, self.square, self.dw, rates, BETA_2, EPSILON, self.n_decayed)

    @staticmethod
    def rates(learning_rate, momentum, weight_decay, step):
        """As in `FlatSGD`: the learning rate includes the correction of the step."""
        return learning_rate * start_correction(momentum, step), momentum, weight_decay


OPTIMISERS = {"sgd": (SGD, FlatSGD), "adam": (Adam, FlatAdam)}  # on the host, on a device
