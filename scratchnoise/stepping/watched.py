"""Functions whose lines report what they read and write, while a recording runs.

A function gets new code, compiled from its own source with every subscripted object `a[...]` written as
`__watch__(a)[...]`. The function itself, its arguments and its arrays stay what they are: a caller anywhere in the
package runs the recorded code without knowing.
"""

import sys
from contextlib import contextmanager
from types import FunctionType

import numpy as np

from .source import key_of, source_of


class Watched:
    """Stands for an array where it is subscripted: reads and writes go through and are reported to `report`."""

    __slots__ = ("array", "report")

    def __init__(self, array, report):
        self.array, self.report = array, report

    def __getitem__(self, key):
        found = self.array[key]
        self.report(self.array, key, False)
        return found

    def __setitem__(self, key, value):
        self.array[key] = value
        self.report(self.array, key, True)

    def __delitem__(self, key):
        del self.array[key]


@contextmanager
def watching(functions, report, blank):
    """Inside the block `functions` run their watched code; yields {watched code: function}.

    report(array, key, is_write): called for every access; key Ellipsis is the whole array.  blank(array): called for
    what np.empty returns.
    """
    names = {
        "__watch__": lambda value: Watched(value, report) if isinstance(value, np.ndarray) else value,
        "__whole__": lambda value: _whole(value, report),
        "__blank__": blank,
    }
    codes = {function: watched_code(function) for function in functions}
    originals = {function: function.__code__ for function in functions}
    spaces = {id(function.__globals__): function.__globals__ for function in functions}.values()
    try:
        for space in spaces:
            space.update(names)
        for function, code in codes.items():
            function.__code__ = code
        yield {code: function for function, code in codes.items()}
    finally:
        for function, code in originals.items():
            function.__code__ = code
        for space in spaces:
            for name in names:
                space.pop(name, None)


def _whole(value, report):
    if isinstance(value, np.ndarray):
        report(value, Ellipsis, False)
    return value


def watched_code(function):
    """The code of `function`, compiled from its file with watched subscripts."""
    source = source_of(function)
    if key_of(function) not in source.codes:
        raise ValueError(f"{source.path} has changed since {function.__name__} was imported; start again")
    return source.codes[key_of(function)]


def functions_of(*modules):
    """The functions and methods that these modules or classes define themselves, in the order of their source."""
    found = {}
    for module in modules:
        name = module.__module__ if isinstance(module, type) else module.__name__
        file = sys.modules[name].__file__  # what dataclass writes is in none, what was imported in another one
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == name and not isinstance(module, type):
                found |= dict.fromkeys(functions_of(value))
            value = value.fget if isinstance(value, property) else value
            value = value.__func__ if isinstance(value, staticmethod | classmethod) else value
            if isinstance(value, FunctionType) and value.__code__.co_filename == file:
                found[value] = None
    return sorted(found, key=lambda function: function.__code__.co_firstlineno)
