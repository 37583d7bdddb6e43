"""Sentences of a study are computed from its rows: differences, their intervals, and what is said of them."""

import numpy as np
import pytest

from scratchnoise.study.differences import Difference, paired, t_quantile
from scratchnoise.study.findings import findings

PAIR = {"data": "fashion-mnist", "noise": "0.5"}


@pytest.mark.parametrize(("df", "table"), [(1, 12.706), (2, 4.303), (4, 2.776), (9, 2.262), (1000, 1.962)])
def test_quantiles_are_those_of_students_tables(df, table):
    assert t_quantile(df) == pytest.approx(table, abs=1e-3)


def test_differences_are_taken_in_pairs():
    """Runs differ by much, methods by little: only the pairs show it, and a run that one of them lacks is left out."""
    level = np.random.default_rng(0).uniform(0.3, 0.9, 5)
    a = {run: value + 0.01 + 0.001 * (-1) ** run for run, value in enumerate(level)}
    b = {run: value for run, value in enumerate(level[:4])}
    found = paired(a, b)
    assert found.n == 4 and found.mean == pytest.approx(0.01) and found.shown
    half = 3.182 * np.std([0.011, 0.009, 0.011, 0.009], ddof=1) / 2
    np.testing.assert_allclose(found.interval, (0.01 - half, 0.01 + half), rtol=1e-3)
    assert paired({0: 1.0}, {1: 1.0}) is None and not paired({0: 0.9}, {0: 0.1}).shown
    assert str(found).startswith("+0.010 [+0.0") and "one pair" in str(Difference(0.8, 1, None))


def sentences(rows):
    return [finding.sentence for finding in findings(rows)]


def test_a_study_is_told_in_sentences(study):
    found = sentences(study)
    assert found[0].startswith("NN ") and "is the most accurate at the end of training" in found[0]
    assert "The plain network loses 0." in found[1] and "shown in 3 of 3 settings" in found[1]
    assert "of 6 is shown to lose" in found[1]
    assert found[2].startswith("Noisy labels alone give T to 0.0")
    assert found[3].startswith("Of 18 runs with the corrected loss as printed 6 ended with a loss that is no number")


def test_what_is_said_follows_the_numbers(measurement):
    """The same rows with the methods exchanged tell the opposite; a lead within the noise is not called one."""

    def study(a, b, noise):
        rng = np.random.default_rng(0)
        for run in range(4):
            yield measurement(a, run, None, 0.9 + noise * rng.normal(), **PAIR)
            yield measurement(b, run, None, 0.8 + noise * rng.normal(), **PAIR)

    for a, b in (("MLR", "rMLR"), ("rMLR", "MLR")):
        (found,) = findings(list(study(a, b, 0.001)))
        assert found.sentence == f"{a} is the most accurate at the end of training everywhere."
        assert f"against {b}" in found.items[0] and "not shown" not in found.items[0]
    (found,) = findings(list(study("MLR", "rMLR", 0.3)))
    assert found.items[0].endswith("not shown to differ")


def test_T_known_is_held_against_its_control(measurement):
    rows = [measurement("rMLR (tuned)", k, None, 0.92 + 0.001 * k) for k in range(3)]
    assert not any("Knowing T" in text for text in sentences(rows))
    rows += [measurement("MLR (tuned)", k, None, 0.9 + 0.001 * k + 1e-4 * (k == 1)) for k in range(3)]
    assert "Knowing T, all else the same, is shown to help in 1 of 1 comparisons." in sentences(rows)


def test_a_risk_below_zero_before_a_death_is_counted(measurement):
    died = {"stopped": "the loss was no longer finite in epoch 3", "accuracy": None}
    row = measurement("NN backward (raw)", 0, 3, history={"corrected_risk": [1.0, -2.0, None]}, **died)
    (text,) = sentences([row])
    assert text.endswith("of the 2 epochs that they recorded 1 had a corrected risk below zero (-2 to 1).")


def test_no_rows_no_findings():
    assert findings([]) == []
