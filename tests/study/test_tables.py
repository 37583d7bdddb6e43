import csv
import io

import numpy as np
import pytest
from rich.console import Console

from scratchnoise.study.cells import cells
from scratchnoise.study.grids import grids, heading
from scratchnoise.study.tables import print_tables, write_csv


def shown(rows, width=100):
    """What print_tables writes, and its widest line."""
    console = Console(width=width, file=io.StringIO())
    print_tables(rows, console)
    text = console.file.getvalue()
    return text, max(map(len, text.splitlines()), default=0)


def test_numbers_stand_above_the_reports(measurement):
    text, _ = shown([measurement(repetition=k, accuracy=a) for k, a in enumerate((0.90, 0.92, 0.97))])
    lines = text.splitlines()
    ours = next(k for k, line in enumerate(lines) if line.startswith("MLR "))
    assert lines[ours].split() == ["MLR", "0.930", "(0.036)", "~"]
    assert lines[ours + 1].split() == ["report", "0.764", "(0.0183)"]
    assert lines[ours].index("0.930") == lines[ours + 1].index("0.764")
    assert text.count("not run") == 8 and "0.6211 (0.0315)" in text
    assert "last epoch, or the epoch named; never chosen on the test set" in text


def test_one_repetition_shows_no_deviation(measurement):
    text, _ = shown([measurement(accuracy=0.5, data="mine.npz", noise="given")])
    assert "0.500 " in text and "(0." not in text and "over 1 repetition," in text


def test_folds_are_called_folds(measurement):
    assert "over 5 folds" in shown([measurement("MLR (clean)", k) for k in range(5)])[0]


def test_matrices_have_noisy_labels_down_and_true_labels_across(measurement):
    T = [[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]]
    text, _ = shown([measurement("T rMLR", accuracy=None, T_hat=T, classes=["plane", "car", "cat"])])
    lines = [line.split() for line in text.splitlines()]
    start = lines.index(["T", "rMLR"])
    assert lines[start + 1 : start + 4] == [
        ["plane", "0.700", "0.100", "0.300"], ["car", "0.200", "0.800", "0.100"], ["cat", "0.100", "0.100", "0.600"],
    ]  # fmt: skip
    assert ["Noisy", "label", "plane", "car", "cat"] in lines


def test_report_on_other_images_is_named_so(garments):
    text, _ = shown(garments)
    lines = [line for line in text.splitlines() if "0.598 (0.044)" in line]
    assert [line.split("  ")[1] for line in lines] == ["report, Fashion-MNIST"]
    assert "for orientation only" in text
    assert not [line for line in text.splitlines() if line.strip().startswith("report ")]


def test_the_best_is_marked_and_runs_that_stopped_are_not_hidden(measurement):
    rows = [measurement("MLR", k, accuracy=0.80 + k / 100) for k in range(3)]
    rows += [measurement("rMLR", k, accuracy=0.85) for k in range(3)]
    rows += [measurement("NN backward (raw)", k, 30, accuracy=a, stopped=s) for k, (a, s) in enumerate(
        [(0.95, None), (None, "not finite"), (None, "not finite")])]  # fmt: skip
    rows += [measurement("NN forward", k, 30, accuracy=None, stopped="not finite") for k in range(3)]
    text, _ = shown(rows)
    starred = [line for line in text.splitlines() if line.rstrip().endswith(" *")]
    assert len(starred) == 1 and starred[0].startswith("rMLR ")
    lines = text.splitlines()
    raw = next(k for k, line in enumerate(lines) if line.startswith("NN backward (raw), epoch 30"))
    assert "0.950" in lines[raw] and lines[raw + 1].split()[-3:] == ["2", "of", "3"]
    assert any("NN forward, epoch 30" in line and "no result" in line for line in lines)


def test_the_best_accuracy_is_the_highest_and_the_best_error_the_lowest(measurement):
    rows = [measurement(f"{name} (clean)", accuracy=a) for name, a in (("MLR", 0.7), ("NN", 0.8))]
    T = np.eye(2)
    rows += [
        measurement(name, accuracy=None, T_hat=(T + e * np.array([[-1, 0], [1, 0]])).tolist(), T_true=T.tolist())
        for name, e in (("T rMLR", 0.2), ("T confident joint", 0.1))
    ]
    starred = [line.split("  ")[0] for line in shown(rows)[0].splitlines() if line.rstrip().endswith(" *")]
    assert starred == ["NN (clean)", "T confident joint"]


def test_ties_are_all_marked(measurement):
    text, _ = shown([measurement(name, accuracy=0.9) for name in ("MLR", "rMLR")])
    assert text.count(" * ") + text.count(" *\n") >= 2


def test_how_many_repetitions_there_were_is_said(measurement):
    rows = [measurement("MLR", k) for k in range(3)] + [measurement("MLR (flipped, inverse)", k) for k in range(2)]
    rows += [measurement(method, 0, 7) for method in ("NN", "NN forward")]
    text, _ = shown(rows)
    assert "over 3 repetitions (NN, NN forward: 1), n where fewer" in text
    fewer = [line.split("  ")[0] for line in text.splitlines() if "n=" in line]
    assert fewer == ["MLR (flipped, inverse)", "NN forward, epoch 7, less NN"]


def test_table_1_shows_shares_of_named_classes(measurement):
    priors = {"clean": [0.2, 0.3, 0.5], "noisy": [0.25, 0.35, 0.4]}
    rows = [measurement("priors", accuracy=None, priors=priors, classes=["bag", "[b]boot[/b]", "coat"])]
    text, _ = shown(rows)
    header = next(line for line in text.splitlines() if line.startswith("Labels"))
    assert header.split() == ["Labels", "bag", "[b]boot[/b]", "coat"]
    assert [line.split()[-3:] for line in text.splitlines() if line.startswith(("clean", "training"))] == [
        ["0.200", "0.300", "0.500"], ["0.250", "0.350", "0.400"],
    ]  # fmt: skip


def test_data_and_noise_have_names():
    assert heading("fashion-mnist", "0.5") == "Fashion-MNIST, noise (38)"
    assert heading("garments", "0.6", between="\n") == "Garments\nnoise (39)"
    assert heading("mine.npz", "uniform:0.2") == "mine.npz, uniform 0.2"


@pytest.mark.parametrize("width", [80, 100, 60])
def test_tables_fit_the_console(study, garments, width):
    for rows in (study, garments):
        text, widest = shown(rows, width)
        assert widest <= width
        assert "\u2026" not in text, "nothing is cut off"
    if width >= 80:
        assert "continued" not in shown(study, width)[0]


def test_wide_tables_are_continued(measurement):
    method = "twenty_letters_whole"
    rows = [measurement(method, data=f"data {k}.npz", noise="given", accuracy=k / 10) for k in range(9)]
    text, widest = shown(rows, 80)
    assert widest <= 80 and "continued" in text and "\u2026" not in text
    assert text.count(method) == text.count("Table 3") > 1
    assert all(text.count(f"{k / 10:.3f}") == 1 for k in range(9))


def test_csv_has_one_line_per_number(study, tmp_path):
    path = tmp_path / "out" / "tables.csv"
    write_csv(study, path)
    lines = list(csv.DictReader(path.open()))
    assert len(lines) == len(cells(study))
    assert {line["table"] for line in lines} == {"1", "2", "3", "difference", "T", "T error"}
    found = [
        line for line in lines
        if (line["table"], line["data"], line["noise"], line["method"], line["epoch"])
        == ("3", "fashion-mnist", "0.6", "NN backward", "30")
    ]  # fmt: skip
    assert len(found) == 1 and found[0]["report_mean"] == "0.808" and found[0]["report_sd"] == "0.0153"
    kept = [row["accuracy"] for row in study if (row["data"], row["noise"], row["method"], row["epoch"]) == (
        "fashion-mnist", "0.6", "NN backward", 30)]  # fmt: skip
    assert float(found[0]["mean"]) == pytest.approx(np.mean(kept))
    assert float(found[0]["sd"]) == pytest.approx(np.std(kept, ddof=1)) and found[0]["n"] == "6"
    assert [line["report_mean"] for line in lines if line["method"] == "NN forward"][0] == ""


def test_nothing_measured_is_no_table():
    assert grids([]) == [] and shown([]) == ("", 0)
