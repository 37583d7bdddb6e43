"""The numbers behind arrays: two views of one array, such as z and z[n], share their cells.

A cell is a number's place in the memory of the array that owns it. A view is (memory, offset, shape, strides), counted
in cells.
"""

from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

KINDS = "biuf"
MOST_CELLS = 1000  # of an array that is shown: as many as a page has room for


class Memories:
    """Numbers the memories in the order in which they are seen, and remembers what they held."""

    def __init__(self):
        self.owners, self._number, self._first, self._flat, self._last, self._blank = [], {}, [], [], [], set()

    def view(self, array):
        """(memory, offset, shape, strides) of an array; None where it cannot be shown."""
        if not isinstance(array, np.ndarray) or array.dtype.kind not in KINDS or array.size == 0 or array.itemsize > 8:
            return None
        owner = _owner(array)
        if owner.size > MOST_CELLS:
            return None
        number = self._number.get(id(owner))
        if number is None:
            if not _is_dense(owner):
                return None
            number = self._add(owner)
        offset = (_address(array) - self._first[number]) // owner.itemsize
        return number, offset, array.shape, tuple(step // owner.itemsize for step in array.strides)

    def _add(self, owner):
        number = self._number[id(owner)] = len(self.owners)
        self.owners.append(owner)  # which keeps it alive, so that its id stays its own
        self._first.append(_address(owner))
        self._flat.append(as_strided(owner, (owner.size,), (owner.itemsize,)))
        self._last.append(None)
        return number

    def blank(self, array):
        """Mark what np.empty returned: its cells hold a value of their own until something is written."""
        view = self.view(array)
        if view is not None and array.dtype.kind in "if":
            array[...] = _blank_of(array.dtype)
            self._blank.add(view[0])
        return array

    def changes(self, memories):
        """[(memory, cell, value)] that changed since the last call; all cells of a memory seen for the first time."""
        found = []
        for memory in memories:
            now, last = self._flat[memory].tobytes(), self._last[memory]
            if now != last:
                bits = f"u{self._flat[memory].itemsize}"  # NaN equals itself, and 0 differs from -0
                now_bits = np.frombuffer(now, bits)
                changed = np.flatnonzero(now_bits != np.frombuffer(last, bits)) if last else range(now_bits.size)
                found += [(memory, int(cell), self._value(memory, cell, now_bits[cell])) for cell in changed]
                self._last[memory] = now
        return found

    def _value(self, memory, cell, bits):
        flat = self._flat[memory]
        if memory in self._blank and bits == _bits_of(_blank_of(flat.dtype)):
            return None
        return float(str(flat[cell])) if flat.dtype == np.float32 else flat[cell].item()


def cells_of(view, key=Ellipsis):
    """The cells of `array[key]`, for the view of `array`: int array, flat."""
    return np.ravel(_cells(*view[1:])[key])


@lru_cache(maxsize=4096)
def _cells(offset, shape, strides):
    cells = np.full(shape, offset)
    for axis, step in enumerate(strides):
        along = [1] * len(shape)
        along[axis] = shape[axis]
        cells = cells + (np.arange(shape[axis]) * step).reshape(along)
    return cells


def _owner(array):
    """The array of the same dtype whose memory this is."""
    while array.base is not None:
        base = array.base
        base = base if isinstance(base, np.ndarray) else getattr(base, "base", None)  # as_strided puts one between
        if not isinstance(base, np.ndarray) or base.dtype != array.dtype:
            break
        array = base
    return array


def _address(array):
    return array.__array_interface__["data"][0]


def _is_dense(array):
    """Whether its cells fill one piece of memory, in whatever order of axes."""
    expected = array.itemsize
    for step, size in sorted(zip(array.strides, array.shape, strict=True)):
        if size > 1 and step != expected:
            return False
        expected *= size
    return True


def is_blank(value):
    """Whether a number of NumPy's comes from a cell of np.empty that nothing has been written to."""
    return (
        value.dtype.kind in "if" and value.dtype.itemsize <= 8 and _bits_of(value) == _bits_of(_blank_of(value.dtype))
    )


@lru_cache(maxsize=8)
def _blank_of(dtype):
    """A value that no kernel computes: the smallest integer, or a NaN with bits of its own."""
    if dtype.kind == "i":
        return dtype.type(np.iinfo(dtype).min)
    bits = {2: 0x7EA5, 4: 0x7FE5A5A5, 8: 0x7FFA5A5A5A5A5A5A}[dtype.itemsize]
    return np.array([bits], f"u{dtype.itemsize}").view(dtype)[0]


def _bits_of(value):
    return value.view(f"u{value.dtype.itemsize}")
