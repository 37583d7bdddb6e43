"""Which kernel table runs, and where its arrays live.

A backend is a name: "numpy" (vectorised), "loops" (plain Python loops, to step through), "numba" (compiled),
"c" (hand-written C, built by the system's compiler), "cupy" (the CUDA source on a GPU), "cuda_on_cpu" (the same source
on the processor, to check it). The choice is read when a kernel is called, never when a module is imported, so two
backends can be compared in one process:

    with backend("loops"):
        kernels.softmax(z)

Kernels take arrays that live where their table computes. Models and training send what they are given there, and bring
back what was learnt; whoever calls kernels on a GPU uses `to_device` and `to_host`, which on the host change nothing.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache, lru_cache
from importlib import import_module
from importlib.util import find_spec
from shutil import which
from threading import get_ident

from .messages import nearest, warn_once
from .processes import prepare_numba

ENVIRONMENT_VARIABLE = "SCRATCHNOISE_BACKEND"
TABLES = {
    "numpy": "scratchnoise.kernels.numpy_table",
    "loops": "scratchnoise.kernels.loops_table",
    "numba": "scratchnoise.kernels.numba_table",
    "c": "scratchnoise.kernels.c_table",
    "cuda_on_cpu": "scratchnoise.kernels.cuda_on_cpu_table",
    "cupy": "scratchnoise.kernels.cupy_table",
}
NAMES = ("auto", *TABLES)

THREADS_VARIABLE = "SCRATCHNOISE_THREADS"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")

_chosen = ContextVar("scratchnoise_backend", default=None)
_own = ContextVar("scratchnoise_own_table", default=None)


class BackendError(RuntimeError):
    """The backend that was asked for cannot run here."""


class DeviceMemoryError(BackendError):
    """The memory of the device does not suffice; the message says what would fit."""


def resolve(name="auto"):
    """The table that `name` stands for on this machine: "auto" is the GPU where there is one, else `host_table()`.

    Raises ValueError for an unknown name, BackendError for a known one that cannot run here.
    """
    if name == "auto":
        return host_table() if _missing("cupy") else "cupy"
    if name not in TABLES:
        meant = {"gpu": "cupy", "cuda": "cupy"}.get(name, name)
        raise ValueError(f"backend={name!r} is unknown; {nearest(meant, NAMES)}")
    if missing := _missing(name):
        raise BackendError(f"backend={name!r} needs {missing}")
    return name


def host_table():
    """The best table whose arrays are NumPy's: numba where it is installed and compiles, else c, else numpy."""
    compiles = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
    if compiles and not _missing("numba"):
        return "numba"
    return "c" if not _missing("c") and _c_builds(c_compiler()) else "numpy"


def current():
    """Name of the table that runs now: the innermost `backend(...)`, else $SCRATCHNOISE_BACKEND, else `host_table()`.

    A GPU has to be asked for, by "auto" or by name: what nobody has chosen takes NumPy's arrays on every machine.
    """
    asked_for = os.environ.get(ENVIRONMENT_VARIABLE)
    return _chosen.get() or (resolve(asked_for) if asked_for else host_table())


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
    """The kernels that run now: the module of a backend, or the object of `own_table`."""
    return _own.get() or import_module(TABLES[current()])


@contextmanager
def own_table(kernels):
    """Inside a `with` block, run the kernels of an object that has them as attributes and takes NumPy's arrays.

    A `backend(name)` inside it takes its place. Raises TypeError for an object without kernels.
    """
    if not callable(getattr(kernels, "softmax", None)):
        raise TypeError(f"kernels={kernels!r} should be an object with every kernel as an attribute, e.g. softmax")
    with backend("numpy"):
        token = _own.set(kernels)
        try:
            yield
        finally:
            _own.reset(token)


@contextmanager
def backend(name: str | None) -> Iterator[None]:
    """Run the kernels of one table inside a `with` block; None leaves the choice as it is.

    The choice holds in this thread, in asyncio tasks that it starts, and in the processes that the package starts. A
    thread or worker of your own (threading, concurrent.futures, joblib) does not see it, because a ContextVar does not
    cross over: enter `backend(...)` in the function that runs there, give models `backend=...`, or set
    $SCRATCHNOISE_BACKEND.
    Raises ValueError for an unknown name, BackendError for one that cannot run here.
    """
    token = _chosen.set(_chosen.get() if name is None else resolve(name))
    own = _own.set(_own.get() if name is None else None)
    try:
        yield
    finally:
        _own.reset(own)
        _chosen.reset(token)


# --- arrays ----------------------------------------------------------------------------------------------


def on_device():
    """Whether the arrays of the running table live on a device, where every look at a number makes the host wait."""
    return current() == "cupy"


def arrays():
    """The module that makes arrays for the running table: cupy on a device, else numpy."""
    return import_module("cupy" if on_device() else "numpy")


def to_device(array):
    """`array` where the running table computes: a copy on its device, or the array itself where it is there already."""
    return arrays().asarray(array)


def to_host(array):
    """`array` as NumPy's: a copy of what lives on a device, anything else itself."""
    return array.get() if hasattr(array, "get") else array


def queue():
    """A context: what is launched inside goes to one queue of work of the device, in which steps can be recorded."""
    return _stream(arrays(), arrays().cuda.Device().id, get_ident()) if on_device() else nullcontext()


@lru_cache
def _stream(module, device, thread):
    """One for each thread, which must not launch into what another records; memory freed in it is used again in it."""
    return module.cuda.Stream(non_blocking=True)


def constant(matrix, dtype):
    """A small matrix that never changes, in `dtype`, where the running table computes; a device gets it only once."""
    if not on_device():
        return arrays().ascontiguousarray(matrix, dtype)
    matrix = matrix.astype(dtype, order="C")
    return _sent(arrays(), arrays().cuda.Device().id, matrix.tobytes(), matrix.dtype.str, matrix.shape)


@cache  # recorded steps go on reading what was sent
def _sent(module, device, content, dtype, shape):
    import numpy as np

    return module.asarray(np.frombuffer(content, dtype).reshape(shape), blocking=True)  # every queue may read it now


# --- what a table needs ----------------------------------------------------------------------------------


def compiler():
    """Path of the C++ compiler: $CXX, else the first of c++, g++ and clang++; None where there is none."""
    return _first_found(os.environ.get("CXX"), ("c++", "g++", "clang++"), os.environ.get("PATH"))


def c_compiler():
    """Path of the C compiler: $CC, else the first of cc, gcc and clang; None where there is none."""
    return _first_found(os.environ.get("CC"), ("cc", "gcc", "clang"), os.environ.get("PATH"))


@lru_cache
def _first_found(given, known, path):
    names = (given,) if given else known
    return next((found for name in names if (found := which(name, path=path))), None)


@lru_cache
def _c_builds(compiler):
    """Whether this compiler builds the C kernels; one warning where it does not."""
    try:
        import_module(TABLES["c"]).kernels.of("float32")
    except (BackendError, OSError) as error:
        warn_once(f"the C kernels cannot be used, NumPy's take their place: {str(error).splitlines()[0]}")
        return False
    return True


def _missing(name):
    """What `backend=name` needs and this machine lacks, and the way out; None where nothing is missing."""
    if name == "numba":
        return _broken_numba() if find_spec("numba") else "numba, which is not installed; use backend='c' or 'numpy'"
    if name == "c" and not c_compiler():
        return "a C compiler, but $CC, cc, gcc and clang lead to none; use backend='numba' or 'numpy'"
    if name == "cuda_on_cpu" and not compiler():
        return "a C++ compiler, but $CXX, c++, g++ and clang++ lead to none; use backend='numba' or 'numpy'"
    return _missing_device() if name == "cupy" else None


@lru_cache(maxsize=1)
def _broken_numba():
    """Imports the table: a numba that is installed may still be too old for NumPy, or the other way round."""
    prepare_numba()
    try:
        import_module(TABLES["numba"])
    except Exception as error:  # a library that does not load fails in many ways
        first_line = (str(error) or type(error).__name__).splitlines()[0]
        reason = f"numba, which is installed but cannot be imported ({first_line})"
        warn_once(f"kernels cannot use {reason}; repair or uninstall it")
        return f"{reason}; use backend='c' or 'numpy'"
    return None


@lru_cache(maxsize=1)
def _missing_device():
    install = (
        "pip install 'scratchnoise[gpu-cuda12]' or 'scratchnoise[gpu-cuda13]', by the CUDA version that nvidia-smi "
        "shows, or use backend='numba' or 'numpy'"
    )
    try:
        import cupy
    except ImportError as error:
        return f"CuPy, which cannot be imported ({error}); {install}"
    try:
        count, reason = cupy.cuda.runtime.getDeviceCount(), ""
    except RuntimeError as error:  # CuPy's own class for an error of CUDA
        count, reason = 0, f" ({error})"
    remedy = "see what nvidia-smi and $CUDA_VISIBLE_DEVICES show, or use backend='numba' or 'numpy'"
    if not count:
        return f"a GPU, but no device is visible{reason}; {remedy}"
    try:
        cupy.cuda.nvrtc.getVersion()  # CuPy alone comes without it; the extras bring it
    except (RuntimeError, ImportError) as error:
        return f"NVRTC, CUDA's compiler, which CuPy cannot load ({str(error).splitlines()[0]}); {install}"
    return None
