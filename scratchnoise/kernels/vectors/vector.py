"""A vector type for numba: as many floats as fill 64 bytes, 16 of float32 or 8 of float64.

Five operations are enough for convolution: `load`, `store`, `zeros`, `multiply_add`, `total`. Each is a plain Python
function on small NumPy arrays (the twin), so a kernel written with them can be stepped through; numba sees the
same names and compiles them to LLVM vectors, which LLVM breaks up where the CPU has narrower registers.
"""

import numpy as np

BYTES = 64


def lanes(array):
    """Floats per vector: 16 for float32, 8 for float64."""
    return BYTES // array.itemsize


def load(array, index):
    """The vector at a place of an array counted flat, index : index + lanes. Nothing checks that it lies inside."""
    return array.reshape(-1)[index : index + lanes(array)].copy()


def store(array, index, vector):
    """Put a vector at a place of an array counted flat, which must be contiguous."""
    array.reshape(-1)[index : index + lanes(array)] = vector


def zeros(array):
    """A vector of zeros in the dtype of `array`."""
    return np.zeros(lanes(array), array.dtype)


def multiply_add(vector, factor, other):
    """vector + factor * other, rounded once where it is compiled; factor is a scalar or a vector."""
    return vector + factor * other


def total(vector):
    """The sum of a vector's entries."""
    return vector.sum()


try:
    from llvmlite import ir
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic, models, overload, register_jitable, register_model
except ImportError:  # the twin alone
    pass
else:
    LLVM = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}

    class Vector(types.Type):
        """numba's type of a vector: 64 bytes of one float dtype."""

        def __init__(self, dtype):
            self.dtype, self.count = dtype, BYTES * 8 // dtype.bitwidth
            super().__init__(name=f"Vector({dtype} x {self.count})")

        @property
        def llvm(self):
            """Its LLVM type, e.g. <16 x float>."""
            return ir.VectorType(LLVM[self.dtype], self.count)

    @register_model(Vector)
    class VectorModel(models.PrimitiveModel):
        """A vector is one LLVM value."""

        def __init__(self, manager, vector):
            super().__init__(manager, vector, vector.llvm)

    def pointer(context, builder, array_type, array, index, vector):
        """Address of array[index] as a pointer to a vector."""
        data = context.make_array(array_type)(context, builder, array).data
        return builder.bitcast(builder.gep(data, [index]), vector.llvm.as_pointer())

    @intrinsic
    def compiled_load(typing, array, index):
        vector = Vector(array.dtype)

        def generate(context, builder, signature, arguments):
            where = pointer(context, builder, array, *arguments, vector)
            return builder.load(where, align=array.dtype.bitwidth // 8)

        return vector(array, types.intp), generate

    @intrinsic
    def compiled_store(typing, array, index, vector):
        def generate(context, builder, signature, arguments):
            where = pointer(context, builder, array, arguments[0], arguments[1], vector)
            builder.store(arguments[2], where, align=array.dtype.bitwidth // 8)
            return context.get_dummy_value()

        return types.void(array, types.intp, vector), generate

    @intrinsic
    def compiled_zeros(typing, array):
        vector = Vector(array.dtype)
        return vector(array), lambda context, builder, signature, arguments: ir.Constant(vector.llvm, None)

    @intrinsic
    def compiled_multiply_add(typing, vector, factor, other):
        def generate(context, builder, signature, arguments):
            spread = arguments[1]
            if not isinstance(factor, Vector):
                nothing = ir.Constant(vector.llvm, ir.Undefined)
                everywhere = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), None)
                one = builder.insert_element(nothing, spread, ir.IntType(32)(0))
                spread = builder.shuffle_vector(one, nothing, everywhere)
            kind = f"v{vector.count}f{vector.dtype.bitwidth}"
            fma = ir.FunctionType(vector.llvm, [vector.llvm] * 3)
            fma = cgutils.get_or_insert_function(builder.module, fma, f"llvm.fma.{kind}")
            return builder.call(fma, [spread, arguments[2], arguments[0]])

        return vector(vector, factor if isinstance(factor, Vector) else vector.dtype, vector), generate

    @intrinsic
    def compiled_total(typing, vector):
        def generate(context, builder, signature, arguments):
            (part,), count = arguments, vector.count
            while count > 1:  # add the upper half to the lower: a short chain of additions, not a long one
                count //= 2
                halves = [ir.Constant(ir.VectorType(ir.IntType(32), count), [*range(i, i + count)]) for i in (0, count)]
                part = builder.fadd(*(builder.shuffle_vector(part, part, half) for half in halves))
            return builder.extract_element(part, ir.IntType(32)(0))

        return vector.dtype(vector), generate

    @overload(load)
    def _load(array, index):
        return lambda array, index: compiled_load(array, index)

    @overload(store)
    def _store(array, index, vector):
        return lambda array, index, vector: compiled_store(array, index, vector)

    @overload(zeros)
    def _zeros(array):
        return lambda array: compiled_zeros(array)

    @overload(multiply_add)
    def _multiply_add(vector, factor, other):
        return lambda vector, factor, other: compiled_multiply_add(vector, factor, other)

    @overload(total)
    def _total(vector):
        return lambda vector: compiled_total(vector)

    register_jitable(lanes)
