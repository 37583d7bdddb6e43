"""What a worker gets and does: one job at a time, on the very data of the program that sent it."""

import os
import platform
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from .. import __version__
from .protocol import adopt

_ONE_AT_A_TIME = threading.Lock()  # a job uses all threads that it may, and some kernels allow one caller only


@dataclass(frozen=True)
class Sender:
    """What a worker should know of the program that sends it jobs.

    checkpoints: folder of the epochs of all jobs, used where the folder above it exists, so not on a machine that does
    not share it.
    """

    version: str
    data_hash: str
    checkpoints: str

    def folder_of(self, job):
        """Where the epochs of a job are kept; None where the sender's folder is not here."""
        folder = Path(self.checkpoints)
        return str(folder / job.key) if folder.parent.is_dir() else None


def work(job, T, sender, dataset=None):
    """(job, its rows, None), or (job, [], the error that says why this machine cannot do it).

    T: as in `Job.run`; dataset: the samples, where the worker may not be able to load them.
    """
    with _ONE_AT_A_TIME:
        try:
            if __version__ != sender.version:
                raise ValueError(f"it has scratchnoise {__version__}, not {sender.version}")
            adopt(dataset, sender.data_hash, job.data, job.preset, job.seed)
            return job, job.outcome(T, checkpoints=sender.folder_of(job)), None
        except MemoryError as error:
            return job, [], error
        except (OSError, ValueError) as error:
            return job, [], OSError(f"a worker on {platform.node()}: {error}")


def end_with(parent):
    """End this process within a second after its parent, whose id is given, and which may be killed without a word."""

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
