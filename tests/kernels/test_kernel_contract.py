"""What the facade promises of every kernel, in every table: inputs untouched, dtype kept, shapes checked."""

import hypothesis
import numpy as np
import pytest

from scratchnoise import kernels
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS, as_dtype


def arrays(args):
    return [a for a in args if isinstance(a, np.ndarray)]


@pytest.mark.parametrize("name", sorted(KERNEL_ARGUMENTS))
def test_inputs_stay_and_outputs_have_their_form(table, name):
    """In both float types on the same arguments, because drawing them takes longest."""

    def check(args, dtype):
        args = as_dtype(args, dtype)
        before = [a.copy() for a in arrays(args)]
        for a in arrays(args):
            a.setflags(write=table == "numba")  # numba would compile every kernel once more for read-only arrays
        found = getattr(kernels, name)(*args)
        for a, b in zip(arrays(args), before, strict=True):
            assert np.array_equal(a, b), f"{name} changed one of its inputs"
        for result in arrays(found if isinstance(found, tuple) else (found,)):
            assert result.dtype == (np.int32 if result.dtype.kind == "i" else dtype)
            assert result.flags.c_contiguous
            assert not any(np.shares_memory(result, a) for a in arrays(args)), f"{name} returned a view of an input"

    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def in_both_types(args):
        check(args, np.float32)
        check(args, np.float64)

    in_both_types()


class Reached(Exception):
    """The facade let the arguments through to a table."""


class NoTable:
    def __getattr__(self, name):
        def reached(*args):
            raise Reached

        return reached


# Axes with the same capital letter must agree; a small letter is free. Two letters C C: the matrix must stay square.
AXES = {
    "signed_cross_entropy": "NC NC",
    "signed_cross_entropy_grad": "NC NC",
    "forward_cross_entropy": "NC N CC",
    "forward_cross_entropy_grad": "NC N CC",
    "linear_forward": "nD DF F",
    "linear_backward": "NF ND DF",
    "linear_backward_weights": "Nf Nd",
    "conv2d_forward": "nhwK rsKF F",
    "conv2d_backward": "NIJF NhwK rsKF",
    "conv2d_backward_weights": "NIJf Nhwk",
    "maxpool2d_backward": "NIJK NIJK",
    "avgpool2d_backward": "NIJK",
    "batchnorm_forward": "nK K K",
    "batchnorm_backward": "NK NK K K K",
    "conv2d_relu_maxpool2d_forward": "nhwK rsKF F",
    "conv2d_relu_maxpool2d_backward": "NIJF NIJF NIJF NhwK rsKF",
    "conv2d_relu_maxpool2d_backward_weights": "NIJF NIJF NIJF Nhwk",
    "linear_sgd_epoch": "DC C ND N CC N m",
    "linear_loss_grad": "DC C ND N CC N",
    "flip_rate_update": "CC NC N N",
}
ELEMENTWISE = ("relu_backward", "sgd_momentum", "adam")  # their arrays have one shape, whatever it is
ONE_ARRAY = (
    *("softmax", "log_softmax", "maxpool2d_forward", "avgpool2d_forward"),
    *("relu_forward", "dropout_forward", "dropout_backward"),
)


def test_every_kernel_has_its_axes():
    assert sorted((*AXES, *ELEMENTWISE, *ONE_ARRAY)) == sorted(KERNEL_ARGUMENTS)


@pytest.mark.parametrize("name", AXES)
def test_shapes_that_disagree_are_refused(monkeypatch, name):
    """Compiled loops would read past the end of an array that is one too short."""
    monkeypatch.setattr(kernels, "table", NoTable)

    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def check(args):
        with pytest.raises(Reached):
            getattr(kernels, name)(*args)
        for i, letters in enumerate(AXES[name].split()):
            for axis, letter in enumerate(letters):
                if letter.isupper():
                    short = np.ascontiguousarray(np.delete(args[i], -1, axis))
                    with pytest.raises(ValueError):
                        getattr(kernels, name)(*args[:i], short, *args[i + 1 :])
                        pytest.fail(f"{name} took argument {i} of shape {short.shape} for {args[i].shape}")

    check()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_kernels_want_equal_shapes(name):
    first, second = np.ones((2, 3)), np.ones((2, 2))
    more = {"sgd_momentum": (first, 0.1, 0.9, 0.0), "adam": (first, first, 0.1, 0.9, 0.99, 1e-8, 0.0)}.get(name, ())
    with pytest.raises(ValueError, match="has shape"):
        getattr(kernels, name)(first, second, *more)


def bad_indices():
    """Kernels with an index that points outside."""
    z, T = np.zeros((2, 3)), np.eye(3)
    y, one = np.zeros(2, np.int64), np.ones(2)
    yield "labels too large", "forward_cross_entropy", (z, y + 3, T)
    yield "labels negative", "forward_cross_entropy_grad", (z, y - 1, T)
    yield "labels of the update", "flip_rate_update", (T, z, y + 3, one)
    sgd = (np.zeros((4, 3)), np.zeros(3), np.zeros((2, 4)), y, T, one)
    yield "order too large", "linear_sgd_epoch", (*sgd, np.array([0, 2]), 1, 0.1, 0.0)
    yield "labels of all samples", "linear_loss_grad", (*sgd[:3], y + 3, T, one)
    dy, argmax = np.ones((2, 1, 1, 1)), np.zeros((2, 1, 1, 1), np.int32)
    yield "images of another number", "maxpool2d_backward", (dy, argmax, (1, 3, 3, 1))


@pytest.mark.parametrize(("name", "args"), [pytest.param(name, args, id=what) for what, name, args in bad_indices()])
def test_indices_that_point_outside_are_refused(monkeypatch, name, args):
    monkeypatch.setattr(kernels, "table", NoTable)
    with pytest.raises(ValueError):
        getattr(kernels, name)(*args)
