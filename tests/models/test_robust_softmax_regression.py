"""Robust softmax regression: T in its right orientation, clean posteriors out, and the flip rates it can learn."""

import numpy as np
import pytest

from scratchnoise.kernels import numpy_table
from scratchnoise.models import RobustSoftmaxRegression, SoftmaxRegression
from scratchnoise.noise import corrupt
from scratchnoise.transition import TransitionMatrix

SGD = {"solver": "sgd", "l2": 0, "tol": 3e-6, "random_state": 0}


def model(T=None, **settings):
    return RobustSoftmaxRegression(T, **{"backend": "numpy", "max_iter": 60, **SGD, **settings})


def log_likelihood(fitted, T, X, y_noisy):
    return np.log((fitted.predict_proba(X) @ T.T)[np.arange(len(y_noisy)), y_noisy]).mean()


def test_without_noise_it_is_softmax_regression(gaussians):
    X, y = gaussians
    plain = SoftmaxRegression(max_iter=5, backend="numpy", **SGD).fit(X, y)
    np.testing.assert_allclose(model(np.eye(3), max_iter=5).fit(X, y).coef_, plain.coef_)


def test_it_predicts_clean_labels_and_the_transposed_matrix_does_worse(noisy_gaussians, T):
    X, y_noisy, y = noisy_gaussians
    robust, plain = (model(A).fit(X, y_noisy) for A in (T, np.eye(3)))
    transposed = model(T.T / T.sum(axis=1)).fit(X, y_noisy)
    clean = model(np.eye(3)).fit(X, y)  # what clean labels would have taught: 0.91
    assert robust.score(X, y) > clean.score(X, y) - 0.015 > plain.score(X, y)
    truth = clean.predict_proba(X)
    errors = [abs(fitted.predict_proba(X) - truth).mean() for fitted in (robust, transposed, plain)]
    assert errors[0] < 0.05 and errors[0] < min(errors[1:]) / 2
    assert log_likelihood(robust, T, X, y_noisy) > log_likelihood(transposed, T.T / T.sum(axis=1), X, y_noisy)


def test_the_settings_of_the_report(noisy_gaussians, T):
    X, y_noisy, y = noisy_gaussians
    fitted = model(T, max_iter=1000, max_steps=250).fit(X, y_noisy)
    assert fitted.n_iter_ == 9 and fitted.score(X, y) > 0.87  # thirty batches a pass; clean labels give 0.91


def test_learnt_flip_rates_recover_t_on_an_easy_problem(rng, T):
    y = rng.integers(3, size=4000)
    X = rng.normal(size=(4000, 2)) + 5 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    fitted = model(max_iter=100, batch_size=50).fit(X, corrupt(y, T, rng))
    assert abs(fitted.T_.array - T).max() < 0.05 < abs(fitted.T_.array - T.T).max()
    assert fitted.score(X, y) > 0.98


def test_learning_the_rates_raises_the_likelihood(noisy_gaussians):
    X, y_noisy, _ = noisy_gaussians
    losses = [row["loss"] for row in model(tol=0).fit(X, y_noisy).history_]
    fixed = [row["loss"] for row in model(0.5 * np.eye(3) + 0.5 / 3, tol=0).fit(X, y_noisy).history_]
    assert losses[0] == pytest.approx(fixed[0]) and losses[-1] < fixed[-1] and losses[-1] < losses[5] < losses[0]


def test_rows_and_columns_of_t_follow_the_sorted_classes(noisy_gaussians, T):
    X, y_noisy, _ = noisy_gaussians
    names, order = np.array(["cat", "ant", "bee"]), [1, 2, 0]  # the order of the names: ant, bee, cat
    renamed = model(T[np.ix_(order, order)]).fit(X, names[y_noisy])
    assert renamed.classes_.tolist() == ["ant", "bee", "cat"]
    np.testing.assert_allclose(renamed.predict_proba(X), model(T).fit(X, y_noisy).predict_proba(X)[:, order])
    np.testing.assert_allclose(renamed.T_, T[np.ix_(order, order)])


def test_zeros_in_t_are_allowed(noisy_gaussians):
    X, y_noisy, _ = noisy_gaussians
    never = np.array([[0.8, 0.0, 0.3], [0.2, 0.7, 0.0], [0.0, 0.3, 0.7]])
    assert np.isfinite(model(never).fit(X, y_noisy).coef_).all()


def test_the_kernel_gets_one_layout_of_t_however_it_was_learnt(gaussians, monkeypatch):
    """A compiled kernel is compiled anew for every layout that it meets, which takes seconds."""
    layouts, epoch = [], numpy_table.linear_sgd_epoch
    monkeypatch.setattr(
        numpy_table, "linear_sgd_epoch", lambda *args: (layouts.append(args[4].flags.c_contiguous), epoch(*args))[1]
    )
    model(max_iter=3, tol=0).fit(*gaussians)
    model(TransitionMatrix.from_rows(np.eye(3)), max_iter=1).fit(*gaussians)
    assert layouts == [True] * 4


def test_a_class_of_no_weight_teaches_nothing(gaussians):
    X, y = gaussians
    weighted = model().fit(X, y, sample_weight=y > 0)  # once gamma calls label 0 impossible, its loss is infinite
    np.testing.assert_allclose(weighted.T_.array[0], [1, 0, 0], atol=1e-12)  # no label speaks of it: as without noise
    assert np.isfinite(weighted.coef_).all() and weighted.classes_.tolist() == [0, 1, 2]
    assert (weighted.predict(X[y > 0]) > 0).mean() > 0.95


def test_the_flat_start_is_refused(gaussians):
    with pytest.raises(ValueError, match="flip_start=1 should be below 1: equal rows of gamma never change"):
        model(flip_start=1).fit(*gaussians)
    with pytest.raises(ValueError, match="flip_start=-0.1 should be a number of at least 0"):
        model(flip_start=-0.1).fit(*gaussians)
