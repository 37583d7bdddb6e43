"""`check.audit`: a test with an upstream of ones is told what it misses, one with random numbers is told nothing."""

import sys
import unittest
from importlib.util import find_spec
from types import ModuleType

import numpy as np
import pytest
from check_cases import arguments, pairs

from scratchnoise import check

FUNCTIONS = pairs(np)


def test_of(name, ones):
    """A plain gradient test of the pair, with one fixed input."""
    forward, right, shapes = FUNCTIONS[name]
    args = arguments(shapes, "float64", 0)
    count = right.__code__.co_argcount - 1

    def test(backward):
        upstream = np.ones_like(forward(*args)) if ones else None
        rng = np.random.default_rng(1)
        check.check_backward(forward, lambda dy, *a: backward(dy, *a[:count]), args, rng, upstream=upstream)

    return right, test


test_of.__test__ = False


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_random_upstream_misses_nothing(name):
    report = check.audit(*test_of(name, ones=False))
    assert report and "misses 0 of" in report.title, report
    assert sum(line.status == "ok" for line in report.lines) >= 23


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_upstream_of_ones_is_told_what_it_misses(name):
    report = check.audit(*test_of(name, ones=True))
    missed = {line.name for line in report.failed}
    assert {"upstream dropped", "upstream averaged", "upstream without its sign"} <= missed
    assert "ones hide it" in report["upstream dropped"].detail
    if name == "softmax":  # its rows sum to 1, so that its gradient under ones is zero
        assert {"zeros", "half", "wrong sign", "stale cache"} <= missed


@pytest.mark.slow
def test_a_test_that_finds_its_function_by_name():
    module = ModuleType("a_module_of_mine")
    forward, module.backward, shapes = FUNCTIONS["linear"]
    right, (x, w, b) = module.backward, arguments(shapes, "float32", 0)

    def looks_at_shapes():
        dx, dw, db = module.backward(np.ones((5, 4), np.float32), x, w)
        return bool(dx.shape == x.shape and dw.shape == w.shape)

    sys.modules["a_module_of_mine"] = module
    try:
        report = check.audit("a_module_of_mine.backward", looks_at_shapes)
        by_verify = check.audit("a_module_of_mine.backward", lambda: check.verify(forward, module.backward, (x, w, b)))
    finally:
        del sys.modules["a_module_of_mine"]
    assert not any(line.status == "ok" for line in report.lines), report
    assert by_verify and module.backward is right


def test_a_method_and_its_state():
    class Layer:
        def forward(self, x):
            self.x = x
            return x**2

        def backward(self, dy):
            return 2 * self.x * dy

    def test():
        layer, x = Layer(), np.random.default_rng(0).standard_normal((4, 3))
        np.testing.assert_allclose(layer.forward(x), x**2)
        np.testing.assert_allclose(layer.backward(np.ones((4, 3))), 2 * x)

    sys.modules[__name__].Layer = Layer
    report = check.audit(f"{__name__}.Layer.backward", test)
    assert report["upstream dropped"].status == "failed" and report["wrong sign"].status == "ok"


@pytest.mark.slow
@pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")
def test_a_torch_function():
    import torch

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**2

        @staticmethod
        def backward(ctx, dy):
            return 2 * ctx.saved_tensors[0] * dy

    sys.modules[__name__].Square = Square

    def test():
        x = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
        Square.apply(x).sum().backward()
        torch.testing.assert_close(x.grad, 2 * x.detach())

    report = check.audit(f"{__name__}.Square.backward", test)
    assert report["upstream dropped"].status == "failed" and report["half"].status == "ok"


def test_a_layer_that_adds_its_gradients_up():
    class Summing:
        def __init__(self, w):
            self.w, self.dw = w, np.zeros_like(w)

        def forward(self, x):
            self.x = x
            return x @ self.w

        def backward(self, dy):
            self.dw += self.x.T @ dy
            return dy @ self.w.T

    def looks_at_both(rng=None):
        rng = np.random.default_rng(0)  # seeds itself
        layer, x = Summing(rng.standard_normal((3, 4))), rng.standard_normal((5, 3))
        dy = rng.standard_normal(layer.forward(x).shape)
        np.testing.assert_allclose(layer.backward(dy).shape, x.shape)
        np.testing.assert_allclose(layer.dw, x.T @ dy)

    sys.modules[__name__].Summing = Summing
    report = check.audit(f"{__name__}.Summing.backward", looks_at_both)
    assert report["upstream dropped"].status == report["last sample only"].status == "ok", report  # they change dw
    unseen = {"twice", "transposed", "zeros"}  # they change dx alone, of which the test compares the shape
    assert unseen <= {line.name for line in report.failed}, report


def test_a_test_that_never_fails_misses_everything():
    forward, right, shapes = FUNCTIONS["linear"]
    args = arguments(shapes, "float64", 0)

    def runs(backward):
        backward(np.ones((5, 4)), *args[:2])

    report = check.audit(right, runs)
    assert "misses 27 of 27" in report.title and not any(line.status == "ok" for line in report.lines), report


def failing(backward):
    if not np.allclose(backward(np.array([1.0, -2.0])), [2.0, -4.0]):
        pytest.fail("a wrong gradient")


def skipping(backward):
    pytest.skip("not today")


class OfUnittest(unittest.TestCase):
    __test__ = False  # audit runs it, with a wrong pass in place

    def runTest(self):
        self.assertEqual(2.0, sys.modules["a_module_of_mine"].double(np.array([1.0]))[0])


def test_the_ways_in_which_a_test_fails():
    assert check.audit(lambda dy: 2 * dy, failing)["half"].status == "ok"
    module = ModuleType("a_module_of_mine")
    module.double = lambda dy: 2 * dy
    sys.modules["a_module_of_mine"] = module
    try:
        report = check.audit("a_module_of_mine.double", OfUnittest())
    finally:
        del sys.modules["a_module_of_mine"]
    assert report["half"].status == "ok" and report["upstream dropped"].status == "failed", report


def with_a_fixture(backward, tmp_path):
    pass


@pytest.mark.parametrize(
    ("backward", "test", "message"),
    [
        (lambda dy: dy, lambda backward: False, r"rejects <lambda> itself \(it returned False\)"),
        (lambda dy: dy, lambda backward: backward(), r"rejects <lambda> itself \(TypeError"),
        (lambda dy: dy, skipping, "never calls <lambda>"),
        (lambda dy: dy, with_a_fixture, r"test\(backward, tmp_path\) should take the backward pass alone; bind"),
        ("numpy.sum", with_a_fixture, r"test\(backward, tmp_path\) should take no arguments"),
        (lambda dy: dy, lambda backward: None, "never calls <lambda>"),
        (lambda dy: dy, "pytest", "test should be a function"),
        ("nowhere.backward", lambda: None, "'nowhere.backward' is not found"),
        (3, lambda: None, "backward=3 should be a function"),
    ],
)
def test_careless_arguments(backward, test, message):
    with pytest.raises(ValueError, match=message):
        check.audit(backward, test)
