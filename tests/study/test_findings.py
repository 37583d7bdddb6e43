"""Sentences of a study are computed from its rows: differences, their intervals, and what is said of them."""

import numpy as np

from scratchnoise.study.findings import findings

PAIR = {"data": "fashion-mnist", "noise": "0.5"}


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
