"""Which known mistake a wrong solution is: the one that answers alike on the failing input and on a few others."""

import ast
import contextlib
import dataclasses
import re

import numpy as np

from .. import mistakes  # noqa: F401  fills MISTAKES
from ..exercise import MISTAKES, hint_of
from .answers import answering, copy_of
from .failure import Failure, Stopped
from .repairs import repaired
from .student import LocalFunction

PROBES = 4
TOLERANCE = 1e-6  # two spellings of one mistake round differently
EXACT = 1e-10  # a right edit differs from the library by rounding alone; a small number that was added does not
OBSERVED_TOLERANCE = 0.1  # of what only statistics show


def diagnose(spec, student, failure, trial, submission=None):
    """(name, hint) of the mistake that `student` is, or (None, "") if nothing tells.

    submission: the file, whose text may be edited to find the line.
    """
    known, failing = MISTAKES.get(spec.name, {}), failure.inputs
    if failure.mistake:
        return failure.mistake, hint_of(known[failure.mistake]) if failure.mistake in known else ""
    probes = _probes(spec, failing, trial.rng())
    yours = [_observed(spec, student, probe) for probe in probes]
    right = [_observed(spec, LocalFunction(spec.reference, spec.name), probe) for probe in probes]
    tolerance = TOLERANCE if spec.observe is None else OBSERVED_TOLERANCE
    for name, spelling in ((name, spelling) for name, wrong in known.items() for spelling in wrong.spellings):
        if not _mentions(known[name], submission, spec.name):
            continue
        theirs = _lazily(spec, LocalFunction(spelling, spec.name), probes)
        if all(_same(a, b, tolerance) for a, b in zip(yours, theirs, strict=True)):
            if not all(_same(a, b, tolerance) for a, b in zip(yours, right, strict=True)):
                return name, hint_of(known[name])
    if _swapped(spec, student, probes, right):
        return "arguments_swapped", f"your function takes its arguments in another order than {spec.signature}."
    if failure.step == "inputs":
        return "changes_its_argument", "an operation such as `-=`, `x[...] =` or out= writes into the caller's array."
    if submission is not None and failure.step not in ("import", "speed"):  # a clock is no evidence for an edit
        return _repaired(spec, student, submission, probes, right, trial) or (None, "")
    return None, ""


def _probes(spec, failing, rng):
    probes = [spec.example, *spec.probes, *(spec.larger(rng) for _ in range(PROBES))]
    if failing is not None and set(failing) == set(spec.example):
        probes.insert(0, {name: failing[name] for name in spec.example})
    return probes[:1] if spec.observe is not None else probes  # `observe` brings its own inputs


def _mentions(wrong, submission, name):
    """Whether the text of the function has the words without which it cannot be this mistake."""
    if submission is None or not wrong.words:
        return True
    body = [node.body for node in submission.tree.body if getattr(node, "name", None) == name]
    text = "\n".join(ast.unparse(each) for each in (body[-1] if body else submission.tree.body))
    return bool(re.search(wrong.words, text))


def _swapped(spec, student, probes, right):
    """Whether the names of the parameters are those of the stub in another order, and answer rightly in that order."""
    wanted, own = list(spec.example), [name for name, *_ in student.parameters or ()]
    if own == wanted or sorted(own) != sorted(wanted) or spec.observe is not None:
        return False

    def reordered(*args):
        given = dict(zip(wanted, args, strict=True))
        return student(*(given[name] for name in own))

    subject = LocalFunction(reordered, spec.name)
    return all(
        _same(_observed(spec, subject, probe), wanted, TOLERANCE) for probe, wanted in zip(probes, right, strict=True)
    )


def _repaired(spec, student, submission, probes, right, trial):
    quick = dataclasses.replace(trial, shrinks=0)

    def agrees(subject):
        pairs = zip(probes, right, strict=True)
        return all(_same(_observed(spec, subject, probe), wanted, EXACT, EXACT) for probe, wanted in pairs)

    def passes(subject):
        for check in spec.checks:
            check(spec, subject, quick)
        return True

    found = repaired(spec, submission, student.process, spec.observe is None, agrees, passes)
    with contextlib.suppress(Stopped):
        submission.functions(student.process)  # its own text again
    return found


def _lazily(spec, function, probes):
    """Most mistakes are ruled out by the first probe."""
    return (_observed(spec, function, probe) for probe in probes)


def _observed(spec, function, probe):
    """What a function makes of an input: arrays that come back and its inputs afterwards, or the text of its error."""
    given = [copy_of(value) for value in probe.values()]
    try:
        if spec.observe is not None:
            return spec.observe(function, *given)
        out = answering(spec, function)(*given)
        arrays = [*(out if isinstance(out, tuple) else (out,)), *given]
        return [np.asarray(array, np.float64) for array in arrays if not isinstance(array, np.random.Generator)]
    except Failure as failure:
        return failure.says or failure.text
    except (TypeError, ValueError, AssertionError, IndexError, OverflowError) as error:
        return str(error)


def _same(a, b, tolerance, relative=TOLERANCE):
    if isinstance(a, str) or isinstance(b, str):
        return type(a) is type(b) and a == b
    return len(a) == len(b) and all(
        np.shape(u) == np.shape(v) and np.allclose(u, v, relative, tolerance, equal_nan=True)
        for u, v in zip(a, b, strict=True)
    )
