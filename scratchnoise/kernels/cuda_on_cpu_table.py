"""The `cuda_on_cpu` table: the CUDA source, built for the processor by its C++ compiler and loaded with ctypes."""

import ctypes
from functools import cache

import numpy as np

from .cuda import source as cuda_source
from .cuda.build import shared_library
from .cuda.launches import blocks_for
from .cuda.tuned_launches import TunedLaunches

THREADS = 256  # in a block of a kernel that leaves the number open


class Processor:
    """A device whose arrays are NumPy's. source: CUDA C, with `__global__` functions as cuda/source.py wants them."""

    def __init__(self, source):
        self.source, self.kernels = source, cuda_source.kernels_of(source)
        self.library = cache(self._library)

    def empty(self, shape, dtype):
        return np.empty(shape, dtype)

    def zeros(self, shape, dtype):
        return np.zeros(shape, dtype)

    def to_device(self, array):
        return array

    def to_host(self, array):
        return array

    def launch(self, name, threads, **arguments):
        """Run at least so many threads of a kernel."""
        self._run(name, blocks_for(threads, THREADS), THREADS, arguments)

    def launch_blocks(self, name, blocks, **arguments):
        """Run so many blocks of a kernel with barriers."""
        self._run(name, blocks, self.kernels[name].threads, arguments)

    def _run(self, name, blocks, threads, arguments):
        values, real = self.kernels[name].bind(arguments, np.ndarray)
        values = [v.__array_interface__["data"][0] if isinstance(v, np.ndarray) else v.item() for v in values]
        getattr(self.library(real.name), f"launch_{name}")(blocks, threads, *values)

    def _library(self, real):
        """The loaded library for one type, its functions with their argument types."""
        c_real = {"float32": "float", "float64": "double"}[real]
        library = ctypes.CDLL(str(shared_library(self.source, self.kernels.values(), c_real)))
        for kernel in self.kernels.values():
            function = getattr(library, f"launch_{kernel.name}")
            function.argtypes, function.restype = c_types(kernel, real), None
        return library


def c_types(kernel, real):
    """The ctypes of a launch: how many blocks of how many threads, and the kernel's parameters."""
    scalars = [np.ctypeslib.as_ctypes_type(p.dtype or np.dtype(real)) for p in kernel.parameters]
    parameters = [ctypes.c_void_p if p.shape else c for p, c in zip(kernel.parameters, scalars, strict=True)]
    return [ctypes.c_uint, ctypes.c_uint, *parameters]


processor = Processor(cuda_source.read())
_launches = TunedLaunches(processor)


def __getattr__(name):
    """The kernels, by their names in the facade, and what training on a device has beside them."""
    return getattr(_launches, name)
