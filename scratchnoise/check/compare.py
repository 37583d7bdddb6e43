"""Two arrays that should be equal, and what to say when they are not: the text that somebody debugging reads."""

from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
from numpy.typing import ArrayLike

_UNITS = ContextVar("units", default=1.0)  # tolerances are written for float64; float32 has larger rounding units


@contextmanager
def rounding_of(dtype):
    """While it lasts, tolerances count the rounding units of this precision, "float32" or "float64"."""
    token = _UNITS.set(float(np.finfo(dtype).eps / np.finfo(np.float64).eps))
    try:
        yield
    finally:
        _UNITS.reset(token)


def slack(tolerance):
    """A tolerance for float64 in the rounding units of the precision that is checked."""
    return tolerance * _UNITS.get()


def assert_close(name: str, yours: ArrayLike, expected: ArrayLike, tolerance: float = 1e-10, hint: str = "") -> None:
    """Raise AssertionError unless |yours - expected| <= tolerance (1 + |expected|) in every entry.

    name: what `yours` is, e.g. "sum_i T[i, j] L_i". The message names the first wrong entry, both numbers and the
    share of entries that differ, adds `hint`, and prints both arrays.
    """
    yours, expected, tolerance = np.asarray(yours), np.asarray(expected), slack(tolerance)
    if yours.shape != expected.shape:
        raise AssertionError(f"{name} has shape {yours.shape}; it should be {expected.shape}. {hint}".rstrip())
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, which is not close; equal infinities are
        close = np.abs(yours - expected) <= tolerance * (1 + np.abs(expected))
    close = (close & np.isfinite(expected)) | (yours == expected)  # beside inf every bound is inf
    if not close.all():
        raise AssertionError(describe(name, yours, expected, ~close, hint))


def describe(name, yours, expected, wrong, hint=""):
    """The message for arrays that differ where `wrong` (of the same shape) is true."""
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    wanted, got = _different_texts(expected[index], yours[index])
    if not index:
        return f"{name} should be {wanted}, yours is {got}" + (f"; {hint}" if hint else "")
    lines = [
        f"{name}: entry {list(index)} should be {wanted}, yours is {got}; {wrong.sum()} of {wrong.size} entries differ",
        *([hint] if hint else []),
        f"yours\n{_planes(yours)}",
        f"expected\n{_planes(expected)}",
    ]
    return "\n".join(lines)


def _planes(array):
    """The array as text; small images as planes of rows and columns, [n, :, :, k], everything else as it is."""
    if array.ndim != 4 or array.size > 100:
        return np.array2string(array, precision=6, threshold=100)
    planes = ((n, k, array[n, :, :, k]) for n, k in np.ndindex(array.shape[::3]))
    return "\n".join(f"[{n}, :, :, {k}]\n{np.array2string(plane, precision=6)}" for n, k, plane in planes)


def _different_texts(a, b):
    """Two different numbers with six digits, or with all of them where six look the same."""
    short = f"{a:.6g}", f"{b:.6g}"
    return short if short[0] != short[1] else (f"{a:.17g}", f"{b:.17g}")
