"""Arrays of any library as NumPy's and back, without importing the library: the caller's arrays bring it along.

PyTorch, CuPy and JAX arrays, and whatever else follows the array API, are recognised by what they can do. A scalar of
Python or NumPy that a forward pass returns counts as an array without axes.
"""

import sys

import numpy as np

FLOATS = ("float32", "float64")


def dtype_name(value):
    """The name of the dtype, e.g. "float32" for torch.float32 too; "" for what is no array and no scalar."""
    if isinstance(value, float) and not isinstance(value, np.floating):
        return "float64"
    return str(getattr(value, "dtype", "")).rpartition(".")[2]


def is_array(value):
    """Whether `value` is an array (or a floating scalar) of some library."""
    return isinstance(value, float | np.generic) or (hasattr(value, "dtype") and hasattr(value, "shape"))


def precision_problem(value):
    """Why an array of this precision cannot be checked; "" for float32, float64 and what is no floating array."""
    name = dtype_name(value)
    if not is_array(value) or name in FLOATS or not name.startswith(("float", "bfloat", "complex")):
        return ""
    better = "its real and imaginary parts as two arrays" if name.startswith("complex") else "float32 or float64"
    return f"an array of {name} cannot be checked; pass {better}"


def is_floating(value):
    """Whether `value` is an array of real floating numbers; ValueError for a precision that is not checked."""
    problem = precision_problem(value)
    if problem:
        raise ValueError(problem)
    return is_array(value) and dtype_name(value) in FLOATS


def to_numpy(value):
    """A copy of the array as NumPy's, wherever it lies; shape and precision stay."""
    if hasattr(value, "detach"):  # PyTorch
        value = value.detach().cpu().numpy()
    elif hasattr(value, "get") and hasattr(value, "device"):  # CuPy
        value = value.get()
    return np.array(value)


def like(array, example):
    """The NumPy array in the library, dtype and place of `example`; a Python or NumPy scalar for a scalar."""
    if isinstance(example, float) and not isinstance(example, np.floating):
        return float(array)
    if isinstance(example, np.generic):
        return example.dtype.type(array)
    if isinstance(example, np.ndarray):
        return laid_out(array, example)
    if hasattr(example, "detach"):
        made = sys.modules["torch"].as_tensor(np.array(array), dtype=example.dtype, device=example.device)
        if made.shape == example.shape:  # a transposed tensor stays one
            made = sys.modules["torch"].empty_like(example, requires_grad=False).copy_(made)
        return made.requires_grad_(example.requires_grad and example.is_leaf)
    return namespace(example).asarray(np.asarray(array, dtype_name(example)), dtype=example.dtype)


def laid_out(array, example):
    """The array in the dtype and memory layout of `example`: the order of its axes, and gaps where it has gaps."""
    array = np.asarray(array)
    if array.ndim != example.ndim or not example.ndim:
        return np.array(array, example.dtype)
    axes = sorted(range(array.ndim), key=lambda k: -abs(example.strides[k]))
    dense = example.size == 0 or np.empty_like(example, subok=False).strides == example.strides
    shape = [array.shape[k] for k in axes]
    made = np.empty(shape, example.dtype) if dense else np.empty([*shape[:-1], 2 * shape[-1]], example.dtype)[..., ::2]
    made = made.transpose(np.argsort(axes))
    made[...] = array
    return made


def namespace(example):
    """The library of an array: what it says itself (array API), else the package that its type comes from."""
    if hasattr(example, "__array_namespace__"):
        return example.__array_namespace__()
    return sys.modules[type(example).__module__.partition(".")[0]]


def copied(value):
    """A copy of an array; anything else itself."""
    return like(to_numpy(value), value) if is_array(value) else value


def same(a, b):
    """Whether two values are equal, arrays in every entry (NaN equals NaN); what cannot be compared counts as equal."""
    if is_array(a) and is_array(b):
        a, b = to_numpy(a), to_numpy(b)
        return a.shape == b.shape and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return True
