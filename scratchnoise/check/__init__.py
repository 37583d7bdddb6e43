"""Checking numerical code: gradients, and properties that hold for every input.

    from scratchnoise.check import check_gradient, check_property
    from scratchnoise.check.properties import backward_correction
    check_property(backward_correction.is_unbiased, my_backward_loss)

A property is a function of the implementation under test, so the library, code written for an exercise and code that is
wrong on purpose all run through the same one. Names are imported when they are first used: the command line asks for
this package before it has said how many threads NumPy may start.
"""

from importlib import import_module

_HOME = {
    "assert_close": "compare",
    "check_backward": "gradcheck",
    "check_gradient": "gradcheck",
    "check_property": "property",
    "holds_for": "property",
}
__all__ = ["assert_close", "check_backward", "check_gradient", "check_property", "holds_for"]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_HOME])
