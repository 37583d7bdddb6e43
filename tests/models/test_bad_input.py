"""Every way to pass nonsense: the error names the argument, what is wrong and what would be right; nothing is kept."""

import copy

import numpy as np
import pytest

from scratchnoise.backend import BackendError
from scratchnoise.models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.transition import SingularTransitionError

pytestmark = pytest.mark.usefixtures("reference_and_default_table")
T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
SEED = {"random_state": 0}
LINEAR = {
    "plain": SoftmaxRegression(max_iter=2, **SEED),
    "robust": RobustSoftmaxRegression(T, max_iter=2, **SEED),
    "flip": FlipCorrected(SoftmaxRegression(max_iter=2, **SEED), T=T),
}
MODELS = {**LINEAR, "network": NeuralNetwork("mlp", epochs=1, **SEED)}
TAKE_T = {
    "robust": lambda T: RobustSoftmaxRegression(T, max_iter=2, **SEED),
    "flip": lambda T: FlipCorrected(SoftmaxRegression(max_iter=2, **SEED), T=T),
    "forward": lambda T: NeuralNetwork("mlp", loss="forward", T=T, epochs=1, **SEED),
    "backward": lambda T: NeuralNetwork("mlp", loss="backward", T=T, epochs=1, **SEED),
}
X = np.random.default_rng(0).normal(size=(12, 4))
Y = np.arange(12) % 3


def changed(array, value):
    array = array.astype(float)
    array[5] = value
    return array


def fresh(model):
    return type(model)(**copy.deepcopy(model.get_params(deep=False)))


def refused(model, message, X=X, y=Y, error=ValueError, **more):
    """`fit` raises; the model is as it was before, both when it was new and when it had learnt something."""
    model = fresh(model)
    before = dict(vars(model))
    with pytest.raises(error, match=message):
        model.fit(X, y, **more)
    assert vars(model) == before
    return True


# --- data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (changed(X, np.nan), "X contains NaN or infinity; remove or impute these values"),
        (changed(X, np.inf), "X contains NaN or infinity"),
        (X[:0], r"X has 0 sample\(s\).*a minimum of 1 is required"),
        (X[:, :0], r"X has 0 feature\(s\).*a minimum of 1 is required"),
        (X[:, 0], r"X has shape \(12,\); it should be \(N, D\).*X.reshape\(-1, 1\)"),
        (X[None, None, None], r"X has shape \(1, 1, 1, 12, 4\); it should be"),
        (X[:-1], "X has 11 samples but y has 12 labels; they should have the same number"),
        (X + 1j, "X holds complex numbers"),
        (np.ma.masked_greater(X, 1), r"X has \d+ masked value\(s\); fill or remove them: X.filled"),
        (X.astype("M8[s]"), r"X should hold numbers: it holds datetime64\[s\]"),
        (np.full((12, 4), "a"), "X should hold numbers: could not convert string to float"),
    ],
)
def test_samples(model, X, message):
    assert refused(model, message, X=X)


@pytest.mark.parametrize("model", LINEAR.values(), ids=LINEAR)
def test_images_for_a_linear_model(model):
    assert refused(model, r"X has shape \(12, 2, 2\); it should be \(N, D\).*X.reshape\(len\(X\), -1\) for images",
                   X=X.reshape(12, 2, 2))  # fmt: skip


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (Y[:-1], "X has 12 samples but y has 11 labels; they should have the same number"),
        (np.ma.masked_equal(Y, 2), r"y has 4 masked value\(s\); fill or remove them"),
        (Y + 1j, "y holds complex128, which has no order"),
        (changed(Y, 1).astype(object) * np.array([1.0] * 11 + [np.nan]), "y has a missing label at index 11, nan"),
        (np.array(["2020", "2021", "NaT"] * 4, "M8[Y]"), "y has a missing label at index 2"),
        (["a", "b", np.nan] * 4, "y has a missing label at index 2, nan"),
        ([frozenset("a"), frozenset("b")] * 6, "y holds labels of different kinds, which have no order"),
        (Y[:0], "X has 12 samples but y has 0 labels"),
        (0 * Y, "y holds one class only, 0; a classifier needs at least two classes"),
        (np.full(12, "cat"), "y holds one class only, 'cat'"),
        (Y + 0.5, "Unknown label type: continuous. y should hold class labels"),
        (changed(Y, np.nan), "y contains NaN or infinity; labels should be finite"),
        (np.array([0, "a", 1] * 4, dtype=object), "y holds labels of different kinds, which have no order"),
        (np.array(["b", "a", None] * 4, dtype=object), "y has a missing label at index 2, None"),
        (np.eye(3)[Y], r"y has shape \(12, 3\); bad input shape, it should be one label per sample, \(N,\)"),
        (3, r"y has shape \(\); bad input shape"),
        (None, "fit requires y to be passed, but the target y is None"),
    ],
)
def test_labels(model, y, message):
    assert refused(model, message, y=y)


@pytest.mark.parametrize("model", [MODELS[name] for name in ("plain", "robust", "network")])
@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(11), r"sample_weight has shape \(11,\); it should be one weight per sample, \(12,\)"),
        (-np.ones(12), "sample_weight should be finite and not negative"),
        (np.full(12, np.nan), "sample_weight should be finite"),
        (np.full(12, "a"), "sample_weight should be an array of numbers"),
        (np.ones(12) + 1j, "sample_weight should be an array of numbers"),
        (np.ma.masked_equal(np.arange(12.0), 3), r"sample_weight has 1 masked value\(s\)"),
        (np.zeros(12), "sample_weight is zero for all but one class, or everywhere"),
        ((Y == 1) * 1.0, "sample_weight is zero for all but one class"),
    ],
)
def test_weights(model, weight, message):
    assert refused(model, message, sample_weight=weight)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_what_a_fitted_model_is_asked(model):
    fitted = fresh(model).fit(X, Y)
    with pytest.raises(ValueError, match=f"X has 3 features, but {type(model).__name__} is expecting 4 features"):
        fitted.predict(X[:, :3])
    with pytest.raises(ValueError, match="X contains NaN or infinity"):
        fitted.predict_proba(changed(X, np.nan))
    with pytest.raises(ValueError, match="X has 12 samples but y has 1 labels"):
        fitted.score(X, [0])
    with pytest.raises(ValueError, match=r"y has labels of another kind than fit saw: \['0', .*; it saw \[0, 1, 2\]"):
        fitted.score(X, Y.astype(str))
    for weight in (-np.ones(12), np.ones(3), np.full(12, np.nan), np.zeros(12), np.full(12, "a")):
        with pytest.raises(ValueError, match="^sample_weight "):
            fitted.score(X, Y, weight)
    assert fitted.score(X, Y, [0] * 11 + [2]) in (0, 1)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_a_fit_that_fails_leaves_what_was_learnt(model):
    fitted = fresh(model).fit(X, Y)
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match="one class only"):
        fitted.fit(X[:, :2], 0 * Y)
    fitted.set_params(**{"estimator__tol" if isinstance(model, FlipCorrected) else "random_state": -1})
    with pytest.raises(ValueError, match="tol|non-negative"):
        fitted.fit(X[:, :2], np.array(["a", "b", "c"])[Y])
    assert fitted.classes_.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(fitted.predict_proba(X), before)


# --- T ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", TAKE_T.values(), ids=TAKE_T)
@pytest.mark.parametrize(
    ("T", "message"),
    [
        (T.T, r"T has columns that sum to .*; its rows do.*use TransitionMatrix.from_rows\(T\)"),
        (T / 2, "each column should sum to 1"),
        (T - [[0.8, 0, 0], [-0.8, 0, 0], [0, 0, 0]], r"T has entries from -0.1 to 1; they should lie in \[0, 1\]"),
        (T * np.nan, "T has entries that are not finite"),
        ([[0.9, 0.2], [0.1, 0.8]], "T is 2 x 2, but there are 3 classes; it should be 3 x 3"),
        (T[:2], r"T has shape \(2, 3\); it should be square"),
        ([[1, 0, 0], [0, 1]], "T should be an array of numbers"),
        ([[0.5, 0.4, 0.1], [0.5, 0.6, 0.9], [0, 0, 0]], r"T has rows of zeros, so the labels \[2\] never occur, but y"),
    ],
)
def test_transition_matrices(make, T, message):
    assert refused(make(T), message)


@pytest.mark.parametrize("name", ["flip", "backward"])
def test_a_matrix_without_inverse_where_one_is_needed(name):
    same = np.array([[0.5, 0.5, 0.2], [0.3, 0.3, 0.2], [0.2, 0.2, 0.6]])
    message = "T has no inverse.*Columns 0 and 1 are the closest: merge the two classes, or use a forward loss"
    assert refused(TAKE_T[name](same), message, error=SingularTransitionError)
    assert TAKE_T["forward"](same).fit(X, Y).classes_.size == 3


# --- parameters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [MODELS["plain"], MODELS["robust"]])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0}, "learning_rate=0 should be a number above 0"),
        ({"learning_rate": "auto"}, "learning_rate='auto' should be a number above 0"),
        ({"batch_size": 10.0}, "batch_size=10.0 should be a whole number of at least 1"),
        ({"batch_size": -1}, "batch_size=-1 should be a whole number"),
        ({"max_iter": 0}, "max_iter=0 should be a whole number"),
        ({"max_steps": 2.5}, "max_steps=2.5 should be a whole number"),
        ({"tol": -1e-6}, "tol=-1e-06 should be a number of at least 0"),
        ({"l2": np.inf}, "l2=inf should be a number of at least 0"),
        ({"l2": True}, "l2=True should be a number of at least 0"),
        ({"batch_size": True}, "batch_size=True should be a whole number"),
        ({"learning_rate": np.nan}, "learning_rate=nan should be a number above 0"),
        ({"learning_rate": 10**400}, "learning_rate=1000.* should be a number above 0"),
        ({"random_state": 0.5}, "random_state=0.5 should be a numpy.random.Generator, or a seed"),
        ({"random_state": True}, "random_state=True should be a numpy.random.Generator, or a seed"),
    ],
)
def test_numbers(model, settings, message):
    assert refused(fresh(model).set_params(**settings), message)


@pytest.mark.parametrize("model", [MODELS[name] for name in ("plain", "robust", "network")])
def test_backends(model, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    message = r"backend='cuda_on_cpu' needs a C\+\+ compiler"
    assert refused(fresh(model).set_params(backend="cuda_on_cpu"), message, error=BackendError)
    assert refused(fresh(model).set_params(backend="nunba"), "backend='nunba' is unknown; did you mean 'numba'")


def test_images_smaller_than_the_kernel():
    images = np.zeros((12, 4, 4, 3))
    message = "Conv2d got images of 4 x 4, smaller than its 5 x 5 kernel; enlarge them or pad"
    assert refused(NeuralNetwork("annex", **SEED), message, X=images)
    message = r"Conv2d got inputs of shape \(4, 4\); it wants images \(H, W, K\)"
    assert refused(NeuralNetwork("annex", **SEED), message, X=images[..., 0])
