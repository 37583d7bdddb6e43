"""Running a student's code: what it returns, raises and prints becomes a plain dict, and the library is hidden."""

import bdb
import builtins
import contextlib
import importlib
import inspect
import io
import linecache
import sys
import traceback
import types
import warnings

import numpy as np

from .wire import KINDS, Unreadable

LIBRARY = "scratchnoise"
PRINTED = 20_000  # characters that are kept


class Overheard(io.StringIO):
    """What the student's code printed, and whether it asked for the library."""

    wanted_the_library = False

    def write(self, text):
        return super().write(text) if self.tell() < PRINTED else len(text)


def load(source, path):
    """Run the text of a file as a module: (module, reply). The reply has "error" where the file could not be run."""
    module = types.ModuleType(f"submission_{abs(hash((path, source))):x}")
    module.__file__ = path
    linecache.cache[path] = (len(source), None, source.splitlines(True), path)

    def body():
        code = compile(source, path, "exec")
        exec(code, module.__dict__)

    return module, heard(body, module, path, "The file")


def describe(module, name):
    """What the judge wants to know of a function before it is called."""
    function = getattr(module, name, None)
    if not callable(function):
        return None
    code = getattr(function, "__code__", None)
    own = code is not None and code.co_filename == module.__file__
    return {"line": code.co_firstlineno if own else None, "parameters": parameters(function)}


def parameters(function):
    """[name, kind, whether it has a default] of each parameter, None where Python cannot tell."""
    with contextlib.suppress(TypeError, ValueError):
        return [
            [p.name, int(p.kind), p.default is not p.empty] for p in inspect.signature(function).parameters.values()
        ]
    return None


def perform(function, args, module=None, path="", name=""):
    """Call a function: {"value": what came back, "printed": text}, or {"error": what to say, ...}."""
    return heard(lambda: function(*args), module, path, name)


def heard(body, module, path, who):
    """The reply of body(), which may do anything. KeyboardInterrupt alone passes, with the line where it came."""
    output, reply = Overheard(), {}
    with registered(module), overheard(output):
        try:
            value = body()
        except (KeyboardInterrupt, bdb.BdbQuit) as error:  # a person has had enough
            raise KeyboardInterrupt(where(error, path, who)) from None
        except BaseException as error:  # sys.exit and a plain raise BaseException included
            reply = {"error": describe_error(error, path, who), **_kind(error)}
    if not reply:
        reply = {"value": plain(value)}
    return reply | {"printed": output.getvalue(), "library": output.wanted_the_library}


def _kind(error):
    try:
        says = str(error)
    except BaseException:  # an exception of the student's own class
        says = ""
    return {"raised": [each.__name__ for each in type(error).__mro__], "says": says[:2000]}


def plain(value):
    """A result as arrays, tuples and lists without any code of the student in them."""
    if isinstance(value, tuple | list):
        try:
            return tuple(map(plain, value)) if isinstance(value, tuple) else list(map(plain, value))
        except RecursionError:
            return Unreadable(type(value).__name__)
    if value is None or type(value) in (bool, int, float):
        return value
    try:
        array = np.array(value)
    except BaseException:  # whatever its class does when NumPy asks for an array
        return Unreadable(type(value).__name__)
    return array if array.dtype.kind in KINDS else Unreadable(type(value).__name__)


class counted:
    """A function that counts the steps of Python's machine while it runs, compiled code excluded."""

    def __init__(self, function):
        self.function, self.steps = function, 0

    def __call__(self, *args):
        self.steps, before = 0, sys.gettrace()
        sys.settrace(self._trace)
        try:
            return self.function(*args)
        finally:
            sys.settrace(before)

    def _trace(self, frame, event, argument):
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        self.steps += event == "opcode"
        return self._trace


# --- what the code may not import, and what it prints ------------------------------------------------------


def is_library(name):
    """Whether a module's name is that of the library, or below it."""
    return name == LIBRARY or name.startswith(LIBRARY + ".")


@contextlib.contextmanager
def overheard(output):
    """While it lasts: no library, no warnings, prints go to `output`."""
    real = builtins.__import__, importlib.import_module
    builtins.__import__, importlib.import_module = (_refusing(importer, output) for importer in real)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                yield output
    finally:
        builtins.__import__, importlib.import_module = real


def _refusing(importer, output):
    def refuse(name, *args, **kwargs):
        if is_library(str(name)):
            output.wanted_the_library = True
            raise ImportError(f"{name} is the answer")
        return importer(name, *args, **kwargs)

    return refuse


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


# --- saying what happened ----------------------------------------------------------------------------------


def describe_error(error, path, who):
    """What the student should read about an exception: its own lines of the traceback, then the error."""
    if isinstance(error, SystemExit):
        what = "left the program (sys.exit)"
    elif isinstance(error, NotImplementedError):
        what = "is not written yet (NotImplementedError)"
    else:
        try:
            what = "raised " + "".join(traceback.format_exception_only(error)).strip()
        except BaseException:  # an exception of the student's own class
            what = f"raised {type(error).__name__}"
    return "\n".join([f"{who} {what[:3000]}", *_own_lines(traceback.extract_tb(error.__traceback__), path)])


def where(error, path, who):
    """Where the student's code was interrupted."""
    return "\n".join([f"stopped in {who}", *_own_lines(traceback.extract_tb(error.__traceback__), path)])


def _own_lines(frames, path):
    return [f"    line {f.lineno}, in {f.name}: {f.line}" for f in frames if f.filename == path][-4:]


def position(frame, path):
    """The student's lines in a frame that is running."""
    return _own_lines(traceback.extract_stack(frame), path)
