"""The judge: a process that has everything imported and checks one file after the other.

    python -c "from scratchnoise.course.grading.server import serve; serve()"

It reads requests from standard input and writes answers to standard output, one JSON line each. The first line says
which walls there are. The student's code does not run here but in a fork of `sandbox`: arguments go there and arrays
come back as bytes, which are compared here.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from multiprocessing.connection import Connection
from pathlib import Path

from ..checker.process import SECONDS, Process
from ..checker.runner import check_functions, check_submission
from ..exercises import EXERCISES, find_exercise
from . import walls
from .guard import MB
from .sandbox import LARGEST_FILE, copied

RUN = "from scratchnoise.course.grading.sandbox import serve; serve({})"


def serve():
    """Answer requests until standard input ends."""
    walls.call("prctl", walls.PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
    answers = os.fdopen(os.dup(1), "w")
    sandbox = Sandbox(answers)
    os.dup2(2, 1)  # whatever else is printed here is no answer
    exercise = next(iter(EXERCISES.values()))  # imports and runs once what every check needs
    check_functions(exercise, {spec.name: spec.reference for spec in exercise.functions}, exercise.filename)
    print(json.dumps(sandbox.walls()), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_graded(sandbox, **json.loads(line))), file=answers, flush=True)


class Sandbox:
    """The process in whose forks submissions run. output: a file that stays open as long as anything runs there."""

    def __init__(self, output):
        self.control, other = socket.socketpair()
        command = [sys.executable, "-c", RUN.format(other.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[other.fileno()], stdout=output, stdin=subprocess.DEVNULL)
        other.close()
        self.answers = self.control.makefile()

    def ask(self, channel=None, file=None, limits=None, hidden=(), namespaces=True):
        """Start a submission; `outcome` waits for its end."""
        request = {"file": file, "limits": limits or {}, "hidden": list(hidden), "namespaces": namespaces}
        descriptors = [channel.fileno()] if channel else []
        socket.send_fds(self.control, [json.dumps(request).encode()], descriptors)

    def outcome(self):
        """How it ended: the fields of an `Outcome`."""
        return json.loads(self.answers.readline() or '{"status": "crashed", "message": "the sandbox has ended"}')

    def walls(self):
        """{"namespaces": whether they are there, "problem": why not; None}, found by trying."""
        problems = []
        for namespaces in (True, False):
            self.ask(namespaces=namespaces)
            outcome = self.outcome()
            if outcome["status"] == "done":
                return {"namespaces": namespaces, "problem": "; ".join(problems) or None}
            problems.append(outcome["message"])
        return {"namespaces": None, "problem": "; without namespaces: ".join(problems)}


class SandboxedProcess(Process):
    """A student's code behind walls. `outcome`: how its process ended, once this is closed."""

    def __init__(self, sandbox, request):
        self.sandbox, self.outcome = sandbox, None
        own, other = socket.socketpair()
        sandbox.ask(other, **request)
        other.close()
        super().__init__(Connection(own.detach()), min(SECONDS, request["limits"]["seconds"] / 2))

    def path_of(self, path):
        """It lies in the current folder there."""
        return path.name

    def close(self):
        """The worker ends when nobody listens any more; its guard ends what does not."""
        if self.outcome is None:
            super().close()
            self.outcome = self.sandbox.outcome()


def _graded(sandbox, file, exercise, seed, limits, hidden, namespaces):
    """The result of a check as a dict; "status" may be any of `grader.STATUSES`."""
    path = Path(file)
    try:
        if path.name not in copied(path):
            return {"status": "unreadable", "message": f"{path.name} is not a file of at most {LARGEST_FILE // MB} MB"}
    except OSError as error:
        return {"status": "unreadable", "message": str(error)}
    request = {"file": file, "limits": limits, "hidden": hidden, "namespaces": namespaces}
    started = []

    def start():
        started.append(SandboxedProcess(sandbox, request))
        return started[-1]

    try:
        found = check_submission(find_exercise(exercise), path, seed, start=start, every=True).as_dict()
    except KeyboardInterrupt as interrupt:
        found = {"status": "failed", "step": "crashed", "message": f"raised KeyboardInterrupt: {interrupt}"}
    found["message"] = found["message"].replace(str(path), path.name)
    outcome = started[0].outcome if started else {"status": "done"}
    return _verdict(found, outcome) | {"seconds": outcome.get("seconds", 0.0)}


def _verdict(found, outcome):
    """The result and the end of the process together: who was stopped from outside has no result."""
    if outcome["status"] in ("tampered", "not contained"):
        return {"status": outcome["status"], "message": outcome["message"]}
    if found.get("step") in ("timeout", "crashed"):
        if found["step"] == "crashed" and outcome["status"] != "done":
            return found | {"status": outcome["status"], "message": outcome["message"]}
        return found | {"status": found["step"]}
    if found["status"] == "failed" and "MemoryError" in found["message"]:
        return found | {"status": "memory"}
    return found
