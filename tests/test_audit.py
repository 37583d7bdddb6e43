"""`check.audit`: a test with an upstream of ones is told what it misses, one with random numbers is told nothing."""

import sys
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


@pytest.mark.parametrize(
    ("backward", "test", "message"),
    [
        (lambda dy: dy, lambda backward: False, "rejects <lambda> itself"),
        (lambda dy: dy, lambda backward: None, "never calls <lambda>"),
        (lambda dy: dy, "pytest", "test should be a function"),
        ("nowhere.backward", lambda: None, "'nowhere.backward' is not found"),
        (3, lambda: None, "backward=3 should be a function"),
    ],
)
def test_careless_arguments(backward, test, message):
    with pytest.raises(ValueError, match=message):
        check.audit(backward, test)
