"""Building the CUDA source for the processor: on demand, by the system's C++ compiler, once for each version of it."""

from pathlib import Path

from ...backend import BackendError, compiler
from .. import build

HERE = Path(__file__).parent
OPTIMISED = ("-O3", "-march=native", "-ffp-contract=fast", "-fopenmp-simd")
# Hidden names may be inlined; jumps between the stacks of a block's threads are what fortified longjmp forbids.
NEEDED = ("-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", "-w", "-U_FORTIFY_SOURCE")


def shared_library(source, kernels, real):
    """Path of the library that holds these kernels with `real` = float or double, built unless it is kept.

    Every kernel can be called as `launch_NAME(blocks, threads, its parameters)`. Raises BackendError.
    """
    program = "\n".join([(HERE / "on_cpu.h").read_text(), source, *(entry(kernel) for kernel in kernels)])
    command = [_compiler(), *NEEDED, *OPTIMISED, f"-Dreal={real}"]
    commands = [[*command, "-fopenmp"], command]  # not every compiler has OpenMP
    what = f"the CUDA source for the processor ({real})"
    return build.shared_library(f"cuda-{real}", what, {"kernels.cpp": program}, commands)


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
