"""Forks, threads and a container's share of the processors: the same numbers everywhere, and nothing that hangs."""

import sys
import threading

import numpy as np
import own_process
import pytest

from scratchnoise import processes
from scratchnoise.backend import TABLES, BackendError, backend, current, host_table, resolve

THREADED = [name for name in ("numba", "c") if name in TABLES]
FORKED = "this process was forked after numba had started its threads"

# `fit` runs kernels that wake the threads and kernels that do not.
FIT = """
import os, threading, time, warnings
import numpy as np
from scratchnoise import NeuralNetwork, SoftmaxRegression, kernels
from scratchnoise.backend import backend

TABLE = os.environ.get("TABLE", "numba")
rng = np.random.default_rng(0)
y = rng.integers(0, 3, 300)
X = (rng.normal(size=(300, 784)) + y[:, None]).astype(np.float32)
wide = np.tile(X.ravel(), 6)

def fit(draw=0):
    linear = SoftmaxRegression(max_iter=2, random_state=0, backend=TABLE).fit(X, y)
    with backend(TABLE):
        return linear.coef_.tobytes() + kernels.relu_forward(wide).tobytes()

def forked(action):
    "What a forked child writes: 1 where `action` returns True, else 0; nothing where it dies."
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, b"1" if action() else b"0")
        finally:
            os._exit(0)
    os.close(write)
    answer = os.read(read, 1)
    os.waitpid(child, 0)
    return answer

"""

WAYS = {
    "os.fork": "assert forked(lambda: fit() == expected) == b'1'",
    "twice": "assert forked(lambda: forked(lambda: fit() == expected) == b'1') == b'1'",
    "Pool": """
import multiprocessing
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map(fit, range(3)) == 3 * [expected]
""",
    "joblib": """
import joblib
fits = [joblib.delayed(fit)(draw) for draw in range(3)]
assert joblib.Parallel(2, backend="multiprocessing")(fits) == 3 * [expected]
""",
    "ProcessPoolExecutor": """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as pool:
    assert list(pool.map(fit, range(3))) == 3 * [expected]
""",
}
needs_fork = pytest.mark.skipif(sys.platform != "linux", reason="forking is the default on Linux alone")


def needs(table):
    try:
        resolve(table)
    except BackendError as error:
        pytest.skip(str(error))
    if table == "numba" and host_table() != "numba":
        pytest.skip("numba does not compile")


# --- forks ----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@needs_fork
@pytest.mark.parametrize("table", THREADED)
def test_a_forked_child_computes_what_its_parent_did(table):
    """One parent for all ways, because it takes seconds to start."""
    needs(table)
    each = [f"sys.stderr.write('way {way}'); sys.stderr.flush()\n{code}\n" for way, code in WAYS.items()]
    _, errors = own_process.run(FIT + "import sys\nexpected = fit()\n" + "".join(each), TABLE=table)
    assert "Terminating" not in errors and "Traceback" not in errors
    _, *said = errors.split("way ")
    assert len(said) == len(WAYS)
    if table == "numba":
        assert all(1 <= text.count(FORKED) <= 2 for text in said), errors  # once in each child that fits


@needs_fork
def test_a_child_of_a_parent_that_has_not_computed_has_threads(needs_compiled_numba):
    _, errors = own_process.run(FIT + "assert forked(lambda: fit() == fit()) == b'1'")
    assert FORKED not in errors


@needs_fork
@pytest.mark.slow
def test_threads_that_other_code_has_started_are_lost_as_well(needs_compiled_numba):
    code = """
import numba
@numba.njit(parallel=True)
def double(x):
    y = np.empty_like(x)
    for i in numba.prange(x.size):
        y[i] = 2 * x[i]
    return y
double(wide)
assert forked(lambda: len(fit()) > 0) == b'1'
"""
    own_process.run(FIT + code)


@needs_fork
@pytest.mark.parametrize("layer", ["omp", "workqueue"])
@pytest.mark.slow
def test_forks_while_another_thread_fits(needs_compiled_numba, layer):
    code = """
expected, going = fit(), True
def keep_fitting():
    with backend(TABLE):
        while going:
            kernels.relu_forward(wide)  # nearly all of the time in a parallel loop
busy = threading.Thread(target=keep_fitting)
busy.start()
answers = [forked(lambda: fit() == expected) for _ in range(8)]
going = False
busy.join()
assert answers == 8 * [b'1'], answers
"""
    own_process.run(FIT + code, NUMBA_THREADING_LAYER=layer)


@pytest.mark.slow
@needs_fork
def test_forks_while_another_thread_compiles(needs_compiled_numba):
    """numba has one lock for all compilations; a child that inherits it locked would wait for ever."""
    code = """
import numba
expected, going = fit(), True
def keep_compiling():
    while going:
        numba.njit(lambda x: x + 1)(1)
busy = threading.Thread(target=keep_compiling)
busy.start()
answers = [forked(lambda: numba.njit(lambda x: x + 2)(1) == 3) for _ in range(8)]
going = False
busy.join()
assert answers == 8 * [b'1'], answers
"""
    own_process.run(FIT + code)


# --- threads --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["omp", "workqueue", "tbb"])
@pytest.mark.slow
def test_fits_from_several_threads(needs_compiled_numba, layer):
    code = """
from concurrent.futures import ThreadPoolExecutor
import numba
try:
    numba.get_num_threads()
except ValueError:
    print("this layer is not installed")
    raise SystemExit
with ThreadPoolExecutor(4) as pool:
    found = list(pool.map(fit, range(12)))
assert found == 12 * [fit()] and numba.threading_layer() == os.environ["NUMBA_THREADING_LAYER"]
"""
    printed, _ = own_process.run(FIT + code, NUMBA_THREADING_LAYER=layer)
    assert not printed or layer != "workqueue", printed  # which numba always has


def test_little_work_wakes_no_thread(needs_compiled_numba):
    import numba

    from scratchnoise.kernels.threads import WORTH_WAKING, Threaded

    def fail():
        raise ZeroDivisionError

    most = numba.config.NUMBA_NUM_THREADS
    numba.set_num_threads(most)
    try:
        assert Threaded(numba.get_num_threads, None, lambda: WORTH_WAKING - 1)() == 1
        assert numba.get_num_threads() == most
        with pytest.raises(ZeroDivisionError):
            Threaded(fail, None, lambda: 0)()
        assert numba.get_num_threads() == most
        assert Threaded(numba.get_num_threads, None, lambda: WORTH_WAKING)() == most
    finally:
        numba.set_num_threads(1)


def test_the_work_of_every_kernel_is_estimated_from_its_own_arguments(needs_compiled_numba, monkeypatch):
    """The annex, a pass over images and a large array are worth waking the threads for; a small network is not."""
    from scratchnoise import kernels
    from scratchnoise.kernels.threads import WORTH_WAKING, Threaded

    estimated = []
    monkeypatch.setattr(Threaded, "__call__", recording(estimated))
    zeros = lambda *shape: np.zeros(shape, np.float32)  # noqa: E731
    pixels, flags = zeros(1300, 784), np.zeros(1300, np.int64)
    with backend("numba"):
        for N, worth in ((252, True), (1, False)):
            x, w, argmax = zeros(N, 14, 14, 32), zeros(3, 3, 32, 64), np.zeros((N, 7, 7, 64), np.int32)
            kernels.conv2d_forward(x, w, zeros(64), 1, 1)
            kernels.conv2d_backward(zeros(N, 14, 14, 64), x, w, 1, 1)
            kernels.conv2d_relu_maxpool2d_forward(x, w, zeros(64), 1, 1, 2)
            kernels.conv2d_relu_maxpool2d_backward(zeros(N, 7, 7, 64), zeros(N, 7, 7, 64), argmax, x, w, 1, 1, 2)
            kernels.linear_forward(zeros(N, 3200), zeros(3200, 256), zeros(256))
            kernels.relu_forward(zeros(N, 5000))
            kernels.linear_sgd_epoch(
                *(zeros(784, 3), zeros(3), pixels, flags, np.eye(3, dtype=np.float32), zeros(1300)),
                *(np.arange(1300), 100 if worth else 10, 0.1, 0.0),
            )
            assert [each >= WORTH_WAKING for each in estimated] == [worth] * len(estimated), estimated
            assert len(estimated) == 9
            estimated.clear()


def recording(estimated):
    """A call of a kernel that only notes how much work it would be."""

    def call(kernel, *arguments):
        estimated.append(kernel.work(*arguments))
        return np.zeros(1), np.zeros(1), 0.0

    return call


# --- processors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "files", "allowed"),
    [
        ("0::/", {"cpu.max": "150000 100000"}, 1.5),
        ("0::/a/b", {"a/cpu.max": "50000 100000", "a/b/cpu.max": "max 100000"}, 0.5),  # a parent's counts as well
        ("0::/a/b", {"a/cpu.max": "400000 100000", "a/b/cpu.max": "200000 100000"}, 2.0),
        ("0::/the/hosts/path", {"cpu.max": "300000 100000"}, 3.0),  # as a container without a namespace sees it
        ("0::/a", {"unified/a/cpu.max": "100000 100000"}, 1.0),
        ("0::/", {}, float("inf")),
        ("4:cpu,cpuacct:/a", {"cpu/a/cpu.cfs_quota_us": "50000", "cpu/a/cpu.cfs_period_us": "25000"}, 2.0),
        ("4:cpu:/hosts", {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1.0),
        ("4:cpu:/", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, float("inf")),
        ("3:cpuset:/a", {"cpu/a/cpu.cfs_quota_us": "50000", "cpu/a/cpu.cfs_period_us": "25000"}, float("inf")),
    ],
)
def test_the_quota_of_a_container(tmp_path, group, files, allowed):
    groups = tmp_path / "proc/self/cgroup"
    groups.parent.mkdir(parents=True)
    groups.write_text(f"3:memory:/elsewhere\n{group}\n")
    for name, content in files.items():
        path = tmp_path / "sys/fs/cgroup" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert processes.quota(tmp_path) == allowed


def test_without_control_groups_nothing_limits(tmp_path):
    assert processes.quota(tmp_path) == float("inf")


QUOTA = """
from scratchnoise import kernels, processes
processes.quota, processes.processors = lambda: {quota}, lambda: 8
from scratchnoise.backend import backend
with backend("numba"):
    import numba, os
    print(numba.config.NUMBA_NUM_THREADS, os.environ.get("GOMP_SPINCOUNT"))
"""


@pytest.mark.parametrize(
    ("quota", "environment", "printed"),
    [
        (1.5, {}, "2 1000"),
        (0.5, {}, "1 1000"),
        (0.5, {"NUMBA_NUM_THREADS": "3"}, "3 1000"),
        (2, {"GOMP_SPINCOUNT": "7"}, "2 7"),
        (2, {"OMP_WAIT_POLICY": "passive"}, "2 None"),
    ],
)
def test_numba_is_told_of_the_quota_unless_the_user_has_chosen(needs_compiled_numba, quota, environment, printed):
    unset = dict.fromkeys(("NUMBA_NUM_THREADS", "GOMP_SPINCOUNT", "OMP_WAIT_POLICY"))
    assert own_process.run(QUOTA.format(quota=quota), **{**unset, **environment})[0] == printed


# --- which threads and processes a choice of the table reaches -----------------------------------------------------


@pytest.mark.slow
def test_a_choice_reaches_the_processes_of_a_study(tmp_path):
    from scratchnoise.study.runner import reproduce

    with backend("loops"):
        rows = reproduce(tmp_path, noise=("0.5",), methods=("priors",), jobs=2)
    assert rows and {row["backend"] for row in rows} == {"loops"}


def test_a_thread_of_ones_own_enters_the_block_itself(monkeypatch):
    """What the docstring of `backend` says; Python 3.14 hands a context on where it is built without the GIL."""
    monkeypatch.setenv("SCRATCHNOISE_BACKEND", "numpy")
    found = []

    def inside():
        with backend("loops"):
            found.append(current())

    with backend("loops"):
        for target in (lambda: found.append(current()), inside):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join()
    inherits = getattr(sys.flags, "thread_inherit_context", 0)
    assert found == ["loops" if inherits else "numpy", "loops"]
