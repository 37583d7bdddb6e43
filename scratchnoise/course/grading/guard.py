"""Running a task that may do anything, in a process that cannot do much.

Three processes stand in a row. The *guard* watches the clock and the memory from outside. The *first process* lives in
namespaces of its own, makes its file system and waits; when it ends, so does everything in there. The *task* has no
rights left and runs the code. Where the system grants no namespaces, the same three do with limits and a guard to whom
all orphans return; the network and the files of the user are then within reach.
"""

import faulthandler
import fcntl
import json
import os
import secrets
import selectors
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass

from . import walls
from .processes import descendants, end_all_below, memory, running_of_user

MB = 2**20
PATIENCE = 2  # seconds on the clock for each of CPU time: a busy machine is not the student's fault
JUDGED = 5  # the same for a task with a channel, which waits for its judge most of the time
LOOK = 0.05  # seconds between two looks at the memory
LONGEST_STEP = 1.0  # seconds; the clock went on for longer than that because the machine was asleep
KEPT_OUTPUT, LONGEST_REPORT = 2**14, 2**20  # bytes
CHANNEL = 4  # descriptor of the connection to the judge
NOT_CONTAINED = 125  # exit status of a first process that could not build its walls


@dataclass(frozen=True)
class Limits:
    """What one task may use: CPU seconds, bytes of memory beyond what Python holds, bytes of files, processes."""

    seconds: float = 20
    memory: int = 1024 * MB
    file_size: int = 8 * MB
    scratch: int = 64 * MB
    processes: int = 16


@dataclass
class Outcome:
    """How a task ended: "done" with its value, or "timeout", "memory", "crashed", "tampered", "not contained"."""

    status: str
    value: object = None
    message: str = ""
    seconds: float = 0.0


def contain(task, limits=None, files=None, hidden=(), namespaces=True, channel=None):
    """Run task() in a process of its own, behind all walls there are; returns an Outcome, whatever the task does.

    task: function without arguments; what it returns has to survive JSON. It runs in a folder with the files
    {name: bytes}. hidden: folders that it must not see. namespaces: False for limits alone. channel: a file
    descriptor that the task finds as CHANNEL. The process that calls this should have one thread: the task runs in a
    fork of it.
    """
    reading, writing = os.pipe()
    parent = os.getpid()
    guard = os.fork()
    if guard == 0:
        try:
            os.close(reading)
            outcome = _Guard(task, limits or Limits(), files or {}, hidden, namespaces, channel).watched(parent)
            with open(writing, "w") as pipe:
                json.dump(asdict(outcome), pipe)
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading) as pipe:
        report = pipe.read()
    os.waitpid(guard, 0)
    return Outcome(**json.loads(report)) if report else Outcome("crashed", message="the guard of the task was killed")


class _Guard:
    """The outermost of the three processes."""

    def __init__(self, task, limits, files, hidden, namespaces, channel):
        self.task, self.limits, self.files, self.hidden, self.namespaces = task, limits, files, hidden, namespaces
        self.channel = channel
        self.token = secrets.token_hex(16).encode()
        self.report, self.output = b"", b""
        self.folder = walls.SCRATCH
        self.at_first = memory()

    def watched(self, parent):
        """Start the task, watch it, and leave nothing of it behind: the Outcome. Ends with the process `parent`."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # on the way out, everything is ended
        walls.call("prctl", walls.SUBREAPER, 1, 0, 0, 0)
        try:
            if self.namespaces:
                walls.leave_machine()
            else:
                self.folder = tempfile.mkdtemp(prefix="scratchnoise-grade-")
                os.chmod(self.folder, 0o1777)
                walls.write_files(self.files, self.folder)
            walls.call("prctl", walls.PARENT_DEATH, signal.SIGTERM, 0, 0, 0)
            if os.getppid() != parent:  # it ended before it could be asked for a signal
                sys.exit()
            return self._started()
        except OSError as error:
            return Outcome("not contained", message=str(error))
        finally:
            end_all_below(os.getpid())
            if self.folder != walls.SCRATCH:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _started(self):
        report, output = os.pipe(), os.pipe()
        room = self.limits.processes + (0 if self.namespaces else running_of_user(os.geteuid() or walls.NOBODY))
        first = os.fork()
        if first == 0:
            _first_process(self, report[1], output[1], room)
        os.close(report[1])
        os.close(output[1])
        with selectors.DefaultSelector() as events:
            for name, descriptor in (("report", report[0]), ("output", output[0]), ("end", os.pidfd_open(first))):
                events.register(descriptor, selectors.EVENT_READ, name)
            began = time.monotonic()
            outcome = self._watch(events, first, began)
        outcome.seconds = round(time.monotonic() - began, 3)
        return outcome

    def _watch(self, events, first, began):
        """Read until there is a report, a reason to stop or an end."""
        patience = PATIENCE if self.channel is None else JUDGED
        wall, waited, looked = patience * self.limits.seconds, 0.0, began
        while waited < wall:
            ready = [key for key, _ in events.select(LOOK)]
            for key in ready:
                if key.data != "end":
                    self._read(key, events)
            outcome = self._reported()
            if outcome:
                return outcome
            if [key.data for key in ready] == ["end"]:  # and nothing is left to read
                return self._ended(os.waitpid(first, 0)[1], waited)
            step = time.monotonic() - looked
            if step > LOOK:
                waited, looked = waited + min(step, LONGEST_STEP), looked + step
                if self._grown() > self.limits.memory:
                    return Outcome("memory", message=f"more than {self.limits.memory // MB:,} MB in use")
        return Outcome("timeout", message=f"not finished after {wall:g} s")

    def _read(self, key, events):
        content = os.read(key.fd, 2**16)
        if not content:
            events.unregister(key.fd)
        elif key.data == "report":
            self.report += content
        else:
            self.output = (self.output + content)[-KEPT_OUTPUT:]

    def _reported(self):
        """The outcome that the lines of the report amount to, None while there is none."""
        *lines, rest = self.report.split(b"\n")
        strange = [line for line in lines if not line.startswith(self.token)]
        if strange or len(rest) > LONGEST_REPORT:
            return Outcome("tampered", message="wrote into the channel of the results")
        return Outcome(**json.loads(lines[1].removeprefix(self.token))) if len(lines) > 1 else None

    def _grown(self):
        """Bytes that all processes of the task hold, each beyond what it inherited."""
        return sum(max(0, memory(pid)[1] - self.at_first[1]) for pid in descendants(os.getpid()))

    def _ended(self, status, elapsed):
        """What an end without a report means."""
        code, output = os.waitstatus_to_exitcode(status), self.output.decode(errors="replace").strip()
        if not self.report:
            return Outcome("not contained", message=output or f"the first process ended with {code}")
        # the kernel asks first, then kills
        if code - 128 == signal.SIGXCPU or (code - 128 == signal.SIGKILL and elapsed > self.limits.seconds):
            return Outcome("timeout", message=f"not finished after {self.limits.seconds:g} s of CPU time")
        if code > 128:
            what = filter(None, (signal.strsignal(code - 128), self._last_line(output)))
            return Outcome("crashed", message=": ".join(what))
        return Outcome("crashed", message=f"ended the process (exit status {code}) before the check was over")

    def _last_line(self, output):
        """Where in the submission Python was, as faulthandler prints it when a signal ends the process."""
        lines = [line.strip() for line in output.splitlines()]
        return next((line for line in lines if any(f'{name}"' in line for name in self.files)), "")


def _first_process(guard, report, output, room):
    """Process 1 of the new world: build the walls, start the task, wait for it and end as it ended."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        walls.call("prctl", walls.PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
        os.setsid()
        _keep_only(report, output, guard.channel)
        if guard.namespaces:
            walls.enter_empty_root(guard.files, guard.limits.scratch, guard.hidden)
        task = os.fork()
        if task == 0:
            _task_process(guard, room)
        os.closerange(3, CHANNEL + 1)
        while True:
            ended, status = os.wait()
            if ended == task:
                code = os.waitstatus_to_exitcode(status)
                os._exit(code if code >= 0 else 128 - code)
    except BaseException as error:
        os.write(2, str(error).encode())
    finally:
        os._exit(NOT_CONTAINED)


def _keep_only(report, output, channel):
    """Nothing to read on 0, the output on 1 and 2, the report on 3, the channel on 4, no other way to the outside."""
    wanted = [report, output] + ([] if channel is None else [channel])
    report, output, *channel = (fcntl.fcntl(each, fcntl.F_DUPFD, 16) for each in wanted)  # out of the way of 0 to 4
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.dup2(report, 3)
    for each in channel:
        os.dup2(each, CHANNEL)
    os.closerange(4 + len(channel), os.sysconf("SC_OPEN_MAX"))


def _task_process(guard, room):
    """Give up all rights, run the task and report its value."""
    own = os.getpid()
    report = open(3, "wb", buffering=0)
    try:
        os.chdir(guard.folder)
        os.environ.update(dict.fromkeys(("HOME", "TMPDIR"), guard.folder))
        tempfile.tempdir = None
        sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")
        faulthandler.enable(2)
        walls.drop_rights(own_count=guard.namespaces)
        walls.limit(guard.limits, guard.at_first[0], room)
        report.write(guard.token + b"\n")  # from here on, it is the task's doing
        try:
            outcome = Outcome("done", guard.task())
        except BaseException as error:  # KeyboardInterrupt and what students derive from BaseException
            outcome = Outcome("crashed", message="".join(traceback.format_exception_only(error)).strip())
        walls.use_reserve()
        if os.getpid() == own:  # a fork of the task comes here too
            report.write(guard.token + json.dumps(asdict(outcome)).encode() + b"\n")
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(NOT_CONTAINED)
