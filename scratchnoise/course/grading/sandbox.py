"""A process that holds no answers, and runs one submission after the other in forks of itself, behind walls.

    python -c "from scratchnoise.course.grading.sandbox import serve; serve(3)"

It is started by a judge (`server`) and listens on a socket. Each request comes with one end of another socket, over
which the judge calls the student's functions. What a fork could find in its memory is this file, the walls and the
worker: no kernel, no check, no expected value.
"""

import json
import os
import signal
import socket
import stat
import sys
from dataclasses import asdict
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path

from ..student import worker
from . import walls
from .guard import CHANNEL, JUDGED, MB, Limits, Outcome, contain
from .processes import end_all_below

LARGEST_FILE = MB
LIBRARY = str(Path(__file__).parents[2])
SHARE = 0.8  # of the seconds of the guard: who is stopped by then is told the line


def serve(descriptor):
    """Contain what is asked until the judge ends."""
    walls.call("prctl", walls.PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    walls.call("prctl", walls.SUBREAPER, 1, 0, 0, 0)
    kept = os.dup(1)  # who waits for the end of the judge's output waits for this process and its guards
    os.dup2(2, 1)
    if find_spec("numba"):
        import_module("numba")  # once, not in every fork
    control = socket.socket(fileno=descriptor)
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 2**16, 1)
        if not message:
            os.close(kept)
            return
        outcome = _contained(descriptors[0] if descriptors else None, **json.loads(message))
        for each in descriptors:
            os.close(each)
        end_all_below(os.getpid())  # nothing, unless a submission outside of namespaces has ended its guard
        control.sendall(json.dumps(asdict(outcome)).encode() + b"\n")


def _contained(channel, file, limits, hidden, namespaces):
    limits = Limits(**limits)
    if file is None:
        return contain(_readable, limits, namespaces=namespaces)
    try:
        files = copied(Path(file))
    except OSError as error:
        return Outcome("unreadable", message=str(error))
    return contain(partial(_work, SHARE * limits.seconds), limits, files, [*hidden, LIBRARY], namespaces, channel)


def _readable():
    """Fails where a process without rights cannot read Python's own files."""
    Path(os.__file__).open("rb").close()


def _work(seconds):
    """Call the student's functions as the judge wants it; the library's modules are not to be found any more."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "scratchnoise"]:
        del sys.modules[name]
    worker.serve(Connection(CHANNEL), seconds, JUDGED * seconds)


def copied(path):
    """{name: content} of the files beside a submission, its own included: Python and data, at most LARGEST_FILE each.

    Links are left out: they could point at anything that the person who grades can read.
    """
    files = {}
    for each in sorted(path.parent.iterdir()):
        found = each.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size <= LARGEST_FILE and not each.name.startswith("."):
            files[each.name] = each.read_bytes()
    return files
