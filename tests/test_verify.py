"""`check.verify`: right code of every style passes, each classical error is found, and the text says where."""

from importlib.util import find_spec

import numpy as np
import pytest
from check_cases import arguments, pairs

from scratchnoise import check
from scratchnoise.check.classical_errors import ERRORS
from scratchnoise.check.planting import DoesNotApply, plant

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4)), RNG.standard_normal(4)
FUNCTIONS = pairs(np)
needs_torch = pytest.mark.skipif(not find_spec("torch"), reason="torch is not installed")


def square(x):
    return x**2


def square_backward(dy, x):
    return 2 * x * dy


# --- right code ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_right_code_passes_and_every_direction_is_decided(name, dtype):
    forward, backward, shapes = FUNCTIONS[name]
    for seed in range(3):
        report = check.verify(forward, backward, arguments(shapes, dtype, seed), seed=seed)
        assert report, report
        assert {line.status for line in report.lines if line.name != "a batch is its samples"} == {"ok"}, report


@needs_torch
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_right_torch_code_passes(dtype):
    import torch

    for name, (forward, backward, shapes) in pairs(torch).items():
        report = check.verify(forward, backward, arguments(shapes, dtype, 0, torch.as_tensor))
        assert report, f"{name}: {report}"


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


class ReLULayer:
    """A layer with state, whose backward pass takes the upstream alone."""

    def forward(self, x):
        self.mask = x > 0
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


def affine_forward(x, w, b):
    return x @ w + b, (x, w)


def affine_backward(dout, cache):
    x, w = cache
    return {"dx": dout @ w.T, "dw": x.T @ dout, "db": dout.sum(axis=0)}


def cross_entropy(z, y):
    return np.logaddexp.reduce(z, axis=1) - z[np.arange(len(y)), y]


def cross_entropy_grad(z, y):
    return np.exp(z - np.logaddexp.reduce(z, axis=1, keepdims=True)) - np.eye(z.shape[1])[y]


def sum_and_difference(a, b):
    return a + b, a - b


def scaled(x, factor, mode="plain"):
    return {"plain": 1, "double": 2}[mode] * factor * x


def scaled_backward(dy, factor, mode="plain"):
    return {"plain": 1, "double": 2}[mode] * factor * dy


layer = ReLULayer()
STYLES = {
    "state": (layer.forward, layer.backward, (X,)),
    "cache": (affine_forward, affine_backward, (X, W, B)),
    "gradient": (cross_entropy, cross_entropy_grad, (X, np.array([0, 1, 2, 0, 1]))),
    "scalar": (lambda x: float((x**3).sum()), lambda x: 3 * x**2, (X,)),
    "several outputs": (sum_and_difference, lambda dy, a, b: (dy[0] + dy[1], dy[0] - dy[1]), (X, 2 * X + 1)),
    "fixed arguments": (scaled, scaled_backward, (X, 3.0, "double")),
    "None for what is fixed": (cross_entropy, lambda dy, z, y: (dy[:, None] * cross_entropy_grad(z, y), None),
                               (X, np.array([0, 1, 2, 0, 1]))),
    "the output is given": (np.tanh, lambda dy, y: dy * (1 - y**2), (X,)),
    "float32 scalar": (lambda x: (x**2).sum(), lambda x: 2 * x, (X.astype(np.float32),)),
    "Fortran order": (square, square_backward, (np.asfortranarray(X),)),
    "large numbers": (square, square_backward, (1e6 * X,)),
    "small numbers": (square, square_backward, ((1e-6 * X).astype(np.float32),)),
    "one entry": (square, square_backward, (np.array([0.5]),)),
    "no axes": (square, square_backward, (np.array(0.5),)),
}  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_styles_of_calling(style):
    report = check.verify(*STYLES[style])
    assert report, report
    assert report["adjoint"].status == "ok", report


def test_only_some_arguments_are_differentiated():
    report = check.verify(lambda x, w: x @ w, lambda dy, x, w: dy @ w.T, (X, W), wrt="x")
    assert report.check()["shape"].detail == "dx (5, 3)"


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_outputs_at_a_kink_are_left_out_and_said_so(dtype):
    x = np.array([0.0, 1.0, -2.0, 0.0, 3.0, -1.0], dtype)
    report = check.verify(lambda x: x * (x > 0), lambda dy, x: dy * (x >= 0), (x,))
    assert report and "2 of 6 outputs lie at a kink" in report["adjoint"].detail, report


def test_what_cannot_be_decided_is_not_called_right():
    report = check.verify(np.abs, lambda dy, x: dy, (np.zeros(4),))
    assert report["adjoint"].status == "skipped" and "not decided" in report["adjoint"].detail


# --- wrong code ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_classical_error_is_found(name, dtype, monkeypatch):
    monkeypatch.setattr("scratchnoise.check.verification.explain", lambda *a: "an entry is wrong")
    forward, backward, shapes = FUNCTIONS[name]
    args = arguments(shapes, dtype, 0)
    found = 0
    for title, (error, _) in ERRORS.items():
        wrong = plant(error, backward)
        if makes_a_difference(wrong, backward, forward, args):
            found += 1
            assert not check.verify(forward, wrong, args, entries=4), title
    assert found >= 23


def makes_a_difference(wrong, right, forward, args):
    dy = np.random.default_rng(5).standard_normal(np.shape(forward(*args))).astype(args[0].dtype)
    args = args[: right.__code__.co_argcount - 1]
    try:
        a, b = wrong(dy, *args), right(dy, *args)
    except DoesNotApply:
        return False
    pairs_of = zip(a, b, strict=True) if isinstance(a, tuple) else [(a, b)]
    return not all(np.allclose(g, h, rtol=1e-4, atol=1e-5) for g, h in pairs_of)


@needs_torch
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_errors_in_torch_code_are_found(dtype, monkeypatch):
    import torch

    monkeypatch.setattr("scratchnoise.check.verification.explain", lambda *a: "an entry is wrong")
    forward, backward, shapes = pairs(torch)["linear"]
    for title, (error, _) in ERRORS.items():
        wrong = plant(error, backward)
        assert not check.verify(forward, wrong, arguments(shapes, dtype, 0, torch.as_tensor), entries=2), title


def writes_to_the_upstream(dy, x):
    dy *= 2 * x
    return dy


def remembers(dy, x, first=[]):  # noqa: B006 - the mistake itself
    first.append(x)
    return 2 * first[0] * dy


def adds_up(dy, x, total=[]):  # noqa: B006
    total.append(2 * x * dy)
    return sum(total)


def wider(dy, x):
    return (2 * x * dy).astype(np.float64)


WRONG = {
    "inputs untouched": (writes_to_the_upstream, "it writes to dy"),
    "other inputs": (remembers, ""),
    "second call equal": (adds_up, "dx differ"),
    "dtype": (wider, "dx is float64; it should be float32, as x"),
    "shape": (lambda dy, x: (2 * x * dy)[:1], r"dx has shape (1, 3); it should be (5, 3), as x"),
    "returns": (lambda dy, x: (dy, dy), "2 value(s)"),
    "linear in the upstream": (lambda dy, x: 2 * x * np.abs(dy), "does it use dy only once"),
    "adjoint": (lambda dy, x: x * dy, "dx: entry"),
    "finite differences": (lambda dy, x: 2 * x * dy + (x > 1e9) + (np.arange(x.size).reshape(x.shape) == 7) * dy, "dx"),
}


@pytest.mark.parametrize("line", WRONG)
def test_each_line_has_code_that_fails_it(line):
    wrong, text = WRONG[line]
    report = check.verify(square, wrong, (X.astype(np.float32),))
    assert report[line].status == "failed" and text in report[line].detail, report


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


# --- careless arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((square, square_backward, X), "args should be a tuple"),
        ((square, square_backward, (X.astype(np.float16),)), "float16 cannot be checked; pass float32 or float64"),
        ((square, square_backward, (np.arange(3),)), "nothing to differentiate|floating arrays"),
        ((X, square_backward, (X,)), "should be functions"),
        ((lambda x: None, square_backward, (X,)), "returned no floating array"),
    ],
)
def test_careless_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        check.verify(*arguments)


@pytest.mark.parametrize("name", ["wrt", "given", "directions", "entries", "seed"])
def test_careless_options(name):
    wrong = {"wrt": "w", "given": "cash", "directions": 0, "entries": 1.5, "seed": "x"}[name]
    with pytest.raises(ValueError, match=f"^{name}="):
        check.verify(square, square_backward, (X,), **{name: wrong})


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
