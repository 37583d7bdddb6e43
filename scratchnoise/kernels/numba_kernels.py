"""The loop kernels, compiled by numba; convolution and matrix products with vectors.

Compilation happens on first use, per dtype, and is cached on disk. fastmath stays off.
`parallel` only where a kernel passes once over a whole batch of images or all parameters.
"""

import os

import numba
import numpy as np
from numba.extending import overload, register_jitable

from . import loop_kernels as loops
from . import simd_conv_pool, simd_convolution, simd_frames, simd_linear, simd_tiles

# Between two parallel kernels the idle threads of GNU OpenMP should wait for some ten microseconds, so that the next
# one finds them awake, not for the milliseconds of its default, in which they take the cores from everybody else.
# It reads this when numba starts its threads, at the first parallel kernel.
os.environ.setdefault("GOMP_SPINCOUNT", "50000")

# compiled code may call these; to everybody else they stay the plain functions they are
register_jitable(loops.log_sum_exp)
register_jitable(loops.log_entries)
register_jitable(loops.loss_and_gradient)
overload(loops.logits_of)(lambda batch, x, w, b, z: simd_linear.logits_of)
overload(loops.add_products)(lambda dz, batch, x, dw: simd_linear.add_products)
register_jitable(loops.splitmix64)
register_jitable(loops.pool_image)
for module in (simd_tiles, simd_frames, simd_convolution, simd_conv_pool, simd_linear):
    for helper in module.HELPERS:
        register_jitable(helper)


def compiled(function, parallel=False):
    """The function compiled on first use and kept on disk; `parallel` spreads its prange loops over the threads."""
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
linear_sgd_epoch = compiled(loops.linear_sgd_epoch, parallel=True)
flip_rate_update = compiled(loops.flip_rate_update)
_dropout = compiled(loops.dropout_forward)
_images = compiled(simd_convolution.conv2d_images, parallel=True)
_product = compiled(simd_linear.product, parallel=True)
conv2d_backward_weights = compiled(simd_convolution.conv2d_backward_weights, parallel=True)
_pooled_images = compiled(simd_conv_pool.forward_images, parallel=True)
_pooled_gradient = compiled(simd_conv_pool.input_gradient_images, parallel=True)
conv2d_relu_maxpool2d_backward_weights = compiled(simd_conv_pool.backward_weights, parallel=True)


def dropout_forward(x, rate, seed, step):
    # numba mixes signed and unsigned integers into floats: the hash must start unsigned
    with np.errstate(over="ignore"):  # nor does it wrap with a warning when it runs uncompiled
        return _dropout(x, rate, np.uint64(seed), np.uint64(step))


dropout_backward = dropout_forward


def conv2d_forward(x, w, b, stride, pad):
    return simd_convolution.conv2d_forward(x, w, b, stride, pad, _images)


def conv2d_backward(dy, x, w, stride, pad):
    dx = simd_convolution.conv2d_input_gradient(dy, w, x.shape, stride, pad, _images)
    return dx, *conv2d_backward_weights(dy, x, w.shape[0], w.shape[1], stride, pad)


def conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size):
    return simd_conv_pool.forward(x, w, b, stride, pad, size, _pooled_images)


def conv2d_relu_maxpool2d_backward(dy, y, argmax, x, w, stride, pad, size):
    dx = simd_conv_pool.input_gradient(dy, y, argmax, w, x.shape, stride, pad, _pooled_gradient)
    return dx, *conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, w.shape[0], w.shape[1], stride, pad, size)


def linear_forward(x, w, b):
    return simd_linear.linear_forward(x, w, b, _product)


def linear_backward(dy, x, w):
    return simd_linear.linear_input_gradient(dy, w, _product), *linear_backward_weights(dy, x)


def linear_backward_weights(dy, x):
    return simd_linear.linear_backward_weights(dy, x, _product)
