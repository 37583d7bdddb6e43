"""Every public function and method refuses what a careless user passes, in one line that names the argument.

The table of functions and wrong values is careless_arguments.py. Each check is then replaced by one that lets too much
through: the table has to see it.
"""

import inspect
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from careless_arguments import (
    CASES,
    TARGETS,
    T,
    X,
    Y,
    a_layer,
    accepted,
    arguments,
    base_of,
    labels_with,
    layer_settings,
    wrong_values,
)

from scratchnoise import checks, data, estimate, noise
from scratchnoise.backend import backend
from scratchnoise.network import layers, network, optim
from scratchnoise.network.layer import Layer


@pytest.mark.parametrize("target", TARGETS)
def test_the_right_arguments_are_taken(target):
    with backend("numpy"):
        TARGETS[target][0](**arguments(target))


@pytest.mark.parametrize(("target", "name"), CASES)
def test_a_wrong_argument_is_refused_by_name(target, name):
    assert accepted(target, name, wrong_values(target, name)) == []


# --- each check is needed: without it, something wrong is taken --------------------------------------------


def let_through(*arguments, **values):
    """The mutant of a check that only raises."""


MUTANTS = {  # what is replaced: by what, and where the table has to see it
    "is_whole": (lambda value: isinstance(value, int), "layers.Conv2d", "stride"),
    "is_number": (lambda value: isinstance(value, float), "losses.BackwardCorrected", "flood_level"),
    "check_count": (let_through, "layers.Conv2d", "filters"),
    "check_window": (let_through, "layers.Conv2d", "kernel"),
    "check_number": (let_through, "losses.BackwardCorrected", "flood_level"),
    "check_positive": (let_through, "normalisation.BatchNorm", "epsilon"),
    "check_not_negative": (let_through, "optim.SGD", "learning_rate"),
    "check_below_one": (let_through, "optim.SGD", "momentum"),
    "check_choice": (let_through, "losses.BackwardCorrected", "risk"),
    "as_path": (lambda name, path: Path(path), "saving.load", "path"),
    "as_generator": (lambda name, rng: np.random.default_rng(rng), "noise.corrupt", "rng"),
    "as_array": (lambda name, values: np.asarray(values), "estimate.out_of_fold_posteriors", "X"),
    "as_floats": (lambda name, values: np.array(values, np.float64), "transition.TransitionMatrix", "array"),
    "as_probabilities": (lambda name, rows, what, slack: np.asarray(rows, float), "instance_noise.draw_labels", "P"),
    "as_weights": (lambda name, values, n: np.asarray(values, float), "losses.CrossEntropy.objective", "sample_weight"),
    "check_unmasked": (let_through, "noise.corrupt", "y"),
    "as_labels": (lambda name, y: np.asarray(y), "estimate.estimate_transition", "y"),
    "classes_of": (lambda name, y: np.unique(y, return_inverse=True), "estimate.estimate_transition", "y"),
    "among": (lambda classes, seen, index: (seen, index), "noise.corrupt", "classes"),
    "_texts_alone": (lambda name, given, texts: texts, "estimate.estimate_transition", "y"),
    **dict.fromkeys(("missing_objects", "_is_missing")),  # test_a_missing_label_is_said_to_be_missing
    "_check_numbers": (let_through, "losses.NatarajanCorrected", "rho_positive"),
    "as_shape": (tuple, "layers.ReLU.build", "input_shape"),
    "check_step": (let_through, "layers.Dropout.forward", "step"),
    "check_dtype": (let_through, "layers.Linear.build", "dtype"),
    "check_layers": (let_through, "network.Network", "layers"),
    "check_logits": (let_through, "losses.CrossEntropy.value", "z"),
    "check_estimator": (let_through, "estimate.estimate_transition", "estimator"),
    "check_settings": (let_through, "training.train", "loss"),
    "check_samples": (let_through, "training.train", "sample_weight"),
    "check_input": (let_through, "layers.ReLU.forward", "x"),
    "check_upstream": (let_through, "layers.Flatten.backward", "dy"),
}


@pytest.mark.filterwarnings("ignore:Casting complex")
@pytest.mark.parametrize(("name", "mutant", "target", "parameter"), [(k, *v) for k, v in MUTANTS.items() if v])
def test_a_check_that_is_switched_off_is_missed(name, mutant, target, parameter, monkeypatch):
    places = [m for module, m in sys.modules.items() if module.startswith("scratchnoise") and name in vars(m)]
    places = [Layer] if name in vars(Layer) else places
    assert places and not accepted(target, parameter, wrong_values(target, parameter))
    for place in places:
        monkeypatch.setattr(place, name, mutant)
    assert accepted(target, parameter, wrong_values(target, parameter))


def test_every_check_has_a_mutant():
    own = {name for name, found in vars(checks).items() if getattr(found, "__module__", "") == checks.__name__}
    assert own <= set(MUTANTS)


# --- what no single argument shows --------------------------------------------------------------------------


def every_layer():
    return [cls for _, cls in inspect.getmembers(layers, inspect.isclass) if base_of(cls) is Layer and cls is not Layer]


@pytest.mark.parametrize("cls", every_layer())
def test_a_layer_is_built_before_it_is_used_and_forward_comes_before_backward(cls):
    layer, right = a_layer(cls)
    unbuilt = cls(**layer_settings(cls))
    with pytest.raises(ValueError, match=f"^{cls.__name__} got x before it was built; call build"):
        unbuilt.forward(right["x"])
    layer.release()
    for without_forward in (unbuilt, layer):
        with pytest.raises(ValueError, match=f"^{cls.__name__} got dy before x; call forward"):
            without_forward.backward(right["dy"])


def test_a_network_needs_parameters_and_each_layer_once():
    shared = layers.Linear(3)
    for wrong, message in (
        ([], "layers is empty; a network needs at least one layer"),
        ([shared, layers.ReLU(), shared], r"layers\[2\] is the same object as layers\[0\]; make a new Linear"),
        ([layers.Linear], r"layers\[0\] is the class Linear; it should be a layer object"),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            network.Network(wrong)
    with pytest.raises(ValueError, match="layers have no parameters, so there is nothing to train"):
        network.Network([layers.ReLU()]).build((5,), 0)
    grown = network.Network([shared])
    grown.layers.append(shared)
    with pytest.raises(ValueError, match="same object"):
        grown.build((5,), 0)
    unbuilt = network.Network([layers.Linear(3)])
    for use in (lambda: unbuilt.forward(X), lambda: unbuilt.backward(X), lambda: optim.SGD(unbuilt)):
        with pytest.raises(ValueError, match="built|build"):
            use()
    unbuilt.build((5,), 0)
    with pytest.raises(ValueError, match=r"network has no gradient of 0\.w; call forward\(x\) and backward\(dz\)"):
        optim.SGD(unbuilt).step()


def built_weights(rng):
    made = network.mlp(3)
    made.build((5,), rng)
    return made.layers[-1].params["w"]


def test_an_int_is_the_seed_of_the_generator_that_numpy_makes_of_it():
    y = np.arange(300) % 3
    for draw in (
        lambda rng: noise.corrupt(y, T, rng),
        lambda rng: np.asarray(noise.random_transition(3, rng)),
        lambda rng: estimate.stratified_folds(y, 5, rng),
        lambda rng: data.make_garments(9, 3, rng).x_train,
        lambda rng: data.make_garments(60, 30).subsample(9, 3, rng).y_test,
        built_weights,
    ):
        np.testing.assert_array_equal(draw(5), draw(np.random.default_rng(5)))
        np.testing.assert_array_equal(draw(np.int32(5)), draw(np.random.default_rng(5)))


def test_a_random_state_is_a_generator_whose_state_moves_on():
    y, state = np.arange(300) % 3, np.random.RandomState(5)
    first, second = noise.corrupt(y, T, state), noise.corrupt(y, T, state)
    np.testing.assert_array_equal(first, noise.corrupt(y, T, np.random.RandomState(5)))
    assert (first != second).any()


@pytest.mark.parametrize(
    "kind", [object, str, bytes, "M8[D]", "m8[s]", np.uint64, np.float32, bool, "category", "Int64"]
)
def test_labels_of_every_kind_are_taken(kind):
    plain = pd.Series(Y % 2)
    y = plain.astype(kind) if kind in ("category", "Int64") else plain.to_numpy().astype(kind)
    classes, index = checks.classes_of("y", checks.as_labels("y", y))
    assert len(classes) == 2 and index.tolist() == (Y % 2).tolist() and index.dtype == np.int64


MISSING = [
    *(labels_with(value) for value in (None, np.nan, pd.NA, pd.NaT, np.datetime64("NaT"), np.float32("nan"))),
    *(labels_with("NaT", kind) for kind in ("M8[s]", "m8[s]")),
    *(["a", "b", "c", "d", np.nan], pd.Categorical([*"abcd", None])),
]


@pytest.mark.parametrize("y", MISSING, ids=lambda y: f"{type(y).__name__}-{getattr(y, 'dtype', '')}")
def test_a_missing_label_is_said_to_be_missing(y):
    with pytest.raises(ValueError, match=r"^noisy has a missing label at index 4, .*; remove the sample$"):
        checks.as_labels("noisy", y)


def test_nothing_masked_is_no_mask():
    y = np.ma.masked_array(Y, mask=False)
    np.testing.assert_array_equal(noise.corrupt(y, T, 0), noise.corrupt(Y, T, 0))


def test_a_message_has_one_line_whatever_is_given():
    with pytest.raises(ValueError, match=r"^rate=array\(\[\[1\., 1\., .*\.\.\. should be a number") as caught:
        layers.Dropout(np.ones((50, 50)))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 160


def test_a_layer_that_an_older_version_saved_takes_what_it_took():
    """Its files say nothing of the input shape."""
    layer, right = a_layer(layers.Linear)
    expected = layer.forward(right["x"])
    del layer.input_shape
    np.testing.assert_array_equal(layer.forward(right["x"]), expected)
