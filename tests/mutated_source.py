"""The CUDA source with a mutant in it, built for the processor: see mutants/cuda.py."""

import ctypes
import re

from fenced import Fenced

from scratchnoise.backend import compiler
from scratchnoise.kernels import build
from scratchnoise.kernels.cuda import build as cuda_build
from scratchnoise.kernels.cuda import source as cuda_source
from scratchnoise.kernels.cuda_on_cpu_table import c_types

SOURCE = cuda_source.read()
KERNELS = cuda_source.kernels_of(SOURCE)


def mutated(name, right, wrong):
    """The source with another text in one place: of the kernel itself, else of what it calls."""
    own = re.search(rf'^extern "C" __global__ [^\n]*\b{name}\(.*?^}}', SOURCE, re.MULTILINE | re.DOTALL)[0]
    text = own if right in own else SOURCE
    assert text.count(right) == 1, f"{text.count(right)} places for the mutant of {name} have {right!r}"
    return SOURCE.replace(text, text.replace(right, wrong))


def library_of(mutants, folder):
    """A library of all mutants, each in a namespace of its own, of which only the kernel in question is kept."""
    parts = [(cuda_build.HERE / "on_cpu.h").read_text()]
    for i, (name, right, wrong) in enumerate(mutants):
        source = mutated(name, right, wrong).replace('extern "C" __global__', "static")
        entry = cuda_build.entry(KERNELS[name]).replace(f"launch_{name}(", f"launch_{i}(", 1)
        parts.append(f"namespace mutant_{i} {{\n{source}\n{entry}\n}}")
    command = [compiler(), *cuda_build.NEEDED, "-O1", "-fpermissive", "-Dreal=double"]
    return ctypes.CDLL(str(build.compile_sources({"mutants.cpp": "\n".join(parts)}, [command], folder)))


class Mutated(Fenced):
    """The source in float64 with mutant number i of a library in the place of its kernel."""

    def __init__(self, mutants, i, name):
        super().__init__(SOURCE)
        right = self.library("float64")
        wrong = getattr(mutants, f"launch_{i}")
        wrong.argtypes = c_types(KERNELS[name], "float64")
        self.library = lambda real: _Either(f"launch_{name}", wrong, right)


class _Either:
    """A library, and another function in the place of one of its own."""

    def __init__(self, name, function, library):
        self.library = library
        setattr(self, name, function)

    def __getattr__(self, name):
        return getattr(self.library, name)
