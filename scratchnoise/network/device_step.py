"""The training step on a device, recorded as a CUDA graph: to launch its kernels one by one takes longer than they do.

Whatever changes from step to step is read from the device's memory: the indices of the batch, the rates, the number of
the step that dropout hashes.
"""

import numpy as np

from ..backend import arrays, to_device
from .optim import OPTIMISERS

UNRECORDED = 2  # calls before the one that is recorded: kernels get compiled, constants sent, memory taken


class DeviceStep:
    """Calls train `network` on a minibatch each. rates: (steps, 3), their learning rate, momentum and weight decay.

    `replayed.refused` says why the step is not recorded, if it is not.
    """

    def __init__(self, network, loss, data, rates, solver="sgd"):
        optimiser = OPTIMISERS[solver][1](network)
        self.state, self.set_state = optimiser.state, optimiser.set_state

        def train(batch, rates, number):
            x, y, weight = data.samples(batch)
            z = network.forward(x, number)
            network.backward(loss.objective_grad(z, y, weight))
            optimiser.step(rates)
            return z, y, weight

        self.replayed = Replayed(train)
        rates = [optimiser.rates(*row, step) for step, row in enumerate(rates, start=1)]
        self.rates = to_device(np.asarray(rates, network.dtype))
        self.numbers = to_device(np.arange(len(rates), dtype=np.uint64))

    def __call__(self, step, batch, watch):
        """Train on the samples with these indices; always goes on: what is not finite shows at the end of the epoch."""
        watch.see(*self.replayed(batch, self.rates[step], self.numbers[step : step + 1]))
        return True


class Replayed:
    """A function of arrays of a device, recorded as a CUDA graph at its third call, and then replayed.

    The function must not look at a number, and must depend on nothing but its arguments and arrays changed in place.
    A replay returns the very arrays that the one before returned. Arguments of other shapes than the first are not
    recorded. Where CuPy cannot record a call (it refuses cuBLAS, for one), every call runs as it is, and `refused`
    says why.
    """

    def __init__(self, function):
        self.function, self.shapes, self.calls, self.graph, self.refused = function, None, 0, None, None
        self.memory = []  # whatever the graph writes to: it must belong to nobody else for as long as there is a graph

    def __call__(self, *arguments):
        shapes = [argument.shape for argument in arguments]
        self.shapes = self.shapes or shapes
        if self.refused or shapes != self.shapes:
            return self.function(*arguments)
        self.calls += 1
        if self.calls <= UNRECORDED:
            return self.function(*arguments)
        if self.graph is None:
            self._record(arguments)
        if self.refused:
            return self.function(*arguments)
        for mine, given in zip(self.arguments, arguments, strict=True):
            mine[...] = given
        self.graph.launch()
        return self.results

    def _record(self, arguments):
        self.arguments = [argument.copy() for argument in arguments]
        stream = arrays().cuda.get_current_stream()
        stream.begin_capture()
        try:
            with arrays().cuda.using_allocator(self._allocate):
                self.results = self.function(*self.arguments)
        except Exception as error:  # whatever CuPy or CUDA has against it
            self.refused = f"{type(error).__name__}: {error}"
        try:
            self.graph = stream.end_capture()
        except Exception as error:
            self.refused = self.refused or f"{type(error).__name__}: {error}"
        if self.refused:
            self.memory.clear()

    def _allocate(self, size):
        """Memory of CuPy's pool, which gets it back with the recording: a pool of its own would never be given back."""
        self.memory.append(arrays().get_default_memory_pool().malloc(size))
        return self.memory[-1]
