"""Grading a folder: servers that take turns with the files, one row for each student and exercise."""

import contextlib
import json
import os
import selectors
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path

from ...backend import THREAD_VARIABLES
from ..exercises import EXERCISES, find_exercise
from ..exercises.own import FOLDER, own_places
from .guard import MB, Limits
from .submissions import find_submissions

CHECKED = ("passed", "failed", "not started", "missing")
STATUSES = (*CHECKED, "unclear", "timeout", "memory", "crashed", "tampered", "unreadable", "not contained")
LONGEST_MESSAGE = 4000  # characters
SERVE = "from scratchnoise.course.grading.server import serve; serve()"


class NotContained(OSError):
    """This machine offers no way to run a submission without risk."""


@dataclass(frozen=True)
class Row:
    """What came of one exercise of one student. passed: names of the functions that passed, for partial credit."""

    student: str
    exercise: str
    name: str
    status: str
    step: str = ""
    mistake: str = ""
    message: str = ""
    seconds: float = 0.0
    function: str = ""
    passed: str = ""
    late: str = ""


class Grading:
    """The submissions of a folder, graded while `rows()` is iterated over.

    folder: see `find_submissions`; numbers: exercises as `find_exercise` takes them, None for all; limits: Limits of
    one exercise; jobs: how many at a time; seed: of the inputs that are drawn; layout: see `submissions`.
    Raises ValueError for a folder or an exercise that there is not, NotContained where no walls can be built.
    """

    def __init__(self, folder, numbers=None, limits=None, jobs=1, seed=0, layout=None):
        wanted = {find_exercise(number.strip()).number for number in numbers} if numbers else set(EXERCISES)
        self.exercises = [exercise for exercise in EXERCISES.values() if exercise.number in wanted]
        self.workplace = tempfile.TemporaryDirectory(prefix="scratchnoise-grade-")
        filenames = [exercise.filename for exercise in EXERCISES.values()]
        try:
            self.submissions, notes = find_submissions(folder, filenames, self.workplace.name, layout)
        except BaseException:
            self.workplace.cleanup()
            raise
        self.notes = [f"{each.student}: {note}" for each in self.submissions for note in each.notes] + notes
        self.limits, self.jobs = limits or Limits(), jobs
        self.common = {
            "seed": seed,
            "limits": asdict(self.limits),
            "hidden": [str(Path(folder).resolve()), self.workplace.name, *own_places()],
        }
        self.servers = []

    def __len__(self):
        return len(self.submissions) * len(self.exercises)

    def __enter__(self):
        try:
            self.servers = [Server() for _ in range(self.jobs)]
            for server in self.servers:
                self.walls = server.answer() or {"namespaces": None, "problem": "the process for it does not start"}
            if self.walls["namespaces"] is None:
                raise NotContained(f"no submission can be run safely here: {self.walls['problem']}")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error):
        for server in self.servers:
            server.stop()
        self.workplace.cleanup()

    def unknown(self, late):
        """A line for each of these students, by name, who has handed in nothing: probably the name is another one."""
        known = {submission.student for submission in self.submissions}
        return [
            f"{name} has late days, but nobody of that name has handed in anything"
            for name in late
            if name not in known
        ]

    def protection(self):
        """What stood between the submissions and this machine, in a sentence."""
        limits = self.limits
        allowed = (
            f"{limits.seconds:g} s of CPU time, {limits.memory // MB:,} MB of memory, {limits.processes} processes "
            f"and {limits.file_size // MB} MB a file"
        )
        if self.walls["namespaces"]:
            return f"Each exercise ran alone, without network and without other files, with {allowed}."
        return (
            f"Each exercise ran with {allowed}, but this system grants no namespaces ({self.walls['problem']}): "
            "the network, your own files and the library's source were within its reach."
        )

    def in_order(self, rows):
        """Rows by student, then by exercise."""
        students = [submission.student for submission in self.submissions]
        return sorted(rows, key=lambda row: (students.index(row.student), row.exercise))

    def rows(self):
        """Rows as they are finished, in no particular order."""
        work = []
        for submission, exercise in product(self.submissions, self.exercises):
            path = submission.files.get(exercise.filename)
            if exercise.filename in submission.unclear:
                message = submission.unclear[exercise.filename]
                yield Row(submission.student, exercise.number, exercise.name, "unclear", message=message)
            elif path is None:
                yield Row(submission.student, exercise.number, exercise.name, "missing")
            else:
                work.append((submission, exercise, path))
        with selectors.DefaultSelector() as busy:
            for server in self.servers:
                self._next(server, work, busy)
            while busy.get_map():
                for key, _ in busy.select():
                    submission, exercise, server = key.data
                    busy.unregister(key.fd)
                    yield _row(submission, exercise, server.answer())
                    self._next(server, work, busy)

    def _next(self, server, work, busy):
        """Give a server its next file."""
        if not work:
            return
        submission, exercise, path = work.pop(0)
        if not server.is_running():  # a submission outside of namespaces has ended it
            server.stop()
            server.start()
            server.answer()
        wanted = self.common | {"file": str(path.resolve()), "exercise": exercise.number}
        server.ask(**wanted, namespaces=self.walls["namespaces"])
        busy.register(server.process.stdout, selectors.EVENT_READ, (submission, exercise, server))


class Server:
    """The process that runs `server.serve`, with an environment that holds nothing private and a folder of its own."""

    def __init__(self):
        self.start()

    def start(self):
        """Start it; its first answer says which walls there are."""
        self.home = tempfile.TemporaryDirectory(prefix="scratchnoise-grade-")
        kept = {name: os.environ[name] for name in ("LD_LIBRARY_PATH", FOLDER) if name in os.environ}
        if FOLDER in kept:
            kept[FOLDER] = str(Path(kept[FOLDER]).resolve())
        environment = kept | dict.fromkeys(THREAD_VARIABLES, "1") | {"PATH": os.defpath, "LANG": "C.UTF-8"}
        environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONHASHSEED": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment | {"HOME": self.home.name},
            cwd=self.home.name,
            start_new_session=True,  # Ctrl-C is for the process that asks
        )

    def is_running(self):
        """Whether it can be asked."""
        return self.process.poll() is None

    def ask(self, **request):
        """Send a request; one that has just ended has no answer either."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()

    def answer(self):
        """Its next answer; {} if it has ended."""
        return json.loads(self.process.stdout.readline() or b"{}")

    def stop(self):
        """End it, and whatever it runs: its output ends with the last guard, who leaves nothing behind."""
        self.process.kill()
        with self.process, self.home:
            self.process.stdout.read()


def _row(submission, exercise, answer):
    """The row of an answer."""
    status, message = answer.get("status", "crashed"), answer.get("message", "ended the process that grades")
    return Row(
        submission.student,
        exercise.number,
        exercise.name,
        status,
        _harmless(answer.get("step")),
        _harmless(answer.get("mistake")),
        "" if status in ("passed", "not started") else _harmless(message),
        round(answer.get("seconds", 0.0), 2),
        _harmless(answer.get("function")),
        " ".join(answer.get("passed", ())) if status in ("passed", "failed", "timeout", "memory", "crashed") else "",
        "late" if submission.late else "",
    )


def _harmless(text):
    """Text without anything that a terminal would obey, and not without end."""
    kept = (character if character.isprintable() or character == "\n" else "?" for character in str(text or ""))
    return "".join(kept)[:LONGEST_MESSAGE]
