"""Checking numerical code: gradients, and properties that hold for every input.

    from scratchnoise.check import check_gradient, check_property
    from scratchnoise.check.properties import backward_correction
    check_property(backward_correction.is_unbiased, my_backward_loss)

A property is a function of the implementation under test, so the library, code written for an exercise and code that is
wrong on purpose all run through the same one.
"""

from .compare import assert_close
from .gradcheck import check_backward, check_gradient
from .property import check_property, holds_for

__all__ = ["assert_close", "check_backward", "check_gradient", "check_property", "holds_for"]
