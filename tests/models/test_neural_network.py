"""The network model: which loss it trains, what it keeps, and that a noise-robust loss earns its name."""

import numpy as np
import profiles
import pytest

from scratchnoise.backend import backend
from scratchnoise.losses import BackwardCorrected, CrossEntropy, ForwardCorrected, NatarajanCorrected
from scratchnoise.models import NeuralNetwork
from scratchnoise.network import Network, mlp
from scratchnoise.network.layers import Flatten, Linear
from scratchnoise.network.training import TrainingDiverged


def model(**settings):
    return NeuralNetwork(**{"network": "mlp", "epochs": 2, "backend": "numpy", "random_state": 0, **settings})


@pytest.mark.parametrize(
    ("settings", "loss"),
    [
        ({}, lambda T: CrossEntropy()),
        ({"loss": "forward"}, lambda T: ForwardCorrected(T)),
        ({"loss": "backward"}, lambda T: BackwardCorrected(T, "relu")),
        ({"loss": "backward", "risk": "raw"}, lambda T: BackwardCorrected(T, "raw")),
        ({"loss": BackwardCorrected(np.eye(3), "flood", 0.2)}, lambda T: BackwardCorrected(np.eye(3), "flood", 0.2)),
    ],
)
def test_a_name_or_an_object_stands_for_a_loss(gaussians, T, settings, loss):
    given = {"T": T} if settings.get("loss") in ("forward", "backward") else {}
    assert model(**given, **settings).fit(*gaussians).loss_ == loss(T)


@pytest.mark.parametrize(("loss", "worst"), profiles.thinned([("forward", 0.05), ("backward", 0.11)]))
def test_corrected_losses_learn_the_clean_posterior(noisy_gaussians, T, loss, worst):
    """Clean labels give 0.91, noisy ones 0.87 and posteriors that are wrong by 0.2 on average."""
    X, y_noisy, y = noisy_gaussians
    settings = {"epochs": 30, "learning_rate": "auto", "batch_size": 50}
    clean, robust, plain = (
        model(**settings, **more).fit(X, labels)
        for labels, more in ((y, {}), (y_noisy, {"loss": loss, "T": T}), (y_noisy, {}))
    )
    errors = [abs(fitted.predict_proba(X) - clean.predict_proba(X)).mean() for fitted in (robust, plain)]
    assert errors[0] < worst < 0.15 < errors[1]
    assert robust.score(X, y) > clean.score(X, y) - 0.02


def test_rows_and_columns_of_t_follow_the_sorted_classes(noisy_gaussians, T):
    X, y_noisy, y = noisy_gaussians
    names, order = np.array(["cat", "ant", "bee"]), [1, 2, 0]
    settings = {"loss": "forward", "learning_rate": 0.1, "epochs": 10}
    right, wrong = (
        model(T=A, **settings).fit(X, names[y_noisy]).score(X, names[y]) for A in (T[np.ix_(order, order)], T)
    )
    assert right > 0.88 > wrong


def test_the_seed_decides(gaussians):
    X, y = gaussians
    first, again, other = (model(random_state=seed).fit(X, y).predict_proba(X) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_fitting_twice_starts_anew(gaussians):
    X, y = gaussians
    fitted = model(network=Network([Linear(3)])).fit(X, y)
    first = fitted.predict_proba(X)
    np.testing.assert_array_equal(fitted.fit(X, y).predict_proba(X), first)
    assert fitted.network.layers[0].params == {}  # the network given is a plan, and stays one


def test_the_annex_network_takes_images(rng):
    X, y = rng.normal(size=(6, 32, 32, 3)).astype(np.float32), np.arange(6) % 3
    fitted = NeuralNetwork(epochs=1, random_state=0, backend="numpy").fit(X, y)
    assert fitted.network_.n_parameters == 4_425_283
    p = fitted.predict_proba(X)
    assert p.shape == (6, 3) and p.dtype == np.float32
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("shape", [(4,), (6, 5), (6, 5, 2)])
def test_samples_keep_the_shape_of_fit(rng, shape):
    X, y = rng.normal(size=(12, *shape)), np.arange(12) % 3
    fitted = model().fit(X, y)
    assert fitted.predict(X).shape == (12,) and fitted.n_features_in_ == np.prod(shape)


def test_channels_first_are_not_taken_for_channels_last(rng):
    X = rng.normal(size=(12, 6, 6, 3))
    fitted = model().fit(X, np.arange(12) % 3)
    for other in (X.transpose(0, 3, 1, 2), X.reshape(12, -1)):
        with pytest.raises(ValueError, match=r"X has samples of shape \(.*\), but fit saw \(6, 6, 3\)"):
            fitted.predict(other)


def test_history_and_the_callback(gaussians):
    seen = []
    fitted = model(on_epoch=lambda model, row: seen.append((model, row, model.predict(gaussians[0]).shape)))
    fitted.fit(*gaussians)
    assert [row for _, row, _ in seen] == fitted.history_ and len(seen) == 2
    assert all(who is fitted and shape == (600,) for who, _, shape in seen)


@pytest.mark.parametrize("number", [np.float64, float])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_data_stays(gaussians, number, dtype):
    X, y = gaussians
    fitted = model(learning_rate=number(0.1), momentum=number(0.5)).fit(X.astype(dtype), y)
    assert fitted.network_.layers[1].params["w"].dtype == fitted.predict_proba(X).dtype == dtype


def test_the_backend_of_the_model_runs_everything(gaussians):
    X, y = gaussians[0][:20], gaussians[1][:20]
    with backend("loops"):
        fitted = model().fit(X, y)
        outside = fitted.set_params(backend=None).predict_proba(X)
    np.testing.assert_allclose(outside, fitted.set_params(backend="numpy").predict_proba(X))


def test_two_classes(gaussians, T):
    X, y = gaussians[0], gaussians[1] > 0
    fitted = model(loss=NatarajanCorrected(0.1, 0.2), epochs=20, batch_size=20, learning_rate="auto").fit(X, y)
    z = fitted.decision_function(X)
    assert z.shape == (600,) and ((z > 0) == fitted.predict(X)).all() and fitted.score(X, y) > 0.85


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_leaves_no_model_behind(noisy_gaussians, T):
    X, y_noisy, _ = noisy_gaussians
    diverging = model(loss="backward", risk="raw", T=T, learning_rate=1e6, epochs=50)
    with pytest.raises(TrainingDiverged, match="BackwardCorrected is no longer finite.*risk='relu'") as caught:
        diverging.fit(X.astype(np.float32), y_noisy)
    assert caught.value.step >= 0 and not [name for name in vars(diverging) if name.endswith("_")]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"network": "anex"}, "network='anex' is unknown; did you mean 'annex'"),
        ({"network": mlp(4)}, r"network ends in \(4,\); it should end in .*\(3,\)"),
        ({"network": Network([Flatten()])}, "layers have no parameters, so there is nothing to train"),
        ({"loss": "foward"}, "loss='foward' is unknown; did you mean 'forward'"),
        ({"loss": CrossEntropy}, "loss=.* is unknown"),
        ({"loss": "forward"}, "loss='forward' needs T, the transition matrix"),
        ({"loss": "forward", "T": np.eye(2)}, "T is 2 x 2, but there are 3 classes"),
        ({"loss": BackwardCorrected(np.eye(2))}, "T is 2 x 2, but there are 3 classes"),
        (
            {"T": np.eye(3)},
            "T is given, but loss='cross_entropy' does not use it; choose loss='forward', 'backward' or",
        ),
        ({"T": np.eye(3), "loss": CrossEntropy()}, r"T is given, but loss=CrossEntropy\(\) does not use it"),
        ({"loss": NatarajanCorrected(0.1, 0.1)}, "z has 3 columns; this loss is for two classes"),
        ({"risk": "rely"}, "risk='rely' is unknown; did you mean 'relu'"),
        ({"epochs": 0}, "epochs=0 should be a whole number from 1 to 1000000"),
        ({"epochs": 2.5}, "epochs=2.5 should be a whole number"),
        ({"epochs": "many"}, "epochs='many' should be 'auto' or a whole number from 1 to 1000000"),
        ({"solver": "adm"}, "solver='adm' is unknown; did you mean 'adam'"),
        ({"scaling": "minmax"}, "scaling='minmax' is unknown; Known: standard"),
        ({"scaling": True}, "scaling=True is unknown; Known: standard"),
        ({"early_stopping": 5}, "early_stopping=5 should be True or False"),
        ({"verbose": "yes"}, "verbose='yes' should be True or False"),
        ({"validation_fraction": 0}, "validation_fraction=0 should be a number above 0"),
        ({"validation_fraction": 1.0}, "validation_fraction=1.0 should be a number .* below 1"),
        ({"n_iter_no_change": 0}, "n_iter_no_change=0 should be a whole number"),
        ({"early_stopping": True, "validation_fraction": 1e-6}, "validation_fraction=1e-06 of 600 samples"),
        ({"on_epoch": lambda model, row: 3}, "on_epoch returned 3; it should return True to stop, or None or False"),
        ({"batch_size": 0}, "batch_size=0 should be a whole number"),
        ({"learning_rate": 0}, "learning_rate=0 should be a number above 0"),
        ({"learning_rate": "fast"}, "learning_rate='fast' should be 'auto' or a number above 0"),
        ({"momentum": -0.1}, "momentum=-0.1 should be a number of at least 0"),
        ({"momentum": 1}, "momentum=1 should be a number of at least 0 and below 1"),
        ({"momentum": np.inf}, "momentum=inf should be a number"),
        ({"epochs": True}, "epochs=True should be a whole number"),
        ({"on_epoch": 3}, "on_epoch=3 should be a function"),
        ({"random_state": "0"}, "random_state='0' should be a numpy.random.Generator, or a seed"),
        ({"network": [Flatten()]}, r"network=\[Flatten\(\)\] is unknown; Known: auto, annex, mlp, or a Network"),
        ({"weight_decay": np.nan}, "weight_decay=nan should be a number of at least 0"),
    ],
)
def test_bad_settings_are_named(gaussians, settings, message):
    with pytest.raises(ValueError, match=message):
        model(**settings).fit(*gaussians)


def test_a_loss_whose_t_has_no_room_for_a_label_is_refused_as_t_itself_is(rng):
    """It diverged in the first epoch, with advice that could not help."""
    T, X, y = [[1, 1, 0.5], [0, 0, 0], [0, 0, 0.5]], rng.normal(size=(30, 2)), np.arange(30) % 3
    for settings in ({"loss": ForwardCorrected(T)}, {"loss": "forward", "T": T}):
        with pytest.raises(ValueError, match=r"T has rows of zeros, so the labels \[1\] never occur, but y has them"):
            NeuralNetwork("mlp", epochs=1, **settings).fit(X, y)
