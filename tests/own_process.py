"""Code that runs in a process of its own, which a test stops with all its children when it hangs."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
SECONDS = 240  # several compilations on a busy machine; a process that hangs takes as long as it may


def hears_ctrl_c():
    """What a shell starts in the background ignores it, and so does all that this starts: these tests, perhaps."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run(code, folder=ROOT, **environment):
    """What a Python process prints and its stderr. None removes a variable. Fails when it fails or does not end."""
    variables = {**os.environ, "PYTHONPATH": str(folder), **environment}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={name: value for name, value in variables.items() if value is not None},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise AssertionError(f"hangs; stderr: {process.communicate()[1]}") from None
    assert process.returncode == 0, f"ended with {process.returncode}; stderr: {errors}"
    return out.strip(), errors
