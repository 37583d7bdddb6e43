"""Arguments for every kernel of the facade, right ones in odd forms and wrong ones, derived from one example each.

Run as a program with the name of a table, it calls all kernels with all wrong arguments, in a process that may crash,
and prints what each call raised as JSON.
"""

import inspect
import json
import sys

import numpy as np
from hypothesis import Phase, find, settings

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS

NAMES = sorted(name for name, f in vars(kernels).items() if inspect.isfunction(f) and f.__module__ == kernels.__name__)
SIMPLEST = settings(max_examples=100, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
ANY_SHAPE = ("dropout_backward", "dropout_forward", "relu_forward")  # of one array
LEAST = {"pad": 0, "seed": 0, "step": 0}  # of whole numbers; of all others 1
SCALE_OF_RATES = ("rate", "learning_rate", "momentum", "weight_decay", "l2", "beta_1", "beta_2", "epsilon")


def example(name):
    """name -> value: arguments of a kernel, float64 and int64, with at least two samples where it has samples."""

    def has_samples(args):
        sized = [a for a in args if isinstance(a, np.ndarray)]
        return all(a.size > 1 and a.shape[0] > 1 for a in sized if a.ndim != 2 or a.shape[0] != a.shape[1])

    parameters = inspect.signature(getattr(kernels, name)).parameters
    found = find(KERNEL_ARGUMENTS[name], has_samples, settings=SIMPLEST)
    return dict(zip(parameters, found, strict=False))


def is_real(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def is_index(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "i"


# --- wrong -----------------------------------------------------------------------------------------------


def wrong_values(key, value, others):
    """(what is wrong, value) of one argument."""
    if is_real(value):
        yield from wrong_reals(value)
        if any(is_real(other) for other in others):
            yield "another float dtype", value.astype(np.float32)
    elif is_index(value):
        yield from wrong_indices(value)
    elif isinstance(value, tuple):
        yield from [("fractions", (*value[:3], 1.5)), ("too few", value[:3]), ("text", "abcd"), ("none", None)]
        yield from [("negative", (*value[:2], -1, value[3])), ("too small", (*value[:2], 0, value[3]))]
        yield "another number of images", (value[0] + 1, *value[1:])
    else:
        yield from wrong_scalars(key)
    if key in ("T", "gamma"):
        yield from [("negative entries", value - 2), ("NaN entries", value * np.nan)]


def wrong_reals(array):
    yield "complex", array.astype(complex)
    yield "text", array.astype(str)
    yield "objects", np.full(array.shape, None)
    yield "dates", np.zeros(array.shape, "M8[s]")
    yield "extended precision", array.astype(np.longdouble)
    yield "masked", np.ma.masked_array(array, np.ones(array.shape, bool))
    yield "none", None
    yield "a number", 1.0
    yield "one axis more", array[..., None, None, None, None]
    yield "a record", np.zeros(array.shape, [("a", "f8")])
    yield "ragged", [[1.0], [1.0, 2.0]]


def wrong_indices(array):
    for what, far in (("too large", 10**6), ("just too large", None), ("negative", -1), ("most negative", -(2**31))):
        outside = array.copy()
        outside.flat[-1] = 2**31 - 1 if far is None else far
        yield what, outside
    yield "floats", array.astype(float)
    yield "bool", array.astype(bool)
    yield "text", array.astype(str)
    yield "objects", array.astype(object)
    yield "NaN", array * np.nan
    yield "masked", np.ma.masked_array(array, np.ones(array.shape, bool))
    yield "none", None
    yield "unsigned and huge", array.astype(np.uint64) + np.uint64(2**63)
    yield "two axes more", array[..., None, None]


def wrong_scalars(key):
    yield from [("text", "1"), ("none", None), ("bool", True), ("NaN", float("nan")), ("array", np.ones(2))]
    yield from [("inf", float("inf")), ("complex", 1j)]
    if key == "epsilon":
        yield from [("zero", 0.0), ("negative", -0.1)]
    if key == "rate":
        yield from [("certain", 1.0), ("negative", -0.1), ("above one", 1.5)]
    elif key not in SCALE_OF_RATES:
        yield from [("too small", LEAST.get(key, 1) - 1), ("a fraction", 1.5), ("a whole float", 1.0)]
    if key in ("seed", "step"):
        yield "too large", 2**64


def wrong_calls():
    """(kernel, argument, what is wrong, arguments)."""
    for name in NAMES:
        arguments = example(name)
        for key, value in arguments.items():
            others = [other for k, other in arguments.items() if k != key]
            for what, wrong in wrong_values(key, value, others):
                if what == "one axis more" and name in ANY_SHAPE:
                    continue
                yield name, key, what, {**arguments, key: wrong}


# --- right, in odd forms ---------------------------------------------------------------------------------


class Subclass(np.ndarray):
    """Somebody's arrays, whose arithmetic is another."""

    def __mul__(self, other):
        raise AssertionError("a kernel computed with the operators of a subclass")

    __rmul__ = __add__ = __radd__ = __sub__ = __rsub__ = __matmul__ = __rmatmul__ = __mul__


def odd_forms(value):
    """(form, the same numbers in it)."""
    yield "a list", value.tolist()
    yield "Fortran order", np.asfortranarray(value)
    yield "every second entry", np.repeat(value, 2, axis=-1)[..., ::2]
    yield "a part of wider rows", np.concatenate([value, value * 0 + 7], axis=-1)[..., : value.shape[-1]]
    yield "backwards", np.ascontiguousarray(value[::-1])[::-1]
    yield "other byte order", value.astype(value.dtype.newbyteorder())
    yield "a subclass", value.copy().view(Subclass)
    yield "nothing masked", np.asarray(value)
    unaligned = np.zeros(value.nbytes + 1, np.uint8)[1:].view(value.dtype).reshape(value.shape)
    unaligned[...] = value
    yield "not aligned", unaligned
    read_only = value.copy()
    read_only.setflags(write=False)
    yield "read-only", read_only
    if value.ndim == 2:
        yield "a matrix", np.asmatrix(value)
    if is_real(value):
        yield "float16", value.astype(np.float16)
    else:
        yield from ((f"{dtype.__name__}", value.astype(dtype)) for dtype in (np.int8, np.uint8, np.int32, np.uint64))


if __name__ == "__main__":
    raised = []
    with backend(sys.argv[1]):
        for name, key, what, arguments in wrong_calls():
            try:
                getattr(kernels, name)(**arguments)
                raised.append([name, key, what, None, "was taken"])
            except Exception as error:
                raised.append([name, key, what, type(error).__name__, str(error)])
    json.dump(raised, sys.stdout)
