"""Default fits on arrays as users have them: the optimum, whatever the scale, or a warning that says what to do."""

import warnings

import numpy as np
import profiles
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression

from scratchnoise.models import KernelFisherEM, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.models.conventions import ConvergenceWarning
from scratchnoise.models.likelihood import NoisyLikelihood
from scratchnoise.models.penalty import draws_of_samples
from scratchnoise.models.scaling import moments
from scratchnoise.models.standardise import Standardisation
from scratchnoise.noise import corrupt

SETS = {"iris": load_iris, "wine": load_wine, "cancer": load_breast_cancer}
SCALES = {
    "raw": lambda X: X,
    "x 1e-3": lambda X: 1e-3 * X,
    "x 1e6": lambda X: 1e6 * X,
    "+ 10": lambda X: X + 10,
    "a constant column": lambda X: np.column_stack([X, np.full(len(X), 1e6)]),
    "large means": lambda X: X / X.std(axis=0) + 1e5,
}


def objective(X, y, T, l2):
    """The penalised likelihood on standardised features by SciPy alone, and its minimum."""
    std = X.std(axis=0)
    Z = (X - X.mean(axis=0)) / np.where(std > 1e-9 * np.abs(X).max(axis=0), std, np.inf)
    C = len(T)

    def value(v):
        w, b = v[:-C].reshape(-1, C), v[-C:]
        with np.errstate(divide="ignore"):
            q = logsumexp(np.log(T)[y] + log_softmax(Z @ w + b, axis=1), axis=1)
        return -q.mean() + l2 / 2 * np.vdot(w, w)

    def grad(v):
        w, b = v[:-C].reshape(-1, C), v[-C:]
        p = np.exp(log_softmax(Z @ w + b, axis=1))
        r = T[y] * p
        dz = (p - r / r.sum(axis=1, keepdims=True)) / len(y)
        return np.concatenate([(Z.T @ dz + l2 * w).ravel(), dz.sum(axis=0)])

    best = minimize(
        value,
        np.zeros((Z.shape[1] + 1) * C),
        jac=grad,
        method="L-BFGS-B",
        options={"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-9},
    )
    return value, best.fun, std


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", SETS)
def test_the_optimum_is_found_whatever_the_scale(name, scale, dtype):
    X, y = SETS[name](return_X_y=True)
    X = SCALES[scale](X).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fitted = SoftmaxRegression(l2=1e-3).fit(X, y)
    X = X.astype(np.float64)
    value, best, std = objective(X, y, np.eye(fitted.classes_.size), 1e-3)
    w = fitted.coef_.T * std[:, None]
    b = fitted.intercept_ + fitted.coef_ @ X.mean(axis=0)
    assert fitted.converged_ and value(np.concatenate([w.ravel(), b])) <= best * (
        1 + (1e-6 if dtype == np.float64 else 1e-4)
    )


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", profiles.thinned(SETS))
def test_defaults_are_no_worse_than_the_common_choice(name, scale):
    X, y = SETS[name](return_X_y=True)
    train = np.arange(len(y)) % 3 > 0
    X = SCALES[scale](X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = LogisticRegression().fit(X[train], y[train]).score(X[~train], y[~train])
    fitted = SoftmaxRegression(random_state=0).fit(X[train], y[train])
    assert fitted.score(X[~train], y[~train]) >= other - 0.03


@pytest.mark.parametrize("scale", profiles.thinned(["raw", "x 1e-3", "+ 10"]))
def test_robust_fits_do_not_end_at_a_constant(scale):
    """0.2 of the labels are wrong; on raw features a step of 0.1 used to end at one class for all, called converged."""
    X, y = load_breast_cancer(return_X_y=True)
    T = np.array([[0.8, 0.2], [0.2, 0.8]])
    y_noisy = corrupt(y, T, np.random.default_rng(0))
    for matrix in (T, None):
        fitted = RobustSoftmaxRegression(T=matrix, random_state=0).fit(SCALES[scale](X), y_noisy)
        assert fitted.score(SCALES[scale](X), y) > 0.93


def test_the_robust_optimum_is_that_of_another_solver(noisy_gaussians, T):
    X, y_noisy, _ = noisy_gaussians
    fitted = RobustSoftmaxRegression(T, l2=1e-3).fit(X, y_noisy)
    value, best, std = objective(X, y_noisy, T, 1e-3)
    v = np.concatenate([(fitted.coef_.T * std[:, None]).ravel(), fitted.intercept_ + fitted.coef_ @ X.mean(axis=0)])
    assert value(v) <= best * (1 + 1e-6)


# --- it says so -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_iter": 2}, r"stopped after max_iter=2 steps at a gradient of .*raise max_iter or tol"),
        ({"l2": 0, "max_iter": 50, "tol": 1e-12}, "without a penalty classes that can be separated have no optimum"),
        ({"solver": "sgd", "l2": 0, "max_iter": 3}, r"made max_iter=3 passes .* or solver='lbfgs'"),
        ({"solver": "sgd", "l2": 0, "learning_rate": 5.0, "max_iter": 3}, r"steps that are .* times too long"),
    ],
)
def test_a_fit_that_did_not_converge_says_so(settings, message):
    X, y = load_iris(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match=message):
        SoftmaxRegression(random_state=0, **settings).fit(X, y)


def test_a_fit_that_says_nothing_says_so():
    X, y = np.random.default_rng(0).normal(size=(300, 2)), np.arange(300) % 10 == 0
    with pytest.warns(ConvergenceWarning, match="predicts False for every training sample"):
        SoftmaxRegression(random_state=0).fit(X, y)


def test_the_warning_is_that_of_scikit_learn_too():
    from sklearn.exceptions import ConvergenceWarning as Theirs

    with pytest.warns(Theirs):
        SoftmaxRegression(max_iter=1).fit(*load_iris(return_X_y=True))


@pytest.mark.parametrize("model", [SoftmaxRegression, RobustSoftmaxRegression])
def test_the_warning_points_at_the_call_of_fit(model):
    for settings in ({"max_iter": 1}, {"solver": "sgd", "l2": 0, "max_iter": 1}):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model(**settings).fit(*load_iris(return_X_y=True))
        assert {warning.filename for warning in caught} == {__file__}


def test_the_step_of_sgd_is_measured_against_the_curvature():
    """The largest curvature of one feature of 1 or -1 is 1/2, so steps above 4 overshoot."""
    X, y = np.array([[1.0], [-1.0]] * 50), np.arange(100) % 2
    settings = {"solver": "sgd", "l2": 0, "max_iter": 50, "tol": 1e-1}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        SoftmaxRegression(learning_rate=3.9, **settings).fit(X, y)
    with pytest.warns(ConvergenceWarning, match="1.02 times too long"):
        SoftmaxRegression(learning_rate=4.08, **settings).fit(X, y)


# --- the penalty ----------------------------------------------------------------------------------------------


def test_the_penalty_is_the_best_on_held_out_noisy_labels():
    X, y = load_wine(return_X_y=True)
    y = corrupt(y, 0.6 * np.eye(3) + 0.4 / 3, np.random.default_rng(1))
    fitted = SoftmaxRegression(random_state=0).fit(X, y)
    rows = fitted.l2_path_
    assert fitted.l2_ == max(rows, key=lambda row: row["noisy_log_likelihood"])["l2"]
    assert fitted.l2_ > SoftmaxRegression(random_state=0).fit(*load_wine(return_X_y=True)).l2_
    again = SoftmaxRegression(l2=fitted.l2_).fit(X, y)
    np.testing.assert_allclose(again.predict_proba(X), fitted.predict_proba(X), atol=1e-4)
    assert again.l2_path_ == []


class ToTheEnd(RobustSoftmaxRegression):
    """Fits that are only compared go on until their optimum as well."""

    def _solve(self, problem, l2, start, tol, max_iter):
        return super()._solve(problem, l2, start, 1e-5, 3000)


@pytest.mark.slow
def test_few_right_labels_do_not_end_the_compared_fits_at_their_start():
    """With 9 wrong labels of 10 the loss is so flat that a fixed tolerance ends them there: they would all be alike."""
    X, y = load_digits(return_X_y=True)
    T = 0.1 * np.eye(10) + 0.9 * np.arange(5, 15)[:, None] / 95
    y = corrupt(y, T, np.random.default_rng(1))
    fitted, exact = (model(T, random_state=0).fit(X, y) for model in (RobustSoftmaxRegression, ToTheEnd))
    assert fitted.l2_ == exact.l2_
    found, expected = ([row["noisy_log_likelihood"] for row in m.l2_path_] for m in (fitted, exact))
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize("n", [1000, 3000])
def test_every_label_judges_once(monkeypatch, n):
    """One part of a fifth says too little, where few labels are right."""
    judged = []
    loss = NoisyLikelihood.loss
    monkeypatch.setattr(NoisyLikelihood, "loss", lambda self, v, T: judged.append(len(self)) or loss(self, v, T))
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(n, 2)), rng.integers(3, size=n)
    fitted = SoftmaxRegression(random_state=0).fit(X, y)
    assert sum(judged) == n * len(fitted.l2_path_)


@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_the_chosen_penalty_of_sgd_fits_the_scale_of_the_features(scale):
    """It is on the weights of the features as they are, which are 10 times larger for features of a tenth."""
    X, y = load_wine(return_X_y=True)
    X = scale * (X - X.mean(axis=0)) / X.std(axis=0)
    settings = {"solver": "sgd", "learning_rate": min(1, 0.1 / scale**2), "max_iter": 300, "tol": 0, "random_state": 0}
    fitted = SoftmaxRegression(**settings).fit(X, y)
    best = max(fitted.l2_path_, key=lambda row: row["noisy_log_likelihood"])
    assert fitted.l2_ == pytest.approx(best["l2"] * scale**2)
    assert fitted.score(X, y) > 0.95


def test_who_is_held_out_depends_on_the_sample_alone():
    X = np.random.default_rng(0).normal(size=(2000, 3))
    X[:, 1] = X[:, 1].round()
    draws = draws_of_samples(X, np.random.default_rng(1))
    order = np.random.default_rng(2).permutation(2000)
    np.testing.assert_array_equal(draws_of_samples(X[order], np.random.default_rng(1)), draws[order])
    assert (draws != draws_of_samples(X, np.random.default_rng(3))).mean() > 0.99
    assert 0 <= draws.min() and draws.max() < 1 and len(np.unique(draws)) == 2000
    shares = np.histogram(draws, bins=10, range=(0, 1))[0]
    assert ((shares - 200) ** 2 / 200).sum() < 30  # chi-square with 9 degrees of freedom: 1 in 2000
    assert abs(np.corrcoef(draws[:-1], draws[1:])[0, 1]) < 0.1
    assert (
        draws_of_samples(-0.0 * X, np.random.default_rng(1))[0]
        == draws_of_samples(0.0 * X, np.random.default_rng(1))[0]
    )


def test_a_sample_of_weight_two_is_two_samples():
    X, y = load_iris(return_X_y=True)
    weight = 1 + np.arange(150) % 3
    rows = np.repeat(np.arange(150), weight)
    weighted = SoftmaxRegression(random_state=0).fit(X, y, sample_weight=weight)
    repeated = SoftmaxRegression(random_state=0).fit(X[rows], y[rows])
    assert weighted.l2_ == pytest.approx(repeated.l2_)
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), atol=1e-4)


def test_a_handful_of_samples_is_fitted_without_a_choice():
    X, y = np.array([[0.0], [1.0]]), np.array([0, 1])
    fitted = SoftmaxRegression(random_state=0).fit(X, y)
    assert fitted.score(X, y) == 1 and fitted.l2_ > 0


@pytest.mark.parametrize("l2", [19.0, 1e3, 1e9])
def test_a_huge_penalty_gives_the_shares_of_the_classes(l2):
    """An explicit step of SGD would overshoot from learning_rate l2 = 2 on, and blow up without a word."""
    X, y = load_wine(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    for solver in ("lbfgs", "sgd"):
        fitted = SoftmaxRegression(l2=l2, solver=solver, learning_rate=0.1, max_iter=300, tol=0, random_state=0).fit(
            X, y
        )
        assert np.abs(fitted.coef_).max() < 0.1
    with pytest.warns(ConvergenceWarning, match="for every training sample"):
        lbfgs = SoftmaxRegression(l2=1e9).fit(X, y)
    np.testing.assert_allclose(lbfgs.predict_proba(X), np.tile(np.bincount(y) / len(y), (len(y), 1)), atol=1e-3)


# --- starts ---------------------------------------------------------------------------------------------------


def penalised(fitted, X, y, T):
    q = (fitted.predict_proba(X) @ np.asarray(T).T)[np.arange(len(y)), y]
    w = fitted.coef_ * X.std(axis=0)
    return -np.log(q).mean() + fitted.l2_ / 2 * np.vdot(w, w)


def test_learnt_rates_end_no_lower_than_the_plain_fit_and_known_starts(noisy_gaussians):
    X, y_noisy, _ = noisy_gaussians
    learnt = RobustSoftmaxRegression(l2=1e-2, random_state=0).fit(X, y_noisy)
    plain = SoftmaxRegression(l2=1e-2).fit(X, y_noisy)
    value = penalised(learnt, X, y_noisy, learnt.T_)
    assert value <= penalised(plain, X, y_noisy, np.eye(3)) + 1e-9
    for share in (0.2, 0.5, 0.8):
        T = (1 - share) * np.eye(3) + share / 3
        assert value <= penalised(RobustSoftmaxRegression(T, l2=1e-2).fit(X, y_noisy), X, y_noisy, T) + 1e-9


def test_a_warm_start_needs_fewer_steps():
    X, y = load_breast_cancer(return_X_y=True)
    model = SoftmaxRegression(l2=1e-4, warm_start=True).fit(X, y)
    first, proba = model.n_iter_, model.predict_proba(X)
    assert model.fit(X, y).n_iter_ < first / 4
    np.testing.assert_allclose(model.predict_proba(X), proba, atol=1e-3)


# --- standardised features ------------------------------------------------------------------------------------


def test_folding_back_is_exact():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 4)) * [1e-8, 1.0, 1e7, 0.0] + [1.0, 1e6, -3.0, 1e6]
    weight = rng.integers(1, 4, 50).astype(np.float64)
    scaling = Standardisation.of(X, weight)
    z = scaling.apply(X)
    np.testing.assert_allclose(np.average(z, axis=0, weights=weight), 0, atol=1e-8)
    np.testing.assert_allclose(np.average(z**2, axis=0, weights=weight), [1, 1, 1, 0], atol=1e-7)
    w, b = rng.normal(size=(4, 3)), rng.normal(size=3)
    coef, intercept = scaling.fold(w, b, np.float64)
    np.testing.assert_allclose(X @ coef.T + intercept, z @ w + b, atol=1e-7)
    assert (coef[:, 3] == 0).all()
    again_w, again_b = scaling.unfold(coef, intercept)
    np.testing.assert_allclose(again_w[:3], w[:3])
    np.testing.assert_allclose(again_b, b, atol=1e-7)


@pytest.mark.parametrize(("mean", "dtype"), [(10.0, np.float32), (1e5, np.float64)])
def test_float32_stays_where_it_is_precise_enough(mean, dtype):
    X, y = load_iris(return_X_y=True)
    X = ((X - X.mean(axis=0)) / X.std(axis=0) + mean).astype(np.float32)
    fitted = SoftmaxRegression(l2=1e-3).fit(X, y)
    exact = SoftmaxRegression(l2=1e-3).fit(X.astype(np.float64), y)
    assert fitted.coef_.dtype == fitted.predict_proba(X).dtype == dtype
    np.testing.assert_allclose(fitted.predict_proba(X), exact.predict_proba(X.astype(np.float64)), atol=2e-4)


def test_standardising_survives_the_largest_numbers():
    X = np.array([[1e300, 1.0], [-1e300, 2.0], [5e299, 4.0]])
    z = Standardisation.of(X, np.ones(3)).apply(X)
    assert np.isfinite(z).all()
    np.testing.assert_allclose((z**2).mean(axis=0), 1)


def test_two_rows_that_stand_there_often_are_not_judged_by_each_other():
    """The mutant holds equal rows out together: whoever is left says nothing of them, and the penalty is a lottery."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 2, (20000, 1)).astype(float)
    y = (rng.random(20000) < np.where(X[:, 0], 0.6, 0.2)).astype(int)
    for seed in range(4):
        p = SoftmaxRegression(random_state=seed).fit(X, y).predict_proba([[0.0], [1.0]])[:, 1]
        np.testing.assert_allclose(p, [0.2, 0.6], atol=0.03)


@pytest.mark.parametrize("n", [50, 300, 12000])
@pytest.mark.filterwarnings("ignore::scratchnoise.models.conventions.ConvergenceWarning")
def test_a_class_of_one_sample_can_be_learnt_from(n):
    """Folds without it learnt a T in which it never occurs, and the last fit began there, at an infinite loss."""
    rng = np.random.default_rng(1)
    y = np.append(np.arange(n) % 2, 2)
    X = rng.normal(size=(n + 1, 3)) + 2 * np.eye(3)[y]
    for seed in range(3):
        model = RobustSoftmaxRegression(random_state=seed).fit(X, y)
        assert np.isfinite(model.predict_proba(X)).all() and model.score(X, y) > 0.8


def test_three_rows_and_three_labels():
    X, y = np.repeat(np.eye(3), 20, axis=0), np.repeat([0, 1, 2], 20)
    assert RobustSoftmaxRegression(random_state=0).fit(X, y).score(X, y) == 1


@pytest.mark.parametrize("model", [SoftmaxRegression, RobustSoftmaxRegression, KernelFisherEM, NeuralNetwork])
def test_float32_keeps_what_it_can_tell_apart(model):
    """1e6 and 1e6 + 1 are exact in float32; a column was constant where it varied by ten roundings of its mean."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 400)
    for start, unit in ((1e6, 1), (1.7e9, 1024)):  # and seconds since 1970
        X = np.c_[start + unit * y, rng.normal(size=400)].astype(np.float32)
        assert model(random_state=0).fit(X, y).score(X, y) == 1


def test_a_deviation_in_float32_is_rounding_only_where_nothing_varies():
    X = np.c_[1.7e9 + 1024 * (np.arange(400) % 2), np.full(400, 0.1)].astype(np.float32)
    np.testing.assert_allclose(moments(X, np.ones(400, np.float32))[1], [512, 1])
