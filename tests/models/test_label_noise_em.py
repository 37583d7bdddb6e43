"""EM with Gaussian classes: what it computes without noise, what it learns with noise, and that it never loses."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB
from sklearn.utils.estimator_checks import check_estimator

from scratchnoise.models import LabelNoiseEM, gaussians, label_noise_em, load
from scratchnoise.noise import corrupt

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
KINDS = gaussians.COVARIANCES


def drawn(N=3000, seed=0):
    """Three correlated Gaussians of different shapes in the plane, and noisy labels."""
    rng = np.random.default_rng(seed)
    y = rng.choice(3, p=[0.5, 0.3, 0.2], size=N)
    shapes = np.array([[[1, 0.5], [0, 1]], [[0.5, 0], [0.7, 1]], [[1, 0], [0, 0.4]]])
    X = np.einsum("nij,nj->ni", shapes[y], rng.normal(size=(N, 2)))
    return X + 3 * np.array([[0, 0], [1, 0], [0, 1]])[y], y, corrupt(y, T, rng)


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [
        ("full", QuadraticDiscriminantAnalysis()),
        ("diagonal", GaussianNB(var_smoothing=0)),
        ("shared", LinearDiscriminantAnalysis(solver="lsqr")),
    ],
)
def test_without_noise_it_is_scikit_learns_gaussian_classifier(kind, theirs):
    X, y, _ = drawn(400)
    ours = LabelNoiseEM(T=np.eye(3), covariance=kind, ridge=0).fit(X, y)
    # scikit-learn's quadratic one divides by n_j - 1
    np.testing.assert_allclose(ours.predict_proba(X), theirs.fit(X, y).predict_proba(X), atol=0.02)
    assert (ours.predict(X) == theirs.predict(X)).mean() > 0.99


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", [None, T])
@pytest.mark.parametrize("ridge", [0, 0.1])
def test_the_objective_never_falls(kind, given, ridge):
    X, _, y_noisy = drawn(500)
    weight = np.random.default_rng(1).uniform(0.1, 2, 500)
    model = LabelNoiseEM(given, kind, ridge, max_iter=2000).fit(X, y_noisy, weight)
    assert len(model.objective_) > 3 and np.diff(model.objective_).min() > -1e-11


WRONG_STEPS = {
    "unweighted moments": lambda X, r, w, kind, ridge: gaussians.likeliest(X, r, np.ones_like(w), kind, ridge),
    "another ridge": lambda X, r, w, kind, ridge: gaussians.likeliest(X, r, w, kind, 40 * ridge),
    "hard labels": lambda X, r, w, kind, ridge: gaussians.likeliest(X, np.eye(3)[r.argmax(1)], w, kind, ridge),
}


@pytest.mark.parametrize("wrong", WRONG_STEPS)
def test_a_wrong_maximisation_loses(wrong, monkeypatch):
    X, _, y_noisy = drawn(500)
    right = gaussians.likeliest
    calls = []

    def sometimes_wrong(*arguments):
        calls.append(1)
        return WRONG_STEPS[wrong](*arguments) if len(calls) > 30 else right(*arguments)

    monkeypatch.setattr(label_noise_em, "likeliest", sometimes_wrong)
    weight = np.random.default_rng(1).uniform(0.1, 2, 500)
    model = LabelNoiseEM(None, "full", 0.1).fit(X, y_noisy, weight)
    assert np.diff(model.objective_).min() < -1e-6


def test_a_transposed_update_of_t_loses(monkeypatch):
    X, _, y_noisy = drawn(500)
    right = label_noise_em.flip_rates
    monkeypatch.setattr(label_noise_em, "flip_rates", lambda *a: right(*a).T / right(*a).T.sum(axis=0))
    assert np.diff(LabelNoiseEM().fit(X, y_noisy).objective_).min() < -1e-6


def test_t_and_the_classes_are_learnt():
    X, y, y_noisy = drawn()
    model = LabelNoiseEM().fit(X, y_noisy)
    assert abs(model.T_.array - T).max() < 0.05
    np.testing.assert_allclose(model.gaussians_[0], [0.5, 0.3, 0.2], atol=0.03)
    best = LabelNoiseEM(np.eye(3)).fit(X, y).score(X, y)
    assert model.score(X, y) > best - 0.01
    assert LabelNoiseEM(np.eye(3)).fit(X, y_noisy).score(X, y) < model.score(X, y)


def test_one_step_is_bayes_rule_and_a_weighted_mean():
    X, _, y_noisy = drawn(50)
    r = T[y_noisy] / T[y_noisy].sum(axis=1, keepdims=True)
    weight = np.random.default_rng(1).uniform(0.1, 2, 50)
    found = gaussians.likeliest(X, r, weight, "full", 0.0)
    for j in range(3):
        share = weight * r[:, j]
        mean = np.average(X, axis=0, weights=share)
        np.testing.assert_allclose(found.mean[j], mean)
        np.testing.assert_allclose(found.covariance[j], np.cov(X.T, aweights=share, ddof=0))
    rates = label_noise_em.flip_rates(r, y_noisy, weight)
    for i in range(3):
        for j in range(3):
            part = (weight * r[:, j])[y_noisy == i].sum() / (weight * r[:, j]).sum()
            assert rates[i, j] == pytest.approx(part)


@pytest.mark.parametrize("ridge", [0.0, 0.7])
@pytest.mark.parametrize("kind", KINDS)
def test_every_covariance_is_what_its_equation_says(kind, ridge):
    X, _, y_noisy = drawn(60)
    r = T[y_noisy] / T[y_noisy].sum(axis=1, keepdims=True)
    weight = np.random.default_rng(1).uniform(0.1, 2, 60)
    share, found = weight[:, None] * r, gaussians.likeliest(X, r, weight, kind, ridge)
    mean = (share.T @ X) / share.sum(axis=0)[:, None]
    scatter = np.einsum("nj,njd,nje->jde", share, X[:, None] - mean, X[:, None] - mean)
    if kind == "shared":
        expected = np.stack([scatter.sum(axis=0) / weight.sum() + ridge * np.eye(2)] * 3)
    else:
        scatter = scatter * np.eye(2) if kind == "diagonal" else scatter
        expected = scatter / share.sum(axis=0)[:, None, None] + ridge * np.eye(2)
    np.testing.assert_allclose(found.covariance, expected, rtol=1e-10, atol=1e-12)
    roots = gaussians.inverse_roots(found.covariance, kind)
    ours = gaussians.log_joint(X, found, roots, kind, ridge)
    for j in range(3):
        density = multivariate_normal(found.mean[j], found.covariance[j]).logpdf(X)
        spread = ridge / 2 * np.trace(np.linalg.inv(found.covariance[j]))
        np.testing.assert_allclose(ours[:, j], np.log(found.prior[j]) + density - spread)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("given", [None, np.eye(3) * 0.8 + 0.2 / 3])
def test_columns_that_say_nothing_new_favour_no_class(kind, given):
    """The mutant gives a class of share P the variance ridge / (3 P) there: the largest class took all samples."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 3000)
    X = rng.normal(size=(3000, 2)) + 3 * np.eye(3, 2)[y]
    y_noisy = np.where(rng.random(3000) < 0.2, rng.integers(0, 3, 3000), y)
    more = np.c_[X, X @ rng.normal(size=(2, 8)), np.zeros(3000)]
    alone, beside = (LabelNoiseEM(given, kind).fit(Z, y_noisy).score(Z, y) for Z in (X, more))
    assert beside > alone - 0.02 and alone > 0.89


@pytest.mark.parametrize("covariance", KINDS)
def test_classes_without_any_spread_are_singular_whatever_the_rounding(covariance):
    y = np.arange(60) % 3
    X = np.array([[0.1, 0.3], [1 / 3, 0.7], [1e3, 1 / 7]])[y]
    with pytest.raises(ValueError, match="singular covariance"):
        LabelNoiseEM(np.eye(3), covariance=covariance, ridge=0).fit(X, y)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"covariance": "ful"}, "covariance='ful' is unknown; did you mean 'full'"),
        ({"ridge": -1}, "ridge=-1 should be"),
        ({"flip_start": 1}, "flip_start=1 should be below 1"),
        ({"flip_start": 0}, "flip_start=0 should be"),
        ({"max_iter": 0}, "max_iter=0 should be"),
        ({"T": T.T}, "from_rows"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        LabelNoiseEM(**settings).fit(*drawn(60)[:2])


@pytest.mark.parametrize("covariance", gaussians.COVARIANCES)
@pytest.mark.parametrize(
    "told",
    [
        lambda X: X * np.array([1e6, 1e-3]) + [5, 1e4],  # the ridge is not that of the largest feature
        lambda X: np.c_[X, np.full(len(X), 0.1)],  # no density is the higher for a feature that never changes
    ],
    ids=["scales", "constant"],
)
def test_scales_and_constant_features_change_nothing(told, covariance):
    X, _, y_noisy = drawn(400)
    X = X[:, :2]
    plain = LabelNoiseEM(covariance=covariance).fit(X, y_noisy)
    other = LabelNoiseEM(covariance=covariance).fit(told(X), y_noisy)
    np.testing.assert_allclose(other.predict_proba(told(X)), plain.predict_proba(X), atol=1e-4)


def test_a_singular_covariance_is_said():
    X = np.repeat(drawn(60)[0][:, :1], 2, axis=1)
    with pytest.raises(ValueError, match="singular covariance.*raise ridge"):
        LabelNoiseEM(ridge=0).fit(X, drawn(60)[1])
    assert LabelNoiseEM().fit(X, drawn(60)[1]).score(X, drawn(60)[1]) > 0.5


def test_a_model_comes_back_from_a_file(tmp_path):
    X, _, y_noisy = drawn(200)
    model = LabelNoiseEM().fit(X, y_noisy)
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load(tmp_path / "model.npz").predict_proba(X), model.predict_proba(X))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", [LabelNoiseEM(), LabelNoiseEM(covariance="shared")], ids=repr)
def test_check_estimator(model):
    """All but one: a learnt T takes the weights of labels for noise."""
    excused = {"check_class_weight_classifiers": "weights of labels are noise"}
    results = check_estimator(model, on_fail=None, on_skip=None, expected_failed_checks=excused)
    failed = {
        r["check_name"]: str(r["exception"]) for r in results if r["status"] not in ("passed", "skipped", "xfail")
    }
    assert failed == {} and len(results) > 40
