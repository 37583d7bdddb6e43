"""Which known mistake a wrong solution is: the one that answers alike on the failing input and on a few others."""

import numpy as np

from .. import mistakes  # noqa: F401  fills MISTAKES
from ..exercise import MISTAKES, hint_of
from .answers import answering, copy_of
from .student import Failure, StudentFunction

PROBES = 4
TOLERANCE = 1e-6  # two spellings of one mistake round differently
OBSERVED_TOLERANCE = 0.1  # of what only statistics show


def diagnose(spec, student, failure, rng):
    """(name, hint) of the mistake that `student` is, or (None, "") if it is none of the known ones."""
    known, failing = MISTAKES.get(spec.name, {}), failure.inputs
    if failure.mistake:
        return failure.mistake, hint_of(known[failure.mistake])
    probes = [spec.example, *spec.probes, *(spec.larger(rng) for _ in range(PROBES))]
    if failing is not None and set(failing) == set(spec.example):
        probes.insert(0, {name: failing[name] for name in spec.example})
    if spec.observe is not None:  # it brings its own inputs
        probes = probes[:1]
    yours = [_observed(spec, student, probe) for probe in probes]
    right = [_observed(spec, StudentFunction(spec.reference, spec.name), probe) for probe in probes]
    tolerance = TOLERANCE if spec.observe is None else OBSERVED_TOLERANCE
    for name, spelling in ((name, spelling) for name, wrong in known.items() for spelling in wrong.spellings):
        theirs = _lazily(spec, StudentFunction(spelling, spec.name), probes)
        if all(_same(a, b, tolerance) for a, b in zip(yours, theirs, strict=True)):
            if not all(_same(a, b, tolerance) for a, b in zip(yours, right, strict=True)):
                return name, hint_of(known[name])
    return None, ""


def _lazily(spec, function, probes):
    """Most mistakes are ruled out by the first probe."""
    return (_observed(spec, function, probe) for probe in probes)


def _observed(spec, function, probe):
    """What a function makes of an input: arrays that come back and its inputs afterwards; None if it raises."""
    given = [copy_of(value) for value in probe.values()]
    try:
        if spec.observe is not None:
            return spec.observe(function, *given)
        out = answering(spec, function)(*given)
        arrays = [*(out if isinstance(out, tuple) else (out,)), *given]
        return [np.asarray(array, np.float64) for array in arrays if not isinstance(array, np.random.Generator)]
    except (Failure, TypeError, ValueError, AssertionError, IndexError, OverflowError):
        return None


def _same(a, b, tolerance):
    if a is None or b is None:
        return a is b
    return len(a) == len(b) and all(
        np.shape(u) == np.shape(v) and np.allclose(u, v, TOLERANCE, tolerance, equal_nan=True)
        for u, v in zip(a, b, strict=True)
    )
