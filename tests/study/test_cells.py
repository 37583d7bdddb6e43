import numpy as np
import pytest

from scratchnoise.study.cells import cells
from scratchnoise.study.grids import label
from scratchnoise.study.methods import COMPARISONS
from scratchnoise.study.statistics import welch


def cell(rows, table, **where):
    """The one cell that has all of these fields."""
    found = [one for one in cells(rows) if one.table == table and all(getattr(one, k) == v for k, v in where.items())]
    assert len(found) == 1
    return found[0]


def test_mean_and_deviation(measurement):
    rows = [measurement(repetition=k, accuracy=a) for k, a in enumerate((0.90, 0.92, 0.97, None, float("nan")))]
    found = cell(rows, "3", method="MLR")
    assert found.mean == pytest.approx(0.93)
    assert found.sd == pytest.approx(np.sqrt((0.03**2 + 0.01**2 + 0.04**2) / 2))
    assert (found.n, found.runs) == (3, 5)
    assert (found.report_column, found.report_mean, found.report_sd) == ("MNIST0.5", 0.764, 0.0183)


def test_one_repetition_has_no_deviation(measurement):
    found = cell([measurement(accuracy=0.5)], "3", method="MLR")
    assert (found.mean, found.sd, found.n) == (0.5, None, 1)


def test_presets_are_not_mixed(measurement):
    with pytest.raises(ValueError, match="paper, quick"):
        cells([measurement(), measurement(preset="quick")])


def test_a_run_that_stopped_is_missing_from_every_later_epoch(measurement):
    rows = [measurement("NN", 0, epoch) for epoch in (2, 7, 12)]
    rows += [measurement("NN backward (raw)", 0, epoch, 0.8) for epoch in (2, 7, 12)]
    rows += [measurement("NN backward (raw)", 1, 2, 0.6), measurement("NN backward (raw)", 1, 5, None, stopped="died")]
    rows += [measurement("NN forward", 0, 1, None, stopped="died")]
    found = {
        (one.method, one.epoch): (one.mean, one.n, one.runs, one.stopped)
        for one in cells(rows)
        if one.method in ("NN backward (raw)", "NN forward")
    }
    assert found == {
        ("NN backward (raw)", 2): (pytest.approx(0.7), 2, 2, 0),
        ("NN backward (raw)", 7): (0.8, 1, 2, 1),
        ("NN backward (raw)", 12): (0.8, 1, 2, 1),
        ("NN forward", 2): (None, 0, 1, 1),
        ("NN forward", 7): (None, 0, 1, 1),
        ("NN forward", 12): (None, 0, 1, 1),
    }


def test_where_nothing_got_further_a_run_that_stopped_has_a_line_of_its_own(measurement):
    found = cell([measurement("NN forward", 0, 3, None, stopped="died")], "3", method="NN forward")
    assert (found.epoch, found.runs, found.stopped, found.mean) == (3, 1, 1, None)
    rows = [measurement("MLR", 0, None, None, stopped="died"), measurement("NN", 0, 2)]
    found = cell(rows, "3", method="MLR")
    assert (found.epoch, found.runs, found.stopped) == (None, 1, 1)


def test_epochs_chosen_run_by_run_are_one_cell(measurement):
    rows = [measurement("NN", k, epoch, accuracy=0.9, selection="noisy validation") for k, epoch in enumerate((5, 8))]
    rows += [measurement("NN", k, 7, accuracy=0.8, selection="last epoch") for k in range(2)]
    chosen = cell(rows, "3", selection="noisy validation")
    assert (chosen.n, chosen.mean, chosen.report_mean) == (2, pytest.approx(0.9), None)
    assert label(chosen) == "NN, by noisy validation"
    assert cell(rows, "3", method="NN", epoch=7).mean == pytest.approx(0.8)


def test_table_2_counts_folds(measurement):
    rows = [measurement("MLR (clean)", k, accuracy=0.9 + k / 100, noise="anything") for k in range(5)]
    found = cell(rows, "2")
    assert (found.n, found.mean, found.report_mean, found.noise) == (5, pytest.approx(0.92), 0.955, "clean")
    assert not [one for one in cells(rows) if one.table == "3"]
    rows = [measurement("NN (clean)", 0, epoch, data="cifar10") for epoch in (2, 7, 30)]
    assert {one.epoch: one.report_mean for one in cells(rows)} == {2: None, 7: None, 30: 0.745}


def test_estimates_of_t_entry_by_entry(measurement):
    T = [[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]]
    first, second = np.array(T), np.array(T)
    second[0, 1], second[1, 1] = 0.2, 0.7
    rows = [
        measurement(
            "T rMLR",
            k,
            accuracy=None,
            T_hat=T_hat.tolist(),
            T_true=T,
            data="cifar10",
            noise="hidden",
            classes=["plane", "car", "cat"],
        )
        for k, T_hat in enumerate((first, second))
    ]
    entry = cell(rows, "T", method="T rMLR", row=0, column=1)
    assert (entry.mean, entry.sd) == (pytest.approx(0.15), pytest.approx(np.sqrt(0.005)))
    assert (entry.report_mean, entry.report_sd, entry.report_column) == (0.353, 0.0149, "(45)")
    assert cell(rows, "T", method="T true", row=0, column=1).mean == 0.1
    error = cell(rows, "T error")
    assert error.mean == pytest.approx((0 + 0.2 / 9) / 2) and error.n == 2
    assert not any(one.table == "3" for one in cells(rows))


def test_other_noise_has_no_report(measurement):
    rows = [measurement("T rMLR", accuracy=None, T_hat=[[0.6, 0.2], [0.4, 0.8]], noise="given")]
    assert all(one.report_mean is None for one in cells(rows))
    assert not [one for one in cells(rows) if one.table == "T error" or one.method == "T true"]


def test_every_mean_that_stands_beside_another_one_has_its_interval(study):
    """The code that makes the cells applies one rule, so none escapes it."""
    beside = [one for one in cells(study) if one.report_mean is not None and one.n and one.table in ("2", "clean", "3")]
    assert len(beside) > 10
    for one in beside:
        runs = 5 if one.table == "2" else 10
        found = welch(one.mean, one.sd, one.n, one.report_mean, one.report_sd, runs)
        assert one.versus == "report" and one.interval == "Welch"
        assert (one.difference, one.low, one.high) == (found.mean, found.low, found.high)
    compared = {(one.method, one.versus) for one in cells(study) if one.table == "difference"}
    methods = {row["method"] for row in study}
    assert compared == {pair for pair in COMPARISONS if methods.issuperset(pair)}
    assert {one.interval for one in cells(study) if one.table == "difference"} == {"paired"}


def test_a_pair_is_of_one_draw_and_a_run_that_died_takes_its_pair_with_it(measurement):
    rows = [measurement("rMLR", k, accuracy=0.9 + 0.02 * k) for k in range(3)]
    rows += [measurement("MLR", k, accuracy=value) for k, value in ((2, 0.93), (1, 0.90), (0, 0.88))]
    rows += [measurement("rMLR", 3, accuracy=None, stopped="it died"), measurement("MLR", 3, accuracy=0.1)]
    (found,) = [one for one in cells(rows) if one.table == "difference"]
    assert found.n == 3 and found.versus == "MLR" and found.low < found.difference < found.high
    np.testing.assert_allclose(found.difference, np.mean([0.02, 0.02, 0.01]))
