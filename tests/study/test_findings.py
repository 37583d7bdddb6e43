"""Sentences of a study are computed from its rows: differences, their intervals, and what is said of them."""

import numpy as np

from scratchnoise.study.findings import findings
from scratchnoise.study.methods import PLAIN_EPOCH

PAIR = {"data": "fashion-mnist", "noise": "0.5"}


def sentences(rows):
    return [finding.sentence for finding in findings(rows)]


def test_a_study_is_told_in_sentences(study):
    found = sentences(study)
    assert found[0].startswith("NN ") and "has the highest mean at the end of training" in found[0]
    assert "The plain network loses 0." in found[1] and "shown in 3 of 3 settings" in found[1]
    assert "of 6 is shown to lose" in found[1]
    assert found[2].startswith("Noisy labels alone give T to 0.0") and "A T of equal entries is 0." in found[2]
    assert found[-1].startswith("Of 18 runs with the corrected loss as printed 6 ended with a loss that is no number")


def test_what_is_said_follows_the_numbers(measurement):
    """The same rows with the methods exchanged tell the opposite; a lead within the noise is not called one."""

    def study(a, b, noise):
        rng = np.random.default_rng(0)
        for run in range(4):
            yield measurement(a, run, None, 0.9 + noise * rng.normal(), **PAIR)
            yield measurement(b, run, None, 0.8 + noise * rng.normal(), **PAIR)

    for a, b in (("MLR", "rMLR"), ("rMLR", "MLR")):
        (found,) = findings(list(study(a, b, 0.001)))
        everywhere = f"{a} has the highest mean at the end of training everywhere"
        assert found.sentence == f"{everywhere}; its lead is shown in 1 of 1."
        assert f"against {b}" in found.items[0] and "not shown" not in found.items[0]
    (found,) = findings(list(study("MLR", "rMLR", 0.3)))
    assert found.items[0].endswith("not shown to differ") and found.sentence.endswith("its lead is shown in 0 of 1.")


def test_T_known_is_held_against_its_control(measurement):
    rows = [measurement("rMLR (tuned)", k, None, 0.92 + 0.001 * k) for k in range(3)]
    assert not any("Being told T" in text for text in sentences(rows))
    told = "Being told T, or its estimate where it is hidden, is shown to help in {} of 1 comparisons."
    for accuracy, times in ((0.9, 1), (0.93, 0)):
        plain = [measurement("MLR (own settings)", k, None, accuracy + 0.001 * k + 1e-4 * (k == 1)) for k in range(3)]
        unsettled = [measurement("MLR (tuned)", k, None, 0.6 + 0.001 * k) for k in range(3)]
        assert told.format(times) in sentences(rows + plain + unsettled)


def test_the_network_is_held_against_the_plain_one_stopped_in_time(measurement):
    curve = {"test_accuracy": [0.5] * (PLAIN_EPOCH - 1) + [0.95] + [0.6] * (30 - PLAIN_EPOCH)}
    plain = [measurement("NN", k, 30, 0.6 + 0.001 * k, history=curve) for k in range(3)]
    rows = [*plain, *(measurement("NN forward", k, 30, 0.9 + 0.001 * k) for k in range(3))]
    (found,) = [finding for finding in findings(rows) if "Being told T" in finding.sentence]
    assert len(found.items) == 1 and f"against NN stopped after epoch {PLAIN_EPOCH}: -0.04" in found.items[0]
    short = [{**row, "history": {"test_accuracy": [0.5] * 6}} if row["method"] == "NN" else row for row in rows]
    assert not any("Being told T" in text for text in sentences(short))


def test_a_risk_below_zero_before_a_death_is_counted(measurement):
    died = {"stopped": "the loss was no longer finite in epoch 3", "accuracy": None}
    row = measurement("NN backward (raw)", 0, 3, history={"corrected_risk": [1.0, -2.0, None]}, **died)
    (text,) = sentences([row])
    assert text.endswith(
        "is no number; of the 2 epochs that these runs had ended 1 had a corrected risk below zero (-2 to 1)."
    )
    at_once = measurement("NN backward (raw)", 1, 3, history={"corrected_risk": [None]}, **died)
    (text,) = sentences([row, at_once])
    assert "2 ended with a loss that is no number, 1 of these in the first epoch, 1 later; of the 2 epochs" in text


def test_no_rows_no_findings():
    assert findings([]) == []
