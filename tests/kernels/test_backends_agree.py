"""numpy, loops and numba compute the same: every kernel, drawn arguments, float32 and float64."""

import inspect

import hypothesis
import numpy as np
import pytest

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.check import assert_close
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS, as_dtype, n_terms

NAMES = sorted(name for name, f in vars(kernels).items() if inspect.isfunction(f) and f.__module__ == kernels.__name__)


def results(kernel, args):
    """The results as a list of arrays."""
    found = kernel(*args)
    return [np.asarray(r) for r in found] if isinstance(found, tuple) else [np.asarray(found)]


def assert_agree(name, kernel, args, dtype):
    """Raise AssertionError unless `kernel` on float `dtype` arguments agrees with the loops in float64.

    The loops add exactly enough: what is left is the rounding of a sum, at most the number of its terms times epsilon
    times the largest term.
    """
    args = as_dtype(args, dtype)
    with backend("loops"):
        reference = results(getattr(kernels, name), as_dtype(args, np.float64))
    numbers = [a for a in (*args, *reference) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    largest = max(np.abs(a).max(initial=1) for a in numbers)
    tolerance = 4 * np.finfo(dtype).eps * n_terms(args) * largest**2
    for found, expected in zip(results(kernel, args), reference, strict=True):
        exact = expected.dtype.kind in "iu"
        assert_close(name, found, expected, 0 if exact else tolerance)


def test_every_kernel_has_a_strategy():
    assert set(NAMES) == set(KERNEL_ARGUMENTS)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_tables_agree(table, name, dtype):
    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def agree(args):
        assert_agree(name, getattr(kernels, name), args, dtype)

    agree()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["dropout_forward", "dropout_backward"])
def test_dropout_masks_are_the_same_bit_for_bit(table, name, dtype):
    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def same(args):
        args = as_dtype(args, dtype)
        with backend("loops"):
            expected = np.sign(getattr(kernels, name)(*args))
        assert_close("signs of the kept entries", np.sign(getattr(kernels, name)(*args)), expected, 0)

    same()


def test_the_dropout_hash_is_splitmix64(table):
    """The first outputs of the published generator with state 0, as fractions of 2^53."""
    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC]
    fractions = np.array([(word >> 11) * 2.0**-53 for word in published])
    for rate in fractions:
        kept = np.sign(kernels.dropout_forward(np.ones(4), rate, 0, 0))
        assert_close(f"kept at rate {rate:.4f}", kept, np.where(fractions >= rate, 1.0, 0.0), 0)


@pytest.fixture
def two_threads(monkeypatch):
    numba = pytest.importorskip("numba")
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("NUMBA_NUM_THREADS allows one thread only")
    from scratchnoise.kernels import threads

    monkeypatch.setattr(threads, "WORTH_WAKING", 0)
    numba.set_num_threads(2)
    yield
    numba.set_num_threads(1)


@pytest.mark.filterwarnings("ignore:this process was forked")
@pytest.mark.parametrize("name", NAMES)
def test_whoever_runs_a_kernel_the_bits_are_the_same(two_threads, name):
    """Sums do not depend on who adds what: two threads, one thread, and the code without parallel loops agree."""
    import numba

    from scratchnoise.kernels import threads

    @hypothesis.settings(max_examples=5)
    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def same(args):
        kernel = getattr(kernels, name)
        both = results(kernel, args)
        numba.set_num_threads(1)
        one = results(kernel, args)
        numba.set_num_threads(2)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(threads, "lost_threads", lambda: True)
            without = results(kernel, args)
        for found, expected, lost in zip(both, one, without, strict=True):
            assert_close(f"{name} with two threads", found, expected, 0)
            assert_close(f"{name} without parallel loops", lost, expected, 0)

    with backend("numba"):
        same()


def wrong_kernels():
    """One wrong version of a kernel, and how it is wrong, for the comparison itself."""
    yield "softmax", "in float32", lambda z: kernels.softmax(z.astype(np.float32)).astype(z.dtype)
    yield "forward_cross_entropy", "transposed", lambda z, y, T: kernels.forward_cross_entropy(z, y, T.T.copy())
    yield "linear_backward", "mean for sum", lambda dy, x, w: (*kernels.linear_backward(dy, x, w)[:2], dy.mean(axis=0))
    yield "maxpool2d_forward", "argmax of the tile", lambda x, size: (kernels.maxpool2d_forward(x, size)[0], 0)
    yield "conv2d_forward", "stride ignored", lambda x, w, b, stride, pad: kernels.conv2d_forward(x, w, b, 1, pad)
    yield "dropout_forward", "step ignored", lambda x, rate, seed, step: kernels.dropout_forward(x, rate, seed, 0)


@pytest.mark.parametrize(("name", "wrong"), [pytest.param(n, f, id=f"{n} {how}") for n, how, f in wrong_kernels()])
def test_disagreement_is_noticed(name, wrong):
    @hypothesis.settings(phases=[hypothesis.Phase.generate], database=None, derandomize=True)
    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def agree(args):
        assert_agree(name, wrong, args, np.float64)

    with pytest.raises(AssertionError, match=name), backend("numpy"):
        agree()
