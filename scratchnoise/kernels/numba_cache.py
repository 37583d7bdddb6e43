"""numba's cache on disk, made to notice and to forgive.

numba's own looks at the file of the compiled function alone, so it would go on using code whose helpers have changed.
It ends the import where no folder can be written, and every call of a kernel whose file is damaged. Here a change in
any source of the kernels makes the cache stale, and what cannot be read or written is compiled as if there were none.
"""

import hashlib
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from numba.core.caching import CompileResultCacheImpl, FunctionCache, IndexDataCacheFile

from ..messages import COMPILING, warn_once

HERE = Path(__file__).parent
_waiting: list = []  # what is to be called when a kernel is compiled


def keep_on_disk(dispatcher):
    """What `cache=True` does, with the cache below; without a folder that can be written, nothing, said once."""
    try:
        dispatcher._cache = Cache(dispatcher.py_func)
    except (RuntimeError, OSError):  # numba's "no locator available"
        warn_once(
            "numba finds no folder in which it may keep compiled kernels, so every process compiles them anew, which "
            "takes up to a minute; set NUMBA_CACHE_DIR to a folder that can be written"
        )


@cache
def source_stamp():
    """A hash of every source that compiled code may come from."""
    sources = [HERE / "loops_table.py", HERE / "numba_table.py", *HERE.glob("loops/*.py"), *HERE.glob("vectors/*.py")]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(sources))).hexdigest()


def stamp(py_func):
    """What the compiled form of a function depends on: the sources, and the numbers that it sees as globals.

    Numbers such as the shape of a tile can be set from outside, which no source shows; code with another shape would
    read outside of its arrays.
    """
    numbers = sorted(item for item in py_func.__globals__.items() if isinstance(item[1], int | float))
    return hashlib.sha256(f"{source_stamp()} {numbers}".encode()).hexdigest()


class Cache(FunctionCache):
    """The cache of one kernel; files that cannot be used are replaced."""

    _impl_class = CompileResultCacheImpl

    def __init__(self, py_func):
        super().__init__(py_func)
        self._cache_file = CheckedFile(self._cache_path, self._impl.filename_base, stamp(py_func))

    def load_overload(self, sig, target_context):
        try:
            found = super().load_overload(sig, target_context)
            if found is not None and tuple(found.signature.args) == tuple(sig):
                return found
        except Exception:  # reading a damaged file can raise anything
            self._write(self.flush)
        say_that_it_compiles()
        while _waiting:
            _waiting.pop()()
        return None

    def save_overload(self, sig, data):
        self._write(lambda: super(Cache, self).save_overload(sig, data))

    def _write(self, action):
        try:
            action()
        except Exception as error:  # the kernel is compiled and can run, whatever became of its file
            reason = getattr(error, "strerror", None) or type(error).__name__
            warn_once(
                f"numba cannot keep compiled kernels in {self.cache_path} ({reason}), so the next process compiles "
                "them anew; delete that folder, or set NUMBA_CACHE_DIR to another one"
            )


class CheckedFile(IndexDataCacheFile):
    """numba's files, with the SHA-256 of each beside it: machine code with a wrong bit would not fail, it would run."""

    def _save_data(self, name, data):
        super()._save_data(name, data)
        self._digest_path(name).write_text(self._digest(name))

    def _load_data(self, name):
        if self._digest_path(name).read_text() != self._digest(name):
            raise ValueError(f"{name} is damaged")
        return super()._load_data(name)

    def _digest(self, name):
        return hashlib.sha256(Path(self._data_path(name)).read_bytes()).hexdigest()

    def _digest_path(self, name):
        return Path(self._data_path(name) + ".sha256")


@cache
def say_that_it_compiles():
    """Once a process: whoever waits for a first fit should know for what."""
    print(COMPILING, file=sys.stderr)


@contextmanager
def at_first_compilation(act):
    """Call act() when the block needs a kernel that is not on disk, once."""
    _waiting.append(act)
    try:
        yield
    finally:
        if act in _waiting:
            _waiting.remove(act)
