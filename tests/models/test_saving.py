"""Saving without pickle: every model comes back the same, nothing half-written stays, nothing foreign gets in."""

import json
import os
import pickle

import numpy as np
import profiles
import pytest
from sklearn.linear_model import LogisticRegression

from scratchnoise.losses import BackwardCorrected
from scratchnoise.models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.models.saving import FORMAT, load, save
from scratchnoise.network import Network
from scratchnoise.network.layers import AvgPool2d, BatchNorm, Conv2d, Dropout, Flatten, Linear, MaxPool2d, ReLU
from scratchnoise.transition import TransitionMatrix

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
QUICK = {"backend": "numpy", "random_state": 0}
LAYERS = [Conv2d(2, 3, pad=1), ReLU(), MaxPool2d(2), Flatten(), Dropout(0.5), Linear(3)]
NORMALISED = [Conv2d(2, (2, 1), pad="same"), BatchNorm(), ReLU(), AvgPool2d(2), Flatten(), Linear(3)]
MODELS = [
    SoftmaxRegression(max_iter=3, **QUICK),
    RobustSoftmaxRegression(max_iter=3, **QUICK),
    RobustSoftmaxRegression(TransitionMatrix(T), max_iter=3, **QUICK),
    FlipCorrected(SoftmaxRegression(max_iter=3, **QUICK), folds=2, random_state=0),
    NeuralNetwork("mlp", loss="backward", T=T, epochs=2, **QUICK),
    NeuralNetwork(Network(LAYERS), loss=BackwardCorrected(T, "flood", 0.1), epochs=2, **QUICK),
    NeuralNetwork(Network(NORMALISED), solver="adam", early_stopping=True, epochs=2, **QUICK),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.npz"


@pytest.mark.parametrize("model", profiles.thinned(MODELS), ids=repr)
def test_a_model_comes_back_the_same(model, gaussians, path):
    X, y = gaussians
    if isinstance(model.get_params().get("network"), Network):
        X = X.reshape(-1, 2, 2, 1)
    model.fit(X, np.array(["cat", "ant", "bee"], dtype=object)[y])
    save(model, path)
    loaded = load(path)
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(loaded.predict(X), model.predict(X))
    assert type(loaded) is type(model) and repr(loaded) == repr(model)
    assert {name for name in vars(loaded)} == {name for name in vars(model)}
    np.testing.assert_array_equal(loaded.fit(X, y).predict_proba(X), model.fit(X, y).predict_proba(X))


def test_a_model_of_an_older_version_has_the_defaults_of_what_it_did_not_know(gaussians, path):
    X, y = gaussians
    model = NeuralNetwork("mlp", epochs=2, scaling=None, **QUICK).fit(X, y)
    expected = model.predict_proba(X)
    for name in ("solver", "scaling", "early_stopping", "verbose", "input_mean_", "input_scale_"):
        delattr(model, name)
    save(model, path)
    loaded = load(path)
    np.testing.assert_array_equal(loaded.predict_proba(X), expected)
    assert loaded.get_params()["solver"] == "sgd" and "epochs=2" in repr(loaded)


def test_an_unfitted_model_and_its_feature_names(gaussians, path):
    pandas = pytest.importorskip("pandas")
    save(SoftmaxRegression(l2=0.5), path)
    assert load(path).l2 == 0.5 and not hasattr(load(path), "classes_")
    frame = pandas.DataFrame(gaussians[0], columns=list("abcd"))
    save(SoftmaxRegression(**QUICK, max_iter=2).fit(frame, gaussians[1]), path)
    with pytest.raises(ValueError, match="feature names should match"):
        load(path).predict(frame[list("dcba")])


def test_the_file_holds_each_parameter_once(rng, path):
    X = rng.normal(size=(20, 500))
    model = NeuralNetwork("mlp", epochs=1, **QUICK).fit(X, np.arange(20) % 3)
    save(model, path)
    assert path.stat().st_size < 1.1 * 8 * model.network_.n_parameters + 5000  # no gradients, no batch
    assert len(pickle.dumps(model)) < 1.1 * 8 * model.network_.n_parameters + 5000
    assert model.network_.layers[1].grads  # and saving takes nothing from the model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (FlipCorrected(LogisticRegression()), "FlipCorrected.estimator is a LogisticRegression, which cannot be saved"),
        (NeuralNetwork(on_epoch=print), "NeuralNetwork.on_epoch is a builtin_function_or_method"),
        (SoftmaxRegression(random_state=np.random.default_rng(0)), "SoftmaxRegression.random_state is a Generator"),
        (RobustSoftmaxRegression(T=np.array([[1, None]])), "RobustSoftmaxRegression.T is an array of Python objects"),
    ],
)
def test_what_needs_a_pickle_is_refused_and_nothing_is_written(model, message, path):
    with pytest.raises(TypeError, match=message):
        save(model, path)
    assert not list(path.parent.iterdir())


def test_a_failed_write_leaves_the_old_file(path, monkeypatch):
    save(SoftmaxRegression(l2=1), path)

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="no space left"):
        save(SoftmaxRegression(l2=2), path)
    assert load(path).l2 == 1 and [p.name for p in path.parent.iterdir()] == ["model.npz"]


class Bomb:
    def __reduce__(self):
        return os.abort, ()


def description(model, **changes):
    return np.array(json.dumps({"format": FORMAT, "model": model, **changes}))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"description": np.array([Bomb()], dtype=object)}, "Object arrays cannot be loaded when allow_pickle=False"),
        (
            {"description": description({"class": "SoftmaxRegression", "state": {}}), "x": np.array([Bomb()])},
            "Object arrays cannot be loaded",
        ),
        ({"description": description({"class": "Popen", "state": {}})}, "names the class 'Popen', which is not part"),
        ({"description": description(None, format="another 7")}, "its format is 'another 7', this version reads"),
        ({"description": description({"class": "SoftmaxRegression"})}, "state"),
        ({"description": description({"array": "nowhere"})}, "nowhere"),
        ({"description": np.array("[1]")}, "list indices"),
        ({"x": np.zeros(3)}, "description"),
    ],
)
def test_a_file_that_is_no_model_is_refused(content, reason, path):
    np.savez(path, **content)
    with pytest.raises(ValueError, match=f"model.npz is not a model written by scratchnoise.*{reason}"):
        load(path)


def test_a_pickle_is_not_even_opened(path):
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match="is not a model written by scratchnoise: it is no .npz file"):
        load(path)


def test_damage_is_found(path, rng):
    save(RobustSoftmaxRegression(T), path)
    whole = path.read_bytes()
    for length in rng.integers(len(whole), size=20):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="is not a model written by scratchnoise"):
            load(path)
    with pytest.raises(FileNotFoundError):
        load(path.with_name("missing.npz"))


@pytest.mark.parametrize("nothing", [3, None, "model", SoftmaxRegression, {"coef_": 1}, np.ones(3)])
def test_what_is_no_model_is_not_saved(nothing, tmp_path):
    with pytest.raises(TypeError, match="^model=.* should be one of SoftmaxRegression, "):
        save(nothing, tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("labels", [[1, 2], np.array([1, 2]), [True, False], ["a", "b"], [1.0, 2.0]])
def test_keys_of_a_dict_come_back_as_they_were(labels, tmp_path):
    X, y = np.random.default_rng(0).normal(size=(20, 2)), np.repeat(labels, 10)
    model = SoftmaxRegression(class_weight=dict(zip(labels, (3, 1), strict=True)), random_state=0).fit(X, y)
    save(model, tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    assert loaded.class_weight == model.class_weight
    np.testing.assert_array_equal(loaded.fit(X, y).predict_proba(X), model.predict_proba(X))


def test_the_t_of_a_loaded_model_is_read_only(gaussians, path):
    X, y = gaussians[:2]
    save(RobustSoftmaxRegression([[0.9, 0.2, 0.1], [0.05, 0.7, 0.1], [0.05, 0.1, 0.8]], max_iter=3).fit(X, y), path)
    assert not load(path).T_.array.flags.writeable
