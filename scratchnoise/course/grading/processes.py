"""What is running: the processes below one, what they use, and how to end them all."""

import os
import signal

PAGE = os.sysconf("SC_PAGE_SIZE")


def descendants(pid):
    """All processes below one, children before grandchildren; some may have ended by now."""
    found, waiting = [], [pid]
    while waiting:
        children = _children(waiting.pop(0))
        found += children
        waiting += children
    return found


def _children(pid):
    children = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                children += map(int, file.read().split())
    except OSError:  # it has ended
        pass
    return children


def memory(pid="self"):
    """Bytes (address space, resident) of a process; (0, 0) once it has ended."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            size, resident = file.read().split()[:2]
        return int(size) * PAGE, int(resident) * PAGE
    except OSError:
        return 0, 0


def running_of_user(uid):
    """How many threads a user has running, which is what the limit on processes counts."""
    count = 0
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            count += len(os.listdir(f"/proc/{name}/task")) if os.stat(f"/proc/{name}").st_uid == uid else 0
        except OSError:
            pass
    return count


def end_all_below(pid):
    """Kill everything below this process (pid: its own), and wait until nothing is left.

    This process has to be a subreaper (prctl), so that orphans and those with a session of their own are its children.
    """
    while True:
        for each in descendants(pid):
            try:
                os.kill(each, signal.SIGKILL)
            except ProcessLookupError:
                pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return
