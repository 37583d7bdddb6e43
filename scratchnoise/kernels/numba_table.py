"""The `numba` table: the loops and the vectors, compiled by numba.

Compilation happens on first use, per dtype, and is cached on disk. fastmath stays off.
"""

import types

import numba
import numpy as np
from numba.extending import register_jitable

from . import loops_table as loops
from .loops import images, layers, losses
from .numba_cache import keep_on_disk
from .threads import Threaded
from .vectors import (
    convolution,
    frames,
    intrinsics,  # noqa: F401  tells numba what the functions on tiles are, compiled
    linear,
    pooled_convolution,
    softmax_regression,
)

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
    register_jitable(no_cpython_wrapper=True, no_cfunc_wrapper=True)(helper)
for module in (frames, convolution, pooled_convolution, linear, softmax_regression):
    for helper in module.HELPERS:
        register_jitable(no_cpython_wrapper=True, no_cfunc_wrapper=True)(helper)


def compiled(function, work=None):
    """The function compiled on first use and kept on disk.

    work: given for a function with `prange` loops, which then may share the threads; see `threads.Threaded`.
    """
    if work is None:
        return _compiled(function, function.__name__)
    alone = f"{function.__name__}_alone"  # numba's cache tells functions apart by their names, not by their options
    return Threaded(_compiled(function, function.__name__, parallel=True), _compiled(function, alone), work)


# numba would make parallel loops of array operations too, which are small here: only `prange` may use the threads
ONLY_PRANGE = {
    "prange": True,
    "comprehension": False,
    "fusion": False,
    "inplace_binop": False,
    "numpy": False,
    "reduction": False,
    "setitem": False,
    "stencil": False,
}


def _compiled(function, name, parallel=False):
    names = {**function.__globals__, "prange": numba.prange}
    renamed = types.FunctionType(function.__code__, names, name)
    renamed.__qualname__ = name
    dispatcher = numba.njit(error_model="numpy", parallel=ONLY_PRANGE if parallel else False)(renamed)
    if dispatcher is not renamed:  # NUMBA_DISABLE_JIT leaves it as it is
        keep_on_disk(dispatcher)
    return dispatcher


def entries(x, *others):
    """The work of a kernel that passes once over its arrays."""
    return x.size


def products(count):
    """The work of so many multiply-adds: below 16 million a second thread was measured to gain nothing."""
    return count // 16


log_softmax = compiled(loops.log_softmax)
softmax = compiled(loops.softmax)
signed_cross_entropy = compiled(loops.signed_cross_entropy)
signed_cross_entropy_grad = compiled(loops.signed_cross_entropy_grad)
forward_cross_entropy = compiled(loops.forward_cross_entropy)
forward_cross_entropy_grad = compiled(loops.forward_cross_entropy_grad)
maxpool2d_forward = compiled(loops.maxpool2d_forward, work=entries)
maxpool2d_backward = compiled(loops.maxpool2d_backward, work=entries)
avgpool2d_forward = compiled(loops.avgpool2d_forward, work=entries)
avgpool2d_backward = compiled(loops.avgpool2d_backward, work=entries)
batchnorm_forward = compiled(loops.batchnorm_forward)
batchnorm_backward = compiled(loops.batchnorm_backward)
relu_forward = compiled(loops.relu_forward, work=entries)
relu_backward = compiled(loops.relu_backward, work=entries)
sgd_momentum = compiled(loops.sgd_momentum, work=entries)
adam = compiled(loops.adam, work=entries)
linear_sgd_epoch = compiled(
    softmax_regression.linear_sgd_epoch,
    # the threads share one batch after the other and are woken once: a 64th of the work suffices
    work=lambda w, b, x, y, T, weight, order, batch_size, *_: 64 * products(2 * w.size * min(batch_size, order.size)),
)
linear_loss_grad = compiled(
    softmax_regression.linear_loss_grad,
    # exponentials and sums take longer than the products where a sample is small
    work=lambda w, b, x, *_: 16 * products(2 * w.shape[1] * x.size),
)
flip_rate_update = compiled(loops.flip_rate_update)
_dropout = compiled(loops.dropout_forward)
_images = compiled(convolution.conv2d_images, work=lambda x, w, b, y, *_: products(y.size * w.size // w.shape[3]))
_product = compiled(linear.product, work=lambda a, a_steps, b, b_steps, K, bias, y: products(y.size * K))
conv2d_backward_weights = compiled(
    convolution.conv2d_backward_weights, work=lambda dy, x, R, S, *_: products(dy.size * R * S * x.shape[3])
)
_pooled_images = compiled(
    pooled_convolution.forward_images,
    work=lambda x, w, b, Ho, Wo, *_: products(len(x) * Ho * Wo * w.size),
)
_pooled_gradient = compiled(
    pooled_convolution.input_gradient_images,
    work=lambda dy, y, argmax, turned, *_: products(dy.size * turned.size // dy.shape[3]),
)
conv2d_relu_maxpool2d_backward_weights = compiled(
    pooled_convolution.backward_weights, work=lambda dy, y, argmax, x, R, S, *_: products(dy.size * R * S * x.shape[3])
)


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
