"""Average pooling, batch normalisation, and convolutions whose kernel is no square or whose pad is "same"."""

import copy
import pickle
import re

import numpy as np
import pytest

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.check import assert_close, check_backward, check_gradient
from scratchnoise.losses import CrossEntropy
from scratchnoise.network import Network, annex, mlp
from scratchnoise.network.frames import Frame, margins
from scratchnoise.network.layers import (
    AvgPool2d,
    BatchNorm,
    Conv2d,
    ConvReLUPool2d,
    Dropout,
    Flatten,
    Linear,
    MaxPool2d,
    ReLU,
)
from scratchnoise.network.optim import Adam
from scratchnoise.network.training import train


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def built(layer, shape, dtype=np.float64):
    layer.build(shape, 0, dtype)
    return layer


# --- convolution ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Conv2d, lambda *a, **k: ConvReLUPool2d(*a, pool=2, **k)], ids=["plain", "pooled"])
@pytest.mark.parametrize("kernel", [3, 4, (3, 5), (1, 4), [2, 3]], ids=str)
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pad", [0, 2, "same"])
def test_every_window_is_the_convolution_of_a_framed_image(make, kernel, stride, pad, rng):
    x = rng.standard_normal((2, 9, 8, 3))
    layer = make(4, kernel, stride=stride, pad=pad)
    shape = layer.build(x.shape[1:], 0, np.float64)
    R, S = layer.params["w"].shape[:2]
    frame = [margins(n, side, stride, pad) for n, side in ((9, R), (8, S))]
    padded = np.pad(x, ((0, 0), *frame, (0, 0)))
    w, b = layer.params["w"], rng.standard_normal(4)
    layer.params["b"] = b
    y = kernels.conv2d_forward(padded, w, b, stride, 0)
    if pad == "same":
        assert y.shape[1:3] == (-(-9 // stride), -(-8 // stride))
    if isinstance(layer, ConvReLUPool2d):
        y = np.maximum(kernels.maxpool2d_forward(y, 2)[0], 0)
    assert y.shape[1:] == shape
    assert_close("forward", layer.forward(x), y, 1e-12)


@pytest.mark.parametrize(
    ("length", "side", "stride", "frame"),
    [(9, 3, 1, (1, 1)), (9, 4, 1, (1, 2)), (5, 3, 2, (1, 1)), (6, 3, 2, (0, 1)), (7, 2, 3, (0, 1)), (6, 1, 3, (0, 0))],
)
def test_the_odd_zero_of_same_comes_after(length, side, stride, frame):
    assert margins(length, side, stride, "same") == frame


@pytest.mark.parametrize("settings", [{"kernel": (3, 4)}, {"kernel": 4, "pad": "same"}, {"kernel": (2, 5), "pad": 2}])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_gradient_of_a_framed_convolution(table, settings, stride, rng):
    layer = built(Conv2d(3, stride=stride, **settings), (6, 7, 2))
    w, b = layer.params["w"], layer.params["b"]

    def forward(x, w, b):
        layer.params = {"w": w, "b": b}
        return layer.forward(x)

    def backward(dy, x, w, b):
        forward(x, w, b)
        dx = layer.backward(dy)
        return dx, layer.grads["w"], layer.grads["b"]

    check_backward(forward, backward, (rng.standard_normal((2, 6, 7, 2)), w, b + 1), rng, "Conv2d")
    whole = layer.grads
    layer.backward_weights(np.ones_like(layer.forward(rng.standard_normal((2, 6, 7, 2)))))
    assert {key: grad.shape for key, grad in layer.grads.items()} == {key: grad.shape for key, grad in whole.items()}


def test_a_square_kernel_with_an_even_frame_is_the_kernel_s_own_padding():
    """No copy of the images: what the report's network runs stays as fast as it was."""
    assert Frame((9, 8), 3, 1, "same").pad == 1 and Frame((9, 8), 3, 1, "same").equal
    x = np.zeros((1, 9, 8, 2))
    assert Frame((9, 8), 5, 1, 2).around(x) is x and Frame((9, 8), 3, 1, "same").around(x) is x
    assert Frame((9, 8), 4, 1, "same").around(x).shape == (1, 12, 11, 2)


@pytest.mark.parametrize("wrong", [0, -1, 2.5, True, "3", None, (3,), (0, 3), (3, 2.5), (1, 2, 3), np.ones(2)])
def test_a_kernel_is_one_whole_number_or_two(wrong):
    with pytest.raises(ValueError, match="kernel="):
        Conv2d(3, wrong)


@pytest.mark.parametrize("wrong", ["full", "valid", -1, 1.5, None, (1, 1)])
def test_a_pad_is_a_whole_number_or_same(wrong):
    with pytest.raises(ValueError, match="pad="):
        Conv2d(3, 3, pad=wrong)


@pytest.mark.parametrize("layer", [Conv2d(3, 3), MaxPool2d(2), AvgPool2d(2), BatchNorm()], ids=repr)
def test_grey_images_need_an_axis_of_channels(layer):
    with pytest.raises(ValueError, match=r"got inputs of shape \(8, 8\); it wants .*images.*grey.*x\[\.\.\., None\]"):
        layer.build((8, 8), 0, np.float32)


@pytest.mark.parametrize("shape", [(), (8,), (8, 8, 1, 1)])
@pytest.mark.parametrize("layer", [Conv2d(3, 3), ConvReLUPool2d(3, 3, pool=2), MaxPool2d(2), AvgPool2d(2), BatchNorm()])
def test_samples_without_rows_columns_and_channels_are_no_images(layer, shape):
    if isinstance(layer, BatchNorm) and len(shape) == 1:
        assert layer.build(shape, 0, np.float32) == shape  # features
        return
    with pytest.raises(
        ValueError, match=rf"got inputs of shape {re.escape(str(shape))}; it wants .*images \(H, W, K\)"
    ):
        layer.build(shape, 0, np.float32)


# --- every layer ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("least", "make"),
    [
        *((1, Linear), (1, MaxPool2d), (1, AvgPool2d), (1, annex), (1, mlp)),
        *((1, lambda n: Conv2d(n, 3)), (1, lambda n: Conv2d(3, n)), (1, lambda n: Conv2d(3, (2, n)))),
        *((1, lambda n: Conv2d(3, 3, stride=n)), (0, lambda n: Conv2d(3, 3, pad=n))),
        *((1, lambda n: ConvReLUPool2d(3, 3, pool=n)), (1, lambda n: ReLU().build((2, n), 0, np.float32))),
    ],
)
def test_sizes_begin_at_one_and_end_where_places_no_longer_fit(least, make):
    for right in (least, 2**31 - 1):
        make(right)
    for wrong in (least - 1, 2**31):
        with pytest.raises(ValueError, match="should be"):
            make(wrong)


@pytest.mark.parametrize("network", [Dropout(0.5), Network([Linear(2)])])
def test_a_step_is_counted_in_63_bits(network):
    network.build((3,), 0, np.float64)
    for right in (None, 0, 2**63 - 1):
        network.forward(np.ones((2, 3)), right)
    for wrong in (-1, 2**63, 0.5):
        with pytest.raises(ValueError, match="step="):
            network.forward(np.ones((2, 3)), wrong)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        *((Linear(2), (4,)), (ReLU(), (4,)), (Dropout(0.5), (4,)), (BatchNorm(), (4,)), (Flatten(), (2, 3))),
        *((BatchNorm(), (4, 4, 2)), (MaxPool2d(2), (4, 4, 2)), (AvgPool2d(2), (4, 4, 2)), (Conv2d(2, 2), (4, 4, 2))),
        (ConvReLUPool2d(2, 2, pool=2), (4, 4, 2)),
    ],
)
def test_every_layer_says_what_is_wrong_with_x_and_with_dy(layer, shape, rng):
    x, name = rng.standard_normal((3, *shape)), type(layer).__name__
    with pytest.raises(ValueError, match=f"{name} got x before it was built; call build"):
        layer.forward(x)
    built(layer, shape)
    with pytest.raises(ValueError, match=f"{name} got dy before x; call forward"):
        layer.backward(x)
    dy = np.ones_like(layer.forward(x))
    for wrong in (x[0], x[..., :-1], x[..., None], np.repeat(x, 2, axis=-1), np.float64(1)):
        with pytest.raises(ValueError, match=rf"x has shape \(.*\), but {name} was built for \(N, {shape[0]}"):
            layer.forward(wrong)
    layer.forward(x)
    for wrong in (dy[:2], np.repeat(dy, 2, axis=0), np.float64(1)):
        with pytest.raises(ValueError, match=r"dy has shape \(.*\); x has 3 samples, so dy too"):
            layer.backward(wrong)
    for wrong in (dy[..., :-1], dy[..., None], np.repeat(dy, 2, axis=-1)):
        with pytest.raises(ValueError, match="dy.* shape"):
            layer.backward(wrong)
    for call in (layer.forward, layer.backward):
        with pytest.raises(TypeError, match="should be an array"):
            call([[1.0]])
    assert layer.backward(dy).shape == x.shape


@pytest.mark.parametrize(
    ("layer", "input_shape", "shape", "fan_in"),
    [
        *((Linear(6), (5,), (5, 6), 5), (Conv2d(4, (2, 5)), (6, 6, 3), (2, 5, 3, 4), 30)),
        (ConvReLUPool2d(4, 3, pool=2), (6, 6, 3), (3, 3, 3, 4), 27),
    ],
)
def test_weights_are_he_normal_by_the_inputs_of_one_output(layer, input_shape, shape, fan_in):
    built(layer, input_shape)
    drawn = np.random.default_rng(0).standard_normal(shape) * np.sqrt(2 / fan_in)
    np.testing.assert_allclose(layer.params["w"], drawn)
    assert layer.params["b"].shape == shape[-1:] and not layer.params["b"].any()


# --- average pooling --------------------------------------------------------------------------------------


def test_average_pooling_is_the_mean_of_its_tiles(table):
    x = np.arange(30.0).reshape(1, 5, 6, 1)
    layer = built(AvgPool2d(2), (5, 6, 1))
    expected = np.array([[3.5, 5.5, 7.5], [15.5, 17.5, 19.5]])
    assert_close("y", layer.forward(x)[0, :, :, 0], expected, 1e-12)
    dx = layer.backward(np.arange(1.0, 7).reshape(1, 2, 3, 1))[0, :, :, 0]
    np.testing.assert_array_equal(dx[4], 0)  # the remainder
    np.testing.assert_array_equal(dx[:4], np.kron([[1, 2, 3], [4, 5, 6]], np.full((2, 2), 0.25)))


# --- batch normalisation ----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [None, 0])
@pytest.mark.parametrize("shape", [(5,), (3, 4, 2)])
def test_the_gradient_of_batch_normalisation(table, step, shape, rng):
    layer = built(BatchNorm(epsilon=0.1), shape)
    layer.forward(rng.normal(2, 3, (6, *shape)), step=0)  # evaluation then has a mean and a variance
    fixed = {key: array.copy() for key, array in layer.running.items()}

    def forward(x, scale, shift):
        layer.params = {"scale": scale, "shift": shift}
        y = layer.forward(x, step)
        layer.running = {key: array.copy() for key, array in fixed.items()}
        return y

    def backward(dy, x, scale, shift):
        forward(x, scale, shift)
        dx = layer.backward(dy)
        return dx, layer.grads["scale"], layer.grads["shift"]

    arrays = (rng.standard_normal((4, *shape)), rng.standard_normal(shape[-1]), rng.standard_normal(shape[-1]))
    check_backward(forward, backward, arrays, rng, "BatchNorm")


def test_evaluation_uses_the_running_moments(rng):
    """After many batches they are those of the data; before any, the layer changes nothing."""
    layer = built(BatchNorm(), (3,))
    x = rng.normal([1, -2, 3], [0.5, 1, 2], (400, 3))
    assert_close("untrained", layer.forward(x), x / np.sqrt(1 + 1e-5), 1e-12)
    for step in range(200):
        layer.forward(x[rng.permutation(400)[:50]], step)
    mean, variance = layer.mean_and_variance()
    assert abs(mean - x.mean(axis=0)).max() < 0.2 and abs(variance / x.var(axis=0) - 1).max() < 0.3
    again, alone = layer.forward(x), layer.forward(x[:1])
    np.testing.assert_allclose(again[:1], alone)  # nothing of the other samples


def test_the_running_moments_of_two_batches_by_hand(rng):
    """The second batch weighs 1, the first 0.9; the variance is the unbiased one. Nothing is left of a start at 0."""
    layer, (first, second) = built(BatchNorm(), (2,)), rng.standard_normal((2, 5, 2))
    layer.forward(first, 0)
    np.testing.assert_allclose(layer.mean_and_variance(), (first.mean(axis=0), first.var(axis=0, ddof=1)))
    layer.forward(second, 1)
    mean, variance = layer.mean_and_variance()
    np.testing.assert_allclose(mean, (0.9 * first.mean(axis=0) + second.mean(axis=0)) / 1.9)
    np.testing.assert_allclose(variance, (0.9 * first.var(axis=0, ddof=1) + second.var(axis=0, ddof=1)) / 1.9)


def test_a_batch_of_one_sample_has_no_deviation():
    layer = built(BatchNorm(), (3,))
    with pytest.raises(ValueError, match="x has one sample, .* choose a batch_size that leaves no single sample over"):
        layer.forward(np.ones((1, 3)), step=0)
    with pytest.raises(ValueError, match="x has no sample"):
        layer.forward(np.ones((0, 3)), step=0)
    layer.forward(np.arange(6.0).reshape(2, 3), step=0)  # what was refused has left no trace
    np.testing.assert_allclose(layer.mean_and_variance()[0], [1.5, 2.5, 3.5])


EMPTY = [
    (Linear(4), (3,)),
    (ReLU(), (3,)),
    (Dropout(0.5), (3,)),
    (Flatten(), (2, 2, 3)),
    (BatchNorm(), (3,)),
    (Conv2d(2, 3), (6, 6, 3)),
    (MaxPool2d(2), (6, 6, 3)),
    (AvgPool2d(2), (6, 6, 3)),
    (ConvReLUPool2d(2, 3, 2), (6, 6, 3)),
]


@pytest.mark.parametrize(("layer", "shape"), EMPTY, ids=lambda value: type(value).__name__)
def test_no_samples_go_through_every_layer(layer, shape):
    built(layer, shape)
    expected = layer.forward(np.ones((2, *shape))).shape[1:]
    y = layer.forward(np.ones((0, *shape)))
    assert y.shape == (0, *expected)
    assert layer.backward(np.ones(y.shape)).shape == (0, *shape)


@pytest.mark.parametrize("wrong", ["variance of the batch", "plain mean of 0.9 and 0.1"])
def test_other_running_moments_would_be_found(rng, monkeypatch, wrong):
    def remember(layer, mean, variance, n):
        factor = n / (n - 1) if wrong != "variance of the batch" else 1
        new = 0.1 if wrong != "variance of the batch" else 1
        for total, now in zip(layer.running.values(), (mean, variance * factor, 1), strict=True):
            total[...] = 0.9 * total + new * now
        if new == 0.1:
            layer.running["running_weight"][...] = 1

    monkeypatch.setattr(BatchNorm, "_remember", remember)
    with pytest.raises(AssertionError):
        test_the_running_moments_of_two_batches_by_hand(rng)


@pytest.mark.parametrize("epsilon", [0, -1e-5, None, "small", np.nan])
def test_epsilon_is_above_0(epsilon):
    with pytest.raises(ValueError, match="epsilon=.* should be a number above 0"):
        BatchNorm(epsilon)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_keeps_the_running_moments(copied, rng):
    layer = built(BatchNorm(), (3,))
    layer.forward(rng.normal(5, 2, (9, 3)), 0)
    other = copied(layer)
    np.testing.assert_array_equal(other.forward(np.ones((2, 3))), layer.forward(np.ones((2, 3))))
    other.forward(rng.normal(size=(9, 3)), 1)
    assert (other.mean_and_variance()[0] != layer.mean_and_variance()[0]).all()  # not the same arrays


def test_a_network_of_all_of_them_has_its_gradient(table, rng):
    stem = [Conv2d(3, (2, 3), pad="same"), BatchNorm(), ReLU(), AvgPool2d(2)]
    network = Network([*stem, Flatten(), Linear(4), BatchNorm(), ReLU(), Linear(3)])
    network.build((6, 5, 2), 0, np.float64)
    x, y, loss = rng.standard_normal((5, 6, 5, 2)), np.array([0, 1, 2, 2, 0]), CrossEntropy()
    places = network.parameters()

    def put(theta):
        start = 0
        for _, layer, key in places:
            shape = layer.params[key].shape
            layer.params[key] = theta[start : start + np.prod(shape)].reshape(shape).copy()
            start += np.prod(shape)

    def objective(theta):
        put(theta)
        return loss.objective(network.forward(x, 0), y)

    def gradient(theta):
        put(theta)
        network.backward(loss.objective_grad(network.forward(x, 0), y))
        return np.concatenate([layer.grads[key].ravel() for _, layer, key in places])

    theta = np.concatenate([layer.params[key].ravel() for _, layer, key in places])
    check_gradient(objective, gradient, theta + 0.1 * rng.standard_normal(theta.shape), rng, "Network.backward")


# --- Adam -------------------------------------------------------------------------------------------------


def test_adam_two_steps_by_hand():
    network = Network([Linear(1)])
    network.build((1,), 0, np.float64)
    (layer,) = network.layers
    layer.params = {"w": np.array([[2.0]]), "b": np.array([1.0])}
    optimiser = Adam(network, learning_rate=0.1, momentum=0.5, weight_decay=0.2)
    layer.grads = {"w": np.array([[1.0]]), "b": np.array([-3.0])}
    optimiser.step()  # the first step is learning_rate, whatever the gradient
    assert layer.params["w"].item() == pytest.approx(1.9) and layer.params["b"].item() == pytest.approx(1.1)
    layer.grads = {"w": np.array([[0.0]]), "b": np.array([1.0])}
    optimiser.step()
    mean, square = (0.5 * -3 * 0.5 + 0.5 * 1) / (1 - 0.25), (0.999 * 9 + 1) * 0.001 / (1 - 0.999**2)
    assert layer.params["b"].item() == pytest.approx(1.1 - 0.1 * mean / np.sqrt(square))  # no decay of biases
    first, second = 1.4, 0.2 * 1.9
    mean, square = (0.25 * first + 0.5 * second) / 0.75, (0.999 * first**2 + second**2) * 0.001 / (1 - 0.999**2)
    assert layer.params["w"].item() == pytest.approx(1.9 - 0.1 * mean / np.sqrt(square))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_adam_learns_random_labels_by_heart(dtype, rng):
    x, y = rng.normal(size=(20, 6, 6, 2)).astype(dtype), rng.integers(3, size=20)
    network = Network([Conv2d(8, 3, pad="same"), BatchNorm(), ReLU(), AvgPool2d(2), Flatten(), Linear(3)])
    network.build((6, 6, 2), 0, dtype)
    with backend("numpy"):
        history = train(network, CrossEntropy(), x, y, 0, 100, 10, learning_rate=0.01, solver="adam")
        np.testing.assert_array_equal(network.logits(x).argmax(axis=1), y)
    assert history[0]["loss"] > 0.5 and history[-1]["loss"] < 0.05
    assert {layer.params[key].dtype for _, layer, key in network.parameters()} == {np.dtype(dtype)}
