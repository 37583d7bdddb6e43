"""Noise: the matrices of the report, and that corrupted labels follow the matrix, column by column."""

import numpy as np
import pytest

from scratchnoise import noise
from scratchnoise.noise import MNIST05, MNIST06, check_labels, corrupt, realised_transition

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_the_matrices_of_the_report():
    np.testing.assert_allclose(MNIST05, [[0.5, 0.2, 0.3], [0.3, 0.5, 0.2], [0.2, 0.3, 0.5]])
    np.testing.assert_allclose(MNIST06, noise.uniform(3, 0.3))


def test_uniform_noise():
    np.testing.assert_allclose(noise.uniform(4, 0.1), np.full((4, 4), 0.1) + 0.6 * np.eye(4))
    assert noise.uniform(2, 1).array.tolist() == [[0, 1], [1, 0]]


def test_rates_may_be_the_ends_of_their_range():
    for nothing in (noise.uniform(3, 0), noise.pair_flip(3, 0), noise.random_transition(3, 0, max_rate=0)):
        np.testing.assert_array_equal(nothing, np.eye(3))
    np.testing.assert_array_equal(noise.pair_flip(3, 1), np.roll(np.eye(3), 1, axis=0))


def test_a_pair_flip_goes_to_the_next_class():
    expected = [[0.8, 0, 0.2], [0.2, 0.8, 0], [0, 0.2, 0.8]]  # column 0 is mistaken for 1
    np.testing.assert_allclose(noise.pair_flip(3, 0.2), expected)


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_a_random_transition_has_a_dominant_diagonal(n_classes, rng):
    for _ in range(20):
        A = noise.random_transition(n_classes, rng, max_rate=(n_classes - 1) / n_classes).array
        off = A - np.diag(np.diag(A))
        assert (np.diag(A) > off.max(axis=0)).all() and (np.diag(A) > off.max(axis=1)).all()
        assert abs(A - A.T).max() > 1e-3 and abs(A.sum(axis=1) - 1).max() > 1e-3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: noise.uniform(3, 0.6), "rho=0.6 should lie between 0 and 0.5"),
        (lambda: noise.uniform(1, 0.1), "n_classes=1 should be a whole number from 2 to 30000"),
        (lambda: noise.pair_flip(3, -0.1), "rate=-0.1 should lie between 0 and 1"),
        (lambda: noise.pair_flip(1, 0.1), "n_classes=1 should be a whole number from 2 to 30000"),
        (lambda: noise.random_transition(2, None, 0.6), "max_rate=0.6 should lie between 0 and 0.5"),
    ],
)
def test_rates_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_corrupted_labels_follow_the_columns(rng):
    y = rng.choice(3, 30_000, p=[0.5, 0.2, 0.3])
    realised = realised_transition(y, corrupt(y, T, rng), 3)
    allowed = 5 * np.sqrt(T * (1 - T) / np.bincount(y))  # five standard deviations of each share
    assert (abs(realised.array - T) < allowed).all()


def test_what_has_no_probability_never_happens(rng):
    y = np.repeat(np.arange(3), 2000)
    y_noisy = corrupt(y, noise.pair_flip(3, 0.5), rng)
    assert set((y_noisy - y) % 3) == {0, 1}
    np.testing.assert_array_equal(corrupt(y, np.roll(np.eye(3), 1, axis=0), rng), (y + 1) % 3)
    np.testing.assert_array_equal(corrupt(y, np.eye(3), rng), y)


class Lowest(np.random.Generator):
    """Draws 0, which is as likely as any other number and comes once in 2^53 draws."""

    def random(self, size):
        return np.zeros(size)


def test_the_least_random_number_takes_the_first_label_that_can_be():
    y = np.arange(3)
    np.testing.assert_array_equal(corrupt(y, np.roll(np.eye(3), 1, axis=0), Lowest(np.random.PCG64())), [1, 2, 0])


@pytest.mark.parametrize("exact", [False, True])
def test_the_seed_decides_and_the_labels_stay(exact):
    y = np.arange(60) % 3
    y.setflags(write=False)
    first, again, other = (corrupt(y, T, np.random.default_rng(seed), exact) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any() and (y == np.arange(60) % 3).all() and first.dtype == np.int64


def test_exact_counts_are_exact(rng):
    y = np.repeat([0, 1, 2], [100, 50, 10])
    y_noisy = corrupt(rng.permutation(y), T, rng, exact_counts=True)
    np.testing.assert_array_equal(np.bincount(y_noisy), T @ [100, 50, 10])
    y = rng.permutation(np.repeat([0, 1, 2], [7, 11, 13]))
    counts = realised_transition(y, corrupt(y, T, rng, exact_counts=True), 3).diagnostics["counts"]
    assert (abs(counts - T * [7, 11, 13]) < 1).all() and counts.sum(axis=0).tolist() == [7, 11, 13]


def test_whole_shares_are_whole_whatever_their_rounding():
    """0.07 * 100 is a little more than 7, 0.29 * 100 a little less than 29."""
    A = np.array([[0.07, 0.29], [0.93, 0.71]])
    assert A[0, 0] * 100 > 7 and A[0, 1] * 100 < 29
    y = np.repeat([0, 1], 100)
    counts = realised_transition(y, corrupt(y, A, 0, exact_counts=True), 2).diagnostics["counts"]
    assert counts.tolist() == [[7, 29], [93, 71]]


def test_counts_are_random_where_nobody_asks_for_exact_ones():
    y = np.arange(60) % 3
    np.testing.assert_array_equal(corrupt(y, T, 0), corrupt(y, T, 0, exact_counts=False))
    assert (corrupt(y, T, 0) != corrupt(y, T, 0, exact_counts=True)).any()


def test_exact_counts_fall_on_random_samples(rng):
    y = np.zeros(100, int)
    first, second = (corrupt(y, T, rng, exact_counts=True) for _ in range(2))
    assert (first != second).any() and (np.diff(first) < 0).any()


LABELS = [
    np.array(["cat", "ant", "bee"]),
    np.array(["cat", "ant", "bee"], object),
    np.array(["2021-03-01", "2020-01-01", "2021-01-01"], "M8[D]"),
    np.array([30, 10, 20]),
    np.array([2.5, 0.5, 1.5]),
]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("names", LABELS, ids=lambda names: str(names.dtype))
def test_labels_of_any_kind_flip_as_their_positions_do(names, exact):
    """T follows the sorted classes; one that ignores the order, or the labels of T, differs."""
    y, ordered = np.arange(300) % 3, np.sort(names)
    expected = ordered[corrupt(y, T, 0, exact)]
    drawn = corrupt(ordered[y], T, 0, exact, classes=names)
    np.testing.assert_array_equal(drawn, expected)
    assert drawn.dtype == names.dtype and (names[corrupt(y, T, 0, exact)] != expected).any()
    order = np.argsort(names)
    labelled = noise.TransitionMatrix(T[np.ix_(np.argsort(order), np.argsort(order))], classes=names.tolist())
    np.testing.assert_array_equal(corrupt(ordered[y], labelled, 0, exact), expected)
    if names.dtype.kind in "UOM":
        np.testing.assert_array_equal(corrupt(ordered[y], T, 0, exact), expected)


def test_classes_name_what_no_true_label_is():
    drawn = corrupt(["a"] * 200, T, 0, classes=["a", "bb", "c"])
    assert set(drawn) == {"a", "bb", "c"}
    assert drawn.dtype.kind == "U"
    assert corrupt(np.array(["a"], object), T, 0, classes=["a", "bb", "c"]).dtype == object  # as y holds them
    with pytest.raises(ValueError, match=r"T is 3 x 3, but there are 2 classes"):
        corrupt(["a", "b"], T, 0, classes=["a", "b"])
    with pytest.raises(ValueError, match=r"classes=\['a', 'b', 'c'\] lacks labels that y has: \['z'\]"):
        corrupt(["a", "z"], T, 0, classes=["a", "b", "c"])


def test_realised_transition_counts_noisy_in_rows():
    realised = realised_transition([0, 0, 0, 0, 1, 1], [0, 1, 1, 1, 1, 0], 2)
    assert realised.diagnostics["counts"].tolist() == [[1, 1], [3, 1]]
    np.testing.assert_allclose(realised, [[0.25, 0.5], [0.75, 0.5]])


def test_priors_are_shares():
    np.testing.assert_allclose(noise.priors([0, 0, 2, 2, 2], 4), [0.4, 0, 0.6, 0])


@pytest.mark.parametrize("y", [[0, 1, 2], np.array([0, 1, 2], np.uint8), np.array([2, 1, 0])[::-1]])
def test_labels_come_as_any_integers(y):
    assert check_labels(y, 3).tolist() == [0, 1, 2] and check_labels(y, 3).dtype == np.int64


def test_one_class_is_enough_for_labels_and_thirty_thousand_are_the_most():
    assert check_labels([0, 0], 1).tolist() == [0, 0] and check_labels([29_999], 30_000).tolist() == [29_999]
    for wrong in (0, 30_001):
        with pytest.raises(ValueError, match=f"n_classes={wrong} should be a whole number from 1 to 30000"):
            check_labels([0], wrong)


def test_labels_may_be_truth_values():
    assert check_labels([True, False], 2).tolist() == [1, 0]


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 3], r"y has labels 0\.\.3; they should be 0\.\.2"),
        ([-1, 0], r"y has labels -1\.\.0; they should be 0\.\.2"),
        ([], r"y has shape \(0,\); it should be one label per sample, at least one"),
        ([[0], [1]], r"y has shape \(2, 1\)"),
        ([0.5, 1], "y holds float64; it should hold integers from 0 to 2"),
        (["a"], "y has 1 different labels, but T is 3 x 3; name all of them: classes"),
        ([["a"], ["b"], ["c"]], r"y has shape \(3, 1\); it should be one label per sample, at least one"),
        (np.array([], "U1"), r"y has shape \(0,\); it should be one label per sample, at least one"),
    ],
)
def test_labels_that_are_none_are_refused(y, message):
    with pytest.raises(ValueError, match=message):
        corrupt(y, T, np.random.default_rng(0))


def test_realised_transition_needs_pairs_and_every_class():
    with pytest.raises(ValueError, match="y has 2 labels and y_noisy 3"):
        realised_transition([0, 1], [0, 1, 0], 2)
    with pytest.raises(ValueError, match="y has no samples of class 1"):
        realised_transition([0, 0, 2], [0, 1, 2], 3)
