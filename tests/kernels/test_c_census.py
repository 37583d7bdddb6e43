"""The inner loops of the C kernels, compiled for processors that this one need not be: nothing goes through memory.

A tile that does not fit in the registers still computes the right numbers, several times slower.
"""

import platform
import re
import subprocess

import profiles
import pytest

from scratchnoise.backend import c_compiler
from scratchnoise.kernels.c import library

pytestmark = [
    pytest.mark.usefixtures("needs_c_compiler"),
    pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the targets are x86 processors"),
]
MULTIPLY_ADD = {"float": r"\tvfn?madd\w+ps\t", "double": r"\tvfn?madd\w+pd\t"}


def inner_loops(text, multiply_add):
    """The instructions of every loop without a loop in it that holds a multiply-add."""
    parts, loops = re.split(r"^(\.L\w+):", text, flags=re.MULTILINE), []
    for label, body in zip(parts[1::2], parts[2::2], strict=True):
        back = re.search(rf"^\tj\w+\t{re.escape(label)}$", body, re.MULTILINE)
        if back and re.search(multiply_add, body[: back.end()]):
            loops.append(re.findall(r"^\t[a-z].*", body[: back.end()], re.MULTILINE))
    return loops


def take_census(folder, name, target, rows, real):
    """Raise AssertionError unless the loops of a tile of rows x 2 vectors hold what they need and nothing else."""
    needed = [option for option in library.NEEDED if option not in ("-shared", "-Wall", "-Wextra")]
    command = [c_compiler(), *needed, *library.OPTIMISED, f"-march={target}", f"-Dreal={real}", "-S", "-o", "-", name]
    text = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout
    full = 0
    for loop in inner_loops(text, MULTIPLY_ADD[real]):
        count = sum(bool(re.match(MULTIPLY_ADD[real], line)) for line in loop)
        if count >= rows:  # else a loop that the compiler made vectors of by itself
            full += count == 2 * rows
            assert count in (rows, 2 * rows)
            assert not [line for line in loop if "%rsp" in line or "%rbp)" in line or "\tcall" in line]
            # a number of x for each multiply-add, and eight for the vectors, the list and the loop
            assert len(loop) <= 2 * count + 8
    assert full


@pytest.mark.parametrize("real", ["float", "double"])
@pytest.mark.parametrize(("target", "rows"), profiles.thinned([("x86-64-v3", 6), ("skylake-avx512", 8)]))
@pytest.mark.parametrize("name", ["convolution.c", "linear.c", "pooled_convolution.c"])
def test_tiles_stay_in_the_registers(name, target, rows, real):
    take_census(library.HERE, name, target, rows, real)


def test_a_tile_too_large_is_noticed(tmp_path):
    for name, text in library.read().items():
        (tmp_path / name).write_text(text.replace("BYTES = 32, ROWS = 6", "BYTES = 32, ROWS = 8"))
    with pytest.raises(AssertionError):
        take_census(tmp_path, "convolution.c", "x86-64-v3", 8, "float")
