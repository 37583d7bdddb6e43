"""The choice of the kernel table: names, nesting, the environment, and what importing the package must not import."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import counted_device
import numpy as np
import pytest

import scratchnoise
from scratchnoise import kernels
from scratchnoise.backend import (
    BackendError,
    arrays,
    backend,
    compiler,
    current,
    host_table,
    on_device,
    resolve,
    table,
)

backend_module = sys.modules["scratchnoise.backend"]


@pytest.fixture
def no_device(monkeypatch):
    monkeypatch.setattr(backend_module, "_missing_device", lambda: "a GPU, but no device is visible")


@pytest.fixture
def no_numba(monkeypatch, no_device):
    monkeypatch.setattr(backend_module, "find_spec", lambda name: None)


def test_auto_is_numba_where_it_is_installed_and_compiles(monkeypatch, no_device):
    pytest.importorskip("numba")
    monkeypatch.setattr(backend_module, "find_spec", lambda name: object())
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "0")
    assert resolve() == resolve("numba") == "numba"
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert resolve() in ("c", "numpy") and resolve("numba") == "numba"  # to step through what it compiles


def test_auto_is_numpy_without_numba_and_a_compiler(monkeypatch, no_numba):
    monkeypatch.setattr(backend_module, "c_compiler", lambda: None)
    assert resolve("auto") == "numpy"
    with pytest.raises(BackendError, match="'numba' needs numba, which is not installed; use backend='c' or 'numpy'"):
        resolve("numba")


def test_auto_is_the_gpu_where_there_is_one_but_a_gpu_has_to_be_asked_for(monkeypatch):
    counted_device.install(monkeypatch)
    monkeypatch.delenv("SCRATCHNOISE_BACKEND", raising=False)
    assert resolve("auto") == "cupy"
    assert current() == host_table() in ("numba", "c", "numpy")  # NumPy's arrays go into every kernel
    monkeypatch.setenv("SCRATCHNOISE_BACKEND", "auto")
    assert current() == "cupy"
    with backend("auto"):
        assert on_device() and arrays() is sys.modules["cupy"]
    with backend("cuda_on_cpu" if compiler() else "loops"):
        assert not on_device() and arrays() is np


def cupy_with(count, compiler=(13, 0)):
    """A module `cupy` that finds so many devices and this version of NVRTC, or fails with the error given for one."""

    def find(found):
        if isinstance(found, Exception):
            raise found
        return found

    module = ModuleType("cupy")
    runtime, nvrtc = (
        SimpleNamespace(getDeviceCount=lambda: find(count)),
        SimpleNamespace(getVersion=lambda: find(compiler)),
    )
    module.cuda = SimpleNamespace(runtime=runtime, nvrtc=nvrtc)
    return module


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (None, r"CuPy, which cannot be imported.* 'scratchnoise\[gpu-cuda12\]' or 'scratchnoise\[gpu-cuda13\]', by"),
        (cupy_with(0), r"a GPU, but no device is visible; see what nvidia-smi and \$CUDA_VISIBLE_DEVICES show"),
        (cupy_with(RuntimeError("no driver")), r"a GPU, but no device is visible \(no driver\); see what"),
        (
            cupy_with(1, RuntimeError("no libnvrtc.so\nsearched in /usr")),
            r"NVRTC, CUDA's compiler, which CuPy cannot load \(no libnvrtc.so\); pip install 'scratch",
        ),
    ],
)
def test_what_a_gpu_needs_is_said(monkeypatch, module, message):
    monkeypatch.setitem(sys.modules, "cupy", module)
    backend_module._missing_device.cache_clear()
    try:
        with pytest.raises(BackendError, match=f"backend='cupy' needs {message}"):
            resolve("cupy")
        assert resolve("auto") != "cupy"
    finally:
        backend_module._missing_device.cache_clear()


def test_the_extras_that_the_message_names_exist():
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    for major in (12, 13):
        assert f'\ngpu-cuda{major} = ["cupy-cuda{major}x[ctk]>=' in project


def test_cuda_on_cpu_needs_a_compiler(monkeypatch, tmp_path):
    compiler_of_ours = tmp_path / "mycc"
    compiler_of_ours.write_text("")
    compiler_of_ours.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler_of_ours))
    assert compiler() == str(compiler_of_ours) and resolve("cuda_on_cpu") == "cuda_on_cpu"
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(BackendError, match=r"backend='cuda_on_cpu' needs a C\+\+ compiler, but \$CXX.* lead to none"):
        resolve("cuda_on_cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda"])
def test_other_names_of_a_gpu_lead_to_cupy(name):
    with pytest.raises(ValueError, match=f"backend='{name}' is unknown; did you mean 'cupy'"):
        resolve(name)


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(ValueError, match="backend='nunpy' is unknown; did you mean 'numpy'.*Known: auto, numpy, loops"):
        resolve("nunpy")


def test_blocks_nest_and_end_even_when_they_fail():
    with backend("numpy"):
        with pytest.raises(ZeroDivisionError), backend("loops"):
            assert current() == "loops"
            raise ZeroDivisionError
        assert current() == "numpy"
        with pytest.raises(ValueError, match="is unknown"), backend("typo"):
            pass
        with backend(None):
            assert current() == "numpy"


def test_a_kernel_asks_for_its_table_when_it_is_called():
    with backend("loops"):
        assert table().__name__ == "scratchnoise.kernels.loops_table"
    z, called = np.zeros((1, 2)), []
    with backend("numpy"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(table(), "softmax", lambda z: called.append("numpy"))
        kernels.softmax(z)
    assert called == ["numpy"]


def test_the_environment_decides_where_nothing_else_does(monkeypatch):
    monkeypatch.setenv("SCRATCHNOISE_BACKEND", "loops")
    assert current() == "loops"
    with backend("numpy"):
        assert current() == "numpy"
    monkeypatch.setenv("SCRATCHNOISE_BACKEND", "")
    assert current() == host_table()
    monkeypatch.setenv("SCRATCHNOISE_BACKEND", "looops")
    with pytest.raises(ValueError, match="did you mean 'loops'"):
        current()


def test_importing_the_package_imports_nothing_heavy():
    heavy = {"numba", "cupy", "matplotlib", "sklearn", "pooch", "hypothesis", "pandas"}
    code = f"import scratchnoise.models, sys; print(sorted({heavy} & set(sys.modules)))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


def test_every_public_name_is_there():
    import scratchnoise

    assert all(getattr(scratchnoise, name) is not None for name in dir(scratchnoise))
    with pytest.raises(AttributeError, match="no attribute 'nosuch'"):
        scratchnoise.nosuch  # noqa: B018


def test_the_public_name_is_the_function_whatever_was_imported_before():
    code = (
        "import scratchnoise.kernels.numpy_table, scratchnoise.backend\n"
        "with scratchnoise.backend('loops'):\n"
        "    from scratchnoise import backend, BackendError, SoftmaxRegression, noise, check\n"
        "print(callable(backend))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "True", run.stderr


def test_every_public_name_can_be_imported():
    for name in scratchnoise.__all__:
        assert getattr(scratchnoise, name) is not None
