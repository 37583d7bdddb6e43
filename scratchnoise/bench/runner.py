"""Timing side by side: processes of their own, taking turns; correctness first; medians and ratios."""

import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from .competitors import COMPETITORS
from .environment import environment
from .worker import CHECKED
from .workloads import NATIVE, RUNGS, SLOW, WORKLOADS, inputs, ours

PAUSE = 0.1  # seconds between turns: idle threads of the BLAS that went before still spin for tens of milliseconds


class WrongResult(ArithmeticError):
    """A rung computes something else than NumPy does in float64: its time would mean nothing."""


def measure(workload_name, threads, rounds=5, calls=5, rungs=None, instructions="all"):
    """Time every rung of one workload, taking turns: a list of dicts, one a rung.

    rung, threads, seconds (median of the rounds' medians), gflops, samples, ratio (to the fastest PyTorch of the same
    round, median of the rounds; None without PyTorch), processor_share (processor time / wall time, median of the
    rounds), peak_memory in bytes. A workload of one thread ignores `threads`. Raises WrongResult.
    """
    threads = WORKLOADS[workload_name].threads or threads
    names = _rungs(workload_name, instructions)
    workers = [Worker(name, workload_name, threads, instructions) for name in names if rungs is None or name in rungs]
    try:
        workers = [worker for worker in workers if worker.ready()]
        for worker in workers:
            worker.check()
            worker.time(1)  # warm
        timings = {worker.name: [] for worker in workers}
        for _ in range(rounds):
            for worker in workers:
                slow = worker.name in SLOW
                if not (slow and timings[worker.name]):
                    timings[worker.name].append(worker.time(1 if slow else calls))
        memory = {worker.name: worker.stop() for worker in workers}
    finally:
        for worker in workers:
            worker.process.kill()
    return [_row(name, workload_name, timings, memory[name]) | {"threads": threads} for name in timings]


def _rungs(workload_name, instructions):
    """Names of all rungs that may have this workload and can be restricted to these instructions."""
    installed = (name for name, (module, _) in COMPETITORS.items() if find_spec(module))
    left_out = SLOW if WORKLOADS[workload_name].threads else ()
    if instructions != "all":
        left_out = (*left_out, *NATIVE)
    return [name for name in (*RUNGS, *installed) if name not in left_out]


def _row(name, workload_name, timings, memory):
    workload = WORKLOADS[workload_name]
    samples = workload.reduced if name == "Python loops" else workload.samples
    times = {rung: [timing.seconds for timing in found] for rung, found in timings.items()}
    seconds = statistics.median(times[name])
    rivals = [values for rival, values in times.items() if rival.startswith("PyTorch")]
    ratio = None
    if rivals and samples == workload.samples and len(times[name]) == len(rivals[0]):
        best = min(rivals, key=statistics.median)
        ratio = statistics.median(own / other for own, other in zip(times[name], best, strict=True))
    gflops = workload.flop * samples / seconds / 1e9
    share = statistics.median(timing.processor_share for timing in timings[name])
    found = {"workload": workload_name, "rung": name, "samples": samples, "seconds": seconds, "gflops": gflops}
    return found | {"ratio": ratio, "processor_share": share, "peak_memory": memory}


class Timing(NamedTuple):
    """Median wall time of some calls, and their processor time / wall time, all threads together."""

    seconds: float
    processor_share: float


class Worker:
    """A rung in its own process. threads: None for as many as a user gets."""

    def __init__(self, name, workload_name, threads=None, instructions="all"):
        self.name, self.workload_name = name, workload_name
        command = [sys.executable, "-m", "scratchnoise.bench.worker", name, workload_name]
        pipe, variables = subprocess.PIPE, environment(threads, instructions)
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=variables)

    def ready(self):
        """Whether this rung computes this workload at all."""
        ready = self.process.stdout.readline().strip() == "ready"
        if not ready:
            self.process.kill()
        return ready

    def ask(self, request):
        """Send a line, return the answer."""
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        if not answer:
            raise RuntimeError(f"the process of {self.name!r} on {self.workload_name!r} has died")
        return answer

    def time(self, calls):
        """The `Timing` of so many calls."""
        time.sleep(PAUSE)
        return Timing(*map(float, self.ask(f"time {calls}").split()))

    def check(self):
        """Compare the results for a few samples with NumPy in float64. Raises WrongResult."""
        workload = WORKLOADS[self.workload_name]
        n = min(CHECKED, workload.reduced or CHECKED if self.name == "Python loops" else CHECKED)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.npz"
            self.ask(f"check {path}")
            with np.load(path, allow_pickle=False) as file:
                found = [file[name] for name in file.files]
        wide = {name: a.astype(np.float64) if a.dtype == np.float32 else a for name, a in inputs(workload, n).items()}
        right = ours("numpy")(workload, wide)() if found else ()
        scale = max((np.abs(want).max() for want in right), default=1)
        for got, want in zip(found, right, strict=False):
            error = np.abs(got - want).max() / scale if got.size else 0
            if not error < 1e-4:
                raise WrongResult(f"{self.name} on {self.workload_name}: relative error {error:.1e}")

    def stop(self):
        """End the process; its peak memory in bytes."""
        answer, _ = self.process.communicate()
        return int(answer.split()[-1])
