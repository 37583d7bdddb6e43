"""Wrong backward passes, of the kind that people write. An upstream of ones hides about half of them."""

import numpy as np

from scratchnoise.kernels import numpy_table as right

WRONG_PASSES = []  # (name of the kernel, the wrong one)
HIDDEN_BY_ONES = []  # those whose output is right where the upstream gradient is 1


def in_place_of(name, hidden_by_ones=False):
    """Register the function below as a wrong version of the kernel `name`."""

    def register(mutant):
        WRONG_PASSES.append((name, mutant))
        if hidden_by_ones:
            HIDDEN_BY_ONES.append((name, mutant))
        return mutant

    return register


@in_place_of("signed_cross_entropy_grad")
def label_mass_left_out(z, a):
    """p - a, right only if a sums to 1."""
    return right.softmax(z) - a


@in_place_of("signed_cross_entropy_grad")
def climbs(z, a):
    """The sign."""
    return a - a.sum(axis=1, keepdims=True) * right.softmax(z)


@in_place_of("signed_cross_entropy_grad")
def mean_over_the_batch(z, a):
    """Divides each sample's own gradient by N."""
    return right.signed_cross_entropy_grad(z, a) / len(z)


@in_place_of("forward_cross_entropy_grad")
def transposed_matrix(z, y, T):
    """Column y of T for row y."""
    return right.forward_cross_entropy_grad(z, y, T.T + 1e-9)


@in_place_of("forward_cross_entropy_grad")
def posterior_of_the_label(z, y, T):
    """Cross-entropy's gradient: T ignored."""
    return right.softmax(z) - np.eye(z.shape[1])[y]


@in_place_of("linear_backward", hidden_by_ones=True)
def linear_without_upstream(dy, x, w):
    """The gradient of the sum of all outputs."""
    return right.linear_backward(np.ones_like(dy), x, w)


@in_place_of("linear_backward")
def mean_for_sum(dy, x, w):
    """db averages over the batch."""
    dx, dw, db = right.linear_backward(dy, x, w)
    return dx, dw, db / len(x) if len(x) > 1 else 2 * db


@in_place_of("linear_backward", hidden_by_ones=True)
def bias_counts_the_batch(dy, x, w):
    """db = N."""
    dx, dw, _ = right.linear_backward(dy, x, w)
    return dx, dw, np.full(dy.shape[1], float(len(dy)))


@in_place_of("conv2d_backward")
def filters_flipped(dy, x, w, stride, pad):
    """dx through the filters turned by 180 degrees."""
    dx, _, _ = right.conv2d_backward(dy, x, w[::-1, ::-1], stride, pad)
    return dx, *right.conv2d_backward_weights(dy, x, *w.shape[:2], stride, pad)


@in_place_of("conv2d_backward")
def last_window_wins(dy, x, w, stride, pad):
    """`=` for `+=` where windows overlap."""
    dx, dw, db = right.conv2d_backward(dy, x, w, stride, pad)
    padded = np.zeros_like(right.padded(x, pad))
    for r, s in np.ndindex(w.shape[:2]):
        rows, columns = (slice(t, t + stride * n, stride) for t, n in zip((r, s), dy.shape[1:3], strict=True))
        padded[:, rows, columns] = dy @ w[r, s].T
    return padded[:, pad : pad + x.shape[1], pad : pad + x.shape[2]], dw, db


@in_place_of("conv2d_backward", hidden_by_ones=True)
def convolution_without_upstream(dy, x, w, stride, pad):
    """The gradient of the sum of all outputs."""
    return right.conv2d_backward(np.ones_like(dy), x, w, stride, pad)


@in_place_of("maxpool2d_backward")
def shared_by_the_tile(dy, argmax, x_shape):
    """Every input of the image gets an equal share."""
    share = dy.sum(axis=(1, 2), keepdims=True) / (x_shape[1] * x_shape[2])
    return np.broadcast_to(share, x_shape)


@in_place_of("maxpool2d_backward")
def largest_of_the_image(dy, argmax, x_shape):
    """All of the upstream to one place."""
    return right.maxpool2d_backward(dy, np.broadcast_to(argmax[:, :1, :1], argmax.shape), x_shape)


@in_place_of("maxpool2d_backward", hidden_by_ones=True)
def mask_of_the_maxima(dy, argmax, x_shape):
    """1 at every maximum."""
    return right.maxpool2d_backward(np.ones_like(dy), argmax, x_shape)


@in_place_of("avgpool2d_backward")
def sum_for_mean(dy, x_shape, size):
    """Every input gets all of dy."""
    return size**2 * right.avgpool2d_backward(dy, x_shape, size) if size > 1 else 2 * dy


@in_place_of("avgpool2d_backward")
def first_of_the_tile(dy, x_shape, size):
    """The gradient of a maximum at the first place of each tile."""
    dx = np.zeros(x_shape)
    dx[:, : dy.shape[1] * size : size, : dy.shape[2] * size : size] = dy
    return dx


@in_place_of("avgpool2d_backward", hidden_by_ones=True)
def average_without_upstream(dy, x_shape, size):
    """The gradient of the sum of all outputs."""
    return right.avgpool2d_backward(np.ones_like(dy), x_shape, size)


@in_place_of("batchnorm_backward")
def moments_taken_for_numbers(dy, x, mean, variance, scale, epsilon):
    """The mean and the variance depend on x, too."""
    _, dscale, dshift = right.batchnorm_backward(dy, x, mean, variance, scale, epsilon)
    return dy * scale / np.sqrt(variance + epsilon), dscale, dshift


@in_place_of("batchnorm_backward")
def the_variance_taken_for_a_number(dy, x, mean, variance, scale, epsilon):
    """The term of the mean alone."""
    _, dscale, dshift = right.batchnorm_backward(dy, x, mean, variance, scale, epsilon)
    return (dy - dy.mean(axis=0)) * scale / np.sqrt(variance + epsilon), dscale, dshift


@in_place_of("batchnorm_backward")
def dscale_of_the_raw_input(dy, x, mean, variance, scale, epsilon):
    """x for its normalised value."""
    dx, _, dshift = right.batchnorm_backward(dy, x, mean, variance, scale, epsilon)
    return dx, (dy * x).sum(axis=0), dshift


@in_place_of("batchnorm_backward", hidden_by_ones=True)
def normalised_without_upstream(dy, x, mean, variance, scale, epsilon):
    """The gradient of the sum of all outputs."""
    return right.batchnorm_backward(np.ones_like(dy), x, mean, variance, scale, epsilon)


@in_place_of("conv2d_relu_maxpool2d_backward")
def the_relu_forgotten(dy, y, argmax, *convolution):
    """What is at a maximum passes even where the ReLU is zero."""
    return right.conv2d_relu_maxpool2d_backward(dy, np.ones_like(y), argmax, *convolution)


@in_place_of("conv2d_relu_maxpool2d_backward")
def first_of_every_tile(dy, y, argmax, *convolution):
    """The gradient of a tile goes to its image's first place."""
    return right.conv2d_relu_maxpool2d_backward(dy, y, np.zeros_like(argmax), *convolution)


@in_place_of("conv2d_relu_maxpool2d_backward", hidden_by_ones=True)
def fused_without_upstream(dy, y, argmax, *convolution):
    """The gradient of the sum of all outputs."""
    return right.conv2d_relu_maxpool2d_backward(np.ones_like(dy), y, argmax, *convolution)


@in_place_of("relu_backward", hidden_by_ones=True)
def mask_of_the_positive(dy, x):
    """The derivative of ReLU, not yet times the upstream."""
    return (x > 0).astype(dy.dtype)


@in_place_of("relu_backward")
def passes_everything(dy, x):
    """The identity."""
    return dy


@in_place_of("relu_backward")
def sign_of_the_upstream(dy, x):
    """Looks at dy instead of x."""
    return np.maximum(dy, 0)


@in_place_of("dropout_backward")
def mask_not_scaled(dy, rate, seed, step):
    """Without 1 / (1 - rate)."""
    return right.dropout_backward(dy, rate, seed, step) * (1 - rate)


@in_place_of("dropout_backward")
def mask_drawn_again(dy, rate, seed, step):
    """Another step, another mask."""
    return right.dropout_backward(dy, rate, seed, step + 1)
