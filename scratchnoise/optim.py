"""Stochastic gradient descent with momentum: the optimiser of the report."""

import numpy as np

from . import kernels


class SGD:
    """v <- momentum v + dw + weight_decay w,  w <- w - learning_rate v, for every parameter of a network.

    learning_rate, momentum, weight_decay: floats; biases are not decayed. Source: [Sut+13].
    """

    def __init__(self, network, learning_rate=0.01, momentum=0.9, weight_decay=0.0):
        self.network = network
        self.learning_rate, self.momentum, self.weight_decay = learning_rate, momentum, weight_decay
        self.velocity = {name: np.zeros_like(layer.params[key]) for name, layer, key in network.parameters()}

    def step(self):
        """One update of all parameters from the gradients that backward left."""
        for name, layer, key in self.network.parameters():
            decay = float(self.weight_decay) if key == "w" else 0.0
            # Python floats: a NumPy scalar would turn float32 parameters into float64
            layer.params[key], self.velocity[name] = kernels.sgd_momentum(
                layer.params[key],
                self.velocity[name],
                layer.grads[key],
                float(self.learning_rate),
                float(self.momentum),
                decay,
            )
