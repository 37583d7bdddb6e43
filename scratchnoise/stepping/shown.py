"""A function as it is shown: its source, its equation, and where in both there are names with values."""

from functools import lru_cache
from pathlib import Path

from .numbers import spans_of, tokens_of
from .recording import Shown
from .source import key_of, source_of

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
    """The first line of the docstring; a vectorised kernel without one has that of the plain loops."""
    from ..kernels import loops_table

    own = function.__doc__ or getattr(getattr(loops_table, function.__name__, None), "__doc__", None) or ""
    return own.strip().split("\n")[0].rstrip()
