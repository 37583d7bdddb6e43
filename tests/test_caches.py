"""numba's files: no folder to write them to, files that are damaged, and a numba that does not load."""

import shutil
from pathlib import Path

import numpy as np
import own_process
import profiles
import pytest

from scratchnoise import kernels
from scratchnoise.backend import backend
from scratchnoise.kernels import warm_up

Z = np.array([[0.5, -1.0, 2.0], [3.0, 0.0, -2.0]])
CALL = """
import numpy as np
from scratchnoise import kernels
from scratchnoise.backend import current
print(current(), kernels.softmax(kernels.relu_forward(np.array([[-1.0, 0.0, -2.0, -3.0]]))).tolist())
"""
QUARTERS = "[[0.25, 0.25, 0.25, 0.25]]"


@pytest.fixture
def package(tmp_path):
    """A copy of the package in which no cache can be kept, even by root: a file takes the place of each folder."""
    shutil.copytree(own_process.ROOT / "scratchnoise", tmp_path / "scratchnoise", ignore=lambda *_: ["__pycache__"])
    for folder in [path for path in tmp_path.rglob("*") if path.is_dir()]:
        (folder / "__pycache__").touch()
    return tmp_path


NOWHERE = {"HOME": "/dev/null", "XDG_CACHE_HOME": None, "NUMBA_CACHE_DIR": None}


@pytest.mark.slow
def test_without_a_folder_to_write_to_kernels_are_compiled_every_time(needs_compiled_numba, package):
    printed, errors = own_process.run(CALL, package, **NOWHERE)
    assert printed == f"numba {QUARTERS}"
    assert errors.count("set NUMBA_CACHE_DIR to a folder that can be written") == 1, errors


@pytest.mark.slow
def test_the_advice_about_the_folder_helps(needs_compiled_numba, package, tmp_path):
    printed, errors = own_process.run(CALL, package, **{**NOWHERE, "NUMBA_CACHE_DIR": str(tmp_path / "cache")})
    assert printed == f"numba {QUARTERS}" and "NUMBA_CACHE_DIR" not in errors
    assert list((tmp_path / "cache").rglob("*.nbc"))


@pytest.mark.slow
def test_a_second_process_compiles_meanwhile(needs_compiled_numba, tmp_path):
    """It starts when a kernel is missing; what it leaves on disk is loaded by others, and it ends with the block."""
    code = """
import time
from pathlib import Path
from scratchnoise.kernels.warm_up import second_compiler, warm_up
from scratchnoise.processes import processors
folder = Path({folder!r})
with second_compiler(["relu_forward"]):
    list(warm_up(["softmax"]))
    end = time.monotonic() + 120
    while processors() > 1 and not list(folder.rglob("*relu_forward*.nbc.sha256")) and time.monotonic() < end:
        time.sleep(0.1)
print(processors() > 1, len(list(folder.rglob("*relu_forward*.nbc"))))
"""
    printed, _ = own_process.run(code.format(folder=str(tmp_path)), NUMBA_CACHE_DIR=str(tmp_path))
    assert printed in ("True 1", "False 0")


# --- damaged files --------------------------------------------------------------------------------------------


@pytest.fixture
def cache(needs_compiled_numba, tmp_path, monkeypatch):
    """An empty folder for compiled kernels."""
    import numba

    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path


def fresh():
    """A kernel as a new process has it: nothing compiled or loaded yet."""
    from scratchnoise.kernels import loops_table, numba_table

    return numba_table.compiled(loops_table.softmax)


def right(kernel, z=Z):
    found = kernel(z)
    assert found.dtype == z.dtype
    np.testing.assert_allclose(found, np.exp(z) / np.exp(z).sum(axis=1, keepdims=True), rtol=1e-6)


DAMAGES = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "its last byte lost": lambda content: content[:-1],
    "zeros": lambda content: bytes(len(content)),
    "text": lambda content: b"<html>404 Not Found</html>",
    "another pickle": lambda content: b"\x80\x04N.",
}


@pytest.mark.parametrize("damage", profiles.thinned(DAMAGES))
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_a_damaged_file_is_replaced(cache, kind, damage):
    right(fresh())
    [file] = cache.rglob(f"*.{kind}")
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    right(fresh())
    again = fresh()
    right(again)
    assert sum(again.stats.cache_hits.values()) == 1  # what the second one wrote


@pytest.mark.slow
def test_code_with_a_wrong_bit_does_not_run(cache):
    """A file of the right form: without a checksum most of these are loaded, and one may end the process."""
    right(fresh())
    [file] = cache.rglob("*.nbc")
    content = file.read_bytes()
    for place in range(len(content) // 20, len(content), len(content) // 10):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        kernel = fresh()
        right(kernel)
        assert not kernel.stats.cache_hits


def test_a_changed_source_makes_the_cache_stale(cache, monkeypatch):
    """numba itself looks at the compiled function's own file, not at the helpers that it calls."""
    from scratchnoise.kernels import numba_cache

    right(fresh())
    monkeypatch.setattr(numba_cache, "source_stamp", lambda: "another version of some helper")
    changed = fresh()
    right(changed)
    assert not changed.stats.cache_hits and changed.stats.cache_misses


def test_a_number_set_from_outside_makes_the_cache_stale(cache, monkeypatch):
    """Code for a tile of another shape, kept as if it were for the usual one, reads outside of its arrays."""
    from scratchnoise.kernels import loops_table

    right(fresh())
    monkeypatch.setitem(loops_table.softmax.__globals__, "ROWS", 7)
    changed = fresh()
    right(changed)
    assert not changed.stats.cache_hits and changed.stats.cache_misses


def test_the_stamp_covers_every_source_that_is_compiled(needs_compiled_numba, monkeypatch, tmp_path):
    from scratchnoise.kernels import numba_cache, numba_table

    copy = tmp_path / "kernels"
    shutil.copytree(numba_cache.HERE, copy, ignore=lambda *_: ["__pycache__"])
    monkeypatch.setattr(numba_cache, "HERE", copy)
    stamp = numba_cache.source_stamp.__wrapped__
    dispatchers = [getattr(f, "shared", f) for f in vars(numba_table).values()]
    compiled = {f.py_func.__code__.co_filename for f in dispatchers if hasattr(f, "py_func")}
    assert len(compiled) > 3
    for source in [*compiled, numba_cache.HERE / "vectors" / "tiles.py", numba_cache.HERE / "loops" / "losses.py"]:
        before = stamp()
        edited = copy / str(source).split("/kernels/")[1]
        edited.write_text(edited.read_text() + "# edited\n")
        assert stamp() != before, f"{source} is compiled, but no part of the stamp"


def test_whoever_waits_for_compilation_is_told_once(cache, capfd):
    from scratchnoise.kernels import numba_cache

    numba_cache.say_that_it_compiles.cache_clear()
    right(fresh())
    right(fresh(), Z.astype(np.float32))
    assert capfd.readouterr().err == "compiling kernels for this processor; later runs find them on disk\n"
    numba_cache.say_that_it_compiles.cache_clear()
    right(fresh())
    assert capfd.readouterr().err == ""


def test_code_of_another_dtype_under_this_name_is_not_used(cache):
    """Two processes that compile one kernel for two dtypes at the same time can give both files one name."""
    right(fresh())
    [file] = cache.rglob("*.nbc")
    of_float64 = file.read_bytes()
    shutil.rmtree(file.parent)
    right(fresh(), Z.astype(np.float32))
    file.write_bytes(of_float64)
    for _ in range(2):
        kernel = fresh()
        right(kernel, Z.astype(np.float32))
    assert sum(kernel.stats.cache_hits.values()) == 1  # the second time, what the first wrote


@pytest.mark.filterwarnings("error")
def test_a_folder_that_is_gone_or_full_costs_a_warning_and_not_the_result(cache):
    kernel = fresh()
    shutil.rmtree(cache)
    cache.touch()  # a file now: nothing can be written below it
    with pytest.warns(RuntimeWarning, match=f"cannot keep compiled kernels in {cache}.*; delete that folder, or set"):
        right(kernel)
    right(kernel, Z.astype(np.float32))  # said once, and otherwise this would be an error


# --- numba that does not load ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        "raise ImportError('Numba needs NumPy 2.2 or less. Got NumPy 2.4.')",
        "raise OSError('Could not find libllvmlite.so')",
        "raise SystemError()",
        "__version__ = '0.1'  # without njit",
    ],
)
def test_auto_passes_over_a_numba_that_cannot_be_imported(tmp_path, broken):
    (tmp_path / "numba.py").write_text(broken)
    code = CALL + (
        "from scratchnoise.backend import BackendError, resolve\n"
        "print(resolve('auto'))\n"
        "try:\n"
        "    resolve('numba')\n"
        "except BackendError as error:\n"
        "    print(error)\n"
    )
    path = f"{tmp_path}:{own_process.ROOT}"
    printed, errors = own_process.run(code, PYTHONPATH=path, SCRATCHNOISE_BACKEND=None)
    first, auto, refused = printed.splitlines()
    assert first == f"{auto} {QUARTERS}" and auto != "numba"
    assert refused.startswith("backend='numba' needs numba, which is installed but cannot be imported (")
    assert errors.count("kernels cannot use numba") == 1, errors


def test_kernels_are_built_beside_the_data_without_pooch(monkeypatch, tmp_path):
    import pooch

    from scratchnoise.kernels import build

    assert build.user_cache() == Path(pooch.os_cache("scratchnoise"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert build.user_cache() == Path(pooch.os_cache("scratchnoise"))


# --- a second process ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("processors", "quota"), [(1, np.inf), (4, 0.5)])
def test_no_second_process_where_there_is_no_second_processor(cache, monkeypatch, processors, quota):
    monkeypatch.setattr(warm_up, "processors", lambda: processors)
    monkeypatch.setattr(warm_up, "quota", lambda: quota)
    monkeypatch.setattr(warm_up.subprocess, "Popen", None)
    with backend("numba"), warm_up.second_compiler(warm_up.LINEAR):
        right(fresh())


def test_no_second_process_where_everything_is_on_disk(cache, monkeypatch):
    right(fresh())
    monkeypatch.setattr(warm_up, "processors", lambda: 2)
    monkeypatch.setattr(warm_up, "quota", lambda: np.inf)
    monkeypatch.setattr(warm_up.subprocess, "Popen", None)
    with backend("numba"), warm_up.second_compiler(warm_up.LINEAR):
        right(fresh())
    with pytest.raises(TypeError), backend("numba"), warm_up.second_compiler(warm_up.LINEAR):
        right(fresh(), Z.astype(np.float32))  # which is not


def test_no_second_process_of_a_frozen_program(cache, monkeypatch):
    monkeypatch.setattr(warm_up, "processors", lambda: 2)
    monkeypatch.setattr(warm_up, "quota", lambda: np.inf)
    monkeypatch.setattr(warm_up.subprocess, "Popen", None)
    monkeypatch.setattr(warm_up.sys, "frozen", True, raising=False)
    with backend("numba"), warm_up.second_compiler(warm_up.LINEAR):
        right(fresh())


def test_no_second_process_for_another_table(monkeypatch):
    monkeypatch.setattr(warm_up.subprocess, "Popen", None)
    with backend("numpy"), warm_up.second_compiler(warm_up.LINEAR):
        kernels.softmax(Z)
