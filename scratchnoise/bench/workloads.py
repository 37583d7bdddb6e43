"""What is timed, and every way of computing it: a ladder of our own rungs, and other libraries where installed.

A rung is a function from a workload's inputs to a call without arguments that returns its results as NumPy arrays,
images channels last. Before anything is timed, the results of every rung are compared with NumPy in float64.
"""

from dataclasses import dataclass, replace

import numpy as np

from .. import kernels
from ..backend import BackendError, backend, resolve
from ..losses import BackwardCorrected
from ..network import annex
from ..network.optim import SGD
from ..noise import MNIST06

LEARNING_RATE = 1e-3


@dataclass(frozen=True)
class Workload:
    """kind: "forward", "backward" (both gradients), "pass" (of softmax regression), "step" or "inference".

    samples: how many at full size; reduced: how many for a rung in plain Python; flop: per sample.
    """

    kind: str
    samples: int
    reduced: int
    flop: float
    shape: tuple = ()  # convolutions: H, K, R, F, pad
    robust: bool = False
    threads: int | None = None  # None: as many as the benchmark is told


def _convolution(H, K, R, F, pad):
    return 2 * (H + 2 * pad - R + 1) ** 2 * F * R * R * K


_LAYERS = {"conv1": (32, 3, 5, 32, 0), "conv2": (14, 32, 3, 64, 1), "conv3": (7, 64, 3, 128, 0)}
_ANNEX = sum(_convolution(*shape) for shape in _LAYERS.values()) + 2 * (3200 * 1024 + 1024 * 1024 + 1024 * 3)

WORKLOADS = {
    **{f"{n} forward": Workload("forward", 252, 1, _convolution(*s), s) for n, s in _LAYERS.items()},
    **{f"{n} backward": Workload("backward", 252, 1, 2 * _convolution(*s), s) for n, s in _LAYERS.items()},
    "MLR pass": Workload("pass", 16200, 200, 4 * 784 * 3),
    "rMLR pass": Workload("pass", 16200, 200, 4 * 784 * 3, robust=True),
    # the gradient of the first layer's input is not computed, by anybody
    "annex step": Workload("step", 252, 0, 3 * _ANNEX - _convolution(*_LAYERS["conv1"])),
    "annex inference": Workload("inference", 500, 0, _ANNEX),
}
WORKLOADS |= {f"{n}, one thread": replace(w, threads=1) for n, w in WORKLOADS.items() if w.shape}


def inputs(workload, n, dtype=np.float32):
    """The arrays of a workload for n samples, the same in every process."""
    rng = np.random.default_rng(0)
    if workload.shape:
        H, K, R, F, pad = workload.shape
        size = H + 2 * pad - R + 1
        draws = {"x": (n, H, H, K), "w": (R, R, K, F), "b": (F,), "dy": (n, size, size, F)}
    elif workload.kind == "pass":
        draws = {"x": (n, 784)}
    else:
        draws = {"x": (n, 32, 32, 3)}
    arrays = {name: rng.standard_normal(shape).astype(dtype) for name, shape in draws.items()}
    return arrays | {"y": rng.integers(0, 3, n)}


def ours(table):
    """The rung of one of our kernel tables; none where it cannot run here."""

    def rung(workload, a):
        if not _runs(table):
            return None
        with backend(table):
            call = _call(workload, a, a["x"].dtype)

        def run():
            with backend(table):
                return call()

        return run

    return rung


def _runs(table):
    try:
        resolve(table)
    except (BackendError, ValueError):
        return False
    return True


def _call(workload, a, dtype):
    if workload.kind == "forward":
        return lambda: (kernels.conv2d_forward(a["x"], a["w"], a["b"], 1, workload.shape[4]),)
    if workload.kind == "backward":
        return lambda: kernels.conv2d_backward(a["dy"], a["x"], a["w"], 1, workload.shape[4])
    if workload.kind == "pass":
        T = np.asarray(MNIST06 if workload.robust else np.eye(3), dtype)
        w, b, weight = np.zeros((784, 3), dtype), np.zeros(3, dtype), np.ones(len(a["x"]), dtype)
        order = np.random.default_rng(2).permutation(len(a["x"]))
        return lambda: kernels.linear_sgd_epoch(w, b, a["x"], a["y"], T, weight, order, 100, 0.1, 0.0)[:2]
    network = annex(3)
    network.build((32, 32, 3), np.random.default_rng(1), dtype)
    if workload.kind == "inference":
        return lambda: (network.logits(a["x"]),)
    optimiser, loss, step = SGD(network, LEARNING_RATE, 0.9), BackwardCorrected(MNIST06, "raw"), iter(range(10**9))

    def train():
        network.backward(loss.objective_grad(network.forward(a["x"], next(step)), a["y"]))
        optimiser.step()
        return tuple(optimiser.velocity.values())  # after the first step, these are the gradients

    return train


def cuda_threads(workload, a):
    """The rung of the CUDA source's simplest convolutions on the processor: one thread after another, no tiles."""
    if not workload.shape or not _runs("cuda_on_cpu"):
        return None
    from ..kernels.cuda.launches import Launches
    from ..kernels.cuda_on_cpu_table import processor

    simplest = Launches(processor)
    if workload.kind == "forward":
        return lambda: (simplest.conv2d_forward(a["x"], a["w"], a["b"], 1, workload.shape[4]),)
    return lambda: simplest.conv2d_backward(a["dy"], a["x"], a["w"], 1, workload.shape[4])


def compiled_loops(workload, a):
    """The rung of the plain convolution loops through numba, as numba_table would have them without vectors."""
    if not workload.shape or not _runs("numba"):
        return None
    import numba

    from ..kernels import numba_table  # noqa: F401  registers the helpers
    from ..kernels.loops import images as loops

    numba.extending.register_jitable(loops.out_size)
    if workload.kind == "forward":
        forward = numba.njit(error_model="numpy")(loops.conv2d_forward)
        return lambda: (forward(a["x"], a["w"], a["b"], 1, workload.shape[4]),)
    numba.extending.register_jitable(loops.conv2d_backward_weights)
    backward = numba.njit(error_model="numpy")(loops.conv2d_backward)
    return lambda: backward(a["dy"], a["x"], a["w"], 1, workload.shape[4])


RUNGS = {
    "Python loops": ours("loops"),
    "compiled loops": compiled_loops,
    "NumPy (im2col, BLAS)": ours("numpy"),
    "numba (vectors)": ours("numba"),
    "C (vectors)": ours("c"),
    "cuda_on_cpu (a thread an output)": cuda_threads,
    "cuda_on_cpu (tiles)": ours("cuda_on_cpu"),
}

# timed in one round only, with as many threads as the others have
SLOW = ("Python loops", "compiled loops", "cuda_on_cpu (a thread an output)", "cuda_on_cpu (tiles)")
# built by the system's compiler for this very processor, so no environment restricts them
NATIVE = ("C (vectors)", "cuda_on_cpu (a thread an output)", "cuda_on_cpu (tiles)")
