"""Building the CUDA source for the processor: on demand, by the system's C++ compiler, once for each version of it."""

import hashlib
import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from ...backend import BackendError, compiler

HERE = Path(__file__).parent
OPTIMISED = ("-O3", "-march=native", "-ffp-contract=fast", "-fopenmp-simd")
# Hidden names may be inlined; jumps between the stacks of a block's threads are what fortified longjmp forbids.
NEEDED = ("-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", "-w", "-U_FORTIFY_SOURCE")


def shared_library(source, kernels, real):
    """Path of the library that holds these kernels with `real` = float or double, built unless it is in the cache.

    Every kernel can be called as `launch_NAME(blocks, threads, its parameters)`. Raises BackendError.
    """
    program = "\n".join([(HERE / "on_cpu.h").read_text(), source, *(entry(kernel) for kernel in kernels)])
    command = [_compiler(), *NEEDED, *OPTIMISED, f"-Dreal={real}"]
    key = hashlib.sha256("\0".join([program, *command, _version(command[0])]).encode()).hexdigest()[:24]
    path = cache_folder() / f"kernels-{real}-{key}.so"
    if not path.exists():
        print(f"compiling the CUDA source for the processor ({real}), only this first time", file=sys.stderr)
        try:
            compile_program(program, [*command, "-fopenmp"], path)
        except BackendError:  # not every compiler has OpenMP; what else is wrong will show again
            compile_program(program, command, path)
    return path


def entry(kernel):
    """The C++ function that launches a kernel."""
    run = "run_blocks" if kernel.threads else "run_threads"
    names = ", ".join(parameter.name for parameter in kernel.parameters)
    return (
        f'extern "C" __attribute__((visibility("default"))) void launch_{kernel.name}(unsigned blocks, '
        f"unsigned threads, {kernel.declaration}) {{ {run}(blocks, threads, [=] {{ {kernel.name}({names}); }}); }}"
    )


def _compiler():
    found = compiler()
    if found is None:
        raise BackendError("backend='cuda_on_cpu' needs a C++ compiler, but $CXX, c++, g++ and clang++ lead to none")
    return found


def _version(path):
    """What the compiler says of itself and of the processor that -march=native stands for."""
    run = subprocess.run([path, "-march=native", "-E", "-v", "-x", "c++", os.devnull], capture_output=True, text=True)
    return run.stdout + run.stderr


def cache_folder():
    """scratchnoise/kernels in the user's cache folder, for nobody else to write to. Raises BackendError."""
    import pooch

    folder = Path(pooch.os_cache("scratchnoise")) / "kernels"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise BackendError(
            f"{folder} belongs to somebody else or others may write to it, so what lies there cannot be trusted; "
            "make it yours with chown and chmod 700, or let $XDG_CACHE_HOME name another folder"
        )
    return folder


def compile_program(program, command, path):
    """Build a C++ program: beside `path`, then renamed, so that two who build at once both get a whole file."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        source, built = Path(folder) / "kernels.cpp", Path(folder) / path.name
        source.write_text(program)
        run = subprocess.run([*command, str(source), "-o", str(built)], capture_output=True, text=True)
        if run.returncode:
            said = f"{' '.join(run.args)} says:\n{run.stderr.strip()}"
            raise BackendError(f"the CUDA source does not compile for the processor; {said}")
        built.replace(path)
