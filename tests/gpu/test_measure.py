"""The script that measures on a GPU runs from end to end where there is none: its first GPU is not its first run."""

import json

import counted_device
import measure
import pytest


@pytest.fixture
def report(monkeypatch, tmp_path, capsys):
    """A function that runs the script: its exit status, what it prints and what it writes."""

    def run():
        counted_device.install(monkeypatch)
        status = measure.main(["--tiny", "--json", str(tmp_path / "report.json")])
        return status, capsys.readouterr().out, json.loads((tmp_path / "report.json").read_text())

    return run


@pytest.mark.slow
def test_every_bar_is_measured(report):
    status, printed, written = report()
    rows = {row["name"].strip(): row for row in written["rows"]}
    assert written["device"] == "a counted device" and written["device"] in printed
    assert all(row["measured"] in printed for row in rows.values())
    bars = [name for name, row in rows.items() if row["met"] is not None]
    aims = {rows[name]["aim"] for name in bars}
    assert {"<= 3 s on an H200", "< 4 GB", "0"} <= aims
    assert rows["weights that differ for the same seed"]["met"] is True
    assert status == any(rows[name]["met"] is False for name in bars)


def test_a_missed_bar_is_an_exit_status(report, monkeypatch):
    def miss(sizes):
        yield measure.Row("one", "more", "less", False, 0.0)

    monkeypatch.setattr(measure, "MEASUREMENTS", (miss,))
    status, printed, _ = report()
    assert status == 1 and "MISSED" in printed


def test_weights_that_differ_are_counted(report, monkeypatch):
    """A seed that is not used would be found."""
    fitted, seeds = measure.fitted, iter(range(100))

    def careless(x, y, sizes, epochs, on_epoch=None):
        return fitted(x, y, sizes, epochs, next(seeds), on_epoch)

    monkeypatch.setattr(measure, "fitted", careless)
    monkeypatch.setattr(measure, "MEASUREMENTS", (measure.measure_training,))
    status, _, written = report()
    assert status == 1 and written["rows"][-1]["value"] > 1e6
