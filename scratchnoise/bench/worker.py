"""One competitor in a process of its own: `python -m scratchnoise.bench.worker RUNG WORKLOAD`.

Reads lines from standard input: "check FILE" writes the results for a few samples, "time N" prints the median of N
calls in seconds and, as a multiple of their wall time, the processor time of all threads in all calls, after SETTLED
seconds of calls that are not timed. What it prints is for the parent alone.
"""

import sys
import time

import numpy as np

from .competitors import COMPETITORS
from .memory import peak_memory
from .workloads import RUNGS, WORKLOADS, inputs

CHECKED = 3  # samples
# Threads that slept are woken on one processor, where they wait for each other: for 20 ms a pass of 5 ms took 20. In a
# fit one call follows another, so that is what is timed.
SETTLED = 0.1


def main(rung_name, workload_name):
    """Serve requests until standard input ends."""
    workload = WORKLOADS[workload_name]
    rung = RUNGS[rung_name] if rung_name in RUNGS else COMPETITORS[rung_name][1]
    n = workload.reduced if rung_name == "Python loops" else workload.samples
    call = rung(workload, inputs(workload, n)) if n else None
    print("ready" if call else "none", flush=True)
    for line in sys.stdin:
        command, argument = line.split(maxsplit=1)
        if command == "check":
            results = rung(workload, inputs(workload, min(CHECKED, n)))()
            np.savez(argument.strip(), *results)
            print("checked", flush=True)
        else:
            settle(call)
            print(*timing(call, int(argument)), flush=True)
    print(peak_memory(), flush=True)


def settle(call):
    """Call for SETTLED seconds."""
    end = time.perf_counter() + SETTLED
    while time.perf_counter() < end:
        call()


def timing(call, repeats):
    """The median wall time of some calls in seconds, and the processor time of all calls / their wall time."""
    times = []
    processor_started = time.process_time()
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    share = (time.process_time() - processor_started) / sum(times)
    return sorted(times)[len(times) // 2], share


if __name__ == "__main__":
    main(*sys.argv[1:])
