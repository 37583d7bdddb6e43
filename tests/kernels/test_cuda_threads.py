"""Barriers in the CUDA source: the threads of a block take turns in several orders, and no order changes a bit."""

import ctypes
import faulthandler
import multiprocessing
import os
import signal
import subprocess
from contextlib import contextmanager

import numpy as np
import profiles
import pytest
from cuda_cases import FLOATS, all_cases
from fenced import Fenced
from mutants.cuda import RACES
from mutated_source import KERNELS, SOURCE, Mutated, library_of

from scratchnoise.backend import compiler
from scratchnoise.kernels import build
from scratchnoise.kernels.cuda import build as cuda_build
from scratchnoise.kernels.cuda.tuned_launches import TunedLaunches

WITH_BARRIERS = {name for name, kernel in KERNELS.items() if kernel.threads}
ORDERS = (0, 1, 2, 3)  # 0: the threads' own order; the others are seeds of random ones

pytestmark = pytest.mark.usefixtures("needs_compiler")


@contextmanager
def thread_order(library, seed):
    """Let the threads of a block take turns in another order."""
    variable = ctypes.c_uint.in_dll(library, "thread_order")
    variable.value = seed
    try:
        yield
    finally:
        variable.value = 0


def differing(cases, device, dtype, library):
    """The cases whose results are not the same bits in every order.

    All cases run in one order, and then in the next: what another case left in shared memory must not look right.
    """
    bits = []
    for order in ORDERS:
        with thread_order(library, order):
            bits.append([[found.tobytes() for found in case.by(device, dtype)] for case in cases])
    return [str(case) for case, *found in zip(cases, *bits, strict=True) if any(other != found[0] for other in found)]


@pytest.mark.parametrize("dtype", FLOATS)
def test_the_order_of_threads_changes_no_bit(dtype):
    device = Fenced(SOURCE)
    cases = [case for case in all_cases(dtype) if case.table is TunedLaunches]
    assert differing(cases, device, dtype, device.library(np.dtype(dtype).name)) == []
    assert device.launched >= WITH_BARRIERS


@pytest.fixture(scope="module")
def races(tmp_path_factory):
    return library_of(RACES, tmp_path_factory.mktemp("races"))


@pytest.mark.parametrize("i", profiles.thinned(range(len(RACES))), ids=lambda i: f"{i}-{RACES[i][0]}")
def test_races_are_found(races, i):
    def look():
        faulthandler.disable()
        cases = [case for case in all_cases(np.float64) if case.table is TunedLaunches]
        os._exit(bool(differing(cases, Mutated(races, i, RACES[i][0]), np.float64, races)))

    process = multiprocessing.get_context("fork").Process(target=look)
    process.start()
    process.join()
    assert process.exitcode in (1, -signal.SIGSEGV), "no order of threads shows the race"


def test_every_kernel_with_barriers_has_a_race():
    assert {name for name, _, _ in RACES} == WITH_BARRIERS


NEIGHBOUR = """const int THREADS = 8;
extern "C" __global__ void __launch_bounds__(THREADS) neighbour(const real *x /* 8 */, real *y /* 8 */)
{
    __shared__ real row[THREADS];
    row[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = row[threadIdx.x ? threadIdx.x - 1 : 0];
}
"""


@pytest.mark.parametrize(("source", "same"), [(NEIGHBOUR, True), (NEIGHBOUR.replace("__syncthreads();", ""), False)])
def test_a_race_that_is_right_in_the_threads_own_order_is_found(source, same, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    device = Fenced(source)

    def neighbours(x):
        y = np.empty(8)
        device.launch_blocks("neighbour", 1, x=x, y=y)
        return y

    x, another = np.arange(8.0), np.full(8, -1.0)
    assert np.array_equal(neighbours(x), [0, 0, 1, 2, 3, 4, 5, 6])
    neighbours(another)
    with thread_order(device.library("float64"), 1):
        assert np.array_equal(neighbours(x), [0, 0, 1, 2, 3, 4, 5, 6]) == same


def test_a_missed_barrier_ends_the_program(tmp_path):
    """Threads of a block that part ways at a barrier would hang a GPU."""
    source = "__global__ void part(int n) { if (threadIdx.x < 5) __syncthreads(); }"
    main = "int main() { run_blocks(1, 8, [] { part(0); }); }"
    program = "\n".join([(cuda_build.HERE / "on_cpu.h").read_text(), source, main])
    options = [option for option in cuda_build.NEEDED if option != "-shared"]
    part = build.compile_sources({"part.cpp": program}, [[compiler(), *options]], tmp_path)
    run = subprocess.run([part], capture_output=True, text=True)
    assert run.returncode and "missed a barrier" in run.stderr
