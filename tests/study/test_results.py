import json
import os

import numpy as np
import pytest

from scratchnoise.study.results import ResultsFile


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
    with pytest.raises(ValueError, match="measured before"):
        results.append(measurement(repetition=1, accuracy=0.1))
    results.append(measurement(repetition=1, preset="quick"))
    results.append(measurement(repetition=1, epoch=7))
    assert len(ResultsFile(two).rows()) == 4
    two.write_bytes(two.read_bytes() + two.read_bytes().split(b"\n")[0] + b"\n")
    with pytest.raises(ValueError, match="line 5: measured before"):
        ResultsFile(two)


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


def test_what_another_writer_added_is_not_cut_off(two, measurement):
    stale = ResultsFile(two)
    ResultsFile(two).append(measurement(repetition=2))
    with pytest.raises(ValueError, match="another process"):
        stale.append(measurement(repetition=3))
    assert [row["repetition"] for row in ResultsFile(two).rows()] == [0, 1, 2]
    assert not stale.has(repetition=3)


def test_a_file_that_vanished_is_not_refilled_with_zeros(two, measurement):
    results = ResultsFile(two)
    two.unlink()
    with pytest.raises(ValueError, match="another process"):
        results.append(measurement(repetition=3))
