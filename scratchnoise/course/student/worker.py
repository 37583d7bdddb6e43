"""The loop of the process in which a student's code runs: read a request, do it, answer.

Requests are dicts, see `_Worker`. Two messages may come before the answer: {"formula": index, "args": ...} asks the
judge to evaluate a formula that was handed to the student's function, and {"interactive": True} says that a debugger
or input() waits for a person, so that no clock should run.
"""

import builtins
import faulthandler
import math
import os
import pdb
import sys
import threading
import time

from . import running, wire

LOOK = 0.05  # seconds between two looks at the clock
WALL = 6  # seconds on the clock for each of CPU time: who sleeps is stopped as well


def main(address, key):
    """Connect to the judge that has started this process, and serve it."""
    from multiprocessing.connection import Client

    faulthandler.enable()
    serve(Client(address, authkey=bytes.fromhex(key)))


def serve(connection, cpu=math.inf, wall=math.inf):
    """Answer the requests of a connection until it is closed. cpu, wall: seconds that all of them may take together."""
    worker = _Worker(connection, time.process_time() + cpu, time.monotonic() + wall)
    while True:
        try:
            request = wire.decode(connection.recv_bytes(wire.LONGEST), worker.formula)
        except (EOFError, KeyboardInterrupt):
            return
        worker.answer(request)


class _Worker:
    def __init__(self, connection, cpu, wall):
        self.connection, self.deadline = connection, (cpu, wall)
        self.module, self.path = None, ""
        self.clock = _Clock(self)
        self.interactive = False
        sys.breakpointhook, self.real_hook = self.stop, sys.breakpointhook
        pdb.set_trace = lambda *args, **kwargs: self.stop(depth=2)
        builtins.input, self.real_input = self.ask, builtins.input

    def send(self, message):
        self.connection.send_bytes(wire.encode(message))

    def answer(self, request):
        """Do what is asked: "load" a file, "describe" or "call" a function."""
        action, seconds = request["do"], request.get("seconds")
        try:
            with self.clock.running(seconds, request.get("name", "The file")):
                reply = getattr(self, f"do_{action}")(request)
        except KeyboardInterrupt as error:
            reply = {"interrupted": str(error)}
        self.send(reply)

    def do_load(self, request):
        self.path = request["path"]
        folder = os.path.dirname(self.path)
        if folder not in sys.path:
            sys.path.insert(0, folder)
        self.module, reply = running.load(request["source"], self.path)
        return {**reply, "value": None}

    def do_describe(self, request):
        return {name: running.describe(self.module, name) for name in request["names"]}

    def do_call(self, request):
        """Call a function; what it did to its arguments comes back as well."""
        args, function = request["args"], getattr(self.module, request["name"])
        call = running.counted(function) if request["count"] else function
        reply = running.perform(call, args, self.module, self.path, request["name"])
        kept = [None if callable(arg) else arg for arg in args]
        return {**reply, "args": kept, "steps": getattr(call, "steps", None)}

    def do_echo(self, request):
        """Send back what a call sends and gets, without the call: how long that takes."""
        return {"value": request["args"][0], "args": request["args"]}

    def formula(self, index):
        """What stands for a function of the judge."""

        def value(*args):
            self.send({"formula": index, "args": running.plain(list(args))})
            with self.clock.stopped():
                reply = wire.decode(self.connection.recv_bytes(wire.LONGEST))
            if "error" in reply:
                raise ValueError(reply["error"])
            return reply["value"]

        return value

    # --- a person at the keyboard ---------------------------------------------------------------------------

    def stop(self, *args, depth=1, **kwargs):
        """In place of breakpoint(): the debugger talks to the terminal, not to what collects the prints."""
        self.talk()
        if self.real_hook is not sys.__breakpointhook__ or os.environ.get("PYTHONBREAKPOINT"):
            return self.real_hook(*args, **kwargs)
        pdb.Pdb(stdin=sys.__stdin__, stdout=sys.__stdout__).set_trace(sys._getframe(depth))

    def ask(self, prompt=""):
        """In place of input()."""
        self.talk()
        return self.real_input(prompt)

    def talk(self):
        """Give the terminal back to the student's code, and say so."""
        if not self.interactive:
            self.interactive = True
            self.send({"interactive": True})
        sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__


class _Clock:
    """Watches a call from a thread of its own: when its time is up, says in which line the student's code is."""

    def __init__(self, worker):
        self.worker, self.ends, self.paused = worker, None, False
        self.main = threading.main_thread().ident
        threading.Thread(target=self._watch, daemon=True).start()

    def running(self, seconds, name):
        return _Limit(self, seconds, name)

    def stopped(self):
        return _Pause(self)

    def _watch(self):
        while True:
            time.sleep(LOOK)
            ends = self.ends
            if ends is None or self.paused or self.worker.interactive:
                continue
            cpu, wall, seconds, name = ends
            if time.process_time() > cpu or time.monotonic() > wall:
                lines = running.position(sys._current_frames()[self.main], self.worker.path)
                text = "\n".join([f"{name} did not come to an end within {seconds:g} s. It was here:", *lines])
                self.worker.send({"timeout": text})
                os._exit(1)  # the judge has no more questions


class _Limit:
    def __init__(self, clock, seconds, name):
        self.clock, self.seconds, self.name = clock, seconds, name

    def __enter__(self):
        if self.seconds is not None:
            cpu, wall = self.clock.worker.deadline
            cpu = min(cpu, time.process_time() + self.seconds)
            wall = min(wall, time.monotonic() + WALL * self.seconds)
            self.clock.ends = cpu, wall, self.seconds, self.name

    def __exit__(self, *error):
        self.clock.ends = None


class _Pause:
    def __init__(self, clock):
        self.clock = clock

    def __enter__(self):
        self.clock.paused = True

    def __exit__(self, *error):
        self.clock.paused = False
