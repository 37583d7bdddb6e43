"""Losses and activations as public projects write them. Layers with state are made anew for every call."""

import numpy as np

from . import Construction

RNG = np.random.default_rng(0)
Z, Y = RNG.standard_normal((5, 3)), np.array([0, 2, 1, 1, 0])
ONE_HOT = np.eye(3)[Y]


def softmax(z):
    """e^z / sum e^z along the last axis, the largest taken off first."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_slope(z):
    """The diagonal of the Jacobian alone."""
    p = softmax(z)
    return p * (1 - p)


class SoftmaxWithLoss:
    """The last layer of a network: its backward pass expects no other upstream than 1."""

    def forward(self, z, t):
        self.p, self.t = softmax(z), t
        return -np.sum(t * np.log(self.p + 1e-7)) / len(z)

    def backward(self, dout=1):
        return (self.p - self.t) / len(self.t)


class InPlaceReLU:
    """Zeros are written into the upstream itself."""

    def forward(self, x):
        self.mask = x <= 0
        y = x.copy()
        y[self.mask] = 0
        return y

    def backward(self, dout):
        dout[self.mask] = 0
        return dout


def absolute_error(scores, y):
    """(m, 1) minus (m,) is (m, m)."""
    return np.abs(y - scores).sum() / len(scores)


def absolute_error_grad(scores, y):
    """The slope of the absolute error as it was meant, (m, 1)."""
    return np.sign(scores - y.reshape(-1, 1)) / len(scores)


def softmax_without_maximum(z):
    """e^z / sum e^z as printed: it overflows from about 710 on."""
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


def softmax_without_maximum_backward(dy, z):
    """dz_c = p_c (dy_c - sum_k p_k dy_k)."""
    p = softmax_without_maximum(z)
    return p * (dy - (dy * p).sum(axis=1, keepdims=True))


def cross_entropy_of_sigmoid(z, t):
    """The sum over all outputs; a = sigmoid(z)."""
    a = 1 / (1 + np.exp(-z))
    return np.sum(-t * np.log(a) - (1 - t) * np.log(1 - a))


def cross_entropy_of_sigmoid_grad(z, t):
    """a - t, with a = sigmoid(z)."""
    return 1 / (1 + np.exp(-z)) - t


def gelu(x):
    """x Phi(x), with the normal distribution's tanh approximation."""
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_backward(dy, x):
    """The slope of that approximation, times dy."""
    t = np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))
    inner = np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t**2) * inner)


relu, last = InPlaceReLU(), SoftmaxWithLoss()

CONSTRUCTIONS = [
    Construction(
        "eriklindernoren/ML-From-Scratch",
        "softmax has an elementwise slope, p (1 - p)",
        softmax, softmax_slope, (Z,), "none",
    ),
    Construction(
        "oreilly-japan/deep-learning-from-scratch",
        "ReLU writes its zeros into the upstream",
        relu.forward, relu.backward, (Z,), "prints the mean difference",
    ),
    Construction(
        "oreilly-japan/deep-learning-from-scratch",
        "softmax with cross-entropy takes no upstream; log(p + 1e-7) has the gradient of log p",
        last.forward, last.backward, (Z, ONE_HOT.astype(int)), "prints the mean difference",
    ),
    Construction(
        "wiseodd/hipsternet",
        "L1 loss of scores (m, 1) and targets (m,)",
        absolute_error, absolute_error_grad, (Z[:, :1], 2 * Y - 1), "none",
    ),
    Construction(
        "vzhou842/cnn-from-scratch",
        "softmax without subtracting the maximum",
        softmax_without_maximum, softmax_without_maximum_backward, (Z,), "it learns",
    ),
    Construction(
        "mnielsen/neural-networks-and-deep-learning",
        "cross-entropy of sigmoids: the error of the output is a - y",
        cross_entropy_of_sigmoid, cross_entropy_of_sigmoid_grad, (Z, ONE_HOT.astype(int)), "it learns",
    ),
    Construction(
        "harvard-edge/cs249r_book (tinytorch)",
        "GELU through tanh",
        gelu, gelu_backward, (Z,), "slope of the sum, float32",
    ),
]  # fmt: skip
