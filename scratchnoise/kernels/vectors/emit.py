"""The instructions of LLVM that the operations on tiles become. Unrolling happens here: a `for` in Python emits them.

A tile is here a list of rows, each a list of LLVM vectors; nothing of numba is needed, so that a test can compile the
same instructions for any processor.
"""

from math import factorial

from llvmlite import ir

INDEX = ir.IntType(32)
LN2 = {32: (0.693359375, -2.12194440e-4), 64: (6.93145751953125e-1, 1.42860682030941723212e-6)}
TERMS = {32: 7, 64: 13}  # of the Taylor series of exp(r), |r| <= log(2) / 2: what follows is below rounding
MANTISSA = {32: 23, 64: 52}  # bits after the point
SMALLEST = {32: -104.0, 64: -746.0}  # exp() of less is 0
LARGEST = {32: 89.0, 64: 710.0}  # exp() of more is infinite


def bits(number):
    """Bits of a type of floats."""
    return 32 if number == ir.FloatType() else 64


def call(builder, intrinsic, *vectors):
    """Call LLVM's own function of that name for the type of the vectors."""
    kind = vectors[0].type
    name = f"llvm.{intrinsic}.v{kind.count}f{bits(kind.element)}"
    signature = ir.FunctionType(kind, [kind] * len(vectors))
    function = builder.module.globals.get(name) or ir.Function(builder.module, signature, name)
    return builder.call(function, vectors)


def multiply_add(builder, a, b, c):
    """a * b + c: one instruction where the processor has it, else two. (`llvm.fma` would call the C library there.)"""
    return call(builder, "fmuladd", a, b, c)


def vector_at(builder, address, index, kind):
    """The vector that begins at address[index]; nothing checks that it lies inside."""
    return builder.load(vector_address(builder, address, index, kind), align=bits(kind.element) // 8)


def vector_address(builder, address, index, kind):
    """The address of address[index], as that of a vector."""
    return builder.bitcast(builder.gep(address, [index]), kind.as_pointer())


def spread(builder, number, kind):
    """A vector, all of whose entries are `number`."""
    nothing = ir.Constant(kind, ir.Undefined)
    everywhere = ir.Constant(ir.VectorType(INDEX, kind.count), None)
    return builder.shuffle_vector(builder.insert_element(nothing, number, INDEX(0)), nothing, everywhere)


def constant(kind, number):
    """A vector, all of whose entries are the same known number."""
    return ir.Constant(kind, [number] * kind.count)


def row_at(builder, address, index, vectors, kind):
    """So many vectors, one after the other."""
    starts = [builder.add(index, index.type(v * kind.count)) for v in range(vectors)]
    return [vector_at(builder, address, start, kind) for start in starts]


def store_row(builder, row, address, index):
    """Write vectors one after the other, from address[index] on."""
    for v, vector in enumerate(row):
        start = builder.add(index, index.type(v * vector.type.count))
        builder.store(
            vector, vector_address(builder, address, start, vector.type), align=bits(vector.type.element) // 8
        )


def add_products(builder, tile, left, right):
    """tile[q][v] + left[q] * right[v]: the one multiply-add of all micro-kernels."""
    return [
        [multiply_add(builder, a, b, c) for b, c in zip(right, row, strict=True)]
        for a, row in zip(left, tile, strict=True)
    ]


def outer(builder, tile, x, at, offset, w, tap):
    """`tiles.outer`: a number of x for each row, a row of w for all."""
    kind = tile[0][0].type
    right = row_at(builder, w, tap, len(tile[0]), kind)
    addresses = [builder.gep(builder.gep(x, [place]), [offset]) for place in at]
    products = add_products(builder, tile, [spread(builder, builder.load(a), kind) for a in addresses], right)
    finish_reading(builder)
    return products


def finish_reading(builder):
    """Let no later load be done before this point: no instruction, but LLVM takes it for one that writes to memory.

    It writes a loop out twice and would read for both times first, into more registers than there are.
    """
    builder.asm(ir.FunctionType(ir.VoidType(), []), "", "~{memory}", [], side_effect=True)


def inner(builder, tile, x, at, offset, w, columns, tap):
    """`tiles.inner`: a vector of x for each row, a vector of w for each column."""
    kind = tile[0][0].type
    right = [vector_at(builder, builder.gep(w, [place]), tap, kind) for place in columns]
    left = [vector_at(builder, builder.gep(x, [place]), offset, kind) for place in at]
    return add_products(builder, tile, left, right)


def add_scaled(builder, tile, factor, x, at, offset):
    """`tiles.add_scaled`: one number for all of the tile, a row of x for each row."""
    kind = tile[0][0].type
    factor = spread(builder, factor, kind)
    rows = [row_at(builder, builder.gep(x, [place]), offset, len(tile[0]), kind) for place in at]
    return [
        [multiply_add(builder, factor, b, c) for b, c in zip(new, row, strict=True)]
        for new, row in zip(rows, tile, strict=True)
    ]


def total(builder, vector):
    """The sum of a vector's entries: the upper half is added to the lower until one entry is left."""
    count = vector.type.count
    while count > 1:
        count //= 2
        halves = [ir.Constant(ir.VectorType(INDEX, count), [*range(i, i + count)]) for i in (0, count)]
        vector = builder.fadd(*(builder.shuffle_vector(vector, vector, half) for half in halves))
    return builder.extract_element(vector, INDEX(0))


def exponential(builder, x):
    """exp(x) = 2^n exp(r) with n = round(x / log 2), so that r = x - n log 2 is small enough for a short series."""
    kind = x.type
    width = bits(kind.element)
    for limit, sign in ((SMALLEST[width], "<"), (LARGEST[width], ">")):  # a NaN is neither, and stays
        limit = constant(kind, limit)
        x = builder.select(builder.fcmp_ordered(sign, x, limit), limit, x)
    shift = constant(kind, 1.5 * 2.0 ** MANTISSA[width])  # adding it rounds: floats that large are whole numbers
    shifted = multiply_add(builder, x, constant(kind, 1.4426950408889634), shift)
    n = builder.fsub(shifted, shift)
    r = x
    for part in LN2[width]:  # in two parts, because n times the first is exact
        r = multiply_add(builder, n, constant(kind, -part), r)
    series = constant(kind, 1 / factorial(TERMS[width]))
    for term in reversed(range(TERMS[width])):
        series = multiply_add(builder, series, r, constant(kind, 1 / factorial(term)))
    integers = ir.VectorType(ir.IntType(width), kind.count)
    n = builder.sub(builder.bitcast(shifted, integers), builder.bitcast(shift, integers))
    half = builder.ashr(n, constant(integers, 1))
    for power in (half, builder.sub(n, half)):  # in two steps, because 2^n alone may be too small or too large
        series = builder.fmul(series, power_of_two(builder, power, kind))
    return series


def power_of_two(builder, n, kind):
    """2^n for whole n, written into the bits of a float: the exponent, plus its bias, over an empty mantissa."""
    width = bits(kind.element)
    bias = 2 ** (width - MANTISSA[width] - 2) - 1
    exponent = builder.add(n, constant(n.type, bias))
    return builder.bitcast(builder.shl(exponent, constant(n.type, MANTISSA[width])), kind)
