"""A processor for the CUDA source that notices when a kernel writes next to an array."""

from weakref import WeakValueDictionary

import numpy as np

from scratchnoise.kernels.cuda_on_cpu_table import Processor

FENCE = 64  # numbers before and after each array: more than a row of the small ones, whose indices point one outside


_buffers = WeakValueDictionary()  # by id: what lies between fences, unlike a result of NumPy's


class Fenced(Processor):
    """Every array lies between two rows of ones. Whoever reads those computes with them; whoever changes them fails.

    launched: the names of the kernels that ran.
    """

    def __init__(self, source):
        super().__init__(source)
        self.launched = set()

    def empty(self, shape, dtype):
        return between_fences(super().empty(shape, dtype))

    def zeros(self, shape, dtype):
        return between_fences(super().zeros(shape, dtype))

    def to_device(self, array):
        return between_fences(array)

    def _run(self, name, blocks, threads, arguments):
        self.launched.add(name)
        super()._run(name, blocks, threads, arguments)
        for key, array in arguments.items():
            buffer = getattr(array, "base", None)
            if buffer is not None and _buffers.get(id(buffer)) is buffer:
                fences = np.concatenate([buffer[:FENCE], buffer[-FENCE:]])
                assert (fences == 1).all(), f"{name} wrote next to {key}"


def between_fences(array):
    """A copy of the array inside a longer one, which is its `base`."""
    buffer = np.ones(array.size + 2 * FENCE, array.dtype)
    buffer[FENCE:-FENCE] = array.ravel()
    _buffers[id(buffer)] = buffer
    return buffer[FENCE:-FENCE].reshape(array.shape)
