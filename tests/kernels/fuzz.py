"""Draws calls of all kernels and compares every table with the loops: `python fuzz.py EXAMPLES TABLE ...`.

An argument may be in an odd layout, of another dtype, scaled to tiny or enormous numbers, or wrong. All tables must
then give the same numbers up to rounding, or raise the same error. A process of its own, because a fault may kill it.
"""

import sys
import warnings

import gate_cases
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS, as_dtype, n_terms

SCALES = [1.0, 1.0, 1.0, 2.0**-140, 2.0**-30, 2.0**30, 2.0**60]
TOO_MANY_FACTORS = ("adam", "batchnorm_backward")  # in a product: the tolerance knows of two
UNSCALED = ("T", "gamma", "p", "sample_weight")


def outcome(name, arguments):
    """What a call gives: a list of arrays, or the text of its error."""
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings(action="ignore"):
            found = getattr(kernels, name)(**arguments)
    except (ValueError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return [np.asarray(r) for r in (found if isinstance(found, tuple) else (found,))]


@st.composite
def calls(draw, name):
    """Arguments of one call by name."""
    parameters = list(gate_cases.example(name))
    drawn = as_dtype(draw(KERNEL_ARGUMENTS[name]), draw(st.sampled_from([np.float32, np.float64])))
    arguments = dict(zip(parameters, drawn, strict=False))
    for key, value in arguments.items():
        if gate_cases.is_real(value) and key not in UNSCALED and name not in TOO_MANY_FACTORS:
            arguments[key] = value = value * value.dtype.type(draw(st.sampled_from(SCALES)))
        if isinstance(value, np.ndarray) and value.size and draw(st.booleans()):
            with np.errstate(over="ignore"):  # float16 ends at 65504
                forms = dict(gate_cases.odd_forms(value))
            arguments[key] = forms[draw(st.sampled_from(sorted(forms)))]
    if draw(st.integers(0, 4)) == 0:
        key = draw(st.sampled_from(parameters[: len(drawn)]))
        wrong = dict(gate_cases.wrong_values(key, dict(zip(parameters, drawn, strict=False))[key], drawn))
        arguments[key] = wrong[draw(st.sampled_from(sorted(wrong)))]
    return arguments


def assert_agree(call, found, expected, arguments):
    """Raise AssertionError unless the two outcomes are the same error, or the same numbers up to rounding."""
    if isinstance(found, str) or isinstance(expected, str):
        assert found == expected, f"{call}: {found}, but the loops: {expected}"
        return
    in_float32 = any(getattr(a, "dtype", None) == np.float32 for a in arguments.values())
    limits = np.finfo(np.float32 if in_float32 else np.float64)
    reals = [np.abs(np.asarray(a, float)).max(initial=0) for a in arguments.values() if has_numbers(a)]
    for mine, right in zip(found, expected, strict=True):
        assert mine.dtype == right.dtype and mine.shape == right.shape, f"{call}: another dtype or shape"
        if mine.dtype.kind == "i" or not mine.size:
            continue  # places of equal or rounded maxima may differ
        largest = max([1.0, *(a * b for a in reals for b in reals)]) * n_terms(tuple(arguments.values()))
        if largest > limits.max / 4:
            continue
        close = np.abs(mine.astype(float) - right.astype(float)) <= 16 * limits.eps * largest
        assert (close | (mine == right) | (np.isnan(mine) & np.isnan(right))).all(), f"{call}\n{mine}\n{right}"


def has_numbers(value):
    try:
        return value is not None and np.asarray(value).dtype.kind in "biuf"
    except ValueError:
        return False


def fuzz(name, tables, examples):
    """Draw so many calls of a kernel; returns how many were made."""
    count = 0

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None, suppress_health_check=HealthCheck)
    @given(calls(name))
    def run(arguments):
        nonlocal count
        with backend("loops"):
            expected = outcome(name, arguments)
        for table in tables:
            with backend(table):
                assert_agree(f"{name} in {table}", outcome(name, arguments), expected, arguments)
            count += 1

    run()
    return count


if __name__ == "__main__":
    total = 0
    for kernel in gate_cases.NAMES:
        print(kernel, flush=True)  # the last line of a process that died says where
        total += fuzz(kernel, sys.argv[2:], int(sys.argv[1]))
    print(f"{total} calls agree")
