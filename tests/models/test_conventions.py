"""scratchnoise's models as scikit-learn's tools see them: its own checks, pipelines, searches, clones, processes."""

import pickle
import re

import joblib
import numpy as np
import profiles
import pytest
import sklearn
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from scratchnoise.models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression, conventions
from scratchnoise.transition import TransitionMatrix

T2 = TransitionMatrix([[0.8, 0.3], [0.2, 0.7]])
T3 = TransitionMatrix([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


pytestmark = pytest.mark.usefixtures("reference_and_default_table")


def quick(cls=SoftmaxRegression, **settings):
    """A fit that takes no time: conventions do not depend on the solver, and only "sgd" always uses the seed."""
    return cls(**{"solver": "sgd", "l2": 0, "tol": 0, "max_iter": 40, "random_state": 0, **settings})


def every_model():
    return [
        quick(),
        quick(RobustSoftmaxRegression),
        FlipCorrected(quick(), random_state=0),
        NeuralNetwork(network="mlp", epochs=40, learning_rate=0.1, random_state=0),
    ]


def failures(model):
    results = check_estimator(model, on_fail=None, on_skip=None, expected_failed_checks=expected_failures(model))
    assert len(results) > 40
    return {
        r["check_name"]: reasons(r["exception"]) for r in results if r["status"] not in ("passed", "skipped", "xfail")
    }


def expected_failures(model):
    """Checks that a learnt T cannot pass, because it is drawn from folds or explains the weights as noise."""
    if getattr(model, "T", model) is not None:
        return {}
    if isinstance(model, FlipCorrected):  # as for scikit-learn's own: two equal samples may be in two folds
        return {"check_sample_weight_equivalence_on_dense_data": "folds"}
    if isinstance(model, RobustSoftmaxRegression):  # nearly all weight on label 0: the rates learn that all become 0
        return {"check_class_weight_classifiers": "weights of labels are noise"}
    return {}


def reasons(error):
    """Its message and those of the errors that led to it."""
    return f"{error} <- {reasons(error.__cause__ or error.__context__)}" if error else ""


# --- scikit-learn's own checks ----------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "model",
    [
        SoftmaxRegression(),
        pytest.param(RobustSoftmaxRegression(), marks=pytest.mark.slow),
        pytest.param(FlipCorrected(SoftmaxRegression(max_iter=50)), marks=pytest.mark.slow),
        FlipCorrected(SoftmaxRegression(l2=0.01), mapping="bayes", estimate="confident_joint"),
        NeuralNetwork(epochs=30),  # the automatic 1,000 steps would take minutes here
    ],
    ids=repr,
)
def test_check_estimator(model):
    assert failures(model) == {}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("T", profiles.thinned([T3, T2]), ids=len)
@pytest.mark.parametrize(
    "model",
    [
        lambda T: RobustSoftmaxRegression(T, max_iter=50),
        lambda T: FlipCorrected(SoftmaxRegression(max_iter=20), T=T),
        lambda T: NeuralNetwork(network="mlp", loss="forward", T=T, epochs=30),
    ],
)
def test_check_estimator_with_a_given_t(model, T):
    """Checks on data with another number of classes than T must fail, for this one reason."""
    size = re.compile(rf"T is {len(T)} x {len(T)}, but there are \d classes")
    assert {name: text for name, text in failures(model(T)).items() if not size.search(text)} == {}


# --- its tools --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", every_model(), ids=repr)
def test_pipelines_and_cross_validation(model, gaussians):
    X, y = gaussians
    pipeline = make_pipeline(StandardScaler(), model)
    scores = cross_val_score(pipeline, X, y, cv=3, error_score="raise")
    assert scores.min() > 0.85
    np.testing.assert_array_equal(pipeline.fit(X, y).predict(X), model.predict(StandardScaler().fit_transform(X)))


def test_a_grid_search_reaches_nested_parameters(gaussians, T):
    X, y = gaussians
    grid = {"estimator__l2": np.logspace(-3, 1, 3), "mapping": ["inverse", "bayes"]}
    search = GridSearchCV(FlipCorrected(quick(), T=T), grid, cv=2, error_score="raise").fit(X.astype(np.float32), y)
    assert search.best_params_["estimator__l2"] < 10
    assert search.best_estimator_.estimator_.coef_.dtype == np.float32  # a NumPy number is only a number


@pytest.mark.parametrize("model", every_model(), ids=repr)
def test_clones_and_pickles(model, gaussians):
    X, y = gaussians
    copy = sklearn.clone(model.fit(X, y))
    assert not hasattr(copy, "classes_") and repr(copy) == repr(model)
    p = model.predict_proba(X)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict_proba(X), p)
    np.testing.assert_array_equal(copy.fit(X, y).predict_proba(X), p)


def test_processes_take_shared_memory_and_return_models(gaussians, T, reference_and_default_table):
    """Arrays beyond max_nbytes arrive in the processes as read-only memory maps; so does the table, by name."""
    X, y = gaussians
    settings = {"T": T, "backend": reference_and_default_table}
    models = [quick(RobustSoftmaxRegression, random_state=seed, **settings) for seed in range(3)]
    jobs = (joblib.delayed(model.fit)(X, y) for model in models)
    here = quick(RobustSoftmaxRegression, random_state=2, **settings).fit(X, y)
    there = joblib.Parallel(n_jobs=2, max_nbytes=1)(jobs)[2]
    np.testing.assert_array_equal(there.coef_, here.coef_)
    assert there.T_ == here.T_


# --- parameters -------------------------------------------------------------------------------------------


def test_parameters_are_read_and_set_through_the_nesting():
    model = FlipCorrected(LogisticRegression(C=3))
    assert model.get_params()["estimator__C"] == 3 and "estimator__C" not in model.get_params(deep=False)
    assert model.set_params(estimator__C=5, mapping="bayes") is model
    assert model.estimator.C == 5 and model.mapping == "bayes"


def test_an_unknown_parameter_gets_the_nearest():
    with pytest.raises(ValueError, match="Invalid parameter 'learing_rate' for SoftmaxRegression; did you mean 'learn"):
        SoftmaxRegression().set_params(learing_rate=1)
    with pytest.raises(ValueError, match="Invalid parameter 'l3'.*did you mean 'l2'"):
        FlipCorrected(SoftmaxRegression()).set_params(estimator__l3=1)


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(SoftmaxRegression(l2=0.5, max_iter=1000)) == "SoftmaxRegression(l2=0.5)"
    assert repr(FlipCorrected(SoftmaxRegression())) == "FlipCorrected(estimator=SoftmaxRegression())"


@pytest.mark.parametrize("model", every_model(), ids=repr)
def test_the_seed_decides(model, gaussians):
    X, y = gaussians
    a, b = (sklearn.clone(model).fit(X, y).predict_proba(X) for _ in range(2))
    c = sklearn.clone(model).set_params(random_state=7).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(a, b)
    assert (a != c).any() or isinstance(model, FlipCorrected)  # there it seeds the folds; the estimator has its own


# --- labels, names, weights -------------------------------------------------------------------------------


@pytest.mark.parametrize("model", every_model(), ids=repr)
@pytest.mark.parametrize(
    "names",
    [
        np.array(["cat", "ant", "bee"]),
        np.array(["cat", "ant", "bee"], dtype=object),
        np.array([-2, 10**12, 7]),
        np.array([2, 0, 1], np.uint8),
        np.array([2.0, 0.0, 1.0]),
        np.array(["2021-03-01", "2020-01-01", "2021-01-01"], "datetime64[D]"),
    ],
    ids=lambda names: str(names.dtype),
)
def test_labels_of_any_kind(model, names, gaussians):
    X, y = gaussians
    model.fit(X, names[y])
    np.testing.assert_array_equal(model.classes_, np.sort(names))
    assert model.predict(X).dtype == names.dtype and model.score(X, names[y]) > 0.85


def test_booleans_and_lists(gaussians):
    X, y = gaussians
    fitted = quick().fit(X.tolist(), (y > 0).tolist())
    assert fitted.predict(X.tolist()).dtype == bool and fitted.score(X, y > 0) > 0.85


@pytest.mark.parametrize(
    "form",
    [
        lambda X: X.astype(np.float16),
        lambda X: X.astype(">f8"),
        lambda X: X.astype(object),
        lambda X: np.asfortranarray(X),
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1][::-1],
    ],
)
def test_samples_in_any_layout(form, gaussians):
    X, y = gaussians[0].astype(np.float16).astype(float), gaussians[1]
    odd = form(X)
    odd.setflags(write=False)
    np.testing.assert_array_equal(quick().fit(odd, y).coef_, quick().fit(X, y).coef_)


def test_read_only_samples_for_whichever_table_runs(gaussians, T):
    X, y = (np.array(part[:40]) for part in gaussians)
    for array in (X, y):
        array.setflags(write=False)
    here, there = (quick(RobustSoftmaxRegression, T=T, max_iter=2, backend=b).fit(X, y) for b in ("auto", "loops"))
    np.testing.assert_allclose(here.coef_, there.coef_)


def test_small_integers_become_float32_and_large_ones_float64(gaussians):
    X, y = gaussians
    for dtype, wanted in ((np.uint8, np.float32), (np.int16, np.float32), (bool, np.float32), (np.int32, np.float64)):
        assert quick().fit(abs(X).astype(dtype), y).coef_.dtype == wanted


@pytest.mark.parametrize("model", every_model(), ids=repr)
def test_feature_names(model, gaussians):
    pandas = pytest.importorskip("pandas")
    X, y = gaussians
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model.fit(frame, pandas.Series(y))
    assert model.feature_names_in_.tolist() == list("abcd") and model.n_features_in_ == 4
    np.testing.assert_array_equal(model.predict(frame), sklearn.clone(model).fit(X, y).predict(X))
    with pytest.raises(ValueError, match="must be in the same order|The feature names should match"):
        model.predict(frame[list("dcba")])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    model.fit(X, y)
    assert not hasattr(model, "feature_names_in_")


def test_score_is_the_weighted_share_of_right_predictions(gaussians):
    X, y = gaussians
    fitted = quick().fit(X, y)
    right, weight = fitted.predict(X) == y, np.arange(600.0)
    assert fitted.score(X, y) == right.mean()
    assert fitted.score(X, y, weight) == pytest.approx((right * weight).sum() / weight.sum())
    with pytest.warns(conventions.DataConversionWarning):  # not a table of 600 x 600 comparisons
        assert fitted.score(X, y[:, None]) == right.mean()


@pytest.mark.parametrize("model", every_model(), ids=repr)
def test_not_fitted_is_our_error_and_theirs(model):
    with pytest.raises(NotFittedError, match=f"this {type(model).__name__} is not fitted yet; call fit") as caught:
        sklearn.clone(model).predict(np.zeros((1, 4)))
    assert isinstance(caught.value, conventions.NotFittedError)
