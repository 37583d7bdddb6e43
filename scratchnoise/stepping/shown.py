"""A function as it is shown: its source, its equation, and where in both there are names with values."""

import re
from functools import lru_cache
from pathlib import Path

from .numbers import spans_of, tokens_of
from .recording import Shown
from .source import key_of, source_of

INDEXED = re.compile(r"\[|\b[a-zA-Z]+_[a-z]\b")
PACKAGE = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=256)
def describe(function):
    """(Shown, {line: spans}, syntax tree) of a function."""
    source, first = source_of(function), key_of(function)[1]
    tree = source.nodes[key_of(function)]
    whole = source.lines[first - 1 : tree.end_lineno]
    indent = len(whole[0]) - len(whole[0].lstrip())
    lines = tuple(line[indent:].rstrip() for line in whole)
    spans = spans_of(tree, whole, first)
    path = Path(source.path).resolve()
    equation = _equation(function)
    shown = Shown(
        function.__qualname__,
        str(path.relative_to(PACKAGE.parent)) if path.is_relative_to(PACKAGE) else path.name,
        first,
        lines,
        equation,
        {line: tuple((span.start - indent, span.end - indent) for span in found) for line, found in spans.items()},
        tokens_of(equation),
    )
    return shown, spans, tree


def _equation(function):
    """The first line of the docstring where it has indices, else the equations of the kernel of that name, else "".

    A vectorised kernel has no docstring: it computes what the plain loops of its name do.
    """
    from .. import kernels
    from ..kernels import loops_table

    name = function.__name__
    own = function.__doc__ or getattr(getattr(loops_table, name, None), "__doc__", None) or ""
    first = own.strip().split("\n")[0].rstrip()
    if INDEXED.search(first) or name not in loops_table.__all__:
        return first if INDEXED.search(first) or re.search(r"[=/]", first) else ""  # a sentence has no numbers
    lines = [line.strip() for line in getattr(kernels, name).__doc__.split("\n")]
    return "\n".join(line for line in lines if " = " in line and "->" not in line) or (first if "/" in first else "")
