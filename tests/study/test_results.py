import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from scratchnoise.study import results as results_module
from scratchnoise.study import rows_file
from scratchnoise.study.results import ResultsFile, identity
from scratchnoise.study.rows_file import RowsFile, move_damaged_aside


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "results.jsonl"


@pytest.fixture
def two(path, measurement):
    """A file with two measurements."""
    results = ResultsFile(path)
    results.append(measurement(repetition=0, settings={"note": "\u2260 \u2028 \n"}))
    results.append(measurement(repetition=1, T_hat=[[0.7, 0.1], [0.3, 0.9]]))
    return path


def test_rows_come_back_as_they_went_in(two, measurement):
    rows = ResultsFile(two).rows()
    assert rows[0] == measurement(repetition=0, settings={"note": "\u2260 \u2028 \n"})
    assert rows[1]["T_hat"] == [[0.7, 0.1], [0.3, 0.9]]
    assert two.read_bytes().count(b"\n") == 2


def test_appending_object_and_a_new_reader_agree(path, measurement):
    results = ResultsFile(path)
    results.append(measurement(accuracy=np.float32(0.5), epoch=np.int64(7), history={"train_loss": np.array([1.0])}))
    assert results.rows() == ResultsFile(path).rows()
    assert results.rows()[0]["epoch"] == 7 and results.rows()[0]["history"] == {"train_loss": [1.0]}


def test_what_is_not_finite_is_stored_as_valid_json(path, measurement):
    ResultsFile(path).append(measurement(accuracy=np.nan, history={"corrected_risk": [0.1, -np.inf]}))

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    row = json.loads(path.read_text(), parse_constant=refuse)
    assert row["accuracy"] is None and row["history"]["corrected_risk"] == [0.1, None]


def test_a_row_is_on_the_disk_when_append_returns(path, measurement, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda _: synced.append(path.read_bytes()))
    ResultsFile(path).append(measurement())
    assert len(synced) == 1 and synced[0].endswith(b"}\n") and synced[0] == path.read_bytes()


def test_a_last_line_cut_anywhere_is_dropped_and_then_overwritten(two, measurement):
    whole = two.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(first, len(whole)):
        two.write_bytes(whole[:cut])
        results = ResultsFile(two)
        assert [row["repetition"] for row in results.rows()] == [0]
        assert two.read_bytes() == whole[:cut], "reading must not write"
        results.append(measurement(repetition=2))
        assert [row["repetition"] for row in ResultsFile(two).rows()] == [0, 2]
        assert two.read_bytes().startswith(whole[:first])


def test_zeros_after_a_power_cut_are_a_truncated_line(two):
    with open(two, "ab") as file:
        file.write(b"\0" * 50)
    assert len(ResultsFile(two).rows()) == 2


@pytest.mark.parametrize("damage", [b"{...}", b"", b"3", b"{}", b"\xff\xfe{", b'{"data": "x"}'])
@pytest.mark.parametrize("line", [1, 2])
def test_a_damaged_whole_line_is_refused_by_name(two, damage, line):
    lines = two.read_bytes().split(b"\n")
    lines[line - 1] = damage
    two.write_bytes(b"\n".join(lines))
    with pytest.raises(ValueError, match=f"results.jsonl, line {line}:"):
        ResultsFile(two)


def test_a_measurement_is_there_once(two, measurement):
    results = ResultsFile(two)
    results.append(measurement(repetition=1, accuracy=0.1))
    assert len(results.rows()) == 2 and results.rows()[1]["accuracy"] == 0.9
    results.append(measurement(repetition=1, preset="quick"))
    results.append(measurement(repetition=1, epoch=7))
    results.append(measurement(repetition=1, data_hash="0123"), measurement(repetition=1, backend="numba"))
    assert len(ResultsFile(two).rows()) == 6
    two.write_bytes(two.read_bytes() + two.read_bytes().split(b"\n")[0] + b"\n")
    with pytest.raises(ValueError, match="line 7: measured before"):
        ResultsFile(two)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("accuracy", value) for value in (7.5, -0.1, "0.9", True, [0.9])],
        *[("seed", value) for value in ([0], "0", -1, 1.5, None)],
        *[("epoch", value) for value in (0, "2", 2.5)],
        *[("seconds", value) for value in (-1, "2")],
        *[("T_hat", value) for value in ([[0.7, 0.1], [0.4, 0.9]], [[1.0]], [[0.5, 0.5]], "T", [[2, 0], [-1, 1]])],
        ("repetition", None),
        ("method", 3),
        ("history", [1]),
    ],
)
def test_a_value_that_cannot_be_is_refused_and_moved_aside(two, measurement, name, value):
    with pytest.raises(ValueError, match=f"{name}="):
        ResultsFile(two).append(measurement(repetition=5) | {name: value})
    row = json.dumps(measurement(repetition=5) | {name: value})
    whole = two.read_bytes()
    two.write_bytes(row.encode() + b"\n" + whole)
    assert [line for line, _ in move_damaged_aside(two, identity)] == [1]
    assert two.read_bytes() == whole
    aside = json.loads((two.parent / "results.jsonl.damaged").read_text())
    assert aside["line"] == 1 and aside["content"] == row and name in aside["why"]


def test_has_compares_the_fields_it_is_given(two):
    results = ResultsFile(two)
    assert results.has(method="MLR", repetition=1, epoch=None, preset="paper")
    assert results.has(data="fashion-mnist")
    assert not results.has(method="MLR", repetition=2)
    assert not results.has(method="MLR", repetition=1, preset="quick")
    with pytest.raises(TypeError, match="repitition"):
        results.has(repitition=1)


def test_rows_without_the_required_fields_are_refused(two, measurement):
    row = measurement(repetition=9)
    del row["seed"]
    before = two.read_bytes()
    with pytest.raises(ValueError, match="no seed"):
        ResultsFile(two).append(row)
    assert two.read_bytes() == before


def test_what_another_writer_added_is_seen_and_kept(two, measurement):
    stale = ResultsFile(two)
    ResultsFile(two).append(measurement(repetition=2))
    stale.append(measurement(repetition=3), measurement(repetition=2, accuracy=0.1))
    rows = ResultsFile(two).rows()
    assert [row["repetition"] for row in rows] == [0, 1, 2, 3] and rows[2]["accuracy"] == 0.9
    assert stale.rows() == rows


def test_a_file_that_vanished_is_begun_anew(two, measurement):
    results = ResultsFile(two)
    two.unlink()
    results.append(measurement(repetition=3))
    assert [row["repetition"] for row in ResultsFile(two).rows()] == [3]


WRITER = """
import sys
from scratchnoise.study.rows_file import RowsFile
file = RowsFile(sys.argv[1], lambda row: row["n"])
for n in range(200):
    file.append({"n": n}, {"n": f"{sys.argv[2]} {n}"})
"""


def test_processes_that_append_at_once_lose_nothing_and_double_nothing(tmp_path):
    path = tmp_path / "rows.jsonl"
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, path, name]) for name in "abc"]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    found = [json.loads(line)["n"] for line in path.read_text().splitlines()]
    expected = [*range(200), *(f"{name} {n}" for name in "abc" for n in range(200))]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_a_writer_that_is_killed_leaves_a_file_that_goes_on(tmp_path):
    path, rng = tmp_path / "rows.jsonl", np.random.default_rng(0)
    for kill in range(5):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path, str(kill)])
        before = path.stat().st_size if path.exists() else 0
        while writer.poll() is None and (path.stat().st_size if path.exists() else 0) <= before:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, 0.05))
        writer.kill()
        writer.wait()
    rows = RowsFile(path, lambda row: row["n"])
    rows.append({"n": "last"})
    assert json.loads(path.read_text().splitlines()[-1]) == {"n": "last"}
    assert len(rows.rows()) == len(set(rows.keys())) > 5


# --- the keys that are kept ------------------------------------------------------------------------------


@pytest.fixture
def kept(two, measurement, monkeypatch):
    """The path of a file with five measurements, of which four were there when its keys were kept."""
    monkeypatch.setattr(rows_file, "WORTH_KEEPING", 3)
    results = ResultsFile(two, "rules")
    results.append(measurement(repetition=2, epoch=7), measurement(repetition=3, seed=1))
    results.remember()
    results.append(measurement(repetition=4))
    return two


def parsed(path, monkeypatch, stamp="rules"):
    """How many rows an opening checks, and the keys that it finds."""
    checked = []
    monkeypatch.setattr(results_module, "identity", lambda row: checked.append(row) or identity(row))
    keys = ResultsFile(path, stamp).keys()
    monkeypatch.undo()
    return keys, len(checked)


def test_rows_that_were_checked_before_are_not_parsed_again(kept, measurement, monkeypatch):
    keys, checked = parsed(kept, monkeypatch)
    assert checked == 1 and keys == ResultsFile(kept).keys() and len(keys) == 5
    assert len(ResultsFile(kept, "rules").rows()) == 5
    results = ResultsFile(kept, "rules")
    results.append(measurement(repetition=3, seed=1), measurement(repetition=5))
    assert [row["repetition"] for row in ResultsFile(kept).rows()] == [0, 1, 2, 3, 4, 5]


def test_another_stamp_parses_all(kept, monkeypatch):
    assert parsed(kept, monkeypatch, "other rules")[1] == 5
    assert parsed(kept, monkeypatch, None)[1] == 5


@pytest.mark.parametrize("change", ["number", "cut", "other file", "keys cut", "keys changed"])
def test_keys_count_only_for_the_bytes_that_they_were_found_in(kept, measurement, monkeypatch, change):
    keys, content = kept.with_name(".results.jsonl.keys"), kept.read_bytes()
    if change == "number":
        kept.write_bytes(content.replace(b'"accuracy": 0.9', b'"accuracy": 9.0', 1))
        with pytest.raises(ValueError, match="line 1: accuracy"):
            ResultsFile(kept, "rules")
        return
    if change == "cut":
        kept.write_bytes(content[: len(content) // 2])
    elif change == "other file":
        kept.unlink()
        ResultsFile(kept).append(measurement(repetition=9))
    elif change == "keys cut":
        keys.write_bytes(keys.read_bytes()[:-9])
    else:
        keys.write_bytes(keys.read_bytes().replace(b'"end": ', b'"end": 1'))
    found, checked = parsed(kept, monkeypatch)
    assert found == ResultsFile(kept).keys() and checked == len(found)
