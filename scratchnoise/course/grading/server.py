"""A process that has everything imported, and checks one file after the other, each in a fork behind walls.

    python -c "from scratchnoise.course.grading.server import serve; serve()"

It reads requests from standard input and writes answers to standard output, one JSON line each. The first line says
which walls there are.
"""

import json
import os
import signal
import stat
import sys
from dataclasses import asdict
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from ..checker.file import check_file
from ..checker.runner import check_functions
from ..exercises import EXERCISES
from . import walls
from .guard import MB, Limits, Outcome, contain
from .processes import end_all_below

CHECKER = ("builtins", "hypothesis", "numpy", "scratchnoise")  # packages that decide what a check finds
LARGEST_FILE = MB


def serve():
    """Answer requests until standard input ends."""
    walls.call("prctl", walls.PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    walls.call("prctl", walls.SUBREAPER, 1, 0, 0, 0)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed here is no answer
    _warm_up()
    print(json.dumps(_walls()), file=answers, flush=True)
    for line in sys.stdin:
        outcome = _answer(**json.loads(line))
        end_all_below(os.getpid())  # nothing, unless a submission outside of namespaces has ended its guard
        print(json.dumps(asdict(outcome)), file=answers, flush=True)


def _warm_up():
    """Import and run once what every check needs, so that the forks find it there."""
    if find_spec("numba"):
        import_module("numba")
    exercise = next(iter(EXERCISES.values()))
    check_functions(exercise, {spec.name: spec.reference for spec in exercise.functions}, exercise.filename)


def _walls():
    """{"namespaces": whether they are there, "problem": why not; None}, found by trying."""
    with_all = contain(_readable)
    if with_all.status == "done":
        return {"namespaces": True, "problem": None}
    with_limits = contain(_readable, namespaces=False)
    if with_limits.status == "done":
        return {"namespaces": False, "problem": with_all.message}
    return {"namespaces": None, "problem": f"{with_all.message}; without namespaces: {with_limits.message}"}


def _readable():
    """Fails where a process without rights cannot read Python's own files."""
    Path(os.__file__).open("rb").close()


def _answer(file, exercise, seed, limits, hidden, namespaces):
    path = Path(file)
    try:
        files = _copied(path)
    except OSError as error:
        return Outcome("unreadable", message=str(error))
    if path.name not in files:
        return Outcome("unreadable", message=f"{path.name} is not a file of at most {LARGEST_FILE // MB} MB")
    return contain(partial(_check, path.name, exercise, seed), Limits(**limits), files, hidden, namespaces)


def _copied(path):
    """{name: content} of the Python files beside a submission, its own included.

    Links are left out: they could point at anything that the person who grades can read.
    """
    files = {}
    for each in sorted(path.parent.glob("*.py")):
        found = each.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_FILE:
            files[each.name] = each.read_bytes()
    return files


def _check(name, exercise, seed):
    """The result of a check as a dict, with the functions of the checker that the submission has replaced."""
    before = _functions()
    result = check_file(name, exercise, seed).as_dict()
    after = _functions()
    return result | {"replaced": ", ".join(sorted(key for key in before if after.get(key) != before[key]))}


def _functions():
    """Every function and class of the checker, and the code in it: {"module.name": (id of object, id of code)}."""
    modules = {name: module for name, module in list(sys.modules.items()) if name.partition(".")[0] in CHECKER}
    found = {name: (id(module), None) for name, module in modules.items()}
    for name, module in modules.items():
        for attribute, value in list(vars(module).items()):
            if callable(value):
                found[f"{name}.{attribute}"] = (id(value), id(getattr(value, "__code__", None)))
            if isinstance(value, type) and value.__module__ == name:
                found |= {f"{name}.{attribute}.{key}": (id(member), None) for key, member in vars(value).items()}
    return found
