"""Ten right pairs of somebody else's style, in NumPy and in PyTorch, for the tests of `verify` and `audit`."""

import numpy as np


def pairs(xp):
    """{name: (forward, backward, shapes of the arguments)} written with the array functions of xp."""
    sum0 = {"axis": 0} if xp is np else {"dim": 0}
    last = {"axis": -1, "keepdims": True} if xp is np else {"dim": -1, "keepdim": True}

    def linear(x, w, b):
        return x @ w + b

    def linear_backward(dy, x, w):
        return dy @ w.T, x.T @ dy, dy.sum(**sum0)

    def relu(x):
        return x * (x > 0)

    def relu_backward(dy, x):
        return dy * (x > 0)

    def softmax(z):
        e = xp.exp(z - (z.max(**last) if xp is np else z.max(**last)[0]))
        return e / e.sum(**last)

    def softmax_backward(dy, z):
        p = softmax(z)
        return p * (dy - (p * dy).sum(**last))

    def sigmoid(x):
        return 1 / (1 + xp.exp(-x))

    def sigmoid_backward(dy, x):
        return dy * sigmoid(x) * (1 - sigmoid(x))

    def layernorm(x, scale):
        c = x - x.mean(**last)
        return scale * c / xp.sqrt((c * c).mean(**last) + 1e-5)

    def layernorm_backward(dy, x, scale):
        c = x - x.mean(**last)
        r = 1 / xp.sqrt((c * c).mean(**last) + 1e-5)
        n = c * r
        dn = dy * scale
        dx = r * (dn - dn.mean(**last) - n * (dn * n).mean(**last))
        return dx, (dy * n).sum(**sum0)

    def batchnorm(x, scale, shift):
        c = x - x.mean(**sum0)
        return scale * c / xp.sqrt((c * c).mean(**sum0) + 1e-5) + shift

    def batchnorm_backward(dy, x, scale, shift):
        c = x - x.mean(**sum0)
        r = 1 / xp.sqrt((c * c).mean(**sum0) + 1e-5)
        n = c * r
        dn = dy * scale
        dx = r * (dn - dn.mean(**sum0) - n * (dn * n).mean(**sum0))
        return dx, (dy * n).sum(**sum0), dy.sum(**sum0)

    def square(x, target):
        return (x - target) ** 2

    def square_backward(dy, x, target):
        return 2 * dy * (x - target), -2 * dy * (x - target)

    def product(a, b):
        return a @ b.T @ b

    def product_backward(dy, a, b):
        return dy @ b.T @ b, b @ (a.T @ dy + dy.T @ a)

    def convolution(x, w):
        return sum(w[k] * x[:, k : x.shape[1] - 2 + k] for k in range(3))

    def convolution_backward(dy, x, w):
        dx, dw = xp.zeros_like(x), xp.zeros_like(w)
        n = dy.shape[1]
        for k in range(3):
            dx[:, k : n + k] += w[k] * dy
            dw[k] = (dy * x[:, k : n + k]).sum()
        return dx, dw

    def pool(x):
        a, b = x[:, 0::2], x[:, 1::2]
        return a * (a >= b) + b * (b > a)

    def pool_backward(dy, x):
        a, b = x[:, 0::2], x[:, 1::2]
        dx = xp.zeros_like(x)
        dx[:, 0::2], dx[:, 1::2] = dy * (a >= b), dy * (b > a)
        return dx

    return {
        "linear": (linear, linear_backward, ((5, 3), (3, 4), (4,))),
        "relu": (relu, relu_backward, ((5, 4),)),
        "softmax": (softmax, softmax_backward, ((5, 4),)),
        "sigmoid": (sigmoid, sigmoid_backward, ((5, 4),)),
        "layernorm": (layernorm, layernorm_backward, ((5, 4), (4,))),
        "batchnorm": (batchnorm, batchnorm_backward, ((5, 4), (4,), (4,))),
        "square": (square, square_backward, ((5, 4), (5, 4))),
        "product": (product, product_backward, ((5, 4), (3, 4))),
        "convolution": (convolution, convolution_backward, ((4, 7), (3,))),
        "pool": (pool, pool_backward, ((5, 6),)),
    }


def arguments(shapes, dtype, seed, convert=lambda a: a):
    """Random normal arrays."""
    rng = np.random.default_rng(seed)
    return tuple(convert(rng.standard_normal(shape).astype(dtype)) for shape in shapes)
