"""Ctrl-C is for the program alone, and not while it starts its workers."""

import os
import signal
import threading
from contextlib import contextmanager


@contextmanager
def interrupts_held():
    """Let Ctrl-C wait for the end of the block. Processes that the block starts never get it.

    In a terminal it reaches the whole group of processes, but it is for the program, which ends its workers: one that
    is interrupted prints a traceback, and its end looks like a loss. A new process inherits what its parent blocks.
    Python's tracker of shared memory and joblib's unblock the signal where they are started, so they are started first.
    The block holds it for this thread only. Python hears it through any other one, so the handler waits as well.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    _start_trackers()
    came, handler = [], signal.getsignal(signal.SIGINT)
    hears = handler is not None and threading.current_thread() is threading.main_thread()
    if hears:
        signal.signal(signal.SIGINT, lambda *_: came.append(True))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if hears:
            signal.signal(signal.SIGINT, handler)
        if came:
            signal.raise_signal(signal.SIGINT)


def _start_trackers():
    """joblib's is started without its warning: of semaphores of killed workers, which are deleted by then."""
    from multiprocessing import resource_tracker

    from joblib.externals.loky.backend import resource_tracker as tracker_of_joblib

    resource_tracker.ensure_running()
    before = os.environ.pop("PYTHONWARNINGS", None)
    os.environ["PYTHONWARNINGS"] = f"ignore::UserWarning:{tracker_of_joblib.__name__}"
    try:
        tracker_of_joblib.ensure_running()
    finally:
        del os.environ["PYTHONWARNINGS"]
        if before is not None:
            os.environ["PYTHONWARNINGS"] = before
