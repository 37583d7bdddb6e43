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

softmax = _launches.softmax
log_softmax = _launches.log_softmax
signed_cross_entropy = _launches.signed_cross_entropy
signed_cross_entropy_grad = _launches.signed_cross_entropy_grad
forward_cross_entropy = _launches.forward_cross_entropy
forward_cross_entropy_grad = _launches.forward_cross_entropy_grad
linear_forward = _launches.linear_forward
linear_backward = _launches.linear_backward
linear_backward_weights = _launches.linear_backward_weights
conv2d_forward = _launches.conv2d_forward
conv2d_backward = _launches.conv2d_backward
conv2d_backward_weights = _launches.conv2d_backward_weights
maxpool2d_forward = _launches.maxpool2d_forward
maxpool2d_backward = _launches.maxpool2d_backward
avgpool2d_forward = _launches.avgpool2d_forward
avgpool2d_backward = _launches.avgpool2d_backward
batchnorm_forward = _launches.batchnorm_forward
batchnorm_backward = _launches.batchnorm_backward
relu_forward = _launches.relu_forward
relu_backward = _launches.relu_backward
conv2d_relu_maxpool2d_forward = _launches.conv2d_relu_maxpool2d_forward
conv2d_relu_maxpool2d_backward = _launches.conv2d_relu_maxpool2d_backward
conv2d_relu_maxpool2d_backward_weights = _launches.conv2d_relu_maxpool2d_backward_weights
dropout_forward = _launches.dropout_forward
dropout_backward = _launches.dropout_backward
sgd_momentum = _launches.sgd_momentum
adam = _launches.adam
linear_sgd_epoch = _launches.linear_sgd_epoch
linear_loss_grad = _launches.linear_loss_grad
flip_rate_update = _launches.flip_rate_update

# Beside the facade, for training on a device:
dropout_at = _launches.dropout_at
sgd_momentum_in_place = _launches.sgd_momentum_in_place
adam_in_place = _launches.adam_in_place
