"""Intervals for differences of means, against textbook numbers and by how often they hold."""

import numpy as np
import pytest

from scratchnoise.study.statistics import binomial_error, compare, t_quantile, text, welch


@pytest.mark.parametrize(
    ("freedom", "quantile"), [(1, 12.7062), (2, 4.3027), (4, 2.7764), (9, 2.2622), (30, 2.0423), (1000, 1.9623)]
)
def test_quantiles_of_student_as_in_the_tables(freedom, quantile):
    assert t_quantile(0.975, freedom) == pytest.approx(quantile, abs=1e-4)


def test_quantiles_between_whole_degrees_of_freedom():
    stats = pytest.importorskip("scipy.stats")
    for freedom in (1.3, 4.2, 17.9):
        assert t_quantile(0.975, freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-6)


def test_shared_draws_are_compared_in_pairs():
    """What a draw adds to both cancels: the difference is known better than either mean."""
    hard = dict(enumerate([0.80, 0.90, 0.70, 0.85]))
    better = {draw: value + gain for (draw, value), gain in zip(hard.items(), [0.01, 0.012, 0.008, 0.01], strict=True)}
    found = compare(better, hard)
    assert found.kind == "paired" and found.n == 4 and found.is_shown
    assert found.mean == pytest.approx(0.01) and found.high - found.mean == pytest.approx(
        3.1824 * 0.0016330 / 2, rel=1e-3
    )
    apart = compare({draw + 10: value for draw, value in better.items()}, hard)
    assert apart.kind == "Welch" and not apart.is_shown and apart.mean == pytest.approx(0.01)


def test_welch_by_hand():
    found = welch(0.5, 0.03, 5, 0.45, 0.01, 10)
    a, b = 0.03**2 / 5, 0.01**2 / 10
    freedom = (a + b) ** 2 / (a**2 / 4 + b**2 / 9)
    assert found.high - found.mean == pytest.approx(t_quantile(0.975, freedom) * (a + b) ** 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("shared", [True, False])
def test_nineteen_of_twenty_intervals_hold_the_truth(shared):
    rng, hits = np.random.default_rng(0), 0
    for _ in range(3000):
        draws = rng.normal(0, 0.05, 12)
        one = {k: 0.9 + draws[k] + rng.normal(0, 0.01) for k in range(5)}
        other = {k if shared else k + 5: 0.88 + draws[k if shared else k + 5] + rng.normal(0, 0.02) for k in range(5)}
        found = compare(one, other)
        hits += found.low < 0.02 < found.high
    assert 0.94 < hits / 3000 < 0.965


def test_one_run_gives_no_interval_and_a_dead_one_no_pair():
    found = compare({0: 0.9, 1: None}, {0: 0.8, 1: 0.7})
    assert found.n == 1 and not found.is_shown and text(found) == "+0.100 ± ?"
    assert compare({0: None}, {0: 0.8}) is None


def test_the_error_of_3000_test_images():
    assert binomial_error(0.9, 3000) == pytest.approx(0.005477, abs=1e-6)
