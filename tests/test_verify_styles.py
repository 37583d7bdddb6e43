"""`check.verify` calls code of many styles: right code passes, wrong code fails; what cannot be called is said."""

from collections import namedtuple
from functools import partial

import numpy as np
import profiles
import pytest

from scratchnoise import check
from scratchnoise.check.classical_errors import ERRORS
from scratchnoise.check.planting import plant

RNG = np.random.default_rng(0)
X, W, B = RNG.standard_normal((5, 3)), RNG.standard_normal((3, 4)), RNG.standard_normal(4)


def square(x):
    return x**2


def square_backward(dy, x):
    return 2 * x * dy


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


def gate(x, h, c, W):
    """One output gate: two outputs and a cache, as a step of a recurrent network has."""
    a = np.tanh(x @ W + h)
    return a * c, a + c, (a, x, c, W)


def gate_backward(dnext_h, dnext_c, cache):
    a, x, c, W = cache
    dh = (dnext_h * c + dnext_c) * (1 - a**2)
    return dh @ W.T, dh, dnext_h * a + dnext_c, x.T @ dh


def network(x, layers):
    for w, b in layers:
        x = np.tanh(x @ w + b)
    return x


def network_backward(dy, x, layers):
    inputs = [x]
    for w, b in layers:
        inputs.append(np.tanh(inputs[-1] @ w + b))
    grads = []
    for k in reversed(range(len(layers))):
        dz = dy * (1 - inputs[k + 1] ** 2)
        grads.insert(0, (inputs[k].T @ dz, dz.sum(axis=0)))
        dy = dz @ layers[k][0].T
    return dy, grads


def by_keyword(*, dy, x, scale=2.0):
    return scale * dy


def rows_backward(dy, w, i):
    dw = np.zeros_like(w)
    np.add.at(dw, i, dy)
    return dw


def in_place(x):
    y = x.copy()
    y *= y
    return y


def filtered(x):
    return np.fft.ifft(np.fft.fft(x, axis=0) * FREQUENCIES, axis=0).real


def filtered_backward(dy, x):
    return np.fft.fft(np.fft.ifft(dy, axis=0) * FREQUENCIES, axis=0).real


MASK = (X > 0).astype(float)
FREQUENCIES = np.arange(1, 6)[:, None]
Gradients = namedtuple("Gradients", "db dw dx")
LAYERS = [(W, B), (W.T.copy(), B[:3])]
PARAMETERS = {"w": W, "b": B}
STATES = (X, 0.5 * (X @ W), X @ W - 1)
STRIDED = np.random.default_rng(1).standard_normal((10, 6))[::2, ::2]
READ_ONLY = X.copy()
READ_ONLY.flags.writeable = False


def affine(x, p):
    return x @ p["w"] + p["b"]


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
    "gaps in memory": (square, square_backward, (STRIDED,)),
    "a transposed view": (square, square_backward, (X.T,)),
    "read only": (square, square_backward, (READ_ONLY,)),
    "a list": (lambda x, w: x @ w, lambda dy, x, w: [dy @ w.T, x.T @ dy], (X, W)),
    "other keys": (lambda x, w: x @ w, lambda dy, x, w: {"grad_w": x.T @ dy, "grad_x": dy @ w.T}, (X, W)),
    "fields in another order": (
        lambda x, w, b: x @ w + b, lambda dy, x, w: Gradients(dy.sum(axis=0), x.T @ dy, dy @ w.T), (X, W, B)),
    "keywords only": (lambda x: 2 * x, by_keyword, (X,)),
    "the upstream comes last": (lambda x, w: x @ w, lambda x, w, dy: (dy @ w.T, x.T @ dy), (X, W)),
    "one upstream for each output": (gate, gate_backward, (*STATES, W)),
    "a float beside the output": (lambda x: (x * MASK, MASK), lambda dout, mask: dout * mask, (X,)),
    "a dict of parameters": (
        affine, lambda dy, x, p: (dy @ p["w"].T, {"w": x.T @ dy, "b": dy.sum(axis=0)}), (X, PARAMETERS)),
    "a flat dict": (
        affine, lambda dy, x, p: {"dx": dy @ p["w"].T, "dw": x.T @ dy, "db": dy.sum(axis=0)}, (X, PARAMETERS)),
    "a list of layers": (network, network_backward, (X, LAYERS)),
    "a slope for each entry": (np.tanh, lambda x: 1 - np.tanh(x) ** 2, (X,)),
    "indices": (lambda w, i: w[i], rows_backward, (X, np.array([0, 2, 2, 1]))),
    "a list of indices": (lambda w, i: w[i], rows_backward, (X, [0, 2, 2, 1])),
    "the identity": (lambda x: x, lambda dy: dy, (X,)),
    "in place on its own copy": (in_place, lambda dy, x: 2 * x * dy, (X,)),
    "no samples": (lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy), (X[:0], W)),
    "complex numbers inside": (filtered, filtered_backward, (X,)),
    "no names": (lambda *a: a[0] @ a[1], lambda dy, *a: (dy @ a[1].T, a[0].T @ dy), (X, W)),
    "bound arguments": (partial(scaled, factor=3.0), partial(scaled_backward, factor=3.0), (X,)),
}  # fmt: skip


@pytest.mark.parametrize("style", profiles.thinned(STYLES))
def test_styles_of_calling(style):
    report = check.verify(*STYLES[style])
    assert report, report
    assert report["adjoint"].status == report["other inputs"].status == "ok", report


WITH_GRADIENTS = [name for name in STYLES if name != "no samples"]  # there every gradient is 0


@pytest.mark.parametrize("style", profiles.thinned(WITH_GRADIENTS))
def test_wrong_code_of_every_style_fails(style):
    forward, backward, args = STYLES[style]
    for mistake in ("twice", "wrong sign"):
        report = check.verify(forward, plant(ERRORS[mistake][0], backward), args, entries=4)
        assert report["shape"].status == "ok" and report["adjoint"].status == "failed", report


def test_a_gradient_without_samples_has_to_be_zero():
    wrong = check.verify(lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, x.T @ dy / len(x)), (X[:0], W))
    assert "dw: entry [0, 0] is nan; 12 of 12 entries are not finite" in wrong["adjoint"].detail
    empty = check.verify(square, square_backward, (X[:0],))
    assert empty and empty["adjoint"].status == "skipped" and "empty" in empty["adjoint"].detail


def test_code_that_is_wrong_for_one_layout_only_fails_on_it():
    def needs_rows(dy, x):
        return (2 * x.ravel("K") * dy.ravel()).reshape(x.shape)

    def needs_no_gaps(dy, x):
        return 2 * x * dy if x.flags.contiguous else x * dy

    assert check.verify(square, needs_rows, (X,)) and not check.verify(square, needs_rows, (X.T,))
    assert check.verify(square, needs_no_gaps, (X,)) and not check.verify(square, needs_no_gaps, (STRIDED,))


def test_the_arrays_of_the_caller_are_left_alone():
    def forward(x):
        x *= x
        return x

    x = X.copy()
    report = check.verify(forward, square_backward, (x,))
    np.testing.assert_array_equal(x, X)
    assert "it writes to x" in report["inputs untouched"].detail, report


# --- careless arguments ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((square, square_backward, X), "args should be a tuple"),
        ((square, square_backward, (X.astype(np.float16),)), "float16 cannot be checked; pass float32 or float64"),
        ((square, square_backward, (np.arange(3),)), "nothing to differentiate|floating arrays"),
        ((X, square_backward, (X,)), "should be functions"),
        ((lambda x: None, square_backward, (X,)), "returned no floating array.* it returned NoneType"),
        ((lambda x: {"y": x}, square_backward, (X,)), "returned no floating array.* it returned dict"),
        ((lambda x: np.exp(1j * x), square_backward, (X,)), "pass its real and imaginary parts as two arrays"),
        ((square, square_backward, (1j * X,)), "x: an array of complex128 cannot be checked"),
        ((square, square_backward, (X, X.astype(np.float16))), "an array of float16 .* or leave it out by wrt"),
        ((square, square_backward, (np.array([1.0, np.nan, np.inf]),)), "x should be finite, 2 of 3 entries are not"),
    ],
)
def test_careless_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        check.verify(*arguments)


def generator(dy, x):
    yield 2 * x * dy


@pytest.mark.parametrize(
    ("backward", "args", "text"),
    [
        (generator, (X,), "dx is generator; it should return dx"),
        (lambda dy, x: None, (X,), "dx is missing"),
        (lambda dy, x: {"dz": dy}, (X,), "dx is missing"),
        (lambda dy, x: (dy, dy), (X,), "2 value(s) (ndarray, ndarray); it should return dx"),
        (lambda dy, x, p: (dy, [dy]), (X, PARAMETERS), "dp['w'] is missing, dp['b'] is missing"),
        (lambda x: np.ones((2, 2)), (X,), "forward returns the shape (5, 3), backward (2, 2)"),
        (lambda dy, x, axis: dy, (X,), "it raised TypeError"),
    ],
)
def test_what_is_no_gradient_is_said_to_be_none(backward, args, text):
    report = check.verify(affine if len(args) == 2 else square, backward, args)
    assert not report and text in report["returns"].detail, report


@pytest.mark.parametrize("name", ["wrt", "given", "directions", "entries", "seed"])
def test_careless_options(name):
    wrong = {"wrt": "w", "given": "cash", "directions": 0, "entries": 1.5, "seed": "x"}[name]
    with pytest.raises(ValueError, match=f"^{name}="):
        check.verify(square, square_backward, (X,), **{name: wrong})
