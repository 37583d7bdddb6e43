"""How the C kernels are built: where they are kept, what is said when it does not work, and what `auto` makes of it."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import profiles
import pytest

from scratchnoise import kernels
from scratchnoise.backend import BackendError, backend, c_compiler, host_table, resolve
from scratchnoise.kernels import c_table
from scratchnoise.kernels.c import library as c_library
from scratchnoise.kernels.c.library import Library, read

backend_module = sys.modules["scratchnoise.backend"]
pytestmark = pytest.mark.usefixtures("needs_c_compiler")


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


@pytest.mark.slow
def test_it_compiles_without_a_warning(cache, tmp_path):
    for real in ("float", "double"):
        command = [c_compiler(), *c_library.NEEDED, "-O2", "-Werror", f"-Dreal={real}"]
        c_library.build.compile_sources(read(), [command], tmp_path)


def test_another_source_is_another_file(cache):
    first = c_library.shared_library(read(), "float")
    changed = read() | {"vector.h": read()["vector.h"] + "\n"}
    assert first != c_library.shared_library(changed, "float")
    assert first == c_library.shared_library(read(), "float")


DAMAGES = [lambda b: b[: len(b) // 2], lambda b: b"", lambda b: b[:-1] + bytes([b[-1] ^ 1])]


@pytest.mark.parametrize("damage", profiles.thinned(DAMAGES))
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
