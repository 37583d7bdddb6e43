"""numba's cache on disk, made to forgive: where it cannot be read or written, kernels are compiled as if it were empty.

numba itself stops at the import where no folder can be written, and at every call of a kernel whose file is damaged.
"""

import hashlib
import pickle

from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.serialize import dumps

from ..messages import warn_once


def keep_on_disk(dispatcher):
    """What `cache=True` does, with the cache below; without a folder that can be written, nothing, said once."""
    try:
        dispatcher._cache = Cache(dispatcher.py_func)
    except (RuntimeError, OSError):  # numba's "no locator available"
        warn_once(
            "numba finds no folder in which it may keep compiled kernels, so every process compiles them anew, which "
            "takes up to a minute; set NUMBA_CACHE_DIR to a folder that can be written"
        )


class Checksummed(CompileResultCacheImpl):
    """Compiled code with its SHA-256: machine code with a wrong byte would not fail, it would run."""

    def reduce(self, cres):
        content = dumps(super().reduce(cres))
        return hashlib.sha256(content).digest(), content

    def rebuild(self, target_context, payload):
        digest, content = payload
        if hashlib.sha256(content).digest() != digest:
            raise ValueError("the checksum is wrong")
        return super().rebuild(target_context, pickle.loads(content))


class Cache(FunctionCache):
    """The cache of one kernel; files that cannot be used are replaced."""

    _impl_class = Checksummed

    def load_overload(self, sig, target_context):
        try:
            found = super().load_overload(sig, target_context)
            if found is None or tuple(found.signature.args) == tuple(sig):
                return found
        except Exception:  # unpickling a damaged file can raise anything
            pass
        self._write(self.flush)
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
