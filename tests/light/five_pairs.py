"""Five right pairs in somebody else's style; the light installation has to find and check all of them."""

import numpy as np


def linear_forward(x, w, b):
    return x @ w + b


def linear_backward(dy, x, w):
    return dy @ w.T, x.T @ dy, dy.sum(axis=0)


def relu_forward(x):
    return np.maximum(x, 0)


def relu_backward(dy, x):
    return dy * (x > 0)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, z):
    p = softmax(z)
    return p * (dy - (p * dy).sum(axis=1, keepdims=True))


def cross_entropy(z, y):
    return np.logaddexp.reduce(z, axis=1) - z[np.arange(len(y)), y]


def cross_entropy_grad(z, y):
    return softmax(z) - np.eye(z.shape[1])[y]


def scale_forward(x, factor):
    return factor * x, (x, factor)


def scale_backward(dout, cache):
    return cache[1] * dout


def scale_args(rng):
    return rng.standard_normal((4, 3)), 2.5
