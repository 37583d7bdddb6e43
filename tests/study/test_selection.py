"""Settings are chosen on noisy labels of draws that the study does not use, and what is used is what was chosen."""

import dataclasses
import json

import numpy as np
import pytest

from scratchnoise.study import protocol, readings, selection
from scratchnoise.study.methods import METHODS, PLAIN_EPOCH


def test_what_the_methods_use_is_what_the_committed_rows_choose():
    rows = [json.loads(line) for line in selection.FILE.read_text().splitlines()]
    best = selection.chosen(rows)
    assert {"rMLR (tuned)", "MLR (own settings)"} <= set(best)
    for method, (settings, _) in best.items():
        assert settings == selection.USED[method], method
        used = METHODS[method].settings
        assert all(used.get(name, 0.0) == value for name, value in settings.items()), method
    assert best["NN"][1] == PLAIN_EPOCH
    assert all(row["draw"] >= selection.FIRST_DRAW and "test" not in " ".join(row) for row in rows)


def test_the_command_without_arguments_adds_nothing_to_the_committed_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(selection, "_judge", lambda *_: pytest.fail("a row is missing"))
    out = tmp_path / "selection.jsonl"
    out.write_bytes(selection.FILE.read_bytes())
    selection.select(out)
    assert out.read_bytes() == selection.FILE.read_bytes()


def test_the_reading_in_use_is_that_of_the_committed_rows():
    rows = [json.loads(line) for line in readings.FILE.read_text().splitlines()]
    assert readings.chosen(rows) == "batch" and METHODS["MLR"].settings["solver"] == "lbfgs"
    moved = readings.movements(rows)
    assert max(moved["batch", method] for method in readings.MODELS) < 0.01
    assert min(moved[other, "MLR"] for other in ("minibatch steps", "passes")) > 0.1


def _row(loss, method="rMLR (tuned)", **varied):
    return {"method": method, "varied": selection.USED[method] | varied, "noisy_loss": loss}


def test_the_least_noisy_loss_is_chosen_unless_what_is_used_is_as_good():
    used, better = _row([1.06]), _row([1.05], l2=0.5)
    assert selection.chosen([used, better])["rMLR (tuned)"][0]["l2"] == 0.5
    assert selection.chosen([used, _row([1.0595], l2=0.5)])["rMLR (tuned)"][0] == used["varied"]
    died = _row([1.0, None], "NN forward", weight_decay=0.5)
    settings, epoch = selection.chosen([_row([1.08, 1.07], "NN forward"), died | {"noisy_loss": [None, None]}])[
        "NN forward"
    ]
    assert settings == selection.USED["NN forward"] and epoch == 2


def test_no_clean_label_and_no_test_sample_is_looked_at(monkeypatch):
    """The same losses come out where clean labels and test samples are wrong."""
    tiny = protocol.Preset("tiny", 240, 60, 1, 1, 1, "MLR")
    monkeypatch.setattr(selection, "SETTING", ("garments", ("0.5",)))
    judged = selection._judge("rMLR (tuned)", selection.USED["rMLR (tuned)"], "garments", "0.5", 1000, tiny, 0)
    load = selection.load_task

    def spoilt(*arguments):
        task = load(*arguments)
        return dataclasses.replace(task, y_train=task.y_train[::-1], x_test=task.x_test[:0], y_test=task.y_test[:0])

    monkeypatch.setattr(selection, "load_task", spoilt)
    again = selection._judge("rMLR (tuned)", selection.USED["rMLR (tuned)"], "garments", "0.5", 1000, tiny, 0)
    assert judged == again and 0.5 < judged["noisy_loss"][0] < 3


def _reading(reading, method, pixels, noise, accuracy):
    return {"reading": reading, "method": method, "pixels": pixels, "noise": noise, "accuracy": accuracy}


@pytest.mark.parametrize("moving", ["budget", "pixels"])
def test_the_reading_that_stands_still_is_chosen_and_not_the_nearest(moving):
    rows = []
    for reading in readings.BUDGETS:
        for method in readings.MODELS:
            for pixels in readings.PIXELS:
                for noise in readings.NOISES:
                    still = reading == "batch"
                    end = 0.5 if still or moving == "budget" else 0.7 + 0.1 * readings.PIXELS.index(pixels)
                    start = end if still or moving == "pixels" else 0.764
                    rows.append(_reading(reading, method, pixels, noise, [0.1, start, end]))
    assert readings.chosen(rows) == "batch"
    moved = readings.movements(rows)
    assert moved["batch", "MLR"] == 0 and np.isclose(moved["passes", "rMLR"], 0.264 if moving == "budget" else 0.2)
