"""What comes out of grading: a file for other programs, a table for a person."""

import csv
import io
import json
import re
import textwrap
from collections import Counter
from dataclasses import asdict, fields

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...files import write_whole
from .grader import CHECKED, Row

SHORT = 200  # characters of a message in a table
WIDEST_NAME = 24
MISTAKES = 5  # the most frequent ones
MARKS = {
    "passed": ("ok", "green"),
    "failed": ("x", "red"),
    "not started": (".", "dim"),
    "missing": ("-", "dim"),
    "unclear": ("2", "bold yellow"),
    "timeout": ("T", "bold yellow"),
    "memory": ("M", "bold yellow"),
    "crashed": ("C", "bold yellow"),
    "tampered": ("!", "bold magenta"),
    "unreadable": ("?", "bold yellow"),
    "not contained": ("N", "bold yellow"),
}


def write_rows(rows, path):
    """Write rows as .csv or .json, by the name of the file, in one step; JSON has the whole messages.

    path: Path, its suffix as `check_path` wants it.
    """
    names = [field.name for field in fields(Row)]
    text = io.StringIO()
    if path.suffix == ".json":
        json.dump([asdict(row) for row in rows], text, indent=1, ensure_ascii=False)
        text.write("\n")
    else:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([_cell(getattr(row, name)) for name in names] for row in rows)
    write_whole(path, text.getvalue().encode())


def write_table(rows, points, path):
    """One line a student, one column an exercise, in points; UTF-8 with a byte-order mark, as spreadsheets want it."""
    by_student = {}
    for row in rows:
        by_student.setdefault(row.student, {})[row.exercise] = row
    numbers = sorted({row.exercise for row in rows})
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(["student", *numbers, "points", "of", "late days"])
    for student, own in by_student.items():
        earned = [points.of(own[number]) if number in own else 0.0 for number in numbers]
        most = sum(points.most(number) for number in numbers)
        writer.writerow([_cell(student), *earned, round(sum(earned), 4), most, points.late.get(student, 0)])
    write_whole(path, text.getvalue().encode("utf-8-sig"))


def write_feedback(rows, points, folder):
    """For each student a text to hand out, and results.json as Gradescope reads it, in a folder of that name."""
    for student in dict.fromkeys(row.student for row in rows):
        own = [row for row in rows if row.student == student]
        place = folder / re.sub(r"[^\w .-]", "_", student).strip(". ") if student else folder
        lines = [
            f"{student}: {sum(map(points.of, own)):g} of {sum(points.most(row.exercise) for row in own):g} points\n"
        ]
        for row in own:
            lines.append(
                f"{row.exercise} {row.name}: {row.status}, {points.of(row):g} of {points.most(row.exercise):g}"
            )
            lines += [row.message, ""] if row.message else [""]
        tests = [
            {
                "name": f"{row.exercise} {row.name}",
                "score": points.of(row),
                "max_score": points.most(row.exercise),
                "output": row.message or row.status,
            }
            for row in own
        ]
        write_whole(place / "feedback.txt", "\n".join(lines).encode())
        write_whole(
            place / "results.json", (json.dumps({"tests": tests}, indent=1, ensure_ascii=False) + "\n").encode()
        )


def check_path(path):
    """Raises ValueError for a suffix that is neither .csv nor .json, OSError where nothing can be written."""
    if path.suffix not in (".csv", ".json"):
        raise ValueError(f"--out={str(path)!r} should end in .csv or .json")
    path.parent.mkdir(parents=True, exist_ok=True)
    probe = path.with_name(f".{path.name}.probe")
    probe.touch()
    probe.unlink()


def _cell(value):
    """A value on one line that a spreadsheet takes for text, not for a formula, whoever has written it."""
    if not isinstance(value, str):
        return value
    text = short(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def short(message):
    """The gist of a message on one line: of a failed check, what comes after its headline."""
    body = re.split(r"\n +1\. edit ", message.partition("\n\n")[2])[0]
    known = re.search(r"This is a known mistake \(.*", body, re.DOTALL)
    line = " ".join((known.group() if known else body).split() or message.split())
    return line if len(line) <= SHORT else line[: SHORT - 3] + "..."


def print_rows(rows, console=None):
    """Print who has passed what, what had to be stopped and why, and the mistakes that many have made."""
    console = console or Console()
    console.print(_table(rows))
    seen = {row.status for row in rows}
    # textwrap breaks no line at the non-breaking spaces that hold a mark and its meaning together
    legend = [f"{mark} {status}".replace(" ", "\u00a0") for status, (mark, _) in MARKS.items() if status in seen]
    console.print(Text(textwrap.fill("   ".join(legend), console.width), style="dim"))
    for heading, grid in (("Stopped", _stopped(rows)), ("Known mistakes", _mistakes(rows))):
        if grid.row_count:
            console.print(Text(f"\n{heading}", style="bold"))
            console.print(grid)


def _stopped(rows):
    """What ended otherwise than a check ends, and why."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    for row in rows:
        if row.status not in CHECKED:
            place = Text(f"{row.student} {row.exercise}")
            grid.add_row(place, Text(row.status, MARKS[row.status][1]), Text(short(row.message)))
    return grid


def _mistakes(rows):
    """The mistakes that were made most often, and how often."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    counts = Counter((row.exercise, row.name, row.mistake) for row in rows if row.mistake)
    for (number, name, mistake), count in counts.most_common(MISTAKES):
        grid.add_row(Text(f"{number} {name}"), Text(mistake.replace("_", " ")), Text(str(count)))
    return grid


def _table(rows):
    """One line a student, one column an exercise."""
    marks = {(row.student, row.exercise): row.status for row in rows}
    students, numbers = list(dict.fromkeys(s for s, _ in marks)), sorted({n for _, n in marks})
    table = Table(box=box.SIMPLE, show_edge=False, padding=0, show_footer=True)
    table.add_column("student", "passed by", no_wrap=True, max_width=WIDEST_NAME, overflow="ellipsis")
    for number in numbers:
        by = sum(marks.get((student, number)) == "passed" for student in students)
        table.add_column(number, str(by), justify="right", no_wrap=True)
    table.add_column("passed", justify="right", no_wrap=True)
    for student in students:
        own = [marks.get((student, number)) for number in numbers]
        cells = [Text(*MARKS[status]) if status else Text() for status in own]
        table.add_row(Text(student), *cells, str(own.count("passed")))
    return table
