"""Timing side by side: processes of their own, taking turns; correctness first; medians and ratios."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from ..backend import THREAD_VARIABLES
from .competitors import COMPETITORS
from .worker import CHECKED
from .workloads import RUNGS, SLOW, WORKLOADS, inputs, ours

PAUSE = 0.1  # seconds between turns: idle threads of the BLAS that went before still spin for tens of milliseconds


class WrongResult(ArithmeticError):
    """A rung computes something else than NumPy does in float64: its time would mean nothing."""


def measure(workload_name, threads, rounds=5, calls=5, rungs=None):
    """Time every rung of one workload, taking turns: a list of dicts, one a rung.

    rung, seconds (median of the rounds' medians), gflops, samples, ratio (to the fastest PyTorch of the same round,
    median of the rounds; None without PyTorch), peak_memory in bytes. Raises WrongResult.
    """
    known = [*RUNGS, *(name for name, (module, _) in COMPETITORS.items() if find_spec(module))]
    workers = [Worker(name, workload_name, threads) for name in known if rungs is None or name in rungs]
    try:
        workers = [worker for worker in workers if worker.ready()]
        for worker in workers:
            worker.check()
            worker.time(1)  # warm
        times = {worker.name: [] for worker in workers}
        for _ in range(rounds):
            for worker in workers:
                slow = worker.name in SLOW
                if not (slow and times[worker.name]):
                    times[worker.name].append(worker.time(1 if slow else calls))
        memory = {worker.name: worker.stop() for worker in workers}
    finally:
        for worker in workers:
            worker.process.kill()
    return [_row(name, workload_name, times, memory[name]) for name in times]


def _row(name, workload_name, times, memory):
    workload = WORKLOADS[workload_name]
    samples = workload.reduced if name == "Python loops" else workload.samples
    seconds = statistics.median(times[name])
    rivals = [values for rival, values in times.items() if rival.startswith("PyTorch")]
    ratio = None
    if rivals and samples == workload.samples and len(times[name]) == len(rivals[0]):
        best = min(rivals, key=statistics.median)
        ratio = statistics.median(own / other for own, other in zip(times[name], best, strict=True))
    gflops = workload.flop * samples / seconds / 1e9
    found = {"workload": workload_name, "rung": name, "samples": samples, "seconds": seconds, "gflops": gflops}
    return found | {"ratio": ratio, "peak_memory": memory}


class Worker:
    """A rung in its own process."""

    def __init__(self, name, workload_name, threads):
        self.name, self.workload_name = name, workload_name
        command = [sys.executable, "-m", "scratchnoise.bench.worker", name, workload_name]
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)

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
        """The median time of so many calls, in seconds."""
        time.sleep(PAUSE)
        return float(self.ask(f"time {calls}"))

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
        return int(answer.split()[-1]) * 1024


def measured_peak(threads):
    """What the cores can do at most, in GFLOP/s: multiply-adds on vectors that never leave the registers."""
    code = "from scratchnoise.bench.peak import peak; print(peak())"
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return float(run.stdout)
