"""The `c` table: hand-written C, built on first use by the system's compiler.

Shapes are those of the facade. Arrays are C-contiguous and of one float type, indices in range: the facade sees to it.
"""

import numpy as np

from .c.library import Library, read
from .loops.images import out_size

kernels = Library(read())


# --- softmax, losses, flip rates -------------------------------------------------------------------------


def softmax(z):
    p = np.empty_like(z)
    kernels.run("softmax", z, p, *z.shape)
    return p


def log_softmax(z):
    log_p = np.empty_like(z)
    kernels.run("log_softmax", z, log_p, *z.shape)
    return log_p


def signed_cross_entropy(z, a):
    loss = np.empty(len(z), z.dtype)
    kernels.run("signed_cross_entropy", z, a, loss, *z.shape)
    return loss


def signed_cross_entropy_grad(z, a):
    dz = np.empty_like(z)
    kernels.run("signed_cross_entropy_grad", z, a, dz, *z.shape)
    return dz


def forward_cross_entropy(z, y, T):
    loss = np.empty(len(z), z.dtype)
    kernels.run("forward_cross_entropy", z, y, T, loss, *z.shape)
    return loss


def forward_cross_entropy_grad(z, y, T):
    dz = np.empty_like(z)
    kernels.run("forward_cross_entropy_grad", z, y, T, dz, *z.shape)
    return dz


def flip_rate_update(gamma, p, y, sample_weight):
    updated = np.empty_like(gamma)
    kernels.run("flip_rate_update", gamma, p, y, sample_weight, updated, *p.shape)
    return updated


def linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
    new_w, new_b, loss = np.empty_like(w), np.empty_like(b), np.empty(1)
    arrays = (w, b, x, y, T, sample_weight, order, new_w, new_b, loss)
    kernels.run("linear_sgd_epoch", *arrays, *w.shape, order.size, batch_size, float(learning_rate), float(l2))
    return new_w, new_b, float(loss[0])


def linear_loss_grad(w, b, x, y, T, sample_weight):
    loss, dw, db = np.empty(1), np.empty_like(w), np.empty_like(b)
    kernels.run("linear_loss_grad", w, b, x, y, T, sample_weight, loss, dw, db, *w.shape, len(x))
    return float(loss[0]), dw, db


# --- linear layer ----------------------------------------------------------------------------------------


def linear_forward(x, w, b):
    y = np.empty((x.shape[0], w.shape[1]), x.dtype)
    kernels.run("linear_forward", x, w, b, y, *x.shape, w.shape[1])
    return y


def linear_backward(dy, x, w):
    dx = np.empty_like(x)
    kernels.run("linear_input_gradient", dy, w, dx, *x.shape, w.shape[1])
    return dx, *linear_backward_weights(dy, x)


def linear_backward_weights(dy, x):
    dw, db = np.empty((x.shape[1], dy.shape[1]), x.dtype), np.empty(dy.shape[1], x.dtype)
    kernels.run("linear_weight_gradient", dy, x, dw, db, *x.shape, dy.shape[1])
    return dw, db


# --- convolution, alone and with ReLU and pooling --------------------------------------------------------


def conv2d_forward(x, w, b, stride, pad):
    R, S, _, F = w.shape
    y = np.empty((len(x), *_windows(x, R, S, stride, pad), F), x.dtype)
    kernels.run("conv2d_forward", x, w, b, y, *x.shape, R, S, F, stride, pad)
    return y


def conv2d_backward(dy, x, w, stride, pad):
    R, S, _, F = w.shape
    dx = np.empty_like(x)
    kernels.run("conv2d_input_gradient", dy, w, dx, *x.shape, R, S, F, stride, pad)
    return dx, *conv2d_backward_weights(dy, x, R, S, stride, pad)


def conv2d_backward_weights(dy, x, R, S, stride, pad):
    K, F = x.shape[3], dy.shape[3]
    dw, db = np.empty((R, S, K, F), x.dtype), np.empty(F, x.dtype)
    kernels.run("conv2d_weight_gradient", dy, x, dw, db, *x.shape, R, S, F, stride, pad)
    return dw, db


def conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size):
    R, S, _, F = w.shape
    Ho, Wo = _windows(x, R, S, stride, pad)
    y = np.empty((len(x), Ho // size, Wo // size, F), x.dtype)
    argmax = np.empty(y.shape, np.int32)
    kernels.run("conv2d_relu_maxpool2d_forward", x, w, b, y, argmax, *x.shape, R, S, F, stride, pad, size)
    return y, argmax


def conv2d_relu_maxpool2d_backward(dy, y, argmax, x, w, stride, pad, size):
    R, S, _, F = w.shape
    dx = np.empty_like(x)
    lengths = (*x.shape, R, S, F, stride, pad, size)
    kernels.run("conv2d_relu_maxpool2d_input_gradient", dy, y, argmax, w, dx, *lengths)
    return dx, *conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, R, S, stride, pad, size)


def conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, R, S, stride, pad, size):
    K, F = x.shape[3], dy.shape[3]
    dw, db = np.empty((R, S, K, F), x.dtype), np.empty(F, x.dtype)
    lengths = (*x.shape, R, S, F, stride, pad, size)
    kernels.run("conv2d_relu_maxpool2d_weight_gradient", dy, y, argmax, x, dw, db, *lengths)
    return dw, db


def _windows(x, R, S, stride, pad):
    """Ho, Wo."""
    return out_size(x.shape[1], R, stride, pad), out_size(x.shape[2], S, stride, pad)


# --- other layers, updates -------------------------------------------------------------------------------


def maxpool2d_forward(x, size):
    N, H, W, K = x.shape
    y = np.empty((N, H // size, W // size, K), x.dtype)
    argmax = np.empty(y.shape, np.int32)
    kernels.run("maxpool2d_forward", x, y, argmax, *x.shape, size)
    return y, argmax


def maxpool2d_backward(dy, argmax, x_shape):
    N, Ho, Wo, K = dy.shape
    dx = np.empty(x_shape, dy.dtype)
    kernels.run("maxpool2d_backward", dy, argmax, dx, N, Ho * Wo, K, x_shape[1] * x_shape[2])
    return dx


def avgpool2d_forward(x, size):
    N, H, W, K = x.shape
    y = np.empty((N, H // size, W // size, K), x.dtype)
    kernels.run("avgpool2d_forward", x, y, *x.shape, size)
    return y


def avgpool2d_backward(dy, x_shape, size):
    dx = np.zeros(x_shape, dy.dtype)
    kernels.run("avgpool2d_backward", dy, dx, *x_shape, size)
    return dx


def batchnorm_forward(x, scale, shift, epsilon):
    y, mean, variance = np.empty_like(x), np.empty_like(scale), np.empty_like(scale)
    kernels.run("batchnorm_forward", x, scale, shift, y, mean, variance, *x.shape, epsilon)
    return y, mean, variance


def batchnorm_backward(dy, x, mean, variance, scale, epsilon):
    dx, dscale, dshift = np.empty_like(x), np.empty_like(scale), np.empty_like(scale)
    kernels.run("batchnorm_backward", dy, x, mean, variance, scale, dx, dscale, dshift, *x.shape, epsilon)
    return dx, dscale, dshift


def relu_forward(x):
    y = np.empty_like(x)
    kernels.run("relu_forward", x, y, x.size)
    return y


def relu_backward(dy, x):
    dx = np.empty_like(dy)
    kernels.run("relu_backward", dy, x, dx, x.size)
    return dx


def dropout_forward(x, rate, seed, step):
    y = np.empty_like(x)
    kernels.run("dropout_forward", x, y, x.size, float(rate), seed, step)
    return y


dropout_backward = dropout_forward  # a diagonal matrix is its own transpose


def sgd_momentum(w, v, dw, learning_rate, momentum, weight_decay):
    new_w, new_v = np.empty_like(w), np.empty_like(v)
    rates = (float(learning_rate), float(momentum), float(weight_decay))
    kernels.run("sgd_momentum", w, v, dw, new_w, new_v, w.size, *rates)
    return new_w, new_v


def adam(w, mean, square, dw, learning_rate, beta_1, beta_2, epsilon, weight_decay):
    new_w, new_mean, new_square = np.empty_like(w), np.empty_like(w), np.empty_like(w)
    rates = (float(learning_rate), float(beta_1), float(beta_2), float(epsilon), float(weight_decay))
    kernels.run("adam", w, mean, square, dw, new_w, new_mean, new_square, w.size, *rates)
    return new_w, new_mean, new_square
