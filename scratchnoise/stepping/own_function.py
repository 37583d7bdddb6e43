"""A function of one's own: FILE.py:function."""

import inspect
from copy import deepcopy
from pathlib import Path

import numpy as np

from ..messages import nearest
from .examples import BY_NAME, kernel_arguments
from .own_file import load
from .subject import Run, Subject
from .watched import functions_of


def own_function(name, values=None):
    """FILE.py:function; its arguments are those of the kernel of that name, or are chosen by their names."""
    path, _, function_name = name.partition(":")
    module = load(Path(path))
    own = {f.__name__: f for f in functions_of(module) if f.__qualname__ == f.__name__}
    if function_name not in own:
        raise ValueError(f"{path} has no function {function_name!r}; {nearest(function_name, own)}")
    function = own[function_name]
    arguments = _own_arguments(function, values or {})
    run = Run("your code", tuple(functions_of(module)), (function,), lambda: function(**deepcopy(arguments)), function)
    return Subject(name, "function", inspect.getdoc(function) or "", arguments, (run,))


def _own_arguments(function, values):
    parameters = inspect.signature(function).parameters
    unknown = [key for key in values if key not in parameters]
    if unknown:
        raise ValueError(f"{function.__name__} has no argument {unknown[0]!r}; {nearest(unknown[0], parameters)}")
    of_kernel = kernel_arguments().get(function.__name__, {})
    known = BY_NAME | of_kernel | {"rng": np.random.default_rng(0)} | values
    missing = [p.name for p in parameters.values() if p.name not in known and p.default is p.empty]
    if missing:
        raise ValueError(
            f"{function.__name__} needs {missing[0]!r}, for which there is no example; give it with --values FILE.npz, "
            f"an archive with arrays named {', '.join(parameters)}"
        )
    return {name: known[name] for name in parameters if name in known}
