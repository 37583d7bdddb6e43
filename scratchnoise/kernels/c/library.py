"""Building, loading and calling the C kernels.

Each function of the source takes the addresses of its arrays, then lengths as `long` and numbers as `double`, and
returns 0, or 1 where memory was lacking.
"""

import ctypes
import math
import os
from functools import cache
from pathlib import Path

import numpy as np

from ...backend import BackendError, c_compiler
from ...processes import processors, quota
from .. import build

HERE = Path(__file__).parent
OPTIMISED = ("-O3", "-ffp-contract=fast")
NEEDED = ("-std=gnu11", "-shared", "-fPIC", "-fvisibility=hidden", "-pthread", "-Wall", "-Wextra")
FOR_THIS_PROCESSOR = ("-march=native", "-mcpu=native")  # which of them a compiler knows depends on the processor
REAL = {"float32": "float", "float64": "double"}


def read():
    """The whole source: file name -> text."""
    return {path.name: path.read_text() for path in sorted(HERE.glob("*.[ch]"))}


class Library:
    """The compiled kernels. sources: file name -> text, as `read` has them."""

    def __init__(self, sources):
        self.sources = sources
        self.of = cache(self._load)

    def run(self, name, first, *others):
        """Call a function of the source, in the type of `first`, an array. int -> long, float -> double."""
        function = getattr(self.of(first.dtype.name), name)
        if function(_c(first), *map(_c, others)):
            raise MemoryError(f"{name} needs more memory than there is; use smaller batches")

    def use_threads(self, count):
        """How many threads a kernel may use from now on. Results do not depend on it."""
        for dtype in REAL:
            self.of(dtype).use_threads(ctypes.c_int(count))

    def _load(self, dtype):
        library = ctypes.CDLL(str(shared_library(self.sources, REAL[dtype])))
        library.use_threads(ctypes.c_int(threads()))
        return library


def _c(value):
    """An argument as C takes it."""
    if isinstance(value, np.ndarray):
        return ctypes.c_void_p(value.__array_interface__["data"][0])
    return ctypes.c_double(value) if isinstance(value, float) else ctypes.c_long(value)


def shared_library(sources, real):
    """Path of the library with `real` = float or double, built unless it is kept. Raises BackendError."""
    found = c_compiler()
    if found is None:
        raise BackendError("backend='c' needs a C compiler, but $CC, cc, gcc and clang lead to none")
    command = [found, *NEEDED, *OPTIMISED, f"-Dreal={real}"]
    commands = [*([*command, processor] for processor in FOR_THIS_PROCESSOR), command]
    return build.shared_library(f"c-{real}", f"the C kernels for {real}", sources, commands)


def threads():
    """$OMP_NUM_THREADS, which `limit_threads` sets, else as many as this process may keep busy."""
    given = os.environ.get("OMP_NUM_THREADS", "")
    if given.isdigit() and int(given) > 0:
        return int(given)
    return math.ceil(min(processors(), quota()))
