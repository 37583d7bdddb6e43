"""Running the checks of an exercise, and the result that a person, a program or a grader gets."""

import dataclasses
from pathlib import Path

from ...backend import backend
from . import message
from .diagnosis import diagnose
from .steps import Trial
from .student import Failure, StudentFunction, Submission, shown


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of one exercise. status: "not started", "passed" or "failed".

    step: which check stopped, `mistake` the name of the known mistake, both None if none. message: the whole text.
    """

    exercise: str
    name: str
    status: str
    message: str
    step: str | None = None
    function: str | None = None
    mistake: str | None = None
    equation: str | None = None

    def as_dict(self):
        """The fields, ready for JSON."""
        return dataclasses.asdict(self)


def check_submission(exercise, path, seed=0, following=None):
    """Check the file at `path`; nothing that its code does raises, except KeyboardInterrupt.

    following: the exercise that a person who passed should go on to. -> Result. Raises OSError if there is no file.
    """
    path = Path(path)
    base = {"exercise": exercise.number, "name": exercise.name, "equation": exercise.tag}
    names = [spec.name for spec in exercise.functions]
    try:
        submission = Submission(path, names)
        if submission.unwritten == names:
            return Result(**base, status="not started", message=message.not_started(exercise, path))
        functions = submission.functions()
    except Failure as failure:
        return Result(**base, status="failed", step=failure.step, message=message.file_failed(exercise, path, failure))
    return check_functions(exercise, functions, path, seed, following)


def check_functions(exercise, functions, path, seed=0, following=None):
    """Check functions that are there already: name -> function, the names as in the stub. -> Result."""
    base = {"exercise": exercise.number, "name": exercise.name, "equation": exercise.tag}
    trial = Trial(seed)
    for spec in exercise.functions:
        student = functions[spec.name]
        student = student if isinstance(student, StudentFunction) else StudentFunction(student, spec.name)
        for count, check in enumerate(spec.checks, 1):
            try:
                with backend("numpy"):  # quick to start, and whatever is installed
                    check(spec, student, trial)
            except Failure as failure:
                failure.step = failure.step or check.step
                place = f"{failure.step} (check {count} of {len(spec.checks)})"
                output = shown(student.output)  # before the diagnosis calls it again
                with backend("numpy"):
                    known, hint = diagnose(spec, student, failure, trial.rng())
                text = message.failed(exercise, path, failure, spec, place, student.line, known, hint, output)
                found = {"step": failure.step, "function": spec.name, "mistake": known, "message": text}
                return Result(**base, status="failed", **found)
    return Result(**base, status="passed", message=message.passed(exercise, path, following))
