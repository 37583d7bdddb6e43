"""The most memory that this process has used."""

import re
import resource
import sys
from pathlib import Path


def peak_memory():
    """In bytes, as far as the system knows it.

    Linux has two numbers. That of getrusage goes on counting from the process that started this one, so a large parent
    hides what a small child uses. VmHWM begins with the program that this process runs.
    """
    if found := re.search(r"^VmHWM:\s*(\d+) kB$", _status(), re.MULTILINE):
        return int(found[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status():
    try:
        return Path("/proc/self/status").read_text()
    except OSError:
        return ""
