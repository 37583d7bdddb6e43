"""What a folder of submissions holds: whose files they are, and which exercise each is.

One rule: a path below the folder is matched against `LAYOUT`, which names the student and the exercise. It reads

    alice/01_softmax.py, alice/any/where/01_softmax.py        folders, nbgrader
    doejane_12345_678910_01_softmax-1.py, doejane_LATE_...     Canvas: of -1, -2, ... the last one is the newest
    Jane Doe_1234568_assignsubmission_file/01_softmax.py       Moodle; ..._onlinetext_ is the same student

and the same inside of zip files and for notebooks (.ipynb). Another layout is another regular expression with the
groups `student` and `exercise`. Nothing is chosen in silence: where two files could be meant, and where a name is only
nearly right, a note says so.
"""

import json
import os
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from ..student.wire import LONGEST

LAYOUT = (
    r"^(?:(?P<student>[^/]+?)(?:_(?:assignsubmission|onlinetext)[^/]*)?/(?:.*/)?|(?P<flat>[^/]+?)(?:_LATE)?_\d+_\d+_)?"
    r"(?P<exercise>\d\d_\w+?)(?:-(?P<copy>\d+))?(?P<browser> ?\(\d+\))?\.(?P<kind>py|ipynb)$"
)
SKIPPED = {"__pycache__", "__MACOSX", "node_modules", "site-packages", "venv"}
HOME = "tutorials/exercises/"  # where the exercises lie in a clone: preferred
LATE = re.compile(r"(?:^|_)LATE_")
LARGEST = LONGEST // 8  # bytes of a member of a zip file


@dataclass
class Submission:
    """The files of one student: {filename of an exercise: path}; notes: what was found and not taken, one line each."""

    student: str
    files: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    unclear: dict = field(default_factory=dict)
    late: bool = False


def find_submissions(folder, filenames, workplace, layout=None):
    """(submissions by name, notes on files of nobody) of a folder.

    filenames: of the exercises. workplace: folder for what zips hold.
    Raises ValueError where there is no folder, where it holds no exercise, and for a layout without the two groups.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"DIR={str(folder)!r} is no folder; name the one that holds a folder for each student")
    pattern = _pattern(layout)
    found, candidates = {}, {}
    for name in sorted(path.name for path in folder.iterdir() if path.is_dir() and not _is_hidden(path)):
        match = pattern.match(f"{name}/{filenames[0]}")
        found.setdefault(_printable(match["student"] if match and match["student"] else name), None)
    for name, path in _files(folder, Path(workplace)):
        match = pattern.match(name)
        student = _student(match, name)
        if match and match.groupdict().get("flat"):
            path = _alone(path, Path(workplace))
        exercise = _exercise(match, name, filenames)
        if exercise:
            candidates.setdefault((student, exercise), []).append((name, path, match))
        elif _looks_like(name, filenames):
            candidates.setdefault((student, None), []).append((name, path, _looks_like(name, filenames)))
    if not any(exercise for _, exercise in candidates):
        raise ValueError(f"DIR={str(folder)!r} holds no exercise; a submission has files such as {filenames[0]}")
    return _assembled(folder, found, candidates)


def _assembled(folder, found, candidates):
    students = {name: Submission(name) for name in found}
    in_folders = any(student for student, exercise in candidates if exercise)
    stray = Submission(_printable(folder.resolve().name))
    for (student, exercise), files in candidates.items():
        own = students.setdefault(student, Submission(student)) if student else stray
        own.late |= any(LATE.search(name) for name, *_ in files)
        if exercise is None:
            own.notes += [f"{name} looks like {wanted}, and is not graded" for name, _, wanted in files]
        else:
            _choose(own, exercise, files)
    if not in_folders:
        return [stray], []
    names = [*stray.files, *stray.unclear]
    if names:
        stray.notes.append(f"{', '.join(names)} in {folder} itself, in no student's folder: not graded")
    return [students[name] for name in sorted(students)], stray.notes


def _alone(path, workplace):
    """A copy in a folder of its own: beside it lie the files of other students."""
    target = workplace / "alone" / path.name / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(path.read_bytes())
    return target


def _choose(own, exercise, files):
    """Take the only file; the newest copy; the one where exercises lie in a clone; else none. Say what was done."""
    if len({path.read_bytes() for _, path, _ in files}) == 1:
        name, path, _ = files[0]
        if not name.endswith(exercise) or len(files) > 1:
            own.notes.append(
                f"{name} is taken as {exercise}" + (f", one of {len(files)} alike" if len(files) > 1 else "")
            )
        own.files[exercise] = path
        return
    names = ", ".join(name for name, *_ in files)
    in_clone = [each for each in files if HOME in each[0]]
    numbered = {
        int(match["copy"] or 0): each for each in files for match in [each[2]] if match and "copy" in match.groupdict()
    }
    same_place = len({name.rpartition("/")[0] for name, *_ in files}) == 1
    if len(in_clone) == 1:
        name, own.files[exercise], _ = in_clone[0]
    elif same_place and len(numbered) == len(files):
        name, own.files[exercise], _ = numbered[max(numbered)]
    else:
        own.unclear[exercise] = f"{len(files)} different files could be meant, keep one of them: {names}"
        own.notes.append(f"{exercise}: {own.unclear[exercise]}")
        return
    own.notes.append(f"{exercise}: {len(files)} candidates, took {name} ({names})")


def _pattern(layout):
    try:
        pattern = re.compile(layout or LAYOUT, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"layout={layout!r} is no regular expression: {error}") from None
    if not {"student", "exercise"} <= set(pattern.groupindex):
        raise ValueError(f"layout={layout!r} should name the groups (?P<student>...) and (?P<exercise>...)")
    return pattern


def _student(match, name):
    if match is None:
        return _printable(name.partition("/")[0]) if "/" in name else ""
    groups = match.groupdict()
    return _printable(groups["student"] or groups.get("flat") or "")


def _exercise(match, name, filenames):
    """The filename of the exercise, None if it is none."""
    if match is None:
        return None
    wanted = Path(match["exercise"]).stem.lower()
    for filename in filenames:
        stem = Path(filename).stem
        if wanted in (stem, f"{stem}_notebook", stem[:2], stem[3:]):
            return filename
    return None


def _looks_like(name, filenames):
    """The exercise whose number or name a file has that is not quite named like it, "" if none."""
    stem = Path(name).stem.lower()
    if Path(name).suffix.lower() not in (".py", ".ipynb", ".txt"):
        return ""
    return next(
        (f for f in filenames if Path(f).stem[3:] in stem or stem.startswith((f[:2] + "_", f[:2] + " ", f[:2] + "-"))),
        "",
    )


def _is_hidden(path):
    return path.name.startswith(".") or path.name in SKIPPED or (path / "pyvenv.cfg").exists()


def _files(folder, workplace):
    """(path below the folder, file) of every file, those in zip files and notebooks as Python files included."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not _is_hidden(Path(place, name)) and not Path(place, name).is_symlink()
        )
        for name in sorted(names):
            path = Path(place, name)
            below = path.relative_to(folder).as_posix()
            if path.is_symlink() or name.startswith("."):
                continue
            if path.suffix.lower() == ".zip":
                yield from _unzipped(path, below, workplace)
            else:
                yield below, _as_python(path, below, workplace)


def _unzipped(path, below, workplace):
    """The files of a zip, as if it were a folder of its name; its members are written below `workplace`."""
    top = below[:-4]
    if "/" not in top:
        top = re.sub(r"(?:_LATE)?_\d+_\d+(?:_.*)?$", "", top)  # Canvas puts the student before its numbers
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                parts = Path(member.filename).parts
                hidden = any(part.startswith(".") or part in SKIPPED for part in parts)
                if member.is_dir() or hidden or member.file_size > LARGEST or Path(member.filename).is_absolute():
                    continue
                target = workplace / top / Path(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(member))
                name = f"{top}/{member.filename}"
                yield name, _as_python(target, name, workplace)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError):
        yield below, path  # it is no exercise


def _as_python(path, below, workplace):
    """The file, or for a notebook the Python file that its cells make."""
    if path.suffix.lower() != ".ipynb":
        return path
    text = code_of_notebook(path)
    if text is None:
        return path
    target = workplace / "notebooks" / below / f"{path.stem}.py"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target


def code_of_notebook(path):
    """The cells that %%writefile writes, else all code cells without magics; None for what is no notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        codes = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError):
        return None
    written = [code.partition("\n")[2] for code in codes if code.startswith("%%writefile")]
    if written:
        return "\n\n".join(written)
    return "\n\n".join(
        "\n".join("" if line.lstrip().startswith(("%", "!")) else line for line in code.split("\n")) for code in codes
    )


def _printable(name):
    """A folder's name as a table can show it."""
    text = os.fsencode(name).decode(errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)
