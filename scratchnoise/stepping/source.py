"""A Python file as lines, as syntax tree and as watched code, each made once."""

import ast
import os
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType

from .watching import Watching


@dataclass(frozen=True)
class Source:
    """nodes and codes: {(name, first line): ...} of the functions in the file."""

    path: str
    lines: list
    nodes: dict
    codes: dict


def source_of(function):
    """The Source of the file in which a function was written."""
    path = function.__code__.co_filename
    status = os.stat(path)
    return _read(path, status.st_mtime_ns, status.st_size)


def key_of(function):
    """Name and first line, decorators included."""
    return function.__code__.co_name, function.__code__.co_firstlineno


@lru_cache(maxsize=64)
def _read(path, changed, size):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    nodes = {}
    for node in ast.walk(ast.parse(text, path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            nodes[node.name, first] = node
    watched = ast.fix_missing_locations(Watching().visit(ast.parse(text, path)))
    codes = {(code.co_name, code.co_firstlineno): code for code in _codes(compile(watched, path, "exec"))}
    return Source(path, text.split("\n"), nodes, codes)


def _codes(code):
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)
