"""The C kernels: how they are built and kept, their threads, and mutants that the comparison of the tables must catch.

What they compute is compared in test_backends_agree.py.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import hypothesis
import numpy as np
import pytest
from mutants.c import MUTANTS
from test_backends_agree import assert_agree, results

from scratchnoise import kernels
from scratchnoise.backend import BackendError, backend, c_compiler, host_table, resolve
from scratchnoise.check import assert_close
from scratchnoise.check.kernel_strategies import KERNEL_ARGUMENTS, as_dtype
from scratchnoise.kernels import c_table
from scratchnoise.kernels.c import library as c_library
from scratchnoise.kernels.c.library import Library, read

backend_module = sys.modules["scratchnoise.backend"]
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


# --- building --------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache folder of the user, and a table that has loaded nothing yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(c_library, "OPTIMISED", ("-O0",))
    monkeypatch.setattr(c_table, "kernels", Library(read()))
    return tmp_path / "scratchnoise" / "kernels"


def relu():
    with backend("c"):
        return kernels.relu_forward(np.array([-1, 2], np.float32))


def test_it_is_built_once_for_each_type_and_says_so(cache, monkeypatch, capfd):
    assert np.array_equal(relu(), [0, 2])
    assert capfd.readouterr().err == "compiling the C kernels for float, only this first time\n"
    monkeypatch.setattr(c_table, "kernels", Library(read()))
    assert np.array_equal(relu(), [0, 2])
    assert capfd.readouterr().err == ""
    assert cache.stat().st_mode & 0o777 == 0o700
    with backend("c"):
        assert np.array_equal(kernels.relu_forward(np.array([-1.0, 2.0])), [0, 2])
    assert len(list(cache.iterdir())) == 2


def test_it_compiles_without_a_warning(cache, tmp_path):
    for real in ("float", "double"):
        command = [c_compiler(), *c_library.NEEDED, "-O2", "-Werror", f"-Dreal={real}"]
        c_library.build.compile_sources(read(), [command], tmp_path)


def test_another_source_is_another_file(cache):
    first = c_library.shared_library(read(), "float")
    changed = read() | {"vector.h": read()["vector.h"] + "\n"}
    assert first != c_library.shared_library(changed, "float")
    assert first == c_library.shared_library(read(), "float")


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1])])
def test_a_damaged_library_is_built_afresh(cache, damage, capfd):
    path = c_library.shared_library(read(), "float")
    path.write_bytes(damage(path.read_bytes()))
    capfd.readouterr()
    assert np.array_equal(relu(), [0, 2])
    assert "compiling" in capfd.readouterr().err
    assert len(list(cache.iterdir())) == 1


def test_builds_at_the_same_time_leave_one_whole_file(cache):
    with ThreadPoolExecutor(3) as pool:
        (path,) = set(pool.map(lambda _: c_library.shared_library(read(), "float"), range(3)))
    assert list(cache.iterdir()) == [path]


def test_without_a_folder_that_can_be_written_to_it_is_built_for_this_process(cache, monkeypatch, capfd):
    monkeypatch.setenv("XDG_CACHE_HOME", os.devnull)
    assert np.array_equal(relu(), [0, 2])
    said = capfd.readouterr().err
    assert "compiled kernels cannot be kept (" in said and "$XDG_CACHE_HOME" in said
    folder = c_library.shared_library(read(), "float").parent
    assert folder.stat().st_mode & 0o777 == 0o700
    assert capfd.readouterr().err == "", "it was built again, or said twice"


def test_a_folder_that_others_write_to_is_refused(cache):
    cache.mkdir(parents=True)
    cache.chmod(0o777)
    with pytest.raises(BackendError, match="others may write to it.*chmod 700"):
        relu()


def compiler_script(tmp_path, line):
    script = tmp_path / "mycc"
    script.write_text(f"#!/bin/sh\n{line}\n")
    script.chmod(0o755)
    return str(script)


def test_what_the_compiler_says_is_shown(cache, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", compiler_script(tmp_path, "echo no luck today >&2; exit 1"))
    with pytest.raises(BackendError, match=r"(?s)the kernels do not compile; .*says:\nno luck today"):
        relu()
    assert list(cache.iterdir()) == []


def test_a_compiler_that_does_not_know_the_processor_will_do(cache, monkeypatch, tmp_path):
    script = f'case "$*" in *native*) exit 1;; esac\nexec {c_compiler()} "$@"'
    monkeypatch.setenv("CC", compiler_script(tmp_path, script))
    assert np.array_equal(relu(), [0, 2])


def test_it_needs_a_c_compiler(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(BackendError, match=r"backend='c' needs a C compiler, but \$CC, cc, gcc and clang lead to none"):
        resolve("c")


@pytest.fixture
def no_numba(monkeypatch):
    monkeypatch.setattr(backend_module, "find_spec", lambda name: None)
    monkeypatch.setattr(backend_module, "_missing_device", lambda: "a GPU, but no device is visible")
    backend_module._c_builds.cache_clear()
    yield
    backend_module._c_builds.cache_clear()


def test_auto_is_c_without_numba(cache, no_numba):
    assert resolve("auto") == host_table() == "c"


def test_auto_is_numpy_without_numba_and_without_a_compiler(cache, no_numba, monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler")
    assert resolve("auto") == "numpy"


def test_auto_is_numpy_where_the_build_fails_and_one_warning_says_so(cache, no_numba, monkeypatch, tmp_path):
    monkeypatch.setenv("CC", compiler_script(tmp_path, "exit 1"))
    with pytest.warns(RuntimeWarning, match="the C kernels cannot be used, NumPy's take their place: .*not compile"):
        assert resolve("auto") == "numpy"
    assert resolve("auto") == host_table() == "numpy"


# --- every function of the source ------------------------------------------------------------------------


def test_every_function_is_called_with_the_arguments_that_it_declares(monkeypatch):
    """ctypes checks neither how many arguments there are nor of which kind."""
    declared = {}
    for name, parameters in re.findall(r"^EXPORT int (\w+)\(([^)]*)\)", "\n".join(read().values()), re.MULTILINE):
        kinds = ("array" if "*" in p else "double" if "double" in p else "whole" for p in parameters.split(","))
        declared[name] = list(kinds)
    called, run = {}, Library.run

    def calling(kernel):
        @hypothesis.settings(max_examples=1, database=None)
        @hypothesis.given(KERNEL_ARGUMENTS[kernel.__name__])
        def call(args):
            kernel(*args)

        return call

    def watched(self, name, *values):
        kinds = {np.ndarray: "array", float: "double", int: "whole"}
        called[name] = [kinds[type(value)] for value in values]
        run(self, name, *values)

    monkeypatch.setattr(Library, "run", watched)
    with backend("c"):
        for name in KERNEL_ARGUMENTS:
            calling(getattr(kernels, name))()
    assert called == declared


def test_no_images_and_no_samples():
    none, y = np.zeros((0, 5, 5, 2)), np.zeros(0, np.int64)
    w, z, one = np.ones((3, 3, 2, 4)), np.zeros((0, 3)), np.zeros(0)
    dy, argmax = np.zeros((0, 3, 3, 4)), np.zeros((0, 1, 1, 4), np.int32)
    pooled = np.zeros(argmax.shape)
    calls = {
        "softmax": (z,),
        "forward_cross_entropy": (z, y, T),
        "conv2d_forward": (none, w, np.ones(4), 1, 0),
        "conv2d_backward": (dy, none, w, 1, 0),
        "maxpool2d_forward": (none, 2),
        "conv2d_relu_maxpool2d_forward": (none, w, np.ones(4), 1, 0, 2),
        "conv2d_relu_maxpool2d_backward": (pooled, pooled, argmax, none, w, 1, 0, 2),
        "linear_forward": (z, T, T[0]),
        "linear_backward": (z, z, T),
        "relu_forward": (z,),
        "dropout_forward": (z, 0.5, 0, 0),
        "linear_sgd_epoch": (T, T[0], z, y, T, one, y, 3, 0.1, 0.0),
        "flip_rate_update": (T, z, y, one),
    }
    for name, args in calls.items():
        with backend("numpy"):
            expected = results(getattr(kernels, name), args)
        with backend("c"):
            found = results(getattr(kernels, name), args)
        for a, b in zip(found, expected, strict=True):
            assert a.shape == b.shape, name
            assert_close(name, a, b, 0)


def normal(*shape):
    return RNG.standard_normal(shape)


T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
LABELS, ORDER = RNG.integers(0, 3, 50), RNG.integers(0, 50, 90)
# More than is done at once: terms of a product, images of one part of a sum, groups of images, groups of a batch.
LARGE = {
    "linear_forward": (normal(7, 600), normal(600, 37), normal(37)),
    "conv2d_forward": (normal(20, 6, 5, 7), normal(3, 2, 7, 19), normal(19), 1, 1),
    "conv2d_backward_weights": (normal(20, 16, 17, 9), normal(20, 18, 19, 2), 3, 3, 1, 0),
    "linear_sgd_epoch": (normal(19, 3), normal(3), normal(50, 19), LABELS, T, RNG.random(50), ORDER, 23, 0.1, 0.2),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_cases(name):
    agree_on_a_large_case(name)


def agree_on_a_large_case(name):
    """Raise AssertionError unless the C kernel computes what NumPy does."""
    with backend("numpy"):
        expected = results(getattr(kernels, name), LARGE[name])
    with backend("c"):
        found = results(getattr(kernels, name), LARGE[name])
    for a, b in zip(found, expected, strict=True):
        assert_close(name, a, b, 1e-10)


def test_the_exponential_is_exact_to_a_few_roundings():
    """Softmax regression with one feature, weight 1 and two classes is exp(x) / (1 + exp(x)) in the gradient."""
    for dtype in (np.float32, np.float64):
        x = np.linspace(-40, 0, 999).astype(dtype)
        one, weight = np.ones((1, 1), dtype), np.ones(1, dtype)
        for value in x[::37]:
            w, T = np.array([[0, 1]], dtype), np.eye(2, dtype=dtype)
            args = (w, w[0] * 0, one * value, np.zeros(1, np.int64), T, weight, np.zeros(1, np.int64), 1, 1.0, 0.0)
            with backend("c"):
                _, b, _ = kernels.linear_sgd_epoch(*args)
            exact = -np.exp(np.float64(value)) / (1 + np.exp(np.float64(value)))
            assert abs(b[1] - exact) <= 4 * np.finfo(dtype).eps * abs(exact)


# --- threads ---------------------------------------------------------------------------------------------


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


# --- mutants ---------------------------------------------------------------------------------------------


def mutated(name, right, wrong):
    sources = read()
    assert sources[name].count(right) == 1, f"{name} has {right!r} {sources[name].count(right)} times"
    return sources | {name: sources[name].replace(right, wrong)}


def files_of(kernel):
    """The C files of a kernel's functions, besides threads.c and the headers: a mutant compiles in no time."""
    stem = re.sub(r"_(forward|backward|backward_weights)$", "", kernel)
    return {name for name, text in read().items() if re.search(rf"^EXPORT int {stem}\w*\(", text, re.MULTILINE)}


@pytest.mark.parametrize(("kernel", "name", "right", "wrong"), MUTANTS)
def test_mutants_are_caught(cache, monkeypatch, kernel, name, right, wrong):
    monkeypatch.setattr(c_library, "FOR_THIS_PROCESSOR", ("-march=native",))
    kept = files_of(kernel) | {"threads.c"}
    sources = {n: text for n, text in mutated(name, right, wrong).items() if n.endswith(".h") or n in kept}
    monkeypatch.setattr(c_table, "kernels", Library(sources))

    @hypothesis.settings(phases=[hypothesis.Phase.generate], database=None, derandomize=True, max_examples=300)
    @hypothesis.given(KERNEL_ARGUMENTS[kernel])
    def agree(args):
        assert_agree(kernel, getattr(kernels, kernel), args, np.float64)

    with pytest.raises(AssertionError), backend("c"):
        agree()
        if kernel in LARGE:
            agree_on_a_large_case(kernel)
