"""LogitBoost and SmoothBoost against their definitions, step by step; and the wrong variants that these reject."""

import numpy as np
import pytest
from members import Remembering, numbered
from sklearn.datasets import load_breast_cancer, load_digits

from scratchnoise.models import DecisionTree, LogitBoost, SmoothBoost
from scratchnoise.models.conventions import ConvergenceWarning
from scratchnoise.models.ensembles import smoothboost
from scratchnoise.models.ensembles.tree import values_at

# --- LogitBoost ---------------------------------------------------------------------------------------------


def stump(X, z, w):
    """The least-squares stump of z with weights w, by trying every split of every feature: fitted values (N,)."""
    found = np.inf, None
    for d in range(X.shape[1]):
        for below in np.unique(X[:, d])[:-1]:
            left = X[:, d] <= below
            fitted = np.where(left, np.average(z[left], weights=w[left]), np.average(z[~left], weights=w[~left]))
            error = (w * (z - fitted) ** 2).sum()
            if error < found[0] - 1e-9:
                found = error, fitted
    return found[1]


def algorithm_6(X, y, weight, rounds, rate):
    """F (N, C) of Friedman, Hastie and Tibshirani 2000, algorithm 6, with their bound of 4 and a learning rate."""
    J = y.max() + 1
    F = np.zeros((len(y), J))
    for _ in range(rounds):
        f = np.empty_like(F)
        for j in range(J):
            p = np.exp(F[:, j]) / np.exp(F).sum(axis=1)
            z = np.clip(((y == j) - p) / (p * (1 - p)), -4, 4)
            f[:, j] = stump(X, z, weight * p * (1 - p))
        for j in range(J):
            F[:, j] += rate * (J - 1) / J * (f[:, j] - sum(f[:, k] for k in range(J)) / J)
    return F


def logitboost_is_algorithm_6(make):
    rng = np.random.default_rng(7)
    X, weight = rng.normal(size=(60, 2)), rng.uniform(0.5, 2, 60)
    y = (X[:, 0] > 0.2).astype(int) + (X[:, 0] + X[:, 1] > 1)
    y[::7] = (y[::7] + 1) % 3
    for rounds, rate in ((1, 1.0), (4, 0.5)):
        model = make(rounds, learning_rate=rate, random_state=0).fit(X, y, weight)
        expected = algorithm_6(X, y, weight, rounds, rate)
        np.testing.assert_allclose(model._logits(X), expected, atol=1e-6)
        p = np.exp(expected) / np.exp(expected).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(model.predict_proba(X), p, atol=1e-6)


class WithoutFactorOrCentring(LogitBoost):
    """F_c grows by f_c alone."""

    def _step(self, trees, X):
        return np.column_stack([values_at(tree, X) for tree in trees])


class WithoutCentring(WithoutFactorOrCentring):
    """P is the same: softmax does not see what all classes share. F is not."""

    def _step(self, trees, X):
        return 2 / 3 * super()._step(trees, X)


class WithoutFactor(WithoutFactorOrCentring):
    def _step(self, trees, X):
        f = super()._step(trees, X)
        return f - f.mean(axis=1, keepdims=True)


class FactorUpsideDown(WithoutFactor):
    """C / (C - 1)."""

    def _step(self, trees, X):
        return 3 / 2 * super()._step(trees, X)


class RateTwice(LogitBoost):
    """The learning rate in the step and in the sum."""

    def _step(self, trees, X):
        return self.learning_rate * super()._step(trees, X)


class WeightsIgnored(LogitBoost):
    def _tree(self, features, response, weight, rng):
        return super()._tree(features, response, np.ones_like(weight), rng)


class GradientForNewtonStep(LogitBoost):
    """Trees that fit the gradient, as gradient boosting has them."""

    def _tree(self, features, response, weight, rng):
        return super()._tree(features, response * weight, np.ones_like(weight), rng)


# --- SmoothBoost --------------------------------------------------------------------------------------------


def measures_of_servedio(right, kappa, gamma):
    """The weights of each round by Servedio 2003, figure 1, sample by sample. right (T, N) bool -> list of (N,)."""
    theta, N = gamma / (2 + gamma), right.shape[1]
    M, sums, rounds = [1.0] * N, [0.0] * N, []
    for row in right:
        if sum(M) / N < kappa:
            break
        rounds.append(np.array(M) / sum(M))
        for n in range(N):
            sums[n] += (1 if row[n] else -1) - theta
            M[n] = 1.0 if sums[n] < 0 else (1 - gamma) ** (sums[n] / 2)
    return rounds


def weights_are_servedios(step):
    """Each member gets the weights of the definition, and none is above 1 / (kappa N)."""
    Remembering.made.clear()
    X, y = numbered(60)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smoothboost, "smoothed", step)
        model = SmoothBoost(Remembering(), kappa=0.3, gamma=0.4, n_estimators=40, random_state=0).fit(X, y)
    members = model.estimators_
    right = np.stack([member.predict_proba(X).argmax(axis=1) == y for member in members])
    expected = measures_of_servedio(np.vstack([right, right]), 0.3, 0.4)
    assert 2 < len(members) == len(expected) < 40
    for member, weight in zip(members, expected, strict=True):
        np.testing.assert_allclose(member.weight / member.weight.sum(), weight)
        assert weight.max() <= 1 / (0.3 * 60) + 1e-12
    edges = [weight @ np.where(row, 0.5, -0.5) for weight, row in zip(expected, right, strict=True)]
    np.testing.assert_allclose(model.edges_, edges)


SMOOTHED = smoothboost.smoothed


def without_theta(S, right, gamma):
    S = S + np.where(right, 1, -1)
    return S, np.where(S < 0, 1, (1 - gamma) ** (np.maximum(S, 0) / 2))


def without_the_half(S, right, gamma):
    S, measure = SMOOTHED(S, right, gamma)
    return S, measure**2


def without_the_cap(S, right, gamma):
    """As AdaBoost: a sample that is got wrong weighs more and more."""
    S, _ = SMOOTHED(S, right, gamma)
    return S, (1 - gamma) ** (S / 2)


def wrong_ones_lose(S, right, gamma):
    return SMOOTHED(S, ~right, gamma)


def theta_of_gamma(S, right, gamma):
    S = S + np.where(right, 1, -1) - gamma
    return S, np.where(S < 0, 1, (1 - gamma) ** (np.maximum(S, 0) / 2))


def test_a_share_kappa_alone_lacks_the_margin():
    """Servedio 2003, lemma: where the mean measure fell below kappa, fewer than kappa N margins are below theta."""
    X, y = load_breast_cancer(return_X_y=True)
    kappa, gamma = 0.1, 0.3
    model = SmoothBoost(DecisionTree(max_depth=3), kappa, gamma, n_estimators=400, random_state=0).fit(X, y)
    T = len(model.estimators_)
    assert min(model.edges_) >= gamma and T < 2 / (kappa * gamma**2 * np.sqrt(1 - gamma)) < 400
    margin = 2 * model.predict_proba(X)[np.arange(len(y)), y] - 1
    assert (margin < gamma / (2 + gamma)).mean() < kappa


def test_members_below_the_edge_are_told():
    """Depth 3 is right on less than half of ten classes; a deeper tree is not, and two classes are no trouble."""
    X, y = load_digits(return_X_y=True)
    with pytest.warns(ConvergenceWarning, match="mean edge of .*, below gamma=0.1.*deeper tree"):
        weak = SmoothBoost(n_estimators=5, random_state=0).fit(X, y)
    assert np.mean(weak.edges_) < 0.1
    strong = SmoothBoost(DecisionTree(max_depth=8), n_estimators=5, random_state=0)
    for model, labels in ((strong, y), (SmoothBoost(n_estimators=5, random_state=0), (y > 4).astype(int))):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(smoothboost, "warn_caller", lambda *told: pytest.fail(f"warned: {told}"))
            model.fit(X, labels)


# --- who rejects whom ---------------------------------------------------------------------------------------

DEFINITIONS = {
    logitboost_is_algorithm_6: (
        LogitBoost,
        [
            WithoutFactorOrCentring,
            WithoutCentring,
            WithoutFactor,
            FactorUpsideDown,
            RateTwice,
            WeightsIgnored,
            GradientForNewtonStep,
        ],
    ),
    weights_are_servedios: (
        SMOOTHED,
        [without_theta, without_the_half, without_the_cap, wrong_ones_lose, theta_of_gamma],
    ),
}


@pytest.mark.filterwarnings("ignore::scratchnoise.models.conventions.ConvergenceWarning")
@pytest.mark.parametrize("holds", DEFINITIONS)
def test_the_definition_holds(holds):
    holds(DEFINITIONS[holds][0])


@pytest.mark.filterwarnings("ignore::scratchnoise.models.conventions.ConvergenceWarning")
@pytest.mark.parametrize(("holds", "wrong"), [(holds, w) for holds, (_, ws) in DEFINITIONS.items() for w in ws])
def test_a_wrong_variant_is_rejected(holds, wrong):
    with pytest.raises(AssertionError):
        holds(wrong)
