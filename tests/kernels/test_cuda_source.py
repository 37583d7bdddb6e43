"""The CUDA source, run on the processor: every kernel of both rungs equals NumPy, and every mutant does not."""

import ctypes
import re
import shutil
import subprocess

import numpy as np
import pytest
from cuda_cases import all_cases
from mutants.cuda import MUTANTS

from scratchnoise.backend import compiler
from scratchnoise.kernels import build
from scratchnoise.kernels.cuda import build as c_build
from scratchnoise.kernels.cuda import source as cuda_source
from scratchnoise.kernels.cuda_on_cpu_table import Processor, c_types

CASES = list(all_cases())
SOURCE = cuda_source.read()
KERNELS = cuda_source.kernels_of(SOURCE)

pytestmark = pytest.mark.usefixtures("needs_compiler")


class Watched(Processor):
    """Remembers which kernels were launched."""

    def __init__(self, source):
        super().__init__(source)
        self.launched = set()

    def _run(self, name, *launch):
        self.launched.add(name)
        super()._run(name, *launch)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("method", sorted({str(case) for case in CASES}))
def test_kernels_compute_what_numpy_does(method, dtype):
    for case in CASES:
        if str(case) == method:
            case.check(PROCESSOR, dtype)


PROCESSOR = Watched(SOURCE)


def test_every_kernel_is_compared():
    for case in CASES:
        case.check(PROCESSOR, np.float64)
    assert PROCESSOR.launched == set(KERNELS)


class FewThreads(Processor):
    """A grid of six threads, so that each of them has to take many numbers in turn."""

    def launch(self, name, threads, **arguments):
        self._run(name, 2, 3, arguments)


def test_a_grid_too_small_strides():
    device = FewThreads(SOURCE)
    for case in CASES:
        case.check(device, np.float64)


# --- mutants -------------------------------------------------------------------------------------------------


class Mutated(Processor):
    """The source with the mutant of one kernel in its place."""

    def __init__(self, name, mutant):
        super().__init__(SOURCE)
        self.name, self.mutant, self.right, self.library = name, mutant, PROCESSOR.library("float64"), lambda real: self

    def __getattr__(self, launcher):
        return self.mutant if launcher == f"launch_{self.name}" else getattr(self.right, launcher)


def mutated(name, right, wrong):
    """The source with another text in one place: of the kernel itself, else of what it calls."""
    own = re.search(rf'^extern "C" __global__ [^\n]*\b{name}\(.*?^}}', SOURCE, re.MULTILINE | re.DOTALL)[0]
    text = own if right in own else SOURCE
    assert text.count(right) == 1, f"{text.count(right)} places for the mutant of {name} have {right!r}"
    return SOURCE.replace(text, text.replace(right, wrong))


@pytest.fixture(scope="module")
def mutants(tmp_path_factory):
    """A library of all mutants, each in a namespace of its own, of which only the kernel in question is kept."""
    parts = [(c_build.HERE / "on_cpu.h").read_text()]
    for i, (name, right, wrong) in enumerate(MUTANTS):
        source = mutated(name, right, wrong).replace('extern "C" __global__', "static")
        entry = c_build.entry(KERNELS[name]).replace(f"launch_{name}(", f"launch_{i}(", 1)
        parts.append(f"namespace mutant_{i} {{\n{source}\n{entry}\n}}")
    command = [compiler(), *c_build.NEEDED, "-O1", "-fpermissive", "-Dreal=double"]
    folder = tmp_path_factory.mktemp("mutants")
    return ctypes.CDLL(str(build.compile_sources({"mutants.cpp": "\n".join(parts)}, [command], folder)))


@pytest.mark.parametrize("i", range(len(MUTANTS)), ids=lambda i: f"{i}-{MUTANTS[i][0]}")
def test_mutants_are_caught(mutants, i):
    name = MUTANTS[i][0]
    launcher = getattr(mutants, f"launch_{i}")
    launcher.argtypes = c_types(KERNELS[name], "float64")
    device = Mutated(name, launcher)
    with pytest.raises(AssertionError):
        for case in CASES:
            case.check(device, np.float64)


def test_every_kernel_has_a_mutant():
    assert {name for name, _, _ in MUTANTS} == set(KERNELS)


def test_a_missed_barrier_ends_the_program(tmp_path):
    """Threads of a block that part ways at a barrier would hang a GPU."""
    source = "__global__ void part(int n) { if (threadIdx.x < 5) __syncthreads(); }"
    main = "int main() { run_blocks(1, 8, [] { part(0); }); }"
    program = "\n".join([(c_build.HERE / "on_cpu.h").read_text(), source, main])
    options = [option for option in c_build.NEEDED if option != "-shared"]
    part = build.compile_sources({"part.cpp": program}, [[compiler(), *options]], tmp_path)
    run = subprocess.run([part], capture_output=True, text=True)
    assert run.returncode and "missed a barrier" in run.stderr


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
