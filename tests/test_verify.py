"""`check.verify`: right code of every style passes, each classical error is found, and the text says where."""

from importlib.util import find_spec

import numpy as np
import profiles
import pytest
from check_bars import DTYPES, false_alarms, planted_errors
from check_cases import arguments

from scratchnoise import check

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4)), RNG.standard_normal(4)
needs_torch = pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")


def square(x):
    return x**2


def square_backward(dy, x):
    return 2 * x * dy


# --- right code ------------------------------------------------------------------------------------------


KINDS = ["numpy", pytest.param("torch", marks=[needs_torch, pytest.mark.slow])]
COMPLETE = profiles.runs("complete")
NIGHTLY = profiles.runs("nightly")  # --hypothesis-profile=nightly runs the whole bars
SEEDS = range(200) if NIGHTLY else range(2)
FUNCTIONS = {  # in which errors are planted; None: all ten
    ("numpy", "float64"): None if COMPLETE else ("linear", "softmax", "product"),
    ("numpy", "float32"): None if NIGHTLY else ("linear", "softmax", "product") if COMPLETE else ("linear",),
    ("torch", "float64"): None if NIGHTLY else ("linear",),
    ("torch", "float32"): None if NIGHTLY else ("pool",),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_right_code_passes_and_every_direction_is_decided(kind, dtype):
    wrong = false_alarms(kind, dtype, SEEDS)
    assert not wrong, "\n".join(wrong)


@pytest.mark.slow
@needs_torch
def test_a_torch_module_is_checked_through_autograd():
    import torch

    layer = torch.nn.Linear(3, 4)

    def forward(x, weight):
        return torch.nn.functional.linear(x, weight, layer.bias.detach())

    def backward(dy, x, weight):
        return torch.autograd.grad(forward(x, weight), (x, weight), dy)

    args = (torch.randn(5, 3, requires_grad=True), layer.weight.detach().requires_grad_())
    assert check.verify(forward, backward, args).check()


def test_only_some_arguments_are_differentiated():
    for wrt in ("x", 0, ["x"]):
        report = check.verify(lambda x, w: x @ w, lambda dy, x, w: dy @ w.T, (X, W), wrt=wrt)
        assert report.check()["shape"].detail == "dx (5, 3)"


def test_the_parameters_alone_are_differentiated():
    def forward(x, p):
        return x @ p["w"] + p["b"]

    both = "dp['w'] (3, 4), dp['b'] (4,)"
    for wrt, letters in (("p", both), (1, both), ("p['b']", "dp['b'] (4,)")):
        report = check.verify(
            forward, lambda dy, x, p: {"w": x.T @ dy, "b": dy.sum(axis=0)}, (X, {"w": W, "b": B}), wrt=wrt
        )
        assert report.check()["shape"].detail == letters


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_outputs_at_a_kink_are_left_out_and_said_so(dtype):
    x = np.array([0.0, 1.0, -2.0, 0.0, 3.0, -1.0], dtype)
    report = check.verify(lambda x: x * (x > 0), lambda dy, x: dy * (x >= 0), (x,))
    assert report and "2 of 6 outputs lie at a kink" in report["adjoint"].detail, report


def test_what_cannot_be_decided_is_not_called_right():
    report = check.verify(np.abs, lambda dy, x: dy, (np.zeros(4),))
    assert report["adjoint"].status == "skipped" and "not decided" in report["adjoint"].detail
    assert not report and report["anything decided"].status == "failed"


def test_outputs_that_are_not_finite_are_said_to_be_so():
    def softmax(z):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)

    report = check.verify(softmax, lambda dy, z: dy, (np.full((2, 3), 1000.0),))
    assert not report and "6 of 6 outputs of forward are not finite" in report["adjoint"].detail


def test_a_gradient_that_is_not_finite_is_wrong():
    def root(x):
        return np.sqrt(x)

    def root_backward(dy, x):
        with np.errstate(all="ignore"):
            return dy / (2 * np.sqrt(x))

    report = check.verify(root, root_backward, (np.array([1.0, 0.0, 4.0]),))
    assert "dx: entry [1] is" in report["adjoint"].detail and report["second call equal"].status == "ok", report


# --- wrong code ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", profiles.thinned(DTYPES))
@pytest.mark.parametrize("kind", KINDS)
def test_every_classical_error_is_found(kind, dtype, monkeypatch):
    monkeypatch.setattr("scratchnoise.check.verification.explain", lambda *a: "an entry is wrong")
    functions = FUNCTIONS[kind, dtype]
    planted, missed = planted_errors(kind, dtype, functions)
    assert not missed and planted >= 23 * (10 if functions is None else len(functions)), missed


def test_a_batch_that_is_not_its_samples_fails_on_demand():
    def forward(x):
        return x - x.mean(axis=0)

    def backward(dy, x):
        return dy - dy.mean(axis=0)

    assert check.verify(forward, backward, (X,))["a batch is its samples"].status == "skipped"
    assert check.verify(forward, backward, (X,), samplewise=True)["a batch is its samples"].status == "failed"
    wrong = check.verify(square, lambda dy, x: 2 * x * dy / len(x), (X,))
    assert "is not the rows of dx of its samples" in wrong["a batch is its samples"].detail


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_failure_is_shrunk_and_names_the_entry(dtype):
    def wrong(dy, x, w):
        return dy @ w.T, x.T @ dy / len(x), dy.sum(axis=0)

    args = tuple(a.astype(dtype) for a in (X, W, B))
    report = check.verify(lambda x, w, b: x @ w + b, wrong, args)
    text = report["adjoint"].detail
    assert text.startswith("dw: entry [0, 0] should be") and "1 of 1 entries differ" in text
    assert "w = [[0.]]" in text and "x = [[1.]" in text
    with pytest.raises(AssertionError, match="dw: entry"):
        report.check()


def loss_of_a_network(x, w1, w2):
    """A mean of squares behind 128 kinks, one of which is always near."""
    return ((np.maximum(x @ w1, 0) @ w2) ** 2).mean()


def loss_of_a_network_backward(dy, x, w1, w2):
    h = x @ w1
    a = np.maximum(h, 0)
    y = a @ w2
    d = (2 * dy * y / y.size).astype(x.dtype)
    dh = (d @ w2.T) * (h > 0)
    return dh @ w1.T, x.T @ dh, a.T @ d


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_kinks_inside_of_a_loss_give_no_false_alarm(dtype):
    for seed in range(8):
        args = arguments(((8, 4), (4, 16), (16, 3)), dtype, seed)
        report = check.verify(loss_of_a_network, loss_of_a_network_backward, args, seed=seed, entries=6)
        assert report and report["adjoint"].status == "ok", report
