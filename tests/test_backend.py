"""The choice of the kernel table: names, nesting, the environment, and what importing the package must not import."""

import subprocess
import sys

import numpy as np
import pytest

import scratchnoise
from scratchnoise import kernels
from scratchnoise.backend import BackendError, backend, current, resolve, table

backend_module = sys.modules["scratchnoise.backend"]


@pytest.fixture
def no_numba(monkeypatch):
    monkeypatch.setattr(backend_module, "find_spec", lambda name: None)


def test_auto_is_numba_where_it_is_installed(monkeypatch):
    monkeypatch.setattr(backend_module, "find_spec", lambda name: object())
    assert resolve() == resolve("numba") == "numba"


def test_auto_is_numpy_without_numba(no_numba):
    assert resolve("auto") == "numpy"
    with pytest.raises(BackendError, match="backend='numba' needs numba, which is not installed; use backend='numpy'"):
        resolve("numba")


@pytest.mark.parametrize("name", ["cupy", "gpu", "cuda"])
def test_a_gpu_that_is_not_there_is_refused(name):
    with pytest.raises(BackendError, match=f"backend='{name}' asks for a GPU.*use backend='auto'"):
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
        assert table().__name__ == "scratchnoise.kernels.loop_kernels"
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
    assert current() == resolve("auto")
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
        "import scratchnoise.kernels.numpy_kernels, scratchnoise.backend\n"
        "with scratchnoise.backend('loops'):\n"
        "    from scratchnoise import backend, BackendError, SoftmaxRegression, noise, check\n"
        "print(callable(backend))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.stdout.strip() == "True", run.stderr


def test_every_public_name_can_be_imported():
    for name in scratchnoise.__all__:
        assert getattr(scratchnoise, name) is not None
