"""Running somebody's file: its text is read afresh, and whatever it does becomes a `Failure` that says where.

The library is the answer, so it is hidden while the student's code runs.
"""

import ast
import builtins
import contextlib
import importlib
import inspect
import io
import sys
import traceback
import types
import warnings

import numpy as np

LIBRARY = "scratchnoise"
SHOWN_LINES = 8  # of what the student's code printed


class Failure(Exception):
    """A check that did not pass: what is wrong, the step, and on which input (argument name -> value) if on one.

    mistake: name of a known mistake, where the check itself can tell. cause: the exception of the student's code.
    """

    def __init__(self, text, step=None, inputs=None, mistake=None, cause=None):
        super().__init__(text)
        self.text, self.step, self.inputs, self.mistake, self.cause = text, step, inputs, mistake, cause


class Submission:
    """A student's file, parsed and checked for the library's name; nothing of it has run yet."""

    def __init__(self, path, names):
        self.path, self.names = path, names
        self.tree = _parse(path)
        self.unwritten = [name for name in names if _is_unwritten(self.tree, name)]

    def functions(self):
        """Run the file and return its functions as `StudentFunction`s, name -> function."""
        _refuse_the_library(self.tree)
        module = types.ModuleType(f"submission_{self.path.stem}")
        module.__file__ = str(self.path)
        with registered(module):
            self._execute(module)
        missing = [name for name in self.names if not callable(getattr(module, name, None))]
        if missing:
            raise Failure(f"There is no function {missing[0]} in the file. Keep the name that the stub gives.", "file")
        functions = {name: StudentFunction(getattr(module, name), name, str(self.path), module) for name in self.names}
        for name in self.unwritten:
            functions[name].written = False
        return functions

    def _execute(self, module):
        code = compile(self.tree, str(self.path), "exec")
        with overheard() as output:
            try:
                exec(code, module.__dict__)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # sys.exit and a plain raise BaseException included
                _report_the_library(output)
                raise Failure(describe_error(error, str(self.path), "The file") + shown(output), "file") from None
        _report_the_library(output)


class StudentFunction:
    """A student's function that cannot do harm to the check: exceptions become failures, prints are kept."""

    def __init__(self, function, name, path="", module=None):
        self.function, self.path, self.module = function, path, module
        self.__name__ = name
        self.output = Overheard()
        self.written = True

    def __call__(self, *args):
        with registered(self.module), overheard() as self.output:
            try:
                out = plain(self.function(*args))
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                _report_the_library(self.output)
                raise Failure(describe_error(error, self.path, self.__name__), "returns", cause=error) from None
        _report_the_library(self.output)
        return out

    @property
    def line(self):
        """Where the function begins in its file, None if it cannot be told."""
        code = getattr(self.function, "__code__", None)
        return code.co_firstlineno if code is not None and code.co_filename == self.path else None

    def takes(self, count):
        """Whether it can be called with so many positional arguments."""
        with contextlib.suppress(TypeError, ValueError):
            inspect.signature(self.function).bind(*range(count))
            return True
        return not _has_signature(self.function)


class Unreadable:
    """In place of what is no array of numbers: a result of the class that is named."""

    def __init__(self, name):
        self.name = name


def plain(value):
    """A result as arrays, tuples and lists without any code of the student in them."""
    if type(value) in (tuple, list):
        return type(value)(map(plain, value))
    if value is None or type(value) in (bool, int, float):
        return value
    array = np.asarray(value)
    return array if array.dtype.kind in "biuf" else Unreadable(type(value).__name__)


def _has_signature(function):
    with contextlib.suppress(TypeError, ValueError):
        return bool(inspect.signature(function))
    return False


def _parse(path):
    try:
        return ast.parse(path.read_bytes(), str(path))
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


# --- the library is hidden -------------------------------------------------------------------------------


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
        if any(_is_library(name) for name in names):
            raise Failure(_imports_the_library(f" in line {node.lineno}"), "import")


def _is_library(name):
    return name == LIBRARY or name.startswith(LIBRARY + ".")


def _imports_the_library(where=""):
    return f"The file imports {LIBRARY}{where}. That is the answer; write the function with NumPy instead."


class Overheard(io.StringIO):
    """What the student's code printed, and whether it asked for the library."""

    wanted_the_library = False


def _report_the_library(output):
    """Raise Failure if the library was asked for, even where the code went on without it."""
    if output.wanted_the_library:
        raise Failure(_imports_the_library(), "import")


def _refusing(importer, output):
    def refuse(name, *args, **kwargs):
        if _is_library(str(name)):
            output.wanted_the_library = True
            raise ImportError(f"{name} is the answer")
        return importer(name, *args, **kwargs)

    return refuse


@contextlib.contextmanager
def overheard():
    """While it lasts: no library, no warnings, prints are collected in the `Overheard` that it gives."""
    output = Overheard()
    real = builtins.__import__, importlib.import_module
    builtins.__import__, importlib.import_module = (_refusing(importer, output) for importer in real)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                yield output
    finally:
        builtins.__import__, importlib.import_module = real


@contextlib.contextmanager
def registered(module):
    """While it lasts the module can be found by its name, which dataclasses and compilers ask for."""
    if module is not None:
        sys.modules[module.__name__] = module
    try:
        yield
    finally:
        if module is not None:
            sys.modules.pop(module.__name__, None)


# --- saying what happened --------------------------------------------------------------------------------


def describe_error(error, path, who):
    """What the student should read about an exception: its own lines of the traceback, then the error."""
    if isinstance(error, SystemExit):
        what = "left the program (sys.exit)"
    elif isinstance(error, NotImplementedError):
        what = "is not written yet (NotImplementedError)"
    else:
        what = "raised " + "".join(traceback.format_exception_only(error)).strip()
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    lines = [f"    line {frame.lineno}, in {frame.name}: {frame.line}" for frame in own[-4:]]
    return "\n".join([f"{who} {what}", *lines])


def shown(output):
    """The beginning of what was printed, ready to be appended to a message; empty if nothing was."""
    lines = [] if output.closed else output.getvalue().rstrip().splitlines()
    if not lines:
        return ""
    more = [f"    ... and {len(lines) - SHOWN_LINES} more lines"] if len(lines) > SHOWN_LINES else []
    return "\n".join(["\nyour code printed", *(f"    {line[:110]}" for line in lines[:SHOWN_LINES]), *more])
