"""The values of the names in a line of source, and of the letters in an equation.

Only what has no side effect is evaluated: names, constants, arithmetic of them, and cells of arrays.
"""

import ast
import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from .memory import is_blank

HARMLESS = (
    ast.Name, ast.Constant, ast.Subscript, ast.Tuple, ast.BinOp, ast.UnaryOp, ast.Slice, ast.Load, ast.Store,
    ast.operator, ast.unaryop,
)  # fmt: skip
SIZES = ("shape", "size", "ndim")
# A name with indices in brackets, y[n, f], or a name whose last part may be its indices, x_nk.
TOKEN = re.compile(r"[A-Za-z]\w*'?(\[[^\[\]]*\])?")
COMPOUND = (ast.For, ast.While, ast.If, ast.With, ast.Try, ast.FunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Span:
    """A part of a line that has a value. role: "read", "write" or "both", as in x += 1."""

    start: int
    end: int
    code: object
    names: tuple
    role: str

    def value(self, space):
        """Its value as text; None where it has none, or an array for a value."""
        if any(not _plain(space.get(name)) for name in self.names):
            return None
        try:
            return text(eval(self.code, {"__builtins__": {}}, space))
        except (NameError, IndexError, TypeError, ValueError, ZeroDivisionError, AttributeError, OverflowError):
            return None


def spans_of(function_tree, lines, first):
    """{line: [Span, ...]} of a function's statements; compound statements have those of their head."""
    found = {}
    for statement in ast.walk(function_tree):
        if not isinstance(statement, ast.stmt) or statement is function_tree:
            continue
        for node, role in _heads(statement):
            for part, part_role in _outermost(node, role):
                if part.lineno == part.end_lineno and part.lineno == statement.lineno:
                    line = lines[part.lineno - first]
                    start, end = (len(line.encode()[:c].decode()) for c in (part.col_offset, part.end_col_offset))
                    span = Span(start, end, _compiled(part), _names(part), part_role)
                    found.setdefault(part.lineno, []).append(span)
    return {line: sorted(spans, key=lambda span: span.start) for line, spans in found.items()}


def _heads(statement):
    """(expression, role) of what the line of a statement itself evaluates."""
    if isinstance(statement, ast.For):
        return [(statement.target, "write"), (statement.iter, "read")]
    if isinstance(statement, ast.While | ast.If):
        return [(statement.test, "read")]
    if isinstance(statement, COMPOUND):
        return []
    if isinstance(statement, ast.AugAssign):
        return [(statement.target, "both"), (statement.value, "read")]
    if isinstance(statement, ast.Assign):
        return [*((target, "write") for target in statement.targets), (statement.value, "read")]
    return [(node, "read") for node in ast.iter_child_nodes(statement) if isinstance(node, ast.expr)]


def _outermost(node, role):
    """The largest harmless parts of an expression that name something."""
    if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return
    if isinstance(node, ast.Name) or (isinstance(node, ast.Subscript) and _harmless(node)):
        yield node, role
        return
    if isinstance(node, ast.Attribute) and node.attr in SIZES and isinstance(node.value, ast.Name):
        yield node, role
        return
    children = ast.iter_child_nodes(node)
    if isinstance(node, ast.Call):  # the name of what is called has no number
        children = [*node.args, *(keyword.value for keyword in node.keywords)]
    for child in children:
        if isinstance(child, ast.expr):
            yield from _outermost(child, role)


def _harmless(node):
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute):
            if part.attr not in SIZES:
                return False
        elif not isinstance(part, HARMLESS):
            return False
    return True


def _compiled(node):
    copy = ast.parse(ast.unparse(node), mode="eval")  # with names that are loaded, not stored
    return compile(copy, "<value>", "eval")


def _names(node):
    return tuple({part.id for part in ast.walk(node) if isinstance(part, ast.Name)})


def _plain(value):
    return isinstance(value, int | float | np.generic | np.ndarray | tuple | list)


# --- equations -------------------------------------------------------------------------------------------


def tokens_of(equation):
    """Where the equation has names: ((from, to), ...)."""
    return tuple((found.start(), found.end()) for found in TOKEN.finditer(equation) if not found[0].endswith("'"))


def token_value(token, space):
    """The value of one token, e.g. x[n, i stride + r - pad], z_c or top; None where it has none."""
    name, bracket, inside = token.partition("[")
    if not bracket and token in space:
        return text(space[token]) if _plain(space[token]) else None
    if bracket:
        index = re.sub(r"(?<=\w)\s+(?=\w)", " * ", inside.rstrip("]"))
    else:
        name, _, letters = token.rpartition("_")
        index = ", ".join(letters)
    array = space.get(name)
    if not isinstance(array, np.ndarray) or not index:
        return None
    try:
        places = [_index(part, space) for part in index.split(",")]
    except (SyntaxError, NameError, TypeError, ValueError, IndexError):
        return None
    if len(places) == array.ndim - 1 and isinstance(space.get("n"), int):  # the letter of the sample is left out
        places = [space["n"], *places]
    inside_it = all(0 <= place < size for place, size in zip(places, array.shape, strict=False))
    return text(array[tuple(places)]) if len(places) == array.ndim and inside_it else None


def _index(part, space):
    """A whole number from letters: y in T[y, j] is the label of sample n."""
    code, names = _parsed_index(part.strip())
    letters = {}
    for name in names:
        value = space[name] if name in space else None
        if isinstance(value, np.ndarray) and value.ndim == 1 and isinstance(space.get("n"), int):
            value = value[space["n"]]
        if not isinstance(value, int | np.integer):
            raise ValueError(name)
        letters[name] = int(value)
    return int(eval(code, {"__builtins__": {}}, letters))


@lru_cache(maxsize=1024)
def _parsed_index(part):
    tree = ast.parse(part, mode="eval")
    if not _harmless(tree.body):
        raise ValueError(part)
    return compile(tree, "<index>", "eval"), _names(tree)


def text(value):
    """A number in at most four digits, None for what is no single number."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if isinstance(value, np.generic) and is_blank(value):
        return None
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if isinstance(value, int | np.integer):
        return str(int(value)) if abs(int(value)) < 10**9 else f"{float(value):.3e}"
    if isinstance(value, float | np.floating):
        return f"{float(value):.4g}"
    return None
