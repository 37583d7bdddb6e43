"""numpy, loops and numba compute the same: every kernel, drawn arguments, float32 and float64."""

import hypothesis
import numpy as np
import profiles
import pytest
from agreement import NAMES, assert_agree, results

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.check import assert_close
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS, as_dtype


def test_every_kernel_has_a_strategy():
    assert set(NAMES) == set(KERNEL_ARGUMENTS)


@pytest.mark.parametrize("name", NAMES)
def test_tables_agree(table, name):
    """In both float types on the same arguments, because drawing them takes longest."""

    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def agree(args):
        for dtype in (np.float32, np.float64):
            assert_agree(name, getattr(kernels, name), args, dtype)

    agree()


@pytest.mark.parametrize("name", ["dropout_forward", "dropout_backward"])
def test_dropout_masks_are_the_same_bit_for_bit(table, name):
    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def same(drawn):
        for dtype in (np.float32, np.float64):
            args = as_dtype(drawn, dtype)
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
@pytest.mark.parametrize("name", profiles.thinned(NAMES, every=len(NAMES)))
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
    @hypothesis.settings(phases=[hypothesis.Phase.generate], database=None, derandomize=True, max_examples=40)
    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def agree(args):
        assert_agree(name, wrong, args, np.float64)

    with pytest.raises(AssertionError, match=name), backend("numpy"):
        agree()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_that_meet_in_one_place_add_up(table, dtype):
    """The adjoint of reading one place twice; no forward pass leaves such an argmax, but the gate takes it."""
    if table == "cuda_on_cpu":
        pytest.skip("its threads would write to one place at once, so a GPU promises nothing here")
    dy, x = np.array([1.0, 2.0, 4.0, 8.0], dtype).reshape(1, 2, 2, 1), np.zeros((1, 4, 4, 1), dtype)
    argmax = np.array([5, 5, 0, 5]).reshape(1, 2, 2, 1)
    expected = np.zeros(16, dtype)
    expected[[0, 5]] = 4, 11
    assert_close("dx", kernels.maxpool2d_backward(dy, argmax, x.shape).ravel(), expected, 0)
    w, ones = np.ones((1, 1, 1, 1), dtype), np.ones_like(dy)
    dx, _, db = kernels.conv2d_relu_maxpool2d_backward(dy, ones, argmax, x, w, 1, 0, 2)
    assert_close("dx of the fused layer", dx.ravel(), expected, 0)
    assert_close("db", db, np.array([15.0]), 0)


def test_one_sample_is_its_own_mean_and_has_no_variance(table):
    x, scale, shift = np.array([[3.0, -5.0]]), np.array([2.0, 4.0]), np.array([0.5, -0.25])
    y, mean, variance = kernels.batchnorm_forward(x, scale, shift, 1e-5)
    for found, expected in ((y, shift[None]), (mean, x[0]), (variance, np.zeros(2))):
        assert_close("of one sample", found, expected, 1e-12)
