"""Loading a Python file that is to be stepped through, and the arrays that are to go in."""

import importlib.util
import sys

import numpy as np


def load(path):
    """The module of a file. Raises ValueError, with the line, where it does not run."""
    if not path.is_file():
        raise ValueError(f"{path} is not here; give FILE.py:function, e.g. 01_softmax.py:softmax")
    spec = importlib.util.spec_from_file_location(f"stepped_{path.stem}", path.resolve())
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses look for it
    sys.path.insert(0, str(path.resolve().parent))  # helper files lie beside it
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise ValueError(f"{path}, line {error.lineno}: {error.msg}") from error
    except Exception as error:
        raise ValueError(f"{path} cannot be imported: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def read_values(path):
    """{name: array, or number of an array of no axes} of an .npz file."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, OSError, AttributeError) as error:
        raise ValueError(f"--values {path} is no .npz file of arrays ({error}); write one with numpy.savez") from error
    return {name: array.item() if array.ndim == 0 else array for name, array in arrays.items()}
