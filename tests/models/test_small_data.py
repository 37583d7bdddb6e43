"""A network on the user's own small arrays: scaled inputs, steps enough, early stopping, warnings where it failed."""

import inspect
import warnings
from dataclasses import dataclass

import numpy as np
import profiles
import pytest
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from scratchnoise import noise
from scratchnoise.losses import BackwardCorrected, CrossEntropy, ForwardCorrected
from scratchnoise.models import NeuralNetwork, neural_network
from scratchnoise.models.saving import load, save
from scratchnoise.models.scaling import moments
from scratchnoise.network import Network
from scratchnoise.network import early_stopping as early_stopping_module
from scratchnoise.network.early_stopping import EarlyStopping, held_out
from scratchnoise.network.layer import Layer
from scratchnoise.network.layers import BatchNorm, Flatten, Linear, ReLU
from scratchnoise.network.training import automatic_epochs, step_size, train


def model(**settings):
    return NeuralNetwork(**{"network": "mlp", "epochs": 5, "backend": "numpy", "random_state": 0, **settings})


# --- the bars ---------------------------------------------------------------------------------------------


def digits(draw, n_train):
    """Digits 0..16, raw; 36 % of the labels are another class, drawn uniformly."""
    X, y = load_digits(return_X_y=True)
    X, X_test, y, y_test = train_test_split(X, y, train_size=n_train, random_state=draw, stratify=y)
    T = noise.uniform(10, 0.04)
    return X, X_test, y, y_test, noise.corrupt(y, T, draw), T


@pytest.mark.parametrize("n_train", [1000, 1500])
@pytest.mark.slow
def test_correcting_small_data_is_not_worse_than_not_correcting(n_train):
    X, X_test, _, y_test, y_noisy, T = digits(0, n_train)
    models = NeuralNetwork(), NeuralNetwork(loss="forward", T=T), NeuralNetwork(loss="backward", T=T)
    fitted = [model.set_params(random_state=0).fit(X, y_noisy) for model in models]
    plain, forward, backward = (model.score(X_test, y_test) for model in fitted)
    assert min(forward, backward) > plain - 0.01 and forward > 0.88


@pytest.mark.slow
def test_clean_small_data_are_learnt_as_well_as_elsewhere():
    ours, theirs = [], []
    for draw in range(2):
        X, X_test, y, y_test, _, _ = digits(draw, 1300)
        ours.append(NeuralNetwork(random_state=draw).fit(X, y).score(X_test, y_test))
        theirs.append(MLPClassifier(random_state=draw).fit(X, y).score(X_test, y_test))
    assert np.mean(ours) > np.mean(theirs) - 0.01


# --- scaling ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [lambda X: 1000 * X + 1e5, lambda X: X / 1e6, lambda X: X * np.logspace(-4, 4, 4)])
def test_units_and_offsets_change_nothing(gaussians, change):
    X, y = gaussians
    here, there = model().fit(X, y).predict_proba(X), model().fit(change(X), y).predict_proba(change(X))
    np.testing.assert_allclose(there, here, atol=1e-6)


def test_without_scaling_they_change_everything(gaussians):
    """The control of the test above."""
    X, y = gaussians
    here, there = (model(scaling=None).fit(s * X, y).predict_proba(s * X) for s in (1, 1e-3))
    assert abs(here - there).max() > 0.1


@pytest.mark.parametrize("shape", [(4,), (5, 3, 2), (5, 3)])
def test_the_moments_are_those_of_a_feature_or_of_a_channel(rng, shape):
    X, weight = rng.normal(3, 2, (1200, *shape)), rng.integers(1, 4, 1200).astype(float)
    repeated = np.repeat(X, weight.astype(int), axis=0)
    axes = {1: 0, 3: (0, 1, 2), 2: (0, 1, 2)}[len(shape)]
    repeated = repeated if len(shape) != 2 else repeated[..., None]
    mean, deviation = moments(X, weight)
    np.testing.assert_allclose(mean, repeated.mean(axis=axes))
    np.testing.assert_allclose(deviation, repeated.std(axis=axes))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("constant", [0, 0.1, -1e6, 1e-30])
def test_a_constant_feature_becomes_zero(dtype, constant, rng):
    X = np.stack([rng.standard_normal(2000), np.full(2000, constant)], axis=1).astype(dtype)
    mean, deviation = moments(X, np.ones(2000))
    assert deviation[1] == 1 and abs((X - mean)[:, 1]).max() <= 1e-6 * abs(constant)


def test_values_without_a_finite_deviation_are_refused(gaussians):
    X, y = gaussians
    with pytest.raises(ValueError, match="X has values too large to be scaled"):
        model().fit(X * 1e200, y)


def test_values_beyond_the_dtype_of_fit_are_predicted_in_float64(gaussians):
    X, y = gaussians
    fitted = model(scaling=None).fit(X.astype(np.float32), y)
    found = fitted.predict_proba(X * 1e300)
    assert found.dtype == np.float64 and np.isfinite(found).all()
    assert (found.max(axis=1) == 1).all()  # logits of 1e300
    np.testing.assert_array_equal(fitted.predict(X * 1e300), fitted.predict(X * 1e30))


def test_scaling_is_saved_and_learnt_from_the_training_data_alone(gaussians, tmp_path):
    X, y = gaussians
    fitted = model().fit(100 * X + 7, y)
    np.testing.assert_allclose(fitted.input_mean_, (100 * X + 7).mean(axis=0))
    save(fitted, tmp_path / "m.npz")
    again = load(tmp_path / "m.npz").predict_proba(X[:3])
    np.testing.assert_array_equal(again, fitted.predict_proba(X[:3]))
    assert model(scaling=None).fit(X, y).input_scale_ is None


def test_a_model_of_an_older_version_is_not_scaled(gaussians):
    X, y = gaussians
    fitted = model(scaling=None).fit(X, y)
    expected = fitted.predict_proba(X)
    del fitted.input_mean_, fitted.input_scale_
    np.testing.assert_array_equal(fitted.predict_proba(X), expected)


# --- how long ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "batch", "epochs"), [(100, 252, 1000), (1000, 252, 250), (16200, 252, 30), (8400, 252, 30), (1, 1, 1000)]
)
def test_automatic_epochs_are_30_and_at_least_1000_steps(n, batch, epochs):
    assert automatic_epochs(n, batch) == epochs


def test_a_callback_stops_training_and_keeps_the_model(gaussians):
    X, y = gaussians
    stopped = model(epochs=9, on_epoch=lambda model, row: row["epoch"] == 3).fit(X, y)
    np.testing.assert_array_equal(stopped.predict_proba(X), model(epochs=3).fit(X, y).predict_proba(X))
    assert len(stopped.history_) == 3


def test_verbose_shows_a_bar(gaussians, capsys):
    model(epochs=2, verbose=True, early_stopping=True).fit(*gaussians)
    shown = capsys.readouterr().err
    assert "2/2" in shown and "loss=" in shown and "validation_loss=" in shown
    model(epochs=2).fit(*gaussians)
    assert capsys.readouterr() == ("", "")


# --- early stopping ---------------------------------------------------------------------------------------


def test_early_stopping_keeps_the_weights_of_the_lowest_validation_loss(noisy_gaussians):
    X, y, _ = noisy_gaussians
    settings = {"early_stopping": True, "n_iter_no_change": 3, "learning_rate": 0.3, "batch_size": 20}
    stopped = model(epochs=200, **settings).fit(X, y)
    losses = [row["validation_loss"] for row in stopped.history_]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 3 < 200
    until = model(epochs=best, **{**settings, "n_iter_no_change": 200}).fit(X, y)
    np.testing.assert_array_equal(stopped.predict_proba(X), until.predict_proba(X))


@pytest.mark.parametrize("make", [lambda T: CrossEntropy(), ForwardCorrected, BackwardCorrected])
def test_the_validation_loss_is_the_weighted_mean_of_the_loss(make, gaussians, T):
    X, y = gaussians
    weight = np.linspace(0.5, 2, len(y))
    loss = make(T)
    fitted = model(loss=loss, scaling=None).fit(X, y)
    repeats = np.arange(len(y)) % 3
    stopping = EarlyStopping(fitted.network_, loss, X, y, weight, 1)
    z = fitted.network_.logits(X)
    assert stopping.validation_loss() == pytest.approx(np.average(loss.value(z, y), weights=weight))
    counted = EarlyStopping(fitted.network_, loss, X, y, repeats.astype(float), 1).validation_loss()
    assert counted == pytest.approx(loss.value(np.repeat(z, repeats, axis=0), np.repeat(y, repeats)).mean())


def test_nothing_that_is_held_out_is_trained_on(gaussians, monkeypatch):
    X, y = gaussians
    X = np.concatenate([X, np.arange(len(X))[:, None] * 1.0], axis=1)
    seen, out = set(), []
    network = Network([BatchNorm(), Linear(8), ReLU(), Linear(3)])
    forward = Network.forward

    def watched(self, x, step=None):
        seen.update([] if step is None else x[:, -1].tolist())
        return forward(self, x, step)

    monkeypatch.setattr(Network, "forward", watched)
    share = early_stopping_module.held_out
    monkeypatch.setattr("scratchnoise.models.neural_network.held_out", lambda *a: out.append(share(*a)) or out[-1])
    model(network=network, early_stopping=True, validation_fraction=0.2, scaling=None).fit(X, y)
    assert out[0].sum() == 120 and seen == set(X[~out[0], -1].tolist())


@pytest.mark.slow
def test_best_weights_include_the_running_moments(noisy_gaussians):
    """A layer's own arrays are part of what is put back."""
    X, y, _ = noisy_gaussians
    network = Network([Linear(8), BatchNorm(), ReLU(), Linear(3)])
    settings = {"network": network, "early_stopping": True, "learning_rate": 0.3, "batch_size": 20}
    stopped = model(epochs=60, n_iter_no_change=60, **settings).fit(X, y)
    best = int(np.argmin([row["validation_loss"] for row in stopped.history_])) + 1
    until = model(epochs=best, n_iter_no_change=60, **settings).fit(X, y)
    assert best < 60
    np.testing.assert_array_equal(stopped.predict_proba(X), until.predict_proba(X))


def test_a_share_of_every_class_is_held_out_and_never_a_whole_one(rng):
    y = np.repeat([0, 1, 2, 3], [100, 50, 2, 1])
    out = held_out(y, 0.3, rng)
    assert [int(out[y == c].sum()) for c in range(4)] == [30, 15, 1, 0]
    assert (out != held_out(y, 0.3, rng)).any()
    assert [int(held_out(y, 0.99, rng)[y == c].sum()) for c in range(4)] == [99, 49, 1, 0]
    with pytest.raises(ValueError, match="validation_fraction=0.1 of 3 samples in 3 classes is no sample at all"):
        held_out(np.arange(3), 0.1, rng)


def test_early_stopping_is_more_accurate_on_noisy_labels():
    X, X_test, _, y_test, y_noisy, _ = digits(0, 1300)
    until_the_end, stopped = (NeuralNetwork(random_state=0, early_stopping=on).fit(X, y_noisy) for on in (False, True))
    assert stopped.score(X_test, y_test) > until_the_end.score(X_test, y_test) + 0.02
    assert len(stopped.history_) < len(until_the_end.history_)


# --- warnings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", profiles.thinned(["cross_entropy", "forward"]))
def test_a_network_that_learnt_class_shares_says_so(loss):
    """Raw features up to 4,000: the first steps kill every hidden unit."""
    X, y = load_breast_cancer(return_X_y=True)
    given = {} if loss == "cross_entropy" else {"T": [[0.8, 0.3], [0.2, 0.7]]}
    with pytest.warns(ConvergenceWarning, match="nearly the same probabilities, .* learnt class shares, and nothing"):
        NeuralNetwork(loss=loss, **given, scaling=None, random_state=0).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert NeuralNetwork(loss=loss, **given, random_state=0).fit(X, y).score(X, y) > 0.95


def test_a_saturated_network_says_so(gaussians):
    """Logits of thousands: probabilities are 0 or 1, many of them wrong, and no gradient of the loss leads out."""
    X, y = gaussians
    wrong = np.random.default_rng(0).permutation(y)
    with pytest.warns(ConvergenceWarning, match=r"saturated: .* 0 or 1, .* mean loss, .* above .* uniform guess, 1\.1"):
        model(network=Network([Flatten(), Linear(3)]), scaling=None, epochs=1, learning_rate=1e4).fit(X, wrong)


@dataclass(frozen=True)
class LongSteps(ForwardCorrected):
    """The forward loss, with steps `times` as long as they should be."""

    times: float

    @property
    def step_scale(self):
        return self.times * super().step_scale


@pytest.fixture
def far_apart():
    """X (3000, 2) of hundreds, y, y_noisy: 60 % of the labels wrong, and the first steps of a network too long."""
    rng = np.random.default_rng(0)
    y = rng.choice(3, 3000, p=[0.3, 0.3, 0.4])
    X = 100 * (rng.normal(size=(3000, 2)) + 5 * np.array([[0, 0], [1, 0], [0, 1]])[y])
    return X, y, noise.corrupt(y, noise.MNIST06, rng)


def test_steps_that_saturate_at_once_are_halved(far_apart, monkeypatch):
    """Whatever the network looks like, the first of its starts is said to end certain and wrong."""
    X, _, y_noisy = far_apart
    said = iter([True])
    monkeypatch.setattr(neural_network, "is_saturated", lambda *arguments: next(said, False))
    settings = {"loss": LongSteps(noise.MNIST06, 3.0), "epochs": 30, "scaling": None}
    fitted = model(**settings).fit(X / 100, y_noisy)
    assert fitted.n_starts_ == 2
    assert len(fitted.history_) == 30
    usual = [step_size("auto", fitted.loss_, epoch / 30) for epoch in (1, 2)]
    largest = max(row["learning_rate"] for row in fitted.history_)
    assert largest < max(usual) / 2 * 1.01


def test_training_starts_three_times_at_most(far_apart):
    X, _, y_noisy = far_apart
    with pytest.warns(ConvergenceWarning):
        assert model(loss=LongSteps(noise.MNIST06, 10.0), epochs=10, scaling=None).fit(X, y_noisy).n_starts_ == 3


def test_a_step_that_the_user_chose_stays(far_apart):
    X, _, y_noisy = far_apart
    with pytest.warns(ConvergenceWarning):
        fitted = model(loss="forward", T=noise.MNIST06, learning_rate=10.0, scaling=None).fit(X, y_noisy)
    assert fitted.n_starts_ == 1
    assert fitted.history_[0]["learning_rate"] == 10


def test_a_network_that_learnt_its_labels_by_heart_is_not_warned_of(rng):
    """Certain, and right on the labels it was given."""
    X, y = rng.standard_normal((30, 40)), rng.integers(3, size=30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = model(epochs=400, learning_rate=0.3).fit(X, y)
    assert fitted.predict_proba(X).max(axis=1).min() > 0.99


# --- mutants ----------------------------------------------------------------------------------------------


def unweighted(stopping):
    """The validation loss without the weights."""
    return float(stopping.loss.value(stopping.network.logits(stopping.x), stopping.y).mean())


MUTANTS = {
    "best weights not restored": (
        (EarlyStopping, "restore", lambda stopping: None),
        test_early_stopping_keeps_the_weights_of_the_lowest_validation_loss,
    ),
    "parameters alone restored": (
        (Layer, "learnt", lambda layer: dict(layer.params)),
        test_best_weights_include_the_running_moments,
    ),
    "weights references, not copies": (
        (Network, "state", lambda network: [layer.learnt() for layer in network.layers]),
        test_best_weights_include_the_running_moments,
    ),
    "weights of samples ignored": (
        (EarlyStopping, "validation_loss", unweighted),
        test_the_validation_loss_is_the_weighted_mean_of_the_loss,
    ),
    "mean not taken off": (
        (neural_network, "moments", lambda X, weight: (np.zeros(X.shape[-1]), moments(X, weight)[1])),
        test_units_and_offsets_change_nothing,
    ),
    "answer of on_epoch ignored": (
        (neural_network, "asks_to_stop", lambda answer: False),
        test_a_callback_stops_training_and_keeps_the_model,
    ),
    "no second start": (
        (neural_network, "STARTS", 1),
        test_steps_that_saturate_at_once_are_halved,
    ),
    "a second start with the same steps": (
        (neural_network, "train", lambda *given, shortened, **more: train(*given, **more)),
        test_steps_that_saturate_at_once_are_halved,
    ),
    "no look at the beginning": (
        (neural_network, "is_saturated", lambda *arguments: False),
        test_training_starts_three_times_at_most,
    ),
    "no look at the end": (
        (neural_network, "warn_of_failure", lambda *arguments: None),
        test_a_saturated_network_says_so,
    ),
}
ARGUMENTS = {"make": ForwardCorrected, "change": lambda X: 1000 * X + 1e5}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutants_are_caught(mutant, request, monkeypatch):
    (where, name, wrong), test = MUTANTS[mutant]
    arguments = {
        parameter: ARGUMENTS[parameter] if parameter in ARGUMENTS else request.getfixturevalue(parameter)
        for parameter in inspect.signature(test).parameters
    }
    monkeypatch.setattr(where, name, wrong)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(**arguments)
