"""The kernel Fisher discriminant behind noise: the linear one as a special case, what a kernel adds, and mutants."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from scratchnoise.models import KernelFisherEM, LabelNoiseEM, load
from scratchnoise.models import kernel_fisher_em as module
from scratchnoise.models.kernel_fisher_em import principal_map
from scratchnoise.noise import corrupt

T2 = np.array([[0.8, 0.35], [0.2, 0.65]])


def rings(rng, N=800):
    """A disc inside a ring, which no line separates, and labels corrupted by T2."""
    y = rng.integers(2, size=N)
    angle, radius = rng.uniform(0, 2 * np.pi, N), np.where(y == 0, 1, 3) + 0.3 * rng.normal(size=N)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), corrupt(y, T2, rng), y


def linear_equals_linear(noisy_gaussians):
    """With the kernel x.x' and all components it is the Gaussian EM of one shared covariance."""
    X, y_noisy, _ = noisy_gaussians
    settings = {"ridge": 0, "tol": 1e-10}
    ours = KernelFisherEM(kernel="linear", random_state=0, **settings).fit(X, y_noisy)
    theirs = LabelNoiseEM(covariance="shared", **settings).fit(X, y_noisy)
    same = np.abs(ours.predict_proba(X) - theirs.predict_proba(X)).max() < 1e-6
    return same and np.abs(ours.T_.array - theirs.T_.array).max() < 1e-6


def test_with_the_linear_kernel_it_is_the_gaussian_em(noisy_gaussians):
    assert linear_equals_linear(noisy_gaussians)


WRONG = {
    "one component": lambda K, weight, n: principal_map(K, weight, 1),
    "the smallest eigenvalues": lambda K, weight, n: np.linalg.eigh(K)[1][:, :2],
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_map_is_not(wrong, monkeypatch, noisy_gaussians):
    monkeypatch.setattr(module, "principal_map", WRONG[wrong])
    assert not linear_equals_linear(noisy_gaussians)


def test_principal_components_are_uncorrelated_and_their_products_are_the_kernel(rng):
    X, weight = rng.normal(size=(40, 3)), rng.uniform(0.5, 2, 40)
    features = X @ X.T @ principal_map(X @ X.T, weight, 10)
    assert features.shape == (40, 3)  # a linear kernel of three features has three components
    second = (features * weight[:, None]).T @ features / weight.sum()
    assert np.abs(second - np.diag(np.diag(second))).max() < 1e-9 * second.max()
    np.testing.assert_allclose(features @ features.T, X @ X.T, atol=1e-8)
    two = X @ X.T @ principal_map(X @ X.T, weight, 2)
    np.testing.assert_allclose(two, features[:, :2], atol=1e-9)


def test_a_kernel_separates_what_no_line_does_and_the_rates_are_learnt(rng):
    X, y_noisy, y = rings(rng)
    curved = KernelFisherEM(random_state=0).fit(X, y_noisy)
    straight = LabelNoiseEM(covariance="shared").fit(X, y_noisy)
    assert curved.score(X, y) > 0.97 > 0.8 > straight.score(X, y)
    assert abs(curved.T_.array - T2).max() < 0.1


def test_knowing_of_the_noise_helps(rng):
    X, _, y = rings(rng, 400)
    uneven = np.array([[0.95, 0.45], [0.05, 0.55]])
    y_noisy = corrupt(y, uneven, rng)
    plain, told = (KernelFisherEM(T, random_state=0).fit(X, y_noisy).score(X, y) for T in (np.eye(2), uneven))
    assert told > 0.95 > plain


def test_a_weight_is_a_repetition_and_landmarks_are_few(rng):
    X, y_noisy, _ = rings(rng, 120)
    weight = rng.integers(1, 4, 120)
    weighted = KernelFisherEM().fit(X, y_noisy, weight)
    repeated = KernelFisherEM().fit(np.repeat(X, weight, axis=0), np.repeat(y_noisy, weight))
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-4)
    few = KernelFisherEM(n_landmarks=40, n_components=15, random_state=0).fit(X, y_noisy)
    assert few.landmarks_.shape == (40, 2) and few.map_.shape == (40, 15)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kernel": "cubic"}, "kernel='cubic' is unknown"),
        ({"gamma": 0}, "gamma=0 should"),
        ({"n_components": 0}, "n_components=0 should"),
        ({"n_landmarks": 2.5}, "n_landmarks=2.5 should"),
        ({"ridge": -1}, "ridge=-1 should"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(settings, message, rng):
    X, y_noisy, _ = rings(rng, 60)
    with pytest.raises(ValueError, match=message):
        KernelFisherEM(**settings).fit(X, y_noisy)


def test_it_is_saved_and_passes_scikit_learns_checks(rng, tmp_path):
    X, y_noisy, _ = rings(rng, 200)
    model = KernelFisherEM(random_state=0).fit(X, np.array(["in", "out"])[y_noisy])
    model.save(tmp_path / "fisher.npz")
    np.testing.assert_array_equal(load(tmp_path / "fisher.npz").predict_proba(X), model.predict_proba(X))
    check_estimator(KernelFisherEM(random_state=0))
