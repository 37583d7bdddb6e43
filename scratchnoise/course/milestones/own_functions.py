"""The functions of a student that passed their checks, and why the others did not."""

from contextlib import suppress

import numpy as np

from ..checker.failure import Failure, Stopped
from ..checker.message import command
from ..checker.process import OwnProcess
from ..checker.runner import check_submission
from ..checker.submission import Submission
from ..exercises import EXERCISES
from ..workspace import find, remember

SECONDS = 60  # of CPU that a call may take in a training


class OwnCodeError(ValueError):
    """A student's function failed in a training; the text is one line that names the file and the function."""


class OwnFunctions:
    """Functions by name in `found`; `reasons` says for each other function why it is not there, and what to type.

    Close it at the end: every file runs in a process.
    """

    def __init__(self):
        self.found, self.reasons, self.processes = {}, {}, []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for process in self.processes:
            process.close()

    def add(self, number, folder=None):
        """Check the file of an exercise and take what passed. folder: where it is, None for here or above."""
        exercise = EXERCISES[number]
        names = [spec.name for spec in exercise.functions]
        path = find(exercise.filename, folder)
        if path is None:
            self.reasons |= dict.fromkeys(names, f"{number} is not there: scratchnoise start {number}{_into(folder)}")
            return
        result = check_submission(exercise, path, every=True)
        if result.status == "passed":
            remember(path.parent, number, passed=True)
        word = "is not started" if result.status == "not started" else "did not pass"
        self.reasons |= {name: f"{path} {word}: {command(exercise, path)}" for name in names}
        if result.passed:
            self._run(path, names, result.passed)

    def _run(self, path, names, passed):
        process = OwnProcess(SECONDS)
        self.processes.append(process)
        functions = Submission(path, names).functions(process)
        for name in passed:
            self.found[name] = OwnFunction(path, functions[name])
            del self.reasons[name]

    def drop(self, name, reason):
        """Use the library's function from here on: what else is in that file is lost with its process."""
        path = self.found[name].path
        for other in [other for other, function in self.found.items() if function.path == path]:
            del self.found[other]
            self.reasons[other] = reason


class OwnFunction:
    """A student's function, called with arrays. path: of its file; student: its `StudentFunction`."""

    def __init__(self, path, student):
        self.path, self.student = path, student

    def __call__(self, args, shapes, dtype):
        """The results as arrays of these shapes and of this dtype, a tuple. Raises OwnCodeError."""
        try:
            value = self.student(*args)
        except Failure as failure:
            raise self._error(failure.text) from None
        except Stopped as stopped:
            raise self._error(stopped.text) from None
        parts = value if len(shapes) > 1 else (value,)
        if not isinstance(parts, tuple | list) or len(parts) != len(shapes):
            raise self._error(f"{self.name} returned something else than {len(shapes)} results")
        return tuple(self._array(part, shape, dtype) for part, shape in zip(parts, shapes, strict=True))

    @property
    def name(self):
        """Its name in the file."""
        return self.student.__name__

    def _array(self, part, shape, dtype):
        array = None
        with suppress(TypeError, ValueError):
            array = np.ascontiguousarray(part, dtype).reshape(np.shape(part))
        if array is None or array.shape != shape:
            raise self._error(f"{self.name} returned an array {np.shape(array)}, where {shape} is right")
        if not np.isfinite(array).all():
            raise self._error(f"{self.name} returned NaN or inf")
        return array

    def _error(self, text):
        """What went wrong on one line: the first line of a message and the last of the student's lines."""
        first, *others = text.strip().splitlines()
        where = [line.strip() for line in others if line.startswith("    line ")][-1:]
        error = OwnCodeError(f"{self.path}: {', '.join([first.removesuffix(' It was here:').rstrip('.'), *where])}")
        error.function = self.name
        return error


def _into(folder):
    if folder is None:
        return ""
    return f' "{folder}"' if " " in str(folder) else f" {folder}"
