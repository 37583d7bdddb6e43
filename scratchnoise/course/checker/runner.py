"""Running the checks of an exercise, and the result that a person, a program or a grader gets."""

import dataclasses
import re
from pathlib import Path
from typing import Any

from ...backend import backend
from . import message
from .answers import copy_of
from .diagnosis import diagnose
from .failure import Failure, Stopped
from .process import OwnProcess
from .student import LocalFunction, StudentFunction, shown
from .submission import Submission
from .trial import Trial

STOPS = re.compile(r"\b(breakpoint|set_trace|input)\(")


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of one exercise. status: "not started", "passed" or "failed".

    step: which check stopped, `mistake` the name of the known mistake, both None if none.
    message: the whole text. passed: names of the functions that did.
    """

    exercise: str
    name: str
    status: str
    message: str
    step: str | None = None
    function: str | None = None
    mistake: str | None = None
    equation: str | None = None
    passed: tuple = ()

    def as_dict(self) -> dict[str, Any]:
        """The fields, ready for JSON."""
        return dataclasses.asdict(self)


def check_submission(exercise, path, seed=0, following=None, start=OwnProcess, every=False):
    """Check the file at `path`; nothing that its code does raises, except KeyboardInterrupt.

    following: the exercise that a person who passed should go on to. start: makes the `Process` in which the file runs.
    every: go on after a function that failed, for partial credit. -> Result. Raises OSError if there is no file.
    """
    path = Path(path)
    names = [spec.name for spec in exercise.functions]
    try:
        submission = Submission(path, names)
        if submission.unwritten == names:
            return _result(exercise, "not started", message.not_started(exercise, path))
        with start() as process:
            functions = submission.functions(process)
            return check_functions(exercise, functions, path, seed, following, submission, every)
    except Failure as failure:
        return _result(exercise, "failed", message.file_failed(exercise, path, failure), failure.step)
    except Stopped as stopped:
        failure = Failure(stopped.text, stopped.status)
        return _result(exercise, "failed", message.file_failed(exercise, path, failure), stopped.status)


def check_functions(exercise, functions, path, seed=0, following=None, submission=None, every=False):
    """Check functions: name -> StudentFunction or any function, the names as in the stub. -> Result of the first that
    failed, if one did.

    submission: the file they are from, if a diagnosis may try repairs of its text. every: see `check_submission`.
    """
    trial, found, passed = Trial(seed), None, []
    for spec in exercise.functions:
        student = functions[spec.name]
        student = student if isinstance(student, StudentFunction) else LocalFunction(student, spec.name)
        try:
            if submission is not None and STOPS.search(submission.source):
                student(*map(copy_of, spec.example.values()))  # who steps through it sees the example of the stub first
            _run_checks(spec, student, trial)
            passed.append(spec.name)
        except Failure as failure:
            failure.step, failure.place = failure.step or "example", failure.place or "example"
            found = found or _failed(exercise, path, spec, student, failure, trial, submission)
        except Stopped as stopped:
            failure = Failure(stopped.text, stopped.status)
            failure.place = stopped.status
            text = message.failed(exercise, path, failure, spec, student.line)
            found = found or _result(exercise, "failed", text, stopped.status, spec.name)
            break
        if found and not every:
            break
    found = found or _result(exercise, "passed", message.passed(exercise, path, following))
    return dataclasses.replace(found, passed=tuple(passed))


def _run_checks(spec, student, trial):
    for count, check in enumerate(spec.checks, 1):
        try:
            with backend("numpy"):  # quick to start, and whatever is installed
                check(spec, student, trial)
        except Failure as failure:
            failure.step = failure.step or check.step
            failure.place = f"{failure.step} (check {count} of {len(spec.checks)})"
            raise


def _failed(exercise, path, spec, student, failure, trial, submission):
    """The result of a function that failed, with the name of its mistake if it is a known one."""
    output = shown(student.printed)  # before the diagnosis calls it again
    with backend("numpy"):
        known, hint = diagnose(spec, student, failure, trial, submission)
    text = message.failed(exercise, path, failure, spec, student.line, known, hint, output)
    return _result(exercise, "failed", text, failure.step, spec.name, known)


def _result(exercise, status, text, step=None, function=None, mistake=None):
    return Result(exercise.number, exercise.name, status, text, step, function, mistake, exercise.tag)
