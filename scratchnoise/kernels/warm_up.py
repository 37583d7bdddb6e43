"""Compiling what a run needs before it begins, so that no measured time has compilation in it.

`python -m scratchnoise.kernels.warm_up NAME ...` compiles these kernels and leaves them on disk.
"""

import os
import subprocess
import sys
from contextlib import contextmanager

import numpy as np

from .. import kernels
from ..processes import processors, quota

LINEAR_BY_SGD = ("softmax", "linear_forward", "linear_sgd_epoch", "flip_rate_update")
LINEAR = (*LINEAR_BY_SGD, "linear_loss_grad")  # what the linear models run
NETWORKS = (  # and the networks
    *("log_softmax", "signed_cross_entropy", "signed_cross_entropy_grad", "forward_cross_entropy"),
    *("forward_cross_entropy_grad", "softmax", "linear_forward", "linear_backward", "conv2d_forward"),
    *("conv2d_backward", "conv2d_relu_maxpool2d_forward", "conv2d_relu_maxpool2d_backward", "relu_forward"),
    *("relu_backward", "dropout_forward", "sgd_momentum"),
)


def warm_up(names, dtype=np.float32):
    """Call these kernels on tiny arrays, so that numba compiles or loads them.

    A generator of the share that is done, for a progress bar. dtype: the one that will be used.
    """
    calls = tiny_calls(dtype)
    for done, name in enumerate(names, start=1):
        for arguments in calls[name]:
            getattr(kernels, name)(*arguments)
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

    numba compiles on one processor. What the other process has left on disk is loaded here instead. names: as in
    `warm_up`. Where there is one processor only, nothing is started.
    """
    if min(processors(), quota()) < 2:
        yield
        return
    command = [sys.executable, "-m", __name__, *reversed(names)]
    quiet = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    with subprocess.Popen(command, **quiet, env=os.environ | {"SCRATCHNOISE_BACKEND": "numba"}) as other:
        try:
            yield
        finally:
            other.kill()


if __name__ == "__main__":
    list(warm_up(sys.argv[1:]))
