"""The `cupy` table without a GPU: its launches run the CUDA source on the processor, through a stand-in for CuPy."""

import importlib
import inspect
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from cuda_cases import FLOATS, all_cases
from cupy_on_cpu import make_cupy

from scratchnoise import kernels
from scratchnoise.check import assert_close

CASES = {dtype: list(all_cases(dtype)) for dtype in FLOATS}
NAME = "scratchnoise.kernels.cupy_table"

pytestmark = pytest.mark.usefixtures("needs_compiler")


@pytest.fixture(scope="module")
def table():
    """cupy_table as it is when `cupy` is the stand-in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "cupy", make_cupy())
        patch.delitem(sys.modules, NAME, raising=False)
        yield importlib.import_module(NAME)
        sys.modules.pop(NAME)


@pytest.fixture
def device(table):
    return table._launches.device


def check_table(table, dtype=np.float64):
    """Every method of the table on all cases: those of both rungs are cases for the one it takes."""
    device = table._launches.device
    for case in CASES[dtype]:
        method = SimpleNamespace(__name__="cupy", **{case.method: getattr(table, case.method)})
        replace(case, table=Named(method)).check(device, dtype)


class Named:
    """A table that is there already, in the place of the class of one."""

    def __init__(self, table):
        self.table, self.__name__ = table, "cupy"

    def __call__(self, device):
        return self.table


@pytest.mark.parametrize("dtype", FLOATS)
def test_every_kernel_computes_what_numpy_does(table, dtype):
    check_table(table, dtype)


def test_the_table_is_complete(table):
    names = {name for name, f in vars(kernels).items() if inspect.isfunction(f) and f.__module__ == kernels.__name__}
    assert [name for name in names if not hasattr(table, name)] == []


def test_large_arrays_take_turns(table, device):
    """More numbers than threads."""
    x = device.to_device(np.random.default_rng(0).standard_normal(table.THREADS * table.MOST_BLOCKS + 77))
    assert_close("relu_forward", table.relu_forward(x), np.maximum(x, 0), 0)


def test_nothing_is_launched_for_nothing(table, device):
    assert table.relu_forward(device.zeros((0, 3), np.float32)).shape == (0, 3)


def test_arrays_of_the_host_are_refused(table, device):
    with pytest.raises(TypeError, match="a of signed_cross_entropy is numpy.ndarray; it should be cupy_on_cpu.ndarray"):
        table.signed_cross_entropy(device.zeros((2, 3), np.float32), np.zeros((2, 3), np.float32))


def test_arrays_of_another_gpu_are_refused(table, device):
    far = device.zeros((2, 3), np.float32)
    far.device = SimpleNamespace(id=1)
    with pytest.raises(ValueError, match="x of relu_forward is on GPU 1, but GPU 0 is current"):
        table.relu_forward(far)


def test_other_types_are_refused(table, device):
    z, y = device.zeros((2, 3), np.float32), device.zeros(2, np.int32)
    with pytest.raises(TypeError, match="y of forward_cross_entropy is int32; it should be int64"):
        table.forward_cross_entropy(z, y, device.zeros((3, 3), np.float32))
    with pytest.raises(TypeError, match="x of relu_forward is float16; it should be float32 or float64"):
        table.relu_forward(device.zeros(3, np.float16))


def test_while_a_graph_is_recorded_products_are_our_own(table, monkeypatch):
    """CuPy refuses cuBLAS there; the stand-in does too."""
    monkeypatch.setattr(type(table.cupy.cuda.get_current_stream()), "capturing", True)
    check_table(table)


# --- mutants: wrong launches must not go unnoticed ---------------------------------------------------------------


def floor_of_blocks(table, patch):
    """One block too few."""
    patch.setattr(table, "blocks_for", lambda n, size: n // size)


def plain_numbers(table, patch):
    """Python's numbers, which CuPy would send as 64-bit ones."""
    right = table.cuda_source.Kernel.bind

    def bind(*args):
        values, real = right(*args)
        return [value.item() if isinstance(value, np.generic) else value for value in values], real

    patch.setattr(table.cuda_source.Kernel, "bind", bind)


def always_float(table, patch):
    """float32 code for float64 arrays."""
    right = table._launches.device._module
    patch.setattr(table._launches.device, "module", lambda real: right("float32"))
    patch.setattr(table._launches.device, "function", table._launches.device._function)


def one_size_of_blocks(table, patch):
    """The usual number of threads for kernels that need 128."""
    device = table._launches.device
    patch.setattr(device, "launch_blocks", lambda name, blocks, **more: device._run(name, blocks, table.THREADS, more))


def no_transpose(table, patch):
    """x dy for x^T dy."""
    right = table.cupy.matmul
    patch.setattr(table.cupy, "matmul", lambda a, b: right(np.ascontiguousarray(a.T).reshape(a.shape), b))


@pytest.mark.parametrize("mutant", [floor_of_blocks, plain_numbers, always_float, one_size_of_blocks, no_transpose])
def test_wrong_launches_are_caught(table, monkeypatch, mutant):
    mutant(table, monkeypatch)
    with pytest.raises(AssertionError):
        check_table(table)
