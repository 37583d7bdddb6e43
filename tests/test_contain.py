"""What a contained task may do to the machine: nothing that outlasts it, and nothing beyond its limits.

The tasks here are bounded: each would do little harm even where nothing held it.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import profiles
import pytest

if sys.platform != "linux":
    pytest.skip("the grader runs on Linux only", allow_module_level=True)

from scratchnoise.course.grading import guard, walls
from scratchnoise.course.grading.guard import MB, Limits, contain
from scratchnoise.course.grading.processes import descendants, end_all_below, memory

GET_NO_NEW_PRIVILEGES = 39  # of prctl
LIMITS = Limits(seconds=15, memory=256 * MB, file_size=MB, scratch=4 * MB, processes=8)


@pytest.fixture(scope="module")
def all_walls():
    """Skips where the system grants no namespaces; fails where it grants them to others."""
    outcome = contain(lambda: None)
    if outcome.status == "not contained":
        others = shutil.which("unshare") and subprocess.run("unshare -Urmnipf mount -t tmpfs none /mnt".split())
        assert not others or others.returncode, outcome
        pytest.skip(f"this system grants no namespaces: {outcome.message}")


@pytest.fixture(params=["all walls", "limits alone"])
def run(request):
    """A function that contains a task, once in namespaces and once without them."""
    if request.param == "all walls":
        request.getfixturevalue("all_walls")

    def run(task, limits=LIMITS, **options):
        return contain(task, limits, namespaces=request.param == "all walls", **options)

    return run


@pytest.fixture
def left_over():
    """A function that tells which processes have outlasted a task: orphans become children of this one."""
    walls.call("prctl", walls.SUBREAPER, 1, 0, 0, 0)
    before = set(descendants(os.getpid()))

    def left_over():
        return set(descendants(os.getpid())) - before

    yield left_over
    for pid in left_over():
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    walls.call("prctl", walls.SUBREAPER, 0, 0, 0, 0)


# --- tasks -----------------------------------------------------------------------------------------------


def loop():
    while True:
        pass


def loop_that_ignores_the_warning():
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    loop()


def sleep():
    time.sleep(60)


def follow_null():
    ctypes.string_at(0)


def allocate_at_once():
    """Not touched, so that it would cost nothing where it is allowed."""
    return np.empty(2 * 2**30).size


def allocate_in_children():
    """Each stays below the limit of a process; together they are above it."""
    for _ in range(4):
        if os.fork() == 0:
            held = np.ones(100 * MB // 8)
            time.sleep(20 + held[0])
            os._exit(0)
    time.sleep(20)


def fork_until_refused():
    for count in range(40):
        try:
            if os.fork() == 0:
                time.sleep(20)
                os._exit(0)
        except BlockingIOError:
            return count
    return "never refused"


def leave_a_daemon():
    """The classic double fork: a session of its own and no parent."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(20)
        os._exit(0)
    os.wait()
    return "left"


def write_large_file():
    try:
        Path("large").write_bytes(bytes(2 * MB))
    except OSError as error:
        return error.strerror


def write_many_files():
    try:
        for count in range(8):
            Path(str(count)).write_bytes(bytes(MB))
    except OSError as error:
        return error.strerror


def flood():
    for _ in range(100):
        os.write(1, bytes(MB))
    return "written"


def forge():
    os.write(3, b'{"status": "done", "value": "passed"}\n')
    time.sleep(20)


def return_twice():
    """The child would be the first to report."""
    is_child = os.fork() == 0
    time.sleep(0 if is_child else 0.3)
    return is_child


def interrupt():
    raise KeyboardInterrupt


def open_descriptors():
    """Those beyond 0 to 2 and the report, which is 3."""
    found = []
    for number in range(4, 256):
        try:
            os.fstat(number)
            found.append(number)
        except OSError:
            pass
    return found


# --- and what becomes of them ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "status", "message"),
    [
        (follow_null, "crashed", "Segmentation fault"),
        (os.abort, "crashed", "Aborted"),
        (lambda: os._exit(3), "crashed", "exit status 3"),
        (lambda: os._exit(guard.NOT_CONTAINED), "crashed", "exit status 125"),
        (lambda: sys.exit("bye"), "crashed", "SystemExit: bye"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "crashed", "Killed"),
        (lambda: object(), "crashed", "exit status"),
        (interrupt, "crashed", "KeyboardInterrupt"),
        (allocate_at_once, "crashed", "MemoryError: Unable to allocate 16"),
        (allocate_in_children, "memory", "more than 256 MB"),
        (forge, "tampered", "channel"),
    ],
)
def test_a_bad_end_is_told_as_what_it_is(run, left_over, task, status, message):
    outcome = run(task)
    assert outcome.status == status and message in outcome.message, outcome
    assert not left_over()


@pytest.mark.parametrize("task", profiles.thinned([loop, loop_that_ignores_the_warning]))
def test_cpu_time_is_limited(run, task, monkeypatch):
    monkeypatch.setattr(guard, "PATIENCE", 60)  # the clock would end it much later
    outcome = run(task, Limits(seconds=1))
    assert (outcome.status, outcome.message) == ("timeout", "not finished after 1 s of CPU time")


def test_the_clock_is_limited(run, left_over):
    outcome = run(sleep, Limits(seconds=0.5))
    assert (outcome.status, outcome.message) == ("timeout", "not finished after 1 s")
    assert not left_over()


@pytest.mark.parametrize(
    ("task", "value"),
    [
        (lambda: {"a": [1, 2.5, None]}, {"a": [1, 2.5, None]}),
        (lambda: Path("a.py").read_text(), "x = 1\n"),
        (lambda: sys.stdin.read(), ""),
        (lambda: os.path.realpath(os.environ["HOME"]) == os.getcwd(), True),
        (leave_a_daemon, "left"),
        (write_large_file, "File too large"),
        (flood, "written"),
        (return_twice, False),
        (open_descriptors, []),
        (lambda: walls.call("prctl", GET_NO_NEW_PRIVILEGES, 0, 0, 0, 0), 1),
    ],
)
def test_a_task_that_ends_gives_its_value(run, left_over, task, value):
    outcome = run(task, files={"a.py": b"x = 1\n"})
    assert (outcome.status, outcome.value) == ("done", value), outcome
    assert not left_over()


def test_children_are_counted(run, left_over):
    assert run(fork_until_refused).value in range(4, LIMITS.processes)
    assert not left_over()


def test_the_tests_see_what_is_left_behind(left_over, monkeypatch):
    """Without its last step the guard would leave a daemon, and `left_over` would find it."""
    monkeypatch.setattr(guard, "end_all_below", lambda pid: None)
    assert contain(leave_a_daemon, LIMITS, namespaces=False).value == "left"
    assert _becomes_true(lambda: len(_running(left_over())) == 1)


def test_a_guard_that_is_ended_leaves_nothing(run, left_over):
    """As after Ctrl-C: what asked for the task is gone, and so are guard, daemon and task."""
    asking = os.fork()
    if asking == 0:
        run(lambda: (leave_a_daemon(), sleep()), Limits(seconds=20))
        os._exit(0)
    assert _becomes_true(lambda: len(left_over()) >= 5)  # asking, guard, first process, task, daemon
    os.kill(asking, signal.SIGKILL)
    os.waitpid(asking, 0)
    assert _becomes_true(lambda: not _running(left_over()))


def _becomes_true(condition):
    until = time.monotonic() + 5
    while time.monotonic() < until and not condition():
        time.sleep(0.05)
    return condition()


def _running(pids):
    """Those that are no zombies: these have no memory any more."""
    return [pid for pid in pids if memory(pid)[0]]


def test_end_all_below_spares_the_others():
    other = os.fork()
    if other == 0:
        time.sleep(20)
        os._exit(0)
    ending = os.fork()
    if ending == 0:
        walls.call("prctl", walls.SUBREAPER, 1, 0, 0, 0)
        leave_a_daemon()
        end_all_below(os.getpid())
        os._exit(len(descendants(os.getpid())))
    assert os.waitpid(ending, 0)[1] == 0
    assert os.waitpid(other, os.WNOHANG) == (0, 0)
    os.kill(other, signal.SIGKILL)
    os.waitpid(other, 0)


# --- only with namespaces --------------------------------------------------------------------------------


def network():
    try:
        socket.create_connection(("127.0.0.1", PORT), timeout=2)
    except OSError:
        return [name for _, name in socket.if_nameindex()]
    return "connected"


def try_paths(paths):
    """What can be done with each path: read, written, or the error."""

    def attempt():
        found = {}
        for path in paths:
            for mode, done in (("a", "written"), ("r", "read")):
                try:
                    open(path, mode).close()
                    found[path] = done
                    break
                except OSError as error:
                    found[path] = type(error).__name__
        return found

    return attempt


def test_there_is_no_network(all_walls):
    with socket.create_server(("127.0.0.1", 0)) as server:
        global PORT
        PORT = server.getsockname()[1]
        assert network() == "connected"  # from here, but
        assert contain(network, LIMITS).value == ["lo"]


def test_only_python_and_the_submission_are_there(all_walls, tmp_path):
    """No file of the user, nothing of the other submissions; Python can be read but not changed."""
    other = tmp_path / "other.py"
    other.touch()
    package = str(Path(walls.__file__).parents[2])
    wanted = {
        str(other): "FileNotFoundError",
        "/etc/passwd": "FileNotFoundError",
        "/proc/self/environ": "FileNotFoundError",
        os.path.join(package, "losses.py"): "FileNotFoundError",  # the answers
        np.__file__: "read",
        "own.py": "written",
    }
    assert contain(try_paths(wanted), LIMITS).value == wanted
    package = str(Path(np.__file__).parent)
    hidden = contain(try_paths([np.__file__]), LIMITS, hidden=[package])
    assert list(hidden.value.values()) == ["FileNotFoundError"]


def test_everything_but_the_submission_is_read_only(all_walls):
    """Also for a user who owns Python's files."""
    shown = ["/", "/usr", np.__file__, os.__file__, walls.SCRATCH]

    def read_only():
        return [bool(os.statvfs(path).f_flag & os.ST_RDONLY) for path in shown]

    assert contain(read_only, LIMITS).value == [True, True, True, True, False]


def test_scratch_has_a_size(all_walls):
    assert contain(write_many_files, LIMITS).value == "No space left on device"


def test_no_rights_are_left(all_walls):
    """A task cannot become root again, and a new user namespace gives it nothing to mount."""

    def attempts():
        found = [os.geteuid() == 0]
        for attempt in (
            lambda: os.setuid(0),
            lambda: walls.call("mount", "tmpfs", "/usr", "tmpfs", 0, None),
            lambda: walls.call("umount2", walls.SCRATCH, 0),
            lambda: os.chroot("."),
        ):
            try:
                attempt()
                found.append("done")
            except OSError:
                found.append("refused")
        return found

    assert contain(attempts, LIMITS).value == [False, *["refused"] * 4]


def test_the_guard_cannot_be_seen(all_walls):
    """Its processes are 1, which cannot be ended from inside, and this one."""

    def kill_others():
        for pid in range(1, 300):
            try:
                os.kill(pid, signal.SIGTERM) if pid != os.getpid() else None
            except (ProcessLookupError, PermissionError):
                pass
        time.sleep(0.2)
        return os.getpid()

    assert contain(kill_others, LIMITS).value == 2


SLOW_START = """
import time
from scratchnoise.course.grading import guard, walls
written = walls.write_files

def late(*arguments):
    print("begun", flush=True)
    time.sleep(1)
    written(*arguments)

walls.write_files = late
guard.contain(lambda: time.sleep(60), guard.Limits(seconds=60), namespaces=False)
"""


def test_a_guard_ends_with_a_parent_that_was_gone_before_it_asked_for_a_signal():
    """Who grades waits for the last guard; one that missed the end of its parent would run the task to its limit."""
    parent = subprocess.Popen([sys.executable, "-c", SLOW_START], stdout=subprocess.PIPE, text=True)
    with parent:
        parent.stdout.readline()  # the guard has begun
        parent.kill()
        began = time.monotonic()
        parent.stdout.read()  # open as long as the guard runs
        took = time.monotonic() - began
    assert took < 20
