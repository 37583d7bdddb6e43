"""`scratchnoise grade` as a teacher meets it: a class with everything in it, one row for each student and exercise."""

import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

import own_process
import profiles
import pytest

if sys.platform != "linux":
    pytest.skip("the grader runs on Linux only", allow_module_level=True)

from rich.console import Console
from solutions.files import by_exercise
from solutions.right import right_solutions
from solutions.wrong import wrong_solutions
from submissions import CROSS_ENTROPY, HONEST, HOSTILE, SOFTMAX

from scratchnoise.cli import main
from scratchnoise.course import EXERCISES, workspace
from scratchnoise.course.grading.grader import STATUSES, Grading, NotContained, Row
from scratchnoise.course.grading.guard import MB, Limits
from scratchnoise.course.grading.processes import descendants
from scratchnoise.course.grading.report import MARKS, print_rows, short, write_rows

STUBS = workspace.STUBS
LIMITS = Limits(seconds=4, memory=512 * MB)


def make_class(folder, students):
    """One folder for each student, the first exercise from `students`, the second one right."""
    for student, (text, *_) in students.items():
        own = folder / student / "homework"
        own.mkdir(parents=True)
        (own / "02_cross_entropy.py").write_text(CROSS_ENTROPY)
        if text is not None:
            (own / "01_softmax.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


@pytest.fixture(scope="module", autouse=True)
def temporary(tmp_path_factory):
    """A folder for temporary files that no other process of the tests uses: a Path."""
    usual, tempfile.tempdir = tempfile.tempdir, str(tmp_path_factory.mktemp("temporary"))
    yield Path(tempfile.tempdir)
    tempfile.tempdir = usual


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The rows of the whole class, (student, number) -> Row."""
    folder = make_class(tmp_path_factory.mktemp("class"), HONEST | HOSTILE)
    os.environ["SECRET"] = "not kept"
    try:
        with Grading(folder, ["01", "02"], LIMITS, jobs=2) as grading:
            rows = grading.in_order(grading.rows())
    except NotContained as error:
        pytest.skip(str(error))
    finally:
        del os.environ["SECRET"]
    return {(row.student, row.exercise): row for row in rows}


@pytest.mark.parametrize("student", HONEST | HOSTILE)
@pytest.mark.slow
def test_each_is_graded_for_what_it_is(graded, student):
    _, status, message = (HONEST | HOSTILE)[student]
    row = graded[student, "01"]
    assert row.status == status and message in row.message, row
    assert row.name == "softmax"


@pytest.mark.slow
def test_the_other_exercise_of_each_is_not_harmed(graded):
    others = {student: row.status for (student, number), row in graded.items() if number == "02"}
    assert others == dict.fromkeys(sorted(HONEST | HOSTILE), "passed")


@pytest.mark.slow
def test_one_row_for_each_in_order(graded):
    assert list(graded) == [(student, number) for student in sorted(HONEST | HOSTILE) for number in ("01", "02")]
    assert {row.status for row in graded.values()} <= set(STATUSES) == set(MARKS)
    assert not [row for row in graded.values() if any(c < " " and c != "\n" for c in row.message)]


@pytest.mark.slow
def test_nothing_is_left(graded, temporary):
    assert not list(temporary.glob("scratchnoise-grade-*"))
    assert not [pid for pid in descendants(os.getpid()) if "grading" in Path(f"/proc/{pid}/cmdline").read_text()]


@pytest.mark.slow
def test_csv_and_json_hold_the_same(graded, tmp_path):
    rows = list(graded.values())
    write_rows(rows, tmp_path / "new" / "grades.csv")
    write_rows(rows, tmp_path / "grades.json")
    with open(tmp_path / "new" / "grades.csv", newline="") as file:
        from_csv = list(csv.DictReader(file))
    from_json = json.loads((tmp_path / "grades.json").read_text())
    assert [row | {"message": short(row["message"])} for row in from_json] == [
        row | {"seconds": float(row["seconds"])} for row in from_csv
    ]
    assert all("\n" not in row["message"] for row in from_csv)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("start", "=+-@")
def test_a_spreadsheet_sees_text(tmp_path, start):
    write_rows([Row(f"{start}1+1", "01", "softmax", "failed", message=f"{start}HYPERLINK(1)")], tmp_path / "a.csv")
    with open(tmp_path / "a.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["student"], row["message"]) == (f"'{start}1+1", f"'{start}HYPERLINK(1)")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.slow
def test_the_table_fits(graded, width):
    """All exercises side by side, a long name shortened, and everything unusual explained below."""
    long = "a student whose name does not fit"
    often = [Row(long, number, "x", "failed", mistake="no_shift") for number in EXERCISES]
    rows = [*graded.values(), *often, Row("another", "01", "x", "failed", mistake="no_shift")]
    console = Console(width=width, record=True, file=open(os.devnull, "w"))
    print_rows(rows, console)
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    head = next(line for line in text.splitlines() if line.startswith("student"))
    assert head.split() == ["student", *EXERCISES, "passed"]
    assert "endless loop 01" in text and "timeout" in text and "no shift" in text and long not in text


@pytest.mark.slow
def test_a_folder_of_files_is_one_submission(tmp_path):
    (tmp_path / "01_softmax.py").write_text(SOFTMAX)
    with Grading(tmp_path, ["softmax", "1"]) as grading:
        (row,) = grading.rows()
    assert (row.student, row.exercise, row.status) == (tmp_path.name, "01", "passed")


def test_links_are_not_followed(tmp_path):
    """A link could show a student what only the teacher can read."""
    (tmp_path / "secret.py").write_text(SOFTMAX)
    own = tmp_path / "class" / "ada"
    own.mkdir(parents=True)
    (own / "02_cross_entropy.py").write_text(CROSS_ENTROPY)
    (own / "01_softmax.py").symlink_to(tmp_path / "secret.py")
    (own / "elsewhere").symlink_to(tmp_path)
    with Grading(tmp_path / "class", ["01"]) as grading:
        assert [row.status for row in grading.rows()] == ["missing"]


@pytest.mark.slow
def test_the_command(tmp_path, capsys, monkeypatch):
    make_class(tmp_path / "class", {"ada": HONEST["right"], "bob": HONEST["wrong"]})
    monkeypatch.chdir(tmp_path)
    assert main(["grade", "class", "--exercises", "01,02", "--seed", "5"]) == 0
    shown = capsys.readouterr()
    assert "4 of 4 rows are in grades.csv" in shown.out and "Each exercise ran" in shown.out and "4/4" in shown.err
    with open("grades.csv", newline="") as file:
        found = [(row["student"], row["exercise"], row["status"]) for row in csv.DictReader(file)]
    assert found == [
        ("ada", "01", "passed"),
        ("ada", "02", "passed"),
        ("bob", "01", "failed"),
        ("bob", "02", "passed"),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "DIR='nowhere' is no folder"),
        (["empty"], "holds no exercise"),
        (["class", "--exercises", "softmin"], "did you mean 'softmax'"),
        (["class", "--out", "grades.xlsx"], "should end in .csv or .json"),
        (["class", "--out", "/proc/grades.csv"], "/proc"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_runs(tmp_path, monkeypatch, capsys, arguments, message):
    make_class(tmp_path / "class", {"ada": HONEST["right"]})
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("scratchnoise.course.grading.grader.Server", None)
    assert main(["grade", *arguments]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and len(error.splitlines()) == 1


@pytest.mark.slow
def test_ctrl_c_keeps_the_finished_rows_and_ends_everything(tmp_path):
    make_class(tmp_path / "class", {"a right": HONEST["right"], "b endless": HOSTILE["endless sleep"]})
    command = [sys.executable, "-m", "scratchnoise", "grade", "class", "--exercises", "01,02", "--jobs", "2"]
    pipes = {"stderr": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    run = subprocess.Popen(command, cwd=tmp_path, **pipes, preexec_fn=own_process.hears_ctrl_c)
    seen = ""
    while "3/4" not in seen:
        seen += run.stderr.read(1)
    started = descendants(run.pid)
    assert len(started) >= 5  # two servers, a guard, its first process, the task
    run.send_signal(signal.SIGINT)
    shown, _ = run.communicate(timeout=30)
    assert run.returncode == 1 and "3 of 4 rows are in grades.csv; stopped before the end" in shown
    assert len((tmp_path / "grades.csv").read_text().splitlines()) == 4
    until = time.monotonic() + 5
    while time.monotonic() < until and any(Path(f"/proc/{pid}").exists() for pid in started):
        time.sleep(0.05)
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_a_class_of_thirty(tmp_path):
    """14 exercises of 30 students, all handed in, two of five wrong, the hostile among them: under 5 minutes."""
    if not profiles.runs("nightly"):
        pytest.skip("takes minutes; it runs with --hypothesis-profile=nightly")
    students = dict([*HOSTILE.items(), *HONEST.items()][:30])
    folder = make_class(tmp_path, students)
    wanted = {(student, "01"): status for student, (_, status, *_) in students.items()}
    banks = {"passed": by_exercise(right_solutions()), "failed": by_exercise(wrong_solutions())}
    for place, (student, number) in enumerate(product(students, [*EXERCISES][1:])):
        wanted[student, number] = status = "failed" if place % 5 < 2 else "passed"
        mine = banks[status][number]
        (folder / student / "homework" / EXERCISES[number].filename).write_text(mine[place % len(mine)])
    began = time.monotonic()
    with Grading(folder, None, Limits(), jobs=2) as grading:
        rows = list(grading.rows())
    assert time.monotonic() - began < 300
    assert {(row.student, row.exercise): row.status for row in rows} == wanted
