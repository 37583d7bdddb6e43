"""Data sets in .npz files: this package's own keys, or those of the assignment that the report answers."""

import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..checks import as_path
from .arrays import Dataset

KEYS = ("x_train", "y_train", "x_test", "y_test")
ASSIGNMENT_KEYS = ("Xtr", "Str", "Xts", "Yts")  # S, not Y: the training labels of those files are noisy


def load_npz(path: str | Path) -> Dataset:
    """Read a `Dataset` from an .npz file; nothing is ever unpickled.

    Keys: x_train, y_train, x_test, y_test and, if the file has them, class_names; or Xtr, Str, Xts, Yts, which
    makes a noisy data set. Without class_names the labels may be any whole numbers or texts: in ascending order
    they become 0..C-1, and the class names say what they were.
    Raises FileNotFoundError if there is no such file, ValueError if it is damaged, lacks a key, holds Python
    objects or does not make a `Dataset`.
    """
    path = as_path("path", path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}")
    arrays = _read(path)
    names = arrays.pop("class_names", None)
    noisy = "Xtr" in arrays
    x_train, y_train, x_test, y_test = arrays.values()
    if names is None:
        y_train, y_test, names = _numbered(path, y_train, y_test)
    return Dataset(path.stem, x_train, y_train, x_test, y_test, tuple(np.atleast_1d(names).astype(str)), noisy)


def _read(path):
    """The four arrays, and class_names if it is there, by key and in the order of KEYS."""
    with opened(path) as file:
        keys = next((keys for keys in (KEYS, ASSIGNMENT_KEYS) if set(keys) <= set(file.files)), None)
        if keys is None:
            raise ValueError(
                f"{path} needs the keys {', '.join(KEYS)} or {', '.join(ASSIGNMENT_KEYS)}; "
                f"it has {', '.join(file.files) or 'none'}"
            )
        optional = ("class_names",) if "class_names" in file.files else ()
        return {key: member(path, file, key) for key in keys + optional}


@contextmanager
def opened(path):
    """The .npz file at `path` while the block runs. Raises ValueError for what is no such file, or a damaged one."""
    if not zipfile.is_zipfile(path):
        raise ValueError(f"{path} is not an .npz file, or is damaged; save it again with numpy.savez")
    try:
        file = np.load(path, allow_pickle=False)
    except Exception as error:
        raise _damaged(path, error) from error
    if not isinstance(file, np.lib.npyio.NpzFile):
        raise ValueError(f"{path} is an .npy file that ends as a .zip; save it again with numpy.savez")
    with file:
        yield file


def member(path, file, key):
    """The array of that name in an opened .npz. Raises ValueError where it is damaged, or no plain array."""
    try:
        array = file[key]
    except MemoryError as error:
        raise ValueError(f"{path}: {key} is larger than the memory of this computer ({error})") from error
    except ValueError as error:
        raise ValueError(
            f"{path}: {key} is not a plain array of numbers or texts ({error}). Python objects are "
            "not read, as unpickling can run any code; save it with a dtype other than object"
        ) from error
    except Exception as error:
        raise _damaged(f"{path}: {key}", error) from error
    if not isinstance(array, np.ndarray):
        raise ValueError(f"{path}: {key} is not an array; save it with numpy.savez")
    return array


def _damaged(what, error):
    """A damaged file can fail in any way that zipfile, zlib and NumPy know."""
    return ValueError(f"{what} is damaged ({error!r}); copy or save it again")


def _numbered(path, y_train, y_test):
    """Labels of any kind as 0..C-1, and the values that they stood for."""
    values = np.unique(np.concatenate([np.ravel(y_train), np.ravel(y_test)]))
    if values.dtype.kind == "f":
        if not np.array_equal(values, np.rint(values)):
            raise ValueError(f"{path}: labels must be whole numbers or texts, got {values.dtype} such as {values[-1]}")
        values = values.astype(np.int64)
    return np.searchsorted(values, y_train), np.searchsorted(values, y_test), values
