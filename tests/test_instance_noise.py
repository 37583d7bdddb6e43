"""Noise that depends on the sample: its probabilities against their equations, its rate, and its mean."""

import numpy as np
import pytest

from scratchnoise.instance_noise import KINDS, draw_labels, margin_diminishing, mean_transition, part_dependent
from scratchnoise.noise import corrupt

P = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.05, 0.9, 0.05], [0.5, 0.1, 0.4]])


@pytest.fixture
def rng():
    return np.random.default_rng(6)


@pytest.fixture
def cloud(rng):
    y = rng.integers(3, size=4000)
    return rng.normal(size=(4000, 5)) + 2 * np.eye(3, 5)[y], y


@pytest.mark.parametrize("rate", [0, 1e-6, 0.02, 0.1, 0.3, 0.5, 0.85, 0.99, 1])
def test_part_dependent_rows_are_probabilities_of_the_stated_rate(rate, cloud):
    X, y = cloud
    found = part_dependent(X, y, 3, rate, 0)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    flips = 1 - found[np.arange(len(y)), y]
    assert found.min() >= 0 and abs(flips.mean() - rate) <= 0.1 * min(rate, 1 - rate, 0.05)
    if 0.3 <= rate <= 0.7:
        assert abs(flips.std() - 0.1) < 0.01


def test_one_class_has_no_wrong_label():
    with pytest.raises(ValueError, match="n_classes=1"):
        part_dependent(np.zeros((2, 1)), [0, 0], 1, 0.3, 0)


def depends_on_the_sample(make, cloud):
    """Within a class the wrong label that is likeliest differs from sample to sample, and neighbours agree."""
    X, y = cloud
    found = make(X, y)
    wrong = np.where(np.eye(3)[y] == 1, -1, found).argmax(axis=1)[y == 0]
    varied = 0.15 < (wrong == 1).mean() < 0.85
    near = part_of_neighbours(X[y == 0], wrong)
    return varied and near > 0.7


def part_of_neighbours(X, label):
    """How often the nearest neighbour has the same label."""
    distance = ((X[:, None] - X) ** 2).sum(axis=-1)
    np.fill_diagonal(distance, np.inf)
    return (label[distance.argmin(axis=1)] == label).mean()


MUTANTS = {
    "class alone": lambda X, y: np.array([[0.7, 0.2, 0.1], [0.2, 0.7, 0.1], [0.2, 0.1, 0.7]])[y],
    "no structure": lambda X, y: part_dependent(np.random.default_rng(0).normal(size=X.shape), y, 3, 0.3, 0),
}


def test_part_dependent_noise_depends_on_features_and_its_mutants_do_not(cloud):
    X, y = (part[:1500] for part in cloud)
    assert depends_on_the_sample(lambda X, y: part_dependent(X, y, 3, 0.3, 0), (X, y))
    for name, mutant in MUTANTS.items():
        assert not depends_on_the_sample(mutant, (X, y)), name


@pytest.mark.parametrize("kind", KINDS)
def test_the_margin_decides_and_the_second_class_gets_the_flips(kind):
    y = P.argmax(axis=1)
    found = margin_diminishing(P, y, kind, 0.2)
    margins = np.array([0.5, 0.3, 0.85, 0.1])
    flips = found[np.arange(4), [1, 1, 0, 2]]
    by_margin = flips[np.argsort(margins)]
    assert (np.diff(by_margin) < 0).all() and abs(flips.mean() - 0.2) < 1e-9
    np.testing.assert_allclose(flips / flips[0], KINDS[kind](margins) / KINDS[kind](0.5), rtol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1)


def margins_are_those_of_the_paper(kinds):
    """(1 - m^2) / 2, 1 - m^3 and 1 - (m^3 + m^2 + m) / 3, by hand at three margins."""
    at = np.array([0, 0.5, 1])
    np.testing.assert_allclose(kinds["I"](at), [0.5, 0.375, 0])
    np.testing.assert_allclose(kinds["II"](at), [1, 0.875, 0])
    np.testing.assert_allclose(kinds["III"](at), [1, 1 - 0.875 / 3, 0])


WRONG_KINDS = {
    "I without the square": {"I": lambda m: 0.5 - 0.5 * m},
    "I from 1": {"I": lambda m: 1 - m**2},
    "II with a square": {"II": lambda m: 1 - m**2},
    "III without the third": {"III": lambda m: 1 - m**3 - m**2 - m},
    "III without its linear part": {"III": lambda m: 1 - (m**3 + m**2) / 2},
    "margins the wrong way round": {kind: (lambda m, tau=tau: tau(1 - m)) for kind, tau in KINDS.items()},
}


def test_the_margins_of_the_three_kinds():
    margins_are_those_of_the_paper(KINDS)


@pytest.mark.parametrize("what", WRONG_KINDS)
def test_wrong_margins_are_rejected(what):
    with pytest.raises(AssertionError):
        margins_are_those_of_the_paper(KINDS | WRONG_KINDS[what])


def test_a_label_that_is_not_the_most_probable_stays():
    np.testing.assert_array_equal(margin_diminishing(P, [1, 2, 1, 0], "I", 0.2)[0], [0, 1, 0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [0, 0.1, 0.4])
def test_the_rate_is_the_share_of_all_labels_that_become_wrong(kind, rate, rng):
    p = rng.dirichlet(np.ones(3), 2000)
    y = np.where(rng.random(2000) < 0.3, rng.integers(3, size=2000), p.argmax(axis=1))
    found = margin_diminishing(p, y, kind, rate)
    assert 1 - found[np.arange(2000), y].mean() == pytest.approx(rate, abs=1e-9)


def test_a_high_rate_saturates_and_an_impossible_one_is_refused():
    found = margin_diminishing(P, P.argmax(axis=1), "I", 0.8)
    assert found[3, 2] == 1 and abs((1 - found[np.arange(4), P.argmax(axis=1)]).mean() - 0.8) < 1e-6
    with pytest.raises(ValueError, match=r"rate=0\.9 cannot be reached: a share of 0 of"):
        margin_diminishing(np.eye(3), np.arange(3), "I", 0.9)
    np.testing.assert_array_equal(margin_diminishing(np.eye(3), np.arange(3), "I", 0), np.eye(3))


def test_labels_are_drawn_with_their_probabilities(rng):
    p = rng.dirichlet(np.ones(4), 3)
    y = draw_labels(np.repeat(p, 20000, axis=0), rng).reshape(3, -1)
    shares = np.stack([np.bincount(row, minlength=4) for row in y]) / 20000
    assert np.abs(shares - p).max() < 0.015
    np.testing.assert_array_equal(draw_labels(np.eye(3)[[2, 0, 1]], rng), [2, 0, 1])


def test_the_mean_transition_is_the_same_noise_without_the_sample(cloud, rng):
    X, y = cloud
    found = part_dependent(X, y, 3, 0.3, 0)
    T = mean_transition(found, y).array
    np.testing.assert_allclose(T[:, 1], found[y == 1].mean(axis=0))
    by_sample, by_class = draw_labels(found, rng), corrupt(y, T, rng)
    for j in range(3):
        shares = (np.bincount(labels[y == j], minlength=3) / (y == j).sum() for labels in (by_sample, by_class))
        assert np.abs(np.subtract(*shares)).max() < 0.05
    with pytest.raises(ValueError, match="y has no samples of class 2"):
        mean_transition(found[:6], [0, 1, 0, 1, 0, 1])


def test_what_they_refuse_together():
    with pytest.raises(ValueError, match="p has 4 rows and y 3 labels"):
        margin_diminishing(P, [0, 1, 2], "I", 0.1)
    with pytest.raises(ValueError, match="P has 4 rows and y 3 labels"):
        mean_transition(P, [0, 1, 2])


@pytest.mark.parametrize("wrong", [[[1.5, -0.5]], [[0.5, 0.4]], [[np.nan, 1.0]], [0.5, 0.5], np.empty((0, 2))])
def test_rows_that_are_no_probabilities_are_refused_everywhere(wrong):
    """A row (1.5, -0.5) sums to 1."""
    y = np.zeros(len(wrong), int)
    calls = [
        ("p", lambda: margin_diminishing(wrong, y, "I", 0.1)),
        ("P", lambda: mean_transition(wrong, y)),
        ("P", lambda: draw_labels(wrong, 0)),
    ]
    for name, call in calls:
        with pytest.raises(ValueError, match=f"^{name} has"):
            call()


def test_posteriors_that_sum_to_nearly_one_give_probabilities():
    """Rows within the tolerance of p gave a P below 0, which `draw_labels` refuses."""
    p = np.array([[1.0005, 0.0, 0.0], [0.2, 0.7, 0.0999], [1.0000001, 0, 0]])
    P = margin_diminishing(p, np.array([0, 1, 0]), "II", 0.2)
    assert P.min() >= 0
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-12)
    assert draw_labels(P, 0).shape == (3,)


@pytest.mark.parametrize("constant", [0.1, 0.3, 7.7, 1e9, [1e-200, 2e-200]])
def test_a_constant_feature_decides_nothing(constant, cloud):
    """Rounding gives a column of 0.1 a deviation of 1e-17, which standardised it to +-1; that of 1e-200 underflows."""
    X, y = cloud
    wide = [np.column_stack([X, np.resize(value, len(y))]) for value in (0.0, constant)]
    np.testing.assert_allclose(*(part_dependent(x, y, 3, 0.4, 0) for x in wide), atol=1e-12)


def test_a_label_of_probability_zero_is_never_drawn():
    """Rows may miss a sum of 1 by 1e-6; what was missing went to the last class."""
    short = np.tile([0.5, 0.5 - 9e-7, 0], (1_000_000, 1))
    assert sum((draw_labels(short, seed) == 2).sum() for seed in range(5)) == 0
