"""A timing that other programs disturbed is said to be so, and one that they left alone is not."""

import resource
import time
from types import SimpleNamespace

import pytest

from scratchnoise.bench import busy, worker
from scratchnoise.bench.disturbance import disturbing_load, stopped_timings
from scratchnoise.bench.ladder import print_ladder


@pytest.mark.parametrize(
    ("before", "after", "processors", "threads", "disturbed"),
    [
        (0.1, 1.9, 2, 2, False),  # all processors, and nobody else wants one
        (2.1, 3.9, 2, 2, True),
        (0.1, 3.9, 2, 2, True),  # the others came later
        (2.1, 1.9, 2, 2, True),  # the others left early
        (2.1, 3.1, 4, 1, False),  # three processors are left to the others
        (3.9, 4.9, 4, 1, True),
    ],
)
def test_a_load_disturbs_where_it_needs_the_processors_that_are_timed(before, after, processors, threads, disturbed):
    said = disturbing_load({"before": before, "after": after}, processors, threads)
    assert bool(said) == disturbed
    assert not said or (f"{before:.1f} before and {after:.1f} after" in said and "\n" not in said)


@pytest.fixture
def clock(monkeypatch):
    """A clock for the worker that only a call of `work` or `wait` moves."""
    now = SimpleNamespace(wall=5.0, processor=3.0)

    def work(seconds, threads=1):
        now.wall += seconds
        now.processor += seconds * threads

    def wait(seconds):
        now.wall += seconds

    clocks = SimpleNamespace(perf_counter=lambda: now.wall, process_time=lambda: now.processor)
    monkeypatch.setattr(worker, "time", clocks)
    return SimpleNamespace(work=work, wait=wait)


def said_of(call):
    seconds, share = worker.timing(call, 3)
    return seconds, stopped_timings([{"rung": "numba (vectors)", "processor_share": share}])


def test_a_call_that_waits_for_a_processor_is_said(clock):
    seconds, said = said_of(lambda: (clock.work(0.2), clock.wait(0.6)))
    assert seconds == pytest.approx(0.8)
    assert "numba (vectors) 25%" in said and said.startswith("Disturbed") and "\n" not in said


@pytest.mark.parametrize("threads", [1, 2])
def test_a_call_that_nobody_stops_is_not_said(clock, threads):
    seconds, said = said_of(lambda: clock.work(0.2, threads))
    assert seconds == pytest.approx(0.2) and said == ""


def test_a_share_of_the_wrong_clock_would_say_nothing(clock, monkeypatch):
    """The mutant: wall time taken for processor time."""
    monkeypatch.setattr(worker.time, "process_time", worker.time.perf_counter)
    assert said_of(lambda: (clock.work(0.2), clock.wait(0.6)))[1] == ""


def test_the_real_clocks_see_a_call_that_has_no_processor():
    assert worker.timing(lambda: time.sleep(0.02), 3)[1] < 0.5


ROW = {"workload": "MLR pass", "samples": 100, "seconds": 0.01, "gflops": 1.0, "ratio": None, "peak_memory": 2**27}
ROW |= {"threads": 2, "peak_gflops": 50.0, "of_peak": 0.02}


def test_it_is_said_beside_the_figures_of_its_workload(capsys):
    others = ROW | {"rung": "PyTorch", "processor_share": 0.4, "workload": "rMLR pass"}
    print_ladder([ROW | {"rung": "numba (vectors)", "processor_share": 1.9}, others])
    first, second = capsys.readouterr().out.split("rMLR pass")
    assert "Disturbed" not in first and "PyTorch 40%" in second


def test_a_peak_below_what_a_rung_reaches_is_said(capsys):
    common = ROW | {"processor_share": 1.9}
    print_ladder([common | {"rung": "numba", "of_peak": 1.2}, common | {"rung": "NumPy", "of_peak": 1.0}])
    said = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Disturbed")]
    assert len(said) == 1 and "too low" in said[0] and said[0].endswith("reach: numba.")


# --- two endless loops beside it -------------------------------------------------------------------------


def processor_time_of_children():
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


@pytest.mark.parametrize("count", [0, 2])
def test_endless_loops_take_processors_until_the_block_ends(count):
    before = processor_time_of_children()
    with busy.endless_loops(count):
        time.sleep(0.8)
    used = processor_time_of_children() - before
    assert used > 0.15 if count else used < 0.01


def test_busy_and_quiet_take_turns(monkeypatch):
    """The times are made up: one thread takes 1 s, two take as many seconds as there are loops, and half of one."""
    asked, beside = [], []

    class Worker:
        def __init__(self, rung, workload_name, threads):
            self.threads, self.process = threads, SimpleNamespace(kill=lambda: asked.append("killed"))
            self.ready = lambda: rung == busy.RUNG
            self.check = lambda: asked.append("checked")

        def time(self, calls):
            asked.append((self.threads, beside[-1] if beside else 0))
            return SimpleNamespace(seconds=1.0 if self.threads else 0.5 + asked[-1][1])

    class Loops:
        def __init__(self, count):
            beside.append(count)

        __enter__ = __exit__ = lambda self, *_: None

    monkeypatch.setattr(busy, "Worker", Worker)
    monkeypatch.setattr(busy, "endless_loops", Loops)
    quiet, with_loops = busy.measure("MLR pass", rounds=2)
    assert quiet == {"loops": 0, "seconds": 0.5, "one_thread_seconds": 1.0, "ratio": 0.5}
    assert with_loops["loops"] == 2 and with_loops["ratio"] == 2.5
    assert beside == [0, 2, 0, 2] and asked[-2:] == ["killed", "killed"]
    assert asked[4:-2] == [(None, 0), (1, 0), (None, 2), (1, 2)] * 2
    with pytest.raises(ValueError, match="does not run"):
        busy.measure("MLR pass", "PyTorchh")
