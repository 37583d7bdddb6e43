"""numba's side of the tiles: compiled code that calls a function of `tiles` gets the instructions of `emit`."""

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import lower_builtin, models, register_model, type_callable

from . import emit, tiles

FLOAT = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}


class Tile(types.Type):
    """numba's type of a tile: rows x vectors, each of so many lanes of a float dtype."""

    def __init__(self, dtype, rows, vectors):
        self.dtype, self.rows, self.vectors = dtype, rows, vectors
        self.vector = ir.VectorType(FLOAT[dtype], tiles.BYTES * 8 // dtype.bitwidth)
        super().__init__(name=f"Tile({dtype} x {self.vector.count}, {rows} x {vectors})")


@register_model(Tile)
class TileModel(models.PrimitiveModel):
    """For LLVM an array of vectors, which it takes apart into registers."""

    def __init__(self, manager, tile):
        super().__init__(manager, tile, ir.ArrayType(tile.vector, tile.rows * tile.vectors))


def compiles_to(twin, result):
    """Compile calls of `twin` by the decorated function; `result` finds the type that it returns from its arguments'.

    The decorated function takes LLVM's builder, the type of the result, and each argument as LLVM has it: a tile as
    rows of vectors, an array as the address of its data, a tuple as a list, a whole number as 64 bits.
    """

    def decorate(instructions):
        type_callable(twin)(lambda context: result)

        @lower_builtin(twin, types.VarArg(types.Any))
        def lower(context, builder, signature, arguments):
            given = [opened(context, builder, *pair) for pair in zip(signature.args, arguments, strict=True)]
            found = instructions(builder, signature.return_type, *given)
            if isinstance(signature.return_type, Tile):
                return closed(builder, signature.return_type, found)
            if isinstance(signature.return_type, types.UniTuple):
                return cgutils.pack_array(builder, found)
            return context.get_dummy_value() if found is None else found

        return instructions

    return decorate


def opened(context, builder, kind, value):
    """An argument as the instructions want it."""
    if isinstance(kind, Tile):
        vectors = cgutils.unpack_tuple(builder, value, kind.rows * kind.vectors)
        return [vectors[q : q + kind.vectors] for q in range(0, len(vectors), kind.vectors)]
    if isinstance(kind, types.Array):
        return context.make_array(kind)(context, builder, value).data
    if isinstance(kind, types.UniTuple):
        return cgutils.unpack_tuple(builder, value, kind.count)
    if isinstance(kind, types.Integer):
        return context.cast(builder, value, kind, types.intp)
    return value


def closed(builder, kind, rows):
    """A tile as the one value that numba passes on."""
    value = ir.Constant(ir.ArrayType(kind.vector, kind.rows * kind.vectors), ir.Undefined)
    for i, vector in enumerate(vector for row in rows for vector in row):
        value = builder.insert_value(value, vector, i)
    return value


def literal(*numbers):
    """Whether all numbers are known when the code is compiled, as the rows of a tile have to be."""
    return all(isinstance(number, types.IntegerLiteral) for number in numbers)


@compiles_to(tiles.lanes, lambda array: types.intp)
def _lanes(builder, result, array):
    """A constant: numba would read the size of an item from the array, and no loop over vectors had a known step."""
    return ir.IntType(64)(tiles.BYTES * 8 // emit.bits(array.type.pointee))


@compiles_to(tiles.pick, lambda array, index: array.dtype)
def _pick(builder, result, array, index):
    return builder.load(builder.gep(array, [index]))


@compiles_to(tiles.put, lambda value, array, index: types.void if value == array.dtype else None)
def _put(builder, result, value, array, index):
    builder.store(value, builder.gep(array, [index]))


@compiles_to(tiles.clamped, lambda places, first, last, rows: places_type(rows))
def _clamped(builder, result, places, first, last, rows):
    found = []
    for q in range(result.count):
        entry = builder.add(first, first.type(q))
        entry = builder.select(builder.icmp_signed("<", entry, last), entry, last)
        found.append(builder.load(builder.gep(places, [entry])))
    return found


@compiles_to(tiles.steps, lambda first, step, rows: places_type(rows))
def _steps(builder, result, first, step, rows):
    return [builder.add(first, builder.mul(step, step.type(q))) for q in range(result.count)]


def places_type(rows):
    """The type of as many places as a tile has rows."""
    return types.UniTuple(types.intp, rows.literal_value) if literal(rows) else None


@compiles_to(tiles.zeros, lambda array, rows, vectors: tile_type(array, rows, vectors))
def _zeros(builder, result, array, rows, vectors):
    return [[ir.Constant(result.vector, None)] * result.vectors] * result.rows


def tile_type(array, rows, vectors):
    """The type of a tile of rows x vectors in the dtype of an array."""
    return Tile(array.dtype, rows.literal_value, vectors.literal_value) if literal(rows, vectors) else None


@compiles_to(tiles.load, lambda array, at, offset, vectors: tile_type(array, types.literal(at.count), vectors))
def _load(builder, result, array, at, offset, vectors):
    return [emit.row_at(builder, builder.gep(array, [p]), offset, result.vectors, result.vector) for p in at]


@compiles_to(tiles.store, lambda tile, array, at, offset: types.void)
def _store(builder, result, tile, array, at, offset):
    for row, place in zip(tile, at, strict=True):
        emit.store_row(builder, row, builder.gep(array, [place]), offset)


@compiles_to(tiles.outer, lambda tile, x, at, offset, w, tap: tile)
def _outer(builder, result, *arguments):
    return emit.outer(builder, *arguments)


@compiles_to(tiles.inner, lambda tile, x, at, offset, w, columns, tap: tile)
def _inner(builder, result, *arguments):
    return emit.inner(builder, *arguments)


@compiles_to(tiles.add_scaled, lambda tile, factor, x, at, offset: tile)
def _add_scaled(builder, result, *arguments):
    return emit.add_scaled(builder, *arguments)


@compiles_to(tiles.store_totals, lambda tile, array: types.void)
def _store_totals(builder, result, tile, array):
    for i, vector in enumerate(vector for row in tile for vector in row):
        builder.store(emit.total(builder, vector), builder.gep(array, [ir.IntType(64)(i)]))


@compiles_to(tiles.exponential, lambda tile: tile)
def _exponential(builder, result, tile):
    return [[emit.exponential(builder, vector) for vector in row] for row in tile]
