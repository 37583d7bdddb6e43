"""Layers, networks, the optimiser and the training loop: shapes, states, steps by hand, alarms, and divergence."""

import copy
import pickle
import warnings

import numpy as np
import pytest

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.losses import BackwardCorrected, CrossEntropy, ForwardCorrected
from scratchnoise.network import Network, annex, make_network, mlp
from scratchnoise.network.layers import Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU
from scratchnoise.network.network import INFERENCE_BATCH
from scratchnoise.network.optim import SGD
from scratchnoise.network.training import TrainingDiverged, step_size, train

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


@pytest.fixture(autouse=True)
def plain_numpy():
    with backend("numpy"):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def small_network():
    return Network(
        [
            *(Conv2d(3, 3, stride=2, pad=1), ReLU(), MaxPool2d(2), Flatten()),
            *(Linear(8), ReLU(), Dropout(0.5), Linear(3)),
        ]
    )


def built(network, input_shape, dtype=np.float64, seed=0):
    network.build(input_shape, np.random.default_rng(seed), dtype)
    return network


# --- layers and networks ----------------------------------------------------------------------------------


def test_the_annex_network_has_the_size_of_the_report():
    network = annex(3)
    assert network.build((32, 32, 3), np.random.default_rng(0)) == (3,)
    assert network.n_parameters == 4_425_283


def test_build_foretells_the_shapes_of_forward(rng):
    network, shape = small_network(), (9, 8, 2)
    x = rng.normal(size=(4, *shape))
    built(network, shape)
    for layer in network.layers:
        shape, x = layer.build(shape, rng, np.float64), layer.forward(x)
        assert x.shape == (4, *shape)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Linear(3), (8, 8, 1), r"Linear got inputs of shape \(8, 8, 1\); put a Flatten\(\) before it"),
        (Conv2d(3, 5), (4, 9, 1), "Conv2d got images of 4 x 9, smaller than its 5 x 5 kernel; enlarge them or pad"),
        (Conv2d(3, 5, stride=2), (4, 4, 1), "smaller than its 5 x 5 kernel"),
        (Conv2d(3, 5), (28, 28), r"Conv2d got inputs of shape \(28, 28\); it wants images \(H, W, K\)"),
        (MaxPool2d(3), (2, 9, 1), r"MaxPool2d got inputs of shape \(2, 9, 1\); it wants images of at least 3"),
    ],
)
def test_a_layer_refuses_what_it_cannot_take(layer, shape, message, rng):
    with pytest.raises(ValueError, match=message):
        layer.build(shape, rng, np.float32)


def test_padding_makes_room_for_a_kernel(rng):
    assert Conv2d(3, 5, pad=1).build((4, 4, 1), rng, np.float32) == (2, 2, 3)


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5])
def test_dropout_needs_a_rate(rate):
    with pytest.raises(ValueError, match=f"rate={rate} should be a number of at least 0 and below 1"):
        Dropout(rate)


def test_weights_have_the_variance_of_he_and_ignore_the_dtype():
    single, double = (built(mlp(3), (5000,), dtype).layers[1].params["w"] for dtype in (np.float32, np.float64))
    np.testing.assert_array_equal(single, double.astype(np.float32))
    assert double.std() == pytest.approx(np.sqrt(2 / 5000), rel=0.01)


def test_dropout_works_in_training_alone_and_backward_meets_the_same_mask(rng):
    layer = Dropout(0.25)
    layer.build((1000,), rng, np.float64)
    x = np.ones((1, 1000))
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)
    y = layer.forward(x, step=3)
    assert set(y.ravel()) == {0, 1 / 0.75} and (y == 0).mean() == pytest.approx(0.25, abs=0.05)
    np.testing.assert_array_equal(layer.backward(x), y)
    assert (layer.forward(x, step=4) != y).any()


def test_the_seeds_of_dropout_are_drawn_from_62_bits(rng):
    layer, seeds = Dropout(0.5), set()
    for _ in range(200):
        layer.build((3,), rng, np.float64)
        seeds.add(layer.seed)
    assert len(seeds) == 200 and 2**61 < max(seeds) < 2**62


def test_two_dropout_layers_drop_differently():
    first, second = built(Network([Dropout(0.5), Dropout(0.5), Linear(1)]), (100,)).layers[:2]
    assert (first.forward(np.ones((1, 100)), 0) != second.forward(np.ones((1, 100)), 0)).any()


def test_backward_is_the_gradient_of_the_whole(rng):
    network, x = built(small_network(), (9, 8, 2)), rng.normal(size=(5, 9, 8, 2))
    dz, eps = rng.normal(size=(5, 3)), 1e-6
    network.forward(x, step=7)
    network.backward(dz)
    network.backward(dz)  # gradients are overwritten, not added up
    for name, layer, key in network.parameters():
        direction, weights = rng.normal(size=layer.params[key].shape), layer.params[key]
        values = []
        for sign in (1, -1):
            layer.params[key] = weights + sign * eps * direction
            values.append((network.forward(x, step=7) * dz).sum())
        layer.params[key] = weights
        slope = (values[0] - values[1]) / (2 * eps)
        assert (layer.grads[key] * direction).sum() == pytest.approx(slope, rel=1e-6), name


def test_the_first_layer_gets_the_gradients_of_any_other(rng):
    for layer, shape in ((Linear(4), (6,)), (Conv2d(4, 3), (5, 5, 2))):
        layer.build(shape, rng, np.float64)
        dy = rng.normal(size=layer.forward(rng.normal(size=(3, *shape))).shape)
        layer.backward(dy)
        complete = layer.grads
        layer.backward_weights(dy)
        for key in ("w", "b"):
            np.testing.assert_allclose(layer.grads[key], complete[key])


def test_logits_come_in_batches_and_leave_nothing_behind(rng):
    network, x = built(mlp(3), (2,)), rng.normal(size=(INFERENCE_BATCH + 1, 2))
    whole = network.forward(x)
    assert "x" in vars(network.layers[1])
    np.testing.assert_allclose(network.logits(x), whole)
    assert "x" not in vars(network.layers[1]) and "y" not in vars(network.layers[2])


def test_logits_are_of_one_sample_or_more_of_any_shape(rng):
    network = built(Network([Flatten(), Linear(2)]), ())
    assert network.logits(np.ones(5)).shape == (5, 2) and network.logits(np.ones(1)).shape == (1, 2)
    for wrong in (np.ones(0), np.float64(1), [1.0]):
        with pytest.raises(ValueError, match=r"x=.* should be an array \(N, ...\) of at least one sample"):
            network.logits(wrong)


def test_backward_stops_at_the_first_layer_with_parameters(rng, monkeypatch):
    """Whatever comes before it is not asked, and it is asked for its weights alone."""
    network, asked = built(Network([Flatten(), ReLU(), Linear(4), ReLU(), Linear(3)]), (2, 3)), []
    for i, layer in enumerate(network.layers):
        for name in ("backward", "backward_weights"):
            method = getattr(layer, name)
            monkeypatch.setattr(layer, name, lambda dy, key=(i, name), do=method: (asked.append(key), do(dy))[1])
    network.forward(rng.normal(size=(5, 2, 3)), 0)
    network.backward(rng.normal(size=(5, 3)))
    assert asked == [(4, "backward"), (3, "backward"), (2, "backward_weights")]
    with pytest.raises(ValueError, match="the network got dz before it was built"):
        Network([Linear(3)]).backward(np.ones((5, 3)))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))])
def test_a_copy_has_the_parameters_but_not_the_batch(copied, rng):
    network, x = built(small_network(), (9, 8, 2)), rng.normal(size=(5, 9, 8, 2))
    network.forward(x, step=0)
    network.backward(np.ones((5, 3)))
    other = copied(network)
    assert not {"x", "y", "argmax"} & set().union(*map(vars, other.layers)) and not other.layers[0].grads
    np.testing.assert_array_equal(other.logits(x), network.logits(x))
    assert network.layers[0].grads  # the original keeps its own


def test_a_network_given_is_copied_and_a_name_is_looked_up():
    given = mlp(3)
    assert make_network(given, 3, (4,)) is not given and make_network("mlp", 5, (4,)).layers[-1].features == 5
    for wrong in ("anex", None, ["mlp"], mlp):
        with pytest.raises(ValueError, match="network=.* is unknown;.*Known: auto, annex, mlp"):
            make_network(wrong, 3, (4,))


def test_names_sizes_and_states_of_parameters(rng):
    network = built(small_network(), (9, 8, 2))
    assert [name for name, _, _ in network.parameters()] == ["0.w", "0.b", "4.w", "4.b", "7.w", "7.b"]
    assert network.n_parameters == 3 * 3 * 2 * 3 + 3 + 2 * 2 * 3 * 8 + 8 + 8 * 3 + 3
    x, kept = rng.normal(size=(4, 9, 8, 2)), network.state()
    before = network.logits(x)
    for _, layer, key in network.parameters():
        layer.params[key] += 1
    assert (network.logits(x) != before).all()
    network.set_state(kept)
    np.testing.assert_array_equal(network.logits(x), before)
    single = network.astype(np.float32)
    assert {layer.params[key].dtype for _, layer, key in single.parameters()} == {np.dtype(np.float32)}
    assert (single.dtype, network.dtype) == (np.float32, np.float64)
    assert network.layers[0].params["w"].dtype == np.float64  # a copy


def test_a_network_shows_how_it_was_made():
    text = repr(built(small_network(), (9, 8, 2)))
    assert "Conv2d(filters=3, kernel=3, stride=2, pad=1)" in text and "Dropout(rate=0.5)" in text


# --- optimiser --------------------------------------------------------------------------------------------


def test_two_steps_by_hand():
    network = built(Network([Linear(1)]), (1,))
    (layer,) = network.layers
    layer.params = {"w": np.array([[2.0]]), "b": np.array([1.0])}
    optimiser = SGD(network, learning_rate=0.1, momentum=0.5, weight_decay=0.2)
    layer.grads = {"w": np.array([[1.0]]), "b": np.array([1.0])}
    optimiser.step()
    assert layer.params["w"].item() == pytest.approx(2 - 0.1 * (1 + 0.2 * 2))
    assert layer.params["b"].item() == pytest.approx(1 - 0.1)  # no decay of biases
    optimiser.step()
    assert layer.params["w"].item() == pytest.approx(1.86 - 0.1 * (0.5 * 1.4 + 1 + 0.2 * 1.86))
    assert layer.params["b"].item() == pytest.approx(0.9 - 0.1 * 1.5)


@pytest.mark.parametrize("number", [float, np.float64, np.float32, int])
def test_a_numpy_learning_rate_keeps_float32(number):
    network = built(mlp(3), (2,), np.float32)
    train(network, CrossEntropy(), np.ones((4, 2), np.float32), np.arange(4) % 3, np.random.default_rng(0), 2, 2,
          learning_rate=number(1), momentum=number(0), weight_decay=number(0))  # fmt: skip
    assert {layer.params[key].dtype for _, layer, key in network.parameters()} == {np.dtype(np.float32)}


def test_the_automatic_step_is_its_formula():
    norm = np.linalg.norm(np.linalg.inv(T), 2)
    for loss, factor in ((CrossEntropy(), 1), (BackwardCorrected(T), 1 / norm), (ForwardCorrected(T), norm**0.5)):
        decay = 1 if isinstance(loss, CrossEntropy) else 0.75
        assert step_size("auto", loss, 0.25) == pytest.approx(0.01 * factor * decay)
        assert step_size(0.3, loss, 0.25) == 0.3


def test_the_automatic_step_of_adam_does_not_depend_on_the_size_of_gradients():
    for loss in (BackwardCorrected(T), ForwardCorrected(T)):
        assert [step_size("auto", loss, k, "adam") for k in (0, 0.01, 0.25)] == pytest.approx([1e-3, 0.99e-3, 0.75e-3])
    assert step_size("auto", CrossEntropy(), 0.5, "adam") == 1e-3 and step_size(0.3, CrossEntropy(), 0.5, "adam") == 0.3


def test_a_step_above_the_reports_is_led_up_to():
    sixtieth = [step_size("auto", loss, 1 / 60) / (1 - 1 / 60) for loss in (BackwardCorrected(T), ForwardCorrected(T))]
    full = [0.01 * loss.step_scale for loss in (BackwardCorrected(T), ForwardCorrected(T))]
    assert sixtieth == pytest.approx([full[0], full[1] / 2])


# --- training ---------------------------------------------------------------------------------------------


def fitted(loss, x, y, network=None, epochs=5, batch_size=10, learning_rate=0.05, **more):
    network = built(network or mlp(3), x.shape[1:], x.dtype)
    return network, train(network, loss, x, y, np.random.default_rng(0), epochs, batch_size, learning_rate, **more)


@pytest.mark.parametrize("network", [mlp(3), Network([Conv2d(8, 3), ReLU(), MaxPool2d(2), Flatten(), Linear(3)])])
def test_a_network_learns_random_labels_by_heart(network, rng):
    x, y = rng.normal(size=(20, 6, 6, 2)).astype(np.float32), rng.integers(3, size=20)
    network, history = fitted(CrossEntropy(), x, y, network, epochs=60, learning_rate=0.03)
    assert history[0]["loss"] > 0.5 and history[-1]["loss"] < 0.01
    np.testing.assert_array_equal(network.logits(x).argmax(axis=1), y)


@pytest.mark.parametrize(("n_samples", "batch_size", "sizes"), [(11, 5, [5, 5, 1]), (4, 9, [4]), (6, 3, [3, 3])])
def test_every_sample_is_seen_once_an_epoch(n_samples, batch_size, sizes, rng):
    seen, x = [], np.arange(n_samples, dtype=float)[:, None]
    network = mlp(3)
    forward = network.forward
    network.forward = lambda x, step=None: (step is not None and seen.append(x.ravel()), forward(x, step))[1]
    fitted(CrossEntropy(), x, np.arange(n_samples) % 3, network, epochs=2, batch_size=batch_size, learning_rate=1e-4)
    assert [len(batch) for batch in seen] == 2 * sizes
    epochs = np.split(np.concatenate(seen), 2)
    assert all(sorted(epoch) == x.ravel().tolist() for epoch in epochs) and (epochs[0] != epochs[1]).any()


def test_the_seed_decides_everything(rng):
    x, y = rng.normal(size=(30, 9, 8, 2)), rng.integers(3, size=30)
    (a, _), (b, _) = (fitted(CrossEntropy(), x, y, small_network()) for _ in range(2))
    np.testing.assert_array_equal(a.logits(x), b.logits(x))


def test_a_row_of_history(rng):
    x, y, rows = rng.normal(size=(30, 2)), rng.integers(3, size=30), []
    _, history = fitted(ForwardCorrected(T), x, y, epochs=2, learning_rate="auto", on_epoch=rows.append)
    assert rows == history and [row["epoch"] for row in rows] == [1, 2]
    keys = {"epoch", "loss", "forward_loss", "forward_loss_error", "corrected_risk", "corrected_risk_error", "alarms"}
    keys |= {"learning_rate", "seconds"}
    assert set(rows[0]) == keys and rows[0]["loss"] == pytest.approx(rows[0]["forward_loss"])
    assert rows[1]["learning_rate"] == pytest.approx(step_size("auto", ForwardCorrected(T), 5 / 6))
    _, history = fitted(CrossEntropy(), x, y, epochs=1)
    assert set(history[0]) == {"epoch", "loss", "learning_rate", "seconds"}  # without T there is nothing to watch


def test_history_holds_means_over_the_samples(rng):
    """A step of no size, batches of 10, 10 and 1: the mean of the epoch is that of all samples."""
    x, y = rng.normal(size=(21, 2)), rng.integers(3, size=21)
    network, (row,) = fitted(BackwardCorrected(T, "raw"), x, y, epochs=1, learning_rate=0.0)
    z = network.logits(x)
    assert row["loss"] == row["corrected_risk"] == pytest.approx(BackwardCorrected(T).value(z, y).mean())
    assert row["forward_loss"] == pytest.approx(kernels.forward_cross_entropy(z, y, T).mean())


@pytest.mark.parametrize("answer", [True, np.True_])
def test_on_epoch_ends_training_where_it_returns_true(rng, answer):
    x, y, rows = rng.normal(size=(30, 2)), np.arange(30) % 3, []
    stopped, history = fitted(CrossEntropy(), x, y, epochs=9, on_epoch=lambda row: rows.append(row) or len(rows) == 4)
    whole, _ = fitted(CrossEntropy(), x, y, epochs=4, on_epoch=lambda row: None if answer else False)
    assert rows == history and len(history) == 4
    np.testing.assert_array_equal(stopped.logits(x), whole.logits(x))
    _, history = fitted(CrossEntropy(), x, y, epochs=9, on_epoch=lambda row: answer)
    assert len(history) == 1


@pytest.mark.parametrize("answer", [0, 1, "stop", [], StopIteration])
def test_on_epoch_returns_nothing_else(rng, answer):
    with pytest.raises(ValueError, match="on_epoch returned .*; it should return True to stop, or None or False"):
        fitted(CrossEntropy(), rng.normal(size=(6, 2)), np.arange(6) % 3, on_epoch=lambda row: answer)


@pytest.mark.slow
def test_the_alarms_ring_when_labels_are_learnt_by_heart(rng):
    x, y = 0.3 * rng.normal(size=(120, 60)), rng.integers(3, size=120)
    _, raw = fitted(BackwardCorrected(T, "raw"), x, y, epochs=60, learning_rate=0.01)
    _, forward = fitted(ForwardCorrected(T), x, y, epochs=300, learning_rate=0.2)
    assert raw[0]["alarms"] == forward[0]["alarms"] == []
    assert "corrected risk below zero" in raw[-1]["alarms"] and raw[-1]["corrected_risk"] < 0
    assert "forward loss below the noise floor" in forward[-1]["alarms"]


def test_watching_a_forward_loss_does_not_warn_of_the_inverse(rng):
    nearly_flat = 0.02 * np.eye(3) + 0.98 / 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, (row,) = fitted(ForwardCorrected(nearly_flat), rng.normal(size=(9, 2)), np.arange(9) % 3, epochs=1)
    assert np.isfinite(row["corrected_risk"])
    _, (row,) = fitted(ForwardCorrected(np.full((3, 3), 1 / 3)), rng.normal(size=(9, 2)), np.arange(9) % 3, epochs=1)
    assert row["corrected_risk"] == 0 and "corrected risk below zero" not in row["alarms"]  # T has no inverse


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_stops_and_names_the_remedies(rng):
    x, y = rng.normal(size=(60, 5)).astype(np.float32), rng.integers(3, size=60)
    with pytest.raises(TrainingDiverged) as caught:
        fitted(BackwardCorrected(T, "raw"), x, y, epochs=200, learning_rate=30.0)
    error = caught.value
    for remedy in ("risk='relu'", "'clip'", "'flood'", "learning_rate='auto'", "weight_decay", "loss='forward'"):
        assert remedy in str(error)
    assert "BackwardCorrected is no longer finite in epoch" in str(error) and "learning rate 30)" in str(error)
    assert len(error.history) == error.epoch and error.step // 6 == error.epoch - 1
    fatal = error.history[-1]
    assert fatal["epoch"] == error.epoch and (np.isfinite(fatal["last_loss"]) or error.step % 6 == 0)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.epoch, again.step, again.history) == (str(error), error.epoch, error.step, error.history)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_in_the_very_last_step_is_no_success(rng):
    with pytest.raises(TrainingDiverged, match=r"epoch 1 \(step 1, learning rate 1e\+38\)"):
        x = rng.normal(size=(5, 4)).astype(np.float32)
        fitted(CrossEntropy(), x, np.arange(5) % 3, epochs=1, learning_rate=1e38)


def test_tamed_risks_survive_what_the_raw_one_does_not(rng):
    x, y = rng.normal(size=(60, 5)), rng.integers(3, size=60)
    histories = [fitted(BackwardCorrected(T, risk), x, y, epochs=100)[1] for risk in ("raw", "clip", "relu", "flood")]
    raw, *tamed = (history[-1]["loss"] for history in histories)
    assert raw < -1 and min(tamed) > -0.05


def test_after_training_no_batch_is_kept(rng):
    network, _ = fitted(CrossEntropy(), rng.normal(size=(9, 2)), np.arange(9) % 3)
    assert not {"x", "y"} & set().union(*map(vars, network.layers))


def test_a_weight_counts_a_sample_that_often(rng):
    x, y = rng.normal(size=(6, 2)), np.arange(6) % 3
    twice = np.concatenate([x, x[:3]]), np.concatenate([y, y[:3]])
    weight = np.array([2, 2, 2, 1, 1, 1]) * 6 / 9  # mean 1
    (a, _), (b, _) = fitted(CrossEntropy(), x, y, sample_weight=weight), fitted(CrossEntropy(), *twice)
    np.testing.assert_allclose(a.logits(x), b.logits(x))


@pytest.mark.parametrize(
    ("shape", "layers"), [((32, 32, 3), 12), ((16, 16, 1), 12), ((15, 16, 1), 4), ((64,), 4), ((32, 32), 4)]
)
def test_auto_takes_the_annex_for_images_it_fits(shape, layers):
    network = make_network("auto", 3, shape)
    assert len(network.layers) == layers
    assert network.build(shape, np.random.default_rng(0)) == (3,)
