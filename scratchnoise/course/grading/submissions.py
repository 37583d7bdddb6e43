"""What a folder of submissions holds: whose files they are, and which exercise each is.

One rule: a path below the folder is matched against `LAYOUT`, which names the student and the exercise. It reads

    alice/01_softmax.py, alice/any/where/01_softmax.py         folders, nbgrader, GitHub Classroom
    doejane_12345_678910_01_softmax-1.py, doejane_LATE_...      Canvas: of -1, -2, ... the last one is the newest
    Jane Doe_1234568_assignsubmission_file/01_softmax.py        Moodle, with and without folders; ..._onlinetext_ too
    12-34 - Jane Doe - Sep 5, 2026 1131 PM/01_softmax.py        Brightspace
    HW1_doejane_attempt_2026-09-05-11-31-00_01_softmax.py       Blackboard

and the same inside of zip files and for notebooks (.ipynb). Where nothing is named like that, alice_01_softmax.py is
Alice's. Another layout is another regular expression with the groups `student` and `exercise`. Nothing is chosen in
silence: where two files could be meant, where a name is only nearly right, and where a file cannot be read, a note says
so.
"""

import os
import re
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from .handed_in import ARCHIVES, alone, files_in, is_hidden

IN_A_FOLDER = (
    r"(?P<student>[^/]+?)(?: - \w+ \d+, \d{4} \d+ [AP]M|_(?:assignsubmission|onlinetext)[^/]*"
    r"|(?:_LATE)?_(?P<zip_id>\d+)_\d+(?:_[^/]*)?(?=\.zip/))?(?:\.zip)?/(?:.*/)?"
)
FLAT = r"(?P<flat>[^/]+?)(?:_LATE)?(?:_(?P<id>\d+)_\d+(?=_)|_(?:assignsubmission|onlinetext)_file|_attempt_\d[\d-]+)_"
EXERCISE = r"(?P<exercise>\d\d_\w+?)(?:-(?P<copy>\d+))?(?P<browser> ?\(\d+\))?\.(?P<kind>py|ipynb)$"
LAYOUT = f"^(?:{IN_A_FOLDER}|{FLAT})?{EXERCISE}"
PLAIN = rf"^(?:{IN_A_FOLDER}|(?P<flat>[^/]+?)_){EXERCISE}"  # where nothing is as LAYOUT has it
HOME = "tutorials/exercises/"  # where the exercises lie in a clone: preferred
LATE = re.compile(r"(?:^|_)LATE_")


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
    folder, workplace = Path(folder), Path(workplace)
    if not folder.is_dir():
        raise ValueError(f"DIR={str(folder)!r} is no folder; name the one that holds a folder for each student")
    pattern = _pattern(layout)
    files = list(files_in(folder, workplace))
    if layout is None and not any(_exercise(pattern.match(name), filenames) for name, _ in files):
        pattern = _pattern(PLAIN)
    names, candidates = _Names(pattern, [name for name, _ in files]), {}
    for name, path in files:
        match = pattern.match(name)
        student, exercise = names.student(name), _exercise(match, filenames)
        if match and match.groupdict().get("flat"):
            path = alone(path, workplace)
        if exercise:
            candidates.setdefault((student, exercise), []).append((name, path, match))
        elif problem := _problem(name, filenames):
            candidates.setdefault((student, None), []).append((name, path, problem))
    if not any(exercise for _, exercise in candidates):
        near = next((f"; {files[0][0]} {files[0][2]}, see --layout" for files in candidates.values()), "")
        raise ValueError(f"DIR={str(folder)!r} holds no exercise, files such as {filenames[0]}{near}")
    return _assembled(folder, _students(folder, names, files, filenames), candidates)


def _students(folder, names, files, filenames):
    """Names of everybody who has a folder, an archive, or a file as a learning platform names it."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir() and not is_hidden(path):
            found.append(names.student(f"{path.name}/{filenames[0]}"))
        elif path.suffix.lower() in ARCHIVES:
            found.append(names.student(path.name))
    found += [names.student(name) for name, _ in files if "/" not in name and re.match(FLAT, name)]
    return found


class _Names:
    """Whose a file is. Two people of one name are told apart by the number that the platform gave them."""

    def __init__(self, pattern, files):
        self.pattern, self.ids = pattern, {}
        for name in files:
            student, number = self._parts(name)
            self.ids.setdefault(student, set()).add(number)

    def student(self, file):
        """The student of a file by its name below the folder, "" for nobody's."""
        name, number = self._parts(file)
        return f"{name}_{number}" if number and len(self.ids.get(name, ())) > 1 else name

    def _parts(self, file):
        match = self.pattern.match(file)
        groups = match.groupdict() if match else {}
        if match is None and "/" not in file:
            match = re.match(FLAT, file, re.IGNORECASE)
            groups = match.groupdict() if match else groups
            if match is None and Path(file).suffix.lower() in ARCHIVES:
                return _printable(file.partition(".")[0]), None
        name = groups.get("student") or groups.get("flat") or file.rpartition("/")[0].partition("/")[0]
        return _printable(name.removesuffix(".zip")), groups.get("zip_id") or groups.get("id")


def _assembled(folder, found, candidates):
    students = {name: Submission(name) for name in found}
    in_folders = any(student for student, exercise in candidates if exercise)
    stray = Submission(_printable(folder.resolve().name))
    for (student, exercise), files in candidates.items():
        own = students.setdefault(student, Submission(student)) if student else stray
        own.late |= any(LATE.search(name) for name, *_ in files)
        if exercise is None:
            own.notes += [f"{name} {problem}" for name, _, problem in files]
        else:
            _choose(own, exercise, files)
    if not in_folders:
        return [stray], []
    names = [*stray.files, *stray.unclear]
    if names:
        stray.notes.append(f"{', '.join(names)} in {folder} itself, in no student's folder: not graded")
    return [students[name] for name in sorted(students)], stray.notes


def _choose(own, exercise, files):
    """Take the only file; the newest copy; the one where exercises lie in a clone; else none. Say what was done."""
    if len({path.read_bytes().strip() for _, path, _ in files}) == 1:
        name, path, _ = files[0]
        if not name.endswith(exercise) or len(files) > 1:
            own.notes.append(
                f"{name} is taken as {exercise}" + (f", one of {len(files)} alike" if len(files) > 1 else "")
            )
        own.files[exercise] = path
        return
    names = [name for name, *_ in files]
    in_clone = [each for each in files if HOME in each[0]]
    numbered = {
        int(match["copy"] or 0): each for each in files for match in [each[2]] if match and "copy" in match.groupdict()
    }
    same_place = len({name.rpartition("/")[0] for name in names}) == 1
    if len(in_clone) == 1:
        name, own.files[exercise], _ = in_clone[0]
    elif same_place and len(numbered) == len(files):
        name, own.files[exercise], _ = numbered[max(numbered)]
    else:
        text = f"{len(files)} different files could be meant, keep one of them: {', '.join(names)}"
        own.unclear[exercise] = text + _perhaps_a_class(names)
        own.notes.append(f"{exercise}: {own.unclear[exercise]}")
        return
    own.notes.append(f"{exercise}: {len(files)} candidates, took {name} ({', '.join(names)})")


def _perhaps_a_class(names):
    """A remark where the files of one student lie in as many folders."""
    top, *_ = names[0].split("/")
    if len({name.split("/")[1] for name in names if name.count("/") > 1}) < len(names):
        return ""
    return (
        f" (if these are students, unpack it and grade that: {top})"
        if top.lower().endswith(".zip")
        else (f" (if these are students, grade that folder: {top})")
    )


def _pattern(layout):
    try:
        pattern = re.compile(layout or LAYOUT, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"layout={layout!r} is no regular expression: {error}") from None
    if not {"student", "exercise"} <= set(pattern.groupindex):
        raise ValueError(f"layout={layout!r} should name the groups (?P<student>...) and (?P<exercise>...)")
    return pattern


def _exercise(match, filenames):
    """The filename of the exercise, None if it is none."""
    if match is None:
        return None
    wanted = Path(match["exercise"]).stem.lower()
    for filename in filenames:
        stem = Path(filename).stem
        if wanted in (stem, f"{stem}_notebook", stem[:2], stem[3:]):
            return filename
    return None


def _problem(name, filenames):
    """What to say about a file that is no exercise, "" for nothing: an archive, or a name that is nearly right."""
    stem, kind = Path(name).stem.lower(), Path(name).suffix.lower()
    if kind in ARCHIVES:
        return "is an archive that cannot be read here, so nothing in it is graded"
    if kind not in (".py", ".ipynb", ".txt"):
        return ""
    for filename in filenames:
        number, exercise = filename[:2], Path(filename).stem[3:]
        if exercise in stem or stem.startswith((f"{number}_", f"{number} ", f"{number}-")):
            return f"looks like {filename}, and is not graded"
    return ""


def _printable(name):
    """A name as a table can show it, in the same letters whoever has typed it."""
    text = unicodedata.normalize("NFC", os.fsencode(name).decode(errors="replace"))
    return "".join(character if character.isprintable() else "?" for character in text)
