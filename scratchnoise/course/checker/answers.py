"""Reading what a student's function returned, and comparing it with the library's answer."""

import numpy as np

from ...check.compare import assert_close
from ..student.wire import Unreadable
from .failure import Failure


def parts(spec, yours, expected):
    """[(name, yours, expected)] of what came back: one, or one for each member of a tuple.

    Raises Failure when nothing came back, or not as many things, or no numbers.
    """
    if yours is None:
        raise Failure(
            f"{spec.name} returned nothing: does it end with `return`?", "returns", mistake="nothing_returned"
        )
    if not isinstance(expected, tuple):
        if isinstance(yours, tuple) and len(yours) == 1:
            yours = yours[0]
        return [(spec.name, _numbers(spec.name, yours), expected)]
    if not isinstance(yours, tuple | list) or len(yours) != len(expected):
        count = len(yours) if isinstance(yours, tuple | list) else 1
        raise Failure(
            f"{spec.name} returned {count} values; it should return {len(expected)}.",
            "returns",
            mistake="number_of_results",
        )
    names = [f"{spec.name}, value {k + 1} of {len(expected)}" for k in range(len(expected))]
    return [(name, _numbers(name, a), b) for name, a, b in zip(names, yours, expected, strict=True)]


def _numbers(name, value):
    if value is None:
        raise Failure(f"{name} is None.", "returns")
    if isinstance(value, Unreadable):
        raise Failure(f"{name} is a {value.name} that does not hold real numbers; it should be an array.", "returns")
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths, or several things
        if isinstance(value, tuple):
            raise Failure(
                f"{name} returned {len(value)} values; it should return one array.",
                "returns",
                mistake="number_of_results",
            ) from None
        array = np.asarray(None)
    if array.dtype.kind not in "biuf":
        raise Failure(f"{name} is a {type(value).__name__} that cannot become an array of real numbers.", "returns")
    return array


def compare_dtypes(name, yours, wanted, given, keeps):
    """given: the dtype of the arguments. keeps: whether it has to stay; otherwise any real numbers will do."""
    if wanted.kind in "iu":
        if yours.kind not in "iu":
            raise Failure(f"{name} is {yours}; it should hold integers.")
    elif keeps and yours != wanted:
        advice = f"\nThe stub asks that the dtype stays: {given} goes in, so {wanted} should come out."
        if given == np.float32:
            advice += " Look for np.eye, np.zeros, np.ones without dtype=."
        raise Failure(f"{name} is {yours}; it should be {wanted}.{advice}")


def compare(spec, student, inputs, tolerance):
    """Raise AssertionError or Failure where the student and the library differ."""
    expected = spec.reference(*(copy_of(value) for value in inputs.values()))
    for name, yours, wanted in parts(spec, student(*inputs.values()), expected):
        assert_close(name, yours, wanted, tolerance)


def answering(spec, student):
    """The student's function with arrays where lists came back, for whoever computes with the answer."""
    several = isinstance(spec.reference(*map(copy_of, spec.example.values())), tuple)

    def answer(*args):
        out = student(*args)
        if not isinstance(out, list):
            return out
        return tuple(map(np.asarray, out)) if several else np.asarray(out)

    return answer


def copy_of(value):
    """A copy of what a call could change: an array, or a generator by its seed."""
    return value.copy() if hasattr(value, "copy") else value
