"""Arrays of a device that is not there: they compute with NumPy, refuse NumPy's own, and count what crosses over.

What is launched can be recorded, and done again, as in a CUDA graph.
"""

import weakref
from collections import Counter
from contextlib import contextmanager

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin


class OutOfMemoryError(MemoryError):
    """CuPy's is a MemoryError too."""


class Device:
    """What happened on the device: crossings by direction; bytes in use, the most there were, the most there can be.

    recorded: None, or the list of what has been launched since a recording began.
    """

    def __init__(self, capacity=2**40):
        self.crossings, self.used, self.peak, self.capacity, self.recorded = Counter(), 0, 0, capacity, None
        self.launches, self.id, self.allocate = Counter(), 0, self.malloc

    def take(self, n_bytes):
        """Count an allocation, or its end; raises OutOfMemoryError beyond the capacity."""
        if n_bytes > 0 and self.used + n_bytes > self.capacity:
            raise OutOfMemoryError(f"Out of memory allocating {n_bytes:,} bytes")
        self.used += n_bytes
        self.peak = max(self.peak, self.used)

    def malloc(self, n_bytes):
        return Memory(n_bytes, self)

    @contextmanager
    def using_allocator(self, allocator):
        """Inside, new arrays take their memory from allocator(n_bytes)."""
        self.allocate, before = allocator, self.allocate
        try:
            yield
        finally:
            self.allocate = before

    def array(self, values):
        """A new array of this device, or a tuple of them."""
        if isinstance(values, tuple):
            return tuple(map(self.array, values))
        return Array(np.asarray(values), self)

    def compute(self, function, *inputs, **options):
        """New arrays: what function(*inputs) gives. Every replay computes them again, in memory that must be held."""
        inputs = tuple(map(unwrapped, inputs))
        results = self.array(function(*inputs, **options))
        targets = [array.values for array in as_tuple(results)]
        memory = [weakref.ref(array.memory) for array in as_tuple(results) if array.memory]

        def replay():
            assert all(held() for held in memory), "a recording writes to memory that others may have by now"
            for target, values in zip(targets, as_tuple(function(*inputs, **options)), strict=True):
                target[...] = values

        self.launched("computed", replay)
        return results

    def change(self, function, *inputs):
        """function changes some of its inputs. A recording only records it."""
        inputs = tuple(map(unwrapped, inputs))

        def run():
            function(*inputs)

        self.launched("changed", run)
        if self.recorded is None:
            run()

    def launched(self, how, replay):
        if self.recorded is None:
            self.launches[how] += 1
        else:
            self.recorded.append(replay)

    def crossing(self, direction, value):
        """`value`, counted as it crosses. RuntimeError during a recording, in which nothing has been computed yet."""
        if self.recorded is not None:
            raise RuntimeError("cudaErrorStreamCaptureUnsupported: operation not permitted when stream is capturing")
        self.crossings[direction] += 1
        return value


class Memory:
    """So many bytes of a Device, until nobody holds them."""

    def __init__(self, n_bytes, device):
        self.bytes, self.device = 0, device
        device.take(n_bytes)
        self.bytes = n_bytes

    def __del__(self):
        self.device.take(-self.bytes)


class Array(NDArrayOperatorsMixin):
    """An array of a Device. Operators, ufuncs and indices take arrays of the same device and Python's numbers."""

    def __init__(self, values, device):
        self.values, self.device = values, device
        self.memory = device.allocate(values.nbytes) if values.base is None else None

    def __array_ufunc__(self, ufunc, method, *inputs, out=(), **options):
        if out:
            self.device.change(lambda target, *rest: ufunc(*rest, out=target), out[0], *inputs)
            return out[0]
        return self.device.compute(getattr(ufunc, method), *inputs, **options)

    def __array__(self, *arguments, **options):
        raise TypeError("Implicit conversion to a NumPy array is not allowed; use .get()")

    def __getitem__(self, index):
        if isinstance(index, Array):
            return self.device.compute(np.take, self, index, axis=0)
        if isinstance(index, tuple) and any(isinstance(part, Array) for part in index):
            return self.device.compute(lambda values, *parts: values[parts], self, *index)
        return self.device.array(self.values[unwrapped(index)])  # a view

    def __setitem__(self, index, value):
        target = self.values
        self.device.change(lambda place, values: target.__setitem__(place, values), index, value)

    def __len__(self):
        return len(self.values)

    @property
    def T(self):
        return self.device.array(self.values.T)

    def reshape(self, *shape):
        return self.device.array(self.values.reshape(*shape))

    def get(self):
        return self.device.crossing("to host", self.values.copy())

    def __float__(self):
        return self.device.crossing("to host", float(self.values))

    def __int__(self):
        return self.device.crossing("to host", int(self.values))

    def __bool__(self):
        return self.device.crossing("to host", bool(self.values))

    def __getattr__(self, name):
        if name in ("shape", "dtype", "size", "ndim", "nbytes", "itemsize", "flags"):
            return getattr(self.values, name)
        if name in ("sum", "all", "max", "min", "argmax", "astype", "copy"):
            return lambda *a, **options: self.device.compute(lambda v: getattr(v, name)(*a, **options), self)
        raise AttributeError(f"arrays of the counted device have no {name}")


def unwrapped(value):
    """The NumPy array inside; TypeError for an array of the host, as CuPy raises it."""
    if isinstance(value, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    return value.values if isinstance(value, Array) else value


def as_tuple(values):
    return values if isinstance(values, tuple) else (values,)
