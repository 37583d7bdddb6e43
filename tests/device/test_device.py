"""Training on a device: the same results as on the host, everything back afterwards, and no step that waits for it."""

import pickle

import numpy as np
import pytest
from device_models import LINEAR, LOSSES, T, assert_same, network

from scratchnoise.backend import backend, constant, to_device, to_host
from scratchnoise.losses import BackwardCorrected, CrossEntropy, NatarajanCorrected
from scratchnoise.models import FlipCorrected, SoftmaxRegression
from scratchnoise.models.saving import load, save
from scratchnoise.network import mlp
from scratchnoise.network.training import TrainingDiverged, Watch, train
from scratchnoise.study import protocol, runner

# --- the same as on the host ------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: getattr(loss, "risk", type(loss).__name__))
@pytest.mark.parametrize("weighted", [False, True])
def test_a_network_learns_the_same_on_a_device(device, images, loss, weighted):
    x, y = images
    weight = np.linspace(0.5, 2, len(x)) if weighted else None
    there, here = (network(name, loss=loss, weight_decay=0.01).fit(x, y, weight) for name in ("cupy", "numpy"))
    assert_same(there, here)
    for predict in ("predict_proba", "decision_function", "predict"):
        predicted = getattr(there, predict)(x)
        assert type(predicted) is np.ndarray
        np.testing.assert_array_equal(predicted, getattr(here, predict)(x))
    assert all(type(row["loss"]) is float for row in there.history_)


@pytest.mark.parametrize("model", LINEAR, ids=repr)
def test_a_linear_model_learns_the_same_on_a_device(device, images, model):
    x, y = images[0].reshape(60, -1), images[1]
    there, here = (type(model)(**model.get_params() | {"random_state": 0, "backend": b}) for b in ("cupy", "numpy"))
    assert_same(there.fit(x, y), here.fit(x, y))
    np.testing.assert_array_equal(there.predict_proba(x), here.predict_proba(x))
    assert type(there.predict_proba(x)) is np.ndarray


def test_two_classes_and_models_around_models(device, images):
    x, y = images[0].reshape(60, -1), images[1] > 0
    loss = NatarajanCorrected(0.1, 0.2)
    assert_same(*(network(b, network="mlp", loss=loss).fit(x, y) for b in ("cupy", "numpy")))
    there, here = (
        FlipCorrected(SoftmaxRegression(max_iter=3, backend=b), folds=2, random_state=0).fit(x, images[1])
        for b in ("cupy", "numpy")
    )
    np.testing.assert_array_equal(there.predict_proba(x), here.predict_proba(x))


def test_a_block_runs_models_on_the_device(device, images):
    with backend("cupy"):
        network(None, epochs=1).fit(*images)
    assert device.crossings["to device"] > 0


@pytest.mark.slow
def test_a_study_runs_on_the_device(device, monkeypatch, tmp_path):
    tiny = protocol.Preset("quick", 240, 60, 1, 1, 1, "MLR")
    monkeypatch.setitem(protocol.PRESETS, "quick", tiny)
    methods = ("MLR", "MLR (flipped, inverse)", "rMLR", "rMLR (learnt rates)", "T estimates")
    there, here = (
        runner.reproduce(tmp_path / name, noise=("0.5",), methods=methods, backend=name) for name in ("cupy", "numpy")
    )
    assert {row["backend"] for row in there} == {"cupy"} and device.crossings["to device"] > 0
    found = ("method", "accuracy", "T_hat")
    assert [[row.get(k) for k in found] for row in there] == [[row.get(k) for k in found] for row in here]


def test_a_device_stops_in_the_step_that_the_host_would_stop_in(device, images):
    """The device goes on to the end of the epoch, but what it finds there is the first bad step."""
    caught = []
    with np.errstate(all="ignore"):
        for name in ("cupy", "numpy"):
            with pytest.raises(TrainingDiverged) as error:
                loss = BackwardCorrected(T, "raw")
                network(name, network="mlp", loss=loss, learning_rate=2.0, epochs=300, batch_size=4).fit(*images)
            caught.append(error.value)
    there, here = caught
    assert (there.epoch, there.step, str(there)) == (here.epoch, here.step, str(here))
    assert here.step % 15 not in (0, 14)  # in the middle of an epoch


# --- nothing waits ----------------------------------------------------------------------------------------


def crossings(device, images, steps, **settings):
    """How often something crosses in two epochs of so many steps."""
    before = device.crossings.copy()
    network("cupy", epochs=2, batch_size=60 // steps, **settings).fit(*images)
    return device.crossings - before


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: getattr(loss, "risk", type(loss).__name__))
def test_what_crosses_does_not_depend_on_the_number_of_steps(device, images, loss):
    crossings(device, images, 3, loss=loss)  # matrices of the loss are sent once and for all
    few, many = (crossings(device, images, steps, loss=loss) for steps in (3, 15))
    assert few == many and few["to host"] <= 2 * 16  # an epoch: seven sums of the watch, and what decides on going on


def reads_the_loss(watch, z, *rest):
    float(z.sum())


def copies_the_logits(watch, z, *rest):
    z.get()


def decides_by_a_number(watch, z, *rest):
    assert (z == z).all()


@pytest.mark.parametrize("mutant", [reads_the_loss, copies_the_logits, decides_by_a_number])
def test_a_look_at_every_step_would_be_found(device, images, monkeypatch, mutant):
    see = Watch.see
    monkeypatch.setattr(Watch, "see", lambda *arguments: (mutant(*arguments), see(*arguments)))
    few, many = (crossings(device, images, steps) for steps in (3, 15))
    assert many["to host"] == few["to host"] + 2 * 12


@pytest.mark.parametrize("model", LINEAR, ids=repr)
def test_what_crosses_for_a_linear_model_depends_on_the_passes_alone(device, images, model):
    counts = []
    for batch_size in (60, 5):
        before = device.crossings.copy()
        settings = model.get_params() | {"backend": "cupy", "batch_size": batch_size, "tol": 0}
        type(model)(**settings).fit(images[0].reshape(60, -1), images[1])
        counts.append(device.crossings - before)
    assert counts[0] == counts[1]


# --- back on the host -------------------------------------------------------------------------------------


def test_a_saved_model_does_not_know_where_it_learnt(device, images, tmp_path):
    contents = []
    for name in ("cupy", "numpy"):
        model = network(name, loss="forward", T=T).fit(*images).set_params(backend=None)
        for row in model.history_:
            row["seconds"] = 0.0
        save(model, tmp_path / f"{name}.npz")
        with np.load(tmp_path / f"{name}.npz", allow_pickle=False) as file:
            contents.append({key: file[key].tobytes() for key in file.files})
        assert_same(load(tmp_path / f"{name}.npz"), model)
        assert_same(pickle.loads(pickle.dumps(model)), model)
    assert contents[0] == contents[1]


def test_nothing_stays_on_the_device(device, images):
    fitted = network("cupy").fit(*images)
    fitted.predict(images[0])
    assert device.used <= 16 * 9 * 4  # constant matrices
    assert all(type(a) is np.ndarray for layer in fitted.network_.layers for a in layer.grads.values())


def test_a_model_can_be_used_and_pickled_between_epochs(device, images):
    seen = []

    def on_epoch(model, row):
        seen.append((model.predict_proba(images[0]), pickle.loads(pickle.dumps(model.network_))))

    network("cupy", epochs=2, on_epoch=on_epoch).fit(*images)
    for p, copied in seen:
        with backend("numpy"):
            z = copied.logits(images[0])
        np.testing.assert_allclose(p, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-5)
    assert (seen[0][0] != seen[1][0]).any()


def test_a_fit_that_fails_brings_the_network_back(device, images):
    built = mlp(3)
    built.build((6, 6, 2), np.random.default_rng(0))
    with backend("cupy"), pytest.raises(ZeroDivisionError):
        train(built, CrossEntropy(), *images, np.random.default_rng(0), 1, 20, on_epoch=lambda row: 1 / 0)
    assert all(type(layer.params[key]) is np.ndarray for _, layer, key in built.parameters())


def test_labels_are_looked_at_before_they_are_sent(device, images):
    built = mlp(3)
    built.build((6, 6, 2), np.random.default_rng(0))
    with backend("cupy"), pytest.raises(ValueError, match=r"labels"):
        train(built, CrossEntropy(), images[0], images[1] + 1, np.random.default_rng(0), 1, 20)


# --- arrays -----------------------------------------------------------------------------------------------


def test_on_the_host_nothing_moves():
    array = np.arange(3.0)
    with backend("numpy"):
        assert to_device(array) is to_host(array) is array
    assert to_host(1.5) == 1.5


def test_a_constant_is_sent_once(device):
    with backend("cupy"):
        first, again, single = (constant(np.array(T), dtype) for dtype in (np.float64, np.float64, np.float32))
        assert first is again and single is not first and single.dtype == np.float32
        assert constant(T + 1, np.float64) is not first
        np.testing.assert_array_equal(to_host(first), T)
    assert device.crossings["to device"] == 3


def test_an_array_of_the_host_is_refused(device):
    with backend("cupy"), pytest.raises(TypeError, match=r"Unsupported type <class 'numpy.ndarray'>"):
        CrossEntropy().value(to_device(np.zeros((2, 3))), np.array([0, 1]))


# --- killed and begun again ------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_a_training_on_a_device_goes_on_from_its_checkpoint(device, images, tmp_path, solver):
    """Momentum and weights lie in one array of the device, which the recorded step reads."""

    def dies(model, row):
        if row["epoch"] == 2:
            raise InterruptedError

    whole = network("cupy", solver=solver).fit(*images)
    with pytest.raises(InterruptedError):
        network("cupy", solver=solver, checkpoints=str(tmp_path), on_epoch=dies).fit(*images)
    epochs = []
    resumed = network("cupy", solver=solver, checkpoints=str(tmp_path), on_epoch=lambda _, row: epochs.append(row))
    assert_same(resumed.fit(*images), whole)
    assert [row["epoch"] for row in epochs] == [2, 3]
