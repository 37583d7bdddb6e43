"""The machine and the libraries that a figure belongs to.

`describe` belongs into a process with the environment of the timed ones: what a library may use is decided there.
"""

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from ..messages import nearest
from .environment import INSTRUCTIONS

LIBRARIES = ("numpy", "numba", "llvmlite", "torch", "scikit-learn")
# vector features, as people write them -> as LLVM and Linux spell them
FEATURES = {
    "SSE4.2": {"sse4.2", "sse4_2"},
    "AVX": {"avx"},
    "AVX2": {"avx2"},
    "FMA": {"fma"},
    "AVX-512": {"avx512f"},
    "NEON": {"neon", "asimd"},
    "SVE": {"sve"},
}
# instructions that one may restrict a timing to -> features that the processor must have
NEEDED = {"all": (), "avx2": ("AVX2", "FMA"), "sse4": ("SSE4.2",)}
# What LLVM makes of MULTIPLY_ADD tells which vectors it uses; the first pattern found counts.
VECTORS = {
    r"vfmadd.*zmm": "AVX-512",
    r"vfmadd.*ymm": "AVX2 and FMA",
    r"ymm": "AVX without FMA",
    r"xmm": "SSE without FMA",
    r"fmla": "NEON",
    r"": "no vectors that we know",
}
MULTIPLY_ADD = """
declare <16 x float> @llvm.fmuladd.v16f32(<16 x float>, <16 x float>, <16 x float>)
define <16 x float> @multiply_add(<16 x float> %a, <16 x float> %b, <16 x float> %c) {
  %sum = call <16 x float> @llvm.fmuladd.v16f32(<16 x float> %a, <16 x float> %b, <16 x float> %c)
  ret <16 x float> %sum
}"""


def describe():
    """The processor, and what the libraries of this process may use of it: a dict for JSON, None where unknown."""
    from joblib import cpu_count

    return {
        "processor": processor_name(),
        "features": features(),
        "cores": cpu_count(only_physical_cores=True),
        "processors": os.cpu_count(),
        "versions": {name: _version(name) for name in LIBRARIES},
        "numba_target": numba_target(),
        "torch_capability": torch_capability(),
        "environment": {name: os.environ[name] for name in INSTRUCTIONS["avx2"] if name in os.environ},
    }


def processor_name():
    """The model's name as the system gives it, or the architecture where it gives none."""
    if found := re.search(r"^model name\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE):
        return found[1]
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return platform.processor() or platform.machine()


def features():
    """The vector features by who reports them, "llvmlite" and "system": lists of names, None where it does not."""
    return {"llvmlite": _llvm_features(), "system": _system_features()}


def _llvm_features():
    if not find_spec("llvmlite"):
        return None
    from llvmlite import binding

    return _named({name for name, present in binding.get_host_cpu_features().items() if present})


def _system_features():
    found = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", _cpuinfo(), re.MULTILINE)
    return _named(set(found[1].split())) if found else None


def _named(flags):
    return [name for name, spellings in FEATURES.items() if spellings & flags]


def check_instructions(instructions):
    """Raises ValueError for an unknown name, and where the processor lacks them: it would kill a process."""
    if instructions not in INSTRUCTIONS:
        raise ValueError(f"instructions={instructions!r} is unknown; {nearest(instructions, INSTRUCTIONS)}")
    found = features()
    here = {*(found["llvmlite"] or ()), *(found["system"] or ())}
    if lacking := [name for name in NEEDED[instructions] if name not in here]:
        needed, has = " and ".join(lacking), ", ".join(sorted(here)) or "no vector instructions that we know"
        raise ValueError(f"instructions={instructions!r} needs a processor with {needed}; this one has {has}")


def numba_target():
    """What numba compiles for in this process: LLVM's name and the vectors, e.g. "haswell: AVX2 and FMA"."""
    if not find_spec("numba"):
        return None
    from llvmlite import binding
    from numba.core.registry import cpu_target

    triple, cpu, flags = cpu_target.target_context.codegen().magic_tuple()
    machine = binding.Target.from_triple(triple).create_target_machine(cpu=cpu, features=flags, opt=3)
    assembly = machine.emit_assembly(binding.parse_assembly(MULTIPLY_ADD))
    return f"{cpu}: " + next(name for pattern, name in VECTORS.items() if re.search(pattern, assembly))


def torch_capability():
    """The vectors that PyTorch's own kernels use in this process, in its words, e.g. "AVX2"."""
    if not find_spec("torch"):
        return None
    import torch

    return torch.backends.cpu.get_cpu_capability()


def _version(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _cpuinfo():
    try:
        return Path("/proc/cpuinfo").read_text()
    except OSError:
        return ""
