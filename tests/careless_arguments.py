"""Public functions, found by introspection, and for each of their arguments what is right and what is wrong.

The name of an argument decides what it may be. A new layer, loss or kind of noise is found here too: its arguments need
a right value in `RIGHT` and wrong ones in `WRONG`, or tests/test_arguments.py fails.
"""

import inspect
import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from scratchnoise import data, estimate, instance_noise, label_errors, losses, noise, robust_losses, transition
from scratchnoise.backend import backend
from scratchnoise.models import SoftmaxRegression, saving, scoring
from scratchnoise.network import layers, network, normalisation, optim, pooling, training
from scratchnoise.network.layer import Layer

MODULES = (layers, pooling, normalisation, network, optim, training)
MODULES += (
    losses,
    robust_losses,
    noise,
    instance_noise,
    transition,
    estimate,
    data.arrays,
    data.garments,
    scoring,
    saving,
    label_errors,
)
INTERNAL = {  # called by the functions below, with what these have checked
    *("check_layers", "make_network", "FlatSGD", "Loss", "labels_for", "check_logits", "he_normal", "clone"),
    *("step_size", "Minibatches", "HostStep", "Watch", "TrainingDiverged", "check_settings", "check_samples"),
    *("SingularTransitionError", "IllConditionedTransitionWarning", "check_estimator", "check_prior"),
    *("UntrustworthyTransitionWarning",),
    *(
        "as_transition",
        "class_labels",
        "true_posterior",
        "LabelErrors",
        "FlatAdam",
        "start_correction",
        "automatic_epochs",
        "asks_to_stop",
    ),
}
METHODS = {
    Layer: ("build", "forward", "backward", "backward_weights"),
    losses.Loss: ("value", "grad", "objective", "objective_grad", "partial_risks", "signed_labels"),
    network.Network: ("build", "forward", "backward", "logits"),
    optim.SGD: (),
    transition.TransitionMatrix: ("from_rows", "aligned", "inverse_transition", "noisy_prior", "information_fractions"),
    data.Dataset: ("select", "subsample"),
}

# --- what is right ----------------------------------------------------------------------------------------

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
Y = np.arange(12) % 3
LABELS = ["a", "b", "c"]
Q = np.random.default_rng(0).dirichlet(np.ones(3), 12)
X = np.random.default_rng(1).normal(size=(12, 5)).astype(np.float32)
CLASSIFIER = SoftmaxRegression(max_iter=2, backend="numpy")
FITTED = SoftmaxRegression(l2=1, backend="numpy").fit(X, Y)
FOLDER = tempfile.mkdtemp()
FILE = Path(FOLDER, "model.npz")
FITTED.save(FILE)
RIGHT = {
    **{"features": 3, "filters": 2, "kernel": 3, "stride": 1, "pad": 0, "pool": 2, "size": 2, "rate": 0.5},
    **{"input_shape": (6, 6, 2), "rng": 0, "random_state": 0, "dtype": np.float32, "step": None},
    **{"n_classes": 3, "rho": 0.1, "max_rate": 0.4, "y": Y, "y_noisy": Y, "T": T, "array": T, "exact_counts": False},
    **{"prior": np.full(3, 1 / 3), "p": np.full(3, 1 / 3), "diagnostics": None},
    **{"rho_positive": 0.1, "rho_negative": 0.2},
    **{"risk": "flood", "flood_level": 0.1, "z": X[:, :3], "like": X[:, :3], "sample_weight": np.ones(12)},
    **{"q": Q, "quantile": 0.9, "k": 2, "method": "confident_joint", "estimator": CLASSIFIER, "X": X, "folds": 2},
    **{"epochs": 1, "batch_size": 5, "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.1, "on_epoch": None},
    **{"shortened": 0.5, "solver": "adam", "epsilon": 1e-5, "make_step": None, "checkpoint": None},
    **{"n_train": 9, "n_test": 6, "classes": [0, 2], "class_names": ("a", "b", "c"), "noisy": False, "name": "y"},
    **{"x_train": X, "x_test": X, "y_train": Y, "y_test": Y, "x": X},
    **{"model": FITTED, "path": FILE},
    **{"volume": 1e-3, "sharpness": 3.0, "kind": "II", "P": Q},
    **{"power": 0.7, "alpha": 0.5, "beta": 0.5, "log_zero": -4.0, "level": 0.1, "strength": 3.0, "memory": 0.7},
    **dict.fromkeys(("active", "passive", "base", "loss"), losses.CrossEntropy()),
}


def layer_settings(cls):
    return {name: RIGHT[name] for name in inspect.signature(cls).parameters}


def a_layer(cls):
    """A built layer that has seen a batch, and its right arguments."""
    layer = cls(**layer_settings(cls))
    shape = (5,) if cls is layers.Linear else (6, 6, 2)
    x = np.ones((2, *shape), np.float32)
    layer.build(shape, 0, np.float32)
    y = layer.forward(x)
    return layer, {"input_shape": shape, "x": x, "dy": np.ones_like(y)}


def a_network():
    made = network.Network([layers.Linear(3)])
    made.build((5,), 0)
    made.forward(X)
    return made, {"input_shape": (5,), "dz": np.ones((12, 3), np.float32)}


def a_loss(cls):
    loss = cls(**{name: RIGHT[name] for name in inspect.signature(cls).parameters})
    two = {"z": X[:, :2], "like": X[:, :2], "y": Y % 2} if cls is losses.NatarajanCorrected else {}
    return loss, two


def an_object(cls):
    """An object of the class, and what is right for its methods."""
    if issubclass(cls, Layer):
        return a_layer(cls)
    if issubclass(cls, losses.Loss):
        return a_loss(cls)
    if cls is network.Network:
        return a_network()
    if cls is transition.TransitionMatrix:
        return cls(T, classes=LABELS), {"array": T.T, "classes": LABELS}
    return cls(**{name: RIGHT[name] for name in inspect.signature(cls).parameters}), {}


def right_arguments(target):
    more = {"layers": [layers.Linear(3)], "network": a_network()[0], "loss": losses.CrossEntropy()}
    if target == "data.arrays.Dataset":
        more["name"] = "mine"
    if target == "transition.TransitionMatrix":
        more["classes"] = LABELS
    if target == "scoring.noisy_scorer":
        more["estimator"] = FITTED
    if target == "instance_noise.margin_diminishing":
        more |= {"p": Q, "y": Q.argmax(axis=1), "rate": 0.2}
    if target == "noise.corrupt":
        more["classes"] = [0, 1, 2]
    return RIGHT | more


# --- what is wrong ----------------------------------------------------------------------------------------


def masked(values):
    return np.ma.masked_array(values, np.arange(np.size(values)).reshape(np.shape(values)) == 1)


def labels_with(value, kind=object):
    labels = np.array(["a", "b", "c"] * 4, dtype=object) if kind is object else Y.astype(kind)
    labels[4] = value
    return labels


BILLION = 10**9
NUMBERS = [np.nan, np.inf, -np.inf, True, np.True_, "1", None, 1j, 10**400, np.ones((40, 40)), [1]]
COUNT = [*NUMBERS, -1, 1.5, np.float64(2), 2**70]
SEEDS = [1.5, True, "0", -1, object(), np.random]
CHOICE = ["rely", None, 3, ["relu"], np.array(["raw", "clip"])]
ANY_LABELS = [
    *(masked(Y), [[0], [1, 2]], Y[:11], Y[:0], np.stack([Y, Y]), 3, None, Y + 1j, np.array(list("abc" * 4)).view("V4")),
    *(labels_with(value) for value in (None, np.nan, pd.NA, pd.NaT, np.datetime64("NaT"), 1, {}, [1])),
    *(labels_with("NaT", kind) for kind in ("M8[s]", "m8[s]")),
    *(labels_with(np.nan, float), labels_with(np.nan, np.float16), pd.array([0, 1, None] * 4)),
    *(["a", "b", np.nan] * 4, ["a", 1, "b"] * 4, [frozenset("a"), frozenset("b"), frozenset("c")] * 4),
]
INDICES = [*ANY_LABELS, Y.astype(float), Y + 2**40, Y - 1, Y.astype(str), Y.astype("M8[s]"), Y.astype("u8") + 2**63]
WEIGHTS = [masked(np.ones(12)), np.ones(11), np.ones(1), np.ones((12, 1)), -np.ones(12), np.full(12, np.nan)]
WEIGHTS += [np.full(12, np.inf), np.ones(12) + 1j, np.full(12, "a"), 3, np.ones(12, "m8[s]"), [1] * 11 + [None]]
MATRIX = [masked(T), T.T, T[:2], T * np.nan, T + 0j, "T", None, [[1, 0], [1]], T.astype("m8[s]"), 2 * T]
BATCH = [None, [[1.0] * 5] * 12, 3.0, np.float32(1), np.ones((2, 7), np.float32), np.ones(3, np.float32)]
SHAPES = [None, 5, "56", (0,), (-1,), (2.5,), (True,), (np.nan,), (6, 6, "2"), np.ones(3)]
WRONG = {
    **dict.fromkeys(("features", "filters", "kernel", "stride", "pool", "size", "batch_size", "epochs"), [*COUNT, 0]),
    **dict.fromkeys(("n_train", "n_test"), [*COUNT, 0]),
    **dict.fromkeys(("n_classes", "folds", "k"), [*COUNT, 0, BILLION]),
    **dict.fromkeys(("rate", "momentum", "rho"), [*NUMBERS, -0.1, 1.5]),
    **dict.fromkeys(("max_rate", "rho_positive", "rho_negative", "quantile"), [*NUMBERS, -0.1, 1.5]),
    **dict.fromkeys(("learning_rate", "weight_decay"), [*NUMBERS, -0.1]),
    "shortened": [*NUMBERS, -0.1, 0],
    **dict.fromkeys(("flood_level", "level"), NUMBERS),
    "power": [*NUMBERS, 0, -0.1, 1.5],
    "log_zero": [*NUMBERS, 0, 0.1],
    **dict.fromkeys(("alpha", "beta", "strength", "volume"), [*NUMBERS, -0.1]),
    "memory": [*NUMBERS, -0.1, 1],
    **dict.fromkeys(("epsilon", "sharpness"), [*NUMBERS, 0, -0.1]),
    **dict.fromkeys(("rng", "random_state"), SEEDS),
    **dict.fromkeys(("risk", "method", "solver", "kind"), CHOICE),
    **dict.fromkeys(("T", "array"), MATRIX),
    **dict.fromkeys(("x_train", "x_test"), [masked(X), X * np.nan, X[:, 0], X[:11], None, X + 1j, "x"]),
    **dict.fromkeys(("y_train", "y_test"), [v for v in INDICES if getattr(v, "dtype", None) != np.float64]),
    "pad": COUNT,
    "step": [value for value in [*NUMBERS, -1, 1.5] if value is not None],
    "input_shape": SHAPES,
    "dtype": [None, int, np.float16, complex, "nonsense", 3],
    "x": [*BATCH, masked(X)],
    "dy": [None, [[1.0]], np.ones((1, 1), np.float32), np.float32(1), masked(np.ones((2, 3), np.float32))],
    "dz": [None, [[1.0]], np.ones((1, 1), np.float32), masked(np.ones((12, 3), np.float32))],
    "z": [None, [[1.0, 2.0]], X[0], X[None], masked(X[:, :3])],
    "like": [None, [[1.0, 2.0]], X[0], X[None]],
    "y": INDICES,
    "y_noisy": INDICES,
    "sample_weight": WEIGHTS,
    "prior": [None, "flat", [0.5, 0.5], [0.5, 0.6, -0.1], [np.nan, 0.5, 0.5], masked(np.full(3, 1 / 3)), T[0] + 1j],
    "p": ["flat", [0.5, 0.5], [0.5, 0.6, -0.1], [np.nan, 0.5, 0.5], [0.5, 0.5, 0], masked(np.ones(3) / 3), T[0] + 1j],
    "P": [masked(Q), Q[0], Q[:0], 2 * Q, Q * np.nan, Q + 0j, "P", None],
    "q": [masked(Q), Q[0], Q[:0], 2 * Q, Q * np.nan, Q + 0j, "q", None],
    "X": [masked(X), X[:11], X[:0], 3, None],
    "estimator": [None, SoftmaxRegression, "tree", object()],
    "model": [None, SoftmaxRegression, "tree", object(), {}],
    "path": [None, 3, True, 1.5, b"model.npz", [FILE], ""],
    "layers": [
        *([], None, 3, layers.ReLU(), [layers.ReLU], [None], ["relu"], [losses.CrossEntropy()]),
        [layers.Linear(3)] * 2,
    ],
    "network": [network.Network([layers.Linear(3)])],
    **dict.fromkeys(("loss", "active", "passive", "base"), [None, losses.CrossEntropy, "forward"]),
    **dict.fromkeys(("on_epoch", "make_step", "checkpoint"), [3, "print"]),
    "classes": ["a", [0], [0, 0], [0, 7], [True, False], ["a", "z"]],
    "class_names": [("a",), ("a", "a", "b")],
}
FREE = {"diagnostics", "exact_counts", "name", "noisy"}  # whatever they are: a text, a dict, true or false
NAMED = {  # how the message calls it
    "array": "T|gamma", "like": "z", "dz": "dz|dy", "y_noisy": "y_noisy|y", "X": "X|y", "x": "x|y", "z": "z|y",
    "T": "T|gamma", "y": "y|y_noisy", "network": "network|built", "x_train": "x_train|x_test|y_train",
    "x_test": "x_test|y_test", "rho": "rho", "rate": "rate", "q": "q", "y_train": "y_train", "y_test": "y_test",
    "model": "model|estimator",
}  # fmt: skip


def whole_and_large(value):
    return isinstance(value, int) and value >= BILLION


def shorter(labels):
    return isinstance(labels, np.ndarray) and labels.shape == (11,)


def never_seen(labels):
    """Labels without an order: the model knows none of them, so the likelihood is -inf."""
    return isinstance(labels, list) and isinstance(labels[0], frozenset)


FITTING = ("estimate_transition", "trusted_transition", "out_of_fold_posteriors", "estimates_side_by_side")
RIGHT_AFTER_ALL = {  # (function, parameter): which of the values above are right there
    **{(f"network.{name}", "n_classes"): lambda value: value is BILLION for name in ("annex", "mlp")},
    **{(f"noise.{name}", "y"): shorter for name in ("priors", "corrupt", "check_labels")},
    **{(f"estimate.{name}", "folds"): whole_and_large for name in FITTING},
    ("label_errors.find_label_errors", "folds"): whole_and_large,
    ("label_errors.find_label_errors", "T"): lambda value: value is None,
    ("estimate.estimate_from_posteriors", "X"): lambda value: value is None,
    ("estimate.stratified_folds", "y"): shorter,
    ("estimate.t_revision", "T"): lambda value: value is None,
    ("robust_losses.LabelSmoothing", "rate"): lambda value: isinstance(value, float) and value == -0.1,
    ("scoring.noisy_scorer", "y"): never_seen,
    ("training.train", "batch_size"): whole_and_large,
    ("transition.TransitionMatrix.from_rows", "array"): lambda value: np.array_equal(value, T.T),
}


# --- the table --------------------------------------------------------------------------------------------


def is_target(module, name, found):
    home = getattr(found, "__module__", None) or ""
    inside = hasattr(module, "__path__") and home.startswith(f"{module.__name__}.")  # a package shows its files' names
    own = (home == module.__name__ or inside) and not name.startswith("_")
    return own and name not in INTERNAL and (inspect.isfunction(found) or inspect.isclass(found))


def base_of(cls):
    return next((base for base in METHODS if issubclass(cls, base)), None)


def find(module):
    """name -> (function of keyword arguments, its parameters, what is right for it beside RIGHT)."""
    where = module.__name__.split(".")[-1]
    for name, found in vars(module).items():
        if not is_target(module, name, found):
            continue
        yield f"{where}.{name}", found, {}
        for method in METHODS.get(base_of(found), ()) if inspect.isclass(found) else ():
            if hasattr(found, method) and not (method == "backward_weights" and found not in WITH_WEIGHTS):
                made, right = an_object(found)
                yield f"{where}.{name}.{method}", getattr(made, method), right


WITH_WEIGHTS = (layers.Linear, layers.Conv2d, layers.ConvReLUPool2d, layers.BatchNorm)
with backend("numpy"):
    TARGETS = {target: (function, right) for module in MODULES for target, function, right in find(module)}


def parameters(function):
    return list(inspect.signature(function).parameters)


def arguments(target):
    function, right = TARGETS[target]
    return {name: value for name, value in (right_arguments(target) | right).items() if name in parameters(function)}


CASES = [
    (target, name)
    for target, (function, _) in TARGETS.items()
    for name in parameters(function)
    if name not in FREE and not (name == "step" and target not in ("layers.Dropout.forward", "network.Network.forward"))
]


def wrong_values(target, name):
    fine = RIGHT_AFTER_ALL.get((target, name), lambda value: False)
    values = ANY_LABELS if name in ("y", "y_noisy") and target in ANY_KIND else WRONG[name]
    return [value for value in values if not fine(value) and not (value is None and arguments(target)[name] is None)]


ANY_KIND = (
    "noise.corrupt",
    "label_errors.find_label_errors",
    "scoring.noisy_scorer",
    *(f"estimate.{name}" for name in FITTING),
)


def accepted(target, name, values):
    """Those of the values that are taken, or refused by a message of more lines or without the name of the argument."""
    function, named = TARGETS[target][0], NAMED.get(name, name)
    bad = []
    for value in values:
        try:
            with backend("numpy"):
                function(**arguments(target) | {name: value})
            bad.append((value, "no error"))
        except (ValueError, TypeError) as error:
            if "\n" in str(error) or not re.search(rf"\b({named})\b", str(error)):
                bad.append((value, f"{type(error).__name__}: {error}"))
        except Exception as error:
            bad.append((value, f"{type(error).__name__}: {error}"))
    return bad
