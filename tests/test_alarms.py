"""The alarms: silent for an oracle that memorised nothing, at the stated rate, and loud where labels are learnt.

The whole table, 400 draws of 16,200 labels, is `tutorials/results/false_alarms.jsonl`; here is a smaller oracle.
"""

import json
from pathlib import Path

import numpy as np
import pytest

from scratchnoise import BackwardCorrected, ForwardCorrected, TransitionMatrix
from scratchnoise.kernels import softmax
from scratchnoise.network import watch
from scratchnoise.noise import MNIST05, corrupt
from scratchnoise.study.false_alarms import NOISE, SPREAD, clouds, measured

RESULTS = Path(__file__).parent.parent / "tutorials" / "results"
T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


@pytest.mark.parametrize("accuracy", SPREAD)
def test_the_committed_rates_are_at_most_the_stated_one(accuracy):
    rows = [json.loads(line) for line in (RESULTS / "false_alarms.jsonl").read_text().splitlines()]
    rows = [row for row in rows if row["bayes_accuracy"] == accuracy]
    assert {row["noise"] for row in rows} == set(NOISE) and all(row["draws"] == 400 for row in rows)
    for row in rows:
        assert row["standard_errors"] == watch.STANDARD_ERRORS and abs(row["accuracy"] - accuracy) < 5e-4
        assert row["any"] <= watch.FALSE_ALARM_RATE
        assert row["corrected_without_margin"] > 10 * watch.FALSE_ALARM_RATE  # so the margin is what does it


@pytest.mark.parametrize("noise", NOISE)
def test_a_smaller_oracle_hears_nothing(noise, monkeypatch):
    """Of 60 draws none, at a rate of 0.3 %; the mutant without a margin rings in half of them."""
    assert measured(1.0, noise, n_samples=2000, draws=60)["any"] == 0
    monkeypatch.setattr(watch, "STANDARD_ERRORS", 0.0)
    assert measured(1.0, noise, n_samples=2000, draws=60)["any"] > 0.25


def seen(z, y, T, loss=ForwardCorrected):
    """The row of an epoch of two batches."""
    observed = watch.Watch(loss(T), len(z))
    for part in (slice(0, 50), slice(50, None)):
        observed.see(z[part], y[part], None)
    return observed.row()


@pytest.mark.parametrize("sharp, drawn_decide", [(0.3, True), (3.0, False)])
def test_errors_are_the_larger_of_the_samples_and_of_labels_drawn_from_q(sharp, drawn_decide):
    rng = np.random.default_rng(0)
    z, y = sharp * rng.normal(size=(120, 3)), rng.integers(3, size=120)
    row = seen(z, y, T)
    q = softmax(z) @ T.T
    larger = []
    for loss, name in ((ForwardCorrected(T), "forward_loss"), (BackwardCorrected(T), "corrected_risk")):
        values, each = loss.value(z, y), np.array([loss.value(z, np.full(120, i)) for i in range(3)]).T
        drawn = np.mean([np.cov(each[n], aweights=q[n], ddof=0) for n in range(120)])
        larger.append(drawn > values.var())
        assert row[name] == pytest.approx(values.mean())
        assert row[f"{name}_error"] == pytest.approx(np.sqrt(max(values.var(), drawn) / 120))
    assert any(larger) == drawn_decide


FEW = np.array([[0.98, 0.01, 0.03], [0.01, 0.98, 0.02], [0.01, 0.01, 0.95]])


@pytest.mark.parametrize(
    "T", [FEW, np.array([[0.9, 0.05, 0], [0.1, 0.9, 0], [0, 0.05, 1]]), T], ids=["few", "zeros", "T"]
)
@pytest.mark.parametrize("n", [100, 1000])
def test_an_oracle_with_few_wrong_labels_hears_nothing(T, n, monkeypatch):
    """With 100 samples and 3 % wrong labels some draws have none wrong: their sample has no spread."""
    assert rate_of_rings(T, n) <= watch.FALSE_ALARM_RATE
    if T is FEW and n == 100:
        monkeypatch.setattr(watch, "_moments", lambda losses, *_: (losses.sum(), (losses**2).sum(), 0.0))
        assert rate_of_rings(T, n) > 2 * watch.FALSE_ALARM_RATE


def rate_of_rings(T, n, draws=400):
    """How often an alarm rings for an oracle that is certain of the true label and right."""
    rng, rings = np.random.default_rng(0), 0
    for _ in range(draws):
        y = rng.integers(3, size=n)
        rings += bool(seen(12.0 * np.eye(3)[y], corrupt(y, T, rng), TransitionMatrix(T))["alarms"])
    return rings / draws


def test_a_model_that_read_the_labels_is_heard():
    z, y = clouds(SPREAD[0.97], 4000, np.random.default_rng(0))
    y_noisy = corrupt(y, MNIST05, np.random.default_rng(1))
    honest = seen(z, y_noisy, MNIST05)
    cheat = seen(z + 4 * np.eye(3)[y_noisy], y_noisy, MNIST05)  # a little of each label has been learnt by heart
    assert honest["alarms"] == [] and set(cheat["alarms"]) == set(watch.MESSAGES.values())


def test_an_alarm_does_not_say_which_of_two_is_wrong_the_model_or_T():
    """The oracle again, told a T that has more noise than the labels: what it says is true, and the alarm rings."""
    z, y = clouds(SPREAD[1.0], 4000, np.random.default_rng(0))
    y_noisy = corrupt(y, np.full((3, 3), 0.1) + 0.7 * np.eye(3), np.random.default_rng(1))
    assert "forward loss below the noise floor" in seen(z, y_noisy, MNIST05)["alarms"]


def test_a_risk_that_runs_away_does_not_deafen_the_alarm():
    z = np.zeros((100, 3), np.float32)
    z[:, 0] = 1e25  # its square is no float32
    y = np.zeros(100, np.int64)
    row = seen(z, y, MNIST05, BackwardCorrected)
    assert row["corrected_risk"] < -1e25 and "corrected risk below zero" in row["alarms"]


def test_a_matrix_without_inverse_has_one_alarm():
    singular = TransitionMatrix(np.full((3, 3), 1 / 3))
    row = seen(np.zeros((100, 3)), np.zeros(100, np.int64), singular)
    assert row["corrected_risk"] == row["corrected_risk_error"] == 0 and row["alarms"] == []
