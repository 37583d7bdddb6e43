"""What this process may use: its share of the processors, and numba's threads unless it lost them in a fork."""

import math
import os
import sys
from pathlib import Path


def processors():
    """How many processors this process may run on."""
    affinity = getattr(os, "sched_getaffinity", None)  # Linux has it
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def quota(root="/"):
    """Seconds of processor time a second that the control groups of this process allow; infinity without a limit.

    A group is limited by its own quota and by those of all groups above it. In a container the path of the group may
    be the host's, which leads nowhere there; then the topmost group is the container's own.
    """
    tree = Path(root, "sys/fs/cgroup")
    limits = []
    for line in _read(Path(root, "proc/self/cgroup")).splitlines():
        _, controllers, group = line.split(":", 2)
        own = Path(group.lstrip("/"))
        for folder in (own, *own.parents):
            if not controllers:  # version 2 has one tree for all controllers; beside version 1 it is in `unified`
                limits += [_read(tree / folder / "cpu.max"), _read(tree / "unified" / folder / "cpu.max")]
            elif "cpu" in controllers.split(","):
                files = tree / "cpu" / folder
                limits.append(_read(files / "cpu.cfs_quota_us") + " " + _read(files / "cpu.cfs_period_us"))
    return min(map(_processors_of, limits), default=math.inf)


def _processors_of(limit):
    """ "50000 100000", microseconds in a period and the period, is half a processor; "max" and -1 are no limit."""
    numbers = limit.split()
    if len(numbers) != 2 or not numbers[0].isdigit() or int(numbers[0]) == 0:
        return math.inf
    return int(numbers[0]) / int(numbers[1])


def _read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


# --- numba's threads ----------------------------------------------------------------------------------------


# Between two parallel loops an idle thread of GNU OpenMP waits awake for so many pauses of the processor, then it
# sleeps. A pause takes 25 ns or more: 1000 are 25 microseconds, about what waking a sleeping thread costs. Longer waits
# take the processor from other programs.
SPIN_COUNT = "1000"


def prepare_numba():
    """Tell numba, before it is imported, how many threads it may start and how long they wait awake.

    What the user has set stays, and a numba that is imported already keeps its number of threads.
    """
    if "numba" not in sys.modules and quota() < processors():  # numba counts the processors itself
        os.environ.setdefault("NUMBA_NUM_THREADS", str(math.ceil(quota())))
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", SPIN_COUNT)


_lost = False


def lost_threads():
    """Whether numba's threads stayed behind in the parent of this process: a fork copies only the thread that forks.

    GNU OpenMP does not notice and waits for them for ever; numba's other two layers start new ones.
    """
    return _lost


def _after_fork():
    global _lost
    numba = sys.modules.get("numba")
    try:
        _lost = _lost or (numba is not None and numba.threading_layer() == "omp")
    except (AttributeError, ValueError):  # numba is only half imported, or has started no threads
        pass


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
