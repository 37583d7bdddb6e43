"""Softmax regression by minibatch SGD: one step by hand, the known optimum, what counts as a step, its end."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from scratchnoise.backend import TABLES, BackendError
from scratchnoise.models import SoftmaxRegression
from scratchnoise.network.training import TrainingDiverged

SGD = {"solver": "sgd", "l2": 0, "tol": 3e-6, "random_state": 0}


def model(**settings):
    return SoftmaxRegression(**{"backend": "numpy", **SGD, **settings})


def test_one_step_from_zero_is_the_mean_of_the_residuals(gaussians):
    X, y = gaussians
    fitted = model(batch_size=600, max_iter=1, learning_rate=0.3).fit(X, y)
    residual = np.eye(3)[y] - 1 / 3
    np.testing.assert_allclose(fitted.coef_, 0.3 * residual.T @ X / 600)
    np.testing.assert_allclose(fitted.intercept_, 0.3 * residual.mean(axis=0), atol=1e-15)
    assert fitted.history_ == [{"epoch": 1, "loss": pytest.approx(np.log(3))}]


def test_the_optimum_is_that_of_another_solver(gaussians):
    X, y = gaussians[0] - gaussians[0].mean(axis=0), gaussians[1]
    fitted = model(batch_size=600, max_iter=1000, tol=0, l2=0.1, learning_rate=0.2).fit(X, y)
    other = LogisticRegression(C=1 / (600 * 0.1), tol=1e-10).fit(X, y)  # its penalty is on the sum of the losses
    np.testing.assert_allclose(fitted.coef_, other.coef_, atol=1e-6)
    np.testing.assert_allclose(fitted.predict_proba(X), other.predict_proba(X), atol=1e-6)


def test_max_steps_counts_minibatches(gaussians):
    """600 samples are six batches of 100: the report's 250 iterations are 41 passes and four batches more."""
    X, y = gaussians
    assert model(max_steps=250, tol=0).fit(X, y).n_iter_ == 42
    one_pass, six_steps, five_steps = (
        model(tol=0, **limit).fit(X, y).coef_ for limit in ({"max_iter": 1}, {"max_steps": 6}, {"max_steps": 5})
    )
    np.testing.assert_array_equal(one_pass, six_steps)
    assert (one_pass != five_steps).any()


def test_a_last_batch_of_one_is_a_step(gaussians):
    X, y = gaussians[0][:21], gaussians[1][:21]
    three = model(batch_size=10, max_steps=3).fit(X, y)
    np.testing.assert_array_equal(three.coef_, model(batch_size=10, max_iter=1).fit(X, y).coef_)


def test_it_stops_when_the_loss_stands_still(gaussians):
    X, y = gaussians
    settings = {"batch_size": 600, "max_iter": 400}
    loose, tight, never = (model(tol=tol, **settings).fit(X, y) for tol in (5e-3, 5e-4, 0))
    assert loose.n_iter_ < tight.n_iter_ < never.n_iter_ == 400
    change = -np.diff([row["loss"] for row in loose.history_])
    assert change[-1] < 5e-3 <= change[:-1].min()


def test_averaging_calms_the_last_steps(gaussians):
    X, y = gaussians
    settings = {"batch_size": 10, "learning_rate": 0.3, "max_iter": 40, "tol": 0, "l2": 0.1}
    best = model(**settings | {"batch_size": 600, "max_iter": 2000}).fit(X, y).coef_
    last, mean = (abs(model(averaging=a, **settings).fit(X, y).coef_ - best).max() for a in (False, True))
    assert mean < last / 3


def test_a_batch_larger_than_the_data_is_the_data(gaussians):
    X, y = gaussians
    for backend in ("numpy", "loops"):
        all_at_once = model(batch_size=10**12, max_iter=2, backend=backend).fit(X[:20], y[:20])
        np.testing.assert_allclose(all_at_once.coef_, model(batch_size=20, max_iter=2).fit(X[:20], y[:20]).coef_)


def test_weights_count_samples(gaussians):
    X, y = gaussians[0][:60], gaussians[1][:60]
    weight = np.arange(60) % 3
    repeated = np.repeat(np.arange(60), weight)
    settings = {"batch_size": 1000, "max_iter": 50}
    weighted = model(**settings).fit(X, y, sample_weight=5.0 * weight)
    np.testing.assert_allclose(weighted.coef_, model(**settings).fit(X[repeated], y[repeated]).coef_, atol=1e-12)


@pytest.mark.parametrize("number", [np.float64, np.float32, float])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_dtype_of_the_data_stays(gaussians, number, dtype):
    X, y = gaussians
    fitted = model(max_iter=2, learning_rate=number(0.1), l2=number(0.1)).fit(X.astype(dtype), y)
    assert fitted.coef_.dtype == fitted.intercept_.dtype == fitted.predict_proba(X).dtype == dtype


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_any_number_of_classes(rng, n_classes):
    y = np.arange(70) % n_classes
    X = rng.normal(size=(70, n_classes)) + 5 * np.eye(n_classes)[y]
    fitted = model(max_iter=50).fit(X, y)
    z = fitted.decision_function(X)
    assert fitted.score(X, y) > 0.9 and z.shape == ((70,) if n_classes == 2 else (70, n_classes))
    predicted = (z > 0).astype(int) if n_classes == 2 else z.argmax(axis=1)
    np.testing.assert_array_equal(fitted.predict(X), predicted)


@pytest.mark.parametrize("backend", TABLES)
def test_every_table_learns_the_same(gaussians, backend):
    X, y = gaussians[0][:50], gaussians[1][:50]
    settings = {"max_iter": 3, "batch_size": 7, "l2": 0.1}
    try:
        fitted = model(backend=backend, **settings).fit(X, y)
    except BackendError as error:
        pytest.skip(str(error))
    np.testing.assert_allclose(fitted.coef_, model(**settings).fit(X, y).coef_, rtol=1e-10)


def test_extreme_logits_are_no_trouble(gaussians):
    X, y = gaussians
    fitted = model(max_iter=20).fit(1e6 * X, y)
    assert np.isfinite(fitted.coef_).all() and fitted.score(1e6 * X, y) > 0.6  # a step of 0.1 is far too long here
    np.testing.assert_allclose(fitted.predict_proba(1e9 * X).sum(axis=1), 1)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_divergence_stops_and_names_the_remedies(gaussians):
    X, y = gaussians
    remedies = r"no longer finite in pass \d.*scale the features.*below 0.1, or solver='lbfgs'"
    with pytest.raises(TrainingDiverged, match=remedies):
        model().fit((1e30 * X).astype(np.float32), y)


def test_averaging_covers_the_second_half_of_the_steps_that_are_run():
    """24 steps of 10 in 60 samples are four passes, of which the last two count."""
    settings = {"batch_size": 10, "learning_rate": 0.3, "tol": 0}
    X, y = np.random.default_rng(0).normal(size=(60, 2)), np.arange(60) % 3
    weights = [model(max_iter=n, **settings).fit(X, y).coef_ for n in (3, 4)]
    averaged = model(max_steps=24, averaging=True, **settings).fit(X, y).coef_
    np.testing.assert_allclose(averaged, np.mean(weights, axis=0))
