"""The softmax family in every table, at the limits of float32 and float64."""

import implementations
import pytest

from scratchnoise.check import check_property

CASES = [
    pytest.param(prop, function, id=f"{prop.__name__}-{function.__name__}")
    for prop, functions in implementations.AT_THE_LIMITS.items()
    for function in functions
]


@pytest.mark.parametrize(("prop", "function"), CASES)
def test_every_table_is_right_at_the_limits(table, prop, function):
    check_property(prop, function)
