"""How each backward pass is checked against its forward pass: what is differentiated, and what backward is given.

Pairs are found by name in a namespace of kernels: `x_forward` with `x_backward`, `f` with `f_grad`. `as_pair` binds the
drawn arguments and returns what `check_backward` takes.
"""

from .gradcheck import check_backward


def linear(k, x, w, b):
    """All three arguments."""
    return k.linear_forward, lambda dy, x, w, b: k.linear_backward(dy, x, w), (x, w, b)


def conv2d(k, x, w, b, stride, pad):
    """Images, filters and biases; stride and pad are bound."""

    def forward(x, w, b):
        return k.conv2d_forward(x, w, b, stride, pad)

    return forward, lambda dy, x, w, b: k.conv2d_backward(dy, x, w, stride, pad), (x, w, b)


def maxpool2d(k, x, size):
    """The images; backward is given the places of the maxima."""

    def backward(dy, x):
        return k.maxpool2d_backward(dy, k.maxpool2d_forward(x, size)[1], x.shape)

    return lambda x: k.maxpool2d_forward(x, size)[0], backward, (x,)


def avgpool2d(k, x, size):
    """The images; size is bound."""
    return lambda x: k.avgpool2d_forward(x, size), lambda dy, x: k.avgpool2d_backward(dy, x.shape, size), (x,)


def batchnorm(k, x, scale, shift, epsilon):
    """The batch and both parameters; backward is given the moments that the forward pass found."""

    def backward(dy, x, scale, shift):
        _, mean, variance = k.batchnorm_forward(x, scale, shift, epsilon)
        return k.batchnorm_backward(dy, x, mean, variance, scale, epsilon)

    return lambda x, scale, shift: k.batchnorm_forward(x, scale, shift, epsilon)[0], backward, (x, scale, shift)


def conv2d_relu_maxpool2d(k, x, w, b, stride, pad, size):
    """Images, filters and biases; backward is given what the forward pass left."""

    def forward(x, w, b):
        return k.conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size)[0]

    def backward(dy, x, w, b):
        y, argmax = k.conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size)
        return k.conv2d_relu_maxpool2d_backward(dy, y, argmax, x, w, stride, pad, size)

    return forward, backward, (x, w, b)


def relu(k, x):
    """The one argument."""
    return k.relu_forward, k.relu_backward, (x,)


def dropout(k, x, rate, seed, step):
    """The input; rate, seed and step are bound."""

    def forward(x):
        return k.dropout_forward(x, rate, seed, step)

    return forward, lambda dy, x: k.dropout_backward(dy, rate, seed, step), (x,)


ADJOINTS = {
    f.__name__: f for f in (linear, conv2d, maxpool2d, avgpool2d, batchnorm, conv2d_relu_maxpool2d, relu, dropout)
}


def pair_names(namespace):
    """(forward name, backward name) of every pair among these names."""
    found = [(name[: -len("_backward")] + "_forward", name) for name in namespace if name.endswith("_backward")]
    found += [(name[: -len("_grad")], name) for name in namespace if name.endswith("_grad")]
    return sorted(pair for pair in found if pair[0] in namespace)


def as_pair(k, forward_name, args):
    """(forward, backward, differentiable arguments) of a pair in the namespace k; KeyError for an unknown forward pass.

    A gradient `f_grad(z, ...)` is one row for each sample, to be scaled by its upstream.
    """
    if forward_name.endswith("_forward"):
        return ADJOINTS[forward_name[: -len("_forward")]](k, *args)
    f, f_grad = getattr(k, forward_name), getattr(k, forward_name + "_grad")
    z, *rest = args
    return lambda z: f(z, *rest), lambda dy, z: dy[:, None] * f_grad(z, *rest), (z,)


def check_pair(k, forward_name, args, rng, **settings):
    """`check_backward` of one pair of the namespace k on drawn arguments of its forward pass."""
    forward, backward, differentiable = as_pair(k, forward_name, args)
    return check_backward(forward, backward, differentiable, rng, name=forward_name, **settings)
