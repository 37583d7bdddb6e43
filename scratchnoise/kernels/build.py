"""Building a shared library on first use, by the system's compiler, and keeping it: for the C and the CUDA sources.

A library is kept under a name that says what it was built from and what it contains:

    c-float - hash of sources, command, compiler and processor - hash of the library itself .so

So another source or another processor is another file, and a damaged file is noticed before it is loaded.
"""

import atexit
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from ..backend import BackendError


def shared_library(stem, what, sources, commands):
    """Path of the library built from these sources, compiled unless a whole one is kept.

    stem: the file's name begins so. what: what is being compiled, for the message. sources: file name -> text; those
    named *.c and *.cpp are compiled, the others are what they include. commands: compilers with their options, tried in
    this order, because not every compiler knows every option. Raises BackendError with what the last one says.
    """
    described = [*(f"{name}\0{text}" for name, text in sources.items()), *map(str, commands), _version(commands[0][0])]
    key = hashlib.sha256("\0".join(described).encode()).hexdigest()[:24]
    folder = kept_folder()
    for kept in folder.glob(f"{stem}-{key}-*.so"):
        if kept.name == _name(stem, key, kept):
            return kept
        kept.unlink(missing_ok=True)
    print(f"compiling {what}, only this first time", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=folder) as building:
        built = compile_sources(sources, commands, Path(building))
        # renamed when it is whole, so that two who build at once both get a whole file
        return built.replace(folder / _name(stem, key, built))


def compile_sources(sources, commands, folder):
    """Write the sources to a folder, compile them there, and return the path of the library. Raises BackendError."""
    for name, text in sources.items():
        (folder / name).write_text(text)
    programs, built = [name for name in sources if name.endswith((".c", ".cpp"))], folder / "kernels.so"
    for command in commands:
        run = subprocess.run([*command, *programs, "-o", built.name, "-lm"], capture_output=True, text=True, cwd=folder)
        if not run.returncode:
            return built
    raise BackendError(f"the kernels do not compile; {' '.join(map(str, run.args))} says:\n{run.stderr.strip()}")


def _name(stem, key, path):
    return f"{stem}-{key}-{hashlib.sha256(path.read_bytes()).hexdigest()[:24]}.so"


@cache
def _version(compiler):
    """What the compiler says of itself and of the processor that -march=native stands for."""
    run = subprocess.run([compiler, "-march=native", "-E", "-v", "-x", "c", os.devnull], capture_output=True, text=True)
    return run.stdout + run.stderr


def kept_folder():
    """`cache_folder()`, or where that cannot be written to, a folder of this process that ends with it."""
    try:
        folder = cache_folder()
        with tempfile.TemporaryDirectory(dir=folder):
            return folder
    except OSError as error:
        return _folder_of_this_process(str(error))


@cache
def _folder_of_this_process(reason):
    folder = Path(tempfile.mkdtemp(prefix="scratchnoise-"))  # its mode is 0o700
    atexit.register(_remove, folder, os.getpid())
    print(
        f"compiled kernels cannot be kept ({reason}), so every process compiles its own; let $XDG_CACHE_HOME name a "
        "folder that can be written to",
        file=sys.stderr,
    )
    return folder


def _remove(folder, owner):
    if os.getpid() == owner:  # a forked process leaves it to its parent
        shutil.rmtree(folder, ignore_errors=True)


def user_cache():
    """The folder scratchnoise in the user's cache, that of pooch; kernels are built where there is no pooch as well."""
    if sys.platform == "darwin":
        return Path("~/Library/Caches/scratchnoise").expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "scratchnoise"


def cache_folder():
    """scratchnoise/kernels in the user's cache folder, for nobody else to write to.

    Raises BackendError where others may write to it, OSError where it cannot be made.
    """
    folder = user_cache() / "kernels"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BackendError(
            f"{folder} belongs to somebody else or others may write to it, so what lies there cannot be trusted; "
            "make it yours with chown and chmod 700, or let $XDG_CACHE_HOME name another folder"
        )
    return folder
