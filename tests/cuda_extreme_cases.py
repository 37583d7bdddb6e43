"""Cases for the CUDA source at the ends of what floating-point numbers and indices can be.

Each generator yields the fields of a `cuda_cases.Case`: method, arguments, number of terms, the largest number of its
sums, and the right results where NumPy's table does not give them.
"""

import numpy as np

from scratchnoise.kernels import numpy_table

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
WITH_ZEROS = np.array([[0, 0.7, 0.2], [0.6, 0, 0.3], [0.4, 0.3, 0.5]])
IMPOSSIBLE_LABEL = np.array([[0.7, 0.1, 0.3], [0, 0, 0], [0.3, 0.9, 0.7]])  # nobody ever sees label 1
NAN = np.nan


def extreme_cases(dtype):
    """Cases whose numbers are large and close, huge, subnormal, infinite or NaN in `dtype`."""
    yield from _softmaxes(dtype)
    yield from _regression(dtype)
    yield from _flip_rates(dtype)
    yield from _maxima()


def _softmaxes(dtype):
    limits = np.finfo(dtype)
    tiny = limits.smallest_subnormal
    z = _extreme_logits(dtype)
    a = np.resize([1.0, 0.0, 0.0, -0.5, 1.0, 0.5, 0.0, 0.25, 2.0], z.shape)
    for name in ("softmax", "log_softmax"):
        yield name, (z,), 3, 1
    for name in ("signed_cross_entropy", "signed_cross_entropy_grad"):
        yield name, (z, a), 3, 2
    with_subnormals = np.array([[0.5, tiny, 0], [0.5, 1, tiny], [0, 0, 1]])
    with_nan = np.where(np.eye(3), NAN, T)
    for matrix in (T, WITH_ZEROS, with_subnormals, IMPOSSIBLE_LABEL, with_nan):
        for y in range(3):
            for name in ("forward_cross_entropy", "forward_cross_entropy_grad"):
                yield name, (z, np.full(len(z), y), matrix), 3, 1
    far_apart = np.array([[limits.max, -limits.max, 0]])  # their difference is infinite, and the loss with it
    yield "forward_cross_entropy_grad", (far_apart, np.array([1]), np.eye(3)), 3, 1


def _extreme_logits(dtype):
    """z (N, 3) whose differences are exact in `dtype`."""
    shift, huge, gone = {np.float32: (1e6, 1e38, 103), np.float64: (1e15, 1e300, 744)}[dtype]
    tiny = np.finfo(dtype).smallest_subnormal
    rows = [
        (shift, shift + 1, shift - 0.5),
        (0, -shift, -shift - 1),
        (-np.inf, 0, 1),
        (-shift - 2, -shift, -shift - 1),
        (huge, -huge, 0),
        (-huge, -huge, -huge),
        (huge, 0, huge),
        (0, -gone, -gone - 1),  # exponentials that are subnormal
        (-2 * gone, 0, -3 * gone),  # exponentials that are 0
        (tiny, 0, -tiny),
        (0, 0, 0),
        (NAN, 0, 1),
        (0, NAN, 1),
        (NAN, NAN, NAN),
    ]
    return np.array(rows, np.float64)


def _regression(dtype):
    """Logits x + b, which are large and close: x is a large whole number and every weight 1."""
    shift = {np.float32: 2.0**20, np.float64: 2.0**50}[dtype]
    x, w, b = shift * np.array([[1.0], [-1.0], [0.5], [0.0]]), np.ones((1, 3)), np.array([0.5, -1.0, 0.0])
    y, order = np.array([0, 1, 2, 2]), np.array([3, 0, 2, 1])
    for matrix in (T, np.eye(3), IMPOSSIBLE_LABEL):
        yield "linear_sgd_epoch", (w, b, x, y, matrix, np.ones(4), order, 4, 1 / shift, 0.0), 12, 1
        yield "linear_loss_grad", (w, b, x, y, matrix, np.full(4, 1 / shift)), 12, 1


def _flip_rates(dtype):
    tiny = np.finfo(dtype).smallest_subnormal
    gamma = np.array([[0, 1, 0], [0.25, 0.75, 0], [0, 0, 1.0]])
    p = np.array([[1 - 3 * tiny, 4 * tiny, 0], [0, 0, tiny], [1, 0, 0]])
    yield "flip_rate_update", (gamma, p, np.array([0, 2, 1]), np.array([3.0, 5.0, 2.0])), 3, 1
    for spoilt, weight in (p * [[1], [1], [NAN]], np.ones(3)), (p, np.array([1, NAN, 1])):
        right = (np.full((3, 3), NAN),)  # it shows: no sample is left out because it is NaN
        yield "flip_rate_update", (gamma, spoilt, np.array([0, 2, 1]), weight), 3, 1, right


def _maxima():
    """The first of equal numbers wins, and the first NaN over all."""
    x = np.array([[1.0, NAN, 0, 0, -1, -2], [NAN, 2, 0, NAN, -3, NAN]])[None, :, :, None]
    equal = np.array([[1.0, 2, 0, 0, 3, 1], [2, 2, -0.0, 0, 3, 3]])[None, :, :, None]
    yield "maxpool2d_forward", (x, 2), 1, 1
    yield "maxpool2d_forward", (equal, 2), 1, 1
    yield "relu_forward", (x,), 1, 1
    yield "relu_backward", (1 + x * x, x), 1, 1
    yield "conv2d_relu_maxpool2d_forward", (x, np.ones((1, 1, 1, 1)), np.zeros(1), 1, 0, 2), 1, 3


def bad_index_cases():
    """Cases with labels, orders and argmax that point outside: the rules in the head of losses.cu."""
    rng = np.random.default_rng(1)
    yield from _bad_labels(rng)
    yield from _bad_regression(rng)
    yield from _bad_argmax(rng)


def _bad_labels(rng):
    z, right, wrong = rng.standard_normal((6, 3)), [1, 3], [0, 2, 4, 5]
    y = np.array([-1, 2, 3, 0, 3, -1])
    valid = np.clip(y, 0, 2)
    for name in ("forward_cross_entropy", "forward_cross_entropy_grad"):
        want = getattr(numpy_table, name)(z, valid, T)
        want[wrong] = NAN
        yield name, (z, y, T), 3, 1, (want,)
    p, ones = numpy_table.softmax(z), np.ones(6)
    yield "flip_rate_update", (T.T.copy(), p, y, ones), 6, 1, (np.full((3, 3), NAN),)
    yield "flip_rate_update", (T.T.copy(), p[right], y[right], ones[right]), 6, 1


def _bad_regression(rng):
    """What a wrong entry of order does is what a sample of weight 0 does, but for the loss."""
    w, b, x = rng.standard_normal((2, 3)), rng.standard_normal(3), rng.standard_normal((5, 2))
    y, weight = np.array([0, 1, 2, 1, 0]), np.array([1.0, 2.0, 0.5, 1.0, 0.0])
    for wrong in (-1, 5):
        order, without = np.array([3, wrong, 0, 2]), np.array([3, 4, 0, 2])
        for batch_size in (2, 6):
            args = (batch_size, 0.25, 0.5)
            *weights, _ = numpy_table.linear_sgd_epoch(w, b, x, y, T, weight, without, *args)
            yield "linear_sgd_epoch", (w, b, x, y, T, weight, order, *args), 8, 2, (*weights, NAN)
    nothing_left = (np.full((2, 3), NAN), np.full(3, NAN), NAN)
    for label in (-1, 3):
        y = np.array([0, 1, label, 1, 0])
        yield "linear_sgd_epoch", (w, b, x, y, T, weight, np.arange(5), 5, 0.25, 0.5), 8, 2, nothing_left
        yield "linear_loss_grad", (w, b, x, y, T, weight), 8, 2, (NAN, np.full((2, 3), NAN), np.full(3, NAN))


def _bad_argmax(rng):
    """A gradient whose argmax is outside its image is as if it were 0."""
    y, argmax = numpy_table.maxpool2d_forward(rng.standard_normal((3, 4, 6, 2)), 2)
    dy, w, x = rng.standard_normal(y.shape), rng.standard_normal((1, 1, 2, 2)), rng.standard_normal((3, 4, 6, 2))
    wrong = argmax.copy()
    wrong[1, 0, :2] = [[-1], [24]]
    wrong[0, 0, 0, 0], wrong[2, 1, 2, 1] = -1, 24
    kept = np.where(wrong == argmax, dy, 0)
    right = (numpy_table.maxpool2d_backward(kept, argmax, x.shape),)
    yield "maxpool2d_backward", (dy, wrong, x.shape), 1, 3, right
    y = np.abs(y)
    right = numpy_table.conv2d_relu_maxpool2d_backward(kept, y, argmax, x, w, 1, 0, 2)
    yield "conv2d_relu_maxpool2d_backward", (dy, y, wrong, x, w, 1, 0, 2), 18, 3, right
    yield "conv2d_relu_maxpool2d_backward_weights", (dy, y, wrong, x, 1, 1, 1, 0, 2), 18, 3, right[1:]
