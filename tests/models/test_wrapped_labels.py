"""A wrapped estimator gets the labels as they are, so that weights and lists of classes name what they seem to name."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from scratchnoise.estimate import estimate_transition
from scratchnoise.label_errors import find_label_errors
from scratchnoise.models import (
    AdaBoost,
    Bagging,
    DecisionTree,
    FlipCorrected,
    RobustSoftmaxRegression,
    SmoothBoost,
    SoftmaxRegression,
    load,
    noisy_scorer,
)
from scratchnoise.noise import corrupt

T = np.array([[0.9, 0.2], [0.1, 0.8]])
ENSEMBLES = (Bagging, AdaBoost, SmoothBoost)
WRAPPERS = [lambda estimator: FlipCorrected(estimator, T=[[0.9, 0.1], [0.1, 0.9]])]
WRAPPERS += [lambda estimator, kind=kind: kind(estimator, n_estimators=5, random_state=0) for kind in ENSEMBLES]
quiet = pytest.mark.filterwarnings("ignore::scratchnoise.models.conventions.ConvergenceWarning")


@pytest.fixture
def ones_and_twos():
    """X (300, 2), labels 1 and 2 that overlap."""
    rng = np.random.default_rng(0)
    y = rng.integers(1, 3, 300)
    return rng.normal(size=(300, 2)) + 0.8 * np.eye(3, 2)[y - 1], y


@quiet
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("base", [LogisticRegression, SoftmaxRegression, lambda **w: DecisionTree(max_depth=1, **w)])
def test_a_weight_of_a_class_is_for_the_class_of_that_name(wrapper, base, ones_and_twos):
    """The mutant gives the estimator the numbers 0 and 1: a weight of 1 then was a weight of 2."""
    X, y = ones_and_twos
    share = {
        heavy: (wrapper(base(class_weight={heavy: 30, 3 - heavy: 1})).fit(X, y).predict(X) == 1).mean()
        for heavy in (1, 2)
    }
    assert share[1] > 0.75 and share[2] < 0.25


@quiet
@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("base", [DecisionTree, SoftmaxRegression])
def test_what_a_member_would_refuse_is_refused(wrapper, base, ones_and_twos):
    for wrong in ({"class_weight": {9: 1, 7: 2}}, {"classes": ["x", "y"]}):
        with pytest.raises(ValueError, match="class"):
            wrapper(base(**wrong)).fit(*ones_and_twos)


@quiet
def test_labels_of_any_kind_go_through_a_wrapper(ones_and_twos):
    X, y = ones_and_twos
    for wrapper in WRAPPERS:
        numbers, names = (wrapper(LogisticRegression()).fit(X, labels) for labels in (y, np.array(["", "b", "a"])[y]))
        np.testing.assert_allclose(numbers.predict_proba(X), names.predict_proba(X)[:, ::-1], atol=1e-6)


def test_an_ensemble_sees_the_noise_that_its_members_see(ones_and_twos):
    """Its predict_noisy_proba was predict_proba, so `noisy_scorer` gave its labels a probability of 0."""
    X, y = ones_and_twos
    y = 1 + corrupt(y - 1, T, np.random.default_rng(1))
    model = Bagging(RobustSoftmaxRegression(T), n_estimators=10, random_state=0).fit(X, y)
    np.testing.assert_allclose(model.predict_noisy_proba(X), model.predict_proba(X) @ T.T, atol=1e-12)
    assert abs(noisy_scorer(model, X, y) - noisy_scorer(model.estimators_[0], X, y)) < 0.2
    plain = Bagging(SoftmaxRegression(), n_estimators=2, random_state=0).fit(X, y)
    np.testing.assert_array_equal(plain.predict_noisy_proba(X), plain.predict_proba(X))


def test_a_draw_without_a_rare_class_still_has_a_t_for_it():
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(60), np.ones(60), 2].astype(int)
    X = rng.normal(size=(121, 2)) + 3 * np.eye(3, 2)[y]
    three = np.array([[0.9, 0.1, 0.1], [0.05, 0.8, 0.1], [0.05, 0.1, 0.8]])
    model = Bagging(RobustSoftmaxRegression(three, l2=0.01), n_estimators=8, random_state=0).fit(X, y)
    assert model.predict_proba(X).shape == (121, 3)


def test_classes_that_y_lacks_are_refused_by_what_needs_them_all(ones_and_twos):
    model = SoftmaxRegression(classes=[1, 2, 3])
    for function in (find_label_errors, estimate_transition):
        with pytest.raises(ValueError, match=r"3 classes, and y has the labels \[1, 2\]"):
            function(model, *ones_and_twos)


@pytest.mark.parametrize("estimator", [None, DecisionTree(class_weight="balanced"), RobustSoftmaxRegression(T)])
@pytest.mark.parametrize("unequal", [{"class_weight": {2: 1e-10}}, {"sample_weight": 1e-12}])
def test_a_draw_of_one_class_votes_for_it(estimator, unequal, ones_and_twos, tmp_path):
    """It was drawn again until there were two, which took for ever here."""
    X, y = ones_and_twos
    weight = np.where(y == 2, unequal.get("sample_weight", 1), 1)
    class_weight = unequal.get("class_weight")
    model = Bagging(estimator, n_estimators=3, random_state=0, class_weight=class_weight).fit(X, y, weight)
    np.testing.assert_array_equal(model.predict_proba(X), np.tile([1.0, 0], (len(X), 1)))
    np.testing.assert_array_equal(model.predict_noisy_proba(X), model.predict_proba(X))
    model.save(tmp_path / "model.npz")
    np.testing.assert_array_equal(load(tmp_path / "model.npz").predict_proba(X), model.predict_proba(X))


@quiet
def test_some_draws_of_one_class_leave_the_t_of_the_others(ones_and_twos):
    X, y = ones_and_twos
    weight = np.where(y == 2, 1.0 / (y == 2).sum(), 1)  # as much as one sample has: a third of all draws lack it
    model = Bagging(RobustSoftmaxRegression(T), n_estimators=12, random_state=0).fit(X, y, weight)
    leaves = [member for member in model.estimators_ if not hasattr(member, "classes_")]
    assert 0 < len(leaves) < 12
    np.testing.assert_allclose(model.predict_noisy_proba(X), model.predict_proba(X) @ T.T, atol=1e-12)


@quiet
def test_a_step_too_long_gives_no_nan(ones_and_twos):
    X, y = ones_and_twos
    proba = AdaBoost(learning_rate=1000, random_state=0).fit(X, y).predict_proba(X)
    np.testing.assert_allclose(proba.sum(axis=1), 1)
