"""One session of the benchmark: the machine is described, its peak measured, every workload timed."""

import os
import sys
from importlib.util import find_spec

from .disturbance import disturbing_load
from .environment import call_alone, environment
from .machine import check_instructions
from .runner import measure
from .workloads import WORKLOADS


def run(names, threads, rounds=5, instructions="all"):
    """Time these workloads: (machine, rows), a dict and a list of dicts.

    machine: as `machine.describe` gives it, with threads, instructions, peak_gflops of so many threads, load (average
    of the last minute, before and after) and disturbed, a line about other programs, else empty.
    rows: as `measure` gives them, with what they have to be compared with: processor, numba_target, instructions,
    peak_gflops (of as many threads as the row has; None without numba) and of_peak.
    Raises ValueError for instructions that are unknown or that the processor lacks, WrongResult.
    """
    check_instructions(instructions)
    load = {"before": os.getloadavg()[0]}
    machine = call_alone("machine", "describe()", environment(threads, instructions))
    timed = {WORKLOADS[name].threads or threads for name in names}
    counts = timed | {threads}
    first = {count: measured_peak(count, instructions) for count in counts}
    rows = []
    for name in names:
        print(f"{name} ...", file=sys.stderr)
        rows += measure(name, threads, rounds, instructions=instructions)
    # twice and long after one another, because another program may have disturbed the first one
    peaks = {count: first[count] and max(first[count], measured_peak(count, instructions)) for count in counts}
    load["after"] = os.getloadavg()[0]
    disturbed = disturbing_load(load, machine["processors"], max(timed))
    machine |= {"threads": threads, "instructions": instructions, "peak_gflops": peaks[threads]}
    machine |= {"load": load, "disturbed": disturbed}
    compared = {name: machine[name] for name in ("processor", "numba_target", "instructions")}
    return machine, [row | compared | _of_peak(row, peaks[row["threads"]]) for row in rows]


def measured_peak(threads, instructions="all"):
    """What the cores can do at most, in GFLOP/s: multiply-adds that never leave the registers. None without numba."""
    return call_alone("peak", "peak()", environment(threads, instructions)) if find_spec("numba") else None


def _of_peak(row, peak):
    return {"peak_gflops": peak, "of_peak": row["gflops"] / peak if peak else None}
