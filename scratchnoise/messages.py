"""What every error message of the package needs: the nearest right name."""

import difflib


def nearest(name, known):
    """The advice that ends an "unknown name" error, e.g. "did you mean 'numba'? Known: auto, numpy, numba"."""
    known = [str(k) for k in known]
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{hint}Known: {', '.join(known)}"
