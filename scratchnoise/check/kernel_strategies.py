"""For every kernel, a strategy of its arguments: shapes that fit, lengths that differ, no kinks.

float64; `as_dtype` makes float32 of them. Zero-padded, strided, odd and single-pixel images all occur. Fast kernels
work in tiles and vectors, so one length at a time is sometimes just below, at or above a multiple of them.
"""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from ..kernels import numpy_table
from . import strategies as s


@st.composite
def _samples(draw, *letters):
    """A tuple of per-sample arguments that share one N and one C, e.g. ("z", "y", "T")."""
    N, C = draw(s.distinct_sizes(2, 2, 5))
    makers = {**s.LETTERS, "T": lambda N, C: s.transition_matrices_with_zeros(C), "a": s.logits}
    makers["gamma"] = lambda N, C: s.transition_matrices(C).map(lambda T: T.T.copy())
    return tuple(draw(makers[letter](N, C)) for letter in letters)


WHOLE_TILES = (8, 9, 16, 17, 33)  # vectors hold 8 or 16 numbers and go in pairs; tiles have 8 rows


@st.composite
def _lengths(draw, count, high):
    """`count` different lengths of at most `high`; one of them may be about a tile instead."""
    lengths = draw(s.distinct_sizes(count, 1, high))
    which = draw(st.integers(-1, count - 1))
    if which >= 0:
        lengths[which] = draw(st.sampled_from(WHOLE_TILES))
    return lengths


@st.composite
def _linear(draw, *letters):
    N, D, F = draw(_lengths(3, 5))
    shapes = {"x": (N, D), "w": (D, F), "b": (F,), "dy": (N, F)}
    return tuple(draw(s.noise_arrays(shapes[letter])) for letter in letters)


@st.composite
def _convolution(draw, *letters):
    """x, w, b, dy, R, S by letter, then stride and pad: the window fits at least once and often leaves a remainder."""
    N, K, F = draw(_lengths(3, 4))
    R, S = draw(s.distinct_sizes(2, 1, 3))
    stride, pad = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    high = 11 if max(N, K, F) == 3 else 4 if max(N, K, F) > 4 else 6  # not everything large at once
    H, W = draw(st.integers(max(1, R - 2 * pad), high)), draw(st.integers(max(1, S - 2 * pad), high))
    Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    shapes = {"x": (N, H, W, K), "w": (R, S, K, F), "b": (F,), "dy": (N, Ho, Wo, F)}
    sizes = {"R": R, "S": S}
    arrays = [sizes[c] if c in sizes else draw(s.noise_arrays(shapes[c])) for c in letters]
    return (*arrays, stride, pad)


@st.composite
def _pooling(draw, backward=False):
    size = draw(st.integers(1, 3))
    N, K = draw(s.distinct_sizes(2, 1, 3))
    H, W = draw(st.integers(size, 7)), draw(st.integers(size, 7))
    x = draw(s.tie_free_arrays((N, H, W, K)))
    if not backward:
        return x, size
    Ho, Wo = H // size, W // size
    h, v = np.arange(Ho)[:, None, None] * size, np.arange(Wo)[:, None] * size
    within = np.random.default_rng(draw(s.seeds)).integers(0, size, (2, N, Ho, Wo, K))
    argmax = (h + within[0]) * W + v + within[1]
    return draw(s.noise_arrays((N, Ho, Wo, K))), argmax.astype(np.int32), (N, H, W, K)


@st.composite
def _average_pooling(draw, backward=False):
    x, size = draw(_pooling())
    N, H, W, K = x.shape
    return (draw(s.noise_arrays((N, H // size, W // size, K))), x.shape, size) if backward else (x, size)


@st.composite
def _batch_normalisation(draw, backward=False):
    """x with a deviation in every channel: without one, the gradient is as large as epsilon is small."""
    N, K = draw(s.distinct_sizes(2, 2, 9))
    epsilon = draw(st.sampled_from([1e-5, 0.25]))
    rng = np.random.default_rng(draw(s.seeds))
    x = rng.standard_normal((N, K))
    x[0] = x[1] + 1
    scale, shift, dy = (draw(s.noise_arrays(shape)) for shape in ((K,), (K,), (N, K)))
    return (dy, x, x.mean(axis=0), x.var(axis=0), scale, epsilon) if backward else (x, scale, shift, epsilon)


NO_KINK = 1e-3  # what finite differences and rounding do not reach


@st.composite
def _conv_relu_pool(draw, *letters):
    """The arguments of the fused kernels by letter.

    No kinks: the two largest values of every tile differ, and the largest is not 0.
    """
    *like, stride, pad = draw(_convolution("x", "w", "b"))
    rng = np.random.default_rng(draw(s.seeds))
    x, w, b = (rng.standard_normal(a.shape) for a in like)  # sums of quarters would often be equal
    z = numpy_table.conv2d_forward(x, w, b, stride, pad)
    size = draw(st.integers(1, min(3, *z.shape[1:3])))
    largest, argmax = numpy_table.maxpool2d_forward(z, size)
    others = z - numpy_table.maxpool2d_backward(np.full_like(largest, np.inf), argmax, z.shape)
    second = numpy_table.maxpool2d_forward(others, size)[0]
    assume((largest - second).min() > NO_KINK and np.abs(largest).min() > NO_KINK)
    given = {"x": x, "w": w, "b": b, "y": np.maximum(largest, 0), "argmax": argmax, "R": w.shape[0], "S": w.shape[1]}
    given |= {"dy": draw(s.noise_arrays(largest.shape)), "stride": stride, "pad": pad, "size": size}
    return tuple(given[letter] for letter in letters)


shapes = st.one_of(s.distinct_sizes(2), s.distinct_sizes(4, 1, 4)).map(tuple)


@st.composite
def _elementwise(draw, count):
    """`count` tie-free arrays of one shape."""
    shape = draw(shapes)
    return tuple(draw(s.tie_free_arrays(shape)) for _ in range(count))


@st.composite
def _dropout(draw):
    """x, rate, seed, step; seeds and steps up to 2^63 - 1."""
    (x,) = draw(_elementwise(1))
    rate = draw(st.sampled_from([0.0, 0.25, 0.5, 0.75]))
    return x, rate, draw(st.integers(0, 2**63 - 1)), draw(st.integers(0, 2**63 - 1))


@st.composite
def _sgd_momentum(draw):
    rate, momentum, decay = (draw(st.integers(0, 4).map(lambda k: k / 4)) for _ in range(3))
    return (*draw(_elementwise(3)), rate, momentum, decay)


def _regression(draw, N, C, D):
    """w, b, x, y, T and weights."""
    arrays = [draw(s.noise_arrays(shape)) for shape in ((D, C), (C,), (N, D))]
    return *arrays, draw(s.labels(N, C)), draw(s.transition_matrices_with_zeros(C)), draw(s.sample_weights(N, C))


@st.composite
def _adam(draw):
    """Squares well above 0: the step would be as large as epsilon is small."""
    w, mean, square, dw = draw(_elementwise(4))
    rate, decay = (draw(st.integers(0, 4).map(lambda k: k / 4)) for _ in range(2))
    betas = [draw(st.sampled_from([0.0, 0.5, 0.875])), draw(st.sampled_from([0.5, 0.875]))]
    return w, mean, 0.25 + np.abs(square), dw, rate, *betas, draw(st.sampled_from([1e-8, 0.25])), decay


@st.composite
def _linear_sgd_epoch(draw):
    """Twice the samples in random order, in batches that leave a remainder."""
    N, C, D = draw(s.distinct_sizes(3, 2, 6))
    arrays = _regression(draw, N, C, D)
    order = np.array(draw(st.permutations([*range(N), *range(N)])), np.int64)
    return (*arrays, order, draw(st.integers(1, N + 2)), 0.25, draw(st.sampled_from([0.0, 0.5])))


@st.composite
def _linear_loss_grad(draw):
    """Samples that fill no group, or several, and features that fill no vector."""
    N, D = draw(_lengths(2, 6))
    C = draw(st.integers(2, 6).filter(lambda C: C not in (N, D)))
    return _regression(draw, N, C, D)


KERNEL_ARGUMENTS = {
    "softmax": _samples("z"),
    "log_softmax": _samples("z"),
    "signed_cross_entropy": _samples("z", "a"),
    "signed_cross_entropy_grad": _samples("z", "a"),
    "forward_cross_entropy": _samples("z", "y", "T"),
    "forward_cross_entropy_grad": _samples("z", "y", "T"),
    "linear_forward": _linear("x", "w", "b"),
    "linear_backward": _linear("dy", "x", "w"),
    "linear_backward_weights": _linear("dy", "x"),
    "conv2d_forward": _convolution("x", "w", "b"),
    "conv2d_backward": _convolution("dy", "x", "w"),
    "conv2d_backward_weights": _convolution("dy", "x", "R", "S"),
    "maxpool2d_forward": _pooling(),
    "maxpool2d_backward": _pooling(backward=True),
    "conv2d_relu_maxpool2d_forward": _conv_relu_pool("x", "w", "b", "stride", "pad", "size"),
    "conv2d_relu_maxpool2d_backward": _conv_relu_pool("dy", "y", "argmax", "x", "w", "stride", "pad", "size"),
    "conv2d_relu_maxpool2d_backward_weights": _conv_relu_pool(
        "dy", "y", "argmax", "x", "R", "S", "stride", "pad", "size"
    ),
    "avgpool2d_forward": _average_pooling(),
    "avgpool2d_backward": _average_pooling(backward=True),
    "batchnorm_forward": _batch_normalisation(),
    "batchnorm_backward": _batch_normalisation(backward=True),
    "relu_forward": _elementwise(1),
    "relu_backward": _elementwise(2),
    "dropout_forward": _dropout(),
    "dropout_backward": _dropout(),
    "sgd_momentum": _sgd_momentum(),
    "adam": _adam(),
    "linear_sgd_epoch": _linear_sgd_epoch(),
    "linear_loss_grad": _linear_loss_grad(),
    "flip_rate_update": _samples("gamma", "p", "y", "weight"),
}


def as_dtype(args, dtype):
    """The arguments with their floating arrays in `dtype`; integers stay."""
    return tuple(a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype.kind == "f" else a for a in args)


def n_terms(args):
    """An upper bound for the number of terms that one entry of a result sums up."""
    return max((a.size for a in args if isinstance(a, np.ndarray)), default=1)
