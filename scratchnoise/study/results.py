"""Finished measurements, a row each in a file that several processes may add to and that survives a kill: `RowsFile`.

A row is a dict. Every row has the fields in `REQUIRED`; some have more:

    draw        which noise, subset and seed              int, or None for what has no draw
    preset      which protocol was run                    str or None, part of the identity
    data_hash, noise_hash, settings_hash                  what stood behind the names, see `jobs.Job.content`
    selection   "last epoch" or "noisy validation"        how the epoch was chosen, never on test data
    stopped     why the run ended early, None if it did not
    fatal       what the epoch showed in which it stopped: means over its finite steps, and the last finite loss
    history     {"test_accuracy": [...], "train_loss": [...], ...}, one number per epoch
    T_hat       estimate of T, nested list, T[i][j] = P(noisy = i | true = j), columns sum to 1
    T_given     the matrix that the method was told
    T_true      the matrix that corrupted the labels, where it is known
    priors      {"clean": [...], "noisy": [...]}, share of each class
    classes     class names in the order of T's rows and columns
    settings    {name: value} of the model

`accuracy` is a fraction in [0, 1] or None; `epoch` is None for models without epochs; `seconds` counts
from the start of the fit. JSON has no NaN: a number that is not finite is stored as None.
"""

from functools import partial
from pathlib import Path

import numpy as np

from .. import __version__
from ..content import content_of
from .key_ranges import KeyRanges
from .rows_file import RowsFile

CONTENT = ("data_hash", "noise_hash", "settings_hash")
IDENTITY = ("data", "noise", "method", "repetition", "epoch", "preset", "seed", "backend", "version", *CONTENT)
REQUIRED = (*IDENTITY[:5], "accuracy", "seconds", *IDENTITY[6:9])
REPETITION, EPOCH = IDENTITY.index("repetition"), IDENTITY.index("epoch")
STOPPED = "stopped"  # stands for the epoch in the key of a run that ended early, which nobody can foresee
TEXTS = ("data", "noise", "method", "backend", "version")
COLUMN_SUMS = 1e-6  # so far may the columns of a T_hat be from 1


class ResultsFile(RowsFile):
    """An append-only file of measurements, told apart by the fields in `IDENTITY`. path, stamp: as in RowsFile."""

    def __init__(self, path, stamp=None):
        super().__init__(path, identity, partial(KeyRanges, REPETITION), stamp)

    def has(self, **key):
        """Whether some row agrees with every field given, e.g. `has(method="MLR", repetition=3)`.

        Raises TypeError for a field that is not in `IDENTITY`: a misspelt one would never be found.
        """
        unknown = sorted(set(key) - set(IDENTITY))
        if unknown:
            raise TypeError(f"{unknown[0]!r} does not identify a measurement; use {', '.join(IDENTITY)}")
        asked = [(IDENTITY.index(name), value) for name, value in key.items()]
        return any(all(found[place] == value for place, value in asked) for found in self.keys())


def rules_stamp():
    """A text that changes with the version and with this file: what was checked by other rules is checked again."""
    return content_of(__version__, Path(__file__).read_text(encoding="utf-8"))


def identity(row):
    """The key of a row: the fields of `IDENTITY`, "stopped" for the epoch of a run that ended early.

    Raises ValueError where a field of `REQUIRED` is missing or where a value cannot be what its name says.
    """
    if not isinstance(row, dict):
        raise ValueError("not a measurement, which is a JSON object")
    missing = [name for name in REQUIRED if name not in row]
    if missing:
        raise ValueError(f"not a measurement, it has no {', '.join(missing)}")
    for name, what, fits in _RULES:
        if name in row and not fits(row[name]):
            raise ValueError(f"{name}={str(row[name])[:40]!r} should be {what}")
    return key_of(row)


def key_of(row):
    """`identity` of a row that is known to be one."""
    key = [row.get(name) for name in IDENTITY]
    if row.get(STOPPED):
        key[EPOCH] = STOPPED
    return tuple(key)


def _is_count(value, least=0):
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value, most=np.inf):
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most


def _is_transition(value):
    try:
        T = np.array(value, dtype=float)
    except (ValueError, TypeError):
        return False
    square = T.ndim == 2 and T.shape[0] == T.shape[1] and len(T) > 1
    return square and bool((T >= -COLUMN_SUMS).all() and (abs(T.sum(axis=0) - 1) < COLUMN_SUMS).all())


_RULES = (
    *((name, "a text", lambda value: isinstance(value, str)) for name in TEXTS),
    *((name, "a text or null", lambda value: value is None or isinstance(value, str)) for name in ("preset", STOPPED)),
    *((name, "a text or null", lambda value: value is None or isinstance(value, str)) for name in CONTENT),
    ("repetition", "a whole number of at least 0", _is_count),
    ("seed", "a whole number of at least 0", _is_count),
    ("draw", "a whole number of at least 0 or null", lambda value: value is None or _is_count(value)),
    ("epoch", "a whole number of at least 1 or null", lambda value: value is None or _is_count(value, 1)),
    ("accuracy", "a number from 0 to 1 or null", lambda value: value is None or _is_number(value, 1)),
    ("seconds", "a number of at least 0 or null", lambda value: value is None or _is_number(value)),
    ("history", "an object of lists or null", lambda value: value is None or isinstance(value, dict)),
    ("settings", "an object or null", lambda value: value is None or isinstance(value, dict)),
    ("T_hat", "a matrix whose columns sum to 1, or null", lambda value: value is None or _is_transition(value)),
)
