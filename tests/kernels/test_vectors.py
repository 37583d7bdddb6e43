"""Tiles: every operation against its twin for every shape, and the kernels written with them, stepped through."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import hypothesis
import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import profiles
import pytest

from scratchnoise.kernels import loops_table, numpy_table
from scratchnoise.kernels.vectors import (
    convolution,
    linear,
    pooled_convolution,
    softmax_regression,
    target,
    tiles,
)

FLOATS = (np.float32, np.float64)
SHAPES = list(dict.fromkeys(target.SHAPES.values()))


@pytest.fixture(params=SHAPES, ids=str)
def shape(request, monkeypatch):
    """Each shape of the table in turn: LLVM breaks up vectors that are wider than this machine's."""
    monkeypatch.setattr(tiles, "BYTES", request.param.bytes)
    values = {"ROWS": request.param.rows, "VECTORS": request.param.vectors, "INNER_ROWS": request.param.inner_rows}
    for module in (convolution, linear, pooled_convolution, softmax_regression):
        for name in values.keys() & vars(module).keys():
            monkeypatch.setattr(module, name, values[name])
    return request.param


def operations(rows, vectors):
    """A kernel for each operation on a tile: it reads x, w and four whole numbers, and writes to out."""

    def load_store(x, w, out, i, j):
        tile = tiles.load(x, tiles.steps(i, 3, rows), j, vectors)
        tiles.store(tile, out, tiles.steps(1, vectors * tiles.lanes(x), rows), i)

    def zeros(x, w, out, i, j):
        tiles.store(tiles.zeros(x, rows, vectors), out, tiles.steps(i, vectors * tiles.lanes(x), rows), j)

    def clamped(x, w, out, i, j):
        places = np.arange(20)[::-1].copy()
        tile = tiles.load(x, tiles.clamped(places, i, 6, rows), j, vectors)
        tiles.store(tile, out, tiles.steps(0, vectors * tiles.lanes(x), rows), 0)

    def outer(x, w, out, i, j):
        places = tiles.steps(0, vectors * tiles.lanes(x), rows)
        tile = tiles.load(x, places, i, vectors)
        for k in range(3):
            tile = tiles.outer(tile, x, tiles.steps(k, 2, rows), j, w, i + k)
        tiles.store(tile, out, places, 0)

    def inner(x, w, out, i, j):
        places = tiles.steps(0, vectors * tiles.lanes(x), rows)
        tile = tiles.load(x, places, j, vectors)
        tile = tiles.inner(tile, x, tiles.steps(i, 5, rows), 1, w, tiles.steps(2, 3, vectors), j)
        tiles.store(tile, out, places, 0)

    def add_scaled(x, w, out, i, j):
        places = tiles.steps(0, vectors * tiles.lanes(x), rows)
        tile = tiles.add_scaled(tiles.load(x, places, i, vectors), tiles.pick(w, j), x, tiles.steps(i, 3, rows), j)
        tiles.store(tile, out, places, 0)

    def store_totals(x, w, out, i, j):
        tiles.store_totals(tiles.load(x, tiles.steps(i, 3, rows), j, vectors), out)

    def pick_put(x, w, out, i, j):
        tiles.put(tiles.pick(x, i), out, j)

    def exponential(x, w, out, i, j):
        places = tiles.steps(0, vectors * tiles.lanes(x), rows)
        tiles.store(tiles.exponential(tiles.load(x, places, i, vectors)), out, places, 0)

    return locals()


NAMES = [name for name in operations(0, 0) if name not in ("rows", "vectors")]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", profiles.thinned(NAMES))
def test_an_operation_equals_its_twin(shape, name, dtype):
    """Few bits each, whose sums and products are exact in any order."""
    numba = pytest.importorskip("numba")
    pytest.importorskip("scratchnoise.kernels.numba_table")
    rng = np.random.default_rng(0)
    x, w = (rng.integers(-9, 9, 700).astype(dtype) / 4 + dtype(0.125) for _ in range(2))
    kernel = operations(shape.rows, shape.vectors)[name]
    twin, compiled = np.zeros(600, dtype), np.zeros(600, dtype)
    kernel(x, w, twin, 2, 5)
    numba.njit(kernel)(x, w, compiled, 2, 5)
    np.testing.assert_allclose(compiled, twin, rtol=4 * np.finfo(dtype).eps if name == "exponential" else 0)
    assert np.count_nonzero(twin) or name == "zeros"


@pytest.mark.parametrize("dtype", FLOATS)
def test_zeros_and_stores_leave_the_rest_alone(shape, dtype):
    numba = pytest.importorskip("numba")
    pytest.importorskip("scratchnoise.kernels.numba_table")
    for form in (lambda kernel: kernel, numba.njit):
        out, L = np.ones(600, dtype), shape.bytes // np.dtype(dtype).itemsize
        form(operations(shape.rows, shape.vectors)["zeros"])(out, out, out, 2, 5)
        assert (out[7 : 7 + shape.rows * shape.vectors * L] == 0).all()
        assert out.sum() == 600 - shape.rows * shape.vectors * L


SPECIAL = [0.0, -0.0, -np.inf, np.inf, np.nan, 1.0, -1.0, -87.5, -95.0, -103.9, -104.1, 88.7, 88.8, 89.5]
SPECIAL += [-708.5, -720.0, -745.1, -745.2, -746.5, -800.0, 709.7, 709.8, 710.5, 1e-30, -1e-30, 1e30, -1e30]


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_exponential(dtype):
    """To 2 units in the last place, where the result is subnormal too: 2^n is then no float of its own."""
    numba = pytest.importorskip("numba")
    pytest.importorskip("scratchnoise.kernels.numba_table")
    kernel, L = numba.njit(operations(1, 1)["exponential"]), target.BYTES // np.dtype(dtype).itemsize

    special = st.sampled_from(np.array(SPECIAL, dtype).tolist())

    @hypothesis.given(arrays.arrays(dtype, L, elements=st.floats(-800, 720, width=32) | special))
    @hypothesis.example(np.resize(np.array(SPECIAL, dtype), L))
    def close(x):
        for part in (x, *np.resize(np.array(SPECIAL, dtype), (-(-len(SPECIAL) // L), L))):
            found = np.empty(L, dtype)
            with np.errstate(over="ignore"):
                kernel(np.ascontiguousarray(part), part, found, 0, 0)
                right = np.exp(part.astype(np.longdouble))
                expected = right.astype(dtype)
            exact = ~np.isfinite(expected) | (expected == 0)
            np.testing.assert_array_equal(found[exact], expected[exact])
            error = np.abs(found[~exact] - right[~exact]) / np.spacing(expected[~exact])
            assert error.max(initial=0) <= 2, (part, found, expected)

    close()


# sizes that fill no vector, no tile and no group; strides, padding beyond the kernel, one pixel, many filters, few
LAYERS = [
    ((3, 7, 6, 2), (3, 2, 5), 1, 0),
    ((2, 7, 6, 2), (3, 2, 5), 2, 1),
    ((2, 5, 5, 3), (3, 3, 33), 1, 2),
    ((9, 4, 4, 3), (2, 2, 16), 3, 1),
    ((1, 2, 3, 1), (1, 1, 1), 1, 0),
    ((2, 4, 5, 8), (3, 3, 64), 1, 3),
    ((1, 12, 11, 2), (5, 5, 4), 1, 0),
    ((7, 5, 4, 16), (2, 2, 3), 1, 1),
]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("images", "kernel", "stride", "pad"), LAYERS)
def test_the_uncompiled_convolution_equals_numpy(shape, images, kernel, stride, pad, dtype):
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
@pytest.mark.parametrize(
    ("N", "D", "F"), [(1, 1, 1), (9, 5, 3), (8, 7, 32), (3, 40, 70), (17, 2, 33), (2, 300, 3), (0, 2, 3)]
)
def test_the_uncompiled_product_equals_numpy(shape, N, D, F, dtype):
    rng = np.random.default_rng(2)
    x, w, b, dy = (rng.normal(size=s).astype(dtype) for s in ((N, D), (D, F), (F,), (N, F)))
    tolerance = 20 * np.finfo(dtype).eps * max(N, D, F)
    np.testing.assert_allclose(linear.linear_forward(x, w, b), x @ w + b, atol=tolerance)
    np.testing.assert_allclose(linear.linear_input_gradient(dy, w), dy @ w.T, atol=tolerance)
    dw, db = linear.linear_backward_weights(dy, x)
    np.testing.assert_allclose(dw, x.T @ dy, atol=tolerance)
    np.testing.assert_allclose(db, dy.sum(axis=0), atol=tolerance)


def test_a_tile_that_forgets_its_last_row_is_noticed(monkeypatch):
    def forgetful(tile, *arguments):
        return np.concatenate([right(tile, *arguments)[:-1], tile[-1:]])

    right = convolution.outer
    monkeypatch.setattr(convolution, "outer", forgetful)
    with pytest.raises(AssertionError):
        test_the_uncompiled_convolution_equals_numpy(None, (1, 12, 11, 2), (5, 5, 4), 1, 0, np.float64)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("images", "kernel", "stride", "pad"), [shape for shape in LAYERS if shape[0][1] > 2])
def test_the_uncompiled_fused_convolution_equals_numpy(shape, images, kernel, stride, pad, dtype):
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


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_group_of_samples_is_whole_tiles(shape):
    """`logits_of` writes whole tiles of logits, GROUP rows of them."""
    assert softmax_regression.GROUP % shape.inner_rows == 0


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("N", "C", "D", "batch_size"), [(20, 3, 40, 8), (33, 4, 17, 13), (1, 1, 3, 2), (50, 7, 16, 50)]
)
def test_the_uncompiled_softmax_regression_equals_the_loops(shape, N, C, D, batch_size, dtype):
    rng = np.random.default_rng(4)
    x, w, b, weight = (rng.normal(size=s).astype(dtype) for s in ((N, D), (D, C), (C,), (N,)))
    T, y = rng.dirichlet(np.ones(C), size=C).T.astype(dtype), rng.integers(0, C, N)
    problem = (w, b, x, y, T, np.abs(weight))
    for name, arguments in (
        ("linear_sgd_epoch", (*problem, rng.permutation(N), batch_size, 0.1, 0.01)),
        ("linear_loss_grad", problem),
    ):
        expected = getattr(loops_table, name)(*arguments)
        for found, right in zip(getattr(softmax_regression, name)(*arguments), expected, strict=True):
            np.testing.assert_allclose(found, right, atol=20 * np.finfo(dtype).eps * max(N, D), err_msg=name)


WRONG_PARTS = {
    "its last group left out": lambda right, samples, *rest: right(samples[: (samples.size - 1) // 8 * 8], *rest),
    "its gradient left out": lambda right, samples, w, b, N, dw, db: right(samples, w, b, N, dw.copy(), db.copy()),
    "no mean": lambda right, samples, w, b, N, *gradients: right(samples, w, b, 1, *gradients),
}


@pytest.mark.parametrize("wrong", WRONG_PARTS.values(), ids=WRONG_PARTS)
def test_a_wrong_part_of_the_objective_is_noticed(monkeypatch, wrong):
    def add_gradients(x, y, T, log_T, weight, samples, *rest):
        return wrong(partial(right, x, y, T, log_T, weight), samples, *rest)

    right = softmax_regression.add_gradients
    monkeypatch.setattr(softmax_regression, "add_gradients", add_gradients)
    with pytest.raises(AssertionError):
        test_the_uncompiled_softmax_regression_equals_the_loops(None, 33, 4, 17, 13, np.float64)


def shape_in_a_process(**environment):
    """The shape of a tile in a new process."""
    code = "from scratchnoise.kernels.vectors import target as t; print(t.ROWS, t.VECTORS, t.BYTES, t.INNER_ROWS)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | environment)
    return target.Shape(*map(int, run.stdout.split()))


def test_the_shape_follows_numbas_own_switches():
    numba = pytest.importorskip("numba")
    if not numba.core.registry.cpu_target.target_context.codegen().magic_tuple()[0].startswith("x86_64"):
        pytest.skip("names processors of x86-64")
    assert shape_in_a_process(NUMBA_CPU_NAME="x86-64-v2", NUMBA_CPU_FEATURES="").bytes == 16
    assert shape_in_a_process(NUMBA_CPU_NAME="haswell", NUMBA_CPU_FEATURES="").bytes == 32
    assert shape_in_a_process(NUMBA_CPU_NAME="skylake-avx512", NUMBA_CPU_FEATURES="").bytes == 64
    assert shape_in_a_process(NUMBA_CPU_NAME="generic").bytes == 16


@pytest.mark.slow
def test_the_cache_notices_the_edit_of_a_helper(tmp_path):
    """numba itself looks at no file but that of the function it compiles."""
    numba = pytest.importorskip("numba")
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled")
    package = tmp_path / "scratchnoise"
    shutil.copytree(Path(target.__file__).parents[2], package, ignore=shutil.ignore_patterns("__pycache__"))
    code = "import numpy as np; from scratchnoise.kernels.numba_table import softmax as f; f(np.ones((1, 3)))"
    code += "; print(sum(f.stats.cache_hits.values()))"
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def hits():
        command = [sys.executable, "-c", code]
        run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, cwd=tmp_path)
        return int(run.stdout)

    assert [hits(), hits()] == [0, 1]
    helper = package / "kernels" / "vectors" / "emit.py"
    helper.write_text(helper.read_text() + "\n# another line\n")
    assert [hits(), hits()] == [0, 1]
