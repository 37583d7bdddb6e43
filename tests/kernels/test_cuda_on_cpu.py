"""The CUDA source is built for the processor: where the result lies, who may write there, what is said of a failure.

What it computes is compared in test_backends_agree.py and test_cuda_source.py.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from scratchnoise import kernels
from scratchnoise.backend import BackendError, backend
from scratchnoise.kernels.cuda import build as cuda_build
from scratchnoise.kernels.cuda import source as cuda_source
from scratchnoise.kernels.cuda_on_cpu_table import Processor

SOURCE = """#define EACH(i, n) \\
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < (unsigned)(n); i += gridDim.x * blockDim.x)
extern "C" __global__ void twice(const real *x /* n */, real *y /* n */, int n)
{
    EACH(i, n) y[i] = 2 * x[i];
}
"""

pytestmark = pytest.mark.usefixtures("needs_compiler")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder of the user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(cuda_build, "OPTIMISED", ("-O0",))
    return tmp_path / "scratchnoise" / "kernels"


def build(source=SOURCE):
    return cuda_build.shared_library(source, cuda_source.kernels_of(source).values(), "float")


def twice(source=SOURCE):
    x, y = np.arange(5, dtype=np.float32), np.empty(5, np.float32)
    Processor(source).launch("twice", 5, x=x, y=y, n=5)
    return y


def test_it_is_built_once_and_says_so(cache, capfd):
    assert np.array_equal(twice(), [0, 2, 4, 6, 8])
    assert "compiling the CUDA source for the processor (float), only this first time" in capfd.readouterr().err
    assert np.array_equal(twice(), [0, 2, 4, 6, 8])
    assert capfd.readouterr().err == ""
    assert cache.stat().st_mode & 0o777 == 0o700


def test_another_source_and_other_options_are_other_files(cache, monkeypatch):
    first, second = build(), build(SOURCE.replace("2 *", "3 *"))
    assert np.array_equal(twice(SOURCE.replace("2 *", "3 *")), [0, 3, 6, 9, 12])
    monkeypatch.setattr(cuda_build, "OPTIMISED", ("-O1",))
    assert len({first, second, build()}) == 3 == len(list(cache.iterdir()))


def test_builds_at_the_same_time_leave_one_whole_file(cache):
    with ThreadPoolExecutor(4) as pool:
        (path,) = set(pool.map(lambda _: build(), range(4)))
    assert list(cache.iterdir()) == [path]
    assert np.array_equal(twice(), [0, 2, 4, 6, 8])


@pytest.mark.parametrize("mode", [0o777, 0o770])
def test_a_folder_that_others_write_to_is_refused(cache, mode):
    cache.mkdir(parents=True)
    cache.chmod(mode)
    with pytest.raises(BackendError, match="others may write to it.*chmod 700"):
        build()


def test_a_folder_of_somebody_else_is_refused(cache, monkeypatch):
    cache.mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(os, "getuid", lambda: cache.stat().st_uid + 1)
    with pytest.raises(BackendError, match="belongs to somebody else"):
        build()


def test_a_link_to_a_folder_is_judged_by_where_it_leads(cache, tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    cache.parent.mkdir()
    cache.symlink_to(tmp_path / "open")
    with pytest.raises(BackendError, match="others may write to it"):
        build()


def test_what_the_compiler_says_is_shown(cache):
    with pytest.raises(BackendError, match=r"(?s)the kernels do not compile; .*says:.*undeclared_name"):
        build(SOURCE.replace("2 *", "undeclared_name *"))
    assert list(cache.iterdir()) == []


def test_without_a_compiler_the_message_names_the_way_out(cache, monkeypatch):
    monkeypatch.setattr(cuda_build, "compiler", lambda: None)
    with pytest.raises(BackendError, match=r"needs a C\+\+ compiler, but \$CXX, c\+\+, g\+\+ and clang\+\+"):
        build()


def test_a_compiler_without_openmp_will_do(cache, monkeypatch, tmp_path):
    wrapper = tmp_path / "c++"
    wrapper.write_text(f'#!/bin/sh\ncase "$*" in *-fopenmp\\ *) exit 1;; esac\nexec {cuda_build.compiler()} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setattr(cuda_build, "compiler", lambda: str(wrapper))
    assert np.array_equal(twice(), [0, 2, 4, 6, 8])


def test_threads_do_not_change_a_bit():
    """What OpenMP shares out are blocks, and no two of them add to one number."""
    rng = np.random.default_rng(0)
    x, w, b = (rng.standard_normal(shape).astype(np.float32) for shape in ((40, 12, 12, 8), (3, 3, 8, 40), (40,)))
    with backend("cuda_on_cpu"):
        y = kernels.conv2d_forward(x, w, b, 1, 1)
        here = [y, *kernels.conv2d_backward(y, x, w, 1, 1), kernels.relu_forward(y)]
    program = (
        "import numpy as np, sys; from scratchnoise import kernels; from scratchnoise.backend import backend\n"
        "rng = np.random.default_rng(0)\n"
        "x, w, b = (rng.standard_normal(s).astype(np.float32) for s in ((40, 12, 12, 8), (3, 3, 8, 40), (40,)))\n"
        "with backend('cuda_on_cpu'):\n"
        "    y = kernels.conv2d_forward(x, w, b, 1, 1)\n"
        "    there = [y, *kernels.conv2d_backward(y, x, w, 1, 1), kernels.relu_forward(y)]\n"
        "sys.stdout.buffer.write(b''.join(a.tobytes() for a in there))"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "3", "OMP_DYNAMIC": "false"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
    assert run.stdout == b"".join(a.tobytes() for a in here)


def test_a_forked_process_computes_the_same():
    """With OpenMP's threads in the parent, none in the child."""
    program = (
        "import os; from threading import Timer; import numpy as np; from scratchnoise import kernels\n"
        "from scratchnoise.backend import backend\n"
        "x, w, b = np.ones((40, 12, 12, 8)), np.ones((3, 3, 8, 40)), np.ones(40)\n"
        "with backend('cuda_on_cpu'):\n"
        "    here = kernels.conv2d_forward(x, w, b, 1, 1)\n"
        "    if pid := os.fork():\n"
        "        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))\n"
        "    Timer(60, os._exit, [3]).start()\n"
        "    there = kernels.conv2d_forward(x, w, b, 1, 1), kernels.relu_forward(here)\n"
        "    os._exit(not all(np.array_equal(here, found) for found in there))\n"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "3", "OMP_DYNAMIC": "false"}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


def test_a_pointer_without_a_shape_is_no_declaration():
    with pytest.raises(ValueError, match="a pointer, and only a pointer, has its shape in a comment"):
        cuda_source.kernels_of(SOURCE.replace(" /* n */", "", 1))
