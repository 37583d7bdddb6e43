"""What passes through a wrapper untouched, T with labels, routing of weights, notebooks, and saving as a method."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import sklearn
from sklearn.compose import make_column_transformer
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import scratchnoise
from scratchnoise import TransitionMatrix, estimate_transition
from scratchnoise.losses import ForwardCorrected
from scratchnoise.models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.models.saving import FORMAT, KNOWN

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
QUICK = {"max_iter": 20, "random_state": 0}
NAMES = np.array(["ant", "bee", "cat"])
TAKE_T = {
    "robust": lambda T: RobustSoftmaxRegression(T, **QUICK),
    "flip": lambda T: FlipCorrected(SoftmaxRegression(**QUICK), T=T),
    "forward": lambda T: NeuralNetwork("mlp", loss="forward", T=T, epochs=2, random_state=0),
}


# --- sparse matrices, data frames, weights ----------------------------------------------------------------


@pytest.mark.parametrize("form", ["csr_matrix", "csr_array", "csc_matrix", "coo_matrix"])
def test_a_sparse_matrix_reaches_the_estimator(form, noisy_gaussians):
    X, y, _ = noisy_gaussians
    sparse = getattr(scipy.sparse, form)(X)
    joint = "confident_joint"  # the default adds HOC, which needs an array; so does trust, so T is given here
    wrapper = FlipCorrected(LogisticRegression(), T=T)
    dense = wrapper.fit(X, y).predict_proba(X)
    np.testing.assert_allclose(wrapper.fit(sparse, y).predict_proba(sparse), dense, atol=1e-4)
    assert wrapper.score(sparse, y) > 0.5 and wrapper.predict(sparse[:7] if "cs" in form else sparse).size > 0
    weight = (np.arange(len(y)) % 2).astype(float)  # rows of weight 0 are left out
    wrapper.set_params(T=T).fit(sparse, y, weight)
    kept = LogisticRegression().fit(X[1::2], y[1::2])
    np.testing.assert_allclose(wrapper.estimator_.coef_, kept.coef_, atol=1e-4)
    estimated = estimate_transition(LogisticRegression(), sparse, y, joint, random_state=0)
    expected = estimate_transition(LogisticRegression(), X, y, joint, random_state=0)
    np.testing.assert_allclose(estimated, expected, atol=1e-3)
    default = FlipCorrected(LogisticRegression(), random_state=0).fit(sparse, y)
    assert default.T_.diagnostics["mean_of"] == ["confident_joint", "top_k"]
    with pytest.raises(ValueError, match="X has 1 features, but FlipCorrected is expecting 2 features"):
        wrapper.predict(scipy.sparse.csr_matrix(X[:, :1]))


def test_a_frame_reaches_the_estimator_with_its_columns(noisy_gaussians):
    X, y, _ = noisy_gaussians
    frame = pd.DataFrame({"x": X[:, 0], "z": X[:, 1], "kind": np.where(X[:, 0] > 1, "far", "near")})
    frame.index = np.arange(len(y))[::-1] + 100  # rows go by position
    columns = make_column_transformer((StandardScaler(), ["x", "z"]), (OneHotEncoder(), ["kind"]))
    pipeline = make_pipeline(columns, LogisticRegression())
    wrapper = FlipCorrected(pipeline, random_state=0).fit(frame, y)
    assert wrapper.predict(frame).shape == y.shape
    in_order = FlipCorrected(pipeline, random_state=0).fit(frame.reset_index(drop=True), y)
    assert wrapper.T_ == in_order.T_


def test_weights_reach_the_estimator_as_they_are(noisy_gaussians):
    X, y, _ = noisy_gaussians
    weight = 0.01 * (1 + np.arange(len(y)) % 3)
    wrapper = FlipCorrected(LogisticRegression(), T=T).fit(X, y, weight)
    np.testing.assert_array_equal(wrapper.estimator_.coef_, LogisticRegression().fit(X, y, weight).coef_)
    noisy = np.bincount(y, weight) / weight.sum()
    np.testing.assert_allclose(wrapper.prior_, np.linalg.inv(T) @ noisy, atol=1e-12)
    with pytest.raises(ValueError, match="sample_weight cannot be used: fit of KNeighborsClassifier.* takes none"):
        FlipCorrected(KNeighborsClassifier(), T=T).fit(X, y, weight)


# --- T with labels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TAKE_T)
def test_a_t_with_labels_is_put_in_the_order_of_the_classes(name, noisy_gaussians):
    X, y, _ = noisy_gaussians
    y, order = NAMES[y], [2, 0, 1]
    expected = TAKE_T[name](T).fit(X, y).predict_proba(X)
    frame = pd.DataFrame(T, index=NAMES, columns=NAMES)
    shuffled = T[np.ix_(order, order)]
    labelled = [
        frame.loc[list(NAMES[order]), list(NAMES[[1, 2, 0]])],  # the axes in different orders
        TransitionMatrix(shuffled, classes=NAMES[order]),
        TransitionMatrix.from_rows(shuffled.T, classes=NAMES[order]),
        TransitionMatrix(TransitionMatrix(shuffled, classes=NAMES[order])),
        pd.DataFrame(T),  # the default labels are positions
    ]
    for matrix in labelled:
        np.testing.assert_allclose(TAKE_T[name](matrix).fit(X, y).predict_proba(X), expected, atol=1e-9)


@pytest.mark.parametrize("name", TAKE_T)
@pytest.mark.parametrize(
    ("index", "columns", "message"),
    [
        ("ant bee dog", "ant bee dog", r"its labels .* and the classes .*: only the first has \['dog'\], only the sec"),
        (
            "ant bee cat",
            "ant bee dog",
            r"its columns .* and its index .*: only the first has \['dog'\], only the second",
        ),
        ("ant bee bee", "ant bee bee", "which differ: one repeats"),
        (None, "ant bee cat", r"its columns .* and its index \[0, 1, 2\]"),
    ],
)
def test_labels_that_do_not_fit_are_refused(name, index, columns, message, noisy_gaussians):
    X, y, _ = noisy_gaussians
    frame = pd.DataFrame(T, index=index and index.split(), columns=columns.split())
    with pytest.raises(ValueError, match=f"^T has .*{message}"):
        TAKE_T[name](frame).fit(X, NAMES[y])


def test_a_loss_whose_t_has_another_order_is_refused(noisy_gaussians):
    X, y, _ = noisy_gaussians
    for labels, fits in ((NAMES, True), (NAMES[::-1], False)):
        loss = ForwardCorrected(TransitionMatrix(T, classes=labels))
        model = NeuralNetwork("mlp", loss=loss, epochs=1, random_state=0)
        if fits:
            assert model.fit(X, NAMES[y]).loss_ is loss
        else:
            with pytest.raises(ValueError, match=r"loss has a T with labels \['cat', .*; they should be \['ant', "):
                model.fit(X, NAMES[y])


def test_labels_are_kept_and_compared():
    matrix = TransitionMatrix(T, classes=NAMES)
    assert repr(matrix).endswith("classes=['ant', 'bee', 'cat'])")
    assert matrix != TransitionMatrix(T) and matrix == TransitionMatrix(T, classes=list(NAMES))
    for wrong in (["a", "b"], ["a", "b", "b"], "abc", 3):
        with pytest.raises(ValueError, match="^classes="):
            TransitionMatrix(T, classes=wrong)
    with pytest.raises(ValueError, match="classes=.* should be None, because T is a data frame"):
        TransitionMatrix(pd.DataFrame(T, NAMES, NAMES), classes=NAMES)


def test_a_t_of_three_decimals_is_read_back_and_worse_is_refused():
    rng = np.random.default_rng(0)
    for _ in range(50):
        exact = rng.dirichlet(np.ones(10), 10).T
        np.testing.assert_allclose(TransitionMatrix(np.round(exact, 3)), exact, atol=3e-3)
    off = np.eye(2) - [[0.0049, 0], [0, 0]]
    np.testing.assert_allclose(np.asarray(TransitionMatrix(off)), np.eye(2))
    with pytest.raises(ValueError, match="T has columns that sum to"):
        TransitionMatrix(np.eye(2) - [[0.0051, 0], [0, 0]])


def test_exact_rows_are_not_taken_for_rounded_columns():
    """Nearly doubly stochastic: within the tolerance both readings are possible, but one of them is exact."""
    gamma = np.array([[0.7, 0.2, 0.1], [0.101, 0.6, 0.299], [0.2, 0.2, 0.6]])  # the columns have 1.001, 1, 0.999
    with pytest.raises(ValueError, match=r"its rows do.*use TransitionMatrix.from_rows\(T\)"):
        TransitionMatrix(gamma)
    with pytest.raises(ValueError, match=r"gamma has columns that sum to 1.*use TransitionMatrix\(T\)"):
        TransitionMatrix.from_rows(gamma.T)
    np.testing.assert_array_equal(TransitionMatrix.from_rows(gamma), TransitionMatrix(gamma.T))
    both = np.full((2, 2), 0.5)
    assert TransitionMatrix(both) == TransitionMatrix.from_rows(both)


@pytest.mark.parametrize("given", [T, None])
def test_a_series_of_texts_reaches_a_pipeline(given, noisy_gaussians):
    y, y_noisy = noisy_gaussians[2], noisy_gaussians[1]
    texts = pd.Series(np.array(["ant egg", "bee hum", "cat paw"])[y])
    model = FlipCorrected(make_pipeline(CountVectorizer(), LogisticRegression()), T=given, random_state=0)
    assert model.fit(texts, y_noisy).score(texts, y) == 1


# --- what a notebook and scikit-learn's routing see -------------------------------------------------------


def test_a_notebook_shows_the_parameters(monkeypatch):
    model = FlipCorrected(SoftmaxRegression(), estimate="<b>")
    assert "sk-" in model._repr_html_() and "FlipCorrected" in model._repr_html_()
    monkeypatch.delitem(__import__("sys").modules, "sklearn")
    assert "<td>estimate</td><td>&#x27;&lt;b&gt;&#x27;</td>" in model._repr_html_()


def test_weights_are_routed_where_they_are_requested(noisy_gaussians):
    X, y, _ = noisy_gaussians
    weight = np.where(y == 0, 0.01, 1.0)
    with sklearn.config_context(enable_metadata_routing=True):
        scaler, plain = StandardScaler().set_fit_request(sample_weight=False), SoftmaxRegression(**QUICK)
        plain.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        routed = make_pipeline(scaler, plain)
        scoring = make_scorer(accuracy_score).set_score_request(sample_weight=True)
        search = GridSearchCV(routed, {"softmaxregression__l2": [0.0]}, scoring=scoring, cv=2)
        search.fit(X, y, sample_weight=weight)
        scaled = StandardScaler().fit_transform(X)
        expected = SoftmaxRegression(l2=0.0, **QUICK).fit(scaled, y, weight).coef_
        np.testing.assert_array_equal(search.best_estimator_[-1].coef_, expected)
        assert sklearn.clone(plain).get_metadata_routing().fit.requests == {"sample_weight": True}
        assert sklearn.clone(plain).get_metadata_routing().score.requests == {"sample_weight": True}
        unasked = make_pipeline(scaler, SoftmaxRegression(**QUICK))
        with pytest.raises(sklearn.exceptions.UnsetMetadataPassedError, match="sample_weight"):
            unasked.fit(X, y, sample_weight=weight)
    chunks = SoftmaxRegression(solver="sgd", l2=0).set_partial_fit_request(sample_weight="w")
    assert sklearn.clone(chunks).get_metadata_routing().partial_fit.requests == {"sample_weight": "w"}
    with pytest.raises(ValueError, match="sample_weight=3 should be True, False, None or the name"):
        plain.set_fit_request(sample_weight=3)


# --- saving -----------------------------------------------------------------------------------------------


def test_saving_is_a_method_and_a_public_function(tmp_path, noisy_gaussians):
    X, y, _ = noisy_gaussians
    path = tmp_path / "model.npz"
    model = RobustSoftmaxRegression(TransitionMatrix(T, classes=NAMES), **QUICK).fit(X, NAMES[y])
    model.save(path)
    for loaded in (RobustSoftmaxRegression.load(path), scratchnoise.load(path)):
        np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))
        assert loaded.T == model.T and loaded.T.classes == list(NAMES)
    with pytest.raises(
        TypeError, match=r"holds a RobustSoftmaxRegression, not a SoftmaxRegression; use scratchnoise.load"
    ):
        SoftmaxRegression.load(path)


@pytest.mark.parametrize("name", ["TransitionMatrix", "ReLU", "Network", "CrossEntropy"])
def test_only_models_are_loaded(name, tmp_path):
    assert name in KNOWN
    text = f'{{"format": "{FORMAT}", "model": {{"class": "{name}", "state": {{}}}}}}'
    np.savez(tmp_path / "part.npz", description=np.array(text))
    with pytest.raises(
        ValueError, match=f"is not a model written by scratchnoise.*describes a {name}, which is no model"
    ):
        scratchnoise.load(tmp_path / "part.npz")


# --- missing values ---------------------------------------------------------------------------------------


def test_a_missing_value_is_named_by_row_and_column():
    frame = pd.DataFrame({"age": [1.0, 2.0, 3.0, 4.0], "size": [1.0, 2.0, np.nan, 4.0]})
    message = r"X contains NaN or infinity; remove or impute these values \(the first: row 2, column 'size'\)"
    nullable = frame.assign(size=pd.array([1, 2, None, 4], "Int64"), age=pd.array([1, 2, 3, 4], "Int64"))
    for X in (frame, nullable):
        with pytest.raises(ValueError, match=message):
            SoftmaxRegression().fit(X, [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"the first: row 2, column 1\)"):
        SoftmaxRegression().fit(frame.to_numpy(), [0, 1, 0, 1])
