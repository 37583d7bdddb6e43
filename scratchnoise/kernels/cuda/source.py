"""The CUDA source, and what it says of itself: which kernels there are, and what each takes.

A parameter is declared as `const real *x /* N H W K */`: the comment gives the shape in terms of the kernel's other
parameters. Before a launch every argument is held against its declaration, so that a wrong array is an error: a kernel
itself would read past its end, or take its bytes for numbers of another type.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

FILES = ("losses.cu", "layers.cu", "normalisation.cu", "fused.cu", "tiles.cu")
MOST = 2**31  # numbers in an array: indices are 32-bit

_KERNEL = re.compile(r'^extern "C" __global__ void (?:__launch_bounds__\((\w+)\) )?(\w+)\(([^)]*)\)', re.MULTILINE)
_PARAMETER = re.compile(r"(?:const )?([\w ]+?) (\*?)(\w+)(?: /\* ([\w ]+) \*/)?")
_DTYPES = {"real": None, "double": np.float64, "int": np.int32, "long long": np.int64, "unsigned long long": np.uint64}


@dataclass(frozen=True)
class Parameter:
    """name; dtype, None for the type the kernel computes in; shape: names or numbers, None for a scalar.

    limits: the least and the largest value of a whole number, None for another.
    """

    name: str
    dtype: type | None
    shape: tuple | None
    limits: tuple | None


@dataclass(frozen=True)
class Kernel:
    """One kernel: its name, its parameters, how many threads a block must have (None: any number), its C parameters."""

    name: str
    parameters: tuple
    threads: int | None
    declaration: str

    def bind(self, arguments, array_type):
        """The arguments in order, scalars as NumPy's of the declared type, and the dtype that `real` has to be.

        arguments: name -> array or number. Raises TypeError or ValueError for what is not as declared. A training step
        launches some fifty kernels, so this has to take microseconds.
        """
        missing = [p.name for p in self.parameters if p.name not in arguments]
        if missing:
            raise TypeError(f"{self.name} also needs {', '.join(missing)}")
        real = self._real(arguments)
        values = []
        for parameter in self.parameters:
            value = arguments[parameter.name]
            if parameter.shape:
                self._check_array(parameter, value, array_type, real, arguments)
                values.append(value)
            else:
                if parameter.limits:
                    self._check_whole(parameter, value)
                values.append((parameter.dtype or real.type)(value))
        return values, real

    def _real(self, arguments):
        first = next(p.name for p in self.parameters if p.shape and p.dtype is None)
        real = getattr(arguments[first], "dtype", None)
        if real not in (np.float32, np.float64):
            raise TypeError(
                f"{first} of {self.name} is {real or type(arguments[first])}; it should be float32 or float64"
            )
        return real

    def _check_whole(self, parameter, value):
        least, most = parameter.limits
        if not least <= value <= most or value != int(value):
            raise ValueError(f"{parameter.name} of {self.name} is {value}; it should be a whole number, at most {most}")

    def _check_array(self, parameter, value, array_type, real, arguments):
        dtype, size = parameter.dtype or real, 1
        if not isinstance(value, array_type):
            wanted = f"{array_type.__module__}.{array_type.__name__}"
            raise TypeError(f"{parameter.name} of {self.name} is {_type_name(value)}; it should be {wanted}")
        if value.dtype != dtype:
            raise TypeError(f"{parameter.name} of {self.name} is {value.dtype}; it should be {np.dtype(dtype)}")
        if not value.flags.c_contiguous:
            raise ValueError(f"{parameter.name} of {self.name} is not C-contiguous; use ascontiguousarray")
        for length in parameter.shape:
            size *= int(length) if length.isdigit() else arguments[length]
        if value.size != size:
            wanted = " x ".join(f"{length} ({arguments.get(length, length)})" for length in parameter.shape)
            raise ValueError(f"{parameter.name} of {self.name} has shape {value.shape}; it should hold {wanted}")
        if size >= MOST:
            raise ValueError(f"{parameter.name} of {self.name} has {size} numbers; use smaller batches, below 2^31")


def _type_name(value):
    return f"{type(value).__module__}.{type(value).__name__}"


def read():
    """The whole source."""
    return "\n".join((Path(__file__).parent / name).read_text() for name in FILES)


def kernels_of(source):
    """Every kernel of a source: name -> Kernel."""
    found = {}
    for threads, name, declaration in _KERNEL.findall(source):
        parameters = tuple(_parameter(text.strip()) for text in declaration.split(","))
        count = int(re.search(rf"\b{threads} = (\d+)", source)[1]) if threads else None
        found[name] = Kernel(name, parameters, count, " ".join(declaration.split()))
    return found


def _parameter(text):
    kind, pointer, name, shape = _PARAMETER.fullmatch(text).groups()
    if bool(pointer) != bool(shape):
        raise ValueError(f"{text!r} in the CUDA source: a pointer, and only a pointer, has its shape in a comment")
    dtype = _DTYPES[kind] and np.dtype(_DTYPES[kind]).type
    limits = (int(np.iinfo(dtype).min), int(np.iinfo(dtype).max)) if dtype and issubclass(dtype, np.integer) else None
    return Parameter(name, dtype, tuple(shape.split()) if shape else None, limits)
