"""Finished measurements: one JSON line each, written so that a killed run loses at most the last one.

A row is a dict. Every row has the fields in `REQUIRED`; some have more:

    preset      which protocol was run                    str or None, part of the identity
    selection   "last epoch" or "noisy validation"        how the epoch was chosen, never on test data
    stopped     why the run ended early, None if it did not
    history     {"test_accuracy": [...], "train_loss": [...], ...}, one number per epoch
    T_hat       estimate of T, nested list, T[i][j] = P(noisy = i | true = j), columns sum to 1
    T_true      the matrix that corrupted the labels, where it is known
    priors      {"clean": [...], "noisy": [...]}, share of each class
    classes     class names in the order of T's rows and columns
    settings    {name: value} of the model

`accuracy` is a fraction in [0, 1] or None; `epoch` is None for models without epochs; `seconds` counts
from the start of the fit. JSON has no NaN: a number that is not finite is stored as None.
"""

import json
import math
import os
from pathlib import Path

IDENTITY = ("data", "noise", "method", "repetition", "epoch", "preset")
REQUIRED = (*IDENTITY[:-1], "accuracy", "seconds", "seed", "backend", "version")


class ResultsFile:
    """An append-only file of measurements, told apart by the fields in `IDENTITY`.

    path: str or Path; neither the file nor its folder need exist yet. One process at a time may append.
    A last line cut short is left out, and cut off the file by the next `append`.
    Raises ValueError, naming file and line, where any other line is damaged or measures something twice.
    """

    def __init__(self, path):
        self.path = Path(path)
        content = self.path.read_bytes() if self.path.exists() else b""
        # The newline is written last, so a line that has one is whole.
        self._end = content.rfind(b"\n") + 1
        self._rows = {}
        for number, line in enumerate(content[: self._end].split(b"\n")[:-1], start=1):
            identity, row = self._read(line, f"{self.path}, line {number}")
            self._rows[identity] = row

    def rows(self):
        """Every measurement so far, oldest first: list of dict."""
        return list(self._rows.values())

    def has(self, **key):
        """Whether some row agrees with every field given, e.g. `has(method="MLR", repetition=3)`.

        Raises TypeError for a field that is not in `IDENTITY`: a misspelt one would never be found.
        """
        unknown = sorted(set(key) - set(IDENTITY))
        if unknown:
            raise TypeError(f"{unknown[0]!r} does not identify a measurement; use {', '.join(IDENTITY)}")
        return any(all(row.get(name) == value for name, value in key.items()) for row in self._rows.values())

    def append(self, row):
        """Add one measurement; it is on the disk when this returns.

        row: dict; NumPy numbers and arrays are stored as plain numbers and lists.
        Raises ValueError where a field of `REQUIRED` is missing, where the measurement is already there,
        and where another process has written to the file since it was read.
        """
        line = json.dumps(_plain(row), ensure_ascii=False, allow_nan=False).encode()
        identity, row = self._read(line, f"{self.path}, new row")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a+b") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(self._end)
            if size < self._end or b"\n" in file.read():
                raise ValueError(f"{self.path}: another process has written to it; nothing was added")
            file.truncate(self._end)
            file.write(line + b"\n")
            file.flush()
            os.fsync(file.fileno())
        self._end += len(line) + 1
        self._rows[identity] = row

    def _read(self, line, where):
        """The identity and the row in a line; the same gate for old lines and for new ones."""
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ValueError(f"{where}: damaged, not one JSON object ({error})") from error
        missing = [name for name in REQUIRED if not isinstance(row, dict) or name not in row]
        if missing:
            raise ValueError(f"{where}: not a measurement, it has no {', '.join(missing)}")
        identity = json.dumps([row.get(name) for name in IDENTITY])
        if identity in self._rows:
            raise ValueError(f"{where}: measured before, {', '.join(IDENTITY)} = {identity}")
        return identity, row


def _plain(value):
    """What JSON can hold: NumPy turned into plain Python, numbers that are not finite into None."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
