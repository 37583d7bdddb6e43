"""Folders as learning platforms hand them out: whose file is which exercise, and what is said about the others."""

import json
import zipfile
from pathlib import Path

import pytest
from submissions import CROSS_ENTROPY, SOFTMAX

from scratchnoise.course.grading.points import read_points
from scratchnoise.course.grading.submissions import find_submissions

NAMES = ["01_softmax.py", "02_cross_entropy.py"]
NOTEBOOK = json.dumps(
    {
        "cells": [
            {"cell_type": "markdown", "source": ["# 01"]},
            {"cell_type": "code", "source": ["%%writefile 01_softmax.py\n", *SOFTMAX.splitlines(True)]},
            {"cell_type": "code", "source": ["!scratchnoise check 01"]},
        ]
    }
)


@pytest.fixture
def find(tmp_path):
    """find({path: text}) -> {student: {exercise: text}}, all notes."""

    def find(files, layout=None):
        folder = tmp_path / "class"
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(text, dict):
                with zipfile.ZipFile(path, "w") as archive:
                    for member, content in text.items():
                        archive.writestr(member, content)
            else:
                path.write_text(text, encoding="utf-8")
        found, notes = find_submissions(folder, NAMES, tmp_path / "work", layout)
        files = {
            each.student: {name: Path(p).read_text(encoding="utf-8") for name, p in each.files.items()}
            for each in found
        }
        return files, [f"{each.student}: {note}" for each in found for note in each.notes] + notes

    return find


ALICE_AND_BOB = {"alice": {NAMES[0]: SOFTMAX}, "bob": {NAMES[0]: CROSS_ENTROPY}}


@pytest.mark.parametrize(
    "layout",
    [
        ("alice/01_softmax.py", "bob/01_softmax.py"),
        ("alice/tutorials/exercises/01_softmax.py", "bob/deep/er/01_softmax.py"),
        ("alice_12345_678910_01_softmax.py", "bob_12346_678911_01_softmax.py"),
        ("alice_LATE_12345_678910_01_softmax.py", "bob_12346_678911_01_softmax-1.py"),
        ("alice/01_softmax.py", "bob/01_Softmax.PY"),
        ("alice/01_softmax (1).py", "bob/01_softmax-2.py"),
        ("alice_assignsubmission_file/01_softmax.py", "bob_assignsubmission_file/01_softmax.py"),
        ("alice_assignsubmission_file_/01_softmax.py", "bob/ps1/01_softmax.py"),
    ],
)
def test_layouts_with_one_meaning(find, layout):
    found, _ = find(dict(zip(layout, (SOFTMAX, CROSS_ENTROPY), strict=True)))
    assert found == ALICE_AND_BOB


def test_moodle_makes_one_student_of_two_folders(find):
    name = "Jane Doe_1234568_assignsubmission_"
    found, notes = find({f"{name}file/01_softmax.py": SOFTMAX, f"{name}onlinetext/onlinetext.html": "see file"})
    assert found == {"Jane Doe_1234568": {NAMES[0]: SOFTMAX}} and not notes


def test_zips_are_folders(find):
    found, _ = find(
        {
            "alice.zip": {"home/01_softmax.py": SOFTMAX, "__MACOSX/home/._01_softmax.py": "x"},
            "bob_1234_5678_my.zip": {"01_softmax.py": CROSS_ENTROPY, "../../evil.py": "x"},
        }
    )
    assert found == ALICE_AND_BOB


def test_notebooks_are_read(find):
    found, _ = find({"alice/01_softmax.ipynb": NOTEBOOK, "bob/01_softmax.py": CROSS_ENTROPY})
    assert found["alice"][NAMES[0]].strip() == SOFTMAX.strip()


def test_one_folder_of_files_is_one_student(find):
    assert find({"01_softmax.py": SOFTMAX})[0] == {"class": {NAMES[0]: SOFTMAX}}


def test_a_file_of_nobody_hides_no_class(find):
    found, notes = find({"01_softmax.py": SOFTMAX, "alice/01_softmax.py": SOFTMAX, "bob/01_softmax.py": CROSS_ENTROPY})
    assert found == ALICE_AND_BOB and "not graded" in notes[0] and len(notes) == 1


def test_two_files_are_never_chosen_from_in_silence(find):
    found, notes = find({"alice/a/01_softmax.py": SOFTMAX, "alice/b/01_softmax.py": "wrong"})
    assert found == {"alice": {}} and "2 different files could be meant" in notes[0]


def test_the_folder_of_the_exercises_is_preferred_aloud(find):
    found, notes = find({"alice/backup/01_softmax.py": "old", "alice/tutorials/exercises/01_softmax.py": SOFTMAX})
    assert found["alice"] == {NAMES[0]: SOFTMAX} and "2 candidates, took alice/tutorials" in notes[0]


def test_the_newest_copy_counts(find):
    found, notes = find(
        {"alice_1_2_01_softmax.py": "old", "alice_1_3_01_softmax-1.py": "older", "alice_1_4_01_softmax-2.py": SOFTMAX}
    )
    assert found["alice"] == {NAMES[0]: SOFTMAX} and "took alice_1_4_01_softmax-2.py" in notes[0]


def test_hidden_folders_are_skipped(find):
    found, _ = find(
        {"alice/01_softmax.py": SOFTMAX, "bob/.venv/lib/site/01_softmax.py": "x", ".git/01_softmax.py": "x"}
    )
    assert found == {"alice": {NAMES[0]: SOFTMAX}, "bob": {}}


@pytest.mark.parametrize("name", ["softmax.py", "01 softmax final.py", "my_softmax_v2.py", "01_softmax.txt"])
def test_nearly_right_names_are_said(find, name):
    _, notes = find({f"alice/{name}": SOFTMAX, "bob/01_softmax.py": SOFTMAX})
    assert notes == [f"alice: alice/{name} looks like 01_softmax.py, and is not graded"]


def test_another_layout_is_a_regular_expression(find):
    found, _ = find({"ps1/alice-softmax.py": SOFTMAX}, r"^[^/]+/(?P<student>\w+)-(?P<exercise>\w+)\.py$")
    assert found["alice"] == {NAMES[0]: SOFTMAX}


@pytest.mark.parametrize(
    ("layout", "message"), [("(", "no regular expression"), (r"(?P<student>\w+)", "name the groups")]
)
def test_a_layout_that_is_none(find, layout, message):
    with pytest.raises(ValueError, match=message):
        find({"alice/01_softmax.py": SOFTMAX}, layout)


class Row:
    def __init__(self, student, exercise, passed):
        self.student, self.exercise, self.passed = student, exercise, passed


def test_points_weigh_functions_and_days(tmp_path):
    from scratchnoise.course import EXERCISES

    (tmp_path / "points.json").write_text('{"01": {"softmax": 6, "softmax_backward": 4}, "02": 9}')
    (tmp_path / "late.csv").write_text("student,days\nbob,2\n")
    chosen = [EXERCISES["01"], EXERCISES["02"]]
    points = read_points(chosen, tmp_path / "points.json", tmp_path / "late.csv", 0.1)
    assert points.of(Row("alice", "01", "softmax")) == 6 and points.most("02") == 9
    assert points.of(Row("bob", "02", "cross_entropy cross_entropy_grad")) == 4.8
    (tmp_path / "points.json").write_text('{"01": {"softmin": 6}}')
    with pytest.raises(ValueError, match="has no function 'softmin'"):
        read_points(chosen, tmp_path / "points.json")


# --- what a teacher's folder may hold as well ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "names"),
    [
        (
            ("36-1 - Al - Sep 5, 2026 1131 PM/01_softmax.py", "36-2 - Bo - Sep 5, 2026 1131 PM/01_softmax.py"),
            "36-1 - Al",
        ),
        (
            ("HW1_al_attempt_2026-09-05-11-31-00_01_softmax.py", "HW1_bo_attempt_2026-09-05-11-31-09_01_softmax.py"),
            "HW1_al",
        ),
        (("Al_1_assignsubmission_file_01_softmax.py", "Bo_2_assignsubmission_file_01_softmax.py"), "Al_1"),
        (("al_01_softmax.py", "bo_01_softmax.ipynb"), "al"),
    ],
)
def test_further_platforms(find, layout, names):
    texts = (SOFTMAX, NOTEBOOK if layout[1].endswith("ipynb") else CROSS_ENTROPY)
    found, _ = find(dict(zip(layout, texts, strict=True)))
    assert len(found) == 2 and found[names] == {NAMES[0]: SOFTMAX}


@pytest.mark.parametrize("kind", ["{}_01_softmax.py", "{}_hw.zip"])
def test_two_people_of_one_name_are_two(find, kind):
    def handed_in(text):
        return {"01_softmax.py": text} if kind.endswith("zip") else text

    first, second = (kind.format(f"doejane_{number}") for number in ("11_22", "33_44"))
    found, notes = find({first: handed_in(SOFTMAX), second: handed_in(CROSS_ENTROPY), "bob_5_6_01_softmax.py": SOFTMAX})
    assert found["doejane_11"] == {NAMES[0]: SOFTMAX} and found["doejane_33"] == {NAMES[0]: CROSS_ENTROPY}
    assert set(found) == {"doejane_11", "doejane_33", "bob"} and not notes


def test_nobody_is_lost_who_handed_in_something_else(find):
    found, notes = find(
        {
            "al/01_softmax.py": SOFTMAX,
            "bo.tar.gz": "x",
            "cy.zip": "no zip",
            "di_1_2_essay.pdf": "x",
            "ed/work.7z": "x",
            "fa.zip": {"hw.zip": "x"},
        }
    )
    assert set(found) == {"al", "bo", "cy", "di", "ed", "fa"}
    unread = [note.partition(" is an archive that cannot be read")[0] for note in notes]
    assert sorted(unread) == ["bo: bo.tar.gz", "cy: cy.zip", "ed: ed/work.7z", "fa: fa.zip/hw.zip"]


def test_a_class_in_one_folder_is_noticed(find):
    _, notes = find({"export/submission_1/01_softmax.py": SOFTMAX, "export/submission_2/01_softmax.py": CROSS_ENTROPY})
    assert "if these are students, grade that folder: export" in notes[0]
    _, notes = find({"class.zip": {"al/01_softmax.py": SOFTMAX, "bo/01_softmax.py": CROSS_ENTROPY}})
    assert any("unpack it and grade that: class.zip" in note for note in notes)


def test_a_zip_made_on_windows(find):
    found, _ = find({"alice.zip": {"home\\01_softmax.py": SOFTMAX}, "bob/01_softmax.py": CROSS_ENTROPY})
    assert found == ALICE_AND_BOB


def test_a_notebook_and_the_file_that_it_writes_are_one(find):
    found, notes = find({"alice/01_softmax.ipynb": NOTEBOOK, "alice/01_softmax_notebook.py": SOFTMAX + "\n"})
    assert found["alice"] and "one of 2 alike" in notes[0]


def test_names_are_compared_as_people_read_them(find):
    assert set(find({"Zoe\u0308/01_softmax.py": SOFTMAX, "bob/01_softmax.py": SOFTMAX})[0]) == {"Zo\u00eb", "bob"}


def test_where_nothing_is_found_the_nearest_name_is_said(find):
    with pytest.raises(ValueError, match="holds no exercise.*01_softmax_alice.py looks like 01_softmax.py.*--layout"):
        find({"01_softmax_alice.py": SOFTMAX})


@pytest.mark.parametrize(
    ("points", "late", "share", "message"),
    [
        ("[1]", None, 0, "should hold JSON"),
        ("{", None, 0, "points.json should hold JSON"),
        ('{"01": -1}', None, 0, "points=-1 should be"),
        ('{"01": {"softmax": "6"}}', None, 0, "points='6' should be"),
        ('{"99": 1}', None, 0, "there is no exercise '99'"),
        (None, "student,days\nbob,-1\n", 0, "bob should have one line"),
        (None, "student,days\nbob,1\nbob,2\n", 0, "bob should have one line"),
        (None, "name,days\nbob,1\n", 0, "columns student and days"),
        (None, None, 10, "--late-share=10 should be"),
    ],
)
def test_wrong_points_are_refused(tmp_path, points, late, share, message):
    from scratchnoise.course import EXERCISES

    paths = {"points.json": points, "late.csv": late}
    for name, text in paths.items():
        (tmp_path / name).write_text(text or "")
    given = [tmp_path / name if text else None for name, text in paths.items()]
    with pytest.raises(ValueError, match=message):
        read_points([EXERCISES["01"]], *given, share)


def test_points_of_other_exercises_are_passed_over(tmp_path):
    from scratchnoise.course import EXERCISES

    (tmp_path / "points.json").write_text('{"01": 6, "02": 9}')
    assert read_points([EXERCISES["01"]], tmp_path / "points.json").most("01") == 6
