"""A student's file: its text is parsed here, and run somewhere else."""

import ast
from importlib.util import decode_source

from ..student.running import LIBRARY, is_library
from .failure import Failure
from .student import StudentFunction, refuse_the_library, shown


class Submission:
    """A student's file, parsed and checked for the library's name; nothing of it has run yet."""

    def __init__(self, path, names):
        self.path, self.names = path, names
        content = path.read_bytes()
        self.tree = _parse(content, path)
        self.source = decode_source(content)
        self.unwritten = [name for name in names if _is_unwritten(self.tree, name)]
        if self.unwritten != names:
            _refuse_the_library(self.tree)

    def functions(self, process, source=None):
        """Run the file in a `Process`: name -> `StudentFunction`. source: in place of the text of the file."""
        reply = process.ask(do="load", path=process.path_of(self.path), source=source or self.source)
        refuse_the_library(reply)
        if "error" in reply:
            raise Failure(reply["error"] + shown(reply["printed"]), "file")
        found = process.ask(do="describe", names=self.names)
        missing = [name for name in self.names if found[name] is None]
        if missing:
            raise Failure(f"There is no function {missing[0]} in the file. Keep the name that the stub gives.", "file")
        functions = {name: StudentFunction(name, process, **found[name]) for name in self.names}
        for name in self.unwritten:
            functions[name].written = False
        return functions


def _parse(content, path):
    try:
        return ast.parse(content, str(path))
    except SyntaxError as error:
        where = f", line {error.lineno}" if error.lineno else ""
        raise Failure(f"The file is not valid Python{where}: {error.msg}\n{_pointer(error)}".rstrip(), "file") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Failure(f"The file is not valid Python: {error}", "file") from None


def _pointer(error):
    if not error.text or not error.offset:
        return ""
    return f"    {error.text.rstrip()}\n    {' ' * (error.offset - 1)}^"


def _is_unwritten(tree, name):
    """Whether the last function of that name has a docstring at most, then `...`, pass or raise NotImplementedError."""
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    return bool(found) and all(_says_nothing(statement) for statement in found[-1].body)


def _says_nothing(statement):
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Raise) and statement.exc is not None:
        name = statement.exc.func if isinstance(statement.exc, ast.Call) else statement.exc
        return isinstance(name, ast.Name) and name.id == "NotImplementedError"
    return isinstance(statement, ast.Pass)


def _refuse_the_library(tree):
    """Raise Failure for an import of the library, also for one by its name in a string."""
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        elif isinstance(node, ast.Call):
            names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
            names = [str(node.slice.value)]
        if any(is_library(name) for name in names):
            text = (
                f"The file imports {LIBRARY} in line {node.lineno}. That is the answer; write the function with NumPy"
            )
            raise Failure(f"{text} instead.", "import")
