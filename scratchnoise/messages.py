"""What messages of the package share: the nearest right name, and a warning that is given once."""

import difflib
import warnings
from functools import cache


def nearest(name, known):
    """The advice that ends an "unknown name" error, e.g. "did you mean 'numba'? Known: auto, numpy, numba"."""
    known = [str(k) for k in known]
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(known)}"


@cache
def warn_once(message):
    """Give a RuntimeWarning, unless this process, or the one it was forked from, has given the same before."""
    warnings.warn(message, RuntimeWarning, stacklevel=3)
