"""Compiling what a run needs: before it begins, so that no measured time has compilation in it, and by two processes.

`python -m scratchnoise.kernels.warm_up NAME ...` compiles these kernels and leaves them on disk. A name alone stands
for float32, "NAME:float64" for the other dtype.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from multiprocessing import parent_process

import numpy as np

from .. import kernels
from ..backend import current
from ..processes import processors, quota

LINEAR_BY_SGD = ("softmax", "linear_forward", "linear_sgd_epoch", "flip_rate_update")
LINEAR = (*LINEAR_BY_SGD, "linear_loss_grad")  # what the linear models run
LINEAR_IN_DOUBLE = tuple(f"{name}:float64" for name in LINEAR if name != "linear_sgd_epoch")  # by L-BFGS
NETWORKS = (  # and the networks
    *("log_softmax", "signed_cross_entropy", "signed_cross_entropy_grad", "forward_cross_entropy"),
    *("forward_cross_entropy_grad", "softmax", "linear_forward", "linear_backward", "conv2d_forward"),
    *("conv2d_backward", "conv2d_relu_maxpool2d_forward", "conv2d_relu_maxpool2d_backward", "relu_forward"),
    *("relu_backward", "dropout_forward", "sgd_momentum"),
)


def warm_up(names):
    """Call these kernels on tiny arrays, so that numba compiles or loads them.

    names: of kernels, see above. A generator of the share that is done, for a progress bar.
    """
    for done, name in enumerate(names, start=1):
        kernel, _, dtype = name.partition(":")
        for arguments in tiny_calls(dtype or np.float32)[kernel]:
            getattr(kernels, kernel)(*arguments)
        yield done / len(names)


def tiny_calls(dtype):
    """For each kernel its calls, as small as they can be: one for each rank of arrays that it meets."""
    x, w, b = np.ones((2, 4, 4, 1), dtype), np.ones((3, 3, 1, 2), dtype), np.zeros(2, dtype)
    z, T, y = np.zeros((2, 3), dtype), np.full((3, 3), 1 / 3, dtype), np.array([0, 2])
    ones, order, image = np.ones(2, dtype), np.arange(2), np.ones((2, 2, 2, 2), dtype)
    argmax, pooled = np.zeros((2, 1, 1, 2), np.int32), np.ones((2, 1, 1, 2), dtype)
    losses = {
        **dict.fromkeys(("softmax", "log_softmax"), [(z,)]),
        **dict.fromkeys(("signed_cross_entropy", "signed_cross_entropy_grad"), [(z, z)]),
        **dict.fromkeys(("forward_cross_entropy", "forward_cross_entropy_grad"), [(z, y, T)]),
    }
    layers = {
        "linear_forward": [(z, T, z[0])],
        "linear_backward": [(z, z, T)],
        "linear_backward_weights": [(z, z)],
        "conv2d_forward": [(x, w, b)],
        "conv2d_backward": [(image, x, w)],
        "conv2d_backward_weights": [(image, x, 3, 3)],
        "maxpool2d_forward": [(image, 2)],
        "maxpool2d_backward": [(pooled, argmax, image.shape)],
        "avgpool2d_forward": [(image, 2)],
        "avgpool2d_backward": [(pooled, image.shape, 2)],
        "conv2d_relu_maxpool2d_forward": [(x, w, b, 1, 0, 2)],
        "conv2d_relu_maxpool2d_backward": [(pooled, pooled, argmax, x, w, 1, 0, 2)],
        "conv2d_relu_maxpool2d_backward_weights": [(pooled, pooled, argmax, x, 3, 3, 1, 0, 2)],
        "batchnorm_forward": [(z, z[0], z[0], 1e-5)],
        "batchnorm_backward": [(z, z, z[0], z[0], z[0], 1e-5)],
        "relu_forward": [(z,), (image,)],
        "relu_backward": [(z, z), (image, image)],
        **dict.fromkeys(("dropout_forward", "dropout_backward"), [(z, 0.5, 1, 1)]),
    }
    updates = {
        "sgd_momentum": [(v, v, v, 0.1, 0.9, 0.0) for v in (b, z, image)],
        "adam": [(v, v, v, v, 0.1, 0.9, 0.99, 1e-8, 0.0) for v in (b, z, image)],
        "linear_sgd_epoch": [(T, z[0], z, y, T, ones, order, 2, 0.1, 0.0)],
        "linear_loss_grad": [(T, z[0], z, y, T, ones)],
        "flip_rate_update": [(T, z + 1, y, ones)],
    }
    return losses | layers | updates


@contextmanager
def second_compiler(names):
    """While the block compiles kernels from the first to the last, another process does so from the last to the first.

    numba compiles on one processor. What the other process has left on disk is loaded here instead. It is started when
    the block has to compile its first kernel, and ended with the block. names: as in `warm_up`. Nothing is started
    where numba does not run, or one processor only is there, nor by a process that is one of many workers, nor by a
    frozen program, whose executable is no Python.
    """
    alone = min(processors(), quota()) < 2 or parent_process() is not None or getattr(sys, "frozen", False)
    if current() != "numba" or alone:
        yield
        return
    from .numba_cache import at_first_compilation

    started = []
    command = [sys.executable, "-m", __name__, *reversed(names)]
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    environment = os.environ | {"SCRATCHNOISE_BACKEND": "numba"}
    with at_first_compilation(lambda: started.append(subprocess.Popen(command, **quiet, env=environment))):
        try:
            yield
        finally:
            for process in started:
                process.kill()
                process.wait()


if __name__ == "__main__":
    list(warm_up(sys.argv[1:]))
