"""The gate before every kernel: what passes it is what every table can compute with; the rest is refused by name.

The facade says what the gate promises. An array that is ready passes without a copy. TypeError is for what is not of
the right kind, ValueError for numbers and shapes that do not fit. Both name the argument, what is wrong, and what would
be right. On a device no number is looked at, because the host would wait for it: there the kernels themselves ignore
labels and places that point outside.
"""

import math
from numbers import Integral, Real

import numpy as np

from ..backend import arrays, on_device

FLOATS = (np.float32, np.float64)


# --- arrays ----------------------------------------------------------------------------------------------


def real_arrays(**named):
    """The arrays in one dtype, float32 or float64, and ready for a kernel: a list in the order given.

    The dtype is that of the arrays which have one of the two. Lists, integers, bool and float16 are converted to it, or
    to float64 where there is none. Raises TypeError for float32 beside float64, and for what is not real.
    """
    dtype, first = np.dtype(np.float64), None
    for name, array in named.items():
        own = _own_float(name, array)
        if own and first and own != dtype:
            raise TypeError(f"{name} is {own}, but {first} is {dtype}; use one dtype: {name}.astype('{dtype}')")
        if own and not first:
            dtype, first = own, name
    return [_ready(name, array, dtype, "biuf", "real numbers") for name, array in named.items()]


def _own_float(name, array):
    """The dtype of `array` if it is float32 or float64; None for a list, which has none of its own."""
    own = getattr(array, "dtype", None)
    if not isinstance(own, np.dtype) and not isinstance(array, (list, tuple, Real)):
        own = getattr(_host_array(name, array), "dtype", None)  # a DataFrame, a tensor of another library
    return own.newbyteorder("=") if isinstance(own, np.dtype) and own.newbyteorder("=") in FLOATS else None


def check_probabilities(name, matrix):
    """Raise ValueError for an entry that is negative or NaN."""
    if not on_device() and not (matrix >= 0).all():
        raise ValueError(f"{name} has entries that are negative or NaN; they should be probabilities")


def indices(name, array, below, dtype=np.int64):
    """Whole numbers 0 .. below - 1 as an array of `dtype`, ready for a kernel.

    Integers of every size are converted. Raises TypeError for anything else, ValueError for a number outside.
    """
    if not on_device():
        array = _host_array(name, array)
        array = array.astype(dtype) if array.size == 0 else array  # an empty list is float64 to NumPy
        if array.dtype.kind in "iu" and array.size and _points_outside(array, below):
            raise ValueError(f"{name} has values {array.min()}..{array.max()}; they should be 0..{below - 1}")
    return _ready(name, array, np.dtype(dtype), "iu", "whole numbers")


def _points_outside(array, below):
    """Whether an integer is negative or >= below, in one pass: as unsigned numbers the negative ones are huge."""
    return array.view(array.dtype.str.replace("i", "u")).max() >= below


def _ready(name, array, dtype, kinds, what):
    """`array` of the base class, in `dtype`, C-contiguous, aligned and writeable; the array itself if it is all that.

    kinds: of dtypes that are converted; what: they should hold.
    """
    if type(array) is np.ndarray and array.dtype == dtype and array.flags.carray and not on_device():
        return array
    array = _device_array(name, array) if on_device() else _host_array(name, array)
    if array.dtype.kind not in kinds or array.dtype.itemsize > 8:
        raise TypeError(f"{name} holds {array.dtype}; it should hold {what}, as {dtype} does")
    if on_device():
        array = array if array.dtype == dtype else array.astype(dtype)
        return array if array.flags.c_contiguous else array.copy()
    return np.require(array, dtype, ["C", "A", "W"])  # W: numba would compile once more for a read-only array


def _host_array(name, array):
    """`array` as an array of NumPy's base class. Raises TypeError for what is masked, or not an array of numbers."""
    if isinstance(array, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; fill what is masked first: {name}.filled(...)")
    try:
        found = np.asarray(array)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(f"{name} cannot be read as an array of numbers ({error})") from error
    if found.dtype == object:
        raise TypeError(f"{name} holds Python objects ({type(array).__name__}); it should be an array of numbers")
    return found


def _device_array(name, array):
    if not isinstance(array, arrays().ndarray):
        raise TypeError(f"{name} is {type(array).__name__}, but the running table is on a GPU; use to_device({name})")
    return array


# --- shapes ----------------------------------------------------------------------------------------------


def check_shape(name, array, shape):
    """Raise ValueError unless `array` has this shape; None stands for any length. Only the first may be 0."""
    fits = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} has shape {tuple(array.shape)}; it should be ({wanted})")
    if 0 in array.shape[1:]:
        raise ValueError(f"{name} has shape {tuple(array.shape)}; only its first length may be 0")


def check_same_shape(**named):
    """Raise ValueError unless all arrays have the shape of the first, which has at least one axis."""
    (first, like), *rest = named.items()
    if not like.shape:
        raise ValueError(f"{first} is a single number; it should have at least one axis")
    for name, array in rest:
        if array.shape != like.shape:
            wanted = f"that of {first}, {tuple(like.shape)}"
            raise ValueError(f"{name} has shape {tuple(array.shape)}; it should be {wanted}")


def logits_and_weights(z, a):
    """z and a (N, C), ready."""
    z, a = real_arrays(z=z, a=a)
    check_shape("z", z, (None, None))
    check_shape("a", a, z.shape)
    return z, a


def logits_and_noisy_labels(z, y, T):
    """z (N, C), y (N,) and T (C, C), ready."""
    z, T = real_arrays(z=z, T=T)
    check_shape("z", z, (None, None))
    y = indices("y", y, z.shape[1])
    check_shape("y", y, (z.shape[0],))
    check_shape("T", T, (z.shape[1], z.shape[1]))
    check_probabilities("T", T)
    return z, y, T


def weights_and_noisy_samples(w, b, x, y, T, sample_weight):
    """w (D, C), b (C,), x (N, D), y (N,), T (C, C) and sample_weight (N,), ready."""
    w, b, x, T, sample_weight = real_arrays(w=w, b=b, x=x, T=T, sample_weight=sample_weight)
    check_linear(x, w, b)
    N, C = x.shape[0], w.shape[1]
    y = indices("y", y, C)
    check_shape("y", y, (N,))
    check_shape("T", T, (C, C))
    check_probabilities("T", T)
    check_shape("sample_weight", sample_weight, (N,))
    return w, b, x, y, T, sample_weight


def check_linear(x, w, b=None):
    """Raise ValueError unless x (N, D), w (D, F) and b (F,) fit together."""
    check_shape("w", w, (None, None))
    check_shape("x", x, (None, w.shape[0]))
    if b is not None:
        check_shape("b", b, (w.shape[1],))


def check_windows(x, R, S, stride, pad):
    """N, Ho, Wo of a convolution; ValueError when the images and an R x S kernel do not fit."""
    check_shape("x", x, (None, None, None, None))
    N, H, W, _ = x.shape
    if H + 2 * pad < R or W + 2 * pad < S:
        raise ValueError(f"x has images of {H} x {W}, smaller than the {R} x {S} kernel; enlarge them or pad")
    return N, (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1


def check_images(x, w, stride, pad):
    """The output shape of a convolution with filters w; ValueError when the images and the filters do not fit."""
    check_shape("w", w, (None, None, None, None))
    R, S, K, F = w.shape
    if R == 0:
        raise ValueError(f"w has shape {w.shape}; every length should be at least 1")
    check_shape("x", x, (None, None, None, K))
    return *check_windows(x, R, S, stride, pad), F


def check_pool_size(name, shape, size):
    """Raise ValueError unless every image of `shape` (N, H, W, K) holds at least one whole tile."""
    if min(shape[1:3]) < size:
        raise ValueError(f"{name} has images of {shape[1]} x {shape[2]}; size={size} should be from 1 to the smaller")


def check_pooled(dy, y, argmax, shape, size):
    """argmax, ready; ValueError unless dy, y and argmax fit what was pooled from images of `shape` (N, Ho, Wo, F)."""
    N, Ho, Wo, F = shape
    check_pool_size("the convolution", shape, size)
    argmax = indices("argmax", argmax, Ho * Wo, np.int32)
    for name, array in (("dy", dy), ("y", y), ("argmax", argmax)):
        check_shape(name, array, (N, Ho // size, Wo // size, F))
    return argmax


def image_shape(x_shape, dy):
    """x_shape as a tuple of four whole numbers; ValueError unless dy (N, Ho, Wo, K) can have been pooled from it."""
    try:
        N, H, W, K = (at_least(0, **{f"x_shape[{i}]": length}) for i, length in enumerate(x_shape))
    except (TypeError, ValueError) as error:
        raise type(error)(f"x_shape is {x_shape!r}; it should be four whole numbers (N, H, W, K): {error}") from error
    check_shape("dy", dy, (None, None, None, None))
    _, Ho, Wo, _ = dy.shape
    if (N, K) != (dy.shape[0], dy.shape[3]) or H < Ho or W < Wo:
        fits = f"({dy.shape[0]}, at least {Ho}, at least {Wo}, {dy.shape[3]})"
        raise ValueError(f"x_shape is {(N, H, W, K)}; for dy of shape {tuple(dy.shape)} it should be {fits}")
    return N, H, W, K


# --- scalars ---------------------------------------------------------------------------------------------


def at_least(least, **named):
    """One whole number, given by its name, as an int. Raises TypeError for another type, ValueError below `least`."""
    ((name, value),) = named.items()
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, Integral):
        raise TypeError(f"{name} is {value!r}; it should be a whole number of at least {least}")
    if value < least:
        raise ValueError(f"{name} is {value}; it should be a whole number of at least {least}")
    return int(value)


def below_2_to_64(**named):
    """Whole numbers that fit in 64 bits without a sign, as ints: a list. Raises TypeError or ValueError."""
    found = [at_least(0, **{name: value}) for name, value in named.items()]
    for name, value in zip(named, found, strict=True):
        if value >= 2**64:
            raise ValueError(f"{name} is {value}; it should be below 2^64")
    return found


def finite(**named):
    """Real numbers as floats: a list. Raises TypeError for another type, ValueError for inf and NaN."""
    for name, value in named.items():
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
            raise TypeError(f"{name} is {value!r}; it should be a finite number")
        if not math.isfinite(value):
            raise ValueError(f"{name} is {value}; it should be a finite number")
    return [float(value) for value in named.values()]


def positive(**named):
    """One real number above 0, given by its name, as a float. Raises TypeError for another type, or ValueError."""
    ((name, value),) = named.items()
    (value,) = finite(**named)
    if value <= 0:
        raise ValueError(f"{name} is {value}; it should be above 0")
    return value


def dropout_rate(rate):
    """`rate` as a float. Raises TypeError for another type, ValueError unless it lies in [0, 1)."""
    (rate,) = finite(rate=rate)
    if not 0 <= rate < 1:
        raise ValueError(f"rate is {rate}; it is the probability of dropping and should be in [0, 1)")
    return rate
