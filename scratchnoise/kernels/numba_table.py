"""The `numba` table: the loops and the vectors, compiled by numba.

Compilation happens on first use, per dtype, and is cached on disk. fastmath stays off.
"""

import hashlib
import inspect
import os
import sys
import types

import numba
import numpy as np
from numba.extending import register_jitable

from . import loops_table as loops
from .loops import images, layers, losses
from .loops import softmax_regression as loops_regression
from .vectors import (
    convolution,
    emit,
    frames,
    intrinsics,
    linear,
    pooled_convolution,
    softmax_regression,
    target,
    tiles,
)

# Between two parallel kernels the idle threads of GNU OpenMP should wait for some ten microseconds, so that the next
# one finds them awake, not for the milliseconds of its default, in which they take the cores from everybody else.
# It reads this when numba starts its threads, at the first parallel kernel.
os.environ.setdefault("GOMP_SPINCOUNT", "50000")

# compiled code may call these; to everybody else they stay the plain functions they are
for helper in (
    losses.largest_logit,
    losses.total_of_exponentials,
    losses.joint_logits,
    losses.forward_loss,
    losses.log_entries,
    layers.splitmix64,
    images.pool_image,
):
    register_jitable(helper)
for module in (frames, convolution, pooled_convolution, linear, softmax_regression):
    for helper in module.HELPERS:
        register_jitable(helper)

# what the compiled code is made of
SOURCES = (
    losses,
    layers,
    images,
    loops_regression,
    convolution,
    pooled_convolution,
    linear,
    softmax_regression,
    frames,
    tiles,
    intrinsics,
    emit,
    target,
    sys.modules[__name__],
)


def fingerprint():
    """Twelve digits that change with the sources and with the shape of a tile.

    numba's cache looks at the file of the function that it compiles, not at those of the functions called in there.
    """
    text = "".join(inspect.getsource(module) for module in SOURCES) + repr(target.chosen_shape())
    return hashlib.sha256(text.encode()).hexdigest()[:12]


FINGERPRINT = fingerprint()


def compiled(function, parallel=False):
    """The function compiled on first use and kept on disk; `parallel` spreads its prange loops over the threads."""
    names = {**function.__globals__, "prange": numba.prange}
    in_parallel = types.FunctionType(function.__code__, names, function.__name__)
    in_parallel.__qualname__ = f"{function.__name__}_{FINGERPRINT}"  # the cache's files are named after it
    return numba.njit(cache=True, error_model="numpy", parallel=parallel)(in_parallel)


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
linear_sgd_epoch = compiled(softmax_regression.linear_sgd_epoch, parallel=True)
flip_rate_update = compiled(loops.flip_rate_update)
_dropout = compiled(loops.dropout_forward)
_images = compiled(convolution.conv2d_images, parallel=True)
_product = compiled(linear.product, parallel=True)
conv2d_backward_weights = compiled(convolution.conv2d_backward_weights, parallel=True)
_pooled_images = compiled(pooled_convolution.forward_images, parallel=True)
_pooled_gradient = compiled(pooled_convolution.input_gradient_images, parallel=True)
conv2d_relu_maxpool2d_backward_weights = compiled(pooled_convolution.backward_weights, parallel=True)


def dropout_forward(x, rate, seed, step):
    # numba mixes signed and unsigned integers into floats: the hash must start unsigned
    with np.errstate(over="ignore"):  # nor does it wrap with a warning when it runs uncompiled
        return _dropout(x, rate, np.uint64(seed), np.uint64(step))


dropout_backward = dropout_forward


def conv2d_forward(x, w, b, stride, pad):
    return convolution.conv2d_forward(x, w, b, stride, pad, _images)


def conv2d_backward(dy, x, w, stride, pad):
    dx = convolution.conv2d_input_gradient(dy, w, x.shape, stride, pad, _images)
    return dx, *conv2d_backward_weights(dy, x, w.shape[0], w.shape[1], stride, pad)


def conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size):
    return pooled_convolution.forward(x, w, b, stride, pad, size, _pooled_images)


def conv2d_relu_maxpool2d_backward(dy, y, argmax, x, w, stride, pad, size):
    dx = pooled_convolution.input_gradient(dy, y, argmax, w, x.shape, stride, pad, _pooled_gradient)
    return dx, *conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, w.shape[0], w.shape[1], stride, pad, size)


def linear_forward(x, w, b):
    return linear.linear_forward(x, w, b, _product)


def linear_backward(dy, x, w):
    return linear.linear_input_gradient(dy, w, _product), *linear_backward_weights(dy, x)


def linear_backward_weights(dy, x):
    return linear.linear_backward_weights(dy, x, _product)
