"""Recorders that are wrong on purpose: name -> (what is replaced, by what). See tests/stepping."""

import numpy as np

from scratchnoise.stepping import memory, recorder, watched

_report, _cells_of, _changes = recorder.Recorder.report, memory.cells_of, memory.Memories.changes


def _misses_writes(self, array, key, is_write):
    if not is_write:
        _report(self, array, key, is_write)


def _takes_writes_for_reads(self, array, key, is_write):
    _report(self, array, key, False)


def _neighbouring_cell(view, key=Ellipsis):
    return (_cells_of(view, key) + 1) % int(np.prod(view[2]))


def _transposed_cells(view, key=Ellipsis):
    memory_number, offset, shape, strides = view
    return _cells_of((memory_number, offset, shape, strides[::-1]), key)


def _copies_parts(self, key):
    self.report(self.array, key, False)
    found = self.array[key]
    return found.copy() if isinstance(found, np.ndarray) else found


def _rounds(self, key):
    self.report(self.array, key, False)
    found = self.array[key]
    return np.float64(np.float32(found * 1.1)) if isinstance(found, np.floating) else found


def _old_numbers(self, memories):
    return [(number, cell, value) for number, cell, value in _changes(self, memories) if value != 7.0]


WRONG_CELLS = {
    "misses writes": (recorder.Recorder, "report", _misses_writes),
    "takes writes for reads": (recorder.Recorder, "report", _takes_writes_for_reads),
    "highlights the neighbour": (recorder, "cells_of", _neighbouring_cell),
    "exchanges rows and columns": (recorder, "cells_of", _transposed_cells),
    "shows old numbers": (memory.Memories, "changes", _old_numbers),
}
WRONG_RESULTS = {
    "hands out copies": (watched.Watched, "__getitem__", _copies_parts),
    "rounds what is read": (watched.Watched, "__getitem__", _rounds),
}
