"""Scoring on noisy labels, all classes, weights of classes, and predictions at the limits of float32 and of memory."""

import pickle
import tracemalloc

import numpy as np
import profiles
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import scratchnoise
from scratchnoise.estimate import clone
from scratchnoise.models import (
    AdaBoost,
    Bagging,
    DecisionTree,
    FlipCorrected,
    KernelFisherEM,
    KMeansClassifier,
    KNeighbors,
    LabelNoiseEM,
    LogitBoost,
    NeuralNetwork,
    RobustSoftmaxRegression,
    SmoothBoost,
    SoftmaxRegression,
    noisy_scorer,
)
from scratchnoise.noise import corrupt, pair_flip

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
SEED = {"random_state": 0}
QUICK = {"max_iter": 30, **SEED}
MODELS = {
    "plain": SoftmaxRegression(**QUICK),
    "robust": RobustSoftmaxRegression(T, **QUICK),
    "flip": FlipCorrected(SoftmaxRegression(**QUICK), T=T),
    "forward": NeuralNetwork("mlp", loss="forward", T=T, epochs=5, **SEED),
    "backward": NeuralNetwork("mlp", loss="backward", T=T, epochs=5, **SEED),
    "cross_entropy": NeuralNetwork("mlp", epochs=5, **SEED),
}
every_model = pytest.mark.parametrize("name", MODELS)


# --- the noisy posterior and its likelihood ---------------------------------------------------------------


@every_model
def test_the_noisy_posterior_is_t_times_the_clean_one(name, noisy_gaussians):
    X, y, _ = noisy_gaussians
    model = MODELS[name].fit(X, y)
    p, q = model.predict_proba(X), model.predict_noisy_proba(X)
    np.testing.assert_allclose(q.sum(axis=1), 1, atol=1e-6)
    if name == "flip":
        np.testing.assert_array_equal(q, model.estimator_.predict_proba(X))
    else:
        expected = p if name in ("plain", "cross_entropy") else np.array([T @ row for row in p])
        np.testing.assert_allclose(q, expected, atol=1e-12)


@every_model
def test_the_likelihood_is_the_mean_logarithm_of_the_labels_probability(name, noisy_gaussians):
    X, y, _ = noisy_gaussians
    names, weight = np.array(["b", "c", "a"]), np.arange(len(y)) % 4
    order = np.argsort(names)  # T follows the sorted names
    model = MODELS[name].fit(X, names[order][y])
    q = model.predict_noisy_proba(X)[np.arange(len(y)), y]
    assert model.noisy_log_likelihood(X, names[order][y]) == pytest.approx(np.log(q).mean(), abs=1e-12)
    expected = (np.log(q) * weight).sum() / weight.sum()
    assert model.noisy_log_likelihood(X, names[order][y], weight) == pytest.approx(expected, abs=1e-12)


def test_an_unseen_label_has_no_likelihood_unless_it_has_no_weight():
    X, y = np.array([[0.0], [1.0], [0.2], [0.9]]), np.array([0, 1, 0, 1])
    model = SoftmaxRegression(**QUICK).fit(X, y)
    assert model.noisy_log_likelihood(X, [0, 1, 0, 2]) == -np.inf
    assert model.noisy_log_likelihood(X, [0, 1, 0, 2], [1, 1, 1, 0]) > -1


def test_a_probability_that_underflows_is_the_smallest_number():
    X = np.array([[-1.0], [1.0]], np.float32)
    model = SoftmaxRegression(**QUICK).fit(X, [0, 1])
    likelihood = model.noisy_log_likelihood(np.array([[-1e6], [1e6]], np.float32), [1, 0])
    assert likelihood == pytest.approx(np.log(np.finfo(np.float32).tiny))


@pytest.fixture(scope="module")
def pair_flipped():
    """X (1500, 2), noisy y: four Gaussians, 40 % of each class mistaken for the next one."""
    rng = np.random.default_rng(0)
    y = rng.integers(4, size=1500)
    X = rng.normal(size=(1500, 2)) + 4 * np.array([[0, 0], [1, 0], [0, 1], [1, 1]])[y]
    return X, corrupt(y, pair_flip(4, 0.4), rng)


@pytest.mark.parametrize(("scoring", "rate"), profiles.thinned([(noisy_scorer, 0.4), ("neg_log_loss", 0.0)]))
def test_the_noisy_scorer_finds_t_where_the_clean_posteriors_loss_picks_the_identity(scoring, rate, pair_flipped):
    X, y = pair_flipped
    pipeline = make_pipeline(StandardScaler(), RobustSoftmaxRegression(**QUICK))
    grid = {"robustsoftmaxregression__T": [pair_flip(4, r) for r in (0.0, 0.2, 0.3, 0.4)]}
    search = GridSearchCV(pipeline, grid, scoring=scoring, cv=3, error_score="raise").fit(X, y)
    assert search.best_params_ == {"robustsoftmaxregression__T": pair_flip(4, rate)}
    if scoring is noisy_scorer:
        inner = search.best_estimator_[-1]
        expected = inner.noisy_log_likelihood(search.best_estimator_[0].transform(X), y)
        assert noisy_scorer(search, X, y) == noisy_scorer(search.best_estimator_, X, y) == expected


def test_the_scorer_travels_by_name_and_wants_a_model():
    assert pickle.loads(pickle.dumps(noisy_scorer)) is scratchnoise.noisy_scorer
    with pytest.raises(TypeError, match=r"estimator=LogisticRegression\(\) has no noisy_log_likelihood"):
        noisy_scorer(LogisticRegression(), np.zeros((2, 1)), [0, 1])


@every_model
def test_log_probabilities(name, noisy_gaussians):
    X, y, _ = noisy_gaussians
    model = MODELS[name].fit(X, y)
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(model.predict_log_proba(X), np.log(model.predict_proba(X)), atol=1e-9)


def test_log_probabilities_do_not_underflow():
    model = SoftmaxRegression(**QUICK).fit([[-1.0], [1.0]], [0, 1])
    slope = np.diff(model.coef_, axis=0).item()
    assert model.predict_log_proba([[1e4]])[0, 0] == pytest.approx(-1e4 * slope, rel=1e-3)


# --- labels ------------------------------------------------------------------------------------------------


@every_model
def test_an_unseen_label_counts_as_wrong(name, noisy_gaussians):
    X, y, _ = noisy_gaussians
    model = MODELS[name].fit(X, y)
    unseen = np.where(np.arange(len(y)) % 2, y, 7)
    assert model.score(X, unseen) == ((model.predict(X) == y) & (unseen != 7)).mean() > 0.2


@pytest.mark.parametrize("name", ["robust", "flip", "forward", "backward"])
def test_a_class_without_a_sample_has_its_column(name, noisy_gaussians):
    X, y, _ = noisy_gaussians
    names = np.array(["ant", "bee", "cat"])[y]
    fold = y != 1
    model = type(MODELS[name])(**MODELS[name].get_params(deep=False)).set_params(classes=["cat", "bee", "ant"])
    p = model.fit(X[fold], names[fold]).predict_proba(X)
    assert model.classes_.tolist() == ["ant", "bee", "cat"] and p.shape == (len(X), 3)
    assert model.predict_noisy_proba(X).shape == (len(X), 3)
    clear = p[np.linalg.norm(X - [0, 3], axis=1) < 0.5]  # the middle of class 2
    assert (clear.argmax(axis=1) == 2).all()
    never = np.array([[0.9, 0.3, 0.1], [0, 0, 0], [0.1, 0.7, 0.9]])
    if name in ("robust", "forward"):  # the others need an inverse
        model.set_params(T=never).fit(X[fold], names[fold])
        with pytest.raises(ValueError, match=r"T has rows of zeros, so the labels \['bee'\] never occur, but y has"):
            model.fit(X, names)


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["a", "b"], r"classes=\['a', 'b'\] lacks labels that y has: \['c'\]"),
        (["a", "b", "c", "a"], "classes=.* should name each label once"),
        (["a"], "classes=.* should be a list of at least two labels"),
        ("abc", "classes='abc' should be a list"),
        ([["a", "b", "c"]], "classes=.* should be a list"),
    ],
)
def test_classes_that_cannot_be(classes, message):
    X, y = np.arange(6.0)[:, None], np.array(list("abcabc"))
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression(classes=classes, **QUICK).fit(X, y)
    with pytest.raises(ValueError, match=r"T=None cannot be estimated, because y never is \['d'\]; pass T"):
        FlipCorrected(SoftmaxRegression(**QUICK), classes=list("abcd")).fit(X, y)


@pytest.mark.parametrize("name", ["plain", "robust", "cross_entropy"])
def test_class_weights_multiply_sample_weights(name, noisy_gaussians):
    X, y, _ = noisy_gaussians
    X, y, weight = X[:300], y[:300], 1.0 + np.arange(300) % 3
    model = type(MODELS[name])(**MODELS[name].get_params(deep=False))
    factors = np.array([1, 5, 2])
    expected = model.fit(X, y, weight * factors[y]).predict_proba(X)
    model.set_params(class_weight={1: 5, 2: 2})
    np.testing.assert_array_equal(model.fit(X, y, weight).predict_proba(X), expected)
    totals = np.array([weight[y == c].sum() for c in range(3)])
    balanced = model.set_params(class_weight="balanced").fit(X, y, weight).predict_proba(X)
    expected = model.set_params(class_weight=None).fit(X, y, weight / totals[y]).predict_proba(X)
    np.testing.assert_allclose(balanced, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("class_weight", "message"),
    [
        ("balance", "class_weight='balance' should be None, 'balanced' or a dict"),
        ([1, 2, 3], "class_weight=.* should be None, 'balanced' or a dict"),
        ({5: 1}, r"class_weight has labels that are no classes: \[5\]; the classes are \[0, 1, 2\]"),
        ({0: -1}, "class_weight should be finite and not negative"),
        ({0: np.nan}, "class_weight should be finite"),
        ({0: 0, 1: 0}, "class_weight=.* leaves fewer than two classes"),
    ],
)
def test_class_weights_that_cannot_be(class_weight, message):
    with pytest.raises(ValueError, match=message):
        SoftmaxRegression(class_weight=class_weight, **QUICK).fit(np.arange(6.0)[:, None], [0, 1, 2] * 2)


# --- limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["plain", "cross_entropy"])
def test_what_leaves_float32_is_computed_in_float64(name, noisy_gaussians):
    X, y, _ = noisy_gaussians
    model = MODELS[name].fit(X.astype(np.float32), y)
    far = np.array([[1e39, 0.0], [0.0, 1e39], [-1e39, -1e39]])
    with np.errstate(all="raise", under="ignore"):
        p = model.predict_proba(far)
    assert np.isfinite(p).all() and model.predict(far).tolist() == [1, 2, 0]
    assert model.predict_proba(X).dtype == np.float32  # and nothing else is
    if name == "plain":
        model.coef_ = 100 * model.coef_
        with pytest.raises(ValueError, match="X leads to logits beyond the range of float64"):
            model.predict([[1.7e308, 0]])


def test_prediction_needs_little_beside_x_and_gives_what_one_piece_gives(monkeypatch):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200_000, 64)).astype(np.float32)
    model = SoftmaxRegression(max_iter=2, backend="numpy", **SEED).fit(X[:500], np.arange(500) % 3)
    whole = model.predict_noisy_proba(X[:30_000])
    tracemalloc.start()
    predicted = model.predict(X)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.25 * X.nbytes
    monkeypatch.setattr(scratchnoise.models.base, "BLOCK", 64 * 1000)
    np.testing.assert_allclose(model.predict_noisy_proba(X[:30_000]), whole, atol=1e-6)
    np.testing.assert_array_equal(model.predict(X[:999]), predicted[:999])
    np.testing.assert_array_equal(model.predict(X), predicted)


@pytest.mark.slow
def test_many_classes_are_predicted_in_blocks_of_logits(monkeypatch):
    """One feature and 300 classes: the logits, not X, are what is large."""
    model = SoftmaxRegression(max_iter=1, backend="numpy", **SEED).fit([[0.0], [1.0]], [0, 1])
    model.classes_ = np.arange(300)
    model.coef_, model.intercept_ = np.arange(300.0)[:, None], np.zeros(300)
    X = np.linspace(-1, 1, 200_000)[:, None]

    def peak():
        tracemalloc.start()
        assert set(model.predict(X).tolist()) == {0, 299}
        found = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        return found

    assert peak() < 100  # MB; all logits have 480
    monkeypatch.setattr(scratchnoise.models.base, "BLOCK", 10**12)
    assert peak() > 480


@pytest.mark.parametrize(
    ("seen", "asked"),
    [
        (["a", "b", "c"], [0, 1, 2]),
        ([0, 1, 2], ["0", "1", "2"]),
        ([0, 1, 2], np.arange(3).astype("M8[D]")),
        (np.arange(3).astype("M8[D]"), [0, 1, 2]),
        (np.arange(3).astype("M8[ns]"), [0, 1, 2]),
        (np.array([0, 1, 2]), np.arange(3).astype("m8[ns]")),
        (np.array(["a", "b", "c"], dtype=object), [0, 1, 2]),
    ],
)
def test_labels_of_another_kind_are_a_slip_and_not_wrong_predictions(seen, asked, noisy_gaussians):
    X, y, _ = noisy_gaussians
    model = SoftmaxRegression(**QUICK).fit(X, np.asarray(seen)[y])
    for ask in (model.score, model.noisy_log_likelihood):
        with pytest.raises(ValueError, match="y has labels of another kind than fit saw"):
            ask(X, np.asarray(asked)[y])


def test_dates_of_another_unit_are_the_same_dates(noisy_gaussians):
    X, y, _ = noisy_gaussians
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "M8[D]")
    model = SoftmaxRegression(**QUICK).fit(X, days[y])
    assert model.score(X, days.astype("M8[s]")[y]) == model.score(X, days[y]) > 0.5


def test_a_class_weight_may_name_a_class_that_a_fold_lacks(noisy_gaussians):
    X, y, _ = noisy_gaussians
    every = SoftmaxRegression(class_weight={0: 1, 1: 2, 2: 3, 7: 5}, **QUICK).fit(X, y)
    same = SoftmaxRegression(class_weight={0: 1, 1: 2, 2: 3}, **QUICK).fit(X, y)
    np.testing.assert_array_equal(every.coef_, same.coef_)
    with pytest.raises(ValueError, match=r"class_weight has labels that are no classes: \[7\]"):
        SoftmaxRegression(class_weight={0: 1, 1: 2, 7: 5}, **QUICK).fit(X, y)  # 7 for 2: a slip


DEFAULTS = [
    SoftmaxRegression(),
    RobustSoftmaxRegression(),
    LabelNoiseEM(),
    LabelNoiseEM(covariance="diagonal"),
    LabelNoiseEM(covariance="shared"),
    KernelFisherEM(random_state=0),
    KNeighbors(),
    KMeansClassifier(random_state=0),
    DecisionTree(max_depth=3),
    Bagging(n_estimators=5, random_state=0),
    AdaBoost(random_state=0),
    SmoothBoost(n_estimators=20, random_state=0),
    LogitBoost(n_estimators=20, random_state=0),
]


def three_clouds(rng):
    """300 samples of three round classes, and their true labels."""
    y = rng.integers(3, size=300)
    return rng.normal(size=(300, 4)) + 2 * np.eye(3, 4)[y], y


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", DEFAULTS, ids=repr)
def test_a_class_without_samples_takes_none(model):
    """Nothing was learnt about it, so it claims no sample, and the other classes are as they would be without it."""
    X, y = three_clouds(np.random.default_rng(8))
    y_noisy = corrupt(y, T, 1)
    fit = clone(model, 0).fit(X, y_noisy)
    wide = clone(model, 0).set_params(classes=[0, 1, 2, 9]).fit(X, y_noisy)
    p = wide.predict_proba(X)
    assert p.shape == (300, 4) and p[:, 3].max() < 0.1
    assert (wide.predict(X) == fit.predict(X)).mean() > 0.95
    if hasattr(wide, "T_"):
        np.testing.assert_array_equal(np.asarray(wide.T_)[:, 3], [0, 0, 0, 1])


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("model", DEFAULTS, ids=repr)
def test_samples_that_weigh_nothing_are_as_if_left_out(model):
    """Also where they are all of their class."""
    rng = np.random.default_rng(8)
    X, y = three_clouds(rng)
    left_out = clone(model, 0).set_params(classes=[0, 1, 2, 9]).fit(X, y)
    more, nines = np.r_[X, rng.normal(size=(50, 4))], np.r_[y, np.full(50, 9)]
    weightless = clone(model, 0).fit(more, nines, sample_weight=np.repeat([1.0, 0.0], [300, 50]))
    np.testing.assert_array_equal(weightless.predict_proba(X), left_out.predict_proba(X))
    np.testing.assert_array_equal(weightless.class_count_, left_out.class_count_)
