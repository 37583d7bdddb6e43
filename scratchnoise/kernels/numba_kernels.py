"""The loop kernels, compiled by numba; convolution and linear layers through the BLAS product of NumPy.

Compilation happens on first use, per dtype, and is cached on disk. fastmath stays off, except that the sum of
an inner product may be reordered and contracted: without that it cannot use vector instructions.
`parallel` only where a kernel passes once over a whole batch of images or all parameters.
"""

import os

import numba
import numpy as np
from numba.extending import register_jitable

from . import loop_image_kernels as images
from . import loop_kernels as loops
from .numba_convolution import (  # noqa: F401  the table is one namespace
    conv2d_backward,
    conv2d_backward_weights,
    conv2d_forward,
)
from .numpy_kernels import linear_backward, linear_backward_weights, linear_forward  # noqa: F401

# idle threads of GNU OpenMP spin for milliseconds by default, on the cores that the BLAS threads want next;
# it reads this when numba starts its threads, at the first parallel kernel
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# compiled code may call these; to everybody else they stay the plain functions they are
register_jitable(loops.log_sum_exp)
register_jitable(loops.log_entries)
register_jitable(loops.add_scaled)
register_jitable(fastmath={"reassoc", "contract"})(loops.inner_product)
register_jitable(images.splitmix64)


def compiled(function, parallel=False):
    return numba.njit(cache=True, error_model="numpy", parallel=parallel)(function)


log_softmax = compiled(loops.log_softmax)
softmax = compiled(loops.softmax)
signed_cross_entropy = compiled(loops.signed_cross_entropy)
signed_cross_entropy_grad = compiled(loops.signed_cross_entropy_grad)
forward_cross_entropy = compiled(loops.forward_cross_entropy)
forward_cross_entropy_grad = compiled(loops.forward_cross_entropy_grad)
maxpool2d_forward = compiled(loops.maxpool2d_forward, parallel=True)
maxpool2d_backward = compiled(loops.maxpool2d_backward, parallel=True)
relu_forward = compiled(loops.relu_forward, parallel=True)
relu_backward = compiled(loops.relu_backward, parallel=True)
sgd_momentum = compiled(loops.sgd_momentum, parallel=True)
linear_sgd_epoch = compiled(loops.linear_sgd_epoch)
flip_rate_update = compiled(loops.flip_rate_update)
_dropout = compiled(loops.dropout_forward)


def dropout_forward(x, rate, seed, step):
    # numba mixes signed and unsigned integers into floats: the hash must start unsigned
    return _dropout(x, rate, np.uint64(seed), np.uint64(step))


dropout_backward = dropout_forward
