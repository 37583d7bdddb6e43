"""TransitionMatrix: what it accepts, what it refuses, and every number it gives against its definition."""

import copy
import pickle
import warnings

import numpy as np
import pytest

from scratchnoise.noise import MNIST05, MNIST06
from scratchnoise.transition import (
    IllConditionedTransitionWarning,
    SingularTransitionError,
    TransitionMatrix,
    as_transition,
)

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])  # neither symmetric nor doubly stochastic
PRIOR = np.array([0.5, 0.2, 0.3])
NOT_ROW_DOMINANT = [[0.50, 0.10, 0.55], [0.30, 0.60, 0.0], [0.20, 0.30, 0.45]]


def entropy(p):
    p = p[p > 0]
    return -(p * np.log(p)).sum()


# --- what goes in and comes out ---------------------------------------------------------------------------


@pytest.mark.parametrize("form", [np.asarray, np.asfortranarray, np.ndarray.tolist, np.float32, TransitionMatrix])
def test_any_array_like_becomes_a_read_only_float64_array(form):
    array = np.asarray(TransitionMatrix(form(T)))
    np.testing.assert_allclose(array, T, atol=1e-7)
    assert array.dtype == np.float64 and array.flags.c_contiguous
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1


def test_rounding_in_the_columns_is_removed():
    rounded = np.round(T / 3, 7) * 3
    assert abs(rounded.sum(axis=0) - 1).max() > 1e-8
    np.testing.assert_allclose(np.asarray(TransitionMatrix(rounded)).sum(axis=0), 1, atol=1e-15)


def test_from_rows_takes_the_other_orientation():
    gamma = TransitionMatrix.from_rows(T.T)
    assert gamma == TransitionMatrix(T) and gamma != TransitionMatrix(MNIST05)
    np.testing.assert_allclose(gamma.gamma, T.T)
    assert gamma.array.flags.c_contiguous


def test_it_is_shown_with_three_decimals_and_its_rows_aligned():
    shown = repr(TransitionMatrix([[2 / 3, 0.1], [1 / 3, 0.9]]))
    assert shown == "TransitionMatrix([[0.667, 0.1  ],\n                  [0.333, 0.9  ]])"


def test_asarray_converts_and_copies_as_numpy_wants():
    matrix = TransitionMatrix(T)
    assert np.asarray(matrix, dtype=np.float32).dtype == np.float32
    assert np.asarray(matrix) is matrix.array
    assert np.array(matrix).flags.writeable
    with pytest.raises(ValueError, match="without a copy"):
        matrix.__array__(np.float32, copy=False)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda matrix: pickle.loads(pickle.dumps(matrix))])
def test_copies_are_equal_hash_alike_and_are_read_only(copied):
    matrix = TransitionMatrix(T, {"method": "by hand"})
    assert copied(matrix) == matrix and hash(copied(matrix)) == hash(matrix)
    with pytest.raises(ValueError, match="read-only"):
        copied(matrix).array[0, 0] = 1
    assert copied(matrix).diagnostics == {"method": "by hand"}


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (T.T, r"columns that sum to \[1.1 1.1 0.8\]; its rows do.*use TransitionMatrix.from_rows\(T\)"),
        (T / 2, r"columns that sum to \[0.5 0.5 0.5\]; each column should sum to 1"),
        ([[1.1, 0.0], [-0.1, 1.0]], r"entries from -0.1 to 1.1; they should lie in \[0, 1\]"),
        ([[0.6, 0, 0], [0.6, 1, 0], [-0.2, 0, 1]], r"entries from -0.2 to 1; they should lie in \[0, 1\]"),
        ([[1.004, 0], [0, 1]], r"entries from 0 to 1.004; they should lie in \[0, 1\]"),
        (T * np.nan, "entries that are not finite"),
        (T[:2], r"shape \(2, 3\); it should be square"),
        (T[:, :2], r"shape \(3, 2\); it should be square"),  # its columns do sum to 1
        (T[0], r"shape \(3,\); it should be square"),
        ([[1.0]], "C x C with C >= 2"),
        ([[1, 0], [1]], "T should be an array of numbers"),
        ("annex", "T should be an array of numbers"),
    ],
)
def test_what_is_no_transition_matrix_is_refused(array, message):
    with pytest.raises(ValueError, match=message):
        TransitionMatrix(array)


def test_from_rows_does_not_send_in_circles():
    with pytest.raises(ValueError, match=r"gamma has columns that sum to 1, not rows; if it is T, use TransitionMatr"):
        TransitionMatrix.from_rows(T)


def test_where_both_orientations_are_near_enough_the_exact_one_is_meant():
    by_rows = np.array([[0.702, 0.298], [0.3, 0.7]])  # columns sum to 1.002 and 0.998
    with pytest.raises(ValueError, match="its rows do"):
        TransitionMatrix(by_rows)
    with pytest.raises(ValueError, match="columns"):
        TransitionMatrix.from_rows(by_rows.T)
    np.testing.assert_allclose(TransitionMatrix.from_rows(by_rows), TransitionMatrix(by_rows.T))
    rounded = np.array([[0.702, 0.299], [0.3, 0.7]])  # neither is exact, so nothing speaks against it
    assert TransitionMatrix(rounded).array.shape == TransitionMatrix.from_rows(rounded).array.shape == (2, 2)


def test_from_rows_speaks_of_rows_of_a_matrix_alone():
    with pytest.raises(ValueError, match=r"T has shape \(3, 3, 2\); it should be square"):
        TransitionMatrix.from_rows(np.full((2, 3, 3), 0.5))  # its sums along the first axis are 1, along the next not


def test_the_size_is_compared_with_the_number_of_classes():
    assert as_transition(T, 3) == TransitionMatrix(T)
    with pytest.raises(ValueError, match="T is 3 x 3, but there are 4 classes; it should be 4 x 4"):
        as_transition(T, 4)


# --- inverse and diagnostics ------------------------------------------------------------------------------


def test_the_inverse_is_one_and_warns_of_nothing_here():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(TransitionMatrix(T).inverse() @ T, np.eye(3), atol=1e-14)


@pytest.mark.parametrize(
    "array",
    [
        [[0.5, 0.2, 0.5], [0.3, 0.6, 0.3], [0.2, 0.2, 0.2]],
        [[0.8, 0.0, 0.6], [0.2, 0.4, 0.25], [0.0, 0.6, 0.15]],  # the last is 3/4 of the first and 1/4 of the second
        [[0.2, 0.45, 0.325], [0.35, 0.2, 0.275], [0.45, 0.35, 0.4]],  # the largest cosine is not the largest product
    ],
)
def test_a_matrix_without_inverse_names_two_classes(array):
    matrix = TransitionMatrix(array)
    assert matrix.singular and matrix.cond > 1e15
    with pytest.raises(SingularTransitionError, match="T has no inverse.*Columns 0 and 2 are the closest"):
        matrix.inverse()


def test_a_bad_condition_number_warns():
    nearly_flat = 0.02 * np.eye(3) + 0.98 / 3
    assert TransitionMatrix(nearly_flat).cond == pytest.approx(50)
    with pytest.warns(IllConditionedTransitionWarning, match="condition number 50.*prefer the forward loss"):
        TransitionMatrix(nearly_flat).inverse()


@pytest.mark.parametrize(("condition", "warns"), [(19.5, False), (20.5, True)])
def test_it_warns_from_a_condition_number_of_20(condition, warns):
    matrix = TransitionMatrix(np.eye(3) / condition + (1 - 1 / condition) / 3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        matrix.inverse()
    assert bool(caught) == warns


def test_the_condition_number_is_numpys():
    assert TransitionMatrix([[1, 1], [0, 0]]).cond == np.inf  # the second singular value is 0 exactly
    assert TransitionMatrix(T).cond == pytest.approx(np.linalg.cond(T))
    assert TransitionMatrix(np.full((2, 2), 0.5)).cond > 1e15


def test_no_posterior_gets_below_the_noise_floor():
    floor = TransitionMatrix(T).noise_floor
    assert floor == pytest.approx(min(entropy(column) for column in T.T))
    posteriors = np.random.default_rng(0).dirichlet(np.full(3, 0.2), 500)
    assert min(entropy(T @ p) for p in posteriors) >= floor
    assert str(TransitionMatrix(np.eye(3)).noise_floor) == "0.0"


def test_information_fraction_is_a_ratio_of_fisher_informations():
    assert TransitionMatrix(np.eye(4)).information_fraction == pytest.approx(1)
    assert MNIST05.information_fraction == pytest.approx(0.07)  # |eigenvalue|^2 of a circulant
    assert MNIST06.information_fraction == pytest.approx(0.01)

    def information(A):  # sum_i |grad log q_i|^2 q_i at z = 0, by central differences in each logit
        q, step = A @ np.full(3, 1 / 3), 1e-6
        softmax = [np.exp(s) / np.exp(s).sum() for s in np.concatenate([step * np.eye(3), -step * np.eye(3)])]
        slopes = [A @ (up - down) / (2 * step) for up, down in zip(softmax[:3], softmax[3:], strict=True)]
        return sum((slope**2 / q).sum() for slope in slopes)

    assert TransitionMatrix(T).information_fraction == pytest.approx(information(T) / information(np.eye(3)))


def test_directions_lose_information_unequally():
    """A mean of 11 % that hides a direction with 0.1 %: two classes that are nearly confused."""
    nearly_confused = TransitionMatrix([[0.98, 0.5, 0.5], [0.01, 0.26, 0.24], [0.01, 0.24, 0.26]])
    least, most = nearly_confused.information_fractions()
    assert nearly_confused.information_fraction == pytest.approx((least + most) / 2) == pytest.approx(0.1145, abs=1e-4)
    assert least == pytest.approx(0.0008, abs=1e-4) and most == pytest.approx(0.228, abs=1e-3)


def test_information_at_uniform_p_is_no_bound():
    rng, best = np.random.default_rng(0), {}
    for name, matrix in {"(38)": MNIST05, "(39)": MNIST06}.items():
        best[name] = max(matrix.information_fractions(p).max() for p in rng.dirichlet(np.ones(3), 2000))
        assert best[name] > 1.2 * matrix.information_fraction
    assert MNIST05.information_fractions([0.98, 0.01, 0.01]).max() < MNIST05.information_fraction


def test_information_needs_every_class():
    with pytest.raises(ValueError, match=r"p=.* should have positive entries"):
        MNIST05.information_fractions([0.5, 0.5, 0])


def test_a_label_that_never_occurs_carries_no_information():
    never = TransitionMatrix([[0.5, 0.4, 0.1], [0.5, 0.6, 0.9], [0, 0, 0]])
    assert 0 < never.information_fraction < 1
    two_of_four = TransitionMatrix(
        [[1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    )  # a sharp label of 2 classes
    np.testing.assert_allclose(two_of_four.information_fractions(), [0, 0, 1], atol=1e-12)
    assert two_of_four.information_fraction == pytest.approx(1 / 3)


def test_row_dominance_is_about_rows():
    assert TransitionMatrix(T).row_dominant
    assert not TransitionMatrix(NOT_ROW_DOMINANT).row_dominant
    assert not TransitionMatrix([[0.5, 0.5], [0.5, 0.5]]).row_dominant  # equal is not larger
    column_dominant = np.diag(NOT_ROW_DOMINANT) > (np.array(NOT_ROW_DOMINANT) - np.diag([1, 1, 1])).max(axis=0)
    assert column_dominant[:2].all()  # so the two conditions do differ


# --- Bayes ------------------------------------------------------------------------------------------------


def test_inverse_transition_is_bayes_rule():
    joint = T * PRIOR  # P(noisy = i, true = j)
    bayes = (joint / joint.sum(axis=1, keepdims=True)).T
    np.testing.assert_allclose(TransitionMatrix(T).inverse_transition(PRIOR), bayes)
    np.testing.assert_allclose(TransitionMatrix(T).noisy_prior(PRIOR), joint.sum(axis=1))


def test_a_uniform_prior_makes_q_the_transpose_only_of_a_doubly_stochastic_matrix():
    uniform = np.full(3, 1 / 3)
    np.testing.assert_allclose(MNIST05.inverse_transition(uniform), MNIST05.array.T)
    assert abs(TransitionMatrix(T).inverse_transition(uniform) - T.T).max() > 0.1


@pytest.mark.parametrize("prior", [[0.5, 0.5], [0.5, 0.6, -0.1], [0.5, 0.5, 0.5], [np.nan, 0.5, 0.5]])
def test_a_prior_that_is_none_is_refused(prior):
    with pytest.raises(ValueError, match="prior is .*; it should be 3 probabilities that sum to 1"):
        TransitionMatrix(T).inverse_transition(prior)


def test_q_needs_every_noisy_label():
    with pytest.raises(ValueError, match=r"gives the noisy labels \[2\] no probability"):
        TransitionMatrix(np.eye(3)).inverse_transition([0.5, 0.5, 0])


def test_entries_outside_by_rounding_alone_are_clipped():
    found = TransitionMatrix([[1 + 5e-10, -5e-10], [0, 1]]).array
    np.testing.assert_array_equal(found, np.eye(2))
    for wrong in ([[1 + 1e-8, 0], [0, 1]], [[1, -1e-8], [0, 1]]):
        with pytest.raises(ValueError, match="they should lie in"):
            TransitionMatrix(wrong)


@pytest.mark.parametrize("dtype", [np.float32, complex, int])
def test_another_type_needs_a_copy(dtype):
    matrix = TransitionMatrix(T)
    assert matrix.__array__(dtype).dtype == dtype and matrix.__array__(np.float64, copy=False).dtype == np.float64
    with pytest.raises(ValueError, match="it cannot become .* without a copy"):
        matrix.__array__(dtype, copy=False)
