"""The threads of the C kernels: results, forks, callers at the same time, and what they cost when nobody needs them."""

import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import hypothesis
import numpy as np
import pytest
from test_backends_agree import results

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS, as_dtype
from scratchnoise.kernels import c_table
from scratchnoise.kernels.c import library as c_library
from scratchnoise.kernels.c.library import Library, read

pytestmark = pytest.mark.usefixtures("needs_c_compiler")

RNG = np.random.default_rng(0)
IMAGES, FILTERS, BIAS = (RNG.standard_normal(s).astype("f4") for s in ((40, 12, 12, 8), (3, 3, 8, 20), (20,)))


def convolved():
    """The results of a few kernels that use threads."""
    with backend("c"):
        y = kernels.conv2d_forward(IMAGES, FILTERS, BIAS, 1, 1)
        return [y, *kernels.conv2d_backward(y, IMAGES, FILTERS, 1, 1), kernels.relu_forward(y)]


def same(found, expected):
    return all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


@pytest.fixture
def three_threads():
    c_table.kernels.use_threads(3)
    yield
    c_table.kernels.use_threads(1)


@pytest.fixture(scope="module")
def eager():
    """The kernels where even the smallest job is shared out."""
    sources = read()
    eager = sources["threads.c"].replace("WORTH_A_THREAD = 1e5", "WORTH_A_THREAD = 1e-9")
    assert eager != sources["threads.c"]
    return Library(sources | {"threads.c": eager})


@pytest.mark.parametrize("name", sorted(KERNEL_ARGUMENTS))
def test_threads_do_not_change_a_bit(monkeypatch, eager, name):
    monkeypatch.setattr(c_table, "kernels", eager)

    @hypothesis.settings(max_examples=10)
    @hypothesis.given(KERNEL_ARGUMENTS[name])
    def check(args):
        args = as_dtype(args, np.float32)
        eager.use_threads(1)
        alone = results(getattr(kernels, name), args)
        eager.use_threads(3)
        assert same(results(getattr(kernels, name), args), alone), name

    with backend("c"):
        check()


def test_several_threads_of_python_at_once(three_threads):
    alone = convolved()
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: convolved(), range(24)):
            assert same(found, alone)


def finished(child, seconds=60):
    """How a child process ended; it is killed, and None returned, where that takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_process_computes_the_same(three_threads):
    """Also where the fork happens while another thread of Python is inside a kernel."""
    expected, stop = convolved(), threading.Event()

    def keep_computing():
        while not stop.is_set():
            convolved()

    other = threading.Thread(target=keep_computing)
    other.start()
    try:
        for _ in range(10):
            child = os.fork()
            if not child:
                code = 1
                try:
                    code = 0 if same(convolved(), expected) and same(convolved(), expected) else 2
                finally:
                    os._exit(code)
            assert finished(child) == 0
    finally:
        stop.set()
        other.join()
    assert same(convolved(), expected)


def test_idle_threads_cost_nothing(three_threads):
    convolved()
    time.sleep(0.05)
    before = time.process_time()
    time.sleep(0.5)
    assert time.process_time() - before < 0.05


@pytest.mark.parametrize(("given", "threads"), [("3", 3), ("1", 1), ("", None), ("4,2", None), ("0", None)])
def test_how_many_threads_there_are(monkeypatch, given, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", given)
    assert c_library.threads() == (threads or len(os.sched_getaffinity(0)))


def test_the_number_of_threads_is_that_of_the_library():
    """How many threads the process has after a kernel, one more than before for each that may help."""
    program = (
        "import os, numpy as np; from scratchnoise import kernels; from scratchnoise.backend import backend\n"
        "x, w = np.ones((40, 12, 12, 8)), np.ones((3, 3, 8, 20))\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        "with backend('c'): kernels.conv2d_forward(x, w, np.ones(20), 1, 1)\n"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )
    for threads in (1, 3):
        environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
        run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
        assert int(run.stdout) == threads - 1
