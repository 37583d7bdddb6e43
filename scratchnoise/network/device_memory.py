"""What training takes of a device's memory, and which batch size fits when that runs out."""

import copy
from contextlib import contextmanager

import numpy as np

from ..backend import DeviceMemoryError, arrays, on_device

SHARE = 0.9  # of the memory that may be planned with: the pool's blocks never fit perfectly


@contextmanager
def memory_explained(x, network=None, batch_size=1):
    """Where the device runs out of memory, raise DeviceMemoryError, which says what would fit.

    x (N, ...): the training data, all of which is sent. network: what is trained on it, a built Network; the error then
    names the largest batch_size / 2^k that fits.
    """
    try:
        yield
    except MemoryError as error:
        if not on_device():
            raise
        fixed, sample = training_bytes(x, network)
        raise DeviceMemoryError(_advice(fixed, sample, batch_size, device_memory())) from error


def device_memory():
    """Bytes of the device that this process has or could have."""
    cupy = arrays()
    free, _ = cupy.cuda.runtime.memGetInfo()
    return free + cupy.get_default_memory_pool().total_bytes()


def training_bytes(x, network=None):
    """(fixed, per sample of a batch): what training on x (N, ...) needs at least, in bytes.

    Fixed are the data and the parameters, with gradients, also side by side, and velocities. A sample takes its pixels
    and the output of every layer, where what forward drops again makes room for the gradients, and as much once more:
    a recorded step has memory of its own.
    """
    size, fixed = int(np.prod(x.shape[1:])), x.nbytes
    if network is not None:
        shape = x.shape[1:]
        for layer in copy.deepcopy(network).layers:
            shape = layer.build(shape, np.random.default_rng(0), x.dtype)
            size += int(np.prod(shape))
        fixed += 4 * network.n_parameters * x.itemsize
    return fixed, 2 * size * x.itemsize


def _advice(fixed, sample, batch_size, memory):
    halves = (batch_size >> k for k in range(1, batch_size.bit_length()))
    fits = next((half for half in halves if fixed + half * sample <= SHARE * memory), None)
    had = f"and the device has {_size(memory)} for this process"
    if fits is None:
        return (
            f"the data and the parameters take {_size(fixed)}, {had}: no batch_size helps; train on fewer samples or "
            "smaller ones, or use backend='numba'"
        )
    needed = _size(fixed + batch_size * sample)
    return f"batch_size={batch_size} takes about {needed}, {had}; batch_size={fits} should fit"


def _size(n_bytes):
    return f"{n_bytes / 1e9:.3g} GB" if n_bytes >= 1e9 else f"{n_bytes / 1e6:.3g} MB"
