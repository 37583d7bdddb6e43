"""Checking numerical code: gradients, tests of gradients, and properties that hold for every input.

    from scratchnoise import check
    print(check.verify(forward, backward, (x, w, b)))        is the backward pass right? a report line by line
    print(check.audit(backward, test))                       which errors would this test of it miss?
    print(check.label_noise.verify(loss))                    does a corrected loss keep what the theory promises?
    check.check_property(check.properties.backward_correction.is_unbiased, my_backward_loss)

A property is a function of the implementation under test, so the library, code written for an exercise and code that is
wrong on purpose all run through the same one. Names are imported when they are first used: the command line asks for
this package before it has said how many threads NumPy may start.
"""

from importlib import import_module

_HOME = {
    "Report": "report",
    "assert_close": "compare",
    "audit": "auditing",
    "check_backward": "gradcheck",
    "check_gradient": "gradcheck",
    "check_property": "property",
    "holds_for": "property",
    "verify": "verification",
}
_MODULES = ("label_noise", "properties", "strategies")
__all__ = [*_HOME, *_MODULES]


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
