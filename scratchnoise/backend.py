"""Which kernel table runs.

A backend is a name: "numpy" (vectorised), "loops" (plain Python loops, to step through), "numba" (the same
loops, compiled). The choice is read when a kernel is called, never when a module is imported, so two
backends can be compared in one process:

    with backend("loops"):
        kernels.softmax(z)
"""

import importlib
import os
from contextlib import contextmanager
from contextvars import ContextVar
from importlib.util import find_spec

from .messages import nearest

ENVIRONMENT_VARIABLE = "SCRATCHNOISE_BACKEND"
TABLES = {
    "numpy": "scratchnoise.kernels.numpy_kernels",
    "loops": "scratchnoise.kernels.loop_kernels",
    "numba": "scratchnoise.kernels.numba_kernels",
}
NAMES = ("auto", *TABLES)

THREADS_VARIABLE = "SCRATCHNOISE_THREADS"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

_chosen = ContextVar("scratchnoise_backend", default=None)


class BackendError(RuntimeError):
    """The backend that was asked for cannot run here."""


def resolve(name="auto"):
    """The table that `name` stands for on this machine: "auto" is numba where it is installed, else numpy.

    Raises ValueError for an unknown name, BackendError for a known one that cannot run here.
    """
    if name in ("cupy", "gpu", "cuda"):
        raise BackendError(
            f"backend={name!r} asks for a GPU, but this version has no GPU kernels; "
            f"use backend='auto' or one of {', '.join(TABLES)}"
        )
    if name not in NAMES:
        raise ValueError(f"backend={name!r} is unknown; {nearest(name, NAMES)}")
    if name == "auto":
        return "numba" if find_spec("numba") else "numpy"
    if name == "numba" and not find_spec("numba"):
        raise BackendError("backend='numba' needs numba, which is not installed; use backend='numpy'")
    return name


def current():
    """Name of the table that runs now: the innermost `backend(...)`, else $SCRATCHNOISE_BACKEND, else "auto"."""
    return _chosen.get() or resolve(os.environ.get(ENVIRONMENT_VARIABLE) or "auto")


def limit_threads(threads=None):
    """Let numba and the BLAS of NumPy use so many threads (None: $SCRATCHNOISE_THREADS, else all).

    They read the number when they are imported, so this has to come before NumPy. Raises ValueError for a
    $SCRATCHNOISE_THREADS that is no whole number above 0.
    """
    given = str(threads or os.environ.get(THREADS_VARIABLE, ""))
    if given and (not given.isdigit() or int(given) < 1):
        raise ValueError(f"{THREADS_VARIABLE}={given!r} should be a whole number of at least 1")
    if given:
        os.environ.update(dict.fromkeys(THREAD_VARIABLES, given))


def table():
    """The module of kernels that runs now."""
    return importlib.import_module(TABLES[current()])


@contextmanager
def backend(name):
    """Run the kernels of one table inside a `with` block; None leaves the choice as it is.

    Raises ValueError for an unknown name, BackendError for one that cannot run here.
    """
    token = _chosen.set(_chosen.get() if name is None else resolve(name))
    try:
        yield
    finally:
        _chosen.reset(token)
