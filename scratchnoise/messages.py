"""What messages of the package share: the nearest right name, values on one line, warnings and where they point."""

import difflib
import sys
import warnings
from functools import cache

PACKAGE = __name__.split(".")[0]
COMPILING = "compiling kernels for this processor; later runs find them on disk"


def nearest(name, known):
    """The advice that ends an "unknown name" error, e.g. "did you mean 'numba'? Known: auto, numpy, numba"."""
    known = [str(k) for k in known]
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(known)}"


def shown(value):
    """How a message shows a value: its repr (the text of an error), on one line and at most 80 characters long."""
    text = str(value) if isinstance(value, Exception) else repr(value)
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "..."


def warn_caller(message, category):
    """Warn of the line outside of this package that led here, however many calls of our own lie between."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").split(".")[0] == PACKAGE:
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


@cache
def warn_once(message):
    """Give a RuntimeWarning, unless this process, or the one it was forked from, has given the same before."""
    warn_caller(message, RuntimeWarning)
