"""The checkers themselves: what they accept, what they refuse, and the text that a reader gets."""

import hypothesis
import numpy as np
import pytest

from scratchnoise.check import assert_close, check_backward, check_gradient, check_property, holds_for, strategies
from scratchnoise.check.gradcheck import relative_error
from scratchnoise.check.property import PROPERTIES


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# --- comparing -------------------------------------------------------------------------------------------


def test_close_arrays_pass():
    assert_close("x", [1.0, np.inf, 1e9], [1.0 + 1e-12, np.inf, 1e9 + 1e-3], 1e-10)


def test_the_message_names_the_first_wrong_entry():
    with pytest.raises(AssertionError) as caught:
        assert_close("q", [[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.5], [3.0, 5.0]], hint="mind the columns")
    first, hint, *rest = str(caught.value).split("\n")
    assert first == "q: entry [0, 1] should be 2.5, yours is 2; 2 of 4 entries differ"
    assert hint == "mind the columns" and rest[0] == "yours" and "expected" in rest


@pytest.mark.parametrize(
    ("yours", "expected", "message"),
    [
        (1.0, 2.0, "x should be 2, yours is 1"),
        ([1.0, np.nan], [1.0, 2.0], r"entry \[1\] should be 2, yours is nan"),
        ([1.0], [1.0, 2.0], r"x has shape \(1,\); it should be \(2,\)"),
        (1.0, 1.0 + 1e-9, "should be 1.0000000010000001, yours is 1"),
    ],
)
def test_messages(yours, expected, message):
    with pytest.raises(AssertionError, match=message):
        assert_close("x", yours, expected)


# --- gradients -------------------------------------------------------------------------------------------


def test_a_right_gradient_has_a_small_error(rng):
    x = rng.standard_normal((3, 2))
    assert check_gradient(lambda x: (x**3).sum(), lambda x: 3 * x**2, x, rng) < 1e-8


def test_a_wrong_entry_is_named(rng):
    def grad(x):
        g = 2 * x
        g[1] = 0.5
        return g

    with pytest.raises(AssertionError, match=r"grad: dx: entry \[1\] should be 4, yours is 0.5; 1 of 3 entries differ"):
        check_gradient(lambda x: (x**2).sum(), grad, np.array([1.0, 2.0, 3.0]), rng)


def test_softmax_backward_with_the_diagonal_alone(rng):
    """An example that can be followed on paper."""

    def softmax(z):
        return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)

    def softmax_backward(dy, z):
        p = softmax(z)
        return dy * p * (1 - p)

    with pytest.raises(AssertionError) as caught:
        check_backward(softmax, softmax_backward, (np.zeros((1, 2)),), rng, upstream=np.array([[0.0, 0.25]]))
    text = str(caught.value)
    assert text.startswith("softmax_backward: dz: entry [0, 0] should be -0.0625, yours is 0; 1 of 2 entries differ")
    assert "upstream dy\n[[0.   0.25]]" in text


def test_the_argument_that_is_wrong_is_named(rng):
    x, w = rng.standard_normal((3, 2)), rng.standard_normal((2, 4))
    with pytest.raises(AssertionError, match="product: dw: entry"):
        check_backward(lambda x, w: x @ w, lambda dy, x, w: (dy @ w.T, 2 * x.T @ dy), (x, w), rng, "product")


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda dy, x: (dy, dy), r"returned 2 gradients; it should return 1: dx"),
        (lambda dy, x: dy[:1], r"dx has shape \(1,\); it should be \(3,\), as x"),
        (lambda dy, x: dy * np.nan, r"entry \[0\] should be .*, yours is nan"),
        (lambda dy, x: dy * (1 + 1e-4), "3 of 3 entries differ"),
    ],
)
def test_what_is_refused(rng, backward, message):
    with pytest.raises(AssertionError, match=message):
        check_backward(lambda x: x, backward, (np.ones(3),), rng)


def test_float32_is_refused(rng):
    with pytest.raises(ValueError, match="x is float32; finite differences need float64"):
        check_gradient(np.sum, np.ones_like, np.ones(3, np.float32), rng)


def test_two_zeros_have_no_error():
    assert relative_error(0.0, 0.0) == 0
    assert relative_error(1.0, 0.0) == 1
    np.testing.assert_array_equal(relative_error(np.array([0.0, 1.0]), np.array([0.0, 3.0])), [0, 0.5])


# --- strategies ------------------------------------------------------------------------------------------


@hypothesis.given(strategies.transition_matrices(), strategies.transition_matrices(3, min_gap=0.3))
def test_transition_matrices_can_catch_a_transposed_one(T, clear):
    for matrix, gap in ((T, 0.05), (clear, 0.3)):
        np.testing.assert_allclose(matrix.sum(axis=0), 1)
        assert np.abs(matrix - matrix.T).max() > 1e-3 and np.abs(matrix.sum(axis=1) - 1).max() > 1e-3
        assert (np.diag(matrix) - np.max(matrix - 2 * np.eye(len(matrix)), axis=1)).min() > gap - 1e-9
        assert np.linalg.cond(matrix) < strategies.WELL_CONDITIONED


@hypothesis.given(
    strategies.doubly_stochastic_matrices(4), strategies.circulant_matrices(), strategies.class_orders(3, 4)
)
def test_special_matrices_are_what_they_are_called(doubly, circulant, order):
    for matrix in (doubly, circulant):
        np.testing.assert_allclose([matrix.sum(axis=0), matrix.sum(axis=1)], 1)
    np.testing.assert_array_equal(np.roll(circulant, (1, 1), axis=(0, 1)), circulant)
    assert sorted(order) == [0, 1, 2, 3]


@hypothesis.given(strategies.nearly_singular_matrices(3), strategies.singular_matrices(4))
def test_confused_matrices_are_valid(near, singular):
    for matrix in (near, singular):
        np.testing.assert_allclose(matrix.sum(axis=0), 1)
        assert matrix.min() >= -1e-12
    assert 20 < np.linalg.cond(near) < 1e7 and np.linalg.matrix_rank(singular) == 3


@hypothesis.given(strategies.tie_free_arrays((2, 3, 4)), strategies.distinct_sizes(3))
def test_ties_and_equal_sizes_do_not_occur(image, sizes):
    assert len(np.unique(image)) == image.size and np.abs(image).min() > 0.1
    assert len(set(sizes)) == 3


# --- properties ------------------------------------------------------------------------------------------


def test_a_property_is_checked_on_drawn_inputs():
    seen = []

    @holds_for("T", "y", samples=(2, 3))
    def labels_fit(implementation, T, y):
        seen.append(len(y))
        assert implementation(T, y), "they should fit"

    PROPERTIES.pop(f"{__name__}.labels_fit")
    check_property(labels_fit, lambda T, y: y.max() < len(T) != len(y), hypothesis.settings(max_examples=20))
    assert len(seen) >= 20
    with pytest.raises(AssertionError, match="they should fit"):
        check_property(labels_fit, lambda T, y: False)
