"""Flip correction: both mappings against their equations, the simplex, and any classifier inside."""

import numpy as np
import pytest
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from scratchnoise.estimate import UntrustworthyTransitionWarning
from scratchnoise.models import FlipCorrected, SoftmaxRegression
from scratchnoise.noise import MNIST05
from scratchnoise.simplex import project_to_simplex
from scratchnoise.transition import IllConditionedTransitionWarning, SingularTransitionError, TransitionMatrix


class Exact:
    """A classifier that has learnt q = T p exactly: its samples are the clean posteriors p themselves."""

    def __init__(self, T):
        self.T = T

    def get_params(self, deep=True):
        return {"T": self.T}

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return X @ np.asarray(self.T).T


def corrected(T, posteriors, **settings):
    return FlipCorrected(Exact(T), T=T, **settings).fit(posteriors, np.arange(len(posteriors)) % 3)


# --- the two mappings -------------------------------------------------------------------------------------


def test_the_inverse_mapping_gives_the_clean_posterior_back(rng, T):
    p = rng.dirichlet(np.ones(3), 300)
    fitted = corrected(T, p)
    np.testing.assert_allclose(fitted.mapping_, np.linalg.inv(T))
    np.testing.assert_allclose(fitted.predict_proba(p), p, atol=1e-12)


def test_the_printed_mapping_is_q_and_not_the_clean_posterior(rng, T):
    p, prior = rng.dirichlet(np.ones(3), 5000), [0.5, 0.2, 0.3]
    fitted = corrected(T, p, mapping="bayes", prior=prior)
    joint = T * prior
    np.testing.assert_allclose(fitted.mapping_, (joint / joint.sum(axis=1, keepdims=True)).T)
    np.testing.assert_allclose(fitted.predict_proba(p), p @ (fitted.mapping_ @ T).T, atol=1e-12)
    uniform = corrected(T, p, mapping="bayes", prior="uniform")
    wrong = (uniform.predict(p) != p.argmax(axis=1)).mean()
    assert 0.02 < wrong < 0.2
    assert (corrected(T, p).predict(p) == p.argmax(axis=1)).all()


def test_for_a_circulant_matrix_both_mappings_agree_on_the_class(rng):
    p = rng.dirichlet(np.ones(3), 2000)
    printed = corrected(MNIST05, p, mapping="bayes", prior="uniform")
    np.testing.assert_allclose(printed.mapping_, MNIST05.array.T)
    assert (printed.predict(p) == p.argmax(axis=1)).all()
    assert abs(printed.predict_proba(p) - p).max() > 0.5  # the class is right, the probability is not


def test_the_prior_solves_the_noisy_frequencies(noisy_gaussians, T):
    X, y_noisy, y = noisy_gaussians
    fitted = FlipCorrected(LogisticRegression(), T=T).fit(X, y_noisy)
    np.testing.assert_allclose(T @ fitted.prior_, np.bincount(y_noisy) / 3000)
    np.testing.assert_allclose(fitted.prior_, np.bincount(y) / 3000, atol=0.03)


@pytest.mark.parametrize("mapping", ["inverse", "bayes"])
@pytest.mark.parametrize("prior", [[0.5, 0.5], [1, 1, 1], "unifrom"])
def test_a_prior_that_is_none_is_refused(gaussians, T, mapping, prior):
    with pytest.raises(ValueError, match="prior"):
        FlipCorrected(LogisticRegression(), T=T, mapping=mapping, prior=prior).fit(*gaussians)


# --- the simplex ------------------------------------------------------------------------------------------


def test_the_projection_is_the_nearest_point_of_the_simplex(rng):
    v = rng.normal(size=(20, 3))
    projected = project_to_simplex(v)
    assert projected.min() >= 0
    np.testing.assert_allclose(projected.sum(axis=1), 1)
    np.testing.assert_allclose(project_to_simplex(projected), projected, atol=1e-15)
    others = rng.dirichlet(np.full(3, 0.7), 5000)
    distance = np.linalg.norm(others[None] - v[:, None], axis=2).min(axis=1)
    assert (np.linalg.norm(projected - v, axis=1) <= distance + 1e-12).all()


def test_the_projection_keeps_the_order(rng):
    v = rng.normal(size=(50, 7))
    assert (np.diff(np.take_along_axis(project_to_simplex(v), v.argsort(axis=1), 1), axis=1) >= 0).all()
    outside = np.array([[1.2, -0.1, -0.1], [0.6, 0.6, -0.2]])
    np.testing.assert_allclose(project_to_simplex(outside), [[1, 0, 0], [0.5, 0.5, 0]])


# --- any classifier ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "estimator", [LogisticRegression(), SoftmaxRegression(max_iter=60, random_state=0, backend="numpy")]
)
def test_correction_helps_any_classifier(noisy_gaussians, T, estimator):
    """Clean labels would give 0.91; the mapping as printed assumes what is not so, and here it shows."""
    X, y_noisy, y = noisy_gaussians
    fitted = FlipCorrected(estimator, T=T).fit(X, y_noisy)
    uncorrected = (fitted.estimator_.predict(X) == y).mean()
    printed = FlipCorrected(estimator, T=T, mapping="bayes").fit(X, y_noisy)
    assert fitted.score(X, y) > 0.88 > uncorrected > 0.8 > printed.score(X, y)


def test_an_unknown_t_is_estimated_and_the_seed_decides(noisy_gaussians, T):
    X, y_noisy, y = noisy_gaussians
    names = np.array(["cat", "ant", "bee"])
    forest = RandomForestClassifier(10, min_samples_leaf=20)
    first, again, other = (FlipCorrected(forest, random_state=seed).fit(X, names[y_noisy]) for seed in (0, 0, 1))
    assert first.T_ == again.T_ != other.T_ and first.estimator_.random_state == 0
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))
    order = [1, 2, 0]  # ant, bee, cat
    assert abs(first.T_.array - T[np.ix_(order, order)]).max() < 0.12
    assert first.score(X, names[y]) > 0.87


def test_a_pipeline_inside_stays_as_it_was(noisy_gaussians, T):
    X, y_noisy, y = noisy_gaussians
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    fitted = FlipCorrected(pipeline, estimate="quantile", random_state=0).fit(X, y_noisy)
    assert fitted.score(X, y) > 0.85 and fitted.estimator_[-1] is not pipeline[-1]
    assert not hasattr(pipeline[-1], "coef_")


def test_a_matrix_without_inverse(gaussians):
    X, y = gaussians
    flat = np.full((3, 3), 1 / 3)
    with pytest.raises(SingularTransitionError, match="T has no inverse"):
        FlipCorrected(LogisticRegression(), T=flat).fit(X, y)
    printed = FlipCorrected(LogisticRegression(), T=flat, mapping="bayes", prior="uniform").fit(X, y)
    np.testing.assert_allclose(printed.predict_proba(X), 1 / 3)  # Q needs no inverse


def test_labels_that_do_not_depend_on_the_data_leave_the_plain_estimator(gaussians):
    X, y = gaussians[0], np.arange(600) % 3
    with pytest.warns(UntrustworthyTransitionWarning, match="cannot tell classes 0 and 1 apart"):
        fitted = FlipCorrected(DummyClassifier()).fit(X, y)
    np.testing.assert_array_equal(fitted.T_, np.eye(3))


@pytest.mark.filterwarnings("ignore:T has condition number")
def test_an_estimate_without_inverse_is_mixed_with_the_identity(gaussians, monkeypatch):
    half = TransitionMatrix(np.full((3, 3), 1 / 3))  # as trust T + (1 - trust) I of a T that swaps classes can be
    monkeypatch.setattr("scratchnoise.models.flip_corrected.trusted_transition", lambda *arguments: half)
    with pytest.warns(IllConditionedTransitionWarning, match="no inverse.*5% of the identity") as caught:
        fitted = FlipCorrected(DummyClassifier()).fit(gaussians[0], np.arange(600) % 3)
    np.testing.assert_allclose(fitted.T_, 0.95 / 3 + 0.05 * np.eye(3))
    assert fitted.T_.diagnostics["identity_share"] == 0.05
    assert caught[0].filename == __file__  # the warning points at the call of fit


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mapping": "inverted"}, "mapping='inverted' is unknown; did you mean 'inverse'"),
        ({"estimate": "anchor"}, "estimate='anchor' is unknown;.*Known: argmax, quantile, top_k, confident_joint"),
        ({"estimator": LinearSVC()}, r"estimator=LinearSVC\(\) has no predict_proba; a classifier with probabilities"),
        ({"estimator": None}, "estimator=None has no predict_proba"),
        ({"T": np.eye(2)}, "T is 2 x 2, but there are 3 classes; it should be 3 x 3"),
        ({"folds": 1, "T": None}, "folds=1; it should be between 2 and"),
    ],
)
def test_bad_settings_are_named(gaussians, T, settings, message):
    with pytest.raises(ValueError, match=message):
        FlipCorrected(**{"estimator": LogisticRegression(), "T": T, **settings}).fit(*gaussians)


def test_t_may_be_a_transition_matrix(gaussians, T):
    X, y = gaussians
    a, b = (FlipCorrected(LogisticRegression(), T=form).fit(X, y) for form in (TransitionMatrix(T), T.tolist()))
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X))
