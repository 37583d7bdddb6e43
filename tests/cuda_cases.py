"""What every kernel of the CUDA source is compared on: sizes around its tiles, and NumPy's results in float64.

A case is one call of a method of `Launches` (rung 1) or `TunedLaunches` (rung 2), on whatever device runs them.
"""

from dataclasses import dataclass

import numpy as np
from cuda_extreme_cases import T, bad_index_cases, extreme_cases

from scratchnoise.check import assert_close
from scratchnoise.check.kernel_strategies import as_dtype
from scratchnoise.kernels import numpy_table
from scratchnoise.kernels.cuda.launches import Launches
from scratchnoise.kernels.cuda.tuned_launches import TunedLaunches

T_WITH_ZEROS = np.array([[0.7, 0.0, 0.3], [0.3, 1.0, 0.0], [0.0, 0.0, 0.7]])

# N, H, W, K, R, S, F, stride, pad
CONVOLUTIONS = [
    (1, 5, 4, 1, 3, 2, 1, 1, 0),  # one of everything
    (2, 9, 7, 3, 3, 3, 33, 2, 1),  # one filter more than a tile has columns
    (3, 8, 6, 4, 1, 1, 32, 1, 0),  # one column tile exactly; four channels are read at once
    (5, 12, 11, 5, 3, 2, 34, 1, 2),  # several tiles of pixels, the last one half empty
    (2, 8, 9, 36, 2, 3, 5, 3, 1),  # several tiles of channels and of weights; stride 3
    (40, 6, 6, 8, 3, 3, 8, 1, 1),  # several parts of pixels, of which the last is shorter
]
LINEAR = [(1, 1, 1), (3, 5, 33), (130, 17, 3), (129, 132, 34)]  # N, D, F

# No images, no channels, no filters: a kernel has nothing to do, or the bias alone, and must not divide by a length.
EMPTY_CONVOLUTIONS = [(0, 5, 4, 2, 3, 2, 3, 1, 0), (2, 5, 4, 0, 3, 2, 3, 1, 1), (2, 5, 4, 3, 3, 2, 0, 1, 0)]
EMPTY_LINEAR = [(0, 2, 3), (2, 0, 3), (2, 3, 0), (0, 0, 2), (0, 0, 0)]


@dataclass(frozen=True)
class Case:
    """table: Launches or TunedLaunches; terms: how many numbers the longest sum adds up.

    largest: the largest of those numbers, None for the largest that there is; right: the results, None for NumPy's.
    """

    table: type
    method: str
    args: tuple
    terms: int
    largest: float | None = None
    right: tuple | None = None

    def __str__(self):
        return f"{self.table.__name__}.{self.method}"

    def check(self, device, dtype):
        """Raise AssertionError unless the device computes what NumPy does in float64.

        A rounding is at most epsilon times a product of two numbers, and there are as many as terms.
        """
        right = self.right or self.by_numpy(dtype)
        largest = self.largest or max(
            np.abs(a).max(initial=1) for a in (*self.args, *right) if getattr(a, "dtype", 0) in FLOATS
        )
        for found, want in zip(self.by(device, dtype), right, strict=True):
            exact = np.asarray(want).dtype.kind in "iu"
            tolerance = 0 if exact else 4 * np.finfo(dtype).eps * self.terms * largest**2
            assert_close(str(self), _as_finite(found), _as_finite(want), tolerance)

    def by(self, device, dtype):
        """What the device computes: a list of NumPy's arrays."""
        args = [device.to_device(a.copy()) if isinstance(a, np.ndarray) else a for a in as_dtype(self.args, dtype)]
        found = getattr(self.table(device), self.method)(*args)
        found = args[: len(_tuple(self.by_numpy(dtype)))] if found is None else found  # it changed them in place
        return [np.asarray(device.to_host(result)) for result in _tuple(found)]

    def by_numpy(self, dtype):
        """What NumPy computes in float64 from arguments that were rounded to `dtype`."""
        reference = REFERENCES.get(self.method) or getattr(numpy_table, self.method)
        with np.errstate(all="ignore"):
            return _tuple(reference(*as_dtype(as_dtype(self.args, dtype), np.float64)))


FLOATS = (np.float32, np.float64)


def _tuple(results):
    return tuple(results) if isinstance(results, (tuple, list)) else (results,)


def _as_finite(array):
    """The numbers in float64, and three of their own for NaN and the infinities, to which everything would be close."""
    return np.nan_to_num(np.asarray(array, np.float64), nan=1e306, posinf=1e307, neginf=-1e307)


def _momentum_in_place(w, v, dw, rates, n_decayed):
    decay = np.where(np.arange(w.size) < n_decayed, rates[2], 0)
    return numpy_table.sgd_momentum(w, v, dw, rates[0], rates[1], decay)


def _adam_in_place(w, mean, square, dw, rates, beta_2, epsilon, n_decayed):
    decay = np.where(np.arange(w.size) < n_decayed, rates[2], 0)
    return numpy_table.adam(w, mean, square, dw, rates[0], rates[1], beta_2, epsilon, decay)


# What the fused methods are, said in the facade's kernels.
REFERENCES = {
    "dropout_at": lambda x, rate, seed, step: numpy_table.dropout_forward(x, rate, seed, int(step[0])),
    "sgd_momentum_in_place": _momentum_in_place,
    "adam_in_place": _adam_in_place,
}


def all_cases(dtype):
    """Every case, of both rungs."""
    rng = np.random.default_rng(0)
    for fields in [*extreme_cases(dtype), *bad_index_cases()]:
        yield Case(Launches, *fields)
        yield Case(TunedLaunches, *fields)
    for method, args, terms in [*_samples(rng), *_layers(rng), *_updates(rng)]:
        yield Case(Launches, method, args, terms)
    for method, args, terms in [*_products(rng), *_pooled_convolutions(rng), *_fused(rng)]:
        yield Case(TunedLaunches, method, args, terms)
    for method, args, terms in [*_products(rng), *_pooled_convolutions(rng)]:
        yield Case(Launches, method, args, terms)


def _logits(rng, N):
    z, a = 30 * rng.standard_normal((N, 3)), rng.standard_normal((N, 3))
    a[0, 1] = 0
    return z, a, rng.integers(0, 3, N)


def _samples(rng):
    for N in (1, 320):  # 320: every one of the 64 parts of the flip rates has samples
        z, a, y = _logits(rng, N)
        yield from ((name, (scale * z,), 3) for name in ("softmax", "log_softmax") for scale in (1, 50))
        yield from ((f"signed_cross_entropy{end}", (z, a), 3) for end in ("", "_grad"))
        for matrix in (T, T_WITH_ZEROS):
            yield from ((f"forward_cross_entropy{end}", (z, y, matrix), 3) for end in ("", "_grad"))
        p, weight = numpy_table.softmax(z / 30), rng.uniform(0.5, 2, N)
        yield "flip_rate_update", (T.T.copy(), p, y, weight), N
    yield "flip_rate_update", (np.array([[0.6, 0.4, 0], [0.2, 0.8, 0], [0, 0, 1.0]]), p, y, weight), N
    yield "flip_rate_update", (T.T.copy(), p, np.ones(N, np.int64), 0 * weight), N  # no mass: every row stays


def _products(rng):
    for N, D, F in LINEAR + EMPTY_LINEAR:
        x, w, b, dy = (rng.standard_normal(shape) for shape in ((N, D), (D, F), (F,), (N, F)))
        yield "linear_forward", (x, w, b), D + 1
        yield "linear_backward", (dy, x, w), max(N, F)
        yield "linear_backward_weights", (dy, x), N
    for N, H, W, K, R, S, F, stride, pad in CONVOLUTIONS + EMPTY_CONVOLUTIONS:
        Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
        shapes = ((N, H, W, K), (R, S, K, F), (F,), (N, Ho, Wo, F))
        x, w, b, dy = (rng.standard_normal(shape) for shape in shapes)
        yield "conv2d_forward", (x, w, b, stride, pad), R * S * K + 1
        yield "conv2d_backward", (dy, x, w, stride, pad), max(R * S * F, N * Ho * Wo)
        yield "conv2d_backward_weights", (dy, x, R, S, stride, pad), N * Ho * Wo


def _pooled_convolutions(rng):
    for N, H, W, K, R, S, F, stride, pad in CONVOLUTIONS + EMPTY_CONVOLUTIONS:
        # In small integers every sum is exact, and many are equal.
        x, w, b = (rng.integers(-1, 2, shape).astype(float) for shape in ((N, H, W, K), (R, S, K, F), (F,)))
        for size in (2, 3):
            y, argmax = numpy_table.conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size)
            yield "conv2d_relu_maxpool2d_forward", (x, w, b, stride, pad, size), R * S * K + 1
            dy, sizes = rng.standard_normal(y.shape), (stride, pad, size)
            yield "conv2d_relu_maxpool2d_backward", (dy, y, argmax, x, w, *sizes), max(R * S * F, y.size)
            yield "conv2d_relu_maxpool2d_backward_weights", (dy, y, argmax, x, R, S, *sizes), y.size


def _layers(rng):
    for N, H, W, K, size in ((1, 3, 2, 1, 2), (3, 7, 9, 5, 3), (9, 8, 8, 32, 2)):
        for x in (rng.standard_normal((N, H, W, K)), 1.0 * rng.integers(0, 2, (N, H, W, K))):  # the second has ties
            yield "maxpool2d_forward", (x, size), 1
        y, argmax = numpy_table.maxpool2d_forward(x, size)
        yield "maxpool2d_backward", (rng.standard_normal(y.shape), argmax, x.shape), 1
        yield "avgpool2d_forward", (x, size), size**2
        yield "avgpool2d_backward", (rng.standard_normal(y.shape), x.shape, size), 1
    for N, K in ((2, 1), (300, 5), (9, 300)):
        x, dy, scale, shift = rng.standard_normal((N, K)), *(rng.standard_normal(n) for n in ((N, K), K, K))
        yield "batchnorm_forward", (x, scale, shift, 0.25), N
        yield "batchnorm_backward", (dy, x, x.mean(axis=0), x.var(axis=0), scale, 0.25), N
    edges = np.array([-1.0, 0.0, -0.0, 2.0, np.nan])
    for x, dy in ((edges, np.arange(1.0, 6.0)), rng.standard_normal((2, 1000))):
        yield "relu_forward", (np.nan_to_num(x),), 1
        yield "relu_backward", (dy, x), 1
    for seed, step in ((0, 0), (2**63 - 1, 2**63 - 1), (7, 3)):
        yield "dropout_forward", (1 + dy**2, 0.25, seed, step), 1


def _updates(rng):
    yield "sgd_momentum", (*rng.standard_normal((3, 1000)), 0.5, 0.75, 0.25), 3
    w, mean, dw, square = (*rng.standard_normal((3, 1000)), rng.uniform(0.5, 2, 1000))
    yield "adam", (w, mean, square, dw, 0.5, 0.75, 0.875, 0.25, 0.25), 8
    N, D, C = 50, 7, 3
    w, b, x = (rng.standard_normal(shape) for shape in ((D, C), (C,), (N, D)))
    y, weight, order = rng.integers(0, C, N), rng.uniform(0.5, 2, N), rng.permutation(N)[:45]
    for batch_size in (8, 100):
        yield "linear_sgd_epoch", (w, b, x, y, T, weight, order, batch_size, 0.25, 0.5), 8 * N
    yield "linear_loss_grad", (w, b, x, y, T, weight), 8 * N


def _fused(rng):
    yield "dropout_at", (1 + rng.standard_normal(1000) ** 2, 0.25, 7, np.array([3], np.uint64)), 1
    w, mean, dw, square = (*rng.standard_normal((3, 1000)), rng.uniform(0.5, 2, 1000))
    yield "adam_in_place", (w, mean, square, dw, np.array([0.5, 0.75, 0.25]), 0.875, 0.25, 700), 8
    yield "sgd_momentum_in_place", (*rng.standard_normal((3, 1000)), np.array([0.5, 0.75, 0.25]), 700), 3
