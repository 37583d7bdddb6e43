"""Who runs a kernel with parallel loops: numba's threads, or the calling thread alone.

The numbers are the same, bit by bit: sums are cut into parts by a constant, never by the number of threads. The choice
is made anew at every call:

    the threads were lost in a fork          alone, by code without parallel loops: nobody is left to share them
    the work is less than waking a thread    alone, by the parallel code with one thread
    else                                     numba's threads
"""

import os
from contextlib import nullcontext
from functools import cache
from threading import RLock

import numba
from numba.core.compiler_lock import global_compiler_lock

from ..messages import warn_once
from ..processes import lost_threads

# Waking a thread that sleeps takes 30 to 60 microseconds, on a busy machine milliseconds. One thread does so many
# entries of an array in 110.
WORTH_WAKING = 2**20

_region = RLock()  # of numba's layer `workqueue`, which ends the process when two threads use it at once


class Threaded:
    """A kernel in two compiled forms. work: function of its arguments, roughly how many entries it handles."""

    def __init__(self, shared, alone, work):
        self.shared, self.alone, self.work = shared, alone, work

    def __call__(self, *arguments):
        if lost_threads():
            warn_once(
                "this process was forked after numba had started its threads, which stay behind in the parent: kernels "
                "run on one thread here, with the same results; to have threads, start processes by 'spawn' or "
                "'forkserver', or set NUMBA_THREADING_LAYER=workqueue"
            )
            return self.alone(*arguments)
        with _turn():
            if self.work(*arguments) >= WORTH_WAKING:
                return self.shared(*arguments)
            return self._on_one_thread(arguments)

    def _on_one_thread(self, arguments):
        threads = numba.get_num_threads()
        numba.set_num_threads(1)
        try:
            return self.shared(*arguments)
        finally:
            numba.set_num_threads(threads)


@cache
def _turn():
    """A context in which this thread may use numba's: on `workqueue` the others wait until it is left."""
    numba.get_num_threads()  # starts the threads, and with them the layer is known
    return _region if numba.threading_layer() == "workqueue" else nullcontext()


def _before_fork():
    """Let no other thread be in the middle of a parallel loop or of a compilation: the child would wait for its end."""
    _region.acquire()
    global_compiler_lock.acquire()


def _after_fork():
    global_compiler_lock.release()
    _region.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
