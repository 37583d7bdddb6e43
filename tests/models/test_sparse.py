"""Sparse rMLR: proximal steps against closed forms and scikit-learn, exact zeros, and where sparsity helps."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from scratchnoise import proximal as module
from scratchnoise.models import RobustSoftmaxRegression, load
from scratchnoise.noise import corrupt
from scratchnoise.proximal import proximal, shrink, smallest_subgradient


def quadratic(rng, n=6):
    """|A x - a|^2 / 2 with a random A, as an objective."""
    A, a = rng.normal(size=(2 * n, n)), rng.normal(size=2 * n)

    def objective(x):
        left = A @ x - a
        return 0.5 * left @ left, A.T @ left

    return objective


def test_shrinkage_is_the_minimum_of_its_equation():
    grid = np.linspace(-4, 4, 80001)
    for v in (-2.3, -0.4, 0.0, 0.5, 3.1):
        best = grid[(0.5 * np.abs(grid) + (grid - v) ** 2 / 2).argmin()]
        np.testing.assert_allclose(shrink(np.array([v]), np.array([0.5]))[0], best, atol=1e-4)


def test_with_uncorrelated_features_the_minimum_is_the_shrunk_solution(rng):
    a = rng.normal(size=8)
    found = proximal(lambda x: (0.5 * ((x - a) ** 2).sum(), x - a), np.full(8, 0.7), np.zeros(8))
    np.testing.assert_allclose(found.x, shrink(a, np.full(8, 0.7)), atol=1e-6)
    assert found.converged and (found.x == 0).any()


def is_a_sparse_minimum(rng):
    """No subgradient is left at what `proximal` returns, and zeros are exact."""
    objective, l1 = quadratic(rng), np.full(6, 2.0)
    found = proximal(objective, l1, np.ones(6), tol=1e-8, max_iter=5000)
    left = smallest_subgradient(found.x, objective(found.x)[1], l1)
    return np.abs(left).max() < 1e-6 and (found.x == 0).any()


WRONG_SHRINKAGE = {
    "hard threshold": lambda v, s: np.where(np.abs(v) > s, v, 0),
    "a step along the sign": lambda v, s: v - s * np.sign(v),
    "twice": lambda v, s: shrink(shrink(v, s), s),
    "none": lambda v, s: v,
}


@pytest.mark.parametrize("wrong", WRONG_SHRINKAGE)
def test_the_minimum_has_no_subgradient_left_and_mutants_have(wrong, monkeypatch):
    assert is_a_sparse_minimum(np.random.default_rng(3))
    monkeypatch.setattr(module, "shrink", WRONG_SHRINKAGE[wrong])
    assert not is_a_sparse_minimum(np.random.default_rng(3))


def test_a_start_that_is_not_finite_is_refused():
    with pytest.raises(FloatingPointError, match="not finite where the search starts"):
        proximal(lambda x: (np.nan, x), np.ones(2), np.zeros(2))


# --- the model ------------------------------------------------------------------------------------------------


def wide(rng, T, N=400, D=200):
    """X (N, D), noisy and true labels: three of many features tell the classes apart."""
    y = rng.integers(3, size=N)
    X = rng.normal(size=(N, D))
    X[:, :3] += 2.5 * np.eye(3)[y]
    return X, corrupt(y, T, rng), y


def test_without_noise_it_is_scikit_learns_lasso(rng):
    X, y, _ = wide(rng, np.eye(3), D=12)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    ours = RobustSoftmaxRegression(np.eye(3), l1=0.02, l2=0, tol=1e-7).fit(X, y)
    lasso = {"l1_ratio": 1, "solver": "saga"}
    if LogisticRegression().penalty == "l2":  # scikit-learn before 1.8, where l1_ratio alone is not enough
        lasso["penalty"] = "elasticnet"
    theirs = LogisticRegression(C=1 / (400 * 0.02), tol=1e-8, max_iter=20000, **lasso)
    np.testing.assert_allclose(ours.coef_, theirs.fit(X, y).coef_, atol=2e-3)
    assert ((ours.coef_ == 0) == (theirs.coef_ == 0)).mean() > 0.95 and (ours.coef_ == 0).mean() > 0.3


def test_the_penalty_decides_how_many_weights_are_exactly_zero(rng, T):
    X, y_noisy, _ = wide(rng, T)
    zeros = [
        (RobustSoftmaxRegression(T, l1=l1, l2=0, max_iter=500).fit(X, y_noisy).coef_ == 0).mean()
        for l1 in (1e-3, 1e-2, 0.03)
    ]
    assert zeros[0] < zeros[1] < zeros[2] and zeros[2] > 0.9
    assert not (RobustSoftmaxRegression(T, l2=0.1).fit(X, y_noisy).coef_ == 0).any()


@pytest.mark.filterwarnings("ignore:.*predicts")
def test_from_the_slope_at_zero_on_all_weights_are_zero(rng):
    X, y, _ = wide(rng, np.eye(3), D=5)
    z = (X - X.mean(axis=0)) / X.std(axis=0)
    largest = np.abs(z.T @ (np.eye(3)[y] - np.bincount(y) / len(y))).max() / len(y)
    fits = [RobustSoftmaxRegression(np.eye(3), l1=share * largest, l2=0).fit(X, y).coef_ for share in (1.01, 0.9)]
    assert not fits[0].any() and fits[1].any()


def test_many_useless_features_are_dropped_behind_the_noise_too(rng, T):
    """Sparse weights are better than small ones where few features count; T is needed as well."""
    X, y_noisy, _ = wide(rng, T)
    X_test, _, y_test = wide(rng, T, 3000)
    sparse = RobustSoftmaxRegression(T, l1=0.02, l2=0).fit(X, y_noisy)
    small = RobustSoftmaxRegression(T, l2="auto").fit(X, y_noisy)
    assert sparse.score(X_test, y_test) > small.score(X_test, y_test) + 0.03
    kept = np.abs(sparse.coef_).sum(axis=0)
    assert kept[:3].min() > kept[3:].max()


@pytest.mark.slow
def test_rates_are_learnt_as_well(noisy_gaussians, T):
    X, y_noisy, y = noisy_gaussians
    model = RobustSoftmaxRegression(l1=1e-3, l2=1e-3).fit(X, y_noisy)
    assert abs(model.T_.array - T).mean() < 0.06 and model.score(X, y) > 0.9


def test_what_it_refuses_and_what_is_saved(rng, T, tmp_path):
    X, y_noisy, _ = wide(rng, T, 100, 5)
    for l1, message in ((-1, "l1=-1 should"), (np.nan, "l1=nan should"), ("much", "l1='much' should")):
        with pytest.raises(ValueError, match=message):
            RobustSoftmaxRegression(T, l1=l1).fit(X, y_noisy)
    with pytest.raises(ValueError, match=r"l1=0\.1 needs solver='lbfgs'"):
        RobustSoftmaxRegression(T, l1=0.1, solver="sgd").fit(X, y_noisy)
    model = RobustSoftmaxRegression(T, l1=0.05).fit(X, y_noisy)
    model.save(tmp_path / "sparse.npz")
    np.testing.assert_array_equal(load(tmp_path / "sparse.npz").coef_, model.coef_)
