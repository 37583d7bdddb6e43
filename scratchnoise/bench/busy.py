"""What other programs cost threads: `python -m scratchnoise.bench.busy [RUNG ...]`.

Two endless loops run beside a workload. Each loop takes a processor or shares one. A workload on one thread loses
little by that. With the number of threads that a user gets, it should not lose more: it does where threads wait for one
that has no processor. Both are timed on the quiet machine too, and all take turns.
"""

import os
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

from .machine import processor_name
from .runner import PAUSE, Worker

WORKLOAD_NAMES = ("MLR pass", "annex step")
RUNG = "numba (vectors)"
LOOPS = 2
ROUNDS = 5
CALLS = 5


def measure(workload_name, rung=RUNG, rounds=ROUNDS, calls=CALLS):
    """Time one workload with the threads that a user gets and with one, quiet and busy: a list of two dicts.

    loops: how many endless loops ran beside it, 0 and then LOOPS; seconds and one_thread_seconds: medians of the
    rounds; ratio: of the first to the second, median of the rounds. Raises WrongResult.
    """
    times = {0: [], LOOPS: []}
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(rung, workload_name, threads)) for threads in (None, 1)]
        for _ in range(rounds):
            for loops, found in times.items():
                with endless_loops(loops):
                    found.append([worker.time(calls).seconds for worker in workers])
    return [_row(loops, found) for loops, found in times.items()]


def _row(loops, times):
    default, one_thread = map(statistics.median, zip(*times, strict=True))
    ratio = statistics.median(default / one for default, one in times)
    return {"loops": loops, "seconds": default, "one_thread_seconds": one_thread, "ratio": ratio}


@contextmanager
def _worker(rung, workload_name, threads):
    worker = Worker(rung, workload_name, threads)
    try:
        if not worker.ready():
            raise ValueError(f"rung {rung!r} does not run {workload_name!r} here")
        worker.check()
        worker.time(1)  # warm
        yield worker
    finally:
        worker.process.kill()


@contextmanager
def endless_loops(count):
    """So many other programs that would use a processor each, while the block runs."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        time.sleep(PAUSE)  # until they loop
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


if __name__ == "__main__":
    print(f"{processor_name()}, {os.cpu_count()} processors, load average before: {os.getloadavg()[0]:.2f}")
    for rung in sys.argv[1:] or [RUNG]:
        for name in WORKLOAD_NAMES:
            for row in measure(name, rung):
                beside = f"{row['loops']} endless loops beside it"
                each = f"{1e3 * row['seconds']:.1f} ms, one thread {1e3 * row['one_thread_seconds']:.1f} ms"
                print(f"{rung}, {name}, {beside}: {each}, ratio {row['ratio']:.2f}", flush=True)
