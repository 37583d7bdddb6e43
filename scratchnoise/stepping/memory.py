"""The numbers behind arrays: two views of one array, such as z and z[n], share their cells.

A cell is a number's place in the memory of the array that owns it. A view is (memory, offset, shape, strides), counted
in cells.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

KINDS = "biuf"


class Memories:
    """Numbers the memories in the order in which they are seen, and remembers what they held."""

    def __init__(self):
        self.owners, self._number, self._flat, self._last, self._blank = [], {}, [], [], set()

    def view(self, array):
        """(memory, offset, shape, strides) of an array."""
        owner = _owner(array)
        if id(owner) not in self._number:  # `owners` keeps it alive, so the id stays its own
            self._number[id(owner)] = len(self.owners)
            self.owners.append(owner)
            self._flat.append(as_strided(owner, (owner.size,), (owner.itemsize,)))
            self._last.append(None)
        offset = (array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]) // owner.itemsize
        return self._number[id(owner)], offset, array.shape, tuple(step // owner.itemsize for step in array.strides)

    def blank(self, array):
        """Mark what np.empty returned: its cells hold a value of their own until something is written."""
        if can_be_shown(array) and array.dtype.kind in "if":
            array[...] = _blank_of(array.dtype)
            self._blank.add(self.view(array)[0])
        return array

    def changes(self, memories):
        """[(memory, cell, value)] that changed since the last call; all cells of a memory seen for the first time."""
        found = []
        for memory in memories:
            now, last = _bits(self._flat[memory]), self._last[memory]
            changed = range(now.size) if last is None else np.flatnonzero(now != last)
            if len(changed):
                found += [(memory, int(cell), self._value(memory, cell)) for cell in changed]
                self._last[memory] = now.copy()
        return found

    def _value(self, memory, cell):
        flat = self._flat[memory]
        if memory in self._blank and _bits(flat)[cell] == _bits(np.array([_blank_of(flat.dtype)], flat.dtype))[0]:
            return None
        return flat[cell].item() if flat.dtype.itemsize > 4 or flat.dtype.kind != "f" else float(str(flat[cell]))


def cells_of(view, key=Ellipsis):
    """The cells of `array[key]`, for the view of `array`: int array, flat."""
    _, offset, shape, strides = view
    cells = np.full(shape, offset)
    for axis, step in enumerate(strides):
        along = [1] * len(shape)
        along[axis] = shape[axis]
        cells = cells + (np.arange(shape[axis]) * step).reshape(along)
    return np.ravel(cells[key])


def can_be_shown(array):
    """Whether it is an array of numbers or truth values that has at least one entry."""
    if not isinstance(array, np.ndarray) or array.dtype.kind not in KINDS or array.size == 0 or array.itemsize > 8:
        return False
    return _owner(array) is not None


def _owner(array):
    """The array whose memory this is, None where its cells lie apart."""
    found = array
    while found.base is not None:
        base = found.base
        base = base if isinstance(base, np.ndarray) else getattr(base, "base", None)  # as_strided puts one between
        if not isinstance(base, np.ndarray) or base.dtype != array.dtype:
            break
        found = base
    return next((each for each in (found, array) if _is_dense(each)), None)


def _is_dense(array):
    """Whether its cells fill one piece of memory, in whatever order of axes."""
    expected = array.itemsize
    for step, size in sorted(zip(array.strides, array.shape, strict=True)):
        if size > 1 and step != expected:
            return False
        expected *= size
    return True


def _bits(flat):
    return flat.view(f"u{flat.itemsize}")  # NaN equals itself, and 0 differs from -0


def _blank_of(dtype):
    """A value that no kernel computes: the smallest integer, or a NaN with bits of its own."""
    if dtype.kind == "i":
        return np.iinfo(dtype).min
    bits = {2: 0x7EA5, 4: 0x7FE5A5A5, 8: 0x7FFA5A5A5A5A5A5A}[dtype.itemsize]
    return np.array([bits], f"u{dtype.itemsize}").view(dtype)[0]
