"""The inner loops, counted: what LLVM makes of them for processors that need not be here.

A tile that does not fit in the registers, a call of the C library or a question about each index cost more than half of
the speed, and no result is wrong: only the instructions tell.
"""

import re

import numpy as np
import pytest

from scratchnoise.kernels.vectors import (
    convolution,
    frames,
    linear,
    pooled_convolution,
    softmax_regression,
    target,
    tiles,
)

numba = pytest.importorskip("numba")
ir = pytest.importorskip("llvmlite.ir")
emit = pytest.importorskip("scratchnoise.kernels.vectors.emit")
pytest.importorskip("scratchnoise.kernels.numba_table")

LINUX, ARM_LINUX, APPLE = "x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", "arm64-apple-macosx"
TARGETS = {  # LLVM's words for it, and the shape that belongs to it
    "SSE": ((LINUX, "x86-64-v2", ""), target.Shape(6, 2, 16, 2)),
    "AVX without multiply-add": ((LINUX, "sandybridge", ""), target.Shape(6, 2, 16, 2)),
    "AVX2": ((LINUX, "x86-64-v3", ""), target.Shape(6, 2, 32, 4)),
    "an AVX-512 processor told to be older": ((LINUX, "haswell", ""), target.Shape(6, 2, 32, 4)),
    "AVX-512, Skylake": ((LINUX, "skylake-avx512", ""), target.Shape(8, 2, 64, 8)),
    "AVX-512, Zen 4": ((LINUX, "znver4", ""), target.Shape(8, 2, 64, 8)),
    "AVX-512, Zen 5": ((LINUX, "znver5", ""), target.Shape(8, 2, 64, 8)),
    "Zen 4 whose AVX-512 is switched off": ((LINUX, "znver4", "-avx512f"), target.Shape(6, 2, 32, 4)),
    "Apple M1": ((APPLE, "apple-m1", ""), target.Shape(8, 2, 16, 8)),
    "Neoverse": ((ARM_LINUX, "neoverse-n1", ""), target.Shape(8, 2, 16, 8)),
}
TILES_OF = {name: pytest.param(*of, id=name) for name, of in TARGETS.items()}
FLOATS = {"float32": ir.FloatType(), "float64": ir.DoubleType()}
INT = ir.IntType(64)


@pytest.mark.parametrize(("processor", "shape"), TILES_OF.values())
def test_the_shape_that_is_chosen(processor, shape):
    assert target.shape_of(*processor) == shape


class Loop:
    """A function of LLVM with one loop, around the instructions of a micro-kernel.

    arguments: the arrays x and w, where the rows and columns begin, and how often to run. `step` gets the builder, the
    tile as the last run left it, x, w, the rows' places, the columns' places and the number of the run.
    """

    def __init__(self, number, lanes, rows, vectors, columns=0):
        self.kind = ir.VectorType(number, lanes)
        self.rows, self.vectors, self.columns = rows, vectors, columns
        pointers = [number.as_pointer()] * 3
        self.module = ir.Module("loop")
        signature = ir.FunctionType(ir.VoidType(), [*pointers, *[INT] * (rows + columns), INT])
        self.function = ir.Function(self.module, signature, "loop")
        for pointer in self.function.args[:3]:
            pointer.add_attribute("noalias")

    def text(self, step):
        """The module with that step, as text."""
        x, w, out, *places, count = self.function.args
        before, body, after = (self.function.append_basic_block(name) for name in ("before", "body", "after"))
        ir.IRBuilder(before).branch(body)
        builder = ir.IRBuilder(body)
        run = builder.phi(INT)
        tile = [[builder.phi(self.kind) for _ in range(self.vectors)] for _ in range(self.rows)]
        new = step(builder, tile, x, w, places[: self.rows], places[self.rows :], run)
        following = builder.add(run, INT(1))
        builder.cbranch(builder.icmp_signed("<", following, count), body, after)
        run.add_incoming(INT(0), before)
        run.add_incoming(following, body)
        for phi, value in zip(sum(tile, []), sum(new, []), strict=True):
            phi.add_incoming(ir.Constant(self.kind, None), before)
            phi.add_incoming(value, body)
        builder = ir.IRBuilder(after)
        emit.store_row(builder, sum(new, []), out, INT(0))
        builder.ret_void()
        return str(self.module)


def census(assembly):
    """Of the innermost loop: its multiply-adds, the instructions with vectors and without, vectors on the stack, calls.

    A number or an address that is read from the stack counts as one of the instructions without vectors: with 11 such
    addresses, two of them on the stack, products of vectors ran at the same speed as with none.
    """
    lines = [re.split(r"#|//|;", line)[0].rstrip() for line in assembly.splitlines()]
    labels = {line.split(":")[0].strip(): i for i, line in enumerate(lines) if re.match(r"[.\w$]+:", line)}
    loops = []
    for i, line in enumerate(lines):
        jump = re.match(r"\s+(?:j\w+|b(?:\.\w+)?|cbn?z|tbn?z)\s+(?:.*,\s*)?([.\w$]+)$", line)
        if jump and labels.get(jump[1], i) < i:
            loops.append(range(labels[jump[1]], i + 1))
    innermost = [loop for loop in loops if not any(other != loop and other[-1] in loop for other in loops)]
    bodies = [[lines[i].strip() for i in loop if lines[i][:1].isspace()] for loop in innermost]
    body = max(bodies, key=multiply_adds)
    instructions = [line for line in body if line and not line.startswith(".")]
    with_vectors = [line for line in instructions if re.search(r"%[xyz]mm|\b[vq]\d", line)]
    return {
        "multiply-adds": multiply_adds(body),
        "fused": multiply_adds(body) and not any(re.match(r"v?mulp", line) for line in body),
        "vectors": len(with_vectors),
        "others": len(instructions) - len(with_vectors),
        "stack": sum(bool(re.search(r"\(%rsp\)|\[sp", line)) for line in with_vectors),
        "calls": sum(bool(re.match(r"(callq?|blr?)\b", line)) for line in body),
    }


def multiply_adds(lines):
    """How many instructions multiply vectors and add, counted by their multiplication where these are two."""
    return sum(bool(re.match(r"\s*(vfn?madd\w*p[sd]|fmla\S*|v?mulp[sd])\s", line)) for line in lines)


def outer_step(builder, tile, x, w, rows, columns, run):
    width = len(tile[0]) * tile[0][0].type.count
    return emit.outer(builder, tile, x, rows, run, w, builder.mul(run, INT(width)))


def inner_step(builder, tile, x, w, rows, columns, run):
    offset = builder.mul(run, INT(tile[0][0].type.count))
    return emit.inner(builder, tile, x, rows, offset, w, columns, offset)


def scaled_step(builder, tile, x, w, rows, columns, run):
    return emit.add_scaled(builder, tile, builder.load(builder.gep(w, [run])), x, rows, run)


def count(processor, number, bytes, rows, vectors, step, columns=0):
    """The census of a micro-kernel with a tile of rows x vectors."""
    lanes = bytes // (4 if number == FLOATS["float32"] else 8)
    text = Loop(number, lanes, rows, vectors, columns).text(step)
    return census(target.assembly(text, *processor))


STEPS = {
    "outer": lambda shape: (shape.rows, shape.vectors, outer_step),
    "inner": lambda shape: (shape.inner_rows, target.INNER_COLUMNS, inner_step, target.INNER_COLUMNS),
    "add_scaled": lambda shape: (shape.rows, shape.vectors, scaled_step),
}


def assert_in_registers(found, rows, columns):
    """Raise AssertionError unless a loop around a tile does nothing but load vectors, multiply, add and count.

    With vectors: a load for each row and column, and one instruction for each product, or three where multiplication,
    addition and a copy are separate. Without: an address for each load, and six for the loop. LLVM may have written
    several runs of the loop one after the other.
    """
    products, loads = rows * columns, rows + columns
    runs, rest = divmod(found["multiply-adds"], products)
    assert runs > 0 and rest == 0, found
    assert found["stack"] == found["calls"] == 0, found
    assert found["vectors"] <= runs * (products * (1 if found["fused"] else 3) + loads), found
    assert found["others"] <= runs * loads + 6, found


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize(("processor", "shape"), TILES_OF.values())
def test_a_tile_stays_in_registers(processor, shape, name, dtype):
    rows, vectors, *step = STEPS[name](shape)
    assert_in_registers(count(processor, FLOATS[dtype], shape.bytes, rows, vectors, *step), rows, vectors)


def test_a_multiply_add_that_must_be_fused_is_noticed(monkeypatch):
    """Without the instruction it is a call of the C library for every number."""
    monkeypatch.setattr(emit, "multiply_add", lambda builder, *vectors: emit.call(builder, "fma", *vectors))
    processor, shape = TARGETS["SSE"]
    found = count(processor, FLOATS["float32"], shape.bytes, shape.rows, shape.vectors, outer_step)
    assert found["calls"] > 0
    with pytest.raises(AssertionError):
        assert_in_registers(found, shape.rows, shape.vectors)


@pytest.mark.parametrize("name", ["SSE", "AVX2"])
def test_a_tile_that_is_too_large_is_noticed(name):
    processor, shape = TARGETS[name]
    found = count(processor, FLOATS["float32"], shape.bytes, shape.rows + 2, shape.vectors, outer_step)
    assert found["stack"] > 0


def test_the_tile_of_another_processor_is_noticed():
    """8 x 2 vectors of 64 bytes fit AVX-512; on AVX2 they are twice the registers."""
    found = count(TARGETS["AVX2"][0], FLOATS["float32"], 64, 8, 2, outer_step)
    assert found["stack"] > 0


@pytest.mark.parametrize(("processor", "shape"), TILES_OF.values())
def test_an_index_that_may_count_from_the_end_is_noticed(processor, shape):
    def step(builder, tile, x, w, rows, columns, run):
        size, places = INT(1000), []
        for place in rows:
            index = builder.add(place, run)
            negative = builder.icmp_signed("<", index, INT(0))
            places.append(builder.select(negative, builder.add(index, size), index))
        width = shape.vectors * tile[0][0].type.count
        return emit.outer(builder, tile, x, places, INT(0), w, builder.mul(run, INT(width)))

    found = count(processor, FLOATS["float32"], shape.bytes, shape.rows, shape.vectors, step)
    with pytest.raises(AssertionError):
        assert_in_registers(found, shape.rows, shape.vectors)


def kernels_on_this_machine():
    """The kernels' functions with an inner loop, arguments for them, and rows and columns of the tile: a list."""
    x, places = np.zeros(4096, np.float32), np.zeros(8, np.int64)
    blocks = np.zeros((1, 9, target.VECTORS * tiles.lanes(x)), np.float32)
    windows = frames.Windows(places, places, np.zeros((2, 4), np.int64), 9, 1, 9)
    z, tails = x[:24].reshape(8, 3), x[:256].reshape(8, 32)
    rows, weights, starts = x[:1024].reshape(8, 128), x[:384].reshape(3, 128), np.zeros(8, np.int64)
    tile, narrow = (target.ROWS, target.VECTORS), (target.INNER_ROWS, target.INNER_COLUMNS)
    return [
        (convolution.convolve_tiles, (x, blocks, x[:8], x, windows), tile),
        (convolution.convolve_few, (x, blocks, x[:8], x, windows), narrow),
        (convolution.correlate, (x, 64, x[:72], 8, 72, x[:8].reshape(1, 1, 8), places, places), tile),
        (pooled_convolution.add_windows, (x, places, x, places, x), tile),
        (linear.product, (x, (1, 1), x, (1, 1), 8, x[:8], rows), tile),
        (softmax_regression.logits_of, (rows, starts, tails, weights, x[:3], z), narrow),
        (softmax_regression.add_products, (z.reshape(3, 8), rows, starts, tails, weights), (3, target.VECTORS)),
    ]


@pytest.mark.parametrize(("kernel", "arguments", "tile"), kernels_on_this_machine())
def test_the_kernels_of_this_machine(kernel, arguments, tile):
    """What numba makes of the real source."""
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled")
    compiled = numba.njit(error_model="numpy")(kernel)
    compiled.compile(tuple(numba.typeof(argument) for argument in arguments))
    (assembly,) = compiled.inspect_asm().values()
    assert_in_registers(census(assembly), *tile)
