"""The course: exercises, the mistakes that are known, the checker of a student's file, and grading a class.

    from scratchnoise.course import EXERCISES, check_file
    print(check_file("01_softmax.py", "01").message)

Names are imported when they are first used: the command line asks for this package before it has said how many threads
NumPy may start.
"""

from importlib import import_module

_HOME = {
    "EXERCISES": "exercises",
    "Exercise": "exercise",
    "Function": "exercise",
    "Result": "checker.runner",
    "check_file": "checker.file",
    "find_exercise": "exercises",
}
__all__ = ["EXERCISES", "Exercise", "Function", "Result", "check_file", "find_exercise"]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOME])
