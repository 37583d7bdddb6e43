"""The vector type: every operation against its twin, and the kernels written with it, stepped and compiled."""

import numpy as np
import pytest

from scratchnoise.kernels import numpy_table
from scratchnoise.kernels.vectors import (
    convolution,
    linear,
    pooled_convolution,
    softmax_regression,
    tiles,
    vector,
)

numba = pytest.importorskip("numba")
FLOATS = (np.float32, np.float64)


@pytest.fixture(params=FLOATS, ids=("float32", "float64"))
def flat(request):
    """Forty different numbers, whose products and sums are exact."""
    return np.random.default_rng(0).permutation(np.arange(-20, 20)).astype(request.param) / 4


@pytest.fixture(scope="module", autouse=True)
def compiled_helpers():
    """What numba_table registers when it is imported."""
    pytest.importorskip("scratchnoise.kernels.numba_table")


def both(function, *arguments):
    """What the twin and the compiled form return."""
    return function(*arguments), numba.njit(function)(*arguments)


def test_a_vector_is_64_bytes(flat):
    twin, compiled = both(lambda a: vector.lanes(a), flat)
    assert twin == compiled == 64 // flat.itemsize


@pytest.mark.parametrize("index", [0, 1, 3, 17])
def test_load_and_store(flat, index):
    def copy(a, out, i):
        vector.store(out, 2, vector.load(a, i))
        return out

    for result in both(copy, flat, np.zeros_like(flat), index):
        L = vector.lanes(flat)
        np.testing.assert_array_equal(result[2 : 2 + L], flat[index : index + L])
        assert (result[:2] == 0).all() and (result[2 + L :] == 0).all()


def test_zeros(flat):
    def clear(a):
        out = a.copy()
        vector.store(out, 1, vector.zeros(a))
        return out

    for result in both(clear, flat):
        L = vector.lanes(flat)
        assert (result[1 : 1 + L] == 0).all() and result[0] == flat[0] and (result[1 + L :] == flat[1 + L :]).all()


def test_multiply_add(flat):
    def combine(a, s):
        out = np.zeros_like(a)
        vector.store(out, 0, vector.multiply_add(vector.load(a, 5), s, vector.load(a, 11)))
        return out

    L = vector.lanes(flat)
    for result in both(combine, flat, flat.dtype.type(0.75)):
        np.testing.assert_array_equal(result[:L], flat[5 : 5 + L] + flat.dtype.type(0.75) * flat[11 : 11 + L])


def test_multiply_add_of_three_vectors(flat):
    def combine(a):
        out = np.zeros_like(a)
        vector.store(out, 0, vector.multiply_add(vector.load(a, 5), vector.load(a, 2), vector.load(a, 11)))
        return out

    L = vector.lanes(flat)
    for result in both(combine, flat):
        np.testing.assert_array_equal(result[:L], flat[5 : 5 + L] + flat[2 : 2 + L] * flat[11 : 11 + L])


def test_total(flat):
    for result in both(lambda a: vector.total(vector.load(a, 4)), flat):
        assert result == flat[4 : 4 + vector.lanes(flat)].sum()


# sizes that fill no vector, no tile and no group; strides, padding beyond the kernel, a single pixel, many filters
SHAPES = [
    ((3, 7, 6, 2), (3, 2, 5), 1, 0),
    ((2, 7, 6, 2), (3, 2, 5), 2, 1),
    ((2, 5, 5, 3), (3, 3, 33), 1, 2),
    ((9, 4, 4, 3), (2, 2, 16), 3, 1),
    ((1, 2, 3, 1), (1, 1, 1), 1, 0),
    ((2, 4, 5, 8), (3, 3, 64), 1, 3),
    ((1, 12, 11, 2), (5, 5, 4), 1, 0),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("images", "kernel", "stride", "pad"), SHAPES)
def test_the_uncompiled_convolution_equals_numpy(images, kernel, stride, pad, dtype):
    """The twin runs the very source that numba compiles; test_backends_agree runs the compiled form."""
    rng, (R, S, F) = np.random.default_rng(1), kernel
    x, w, b = (rng.normal(size=s).astype(dtype) for s in (images, (R, S, images[3], F), (F,)))
    tolerance = 20 * np.finfo(dtype).eps * R * S * images[3] * images[1] * images[2] * images[0]
    y = convolution.conv2d_forward(x, w, b, stride, pad)
    np.testing.assert_allclose(y, numpy_table.conv2d_forward(x, w, b, stride, pad), atol=tolerance)
    dy = rng.normal(size=y.shape).astype(dtype)
    dx, dw, db = numpy_table.conv2d_backward(dy, x, w, stride, pad)
    np.testing.assert_allclose(convolution.conv2d_input_gradient(dy, w, x.shape, stride, pad), dx, atol=tolerance)
    ours = convolution.conv2d_backward_weights(dy, x, R, S, stride, pad)
    np.testing.assert_allclose(ours[0], dw, atol=tolerance)
    np.testing.assert_allclose(ours[1], db, atol=tolerance)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("N", "D", "F"), [(1, 1, 1), (9, 5, 3), (8, 7, 32), (3, 40, 70), (17, 2, 33)])
def test_the_uncompiled_product_equals_numpy(N, D, F, dtype):
    rng = np.random.default_rng(2)
    x, w, b, dy = (rng.normal(size=s).astype(dtype) for s in ((N, D), (D, F), (F,), (N, F)))
    tolerance = 20 * np.finfo(dtype).eps * max(N, D, F)
    np.testing.assert_allclose(linear.linear_forward(x, w, b), x @ w + b, atol=tolerance)
    np.testing.assert_allclose(linear.linear_input_gradient(dy, w), dy @ w.T, atol=tolerance)
    dw, db = linear.linear_backward_weights(dy, x)
    np.testing.assert_allclose(dw, x.T @ dy, atol=tolerance)
    np.testing.assert_allclose(db, dy.sum(axis=0), atol=tolerance)


def test_a_tile_that_forgets_its_last_row_is_noticed(monkeypatch):
    def forgetful(tile, x, at, offset, w):
        return (*right(tile, x, at, offset, w)[:7], tile[7])

    right = convolution.outer
    monkeypatch.setattr(convolution, "outer", forgetful)
    with pytest.raises(AssertionError):
        test_the_uncompiled_convolution_equals_numpy((1, 12, 11, 2), (5, 5, 4), 1, 0, np.float64)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("images", "kernel", "stride", "pad"), [shape for shape in SHAPES if shape[0][1] > 2])
def test_the_uncompiled_fused_convolution_equals_numpy(images, kernel, stride, pad, dtype):
    rng, (R, S, F) = np.random.default_rng(3), kernel
    x, w, b = (rng.normal(size=s).astype(dtype) for s in (images, (R, S, images[3], F), (F,)))
    tolerance = 20 * np.finfo(dtype).eps * R * S * images[3] * images[1] * images[2] * images[0]
    y, argmax = numpy_table.conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, 2)
    ours = pooled_convolution.forward(x, w, b, stride, pad, 2)
    np.testing.assert_allclose(ours[0], y, atol=tolerance)
    np.testing.assert_array_equal(ours[1], argmax)
    dy = rng.normal(size=y.shape).astype(dtype)
    dx, dw, db = numpy_table.conv2d_relu_maxpool2d_backward(dy, y, argmax, x, w, stride, pad, 2)
    found = pooled_convolution.input_gradient(dy, y, argmax, w, x.shape, stride, pad)
    np.testing.assert_allclose(found, dx, atol=tolerance)
    parts = pooled_convolution.backward_weights(dy, y, argmax, x, R, S, stride, pad, 2)
    np.testing.assert_allclose(parts[0], dw, atol=tolerance)
    np.testing.assert_allclose(parts[1], db, atol=tolerance)


def test_a_group_of_samples_fits_in_a_tile():
    """`logits_of` and `add_products` take no more rows than a tile has."""
    assert softmax_regression.GROUP <= tiles.PIXELS


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("M", "C", "D"), [(8, 3, 40), (5, 4, 17), (1, 1, 3), (7, 7, 16), (8, 2, 33)])
def test_the_uncompiled_softmax_regression_equals_numpy(M, C, D, dtype):
    rng = np.random.default_rng(4)
    x, w, b, dz, dw = (rng.normal(size=s).astype(dtype) for s in ((20, D), (C, D), (C,), (M, C), (C, D)))
    batch, z, tolerance = rng.permutation(20)[:M], np.empty((M, C), dtype), 20 * np.finfo(dtype).eps * max(M, D)
    softmax_regression.logits_of(batch, x, w, b, z)
    np.testing.assert_allclose(z, x[batch] @ w.T + b, atol=tolerance)
    expected = dw + dz.T @ x[batch]
    softmax_regression.add_products(dz, batch, x, dw)
    np.testing.assert_allclose(dw, expected, atol=tolerance)
