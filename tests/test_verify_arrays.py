"""`check.verify` and `check.audit` on arrays of other libraries: the caller's arrays bring their library along.

CuPy's and JAX's rules are kept by a class of our own: no conversion to NumPy unasked for, operations with its own kind
alone. The libraries themselves are tried where they are installed.
"""

import sys
from importlib import import_module
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from scratchnoise import check


class DeviceArray:
    """An array on a device as CuPy has it."""

    def __init__(self, values):
        self.values = np.array(values)
        self.shape, self.ndim, self.dtype = self.values.shape, self.values.ndim, self.values.dtype
        self.device = SimpleNamespace(id=0)

    def get(self):
        return self.values.copy()

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed")

    def apply(self, name, *others):
        assert all(isinstance(other, DeviceArray | int | float) for other in others), "an array from elsewhere"
        return DeviceArray(getattr(self.values, name)(*(getattr(other, "values", other) for other in others)))

    def __matmul__(self, other):
        return self.apply("__matmul__", other)

    def __add__(self, other):
        return self.apply("__add__", other)

    def __truediv__(self, other):
        return self.apply("__truediv__", other)

    @property
    def T(self):
        return DeviceArray(self.values.T)


def device_namespace(monkeypatch):
    """A package "device_arrays" that the arrays seem to come from."""
    package = ModuleType("device_arrays")
    package.sum = lambda a, axis: DeviceArray(a.values.sum(axis=axis))
    package.asarray = lambda values, dtype: DeviceArray(np.asarray(values, dtype))
    monkeypatch.setitem(sys.modules, "device_arrays", package)
    monkeypatch.setattr(DeviceArray, "__module__", "device_arrays.core")
    return package


def namespace(library, monkeypatch):
    if library == "device":
        return device_namespace(monkeypatch)
    pytest.importorskip(library.partition(".")[0])
    return import_module(library)


def linear(x, w, b):
    return x @ w + b


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("library", ["device", "jax.numpy", "array_api_strict", "cupy"])
def test_arrays_of_other_libraries(library, dtype, monkeypatch):
    xp = namespace(library, monkeypatch)
    rng = np.random.default_rng(0)
    x, w, b = (xp.asarray(rng.standard_normal(shape), dtype=getattr(xp, dtype, dtype)) for shape in ((5, 3), (3, 4), 4))
    if str(x.dtype) != dtype and library == "jax.numpy":
        pytest.skip("JAX has float32 alone, unless it is told otherwise")

    def linear_backward(dy, x, w):
        return dy @ w.T, x.T @ dy, xp.sum(dy, axis=0)

    def mean_for_sum(dy, x, w):
        return dy @ w.T, x.T @ dy / x.shape[0], xp.sum(dy, axis=0)

    right = check.verify(linear, linear_backward, (x, w, b))
    assert right and right.title.endswith(dtype), right
    wrong = check.verify(linear, mean_for_sum, (x, w, b))
    assert "dw: entry [0, 0] should be" in wrong["adjoint"].detail, wrong

    def ones(backward):
        backward(xp.asarray(np.ones((5, 4)), dtype=x.dtype), x, w)

    assert check.audit(linear_backward, ones)["upstream dropped"].status == "failed"
