"""All cases of the CUDA source under GCC's sanitizers, which see every read and write outside an array.

AddressSanitizer watches the arrays of kernels with and without barriers. It warns that it does not know the stacks of
coroutines, but their marks stay right, because no jump leaves a function of a coroutine for good. It does not watch
shared memory; there UndefinedBehaviorSanitizer compares every index with the length of its array.
"""

import os
import subprocess
import sys
from pathlib import Path

import profiles
import pytest

from scratchnoise.backend import compiler

TESTS = Path(__file__).parent.parent
SANITIZERS = "-fsanitize=address,undefined,bounds-strict"

# Run with the text of the source that is to be replaced, and what replaces it: nothing for the source as it is.
PROGRAM = f"""
import sys
from cuda_cases import FLOATS, all_cases
from scratchnoise.kernels.cuda import build, source
from scratchnoise.kernels.cuda_on_cpu_table import Processor

build.OPTIMISED = ("-O1", "-g", "-fopenmp-simd", "{SANITIZERS}", "-fno-sanitize-recover=all")
text = source.read()
if len(sys.argv) > 1:
    right, wrong = sys.argv[1:]
    assert text.count(right) == 1, text.count(right)
    text = text.replace(right, wrong)
processor = Processor(text)
for dtype in FLOATS:
    for case in all_cases(dtype):
        case.check(processor, dtype)
print("all cases are right")
"""

OUTSIDE = "AddressSanitizer: heap-buffer-overflow"
PLANTED = [
    ("= probability(z + n * C, s, c)", "= probability(z + n * C + 1, s, c)", OUTSIDE),
    ("inside(y, C)", "inside(y, C + 1)", OUTSIDE),
    ("if (inside(argmax[o], H * W)) ", "", OUTSIDE),
    ("line < N * Ho * Wo && f < F) y", "line <= N * Ho * Wo && f < F) y", OUTSIDE),  # with barriers, as all below
    ("first + d < depth && column", "first + d <= depth && column", OUTSIDE),
    ("LANES for (int c = 0; c < 4; ++c) tile", "for (int c = 0; c < 5; ++c) tile", "index 4 out of bounds"),
    ("d < DEPTH; d += THREADS / COLUMNS)", "d <= DEPTH; d += THREADS / COLUMNS)", "index 16 out of bounds"),
]


@pytest.fixture(scope="module")
def sanitized(needs_compiler, tmp_path_factory):
    """Runs the cases with these replacements: the finished process."""
    if not profiles.runs("nightly"):
        pytest.skip("takes minutes; it runs with --hypothesis-profile=nightly")
    preloaded = [_library(name) for name in ("libasan.so", "libubsan.so")]
    if not all(path.is_absolute() for path in preloaded):
        pytest.skip("GCC's sanitizers are not installed")
    environment = os.environ | {
        "LD_PRELOAD": " ".join(map(str, preloaded)),  # they have to be loaded before Python
        "ASAN_OPTIONS": "detect_leaks=0",  # Python frees little at its end
        "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
        "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}",
    }

    def run(*replacement):
        command = [sys.executable, "-c", PROGRAM, *replacement]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    return run


def _library(name):
    """Where GCC keeps a library of its own; the bare name where there is none."""
    run = subprocess.run([compiler(), f"-print-file-name={name}"], capture_output=True, text=True)
    return Path(run.stdout.strip())


def test_no_kernel_leaves_its_arrays(sanitized):
    run = sanitized()
    assert run.returncode == 0 and "all cases are right" in run.stdout, run.stderr


@pytest.mark.parametrize(("right", "wrong", "message"), PLANTED)
def test_what_leaves_an_array_is_found(sanitized, right, wrong, message):
    run = sanitized(right, wrong)
    assert run.returncode and message in run.stderr, run.stderr
