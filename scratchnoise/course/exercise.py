"""What an exercise is made of, and the register of known mistakes."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# name of a function -> {name of the mistake: a wrong solution whose docstring is the hint}
MISTAKES: dict[str, dict[str, Callable]] = {}


@dataclass(frozen=True)
class Function:
    """One function that the stub asks for.

    equation: shown with every failure, after the tag of those of the report's equations that it is. reference: the
    library's answer. inputs: a strategy of dicts, argument name -> value, small enough to follow on paper; or several,
    the tiniest first. larger(rng): such a dict of ordinary size.
    example: the input of the worked example in the stub. checks: what is tried, in this order, see `steps`.
    keeps_dtype: whether the stub asks that float32 gives float32.
    Two solutions are the same mistake if they answer alike on the failing input, the example, some larger inputs and
    the further `probes`; where answers are random, observe(function, *inputs) is compared instead.
    """

    name: str
    signature: str
    equation: str
    reference: Callable
    inputs: object
    larger: Callable
    example: dict
    checks: tuple
    probes: tuple = ()
    observe: Callable | None = None
    keeps_dtype: bool = False
    tag: str = ""


@dataclass(frozen=True)
class Exercise:
    """A stub in the folder of exercises: its number, what it is called, functions, three hints, folder of the stub."""

    number: str
    name: str
    title: str
    tag: str
    functions: tuple
    hints: tuple
    folder: Path = Path(__file__).with_name("stubs")

    @property
    def filename(self):
        """Name of the stub, e.g. "01_softmax.py"."""
        return f"{self.number}_{self.name}.py"

    @property
    def stub(self):
        """Text of the stub, from `folder`."""
        return (self.folder / self.filename).read_text(encoding="utf-8")


def mistake(function_name, words="", **spellings):
    """Register the function below as a known wrong solution of that name; its docstring is the hint.

    words: regular expression without a match of which a text cannot be this mistake.
    spellings: keyword of the function = further values under which it is the same mistake.
    """

    def register(wrong):
        others = [functools.partial(wrong, **{key: value}) for key, values in spellings.items() for value in values]
        wrong.words = words
        wrong.spellings = (wrong, *others)
        MISTAKES.setdefault(function_name, {})[wrong.__name__] = wrong
        return wrong

    return register


def hint_of(wrong):
    """The hint of a registered mistake, on one line."""
    return " ".join(inspect.getdoc(wrong).split())
