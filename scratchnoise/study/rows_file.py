"""A file of finished work, one JSON line each, that several processes append to and that survives a kill at any moment.

A line counts once its newline is written. Whoever appends holds a lock, first reads what others have added, cuts off
a line that a killed process left without an end, writes all its lines in one call and waits until they are on the disk.

The lock is on a file beside it, because the file itself is replaced when damaged lines are moved aside.
"""

import json
import math
import os
import threading
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from ..files import write_whole
from . import known_keys

try:
    import fcntl
except ImportError:  # Windows has none: there one process at a time may write
    fcntl = None  # type: ignore[assignment]


WORTH_KEEPING = 1000  # rows


class RowsFile:
    """Rows (dict) told apart by their `key`. path: str or Path; neither the file nor its folder need exist.

    check(row): raises ValueError where a row is no row; its answer is the key, a hashable.
    empty: makes the set that holds the keys; in memory are the keys alone, `rows` reads the file.
    stamp: where it is given, `empty` makes KeyRanges, and what `remember` has kept under the same stamp is not parsed.
    Threads may share the object.
    Raises ValueError, naming file and line, where a line that has an end is damaged or has the key of another.
    """

    def __init__(self, path, check, empty=set, stamp=None):
        self.path, self.check, self.empty, self.stamp = Path(path), check, empty, stamp
        self._one_thread = threading.RLock()
        self._forget()
        self._recall()
        self.refresh()

    def __contains__(self, key):
        return key in self._keys

    def keys(self):
        """The set of the keys of all rows, to be read only."""
        return self._keys

    def rows(self):
        """Every row, oldest first: list of dict."""
        return list(self.each_row())

    def each_row(self):
        """Every row, oldest first, one at a time."""
        if self._lines:
            with open(self.path, "rb") as file:
                for line in islice(_whole_lines(file), self._lines):
                    yield json.loads(line)

    def refresh(self):
        """Read what other processes have added."""
        with self._one_thread:
            try:
                with open(self.path, "rb") as file:
                    self._forget_another(os.fstat(file.fileno()))
                    for line in _whole_lines(file, self._end):
                        self._take(line)
            except FileNotFoundError:
                self._forget()

    def remember(self):
        """Keep the keys beside the file for the next start, where that would parse many rows."""
        if self._lines - self._recalled >= WORTH_KEEPING:
            known_keys.remember(self.path, self.stamp, self._keys, self._end)

    def _recall(self):
        self._recalled = 0
        if self.stamp and (end := known_keys.recall(self.path, self.stamp, self._keys)):
            self._end, self._recalled, self._lines = end, len(self._keys), len(self._keys)

    def append(self, *rows):
        """Add rows in one step; those whose key is there already are left out. On the disk when this returns.

        NumPy numbers and arrays are stored as plain numbers and lists. JSON has no NaN: a number that is not finite is
        stored as None. Raises ValueError for what is no row, OSError as the file system does.
        """
        lines = {}
        for row in rows:
            line = json.dumps(plain(row), ensure_ascii=False, allow_nan=False).encode()
            lines[self._key(line, f"{self.path}, new row")] = line
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._one_thread, locked(self.path):
            self.refresh()
            new = [line for key, line in lines.items() if key not in self._keys]
            if new:
                self._write(b"".join(line + b"\n" for line in new))
            self.refresh()

    def _write(self, content):
        try:
            with open(self.path, "ab") as file:
                file.truncate(self._end)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:  # what was written in part has no end, so it does not count
            raise OSError(f"{str(self.path)!r} cannot be written ({error.strerror}); nothing was added") from error

    def _take(self, line):
        key = self._key(line, f"{self.path}, line {self._lines + 1}")
        if key in self._keys:
            raise ValueError(f"{self.path}, line {self._lines + 1}: measured before, {key}")
        self._keys.add(key)
        self._lines += 1
        self._end += len(line) + 1

    def _key(self, line, where):
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{where}: damaged, not one JSON object ({error})") from error
        try:
            return self.check(row)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error

    def _forget(self):
        self._keys, self._end, self._lines, self._file = self.empty(), 0, 0, None

    def _forget_another(self, found):
        """Forget all where another file has taken the place of the one that was read. found: what fstat says."""
        if self._file is not None and (found.st_ino != self._file or found.st_size < self._end):
            self._forget()
        self._file = found.st_ino


@contextmanager
def locked(path):
    """Keep other processes from writing to the file at `path` while the block runs."""
    with open(Path(path).with_name(f".{Path(path).name}.lock"), "ab") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)  # the end of the process releases it, whatever ends it
        yield


def move_damaged_aside(path, check):
    """Take damaged lines out of a file: list of (line number, what was wrong).

    They go to a file of the same name with ".damaged" added, a JSON line each: {"line", "why", "content"}.
    """
    path, good, damaged, keys = Path(path), [], [], set()
    if not path.exists():
        return []
    with locked(path):
        with open(path, "rb") as rows:
            for number, line in enumerate(_whole_lines(rows), start=1):
                try:
                    key = check(json.loads(line))
                    why = "measured before" if key in keys else ""
                except ValueError as error:
                    why = str(error)
                if why:
                    damaged.append({"line": number, "why": why, "content": line.decode(errors="replace")})
                else:
                    keys.add(key)
                    good.append(line + b"\n")
        if damaged:
            with open(path.with_name(path.name + ".damaged"), "a", encoding="utf-8") as file:
                file.writelines(json.dumps(entry) + "\n" for entry in damaged)
            write_whole(path, b"".join(good))
    return [(entry["line"], entry["why"]) for entry in damaged]


def _whole_lines(file, start=0):
    """The lines of a file that have an end, without it, from the byte `start` on, one at a time."""
    file.seek(start)
    for line in file:
        if line.endswith(b"\n"):
            yield line[:-1]


def plain(value):
    """What JSON can hold: NumPy turned into plain Python, numbers that are not finite into None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
