"""VolMin and T-revision: gradients against finite differences, T found where it can be, and their limits shown."""

from importlib import import_module
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from scratchnoise import estimate
from scratchnoise.estimate.linear import log_features, noisy_loss, softmax
from scratchnoise.estimate.revision import possible, reweighted_risk, weighted_loss
from scratchnoise.estimate.volmin import bounded_columns, volmin_objective
from scratchnoise.noise import MNIST06, corrupt

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


@pytest.fixture
def rng():
    return np.random.default_rng(4)


def slopes(function, at, h=1e-6):
    """Central differences of a function of an array."""
    found = np.zeros_like(at)
    for place in np.ndindex(at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[place] += h
        behind[place] -= h
        found[place] = (function(ahead) - function(behind)) / (2 * h)
    return found


def samples(rng, N=40):
    return rng.normal(size=(N, 3)), np.concatenate([np.arange(3), rng.integers(3, size=N - 3)])


def gaussians(rng, A, N=6000, apart=4):
    """Out-of-fold posteriors and noisy labels of three clouds."""
    y = rng.integers(3, size=N)
    X = rng.normal(size=(N, 2)) + apart * np.array([[0, 0], [1, 0], [0, 1]])[y]
    y_noisy = corrupt(y, A, rng)
    return estimate.out_of_fold_posteriors(LogisticRegression(), X, y_noisy, random_state=0), y_noisy


def error(found, A):
    """Mean total variation of the columns."""
    return abs(np.asarray(found) - np.asarray(A)).sum(axis=0).mean() / 2


# --- gradients ------------------------------------------------------------------------------------------------


def test_the_gradients_of_the_likelihood_are_finite_differences(rng):
    x, y = samples(rng)
    v = rng.normal(size=12)
    _, dv, dT = noisy_loss(v, T, x, y, 0.3)
    np.testing.assert_allclose(dv, slopes(lambda v: noisy_loss(v, T, x, y, 0.3)[0], v), atol=1e-8)
    np.testing.assert_allclose(dT, slopes(lambda A: noisy_loss(v, A, x, y, 0.3)[0], T), atol=1e-8)


def wrong_volume(u, x, y, C, volume):
    """Mutant: the gradient of log |det T| without the transpose."""
    A, back = bounded_columns(u[-C * C :].reshape(C, C))
    loss, dv, dT = noisy_loss(u[: -C * C], A, x, y, 1e-3)
    return loss, np.concatenate([dv, back(dT + volume * np.linalg.inv(A)).ravel()])


def columns_scaled_without_gradient(u, x, y, C, volume):
    """Mutant: the sums that scale the columns are held fixed."""
    V = u[-C * C :].reshape(C, C)
    A, _ = bounded_columns(V)
    loss, dv, dT = noisy_loss(u[: -C * C], A, x, y, 1e-3)
    s = 1 / (1 + np.exp(-V))
    total = 1 + (s * (1 - np.eye(C))).sum(axis=0)
    dV = (dT + volume * np.linalg.inv(A).T) / total * s * (1 - s) * (1 - np.eye(C))
    return loss, np.concatenate([dv, dV.ravel()])


def test_the_gradient_of_volmin_is_a_finite_difference_and_its_mutants_are_not(rng):
    x, y = samples(rng)
    u = rng.normal(size=21)
    expected = slopes(lambda u: volmin_objective(u, x, y, 3, 0.2)[0], u)
    np.testing.assert_allclose(volmin_objective(u, x, y, 3, 0.2)[1], expected, atol=1e-8)
    for mutant in (wrong_volume, columns_scaled_without_gradient):
        assert abs(mutant(u, x, y, 3, 0.2)[1] - expected).max() > 1e-3, mutant.__name__


def test_the_slack_gets_its_gradient_through_the_weights(rng):
    x, y = samples(rng)
    v = rng.normal(size=12)
    risk, weight, slope = reweighted_risk(v, T, x, y)
    np.testing.assert_allclose(slope, slopes(lambda S: reweighted_risk(v, S, x, y)[0], T), atol=1e-8)
    p = softmax(x @ v[:9].reshape(3, 3) + v[9:])
    np.testing.assert_allclose(weight, p[range(40), y] / (p @ T.T)[range(40), y])
    np.testing.assert_allclose(risk, -(weight * np.log(p[range(40), y])).mean())
    detached = np.zeros((3, 3))  # weights without gradient, as in the public fast version: the slack never moves
    assert abs(slope - detached).max() > 0.01


def test_the_gradient_of_the_weighted_loss_is_a_finite_difference(rng):
    x, y = samples(rng)
    v, weight = rng.normal(size=12), rng.uniform(0, 2, 40)
    expected = slopes(lambda v: weighted_loss(v, weight, x, y, 3)[0], v)
    np.testing.assert_allclose(weighted_loss(v, weight, x, y, 3)[1], expected, atol=1e-8)


def test_the_true_T_is_no_minimum_of_the_reweighted_risk(rng):
    """True posteriors and every label in its true proportion: a step along the slope still leaves T."""
    p = rng.dirichlet(np.ones(3), 500)
    q = p @ T.T
    slope = np.zeros((3, 3))
    for i in range(3):  # the expectation over labels, dR/dS[i, l]
        slope[i] = -(q[:, i] * -np.log(p[:, i]) * p[:, i] / q[:, i] ** 2) @ p / 500
    along_columns = slope - slope.mean(axis=0)  # what is left when columns keep their sum
    assert abs(along_columns).max() > 0.02


def test_sure_classifiers_neither_overflow_nor_lose_their_loss(rng):
    """Logits of several thousand: the shares are 0 and 1, the loss of a wrong label is the distance to the largest."""
    x, y, v = np.eye(3), np.array([0, 1, 0]), np.concatenate([5000 * np.eye(3).ravel(), np.zeros(3)])
    np.testing.assert_array_equal(softmax(5000 * np.eye(3)), np.eye(3))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, gradient = weighted_loss(v, np.array([1.0, 1.0, 3.0]), x, y, 3)
    ridge = 0.5 * 1e-3 * 3 * 5000**2
    assert value == pytest.approx(3 * 5000 / 3 + ridge)
    np.testing.assert_allclose(gradient[:9].reshape(3, 3), [[5, 0, 0], [0, 5, 0], [-1, 0, 5 + 1]], atol=1e-9)


def test_features_are_standardised_logarithms():
    q = np.array([[0.0, 0.5, 0.5], [1e-5, 0.5, 0.49999], [0.5, 0.5, 1e-9], [0.25, 0.5, 0.25]])
    x = log_features(q)
    np.testing.assert_allclose([x.mean(axis=0), x.std(axis=0)], [[0, 0, 0], [1, 0, 1]], atol=1e-12)
    assert x[0, 0] == x[1, 0] and (x[3, 0] - x[0, 0]) / (x[2, 0] - x[0, 0]) == pytest.approx(
        np.log(0.25 / 1e-4) / np.log(0.5 / 1e-4)
    )


def test_a_revised_matrix_keeps_a_thousandth_for_all_labels():
    np.testing.assert_allclose(possible(T), 0.999 * T + 0.001 / 3)
    np.testing.assert_allclose(possible(T + [[0.2], [0.2], [0.2]]), possible(T))  # the nearest probabilities


# --- parametrisation ------------------------------------------------------------------------------------------------


def test_columns_are_probabilities_and_the_diagonal_leads_whatever_the_parameters(rng):
    for size in (1, 30, 1000):
        A, _ = bounded_columns(size * rng.normal(size=(4, 4)))
        np.testing.assert_allclose(A.sum(axis=0), 1)
        assert (A.min() >= 0) and (np.diag(A) >= A.max(axis=0)).all()


def test_beyond_a_singular_T_the_objective_is_infinite(rng):
    x, y = samples(rng)
    V = np.full((3, 3), -50.0)
    V[0, 1] = V[1, 0] = V[0, 2] = V[2, 0] = 2.0  # A = [[1, a, a], [a, 1, 0], [a, 0, 1]], det 1 - 2 a^2 < 0
    value, gradient = volmin_objective(np.concatenate([np.zeros(12), V.ravel()]), x, y, 3, 1e-3)
    assert value == np.inf and not gradient.any()


@pytest.mark.parametrize("C", [2, 3, 6])
def test_the_search_begins_at_even_posteriors_and_seven_tenths_on_the_diagonal(C, rng, monkeypatch):
    module, begun = import_module("scratchnoise.estimate.volmin"), []

    def no_search(function, start, max_iter):
        begun.append((start, max_iter))
        return SimpleNamespace(x=start)

    monkeypatch.setattr(module, "lbfgs", no_search)
    found = estimate.volmin(rng.dirichlet(np.ones(C), 9), np.arange(9) % C)
    np.testing.assert_allclose(found, np.full((C, C), 0.3 / (C - 1)) + (0.7 - 0.3 / (C - 1)) * np.eye(C))
    (start, steps), *_ = begun
    assert steps == 300 and not start[: C * C + C].any() and len(start) == 2 * C * C + C


def test_the_loss_that_volmin_reports_has_no_ridge(rng, monkeypatch):
    module, weights = import_module("scratchnoise.estimate.volmin"), np.arange(12.0)
    monkeypatch.setattr(module, "lbfgs", lambda f, start, max_iter: SimpleNamespace(x=np.append(weights, start[12:])))
    q, y = rng.dirichlet(np.ones(3), 50), rng.integers(3, size=50)
    found = estimate.volmin(q, y)
    p = softmax(log_features(q) @ weights[:9].reshape(3, 3) + weights[9:])
    wanted = -np.log((p @ found.array.T)[np.arange(50), y]).mean()
    assert found.diagnostics["loss"] == pytest.approx(wanted, rel=1e-9)


def test_a_revision_that_gains_in_every_round_ends_after_sixty(rng, monkeypatch):
    module, losses = import_module("scratchnoise.estimate.revision"), iter(range(0, -1000, -1))
    monkeypatch.setattr(module, "lbfgs", lambda f, start, **more: SimpleNamespace(x=start))
    monkeypatch.setattr(module, "noisy_loss", lambda *arguments: (next(losses), 0, 0))
    found = estimate.t_revision(rng.dirichlet(np.ones(3), 50), rng.integers(3, size=50)).diagnostics
    assert found["rounds"] == 60 and len(found["held_out_losses"]) == 61


# --- T is found -----------------------------------------------------------------------------------------------------


def test_volmin_finds_T_and_the_volume_term_decides_where_labels_are_weak(rng):
    assert error(estimate.volmin(*gaussians(rng, T)), T) < 0.05
    q, y = gaussians(rng, MNIST06)
    weak = {volume: error(estimate.volmin(q, y, volume), MNIST06) for volume in (0, 1e-3)}
    assert weak[1e-3] < 0.06 < weak[0]


def test_a_revision_mends_the_anchors_and_leaves_T_where_nothing_is_gained(rng):
    q, y = gaussians(rng, T)
    first, revised = estimate.anchor_argmax(q), estimate.t_revision(q, y)
    assert error(revised, T) < error(first, T) / 2
    np.testing.assert_allclose(revised.array, first.array + revised.diagnostics["slack"], atol=1e-12)
    losses = revised.diagnostics["held_out_losses"]
    assert losses[revised.diagnostics["rounds"]] == losses.min() < losses[0]
    assert len(losses) == min(61, losses.argmin() + 9)  # 60 rounds, or 8 that are worse than the best
    assert error(estimate.t_revision(q, y, T), T) < 0.03


def test_volmin_and_revisions_follow_renamed_classes(rng):
    q, y = gaussians(rng, T, 1500)
    renamed = np.array([2, 0, 1])
    back = np.argsort(renamed)
    for method in (estimate.volmin, estimate.t_revision):
        found = method(q[:, back].copy(), renamed[y]).array[np.ix_(renamed, renamed)]
        np.testing.assert_allclose(found, method(q, y).array, atol=5e-3)


# --- dual-T, on a model rather than in theory -----------------------------------------------------------------------


def test_the_dual_estimate_of_calibrated_posteriors_is_too_noisy_and_of_sure_ones_right(rng):
    q, y = gaussians(rng, T, apart=8)
    sure = np.eye(3)[q.argmax(axis=1)]
    assert error(estimate.dual(q, y), T @ T) < error(estimate.dual(q, y), T)
    assert error(estimate.dual(sure, y), T) < 0.03
