"""A thing to step through, and the ways in which it can be computed."""

from dataclasses import dataclass

from ..kernels.loops import images, layers, losses, softmax_regression
from ..messages import nearest
from .recorder import record

LOOPS = (losses, layers, images, softmax_regression)  # the modules of the plain loops


@dataclass(frozen=True)
class Run:
    """One way to compute the subject. label: e.g. "loops".  start: where a debugger is to stop."""

    label: str
    functions: tuple
    roots: tuple
    call: object
    start: object

    def record(self):
        return record(self.functions, self.call, self.roots)


@dataclass(frozen=True)
class Subject:
    """A thing to step through. about: its docstring, or what is run.  arguments: {name: value}, None where fixed."""

    name: str
    kind: str
    about: str
    arguments: dict
    runs: tuple


def with_values(name, example, values):
    unknown = [key for key in values or {} if key not in example]
    if unknown:
        raise ValueError(f"{name} has no argument {unknown[0]!r}; {nearest(unknown[0], example)}")
    return example | (values or {})
