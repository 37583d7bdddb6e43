"""When two tables agree: the same kernel on the same arguments, up to the rounding of its sums."""

import inspect

import numpy as np

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.check import assert_close
from scratchnoise.check.kernel_strategies import as_dtype, n_terms

NAMES = sorted(name for name, f in vars(kernels).items() if inspect.isfunction(f) and f.__module__ == kernels.__name__)


def results(kernel, args):
    """The results as a list of arrays."""
    found = kernel(*args)
    return [np.asarray(r) for r in found] if isinstance(found, tuple) else [np.asarray(found)]


def assert_agree(name, kernel, args, dtype):
    """Raise AssertionError unless `kernel` on float `dtype` arguments agrees with the loops in float64.

    The loops add exactly enough: what is left is the rounding of a sum, at most the number of its terms times epsilon
    times the largest term.
    """
    args = as_dtype(args, dtype)
    with backend("loops"):
        reference = results(getattr(kernels, name), as_dtype(args, np.float64))
    numbers = [a for a in (*args, *reference) if isinstance(a, np.ndarray) and a.dtype.kind == "f"]
    largest = max(np.abs(a).max(initial=1) for a in numbers)
    tolerance = 4 * np.finfo(dtype).eps * n_terms(args) * largest**2
    for found, expected in zip(results(kernel, args), reference, strict=True):
        exact = expected.dtype.kind in "iu"
        assert_close(name, found, expected, 0 if exact else tolerance)
