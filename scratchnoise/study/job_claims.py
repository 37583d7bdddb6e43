"""Who is working on what: processes that share a folder take each job once.

A claim is a locked file. The operating system gives the lock back when its process ends, however it ends, so a job of a
process that was killed can be taken by another one at once.
"""

import os
from hashlib import sha256
from pathlib import Path

from .rows_file import fcntl


class Claim:
    """The right to work on one job in a folder, held from a successful `take` until `release`. name: str."""

    def __init__(self, folder, name):
        self.path = Path(folder) / f"{sha256(name.encode()).hexdigest()[:16]}.claim"
        self._file = None

    @staticmethod
    def sweep(folder):
        """Delete the claims that programs have left which are gone."""
        for path in Path(folder).glob("*.claim"):
            left = Claim(folder, "")
            left.path = path
            if left.take():
                left.release()

    def take(self):
        """Whether the claim is ours now."""
        return self._locked(at_once=True)

    def wait(self):
        """Return when nobody has the claim any more; Ctrl-C ends the waiting."""
        self._locked(at_once=False)
        self.release()

    def _locked(self, at_once):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = open(self.path, "ab")
            try:
                if fcntl is not None:
                    fcntl.flock(file, fcntl.LOCK_EX | (fcntl.LOCK_NB if at_once else 0))
            except BlockingIOError:
                file.close()
                return False
            if self._is_current(file):
                self._file = file
                return True
            file.close()  # its last owner has deleted it meanwhile

    def release(self):
        """Give the claim up, and delete its file."""
        if self._file is not None:
            self.path.unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def _is_current(self, file):
        try:
            return os.stat(self.path).st_ino == os.fstat(file.fileno()).st_ino
        except FileNotFoundError:
            return False
