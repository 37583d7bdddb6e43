"""kill -9 at random moments of a study, again and again: python tests/study/kills.py --kills 100

Prints how many runs were killed, how many restarts completed, and whether any row was lost, doubled or changed.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.append(str(Path(__file__).parents[1]))  # where this is run as a program

import own_process

from scratchnoise import data

METHODS = "priors,rMLR (tuned),rMLR (learnt rates),MLR (flipped, inverse),T estimates,NN forward"


def small_data(path, n_train=240, n_test=60):
    """The path of an .npz file with few garments."""
    drawn = data.make_garments(n_train, n_test, random_state=1)
    np.savez(path, **{name: getattr(drawn, name) for name in ("x_train", "y_train", "x_test", "y_test")})
    return path


# The command without its tables and figures, which take longer than so small a study.
COMMAND = """
import sys
from scratchnoise.cli import main
from scratchnoise.study import publish
publish.publish = lambda *arguments: None
sys.exit(main())
"""


class Study:
    """Starts the same small study in folders: linear methods, learnt rates, estimates of T and a network."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.options = ["--data", str(small_data(self.folder / "small.npz", 90, 30)), "--noise", "hidden"]
        self.options += ["--backend", "numpy", "--threads", "1", "--methods", METHODS]

    def start(self, name, jobs, first=""):
        """A program that runs `first`, then the study; it leads a group of processes, as a terminal would have it."""
        command = [sys.executable, "-c", first + COMMAND, "reproduce", *self.options]
        command += ["--jobs", str(jobs), "--out", str(self.folder / name)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        alone = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # the bits of NumPy's table depend on it
        terminal = {"start_new_session": True, "preexec_fn": own_process.hears_ctrl_c}
        return subprocess.Popen(command, env=alone, **terminal, **quiet)

    def rows(self, name):
        """Every row of a folder as text, without what the clock says: Counter."""
        lines = (self.folder / name / "results.jsonl").read_text().splitlines()
        rows = [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]
        return Counter(json.dumps({k: v for k, v in row.items() if k != "fatal"}, sort_keys=True) for row in rows)

    def has_rows(self, name):
        return (self.folder / name / "results.jsonl").exists()


def kill_at_random(folder, kills, seed=0, say=lambda *text: None):
    """Kill the study so many times: dict of figures. A run that gets to its end is compared and another is begun."""
    rng, study = np.random.default_rng(seed), Study(folder)
    started = time.perf_counter()
    whole = study.start("whole", 1)
    assert whole.wait() == 0, whole.stderr.read()
    span, expected = time.perf_counter() - started, study.rows("whole")
    figures = Counter(rows_of_a_run=expected.total())
    run = 0
    while figures["killed"] < kills:
        program = study.start(f"run {run}", jobs=1 + (figures["killed"] % 3 == 2))
        time.sleep(rng.uniform(0.1, span))
        if program.poll() is None:
            program.kill()
            figures["killed"] += 1
            figures["killed_before_a_row"] += not study.has_rows(f"run {run}")
            figures["killed_with_a_checkpoint"] += any((study.folder / f"run {run}").glob(".checkpoints/*/*.npz"))
            program.communicate()
            say(dict(figures))
            continue
        _compare(study, f"run {run}", program, expected, figures)
        run += 1
    program = study.start(f"run {run}", 1)
    _compare(study, f"run {run}", program, expected, figures)
    return figures


def _compare(study, name, program, expected, figures):
    said = program.communicate()[1]
    assert program.returncode == 0, said
    found = study.rows(name)
    figures["completed"] += 1
    figures["lost"] += (expected - found).total()
    figures["doubled_or_changed"] += (found - expected).total()
    figures["left_behind"] += len(list((study.folder / name).glob(".c*/*")))


def end_group(program):
    """End a program and all that it has started."""
    os.killpg(program.pid, signal.SIGKILL)
    program.communicate()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        print(dict(kill_at_random(scratch, arguments.kills, arguments.seed, print)))
