"""A student's function as the checks see it: it returns arrays or raises `Failure`, wherever its code runs."""

import inspect

import numpy as np

from ..student import running
from ..student.running import LIBRARY
from .failure import Failure

SHOWN_LINES = 8  # of what the student's code printed


class StudentFunction:
    """A function that is called in a `Process`. parameters: see `student.running.describe`; line: where it begins."""

    def __init__(self, name, process, parameters=None, line=None):
        self.__name__, self.process = name, process
        self.parameters, self.line = parameters, line
        self.printed, self.written = "", True

    def __call__(self, *args):
        reply = self._call(args)
        self.printed = reply["printed"]
        refuse_the_library(reply)
        if "error" in reply:
            raise Failure(reply["error"], "returns", raised=reply["raised"], says=reply["says"])
        return reply["value"]

    def steps(self, *args):
        """How many steps of Python's machine a call takes; compiled code takes none."""
        return self._call(args, count=True)["steps"]

    def echo(self, *args):
        """What a call sends and gets, without the call."""
        self.process.ask(do="echo", args=list(args))

    def _call(self, args, count=False):
        reply = self.process.ask(do="call", name=self.__name__, args=list(args), count=count)
        for own, after in zip(args, reply["args"], strict=True):
            _take_over(own, after)
        return reply

    def takes(self, count):
        """Whether it can be called with so many positional arguments."""
        if self.parameters is None:
            return True
        kinds = inspect.Parameter
        named = [
            has for _, kind, has in self.parameters if kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
        ]
        more = any(kind == kinds.VAR_POSITIONAL for _, kind, _ in self.parameters)
        wanted = any(kind == kinds.KEYWORD_ONLY and not has for _, kind, has in self.parameters)
        return named.count(False) <= count and (more or count <= len(named)) and not wanted


class LocalFunction(StudentFunction):
    """A function of this process, which is trusted: the library's answer, a known mistake."""

    def __init__(self, function, name):
        super().__init__(name, None, running.parameters(function))
        self.function = function

    def echo(self, *args):
        """Nothing is sent."""

    def _call(self, args, count=False):
        call = running.counted(self.function) if count else self.function
        return running.perform(call, args, name=self.__name__) | {"steps": getattr(call, "steps", None)}


def _take_over(own, after):
    """Do to an argument what the student's code did to its copy."""
    if isinstance(own, np.ndarray) and isinstance(after, np.ndarray) and own.shape == after.shape:
        np.copyto(own, after, casting="unsafe")
    elif isinstance(own, np.random.Generator) and isinstance(after, np.random.Generator):
        own.bit_generator.state = after.bit_generator.state


def refuse_the_library(reply):
    """Raise Failure if the library was asked for, even where the code went on without it."""
    if reply["library"]:
        raise Failure(
            f"The file imports {LIBRARY}. That is the answer; write the function with NumPy instead.", "import"
        )


def shown(printed):
    """The beginning of what was printed, ready to be appended to a message; empty if nothing was."""
    lines = printed.rstrip().splitlines()
    if not lines:
        return ""
    more = [f"    ... and {len(lines) - SHOWN_LINES} more lines"] if len(lines) > SHOWN_LINES else []
    return "\n".join(["\nyour code printed", *(f"    {line[:110]}" for line in lines[:SHOWN_LINES]), *more])
