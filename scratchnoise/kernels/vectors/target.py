"""The shape of a tile, chosen once for the processor that numba compiles for.

A tile has to fit in the processor's vector registers, with room for what it is multiplied by. One register too many,
and the inner loop writes to memory and reads back what it should have kept: three times slower.
"""

import re
from typing import NamedTuple


class Shape(NamedTuple):
    """Rows x vectors of a tile, the bytes of a vector, and the rows of a tile that has INNER_COLUMNS vectors."""

    rows: int
    vectors: int
    bytes: int
    inner_rows: int


INNER_COLUMNS = 3  # vectors in a row of the tiles that hold products of vectors with vectors: see `tiles.inner`


# What LLVM makes of one multiply-add of 64 bytes tells which registers there are; the first pattern found counts.
SHAPES = {
    r"vfmadd.*zmm": Shape(8, 2, 64, 8),  # AVX-512: 32 registers of 64 bytes
    r"vfmadd.*ymm": Shape(6, 2, 32, 4),  # AVX2 and FMA: 16 registers of 32 bytes
    r"fmla": Shape(8, 2, 16, 8),  # NEON: 32 registers of 16 bytes
    r"": Shape(6, 2, 16, 2),  # SSE2 and everything else: 16 registers of 16 bytes
}


def shape_of(triple, cpu, features):
    """The shape for a target in LLVM's words, for example ("x86_64-unknown-linux-gnu", "haswell", "+avx2,+fma")."""
    text = assembly(multiply_add_of_64_bytes(), triple, cpu, features)
    return next(shape for pattern, shape in SHAPES.items() if re.search(pattern, text))


def assembly(module, triple, cpu, features):
    """What LLVM makes of a module, given as LLVM's own text, for a target that need not be this machine."""
    from llvmlite import binding

    binding.initialize_all_targets()
    binding.initialize_all_asmprinters()
    machine = binding.Target.from_triple(triple).create_target_machine(cpu=cpu, features=features, opt=3)
    parsed = binding.parse_assembly(module)
    parsed.triple = triple
    parsed.data_layout = str(machine.target_data)
    return machine.emit_assembly(parsed)


def multiply_add_of_64_bytes():
    """A module with one function: a * b + c for vectors of 16 float32."""
    vector, multiply_add = "<16 x float>", "@llvm.fmuladd.v16f32"
    arguments = f"{vector} %a, {vector} %b, {vector} %c"
    return f"""
        declare {vector} {multiply_add}({vector}, {vector}, {vector})
        define {vector} @f({arguments}) {{
          %sum = call {vector} {multiply_add}({arguments})
          ret {vector} %sum
        }}"""


def chosen_shape():
    """The shape for numba's target, NUMBA_CPU_NAME and NUMBA_CPU_FEATURES included; the smallest without numba."""
    try:
        from numba.core.registry import cpu_target
    except ImportError:
        return SHAPES[""]
    return shape_of(*cpu_target.target_context.codegen().magic_tuple())


ROWS, VECTORS, BYTES, INNER_ROWS = chosen_shape()
