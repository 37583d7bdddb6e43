"""The few names of CuPy that `cupy_table.py` uses, on the processor: its launches are tried where there is no GPU.

Arrays are NumPy's, of a class of their own: what was not sent to the device is refused, as it would be there. RawModule
builds the very source it is given through `on_cpu.h`, and a launch takes grid, block and arguments as CUDA does: by
position, as the bytes they are. What CUDA would misread is an AssertionError here.
"""

from types import ModuleType, SimpleNamespace

import numpy as np

from scratchnoise.kernels.cuda import source as cuda_source
from scratchnoise.kernels.cuda_on_cpu_table import Processor


class ndarray(np.ndarray):
    """An array on the only device, number 0."""

    device = SimpleNamespace(id=0)

    def get(self):
        return np.array(self)


class RawModule:
    """The kernels of a CUDA source for one type."""

    def __init__(self, code, options):
        self.processor, self.kernels = Processor(code), cuda_source.kernels_of(code)
        (self.real,) = (option.removeprefix("-Dreal=") for option in options if option.startswith("-Dreal="))

    def get_function(self, name):
        return RawKernel(self, self.kernels[name])


class RawKernel:
    """One of them: called with a grid, a block and a tuple of arguments."""

    def __init__(self, module, kernel):
        self.module, self.kernel = module, kernel

    def __call__(self, grid, block, arguments):
        (blocks,), (threads,) = grid, block
        assert blocks > 0 and threads == (self.kernel.threads or threads) and threads % 32 == 0
        assert len(arguments) == len(self.kernel.parameters), "a kernel takes what lies behind the arguments for more"
        real = {"float": np.float32, "double": np.float64}[self.module.real]
        for parameter, value in zip(self.kernel.parameters, arguments, strict=True):
            assert isinstance(value, ndarray if parameter.shape else np.generic), f"{parameter.name}: {type(value)}"
            assert value.dtype == (parameter.dtype or real), f"{parameter.name}: {value.dtype}"
        library = self.module.processor.library(np.dtype(real).name)
        values = [value.ctypes.data if isinstance(value, ndarray) else value.item() for value in arguments]
        getattr(library, f"launch_{self.kernel.name}")(blocks, threads, *values)


class Stream:
    """The current stream; `capturing` says whether a CUDA graph is recorded."""

    capturing = False

    def is_capturing(self):
        return self.capturing


def make_cupy():
    """A module that can stand for cupy."""
    cupy, stream = ModuleType("cupy"), Stream()
    cupy.ndarray, cupy.RawModule = ndarray, RawModule
    cupy.empty = lambda shape, dtype: np.empty(shape, dtype).view(ndarray)
    cupy.zeros = lambda shape, dtype: np.zeros(shape, dtype).view(ndarray)
    cupy.asarray = lambda array: np.asarray(array).view(ndarray)
    cupy.asnumpy = np.asarray

    def matmul(a, b):
        assert isinstance(a, ndarray) and isinstance(b, ndarray)
        assert not stream.capturing, "CuPy refuses cuBLAS while a CUDA graph is recorded"
        return np.matmul(a, b)

    cupy.matmul = matmul
    device = SimpleNamespace(id=0)
    cupy.cuda = SimpleNamespace(Device=lambda: device, get_current_stream=lambda: stream)
    return cupy
