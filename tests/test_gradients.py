"""Every gradient of the library against finite differences: kernels in every table, losses, a whole network."""

from types import SimpleNamespace

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st
from mutants.backward_passes import HIDDEN_BY_ONES, WRONG_PASSES

from scratchnoise import kernels, losses
from scratchnoise import robust_losses as robust
from scratchnoise.check import assert_close, check_backward, check_gradient, check_property, strategies
from scratchnoise.check.adjoints import as_pair, check_pair, pair_names
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS
from scratchnoise.check.properties import kernels as kernel_properties
from scratchnoise.network import Network
from scratchnoise.network.layers import Conv2d, ConvReLUPool2d, Dropout, Flatten, Linear, ReLU

PAIRS = pair_names(dir(kernels))
HUNT = hypothesis.settings(  # the first failure will do, and the same one on every machine
    max_examples=200, phases=[hypothesis.Phase.generate], derandomize=True, database=None, report_multiple_bugs=False
)


def run(strategy, function, settings=None):
    """function(drawn value, rng) on drawn values, without a decorator so that fixtures stay out of it."""

    @hypothesis.given(strategy, strategies.seeds)
    def on_drawn(drawn, seed):
        function(drawn, np.random.default_rng(seed))

    (settings(on_drawn) if settings else on_drawn)()


# --- kernels ---------------------------------------------------------------------------------------------


def test_the_pairs_are_found():
    assert len(PAIRS) >= 7 and ("conv2d_forward", "conv2d_backward") in PAIRS


@pytest.mark.parametrize(("forward", "backward"), PAIRS)
def test_kernel_gradients(table, forward, backward):
    assert forward in KERNEL_ARGUMENTS, f"{forward} / {backward} needs a strategy of its arguments"
    run(KERNEL_ARGUMENTS[forward], lambda args, rng: check_pair(kernels, forward, args, rng))


def with_kernel(name, function):
    return SimpleNamespace(**{k: getattr(kernels, k) for k in dir(kernels)} | {name: function})


def forward_of(backward):
    return next(pair[0] for pair in PAIRS if pair[1] == backward)


@pytest.mark.parametrize(("backward", "mutant"), WRONG_PASSES, ids=lambda value: getattr(value, "__name__", value))
def test_wrong_backward_passes_are_caught(backward, mutant):
    forward, wrong = forward_of(backward), with_kernel(backward, mutant)
    with pytest.raises(AssertionError, match=forward):
        run(KERNEL_ARGUMENTS[forward], lambda args, rng: check_pair(wrong, forward, args, rng), HUNT)


def test_every_pair_has_a_wrong_backward_pass():
    assert {backward for _, backward in PAIRS} == {name for name, _ in WRONG_PASSES}


@pytest.mark.parametrize(("backward", "mutant"), HIDDEN_BY_ONES, ids=lambda value: getattr(value, "__name__", value))
def test_an_upstream_of_ones_hides_what_a_random_one_shows(backward, mutant):
    forward, wrong = forward_of(backward), with_kernel(backward, mutant)

    def check(args, rng):
        function, _, differentiable = as_pair(wrong, forward, args)
        check_pair(wrong, forward, args, rng, upstream=np.ones_like(function(*differentiable)))

    run(KERNEL_ARGUMENTS[forward], check)


def test_convolution_backward_is_the_adjoint(table):
    check_property(kernel_properties.convolution_backward_is_the_adjoint, kernels.conv2d_backward)


def test_the_weights_part_is_that_of_the_whole(table):
    def linear(args, rng):
        dy, x, w = args
        for part, whole in zip(kernels.linear_backward_weights(dy, x), kernels.linear_backward(*args)[1:], strict=True):
            assert_close("linear_backward_weights", part, whole, 1e-13)

    def convolution(args, rng):
        dy, x, w, stride, pad = args
        parts = kernels.conv2d_backward_weights(dy, x, *w.shape[:2], stride, pad)
        for part, whole in zip(parts, kernels.conv2d_backward(*args)[1:], strict=True):
            assert_close("conv2d_backward_weights", part, whole, 1e-13)

    def fused(args, rng):
        dy, y, argmax, x, w, *sizes = args
        parts = kernels.conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, *w.shape[:2], *sizes)
        for part, whole in zip(parts, kernels.conv2d_relu_maxpool2d_backward(*args)[1:], strict=True):
            assert_close("conv2d_relu_maxpool2d_backward_weights", part, whole, 1e-13)

    run(KERNEL_ARGUMENTS["linear_backward"], linear)
    run(KERNEL_ARGUMENTS["conv2d_relu_maxpool2d_backward"], fused)
    run(KERNEL_ARGUMENTS["conv2d_backward"], convolution)


# --- losses ----------------------------------------------------------------------------------------------


@st.composite
def batch(draw, C):
    """T, z (N, C), y, weight. z is continuous: nothing cancels, so no partial risk is zero by accident."""
    N, T = draw(st.integers(2, 6)), draw(strategies.transition_matrices(C))
    y, weight = draw(strategies.labels(N, C)), draw(strategies.sample_weights(N, C))
    z = np.random.default_rng(draw(strategies.seeds)).standard_normal((N, C))
    return T, z, y, weight


def sub_losses(cls=losses.Loss):
    """Every loss of the package; the study's own control, which takes only the steps of another one, is none."""
    below = {c.__name__: c for sub in cls.__subclasses__() for c in (sub, *sub_losses(sub).values())}
    homes = {name: c.__module__ for name, c in below.items()}  # tests have losses of their own
    of_the_package = {name for name, home in homes.items() if home.startswith("scratchnoise.")}
    return {name: below[name] for name in of_the_package if not homes[name].startswith("scratchnoise.study")}


INSTANCES = {
    "CrossEntropy": [lambda T: losses.CrossEntropy()],
    "ForwardCorrected": [losses.ForwardCorrected],
    "BackwardCorrected": [lambda T, risk=risk: losses.BackwardCorrected(T, risk) for risk in losses.RISKS],
    "NatarajanCorrected": [lambda T: losses.NatarajanCorrected(T[0, 1], T[1, 0])],
    "GeneralizedCrossEntropy": [lambda T, q=q: robust.GeneralizedCrossEntropy(q) for q in (0.1, 0.7, 1)],
    "MeanAbsoluteError": [lambda T: robust.MeanAbsoluteError()],
    "ReverseCrossEntropy": [lambda T: robust.ReverseCrossEntropy()],
    "SymmetricCrossEntropy": [lambda T: robust.SymmetricCrossEntropy(0.3, 0.8, -2)],
    "NormalizedCrossEntropy": [lambda T: robust.NormalizedCrossEntropy()],
    "ActivePassive": [lambda T: robust.ActivePassive(alpha=2, beta=0.3)],
    "LabelSmoothing": [lambda T, rate=rate: robust.LabelSmoothing(rate) for rate in (0.2, -1.5)],
    "HardBootstrapping": [lambda T: robust.HardBootstrapping(0.6)],
    "SoftBootstrapping": [lambda T: robust.SoftBootstrapping(0.6)],
    "EarlyLearning": [lambda T: robust.EarlyLearning(base=losses.ForwardCorrected(T))],
    "Flooded": [lambda T, level=level: robust.Flooded(losses.ForwardCorrected(T), level) for level in (0.01, 20)],
    "ImportanceReweighted": [],  # its weights are held fixed: test_importance_weights_are_held_fixed
}
LOSSES = [
    pytest.param(name, make, id=f"{name}-{i}") for name, makers in INSTANCES.items() for i, make in enumerate(makers)
]


def test_every_loss_is_checked():
    assert set(sub_losses()) == set(INSTANCES)


def classes_of(name):
    return 2 if name == "NatarajanCorrected" else 3


@pytest.mark.parametrize(("name", "make"), LOSSES)
def test_loss_gradients(agreeing_table, name, make):
    def check(drawn, rng):
        T, z, y, _ = drawn
        loss = make(T)
        check_backward(lambda z: loss.value(z, y), lambda dy, z: dy[:, None] * loss.grad(z, y), (z,), rng, name)

    run(batch(classes_of(name)), check)


@pytest.mark.parametrize("weighted", [False, True], ids=["", "weighted"])
@pytest.mark.parametrize(("name", "make"), LOSSES)
def test_objective_gradients(agreeing_table, name, make, weighted):
    def check(drawn, rng):
        T, z, y, weight = drawn
        loss, more = make(T), (y, weight if weighted else None)
        if name == "BackwardCorrected":
            loss = away_from_kinks(loss, z, *more)
        check_gradient(lambda z: loss.objective(z, *more), lambda z: loss.objective_grad(z, *more), z, rng, name)

    run(batch(classes_of(name)), check)


def test_importance_weights_are_held_fixed(agreeing_table):
    def check(drawn, rng):
        T, z, y, _ = drawn
        loss = robust.ImportanceReweighted(T)
        weights = loss.weights(z, y)

        def value(z):
            return weights * losses.CrossEntropy().value(z, y)

        check_backward(value, lambda dy, z: dy[:, None] * loss.grad(z, y), (z,), rng, "ImportanceReweighted")

    run(batch(3), check)
    T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
    z = np.random.default_rng(0).standard_normal((3, 3))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    expected = np.diag(p) / np.diag(p @ T.T)
    np.testing.assert_allclose(robust.ImportanceReweighted(T).weights(z, np.arange(3)), expected)


def away_from_kinks(loss, z, y, weight):
    """The loss, with a flood level half a unit off the risk; draws with a risk next to zero are dropped."""
    R = loss.partial_risks(z, y, weight)
    hypothesis.assume(all(abs(r) > 1e-3 or abs(r) < 1e-12 for r in (*R, R.sum())))
    return losses.BackwardCorrected(loss.T, loss.risk, flood_level=float(R.sum()) + (0.5 if len(y) % 2 else -0.5))


# --- networks --------------------------------------------------------------------------------------------


def small_network(seed=0):
    """Convolution, pooling, ReLU, dropout and two linear layers on 7 x 6 x 2 images; three classes, float64."""
    images = [ConvReLUPool2d(3, 3, pool=2, pad=1), Conv2d(4, 2), ReLU()]
    network = Network([*images, Flatten(), Linear(6), ReLU(), Dropout(0.5), Linear(3)])
    network.build((7, 6, 2), np.random.default_rng(seed), np.float64)
    return network


def set_parameters(network, theta):
    start = 0
    for _, layer, key in network.parameters():
        shape = layer.params[key].shape
        layer.params[key] = theta[start : start + np.prod(shape)].reshape(shape).copy()
        start += np.prod(shape)


def gradients(network):
    return np.concatenate([layer.grads[key].ravel() for _, layer, key in network.parameters()])


@pytest.mark.parametrize("seed", range(3))
def test_the_gradient_of_a_whole_network(agreeing_table, seed):
    rng, network = np.random.default_rng(seed), small_network(seed)
    x, y = rng.standard_normal((5, 7, 6, 2)), rng.integers(0, 3, 5)
    loss = losses.ForwardCorrected([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])

    def objective(theta):
        set_parameters(network, theta)
        return loss.objective(network.forward(x, step=4), y)

    def gradient(theta):
        set_parameters(network, theta)
        network.backward(loss.objective_grad(network.forward(x, step=4), y))
        return gradients(network)

    theta = np.concatenate([layer.params[key].ravel() for _, layer, key in network.parameters()])
    check_gradient(objective, gradient, theta + 0.1 * rng.standard_normal(theta.shape), rng, "Network.backward")


def test_backward_twice_is_backward_once(agreeing_table):
    rng, network = np.random.default_rng(1), small_network()
    network.forward(rng.standard_normal((4, 7, 6, 2)), step=0)
    dz = rng.standard_normal((4, 3))
    network.backward(dz)
    once = gradients(network)
    network.backward(dz)
    assert_close("gradients after a second backward pass", gradients(network), once, 0)
