"""The `cupy` table: the CUDA source on a GPU, compiled by CuPy; products of matrices are CuPy's, which are cuBLAS's."""

from functools import cache

import cupy

from .cuda import source as cuda_source
from .cuda.launches import blocks_for
from .cuda.tuned_launches import TunedLaunches

THREADS = 256  # in a block of a kernel that leaves the number open
MOST_BLOCKS = 4096  # of such a kernel; enough to fill any GPU, and a thread then takes several numbers


class GPU:
    """The device that is current in CuPy. source: CUDA C, with kernels as cuda/source.py wants them."""

    def __init__(self, source):
        self.source, self.kernels = source, cuda_source.kernels_of(source)
        self.function = cache(self._function)
        self.module = cache(self._module)

    def empty(self, shape, dtype):
        return cupy.empty(shape, dtype)

    def zeros(self, shape, dtype):
        return cupy.zeros(shape, dtype)

    def to_device(self, array):
        return cupy.asarray(array)

    def to_host(self, array):
        return cupy.asnumpy(array)

    def launch(self, name, threads, **arguments):
        """Run at least so many threads of a kernel, or as many as fill the GPU."""
        self._run(name, min(blocks_for(threads, THREADS), MOST_BLOCKS), THREADS, arguments)

    def launch_blocks(self, name, blocks, **arguments):
        """Run so many blocks of a kernel with barriers."""
        self._run(name, blocks, self.kernels[name].threads, arguments)

    def _run(self, name, blocks, threads, arguments):
        values, real = self.kernels[name].bind(arguments, cupy.ndarray)
        here = cupy.cuda.Device().id
        for key, value in arguments.items():
            if isinstance(value, cupy.ndarray) and value.device.id != here:
                raise ValueError(f"{key} of {name} is on GPU {value.device.id}, but GPU {here} is current; use one GPU")
        if blocks:  # CUDA refuses a grid without any
            self.function(name, real.name)((blocks,), (threads,), tuple(values))

    def _function(self, name, real):
        return self.module(real).get_function(name)

    def _module(self, real):
        """The source compiled for one type; CuPy keeps the result in its own cache folder."""
        c_real = {"float32": "float", "float64": "double"}[real]
        return cupy.RawModule(code=self.source, options=("-std=c++17", f"-Dreal={c_real}"))


class GPULaunches(TunedLaunches):
    """Linear layers are CuPy's products, except while a CUDA graph is recorded: CuPy refuses that."""

    def linear_forward(self, x, w, b):
        return super().linear_forward(x, w, b) if recording() else cupy.matmul(x, w) + b

    def linear_backward(self, dy, x, w):
        if recording():
            return super().linear_backward(dy, x, w)
        return cupy.matmul(dy, w.T), *self.linear_backward_weights(dy, x)

    def linear_backward_weights(self, dy, x):
        return super().linear_backward_weights(dy, x) if recording() else (cupy.matmul(x.T, dy), dy.sum(axis=0))


def recording():
    """Whether launches are recorded for a CUDA graph and not run."""
    return cupy.cuda.get_current_stream().is_capturing()


_launches = GPULaunches(GPU(cuda_source.read()))

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
