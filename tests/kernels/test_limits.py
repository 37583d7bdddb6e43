"""Every table, at the limits of float32 and float64."""

from types import SimpleNamespace

import implementations
import numpy as np
import pytest
from cuda_cases import FLOATS, Case
from cuda_extreme_cases import extreme_cases

from scratchnoise import kernels
from scratchnoise.check import check_property

CASES = [
    pytest.param(prop, function, id=f"{prop.__name__}-{function.__name__}")
    for prop, functions in implementations.AT_THE_LIMITS.items()
    for function in functions
]


@pytest.mark.parametrize(("prop", "function"), CASES)
def test_every_table_is_right_at_the_limits(table, prop, function):
    check_property(prop, function)


HOST = SimpleNamespace(to_device=lambda array: array, to_host=lambda array: array)


def facade(device):
    return kernels


@pytest.mark.parametrize("dtype", FLOATS)
def test_every_table_meets_what_the_cuda_source_meets(table, dtype):
    """Numbers large and close, subnormal, infinite or NaN, and equal maxima: all give what NumPy gives in float64."""
    for fields in extreme_cases(dtype):
        case = Case(facade, *fields)
        if not (case.method.startswith("forward") and np.isnan(case.args[2]).any()):  # the gate refuses such a T
            with np.errstate(all="ignore"):
                case.check(HOST, dtype)
