"""How long the checker waits for a student's process, and how a call can end."""

import pytest

from scratchnoise.course.checker import process
from scratchnoise.course.checker.failure import Stopped
from scratchnoise.course.checker.process import Process
from scratchnoise.course.student import wire


class Wire:
    """A connection whose answers are prepared; None is silence. Records what was sent and how long was waited."""

    def __init__(self, *replies):
        self.replies, self.sent, self.waits, self.closed = list(replies), [], [], False

    def send_bytes(self, sent):
        self.sent.append(wire.decode(sent))

    def poll(self, wait):
        self.waits.append(wait)
        if self.replies[0] is KeyboardInterrupt:
            raise self.replies.pop(0)
        return self.replies[0] is not None

    def recv_bytes(self, most):
        return wire.encode(self.replies.pop(0))

    def close(self):
        self.closed = True


def test_a_process_is_waited_for_in_proportion_to_its_seconds_and_for_ever_while_somebody_types():
    silent = Wire(None)
    with pytest.raises(Stopped, match="did not come to an end within 2 s, in code that is not Python") as caught:
        Process(silent, 2).ask(do="call")
    assert caught.value.status == "timeout" and silent.closed and silent.waits == [process.PATIENCE * 2 + 5]
    assert silent.sent[0]["do"] == "call" and silent.sent[0]["seconds"] == 2
    typing = Wire({"interactive": 1}, {}, {"value": 3})
    assert Process(typing, 1).ask(do="call") == {"value": 3} and typing.waits[1:] == [None, None]


def test_how_a_call_can_end():
    for reply, error, text in [
        ({"timeout": "line 2"}, Stopped, "line 2"),
        ({"interrupted": "line 3"}, KeyboardInterrupt, "line 3"),
    ]:
        connection = Wire(reply)
        with pytest.raises(error, match=text):
            Process(connection).ask(do="call")
        assert connection.closed == (error is Stopped)
    for error, text in [(EOFError, "ended in the middle"), (OSError, "ended in the middle"), (ValueError, "answered")]:
        broken = Wire({})
        broken.send_bytes = lambda sent, error=error: (_ for _ in ()).throw(error("x"))
        with pytest.raises(Stopped, match=text) as caught:
            Process(broken).ask(do="call")
        assert caught.value.status == "crashed"


def test_an_interrupt_waits_a_second_for_where_it_was():
    told = Wire(KeyboardInterrupt, {"interrupted": "line 4"})
    with pytest.raises(KeyboardInterrupt, match="line 4"):
        Process(told).ask(do="call")
    assert told.waits[1] == 1
    with pytest.raises(KeyboardInterrupt):
        Process(Wire(KeyboardInterrupt, None)).ask(do="call")
    typing = Wire({"interactive": 1}, KeyboardInterrupt, {"value": 1})
    assert Process(typing).ask(do="call") == {"value": 1}
