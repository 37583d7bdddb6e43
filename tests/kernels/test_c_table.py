"""The C kernels compute what the others do, and mutants of their source do not.

The strategies of test_backends_agree.py are the first comparison; here are the cases that they are too small for.
"""

import re

import hypothesis
import numpy as np
import profiles
import pytest
from mutants.c import MUTANTS
from test_backends_agree import assert_agree, results

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.check import assert_close
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS
from scratchnoise.kernels import c_table
from scratchnoise.kernels.c import library as c_library
from scratchnoise.kernels.c.library import Library, read

pytestmark = pytest.mark.usefixtures("needs_c_compiler")

RNG = np.random.default_rng(0)


def test_every_function_is_called_with_the_arguments_that_it_declares(monkeypatch):
    """ctypes checks neither how many arguments there are nor of which kind."""
    declared = {}
    for name, parameters in re.findall(r"^EXPORT int (\w+)\(([^)]*)\)", "\n".join(read().values()), re.MULTILINE):
        kinds = ("array" if "*" in p else "double" if "double" in p else "whole" for p in parameters.split(","))
        declared[name] = list(kinds)
    called, run = {}, Library.run

    def calling(kernel):
        @hypothesis.settings(max_examples=1, database=None)
        @hypothesis.given(KERNEL_ARGUMENTS[kernel.__name__])
        def call(args):
            kernel(*args)

        return call

    def watched(self, name, *values):
        kinds = {np.ndarray: "array", float: "double", int: "whole"}
        called[name] = [kinds[type(value)] for value in values]
        run(self, name, *values)

    monkeypatch.setattr(Library, "run", watched)
    with backend("c"):
        for name in KERNEL_ARGUMENTS:
            calling(getattr(kernels, name))()
    assert called == declared


def test_no_images_and_no_samples():
    none, y = np.zeros((0, 5, 5, 2)), np.zeros(0, np.int64)
    w, z, one = np.ones((3, 3, 2, 4)), np.zeros((0, 3)), np.zeros(0)
    dy, argmax = np.zeros((0, 3, 3, 4)), np.zeros((0, 1, 1, 4), np.int32)
    pooled = np.zeros(argmax.shape)
    calls = {
        "softmax": (z,),
        "forward_cross_entropy": (z, y, T),
        "conv2d_forward": (none, w, np.ones(4), 1, 0),
        "conv2d_backward": (dy, none, w, 1, 0),
        "maxpool2d_forward": (none, 2),
        "conv2d_relu_maxpool2d_forward": (none, w, np.ones(4), 1, 0, 2),
        "conv2d_relu_maxpool2d_backward": (pooled, pooled, argmax, none, w, 1, 0, 2),
        "avgpool2d_forward": (none, 2),
        "avgpool2d_backward": (np.zeros((0, 2, 2, 2)), none.shape, 2),
        "batchnorm_forward": (z, T[0], T[1], 0.1),
        "batchnorm_backward": (z, z, T[0], T[1], T[2], 0.1),
        "adam": (z, z, z, z, 0.1, 0.9, 0.99, 1e-8, 0.0),
        "linear_forward": (z, T, T[0]),
        "linear_backward": (z, z, T),
        "relu_forward": (z,),
        "dropout_forward": (z, 0.5, 0, 0),
        "linear_sgd_epoch": (T, T[0], z, y, T, one, y, 3, 0.1, 0.0),
        "linear_loss_grad": (T, T[0], z, y, T, one),
        "flip_rate_update": (T, z, y, one),
    }
    for name, args in calls.items():
        with backend("numpy"):
            expected = results(getattr(kernels, name), args)
        with backend("c"):
            found = results(getattr(kernels, name), args)
        for a, b in zip(found, expected, strict=True):
            assert a.shape == b.shape, name
            assert_close(name, a, b, 0)


def normal(*shape):
    return RNG.standard_normal(shape)


T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
LABELS, ORDER = RNG.integers(0, 3, 50), RNG.integers(0, 50, 90)
# More than is done at once: terms of a product, images of one part of a sum, groups of images, groups of a batch.
LARGE = {
    "linear_forward": (normal(7, 600), normal(600, 37), normal(37)),
    "conv2d_forward": (normal(20, 6, 5, 7), normal(3, 2, 7, 19), normal(19), 1, 1),
    "conv2d_backward_weights": (normal(20, 16, 17, 9), normal(20, 18, 19, 2), 3, 3, 1, 0),
    "batchnorm_forward": (normal(60, 37), normal(37), normal(37), 0.1),
    "batchnorm_backward": (normal(60, 37), normal(60, 37), normal(37), normal(37) ** 2, normal(37), 0.1),
    "linear_sgd_epoch": (normal(19, 3), normal(3), normal(50, 19), LABELS, T, RNG.random(50), ORDER, 23, 0.1, 0.2),
    "linear_loss_grad": (normal(19, 3), normal(3), normal(50, 19), LABELS, T, RNG.random(50)),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_cases(name):
    agree_on_a_large_case(name)


def agree_on_a_large_case(name):
    """Raise AssertionError unless the C kernel computes what NumPy does."""
    with backend("numpy"):
        expected = results(getattr(kernels, name), LARGE[name])
    with backend("c"):
        found = results(getattr(kernels, name), LARGE[name])
    for a, b in zip(found, expected, strict=True):
        assert_close(name, a, b, 1e-10)


def test_the_exponential_is_exact_to_a_few_roundings():
    """Softmax regression with one feature, weight 1 and two classes is exp(x) / (1 + exp(x)) in the gradient."""
    for dtype in (np.float32, np.float64):
        x = np.linspace(-40, 0, 999).astype(dtype)
        one, weight = np.ones((1, 1), dtype), np.ones(1, dtype)
        for value in x[::37]:
            w, T = np.array([[0, 1]], dtype), np.eye(2, dtype=dtype)
            args = (w, w[0] * 0, one * value, np.zeros(1, np.int64), T, weight, np.zeros(1, np.int64), 1, 1.0, 0.0)
            with backend("c"):
                _, b, _ = kernels.linear_sgd_epoch(*args)
            exact = -np.exp(np.float64(value)) / (1 + np.exp(np.float64(value)))
            assert abs(b[1] - exact) <= 4 * np.finfo(dtype).eps * abs(exact)


# --- mutants ---------------------------------------------------------------------------------------------


def mutated(name, right, wrong):
    sources = read()
    assert sources[name].count(right) == 1, f"{name} has {right!r} {sources[name].count(right)} times"
    return sources | {name: sources[name].replace(right, wrong)}


def files_of(kernel):
    """The C files of a kernel's functions, besides threads.c and the headers: a mutant compiles in no time."""
    stem = re.sub(r"_(forward|backward|backward_weights)$", "", kernel)
    return {name for name, text in read().items() if re.search(rf"^EXPORT int {stem}\w*\(", text, re.MULTILINE)}


@pytest.mark.parametrize(("kernel", "name", "right", "wrong"), profiles.thinned(MUTANTS, every=8))
def test_mutants_are_caught(tmp_path, monkeypatch, kernel, name, right, wrong):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(c_library, "OPTIMISED", ("-O0",))
    kept = files_of(kernel) | {"threads.c"}
    sources = {n: text for n, text in mutated(name, right, wrong).items() if n.endswith(".h") or n in kept}
    monkeypatch.setattr(c_table, "kernels", Library(sources))

    @hypothesis.settings(phases=[hypothesis.Phase.generate], database=None, derandomize=True, max_examples=300)
    @hypothesis.given(KERNEL_ARGUMENTS[kernel])
    def agree(args):
        assert_agree(kernel, getattr(kernels, kernel), args, np.float64)

    with pytest.raises(AssertionError), backend("c"):
        agree()
        if kernel in LARGE:
            agree_on_a_large_case(kernel)
