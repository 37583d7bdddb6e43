"""Which of cosmic-ray's mutants are worth trying: those that a test could see, and not by accident alone."""

import ast

BITS = {"BitAnd", "BitOr", "BitXor", "LShift", "RShift"}
IDENTITY = {"Is", "IsNot"}


def makes_sense(operator):
    """Whether the name of an operator stands for a mistake that somebody could make.

    x << y for x * y fails on the first float, so that it says nothing about the tests; x is y for x == y is the same
    for small numbers.
    """
    kind, _, replaced = operator.removeprefix("core/").partition("_")
    before, _, after = replaced.partition("_")
    if kind == "ReplaceBinaryOperator":
        return (before in BITS) == (after in BITS)
    if kind == "ReplaceComparisonOperator":
        return (before in IDENTITY) == (after in IDENTITY)
    return True


def silent_places(source):
    """A function of (line, column): whether it lies where nothing is decided.

    That is in annotations, in the texts of errors, which are f-strings in `raise ...Error(...)` and in calls of
    `warn...`, and in zip(..., strict=True), which says that two lengths are always the same.
    """
    ranges = []
    for node in ast.walk(ast.parse(source)):
        for part in _silent_parts(node):
            ranges.append(((part.lineno, part.col_offset), (part.end_lineno, part.end_col_offset)))
    return lambda place: any(start <= tuple(place) < end for start, end in ranges)


def _silent_parts(node):
    if isinstance(node, (ast.arg, ast.AnnAssign)) and node.annotation:
        yield node.annotation
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns:
        yield node.returns
    if isinstance(node, ast.Call) and _complains(ast.unparse(node.func)):
        yield from (part for part in ast.walk(node) if isinstance(part, ast.JoinedStr))
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "zip":
        yield from (given.value for given in node.keywords if ast.unparse(given) == "strict=True")


def _complains(name):
    return name.endswith("Error") or name.rpartition(".")[2].startswith("warn")
