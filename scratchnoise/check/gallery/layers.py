"""Layers with weights, and a scalar graph, as public projects write them."""

import numpy as np

from . import Construction

RNG = np.random.default_rng(1)
X, W, B = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4)), RNG.standard_normal(4)
IMAGES, FILTERS = RNG.standard_normal((2, 2, 5, 4)), RNG.standard_normal((3, 2, 2, 2))


class Value:
    """A node of a scalar graph; gradients are added where a node is used twice."""

    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents, self.pass_on = data, 0.0, parents, lambda: None

    def __add__(self, other):
        out = Value(self.data + other.data, (self, other))

        def pass_on():
            self.grad += out.grad
            other.grad += out.grad

        out.pass_on = pass_on
        return out

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def pass_on():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        out.pass_on = pass_on
        return out

    def backward(self, upstream):
        order, seen = [], set()

        def visit(node):
            if node not in seen:
                seen.add(node)
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = upstream
        for node in reversed(order):
            node.pass_on()


def expression(a, b):
    """(a b + a) (a b + b): a b is used twice."""
    c = a * b
    return (c + a) * (c + b)


def graph(a, b):
    """The expression by the scalar graph, its value."""
    return expression(Value(a), Value(b)).data


def graph_backward(dy, a, b):
    """The gradients that the graph leaves in its two leaves."""
    a, b = Value(a), Value(b)
    expression(a, b).backward(dy)
    return a.grad, b.grad


class Linear:
    """Weights are attributes; their gradients are kept in a dict, the input's is returned."""

    def __init__(self, w, b):
        self.params, self.grads = {"w": w, "b": b}, {}

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params["w"] + self.params["b"]

    def backward(self, grad):
        self.grads["b"] = grad.sum(axis=0)
        self.grads["w"] = self.inputs.T @ grad
        return grad @ self.params["w"].T


def linear(x, params):
    """x W + b, with W and b in a dict."""
    return Linear(**params).forward(x)


def linear_backward(dy, x, params):
    """The gradient for x, and the dict of the gradients for W and b."""
    layer = Linear(**params)
    layer.forward(x)
    return layer.backward(dy), layer.grads


class DenseThatLearns:
    """The optimiser runs inside of the backward pass."""

    def __init__(self, w, b):
        self.w, self.b = w.copy(), b.copy()

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, accum_grad):
        w = self.w
        self.w = self.w - 0.01 * self.x.T @ accum_grad
        self.b = self.b - 0.01 * accum_grad.sum(axis=0)
        return accum_grad @ w.T


def windows(x, height, width):
    """(N, H', W', C height width): every window of the images as a row."""
    view = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(2, 3))
    return np.moveaxis(view, 1, 3).reshape(*view.shape[:1], *view.shape[2:4], -1)


def convolution(x, w, b):
    """The windows as rows of a matrix, times the filters; x (N, C, H, W), w (F, C, R, S)."""
    return np.moveaxis(windows(x, *w.shape[2:]) @ w.reshape(len(w), -1).T + b, 3, 1)


def convolution_backward(dout, x, w):
    """The gradients for images, filters and bias, over the same windows."""
    rows = np.moveaxis(dout, 1, 3)
    dw = np.einsum("nijf,nijk->fk", rows, windows(x, *w.shape[2:])).reshape(w.shape)
    parts = (rows @ w.reshape(len(w), -1)).reshape(*rows.shape[:3], *w.shape[1:])
    dx = np.zeros_like(x)
    for r, s in np.ndindex(w.shape[2:]):  # what a pixel gave to several windows is added up
        dx[:, :, r : r + rows.shape[1], s : s + rows.shape[2]] += np.moveaxis(parts[..., r, s], 3, 1)
    return dx, dw, rows.sum(axis=(0, 1, 2))


def pool(x):
    """The largest entry of each tile of 2 x 2; x (N, C, H, W)."""
    N, C, H, W = x.shape
    return x.reshape(N, C, H // 2, 2, W // 2, 2).max(axis=(3, 5))


def pool_backward(dout, x):
    """The gradient goes to every entry that equals the maximum; the return stands inside of the loop over windows."""
    dx = np.zeros_like(x)
    for i, j in np.ndindex(dout.shape[2:]):
        window = x[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
        largest = window.max(axis=(2, 3), keepdims=True)
        dx[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = (window == largest) * dout[:, :, i, j, None, None]
        return dx


def times_row(a, b):
    """(N, D) times (D,): the gradient of what was broadcast is a sum over the axis that it lacked."""
    return a * b


def times_row_backward(d, a, b):
    """d b for the matrix; for the row, d a summed over samples."""
    return d * b, (d * a).sum(axis=0)


learner = DenseThatLearns(W, B)
GRAPH = (np.float64(0.7), np.float64(-1.3))

CONSTRUCTIONS = [
    Construction(
        "karpathy/micrograd",
        "a scalar graph: gradients are added where a node is used twice",
        graph, graph_backward, tuple(map(np.array, GRAPH)), "one expression, known result",
    ),
    Construction(
        "joelgrus/joelnet",
        "a linear layer with its parameters in a dict",
        linear, linear_backward, (X, {"w": W, "b": B}), "it learns",
    ),
    Construction(
        "eriklindernoren/ML-From-Scratch",
        "a dense layer whose backward pass updates the weights",
        learner.forward, learner.backward, (X,), "none",
    ),
    Construction(
        "oreilly-japan/deep-learning-from-scratch",
        "convolution as one product of matrices (im2col, col2im)",
        convolution, convolution_backward, (IMAGES, FILTERS, B[:3]), "prints the mean difference",
    ),
    Construction(
        "riccardoandreoni0/CNN-from-scratch",
        "max pooling that returns within its loop, after the first window",
        pool, pool_backward, (IMAGES[:, :, :4],), "it learns",
    ),
    Construction(
        "minitorch/minitorch",
        "a product with broadcasting",
        times_row, times_row_backward, (X, B[:3]), "slope of the sum, one entry",
    ),
]  # fmt: skip
