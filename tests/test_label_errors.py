"""Label errors: the posterior against Bayes' rule by counting, the ranking, and where T comes from."""

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score

from scratchnoise import label_errors
from scratchnoise.backend import backend
from scratchnoise.estimate import UntrustworthyTransitionWarning, out_of_fold_posteriors
from scratchnoise.label_errors import find_label_errors
from scratchnoise.models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.noise import corrupt
from scratchnoise.study.figures import BLUE, ORANGE
from scratchnoise.study.suspects import suspicious_labels
from scratchnoise.transition import true_posterior

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
MODELS = [
    SoftmaxRegression(l2=1e-3),
    RobustSoftmaxRegression(T, l2=1e-3),
    FlipCorrected(SoftmaxRegression(l2=1e-3), T=T),
    NeuralNetwork("mlp", loss="forward", T=T, epochs=20, random_state=0),
    LogisticRegression(),
]


@pytest.fixture(autouse=True)
def plain_numpy():
    with backend("numpy"):
        yield


@pytest.fixture(scope="module")
def noisy():
    """X, true labels and noisy labels of three Gaussians that touch."""
    rng = np.random.default_rng(4)
    y = rng.integers(3, size=900)
    X = rng.normal(size=(900, 4))
    X[:, :2] += 3 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    return X, y, corrupt(y, T, 1)


def test_the_posterior_is_the_share_of_true_classes_among_samples_with_that_label():
    p = np.array([0.5, 0.3, 0.2])
    rng = np.random.default_rng(0)
    y = rng.choice(3, p=p, size=400_000)
    y_noisy = corrupt(y, T, rng)
    for label in range(3):
        shares = np.bincount(y[y_noisy == label], minlength=3) / (y_noisy == label).sum()
        np.testing.assert_allclose(true_posterior(p[None], np.array([label]), T)[0], shares, atol=5e-3)
        wrong = true_posterior(p[None], np.array([label]), T.T)[0]
        assert abs(wrong - shares).max() > 0.02  # a transposed T would be seen


def test_a_label_that_cannot_occur_says_nothing():
    p = np.array([[1.0, 0, 0]])
    np.testing.assert_array_equal(true_posterior(p, np.array([1]), np.eye(3)), p)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_wrong_labels_come_first(model, noisy):
    X, y, y_noisy = noisy
    names = np.array(["ant", "bee", "cat"])
    errors = find_label_errors(model, X, names[y_noisy], random_state=0)
    bad = (y_noisy != y)[errors.index]
    first = bad.sum()
    assert bad[:first].mean() > 0.8 > 3 * bad[first:].mean()
    assert sorted(errors.index) == list(range(900)) and (np.diff(errors.wrong) <= 0).all()
    np.testing.assert_allclose(errors.posterior.sum(axis=1), 1)
    assert (errors.suggested[:200] == names[y[errors.index[:200]]]).mean() > 0.8
    assert errors.wrong.mean() == pytest.approx((y_noisy != y).mean(), abs=0.07)  # probabilities, not only an order


def test_a_model_that_takes_all_labels_for_right_is_doubted_and_ranked_by_its_posterior(noisy):
    X, y, y_noisy = noisy
    with pytest.warns(UntrustworthyTransitionWarning, match="every label for right in 5 of 5 folds") as caught:
        errors = find_label_errors(RobustSoftmaxRegression(np.eye(3), l2=1e-3), X, y_noisy, random_state=0)
    assert caught[0].filename == __file__
    assert (errors.wrong == 0).all()
    bad = (y_noisy != y)[errors.index]
    assert bad[: bad.sum()].mean() > 0.75  # in the order of the samples it were 0.3


def test_the_columns_follow_the_sorted_labels(noisy):
    X, y, y_noisy = noisy
    names = np.array(["cat", "ant", "bee"])
    errors = find_label_errors(SoftmaxRegression(l2=1e-3), X, names[y_noisy], random_state=0)
    column = np.unique(names).searchsorted(names[y_noisy[errors.index]])
    np.testing.assert_allclose(errors.wrong, 1 - errors.posterior[np.arange(900), column])


def test_no_sample_is_judged_by_a_model_that_saw_it(noisy):
    X, _, y_noisy = noisy
    model = RobustSoftmaxRegression(T, l2=1e-3)
    errors = find_label_errors(model, X, y_noisy, random_state=0)
    p = out_of_fold_posteriors(model, X, y_noisy, 5, 0)
    expected = true_posterior(p, y_noisy, T)[errors.index]
    np.testing.assert_allclose(errors.posterior, expected)
    assert not hasattr(model, "classes_")


def test_the_models_own_t_finds_more_than_the_posteriors_of_noisy_labels(noisy):
    X, y, y_noisy = noisy
    bad = y_noisy != y
    found = {}
    for name, model in (("plain", MODELS[0]), ("own", MODELS[1])):
        errors = find_label_errors(model, X, y_noisy, random_state=0)
        found[name] = average_precision_score(bad[errors.index], errors.wrong)
    q = out_of_fold_posteriors(MODELS[0], X, y_noisy, 5, 0)
    confidence = average_precision_score(bad, 1 - q[np.arange(900), y_noisy])
    assert found["own"] > found["plain"] + 0.03 and found["plain"] > confidence + 0.01


@pytest.mark.parametrize("model", MODELS[1:4], ids=lambda model: type(model).__name__)
def test_a_fitted_model_gives_the_posterior_of_a_labelled_sample(model, noisy):
    X, _, y_noisy = noisy
    names = np.array(["cat", "ant", "bee"])
    order = np.argsort(names)
    model = type(model)(**{**model.get_params(deep=False), "T": T[np.ix_(order, order)]})
    model = model.fit(X, names[y_noisy])
    found = model.predict_true_proba(X, names[y_noisy])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    label = np.searchsorted(model.classes_, names[y_noisy])
    np.testing.assert_allclose(found, true_posterior(model.predict_proba(X), label, model._noise()))
    with pytest.raises(ValueError, match="dog"):
        model.predict_true_proba(X, np.array(["dog"] * 900))


def test_a_ranking_by_the_label_alone_would_not_pass(noisy, monkeypatch):
    """The mutant: every label is trusted alike."""
    X, y, y_noisy = noisy
    monkeypatch.setattr(
        label_errors, "true_posterior", lambda p, y, T: np.asarray(T)[y] / np.asarray(T)[y].sum(1)[:, None]
    )
    errors = find_label_errors(MODELS[1], X, y_noisy, random_state=0)
    bad = (y_noisy != y)[errors.index]
    assert bad[: bad.sum()].mean() < 0.6


def test_the_picture_shows_the_twenty_most_suspicious(noisy):
    X, y, y_noisy = noisy
    errors = find_label_errors(MODELS[0], X, y_noisy, random_state=0)
    y = y.copy()
    y[errors.index[3]] = y_noisy[errors.index[3]]  # a false alarm
    figure = suspicious_labels(errors, X.reshape(-1, 2, 2), y_noisy, ["zero", "one", "two"], y)
    shown = [ax for ax in figure.axes if ax.images]
    assert len(shown) == 20
    for place, (ax, n) in enumerate(zip(shown, errors.index, strict=False)):
        np.testing.assert_array_equal(ax.images[0].get_array(), X[n].reshape(2, 2))
        assert ax.get_title() == ["zero?", "one?", "two?"][y_noisy[n]]
        sure = 1 - errors.posterior[place, y_noisy[n]]
        assert f"{'over 99' if sure > 0.99 else f'{100 * sure:.0f}'} % wrong" in ax.get_xlabel()
        frame, is_wrong = ax.spines["top"], y[n] != y_noisy[n]
        assert frame.get_edgecolor() == to_rgba(BLUE if is_wrong else ORANGE)
        assert (frame.get_linestyle() == "solid") == is_wrong, "told without colours too"
    wrong = (y != y_noisy)[errors.index[:20]].sum()
    assert wrong < 20 and figure.get_suptitle().startswith(f"{wrong} of these 20 labels are wrong")
    with pytest.raises(ValueError, match="should have the same number"):
        suspicious_labels(errors, X[:5].reshape(-1, 2, 2), y_noisy, ["zero", "one", "two"])


def test_what_is_below_the_digits_of_one_still_ranks():
    """1 - P(label) made the surest labels all 0, and so equal."""
    posterior = np.array([[1, 2.5e-18], [1, 3e-20], [0.2, 0.8], [1, 1e-19]])
    found = label_errors._ranked(posterior, np.zeros(4, int), np.arange(2), margin=np.ones(4))
    np.testing.assert_array_equal(found.index, [2, 0, 3, 1])
    np.testing.assert_allclose(found.wrong, [0.8, 2.5e-18, 1e-19, 3e-20])
