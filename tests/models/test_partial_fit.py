"""partial_fit: chunks teach nearly what `fit` finds, and a chunk that cannot be learnt from changes nothing."""

import warnings

import numpy as np
import profiles
import pytest
from sklearn.utils.estimator_checks import check_estimator

from scratchnoise import TransitionMatrix
from scratchnoise.models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression

SETTINGS = {"solver": "sgd", "l2": 0.01, "learning_rate": 0.3, "random_state": 0, "backend": "numpy"}


def stream(model, X, y, passes=30, chunks=6, **more):
    """`model` after shuffled chunks of the data, each met once a pass."""
    rng = np.random.default_rng(1)
    for _ in range(passes):
        for chunk in np.array_split(rng.permutation(len(X)), chunks):
            model.partial_fit(X[chunk], y[chunk], **{"classes": np.unique(y)} | more)
    return model


def distance(model, X, y, whole):
    return abs(stream(model, X, y).predict_proba(X) - whole.predict_proba(X)).max()


# --- what is learnt ---------------------------------------------------------------------------------------


class StartsAgain(SoftmaxRegression):
    """Each chunk begins at zeros, so that the last chunk decides."""

    def _one_pass(self, X, y, weight):
        self._start_from_zeros(X)
        super()._one_pass(X, y, weight)


class ForgetsT(RobustSoftmaxRegression):
    """The chunks are learnt from as if their labels were clean."""

    def _transition_before(self, call):
        return np.eye(len(self.classes_))


@pytest.mark.parametrize(
    ("cls", "mutant", "learns_noise"),
    [(SoftmaxRegression, StartsAgain, False), (RobustSoftmaxRegression, ForgetsT, True)],
)
def test_chunks_approach_fit(cls, mutant, learns_noise, noisy_gaussians, T):
    X, y, _ = noisy_gaussians
    X = (X - X.mean(axis=0)) / X.std(axis=0)  # L-BFGS penalises the weights of such features
    settings = SETTINGS | ({"T": T} if learns_noise else {})
    whole = cls(**settings | {"solver": "lbfgs"}).fit(X, y)
    assert distance(cls(decay=0.05, **settings), X, y, whole) < 0.04
    assert distance(mutant(decay=0.05, **settings), X, y, whole) > 0.1


def test_one_call_is_the_first_pass_of_fit(gaussians):
    X, y = gaussians
    once = SoftmaxRegression(**SETTINGS).partial_fit(X, y, [0, 1, 2])
    with pytest.warns(UserWarning, match="made max_iter=1 passes"):
        fitted = SoftmaxRegression(max_iter=1, **SETTINGS).fit(X, y)
    np.testing.assert_array_equal(once.coef_, fitted.coef_)
    assert once.history_ == fitted.history_ and once.n_iter_ == 1 and not once.converged_


class Eq19OnTheChunk(RobustSoftmaxRegression):
    """The update of `fit` on one chunk: a label that the chunk lacks is never possible again."""

    def _learn_transition_from(self, p, y, weight, T, call):
        joint = p * T[y]
        counts = np.zeros_like(T)
        np.add.at(counts, y, joint / joint.sum(axis=1, keepdims=True))
        self.T_ = TransitionMatrix(counts / counts.sum(axis=0))


def chunk_by_chunk_sorted(model, X, y):
    order = np.argsort(y, kind="stable")
    return stream(model, X[order], y[order], passes=1, chunks=1).partial_fit(X[y == 0], y[y == 0])


def test_learnt_flip_rates_approach_the_truth_and_no_label_becomes_impossible(noisy_gaussians, T):
    X, y, clean = noisy_gaussians
    model = stream(RobustSoftmaxRegression(decay=0.05, **SETTINGS), X, y)
    assert abs(np.asarray(model.T_) - T).max() < 0.15 < abs(np.eye(3) - T).max()
    assert model.score(X, clean) > 0.87
    right, wrong = (
        np.asarray(chunk_by_chunk_sorted(c(**SETTINGS), X, y).T_) for c in (RobustSoftmaxRegression, Eq19OnTheChunk)
    )
    assert right.min() > 0.01 and wrong.min() == 0


class ScalesEachChunk(SoftmaxRegression):
    """Weights of mean 1 in every chunk, as in `fit`: a chunk of weight 2 counts like one of weight 1."""

    def _one_pass(self, X, y, weight):
        super()._one_pass(X, y, weight / weight.mean())


def test_a_weight_counts_the_same_in_every_chunk(gaussians):
    """From zeros, one step on weight 2 is twice the step on weight 1."""
    X, y = gaussians
    settings = SETTINGS | {"l2": 0, "batch_size": 600}
    for cls, factor in ((SoftmaxRegression, 2), (ScalesEachChunk, 1)):
        one = cls(**settings).partial_fit(X, y, [0, 1, 2])
        two = cls(**settings).partial_fit(X, y, [0, 1, 2], sample_weight=np.full(600, 2.0))
        by_class = cls(class_weight={0: 2, 1: 2, 2: 2}, **settings).partial_fit(X, y, [0, 1, 2])
        np.testing.assert_allclose(two.coef_, factor * one.coef_)
        np.testing.assert_array_equal(by_class.coef_, two.coef_)


def test_it_goes_on_where_fit_ended_and_from_a_file(gaussians, tmp_path):
    X, y = gaussians
    model = SoftmaxRegression(**SETTINGS | {"solver": "lbfgs"}).fit(X, y).set_params(solver="sgd", learning_rate=1e-6)
    before, steps = model.coef_.copy(), model.n_iter_
    model.partial_fit(X[:50], y[:50])
    np.testing.assert_allclose(model.coef_, before, atol=1e-4)
    assert model.n_iter_ == steps + 1 and model.class_count_.sum() == 650
    model.save(tmp_path / "model.npz")
    restored = SoftmaxRegression.load(tmp_path / "model.npz").partial_fit(X[50:], y[50:])
    np.testing.assert_array_equal(restored.coef_, model.partial_fit(X[50:], y[50:]).coef_)


def test_a_chunk_may_hold_one_label_and_labels_may_be_texts(gaussians):
    X, names = gaussians[0], np.array(["ant", "bee", "cat"])[gaussians[1]]
    model = SoftmaxRegression(classes=["cat", "bee", "ant"], **SETTINGS)
    for label in np.tile(["ant", "bee", "cat"], 20):
        model.partial_fit(X[names == label], names[names == label])
    assert model.classes_.tolist() == ["ant", "bee", "cat"] and model.score(X, names) > 0.9


# --- what is refused --------------------------------------------------------------------------------------


REFUSED = [
    ({}, {"y": [0, 1, 7] * 4}, r"classes=\[0, 1, 2\] lacks labels that y has: \[7\]"),
    ({}, {"classes": [0, 1]}, r"classes=\[0, 1\] is not the same as on last call .*\[0, 1, 2\]"),
    ({}, {"classes": [0, 0, 1]}, "classes=.* should name each label once"),
    ({}, {"X": np.ones((12, 3))}, "X has 3 features"),
    ({}, {"X": np.full((12, 4), np.nan)}, "X contains NaN"),
    ({}, {"sample_weight": -np.ones(12)}, "sample_weight should be finite and not negative"),
    ({}, {"sample_weight": np.zeros(12)}, "sample_weight is zero everywhere"),
    ({"l2": "auto"}, {}, "l2='auto' needs all samples; partial_fit needs a number"),
    ({"averaging": True}, {}, "averaging=True is a mean over the passes of fit"),
    ({"class_weight": "balanced"}, {}, "class_weight='balanced' needs all samples"),
    ({"class_weight": {"z": 2}}, {}, "class_weight has labels that are no classes"),
    ({"T": "estimate"}, {}, "T='estimate' needs all samples; partial_fit needs a matrix"),
    ({"T": np.eye(2)}, {}, "T is 2 x 2, but there are 3 classes"),
]


@pytest.mark.parametrize(("settings", "wrong", "message"), REFUSED)
def test_what_cannot_be_learnt_from_changes_nothing(settings, wrong, message, gaussians):
    X, y = gaussians[0][:12], np.arange(12) % 3
    model = RobustSoftmaxRegression(**SETTINGS).partial_fit(X, y, classes=[0, 1, 2]).set_params(**settings)
    before = dict(vars(model))
    with pytest.raises(ValueError, match=message):
        model.partial_fit(**{"X": X, "y": y} | wrong)
    assert vars(model) == before


def test_a_pass_that_diverges_changes_nothing(gaussians):
    X, y = gaussians
    model = SoftmaxRegression(**SETTINGS).partial_fit(X, y, [0, 1, 2])
    before = dict(vars(model))
    with warnings.catch_warnings(), pytest.raises(ArithmeticError, match="no longer finite"):
        warnings.simplefilter("ignore")
        model.partial_fit(1e300 * X, y)
    assert vars(model) == before


def test_the_first_call_needs_classes_and_warns_of_long_steps(gaussians):
    X, y = gaussians
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        SoftmaxRegression(**SETTINGS).partial_fit(X, y)
    with pytest.warns(UserWarning, match="steps that are .* times too long") as caught:
        SoftmaxRegression(**SETTINGS).partial_fit(100 * X, y, [0, 1, 2])
    assert caught[0].filename == __file__


def test_only_sgd_has_it(gaussians):
    with pytest.raises(AttributeError, match=r"with solver='lbfgs' has no partial_fit.*set solver='sgd'"):
        SoftmaxRegression().partial_fit(*gaussians)
    assert not any(hasattr(m, "partial_fit") for m in (FlipCorrected(SoftmaxRegression(**SETTINGS)), NeuralNetwork()))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cls", profiles.thinned([SoftmaxRegression, RobustSoftmaxRegression]))
def test_scikit_learn_checks_it(cls):
    results = check_estimator(cls(solver="sgd", l2=0, max_iter=200), on_fail=None, on_skip=None)
    about = [r for r in results if "partial_fit" in r["check_name"] or "n_features" in r["check_name"]]
    assert len(about) >= 2
    assert [(r["check_name"], r["exception"]) for r in about if r["status"] == "failed"] == []
