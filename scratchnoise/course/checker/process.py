"""The judge's end of the process in which a student's code runs."""

import os
import secrets
import subprocess
import sys
from multiprocessing.connection import Listener

from ..student import wire
from .failure import Stopped

SECONDS = 10  # of CPU that a call may take
PATIENCE = 8  # seconds on the clock for each of them, and a few more, before the process is given up
RUN = "import sys; sys.path.pop(0); from scratchnoise.course.student.worker import main; main(sys.argv[1], sys.argv[2])"


class Process:
    """A process that calls a student's functions. connection: to `student.worker.serve`; seconds: CPU of one call."""

    def __init__(self, connection, seconds=SECONDS):
        self.connection, self.seconds = connection, seconds
        self.interactive = False

    def ask(self, **request):
        """Send a request and wait for its answer, a dict.

        Raises Stopped when the student's code does not end or ends the process, KeyboardInterrupt when it was
        interrupted.
        """
        formulas = []
        try:
            self.connection.send_bytes(wire.encode({**request, "seconds": self.seconds}, formulas))
            while True:
                reply = self._next()
                if "interactive" in reply:
                    self.interactive = True
                elif not reply:
                    continue
                elif "formula" in reply:
                    self.connection.send_bytes(wire.encode(_evaluated(formulas, reply)))
                else:
                    break
        except (EOFError, OSError):
            raise Stopped("crashed", "The process ended in the middle of the call.") from None
        except ValueError as error:
            raise Stopped("crashed", f"The process answered with {error}.") from None
        if "interrupted" in reply:
            raise KeyboardInterrupt(reply["interrupted"])
        if "timeout" in reply:
            self.close()
            raise Stopped("timeout", str(reply["timeout"]))
        return reply

    def _next(self):
        wait = None if self.interactive else PATIENCE * self.seconds + 5
        try:
            arrived = self.connection.poll(wait)
        except KeyboardInterrupt:  # the student's process got it as well, and says where it was
            if self.interactive:
                return {}
            if not self.connection.poll(1):
                raise
            arrived = True
        if not arrived:
            self.close()
            raise Stopped(
                "timeout", f"It did not come to an end within {self.seconds:g} s, in code that is not Python."
            )
        return wire.decode(self.connection.recv_bytes(wire.LONGEST))

    def path_of(self, path):
        """Where a file lies for that process."""
        return str(path.resolve())

    def close(self):
        """End it."""
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def _evaluated(formulas, reply):
    """What a formula of the judge makes of the student's arguments."""
    try:
        return {"value": formulas[reply["formula"]](*reply["args"])}
    except Exception as error:  # whatever NumPy says about the student's arguments
        return {"error": f"{type(error).__name__}: {error}"}


class OwnProcess(Process):
    """A process on the student's own machine: it has the terminal, and the folders that Python has here."""

    def __init__(self, seconds=SECONDS):
        key = secrets.token_bytes(16)
        with Listener(authkey=key) as listener:
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
            self.child = subprocess.Popen([sys.executable, "-c", RUN, listener.address, key.hex()], env=environment)
            super().__init__(listener.accept(), seconds)

    def close(self):
        """End it at once, whatever it does."""
        super().close()
        self.child.kill()
        self.child.wait()
