"""Whose posterior a loss or a model gives, the noisy label's or the true one's, and what is made of it."""

from functools import lru_cache

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scratchnoise import estimate, label_errors
from scratchnoise import models as ours
from scratchnoise import robust_losses as robust
from scratchnoise.backend import backend
from scratchnoise.estimate.posteriors import fold_models, posterior_of
from scratchnoise.label_errors import find_label_errors
from scratchnoise.losses import BackwardCorrected, CrossEntropy, ForwardCorrected, Loss, NatarajanCorrected
from scratchnoise.models.saving import MODELS
from scratchnoise.noise import corrupt
from scratchnoise.simplex import project_to_simplex
from scratchnoise.transition import true_posterior

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
HARD_T = np.array([[0.6, 0.15, 0.35], [0.25, 0.65, 0.15], [0.15, 0.2, 0.5]])
DRAWS, FOLDS = (4, 5), 3
LESS = 0.02  # of the area: how much less than the plain network's a loss may have
LESS_OF_A_MODEL = 0.07  # trees and clusters fit round classes worse than a network does
OTHER_KIND = 0.01  # of the area: how much more the other kind of posterior may give
CLEAR = {"distance": 4, "matrix": "HARD_T"}

NOISY = {
    "cross_entropy": "cross_entropy",
    **{name: name for name in ("label_smoothing", "soft_bootstrapping", "hard_bootstrapping")},
    "flooded": robust.Flooded(level=0.3),
}
TRUE = {
    **{name: name for name in robust.NAMED if name not in NOISY},
    "forward": ForwardCorrected(T),
    "backward": BackwardCorrected(T),
    "importance_reweighting": robust.ImportanceReweighted(T),
    "flooded forward": robust.Flooded(ForwardCorrected(T), 0.3),
    "flooded generalised": robust.Flooded(robust.GeneralizedCrossEntropy()),
    "remembering forward": robust.EarlyLearning(0.3, base=ForwardCorrected(T)),
    "active forward": robust.ActivePassive(active=ForwardCorrected(T), beta=0.3),
}
SMALL = {"network": "mlp", "batch_size": 64, "random_state": 0}
TREE = ours.DecisionTree(max_depth=4, min_samples_leaf=20, random_state=0)
OF_EVERY_KIND = [
    ours.SoftmaxRegression(l2=1e-3),
    ours.RobustSoftmaxRegression(HARD_T, l2=1e-3),
    ours.FlipCorrected(ours.SoftmaxRegression(l2=1e-3), T=HARD_T),
    ours.NeuralNetwork(epochs=40, **SMALL),
    ours.CoTeaching(0.3, epochs=30, **SMALL),
    ours.KernelFisherEM(random_state=0),
    ours.LabelNoiseEM(),
    TREE,
    ours.Bagging(TREE, 20, random_state=0),
    ours.Bagging(ours.RobustSoftmaxRegression(HARD_T, l2=1e-3), 5, random_state=0),
    ours.AdaBoost(random_state=0),
    ours.SmoothBoost(n_estimators=50, random_state=0),
    ours.LogitBoost(random_state=0),
    ours.KMeansClassifier(random_state=0),
    ours.KNeighbors(50),
]


@pytest.fixture(autouse=True)
def plain_numpy():
    with backend("numpy"):
        yield


def gaussians(draw, distance, matrix):
    """X (900, 4), true and noisy labels."""
    rng = np.random.default_rng(draw)
    y = rng.integers(3, size=900)
    X = rng.normal(size=(900, 4))
    X[:, :2] += distance * np.array([[0, 0], [1, 0], [0, 1]])[y]
    return X, y, corrupt(y, matrix, draw + 1)


def network(loss):
    return ours.NeuralNetwork(loss=loss, epochs=40, **SMALL)


@lru_cache(maxsize=4)
def folds_of(model, draw, distance, matrix):
    X, _, y_noisy = gaussians(draw, distance, {"T": T, "HARD_T": HARD_T}[matrix])
    return list(fold_models(model, X, y_noisy, FOLDS, 0))


def area(monkeypatch, model, kind=None, distance=3, matrix="T"):
    """The area under the precision-recall curve of wrong labels, its mean over the draws.

    kind: what every model is taken for, None for what it says.
    """
    found = []
    with monkeypatch.context() as patch:
        if kind is not None:
            patch.setattr(label_errors, "posterior_of", lambda fitted: (kind, None))
        for draw in DRAWS:
            patch.setattr(label_errors, "fold_models", lambda *_, draw=draw: folds_of(model, draw, distance, matrix))
            X, y, y_noisy = gaussians(draw, distance, {"T": T, "HARD_T": HARD_T}[matrix])
            errors = find_label_errors(model, X, y_noisy)
            found.append(average_precision_score((y_noisy != y)[errors.index], -np.arange(len(y))))
    return np.mean(found)


@pytest.fixture(scope="module")
def plain_area():
    """The plain network's area, by distance of the classes."""
    with backend("numpy"), pytest.MonkeyPatch.context() as patch:
        return {3: area(patch, network("cross_entropy")), 4: area(patch, network("cross_entropy"), **CLEAR)}


# --- losses -------------------------------------------------------------------------------------------------


QUICK = ("cross_entropy", "forward", *robust.NAMED)
NAMES = [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in (*NOISY, *TRUE)]


@pytest.mark.parametrize("name", NAMES)
def test_every_loss_finds_wrong_labels_as_the_plain_network_does(name, plain_area, monkeypatch):
    """The loss that says the other kind, a mutant, finds less or hardly more."""
    kind, other = ("noisy", "true") if name in NOISY else ("true", "noisy")
    model = network((NOISY | TRUE)[name])
    found = area(monkeypatch, model)
    assert {posterior_of(fitted)[0] for _, fitted, _ in folds_of(model, DRAWS[-1], 3, "T")} == {kind}
    assert found > plain_area[3] - LESS
    assert found > area(monkeypatch, model, other) - OTHER_KIND


@pytest.mark.slow
def test_to_take_every_posterior_for_that_of_noisy_labels_loses(plain_area, monkeypatch):
    """The mutant: T^-1 everywhere."""
    bounded = [network(name) for name in robust.NAMED if name in TRUE]
    lost = [area(monkeypatch, model) - area(monkeypatch, model, "noisy") for model in bounded]
    assert min(lost) > 0 and np.mean(lost) > 0.01
    assert area(monkeypatch, network("normalized_cross_entropy"), "noisy") < plain_area[3] - LESS


def test_settings_decide_where_they_make_another_loss():
    for loss, kind in (
        (robust.SymmetricCrossEntropy(beta=0), "noisy"),
        (robust.LabelSmoothing(-0.5), "true"),
        (robust.EarlyLearning(strength=0), "noisy"),
        (robust.EarlyLearning(strength=0, base=ForwardCorrected(T)), "true"),
        (robust.ActivePassive(CrossEntropy(), CrossEntropy()), "noisy"),
        (robust.ActivePassive(CrossEntropy(), beta=0), "noisy"),
        (robust.ActivePassive(CrossEntropy()), "true"),
        (Loss(), "true"),
    ):
        assert loss.posterior_of == kind


def test_the_minimiser_of_what_says_noisy_is_the_posterior_of_noisy_labels():
    """And of what says true with a T, p, by descent on the mean loss of labels drawn with q = T p."""
    p = np.array([0.6, 0.3, 0.1])
    for loss, wanted in (
        (CrossEntropy(), T @ p),
        (robust.Flooded(CrossEntropy(), -9), T @ p),
        (ForwardCorrected(T), p),
        (BackwardCorrected(T, "raw"), p),
        (robust.ImportanceReweighted(T), p),
    ):
        z = np.zeros((3, 3))
        for _ in range(4000):
            z -= ((T @ p) @ loss.grad(z, np.arange(3))) * 0.3
        found = np.exp(z[0]) / np.exp(z[0]).sum()
        np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_the_binary_correction_has_the_t_of_its_rates():
    rates = np.array([[0.9, 0.3], [0.1, 0.7]])
    loss = NatarajanCorrected(rho_positive=0.3, rho_negative=0.1)
    np.testing.assert_allclose(loss.T, rates)
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=300)
    X = rng.normal(size=(300, 2)) + 3 * y[:, None]
    model = ours.NeuralNetwork(loss=loss, epochs=5, **SMALL).fit(X, corrupt(y, rates, 0))
    np.testing.assert_allclose(model.predict_noisy_proba(X), model.predict_proba(X) @ rates.T, atol=1e-12)


# --- models -------------------------------------------------------------------------------------------------


def test_every_model_is_asked():
    assert {type(model) for model in OF_EVERY_KIND} == {model for model in MODELS if hasattr(model, "predict_proba")}


@pytest.mark.parametrize("model", OF_EVERY_KIND, ids=lambda model: type(model).__name__)
def test_every_model_finds_wrong_labels_nearly_as_the_plain_network_does(model, plain_area, monkeypatch):
    found = area(monkeypatch, model, **CLEAR)
    assert found > plain_area[4] - LESS_OF_A_MODEL
    kind, known = posterior_of(folds_of(model, DRAWS[-1], 4, "HARD_T")[0][1])
    if known is None:
        other = {"noisy": "true", "true": "noisy"}[kind]
        assert found > area(monkeypatch, model, other, **CLEAR) - OTHER_KIND


def test_co_teaching_that_leaves_nothing_out_says_what_its_loss_says():
    X, _, y_noisy = gaussians(0, 3, T)
    for rate, kind in ((0.0, "noisy"), (0.2, "true")):
        assert posterior_of(ours.CoTeaching(rate, epochs=1, **SMALL).fit(X, y_noisy)) == (kind, None)


def test_the_model_inside_a_pipeline_or_a_search_speaks():
    X, _, y_noisy = gaussians(0, 3, T)
    model = ours.RobustSoftmaxRegression(T, l2=1e-3)
    pipeline = make_pipeline(StandardScaler(), model)
    search = GridSearchCV(pipeline, {"robustsoftmaxregression__l2": [1e-3]}, cv=2).fit(X, y_noisy)
    for fitted in (pipeline.fit(X, y_noisy), search):
        kind, known = posterior_of(fitted)
        assert kind == "true"
        np.testing.assert_allclose(known, T)
    assert posterior_of(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y_noisy)) == ("noisy", None)
    found = find_label_errors(pipeline, X, y_noisy, random_state=0)
    p = estimate.out_of_fold_posteriors(pipeline, X, y_noisy, random_state=0)
    expected = true_posterior(p, y_noisy, T)[found.index]
    np.testing.assert_allclose(found.posterior, expected)


# --- what else needs the one or the other -------------------------------------------------------------------


def test_flip_correction_and_estimates_of_t_refuse_what_is_corrected_already():
    X, _, y_noisy = gaussians(0, 3, T)
    corrected = ours.RobustSoftmaxRegression(T, l2=1e-3)
    bounded = ours.NeuralNetwork(loss="generalized_cross_entropy", epochs=1, **SMALL)
    for model in (corrected, bounded, make_pipeline(StandardScaler(), corrected)):
        for ask in (
            lambda model=model: ours.FlipCorrected(model, T=T).fit(X, y_noisy),
            lambda model=model: ours.FlipCorrected(model).fit(X, y_noisy),
            lambda model=model: estimate.estimate_transition(model, X, y_noisy),
        ):
            with pytest.raises(ValueError, match=r"estimator=.* gives posteriors of the true labels"):
                ask()


@pytest.mark.parametrize("kind", ["noisy", "true"])
def test_a_t_that_is_given_is_used_and_follows_the_sorted_labels(kind):
    X, _, y_noisy = gaussians(0, 3, T)
    names = np.array(["cat", "ant", "bee"])
    labels, order = names[y_noisy], np.argsort(names)
    given = T[np.ix_(order, order)]
    model = ours.SoftmaxRegression(l2=1e-3) if kind == "noisy" else network("generalized_cross_entropy")
    q = estimate.out_of_fold_posteriors(model, X, labels, FOLDS, 0)
    p = project_to_simplex(q @ np.linalg.inv(given).T) if kind == "noisy" else q
    index = np.searchsorted(np.sort(names), labels)
    errors = find_label_errors(model, X, labels, FOLDS, 0, T=given)
    np.testing.assert_allclose(errors.posterior, true_posterior(p, index, given)[errors.index], atol=1e-9)
    fitted = model.fit(X, labels)
    q = fitted.predict_proba(X)
    p = project_to_simplex(q @ np.linalg.inv(given).T) if kind == "noisy" else q
    np.testing.assert_allclose(fitted.predict_true_proba(X, labels, given), true_posterior(p, index, given), atol=1e-9)
    with pytest.raises(ValueError, match="T=None, and .* knows no T"):
        fitted.predict_true_proba(X, labels)


def test_a_t_is_given_once():
    X, _, y_noisy = gaussians(0, 3, T)
    model = ours.RobustSoftmaxRegression(T, l2=1e-3)
    with pytest.raises(ValueError, match="T is given, but RobustSoftmaxRegression has a T already"):
        find_label_errors(model, X, y_noisy, T=T)
    with pytest.raises(ValueError, match="T is given, but RobustSoftmaxRegression has a T already"):
        model.fit(X, y_noisy).predict_true_proba(X, y_noisy, T)
    with pytest.raises(ValueError, match="T has columns that sum to"):
        find_label_errors(ours.KNeighbors(), X, y_noisy, T=T.T)
