"""Estimators of T: exact where theory says so, within a stated error on Gaussians, and honest folds."""

import json
import warnings
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from scratchnoise import estimate, simplex
from scratchnoise.estimate.hoc import expected_shares, fit_consensus, share_derivatives, shares, two_nearest
from scratchnoise.estimate.quality import bootstrap_errors, judge, shrunk, trust
from scratchnoise.label_errors import find_label_errors
from scratchnoise.models import FlipCorrected, SoftmaxRegression
from scratchnoise.noise import corrupt
from scratchnoise.transition import TransitionMatrix

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
NOT_ROW_DOMINANT = np.array([[0.50, 0.10, 0.55], [0.30, 0.60, 0.0], [0.20, 0.30, 0.45]])


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def posteriors_with_anchors(rng, A, N=200):
    """Exact noisy posteriors of random samples and of one anchor per class, the last three rows."""
    return np.concatenate([rng.dirichlet(np.ones(3), N), np.eye(3)]) @ A.T


# --- anchors ----------------------------------------------------------------------------------------------


def test_exact_posteriors_give_t_exactly(rng):
    found = estimate.anchor_argmax(posteriors_with_anchors(rng, T))
    np.testing.assert_allclose(found, T, atol=1e-15)
    assert found.diagnostics["anchors"].tolist() == [200, 201, 202]


def test_without_row_dominance_the_anchor_of_class_0_is_that_of_class_2(rng):
    found = estimate.anchor_argmax(posteriors_with_anchors(rng, NOT_ROW_DOMINANT)).array
    np.testing.assert_allclose(found[:, 0], NOT_ROW_DOMINANT[:, 2], atol=1e-15)


def test_a_quantile_takes_the_sample_of_that_rank():
    q = np.stack([np.linspace(0, 1, 11), 1 - np.linspace(0, 1, 11)], axis=1)
    found = estimate.anchor_quantile(q, 0.9)  # the tenth of eleven in either column
    np.testing.assert_allclose(found, [[0.9, 0.1], [0.1, 0.9]])
    assert found.diagnostics["anchors"].tolist() == [9, 1]
    assert estimate.anchor_quantile(q, 1) == estimate.anchor_argmax(q)


def test_top_k_is_a_mean():
    q = np.array([[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.1, 0.9]])
    found = estimate.anchor_top_k(q, 2)
    np.testing.assert_allclose(found, [[0.85, 0.25], [0.15, 0.75]])
    assert found.diagnostics["anchors"].T.tolist() == [[0, 1], [3, 2]]


def test_the_largest_of_many_estimates_is_a_winner(rng):
    q = np.repeat(T.T, 1000, axis=0) * np.exp(rng.normal(scale=0.2, size=(3000, 3)))  # all anchors, badly estimated
    q /= q.sum(axis=1, keepdims=True)
    anchors = list(estimate.ESTIMATORS.items())[:3]
    bias = {name: np.diag(f(q, None, None)).mean() - np.diag(T).mean() for name, f in anchors}
    assert bias["argmax"] > bias["top_k"] > bias["quantile"] > 0


def test_what_is_left_out_is_what_the_docstrings_say(rng):
    q = rng.dirichlet(np.ones(3), 300)
    assert estimate.anchor_quantile(q) == estimate.anchor_quantile(q, 0.97)
    assert estimate.anchor_top_k(q) == estimate.anchor_top_k(q, 100) == estimate.ESTIMATORS["top_k"](q, None, None)
    assert estimate.ESTIMATORS["top_k"](q[:50], None, None) == estimate.anchor_top_k(q[:50], 50)


# --- selective classification -----------------------------------------------------------------------------


@pytest.mark.parametrize(("N", "least"), [(200, 1), (201, 2), (400, 2), (402, 3)])
def test_a_threshold_accepts_at_least_a_two_hundredth(N, least):
    """The best sample alone has label 0: any larger set is less pure, so the smallest possible one is taken."""
    score = np.linspace(0.9, 0.1, N)
    found = estimate.selective_threshold(np.stack([score, 1 - score], axis=1), np.minimum(np.arange(N), 1))
    assert found.diagnostics["accepted"][0] == least and found.array[0, 0] == pytest.approx(1 / least)
    assert found.diagnostics["thresholds"][0] == score[least - 1]


# --- confident joint --------------------------------------------------------------------------------------


def test_the_confident_joint_by_hand():
    q = np.array([[0.9, 0.1], [0.7, 0.3], [0.6, 0.4], [0.2, 0.8], [0.3, 0.7], [0.1, 0.9]])
    y_noisy = np.array([0, 0, 1, 1, 1, 0])
    found = estimate.confident_joint(q, y_noisy)
    np.testing.assert_allclose(found.diagnostics["thresholds"], [1.7 / 3, 1.9 / 3])
    assert found.diagnostics["counts"].tolist() == [[2, 1], [1, 2]]  # rows are labels
    assert found.diagnostics["confident_share"] == 1
    np.testing.assert_allclose(found, [[2 / 3, 1 / 3], [1 / 3, 2 / 3]])


def test_of_several_confident_classes_the_most_probable_counts():
    q = np.array([[0.4, 0.4, 0.2], [0.45, 0.35, 0.2], [0.2, 0.3, 0.5]])
    found = estimate.confident_joint(q, np.array([0, 1, 2]))  # thresholds 0.4, 0.35, 0.5: sample 1 passes two
    assert found.diagnostics["counts"].tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 1]]
    assert found.diagnostics["without_confident_sample"].tolist() == [1]
    np.testing.assert_allclose(found.array[:, 1], q[0])  # class 1 falls back on its anchor


def test_equal_posteriors_pass_their_own_mean():
    assert np.full(3, 0.8).mean() > 0.8  # in float64
    q = np.repeat([[0.8, 0.2], [0.2, 0.8]], 3, axis=0)
    np.testing.assert_array_equal(estimate.confident_joint(q, np.repeat([0, 1], 3)), np.eye(2))


def test_the_joint_is_scaled_to_the_label_counts():
    q = np.array([[0.9, 0.1]] * 4 + [[0.5, 0.5]] * 2 + [[0.1, 0.9]] * 2)
    found = estimate.confident_joint(q, np.array([0, 0, 0, 1, 0, 0, 1, 1]))
    np.testing.assert_allclose(found.diagnostics["joint"].sum(axis=1), [5, 3])
    assert found.diagnostics["confident_share"] == 0.75


# --- from data --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "error"), [("argmax", 0.25), ("quantile", 0.12), ("top_k", 0.16), ("confident_joint", 0.04)]
)
def test_t_is_found_from_noisy_gaussians(method, error, rng):
    """Mean total variation of the columns; the useless constant 1/3 has 0.37, the transpose of T 0.10."""
    y = rng.integers(3, size=6000)
    X = rng.normal(size=(6000, 2)) + 4 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    labels = np.array(["b", "c", "a"])[corrupt(y, T, rng)]
    found = estimate.estimate_transition(LogisticRegression(), X, labels, method, random_state=0)
    assert found.diagnostics["classes"].tolist() == ["a", "b", "c"]
    order = [2, 0, 1]  # a, b, c are the classes 2, 0, 1
    assert abs(found.array - T[np.ix_(order, order)]).sum(axis=0).mean() / 2 < error


class Memory:
    """Remembers what it was trained on and says so: the first column is 1 for samples it has seen."""

    def get_params(self, deep=True):
        return {}

    def fit(self, X, y):
        self.seen = set(X[:, 0])
        return self

    def predict_proba(self, X):
        seen = np.array([x in self.seen for x in X[:, 0]], float)
        return np.stack([seen, 1 - seen], axis=1)


class Counted(LogisticRegression):
    """Counts how often its copies are fitted."""

    fits = 0

    def fit(self, X, y):
        Counted.fits += 1
        return super().fit(X, y)


@pytest.mark.filterwarnings("ignore::scratchnoise.estimate.UntrustworthyTransitionWarning")
@pytest.mark.parametrize(
    "function",
    [
        *(estimate.out_of_fold_posteriors, estimate.estimate_transition),
        *(estimate.trusted_transition, estimate.estimates_side_by_side),
    ],
)
def test_five_folds_where_nobody_chooses(function, rng, monkeypatch):
    monkeypatch.setattr(Counted, "fits", 0)
    function(Counted(), *gaussians(rng, 5, 60), random_state=0)
    assert Counted.fits == 5


def test_out_of_fold_is_out_of_fold():
    q = estimate.out_of_fold_posteriors(Memory(), np.arange(30)[:, None], np.arange(30) % 2)
    np.testing.assert_array_equal(q, np.tile([0, 1], (30, 1)))


def test_folds_are_stratified_and_random(rng):
    y = np.repeat([0, 1, 2], [17, 10, 5])
    fold = estimate.stratified_folds(y, 5, rng)
    counts = np.array([np.bincount(fold[y == j], minlength=5) for j in range(3)])
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all() and counts.min() >= 1
    assert (fold != estimate.stratified_folds(y, 5, rng)).any()


def test_the_smallest_class_has_a_sample_in_every_fold_at_most(rng):
    y = np.array([0, 0, 0, 1, 1])
    fold = estimate.stratified_folds(y, 2, rng)
    assert sorted(fold[y == 1]) == [0, 1] and set(fold[y == 0]) == {0, 1}
    for folds in (1, 3):
        with pytest.raises(ValueError, match=f"folds={folds}; it should be between 2 and the size of .*, 2"):
            estimate.stratified_folds(y, folds, rng)
    assert estimate.out_of_fold_posteriors(LogisticRegression(), rng.normal(size=(5, 2)), y, folds=9).shape == (5, 2)


def test_the_seed_decides(rng):
    X, y = rng.normal(size=(90, 2)), np.arange(90) % 3
    model = SoftmaxRegression(max_iter=3, backend="numpy")
    first, again, other = (estimate.out_of_fold_posteriors(model, X, y, random_state=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_small_class_makes_fewer_folds_and_a_single_sample_none(rng):
    X = rng.normal(size=(23, 2))
    for names in ("ab", "ba"):  # the small class comes last, and first
        y = np.repeat([*names], [20, 3])
        assert estimate.out_of_fold_posteriors(LogisticRegression(), X, y).shape == (23, 2)
    y = np.repeat(["a", "b"], [20, 3])
    with pytest.raises(ValueError, match="y holds the label 'b' once only"):
        estimate.out_of_fold_posteriors(LogisticRegression(), X[:21], y[:21])


# --- clones -----------------------------------------------------------------------------------------------


def test_a_clone_shares_nothing_and_is_seeded():
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=7))
    copy = estimate.clone(FlipCorrected(pipeline, T=T), random_state=5)
    assert copy.random_state == 5 and copy.get_params()["estimator__logisticregression__random_state"] == 5
    assert copy.estimator[-1].C == 7 and copy.estimator[-1] is not pipeline[-1]
    assert pipeline[-1].random_state is None
    assert estimate.clone(SoftmaxRegression(random_state=3), random_state=5).random_state == 3


@pytest.mark.parametrize("estimator", [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression())])
def test_a_generator_is_a_seed_for_any_estimator(estimator, rng):
    """scikit-learn takes no Generator."""
    X, y = rng.normal(size=(90, 2)), np.arange(90) % 3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for function in (estimate.estimate_transition, estimate.out_of_fold_posteriors, find_label_errors):
            function(estimator, X, y, random_state=np.random.default_rng(0))
    same, other = (estimate.clone(LogisticRegression(), np.random.default_rng(seed)).random_state for seed in (0, 1))
    assert same == estimate.clone(LogisticRegression(), np.random.default_rng(0)).random_state != other


def test_a_seed_is_all_that_a_clone_gets():
    class Plain:
        def __init__(self, alpha=None, random_state=None, weights=None):
            self.params = {"alpha": alpha, "random_state": random_state, "weights": weights}

        def get_params(self, deep=True):
            return self.params

        def set_params(self, **params):
            self.params = self.params | params
            return self

    assert estimate.clone(Plain(), 5).params == {"alpha": None, "random_state": 5, "weights": None}
    assert estimate.clone(Plain(1, 2, [3]), 5).params == {"alpha": 1, "random_state": 2, "weights": [3]}


def test_out_of_fold_leaves_the_estimator_alone(rng):
    pipeline = make_pipeline(StandardScaler(), LogisticRegression())
    estimate.out_of_fold_posteriors(pipeline, rng.normal(size=(30, 2)), np.arange(30) % 2)
    assert not hasattr(pipeline[-1], "coef_")


# --- what they refuse -------------------------------------------------------------------------------------

Q = np.full((4, 2), 0.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: estimate.anchor_quantile(Q, 0), "quantile=0 should be above 0 and at most 1"),
        (lambda: estimate.anchor_top_k(Q, 5), "k=5 should be between 1 and the number of samples, 4"),
        (lambda: estimate.anchor_argmax(Q[0]), r"q has shape \(2,\); it should be posteriors \(N, C\)"),
        (lambda: estimate.anchor_argmax(Q[:0]), r"q has shape \(0, 2\)"),
        (lambda: estimate.anchor_argmax(Q * np.nan), "rows that are not probabilities"),
        (lambda: estimate.anchor_argmax(Q * 2), "rows that are not probabilities; they should be >= 0 and sum to 1"),
        (lambda: estimate.confident_joint(Q, [0, 1, 1]), "q has 4 rows and y_noisy 3 labels"),
        (lambda: estimate.confident_joint(Q, [0, 0, 0, 0]), "y_noisy never is 1; an estimate of T needs every class"),
        (lambda: estimate.confident_joint(Q, [0, 1, 2, 0]), r"y_noisy has labels 0\.\.2; they should be 0\.\.1"),
        (lambda: estimate.estimate_transition(None, Q, [0, 1], "anchr"), "method='anchr' is unknown;.*Known: argmax"),
        (lambda: estimate.estimate_transition(None, Q, [0, 1]), "X has 4 samples and y 2 labels"),
        (lambda: estimate.estimate_transition(None, Q[:0], []), "X has 0 samples and y 0 labels"),
        (lambda: estimate.estimate_transition(None, Q, [[0], [1], [0], [1]]), r"y has shape \(4, 1\)"),
        (lambda: estimate.stratified_folds(np.array([0, 0, 1, 1]), 3, None), "folds=3; it should be between 2 and the"),
        (lambda: estimate.stratified_folds(np.array([0, 0, 2, 2]), 3, None), "the size of the smallest class, 2$"),
        (lambda: estimate.out_of_fold_posteriors(None, Q, [0, 1, 0, 1], folds=1), "folds=1; it should be between 2"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- HOC and the balanced joint -----------------------------------------------------------------------------------


PRIOR = np.array([0.5, 0.3, 0.2])


def test_the_expected_shares_are_sums_over_the_true_class():
    found = expected_shares(T, PRIOR)
    triples = np.einsum("a,ia,ja,la->ijl", PRIOR, T, T, T)
    np.testing.assert_allclose(found[12:].reshape(3, 3, 3), triples, atol=1e-15)
    np.testing.assert_allclose(found[3:12].reshape(3, 3), triples.sum(axis=2), atol=1e-15)
    np.testing.assert_allclose(found[:3], triples.sum(axis=(1, 2)), atol=1e-15)


def test_exact_shares_give_t_and_the_prior():
    found, prior, residual = fit_consensus(expected_shares(T, PRIOR), 3)
    np.testing.assert_allclose(found, T, atol=1e-4)
    np.testing.assert_allclose(prior, PRIOR, atol=1e-4)
    assert residual < 1e-6


@pytest.mark.parametrize("kind", ["all of one class", "noise alone", "one sample of each"])
def test_shares_that_leave_the_curvature_singular_still_give_a_transition_matrix(kind, rng):
    labels = {
        "all of one class": np.zeros((200, 3), int),
        "noise alone": rng.integers(3, size=(3000, 3)),
        "one sample of each": np.repeat(np.arange(3)[:, None], 3, axis=1),
    }[kind]
    with np.errstate(all="raise", under="ignore"):
        found, prior, _ = fit_consensus(shares(labels[:, 0], labels[:, 1:], 3), 3)
    np.testing.assert_allclose([*found.sum(axis=0), prior.sum()], 1)


def test_the_fit_ends_where_nothing_is_gained_or_after_sixty_steps(rng, monkeypatch):
    module, steps = import_module("scratchnoise.estimate.hoc"), []
    monkeypatch.setattr(module, "share_derivatives", lambda *at: (steps.append(at), share_derivatives(*at))[1])
    fit_consensus(expected_shares(T, PRIOR) + 1e-3 * rng.normal(size=39), 3)
    assert 1 < len(steps) < 30
    steps.clear()
    monkeypatch.setattr(module, "expected_shares", lambda T, prior: rng.normal(size=39) + len(steps))  # ever worse
    fit_consensus(np.zeros(39), 3)
    assert len(steps) == 60


def test_the_fit_of_shares_begins_at_an_even_prior_and_half_of_the_labels_kept():
    start = 0.5 * np.eye(3) + 0.5 / 3
    found, prior, residual = fit_consensus(expected_shares(start, np.full(3, 1 / 3)), 3)
    np.testing.assert_allclose(found, start, rtol=1e-12)
    np.testing.assert_allclose(prior, 1 / 3, rtol=1e-12)
    assert residual < 1e-12


@pytest.mark.parametrize("far", [1e3, -1e3])
def test_a_step_of_the_fit_is_at_most_two_either_way(far, monkeypatch):
    module, seen, turn = import_module("scratchnoise.estimate.hoc"), [], np.resize([1, 0, 0.5], 12)
    softmax = module.softmax
    monkeypatch.setattr(module, "STEPS", 1)
    monkeypatch.setattr(module, "softmax", lambda z, axis: (seen.append(z), softmax(z, axis))[1])
    monkeypatch.setattr(np.linalg, "solve", lambda A, b: far * turn)
    fit_consensus(expected_shares(T, PRIOR), 3)
    np.testing.assert_allclose(seen[2] - seen[0], np.sign(far) * 2 * np.sign(turn[:9].reshape(3, 3)), rtol=1e-12)


def test_near_the_shares_the_fit_is_as_fast_as_newtons_method(monkeypatch):
    monkeypatch.setattr(import_module("scratchnoise.estimate.hoc"), "STEPS", 5)
    two = np.array([[0.7, 0.2], [0.3, 0.8]])
    assert fit_consensus(expected_shares(two, np.array([0.4, 0.6])), 2)[2] < 1e-11  # slower: 5e-11


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=0)


def test_the_derivatives_of_the_shares_are_finite_differences(rng):
    a, b, da, db = rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=(3, 3)), rng.normal(size=3)
    ahead, behind = (expected_shares(softmax(a + h * da), softmax(b + h * db)) for h in (1e-6, -1e-6))
    slopes = share_derivatives(softmax(a), softmax(b)) @ np.concatenate([da.ravel(), db])
    np.testing.assert_allclose(slopes, (ahead - behind) / 2e-6, atol=1e-9)


def test_the_two_nearest_are_others_and_features_count_alike():
    X = np.array([[0.0, 0], [1, 0], [2, 0], [0, 1000], [1, 1000], [2, 1000]])
    assert [sorted(row) for row in two_nearest(X)[[0, 4]].tolist()] == [[1, 3], [3, 5]]  # unscaled: 2, not 3


def test_the_nearest_comes_first_of_however_many_samples(rng):
    X = np.column_stack([rng.normal(size=(1100, 2)), np.ones(1100)])  # more than two blocks; a feature that is constant
    scaled = X[:, :2] / X[:, :2].std(axis=0)
    distance = ((scaled[:, None] - scaled) ** 2).sum(axis=-1) + np.diag(np.full(1100, np.inf))
    np.testing.assert_array_equal(two_nearest(X), np.argsort(distance, axis=1)[:, :2])
    np.testing.assert_array_equal(two_nearest(X[:200] + 1e6), two_nearest(X[:200]))  # squares lose no digits to a shift


@pytest.mark.parametrize("huge", [1e9, 1e12, 1e20, 1e200])
def test_one_huge_entry_leaves_the_others_their_neighbours(huge, rng):
    """Its column says nothing any more, for its deviation is that of the entry; the other columns say what they did."""
    X = rng.normal(size=(600, 3))
    X[0, 0] = huge
    distance = ((X[1:, None, 1:] / X[:, 1:].std(axis=0) - X[1:, 1:] / X[:, 1:].std(axis=0)) ** 2).sum(axis=-1)
    expected = np.argsort(distance + np.diag(np.full(599, np.inf)), axis=1)[:, :2] + 1
    assert (two_nearest(X)[1:] == expected).mean() > 0.99  # but for ties that the column still breaks
    assert not np.isin(two_nearest(X)[1:], 0).any()


def test_hidden_classes_are_named_by_what_they_mostly_become():
    module = import_module("scratchnoise.estimate.hoc")
    assert module._dominant_order(np.array([[0.1, 0.5, 0.0], [0.2, 0.1, 0.05], [0.0, 0.0, 0.05]])).tolist() == [1, 0, 2]
    assert module._dominant_order(np.array([[1.0, 0, 0], [0, 0, 0], [0, 0, 0]])).tolist() == [0, 1, 2]
    assert module._dominant_order(np.array([[0.3, 0.4], [0.2, 0.1]])).tolist() == [1, 0]


def test_softmax_down_columns_or_along_rows_of_large_numbers():
    z = np.array([[0.0, 1, 2], [2, 0, 1]])
    for axis in (0, 1):
        expected = np.exp(z) / np.exp(z).sum(axis=axis, keepdims=True)
        np.testing.assert_allclose(simplex.softmax(z + 1000, axis), expected)
        np.testing.assert_allclose(simplex.softmax(z - 1000, axis), expected)


def test_hoc_finds_t_where_neighbours_share_their_class(rng):
    y = rng.integers(3, size=3000)
    X = rng.normal(size=(3000, 2)) + 8 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    assert abs(estimate.hoc(X, corrupt(y, T, rng)).array - T).max() < 0.1


def hoc_with(near_of, order=lambda T: T):
    """HOC whose neighbours are found by another function, or whose columns are put in another order."""

    def method(X, y):
        labels = y[near_of(X)]
        C = int(y.max()) + 1
        found, _, _ = fit_consensus(shares(y, labels, C), C)
        return order(found)

    return method


def unscaled(X):
    distance = ((X[:, None] - X) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    return np.argpartition(distance, 1, axis=1)[:, :2]


def with_itself(X):
    return np.argsort(((X[:, None] - X) ** 2).sum(axis=-1), axis=1)[:, :2]


def next_rows(X):
    return np.stack([np.roll(np.arange(len(X)), -k) for k in (1, 2)], axis=1)


def is_near_t_whatever_the_units(method):
    """HOC of clear clusters is T to 0.15, with a feature of noise in large units, and the sample itself is no peer."""
    rng = np.random.default_rng(2)
    y = rng.integers(3, size=1200)
    X = rng.normal(size=(1200, 2)) + 9 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    X = np.column_stack([X, 1e6 * rng.normal(size=1200)])
    return abs(np.asarray(method(X, corrupt(y, T, rng))) - T).max() < 0.15


def test_hoc_finds_t_and_its_mutants_do_not():
    assert is_near_t_whatever_the_units(estimate.hoc)
    assert is_near_t_whatever_the_units(hoc_with(two_nearest))
    for wrong in (unscaled, with_itself, next_rows):
        assert not is_near_t_whatever_the_units(hoc_with(wrong)), wrong.__name__
    assert not is_near_t_whatever_the_units(hoc_with(two_nearest, np.transpose))


def test_hoc_follows_renamed_classes_and_reordered_samples(rng):
    X, y = gaussians(rng, 6, 900)
    renamed = np.array([2, 0, 1])
    found, order = estimate.hoc(X, y).array, rng.permutation(900)
    np.testing.assert_allclose(estimate.hoc(X, renamed[y]).array[np.ix_(renamed, renamed)], found, atol=0.02)
    np.testing.assert_allclose(estimate.hoc(X[order], y[order]), found, atol=0.02)


def test_of_many_samples_a_random_part_has_neighbours(rng, monkeypatch):
    module = import_module("scratchnoise.estimate.hoc")
    monkeypatch.setattr(module, "MOST_SAMPLES", 50)
    X, y = gaussians(rng, 5, 80)
    near = module.neighbour_labels(X, y)
    known = near[:, 0] >= 0
    assert known.sum() == 50 and (near[~known] == -1).all() and np.diff(np.flatnonzero(known)).max() > 1
    np.testing.assert_array_equal(near[known], y[known][two_nearest(X[known])])
    np.testing.assert_array_equal(estimate.hoc(X, y), module.consensus_transition(y[known], near[known], 3))


def test_of_ten_thousand_samples_all_have_neighbours(monkeypatch):
    module = import_module("scratchnoise.estimate.hoc")
    monkeypatch.setattr(module, "two_nearest", lambda X: np.zeros((len(X), 2), int))
    for N in (9_999, 10_000, 10_001):
        assert (module.neighbour_labels(np.zeros((N, 1)), np.zeros(N, int))[:, 0] == 0).sum() == min(N, 10_000)


def test_hoc_needs_three_samples_and_every_class(rng):
    X, y = rng.normal(size=(3, 2)), np.array([0, 1, 1])
    assert len(estimate.hoc(X, y)) == 2
    with pytest.raises(ValueError, match=r"X has shape \(2, 2\); it should be finite numbers \(N, ...\) with N >= 3"):
        estimate.hoc(X[:2], y[:2])
    with pytest.raises(ValueError, match="y_noisy never is 1; HOC needs every class"):
        estimate.hoc(X, np.zeros(3, int))
    with pytest.raises(ValueError, match=r"y_noisy has labels 0\.\.20; they should be 0\.\.19"):
        estimate.hoc(rng.normal(size=(21, 2)), np.arange(21))


def test_balance_frees_the_small_class(rng):
    q = np.array([[0.9, 0.1]] * 9 + [[0.8, 0.2]])
    y = np.array([0] * 9 + [1])
    assert estimate.balanced_joint(q, y).diagnostics["counts"].tolist() == [[9, 0], [0, 1]]


# --- quality ------------------------------------------------------------------------------------------------------


def gaussians(rng, apart, N=1500):
    y = rng.integers(3, size=N)
    return rng.normal(size=(N, 2)) + apart * np.array([[0, 0], [1, 0], [0, 1]])[y], corrupt(y, T, rng)


def test_clear_classes_are_trusted_without_a_warning(rng):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = estimate.estimate_transition(LogisticRegression(), *gaussians(rng, 5), random_state=0)
    quality = found.diagnostics
    assert quality["verdict"] == [] and quality["trust"] > 0.9 and quality["confident"]["share"].sum() == 1
    assert (abs(found.array - T) <= 3 * quality["standard_errors"]).all()


def test_classes_that_cannot_be_told_apart_are_named_and_t_becomes_the_identity(rng):
    X, y = rng.normal(size=(600, 2)), rng.integers(3, size=600)
    with pytest.warns(estimate.UntrustworthyTransitionWarning, match="cannot tell classes 0 and 1 apart"):
        used = estimate.trusted_transition(LogisticRegression(), X, y, random_state=0)
    np.testing.assert_array_equal(used, np.eye(3))


def joint_method(q, y, near):
    return estimate.confident_joint(q, y)


def test_standard_errors_shrink_with_the_root_of_the_samples(rng):
    q, y = rng.dirichlet(np.ones(3), 400) @ T.T, rng.integers(3, size=400)
    few = bootstrap_errors(joint_method, (q, y, None), rng)
    many = bootstrap_errors(joint_method, (np.repeat(q, 16, 0), np.repeat(y, 16), None), rng)
    assert 2.5 < few.mean() / many.mean() < 6


EASY = (np.repeat(np.array([[0.9, 0.1], [0.2, 0.8]]), 300, axis=0), np.repeat([0, 0, 1, 0, 1, 1], 100), None)


def without_replacement(method, evidence, rng, resamples=50):
    orders = [rng.permutation(len(evidence[0])) for _ in range(resamples)]
    return np.std([method(evidence[0][rows], evidence[1][rows], None) for rows in orders], axis=0, ddof=1)


def over_the_wrong_axis(method, evidence, rng, resamples=50):
    drawn = []
    for _ in range(resamples):
        rows = rng.integers(len(evidence[0]), size=len(evidence[0]))
        drawn.append(np.asarray(method(evidence[0][rows], evidence[1][rows], None)))
    return np.std(drawn, axis=1, ddof=1)


def is_the_binomial_error(errors):
    """Of a column that is a share of 300 labels, drawn within each label: about sqrt(T (1 - T) / 300)."""
    return errors.shape == (2, 2) and 0.4 < errors[0, 0] / np.sqrt(2 / 9 / 300) < 1.2


def share_of_the_second_half(q, y, near):
    counts = np.array([[((q[:, 0] > 0.5) == (k == 0))[y == i].sum() for k in range(2)] for i in range(2)], float)
    return counts / counts.sum(axis=0)


def test_the_bootstrap_draws_samples_with_replacement_and_its_mutants_do_not(rng):
    assert is_the_binomial_error(bootstrap_errors(share_of_the_second_half, EASY, rng))
    assert not is_the_binomial_error(without_replacement(share_of_the_second_half, EASY, rng))
    assert not is_the_binomial_error(over_the_wrong_axis(share_of_the_second_half, EASY, rng))


def test_the_bootstrap_keeps_the_parts_of_a_sample_together(rng):
    y = rng.integers(3, size=200)

    def parts(q, y, near):
        assert (q[:, 0] == y).all() and (near[:, 1] == y).all() and np.bincount(y).tolist() == number
        return np.eye(2)

    number = np.bincount(y).tolist()
    bootstrap_errors(parts, (np.stack([y, 1 - y], axis=1), y, np.stack([1 - y, y], axis=1)), rng, 3)


def test_the_errors_are_the_deviation_of_fifty_draws(rng):
    drawn = []

    def method(q, y, near):
        drawn.append(rng.normal(size=(2, 2)))
        return drawn[-1]

    errors = bootstrap_errors(method, EASY, rng)
    assert len(drawn) == 50
    np.testing.assert_allclose(errors, np.sqrt(((drawn - np.mean(drawn, axis=0)) ** 2).sum(axis=0) / 49))


def test_equal_columns_have_no_trust_and_sure_ones_nearly_all():
    assert trust(np.full((3, 3), 1 / 3), np.full((3, 3), 0.01)) == 0
    assert trust(np.full((3, 3), 1 / 3), np.zeros((3, 3))) == 0
    assert trust(T, np.zeros((3, 3))) == 1
    two_alike = np.array([[0.6, 0.5, 0.0], [0.4, 0.5, 0.0], [0.0, 0.0, 1.0]])  # the distance^2 of columns 0, 1 is 0.02
    errors = np.full((3, 3), 0.04)  # error^2 = 6 * 0.0016
    assert trust(two_alike, errors) == pytest.approx(1 - 0.0096 / 0.02)


def test_a_shrunk_t_lies_between_t_and_the_identity():
    used = shrunk(TransitionMatrix(T, {"trust": 0.75}))
    np.testing.assert_allclose(used, 0.75 * T + 0.25 * np.eye(3))


def judged(peers, number=200):
    q = np.repeat(np.eye(3) * 0.8 + 0.2 / 3, number, axis=0)
    q /= q.sum(axis=1, keepdims=True)
    evidence = q, np.repeat(np.arange(3), number), None
    return judge(TransitionMatrix(T), lambda *parts: T, peers, evidence, ["ant", "bee", "cat"], 0).diagnostics


def test_the_peers_spread_is_an_error_of_t():
    apart = np.array([[0.06, 0, 0], [-0.06, 0, 0], [0, 0, 0]])
    quality = judged({"first": T, "second": T + apart, "third": T - apart})
    np.testing.assert_allclose(quality["standard_errors"], abs(apart), atol=1e-15)  # sum of two squares / (3 - 1)
    assert quality["agreement"]["largest_difference"] == pytest.approx(0.12)


def test_the_verdict_names_the_classes_and_what_is_wrong():
    assert judged({"first": T, "second": T})["verdict"] == []
    far = T[:, [0, 2, 1]]
    verdict = judged({"first": T, "second": far}, number=5)["verdict"]
    assert "the data cannot tell classes bee and cat apart" in verdict
    assert "too few samples of class ant: 5" in verdict
    assert any(sentence.startswith("the estimators differ by up to 0.70") for sentence in verdict)


@pytest.mark.parametrize(("error", "doubted"), [(0.43, False), (0.45, True)])
def test_classes_are_doubted_where_errors_explain_half_of_the_distance(error, doubted):
    """distance^2 of bee and cat is 0.78; error^2 = 2 error^2, because one column alone is unsure."""
    apart = error * np.array([[0, 1, 0], [0, -1, 0], [0, 0, 0]])
    verdict = judged({"first": T, "second": T + apart, "third": T - apart})["verdict"]
    assert ("the data cannot tell classes bee and cat apart" in verdict) == doubted


@pytest.mark.parametrize(("number", "few"), [(9, True), (10, False)])
def test_fewer_than_ten_samples_of_a_class_are_few(number, few):
    verdict = judged({"first": T, "second": T}, number)["verdict"]
    assert (f"too few samples of class ant: {number}" in verdict) == few


# --- the combination ----------------------------------------------------------------------------------------------


def test_the_combined_estimate_is_the_mean_of_its_parts(rng):
    X, y = gaussians(rng, 5)
    q = estimate.out_of_fold_posteriors(LogisticRegression(), X, y, random_state=0)
    parts = [estimate.estimate_from_posteriors(q, y, name, X).array for name in ("confident_joint", "top_k", "hoc")]
    found = estimate.estimate_from_posteriors(q, y, X=X)
    np.testing.assert_allclose(found, sum(parts) / 3, atol=1e-12)
    np.testing.assert_allclose(parts[2], estimate.hoc(X, y), atol=1e-12)
    assert found.diagnostics["mean_of"] == ["confident_joint", "top_k", "hoc"]


def test_side_by_side_are_all_estimates_of_the_same_posteriors(rng):
    X, y = gaussians(rng, 5, 90)
    words = pd.DataFrame({"word": ["a", "b", "c"] * 30})
    found = estimate.estimates_side_by_side(LogisticRegression(), X, y, random_state=0)
    assert list(found) == [estimate.DEFAULT, *(name for name in estimate.ESTIMATORS if name != estimate.DEFAULT)]
    q = estimate.out_of_fold_posteriors(LogisticRegression(), X, y, random_state=0)
    for name, T in found.items():
        np.testing.assert_allclose(T, estimate.estimate_from_posteriors(q, y, name, X), atol=1e-4)  # volmin searches
    assert "verdict" in found[estimate.DEFAULT].diagnostics
    assert set(found) - set(estimate.estimates_side_by_side(Guessing(), words, y)) == {"hoc"}


class Guessing(Memory):
    """Posteriors that have nothing to do with the samples."""

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.random.default_rng(len(X)).dirichlet(np.ones(3), len(X))


def test_without_numbers_hoc_is_left_out_and_its_name_refused(rng):
    from scipy.sparse import csr_matrix

    X, y = gaussians(rng, 5, 300)
    for table in (csr_matrix(X), pd.DataFrame({"word": ["a", "b", "c"] * 100}), None):
        q = estimate.out_of_fold_posteriors(LogisticRegression(), X, y, random_state=0)
        found = estimate.estimate_from_posteriors(q, y, X=table)
        assert found.diagnostics["mean_of"] == ["confident_joint", "top_k"]
        with pytest.raises(ValueError, match="method='hoc' needs an array X of finite numbers"):
            estimate.estimate_from_posteriors(q, y, "hoc", table)
    for other in (X[1:], np.concatenate([X, X])):
        with pytest.raises(ValueError, match=f"X has {len(other)} samples and y_noisy {len(y)} labels"):
            estimate.estimate_from_posteriors(q, y, X=other)
    frame = estimate.estimate_from_posteriors(q, y, "hoc", pd.DataFrame(X))
    np.testing.assert_array_equal(frame, estimate.hoc(X, y))


@pytest.mark.parametrize(("N", "C", "there"), [(2, 2, False), (3, 2, True), (20, 20, True), (21, 21, False)])
def test_hoc_is_left_out_of_fewer_than_three_samples_and_more_than_twenty_classes(N, C, there, rng, monkeypatch):
    module = import_module("scratchnoise.estimate.methods")
    monkeypatch.setattr(module, "consensus_transition", lambda y, near, n_classes: TransitionMatrix(np.eye(n_classes)))
    q, y, X = rng.dirichlet(np.ones(C), N), np.arange(N) % C, rng.normal(size=(N, 2))
    assert ("hoc" in estimate.estimate_from_posteriors(q, y, X=X).diagnostics["mean_of"]) == there
    assert "hoc" not in estimate.estimate_from_posteriors(q, y, X=X[:, 0]).diagnostics["mean_of"]  # no features
    if not there:
        with pytest.raises(
            ValueError, match="method='hoc' needs an array X of finite numbers, 3 samples and at most 20"
        ):
            estimate.estimate_from_posteriors(q, y, "hoc", X)


# --- the recorded comparison --------------------------------------------------------------------------------------


def recorded():
    path = Path(__file__).parents[1] / "tutorials" / "results" / "estimates.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


SETTINGS = {
    "hoc": {"MOST_CLASSES": 20, "MOST_SAMPLES": 10_000, "STEPS": 60, "LEAST_DAMPING": 1e-8}
    | {"START": 1e-3, "RAISED": 4, "LOWERED": 3},
    "linear": {"LEAST": 1e-4},
    "quality": {"RESAMPLES": 50, "FEW_SAMPLES": 10, "WARN_BELOW": 0.5, "AGREED": 0.3},
    "revision": {"RIDGE": 1e-3, "ROUNDS": 60, "INNER": 3, "PATIENCE": 8, "STEP": 0.1, "LEAST_RATE": 1e-3}
    | {"HELD_OUT": 5},
    "selective": {"LEAST_SHARE": 1 / 200},
    "volmin": {"RIDGE": 1e-3, "START": 0.7, "STEPS": 300},
}


@pytest.mark.parametrize("module", SETTINGS)
def test_the_recorded_comparison_was_run_with_these_settings(module):
    """Others ask for another comparison: `python -m scratchnoise.study.estimates`."""
    settings = vars(import_module(f"scratchnoise.estimate.{module}"))
    assert {name: settings[name] for name in SETTINGS[module]} == SETTINGS[module]


def test_volmin_has_the_smallest_recorded_error_and_the_default_the_next():
    rows = recorded()
    found = {name: [r["error"] for r in rows if r["method"] == name] for name in {r["method"] for r in rows}}
    assert {*estimate.ESTIMATORS, "cleanlab", "identity"} == set(found) and len({*map(len, found.values())}) == 1
    ranked = sorted(found, key=lambda name: np.mean(found[name]))
    assert ranked[:2] == ["volmin", estimate.DEFAULT]
    assert np.mean(found["volmin"]) < 0.6 * np.mean(found[estimate.DEFAULT])


def test_two_recorded_standard_errors_cover_the_truth():
    coverage = [row["coverage"] for row in recorded() if row["method"] == estimate.DEFAULT]
    assert 0.85 < np.mean(coverage) < 0.99


@pytest.mark.parametrize("name", ["selective_threshold", "dual", "volmin", "t_revision", "confident_joint"])
def test_an_estimate_needs_every_class(name, rng):
    with pytest.raises(ValueError, match="y_noisy never is 2; an estimate of T needs every class"):
        getattr(estimate, name)(rng.dirichlet(np.ones(3), 30), np.arange(30) % 2)


def test_a_t_with_other_labels_is_no_start_of_a_revision():
    rng = np.random.default_rng(0)
    q, y = rng.dirichlet(np.ones(2), 40), np.arange(40) % 2
    T = np.array([[0.9, 0.3], [0.1, 0.7]])
    with pytest.raises(ValueError, match="T"):
        estimate.t_revision(q, y, TransitionMatrix(T, classes=["a", "b"]))
    swapped = estimate.t_revision(q, y, TransitionMatrix(T[::-1, ::-1], classes=[1, 0]))
    np.testing.assert_array_equal(swapped, estimate.t_revision(q, y, T))
