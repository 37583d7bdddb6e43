"""A device that is not there: a stand-in for CuPy on the arrays of counted_arrays.py.

`cupy` here has the few names that the package uses. Its kernels are the NumPy table's, which are quick and exact: what
is tested with them is where arrays live, and that a recorded step does what the step does. Or they are the true ones,
launches of the CUDA source, which the processor then runs.
"""

import importlib
import sys
import time
from functools import partial
from types import ModuleType, SimpleNamespace

import cupy_on_cpu
import numpy as np
from counted_arrays import Array, Device, unwrapped

from scratchnoise import backend as _  # noqa: F401  the package, before its module of the same name
from scratchnoise.kernels import numpy_table

backend_module = sys.modules["scratchnoise.backend"]


class Stream:
    """The one queue of work of a Device, and the only thing that records."""

    def __init__(self, device):
        self.device = device

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def is_capturing(self):
        return self.device.recorded is not None

    def begin_capture(self):
        self.device.recorded = []

    def end_capture(self):
        recorded, self.device.recorded = self.device.recorded, None
        return Graph(recorded, self.device)


class Graph:
    """What a recording left; `launch` does it all again."""

    def __init__(self, recorded, device):
        self.recorded, self.device = recorded, device

    def launch(self):
        self.device.launches["graphs"] += 1
        for replay in self.recorded:
            replay()


class Event:
    """A moment; the device is never behind the host."""

    def record(self):
        self.at = time.perf_counter()

    def synchronize(self):
        pass


def cupy_of(device):
    """A module `cupy` for this device."""

    def asarray(values, dtype=None, blocking=False):
        if isinstance(values, Array):
            return values if dtype in (None, values.dtype) else values.astype(dtype)
        return device.array(device.crossing("to device", np.array(values, dtype)))

    module = ModuleType("cupy")
    module.ndarray, module.asarray = Array, asarray
    module.ones = lambda *a, **options: device.compute(partial(np.ones, *a, **options))
    module.zeros_like = lambda like: device.array(np.zeros_like(like.values))
    runtime = SimpleNamespace(
        getDeviceCount=lambda: 1,
        getDeviceProperties=lambda number: {"name": b"a counted device"},
        memGetInfo=lambda: (device.capacity - device.peak, device.capacity),  # a pool gives nothing back
    )
    stream = Stream(device)
    module.zeros = lambda *a, **options: device.compute(partial(np.zeros, *a, **options))
    module.empty = lambda *a, **options: device.array(np.empty(*a, **options))
    module.matmul = lambda a, b: a @ b
    for name in ("exp", "expm1", "log", "log1p"):
        setattr(module, name, partial(device.compute, getattr(np, name)))
    module.RawModule = partial(RawModule, device)
    module.cuda = SimpleNamespace(
        runtime=runtime,
        Event=Event,
        Device=lambda: device,
        get_elapsed_time=lambda first, last: 1e3 * (last.at - first.at),
        Stream=lambda non_blocking: stream,
        get_current_stream=lambda: stream,
        using_allocator=device.using_allocator,
    )
    module.get_default_memory_pool = lambda: SimpleNamespace(total_bytes=lambda: device.peak, malloc=device.malloc)
    return module


class RawModule:
    """The CUDA source for one type, run by the processor on arrays of a Device."""

    def __init__(self, device, code, options):
        self.device, self.module = device, cupy_on_cpu.RawModule(code, options)

    def get_function(self, name):
        kernel = self.module.get_function(name)

        def launch(grid, block, arguments):
            def run(*values):
                kernel(
                    grid, block, tuple(v.view(cupy_on_cpu.ndarray) if isinstance(v, np.ndarray) else v for v in values)
                )

            self.device.change(run, *arguments)

        return launch


def sgd_momentum_in_place(w, v, dw, rates, n_decayed):
    learning_rate, momentum, weight_decay = rates
    for part, decay in ((slice(n_decayed), weight_decay), (slice(n_decayed, None), w.dtype.type(0))):
        updated = numpy_table.sgd_momentum(w[part], v[part], dw[part], learning_rate, momentum, decay)
        w[part], v[part] = updated


def adam_in_place(w, mean, square, dw, rates, beta_2, epsilon, n_decayed):
    learning_rate, beta_1, weight_decay = rates
    betas = (beta_1, w.dtype.type(beta_2), w.dtype.type(epsilon))
    for part, decay in ((slice(n_decayed), weight_decay), (slice(n_decayed, None), w.dtype.type(0))):
        updated = numpy_table.adam(w[part], mean[part], square[part], dw[part], learning_rate, *betas, decay)
        w[part], mean[part], square[part] = updated


def kernels_of(device):
    """The table of kernels of this device: NumPy's, on its arrays alone."""
    module = ModuleType("cupy_table")
    for name, function in vars(numpy_table).items():
        if callable(function):
            setattr(module, name, partial(device.compute, function))

    def linear_sgd_epoch(*arguments):
        *weights, loss = numpy_table.linear_sgd_epoch(*map(unwrapped, arguments))
        return *map(device.array, weights), device.crossing("to host", loss)  # a number of Python's

    def linear_loss_grad(*arguments):
        loss, *gradients = numpy_table.linear_loss_grad(*map(unwrapped, arguments))
        return device.crossing("to host", loss), *map(device.array, gradients)

    def dropout_at(x, rate, seed, step):
        return device.compute(lambda x, step: numpy_table.dropout_forward(x, rate, seed, int(step[0])), x, step)

    module.linear_sgd_epoch, module.linear_loss_grad = linear_sgd_epoch, linear_loss_grad
    module.dropout_at = dropout_at
    module.sgd_momentum_in_place = partial(device.change, sgd_momentum_in_place)
    module.adam_in_place = partial(device.change, adam_in_place)
    return module


def install(monkeypatch, capacity=2**40, cuda_source=False):
    """Let backend("cupy") run on a new counted Device, which is returned, until the test ends."""
    device, name = Device(capacity), "scratchnoise.kernels.cupy_table"
    monkeypatch.setitem(sys.modules, "cupy", cupy_of(device))
    monkeypatch.setitem(sys.modules, name, kernels_of(device))
    if cuda_source:
        del sys.modules[name]
        importlib.import_module(name)
    monkeypatch.setattr(backend_module, "_missing_device", lambda: None)
    return device
