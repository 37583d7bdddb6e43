"""The CUDA source, run on the processor: every kernel of both rungs equals NumPy, and every mutant does not."""

import re
import shutil
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from cuda_cases import FLOATS, Case, all_cases
from cuda_extreme_cases import bad_index_cases
from fenced import Fenced
from mutants.cuda import MUTANTS
from mutated_source import KERNELS, SOURCE, Mutated, library_of

from scratchnoise.kernels.cuda.tuned_launches import TunedLaunches

INTEGERS = (np.int32, np.int64)
CASES = {dtype: list(all_cases(dtype)) for dtype in FLOATS}

pytestmark = pytest.mark.usefixtures("needs_compiler")


PROCESSOR = Fenced(SOURCE)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("method", sorted({str(case) for case in CASES[np.float64]}))
def test_kernels_compute_what_numpy_does(method, dtype):
    for case in CASES[dtype]:
        if str(case) == method:
            case.check(PROCESSOR, dtype)


def test_every_kernel_is_compared():
    for case in CASES[np.float64]:
        case.check(PROCESSOR, np.float64)
    assert PROCESSOR.launched == set(KERNELS)


class FewThreads(Fenced):
    """A grid of six threads, so that each of them has to take many numbers in turn."""

    def launch(self, name, threads, **arguments):
        self._run(name, 2, 3, arguments)


@pytest.mark.parametrize("end", ["min", "max"])
def test_indices_far_outside_lead_nowhere(end):
    """As -1 does in the cases, so do the smallest and the largest number of the type."""
    for fields in bad_index_cases():
        case = Case(TunedLaunches, *fields)
        far = (
            np.where(a == -1, getattr(np.iinfo(a.dtype), end), a) if getattr(a, "dtype", float) in INTEGERS else a
            for a in case.args
        )
        replace(case, args=tuple(far)).check(PROCESSOR, np.float64)


def test_a_grid_too_small_strides():
    device = FewThreads(SOURCE)
    for case in CASES[np.float64]:
        case.check(device, np.float64)


# --- mutants -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mutants(tmp_path_factory):
    return library_of(MUTANTS, tmp_path_factory.mktemp("mutants"))


@pytest.mark.slow
@pytest.mark.parametrize("i", range(len(MUTANTS)), ids=lambda i: f"{i}-{MUTANTS[i][0]}")
def test_mutants_are_caught(mutants, i):
    device = Mutated(mutants, i, MUTANTS[i][0])
    with pytest.raises(AssertionError):
        for case in CASES[np.float64]:
            case.check(device, np.float64)


def test_every_kernel_has_a_mutant():
    assert {name for name, _, _ in MUTANTS} == set(KERNELS)


# --- what a launch refuses -------------------------------------------------------------------------------------


def arguments(**other):
    x = np.ones((2, 3))
    return {"z": x, "p": x.copy(), "N": 2, "C": 3} | other


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ({"p": np.ones((2, 3), np.float32)}, TypeError, "p of softmax is float32; it should be float64"),
        ({"z": np.ones((2, 3), int)}, TypeError, "z of softmax is int64; it should be float32 or float64"),
        ({"z": np.ones((3, 2)).T}, ValueError, "z of softmax is not C-contiguous; use ascontiguousarray"),
        (
            {"z": np.ones((2, 2))},
            ValueError,
            r"z of softmax has shape \(2, 2\); it should hold N \(2\) x C \(3\)",
        ),
        ({"z": [[1.0] * 3] * 2}, TypeError, "z of softmax is <class 'list'>; it should be float32 or float64"),
        ({"p": [[1.0] * 3] * 2}, TypeError, "p of softmax is builtins.list; it should be numpy.ndarray"),
        ({"N": 1.5, "z": np.ones(3), "p": np.ones(3), "C": 2}, ValueError, "N of softmax is 1.5; it should be a whole"),
    ],
)
def test_wrong_arguments_are_refused(wrong, error, message):
    """A kernel would read past the end, or take the bytes for other numbers."""
    with pytest.raises(error, match=message):
        PROCESSOR.launch("softmax", 2, **arguments(**wrong))


def test_a_missing_argument_is_named():
    with pytest.raises(TypeError, match="softmax also needs p, C"):
        PROCESSOR.launch("softmax", 2, z=np.ones((2, 3)), N=2)


def test_arrays_that_indices_cannot_reach_are_refused():
    huge = np.broadcast_to(np.ones(1), (2**16, 2**15))
    huge = np.lib.stride_tricks.as_strided(huge, strides=(2**18, 8))  # which says it is contiguous; nobody reads it
    with pytest.raises(ValueError, match="z of softmax has 2147483648 numbers; use smaller batches, below 2\\^31"):
        PROCESSOR.launch("softmax", 1, z=huge, p=huge, N=2**16, C=2**15)
    with pytest.raises(ValueError, match="seed of dropout is 18446744073709551616; it should be a whole number"):
        x = np.ones(3)
        PROCESSOR.launch("dropout", 3, x=x, y=x.copy(), rate=0.5, seed=2**64, step=0, n=3)


# --- nvcc --------------------------------------------------------------------------------------------------------

NVCC = shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")


@pytest.mark.skipif(NVCC is None, reason="nvcc is not installed: the source is compiled for the processor only")
@pytest.mark.parametrize(("real", "architectures"), [("float", (75, 80, 90)), ("double", (90,))])
@pytest.mark.slow
def test_nvcc_compiles_it(tmp_path, real, architectures):
    """Without a warning, and no register of any kernel ends up in memory."""
    (tmp_path / "kernels.cu").write_text(SOURCE)
    targets = [f"-gencode=arch=compute_{number},code=sm_{number}" for number in architectures]
    command = [NVCC, "-std=c++17", *targets, f"-Dreal={real}", "-Werror", "all-warnings", "-Xptxas", "-v"]
    command += ["-t", "2", "-c", "kernels.cu", "-o", "kernels.o"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    spilled = [int(n) for n in re.findall(r"(\d+) bytes spill", run.stderr)]
    assert len(spilled) >= len(KERNELS) * len(architectures) and not any(spilled)
