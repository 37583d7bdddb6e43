"""Many workers: processes that are killed, parents that are killed, a Dask cluster, other machines' data."""

import os
import pickle
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import joblib
import numpy as np
import profiles
import pytest
from kills import Study, end_group, kill_at_random, small_data

from scratchnoise import __version__
from scratchnoise.data import Dataset
from scratchnoise.study import errands, protocol, runner, workers
from scratchnoise.study.errands import Sender, work
from scratchnoise.study.jobs import Job
from scratchnoise.study.plan import make_plan
from scratchnoise.study.results import ResultsFile

TINY = protocol.Preset("quick", 240, 60, 2, 3, 1, "MLR")
KILLS = 100 if profiles.runs("nightly") else 3  # under "nightly"


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """The quick preset, only smaller."""
    monkeypatch.setitem(protocol.PRESETS, "quick", TINY)
    yield
    protocol._sent.clear()


@pytest.fixture(scope="module")
def garments(tmp_path_factory):
    return str(small_data(tmp_path_factory.mktemp("data") / "garments.npz"))


def found(rows):
    """What does not depend on the clock."""
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in rows]
    return sorted(map(str, rows))


def study(out, garments, **changes):
    options = {"noise": ("0.5", "hidden"), "methods": ("rMLR (tuned)", "MLR (tuned)", "rMLR (learnt rates)")}
    return runner.reproduce(out, garments, **{**options, "backend": "numpy", **changes})


# --- processes of this machine ----------------------------------------------------------------------------


@pytest.mark.slow
def test_kill_9_at_random_moments(tmp_path):
    figures = kill_at_random(tmp_path, KILLS)
    assert figures["killed"] == KILLS and figures["completed"] >= 1
    assert figures["lost"] == figures["doubled_or_changed"] == figures["left_behind"] == 0


def kills_a_worker(monkeypatch, times):
    """Let workers die: the first `times` jobs that the parent sends end their process."""
    sent, told = [], workers.Workers._told

    def deadly(self, job):
        sent.append(job)
        return Dies() if len(sent) <= times else told(self, job)

    monkeypatch.setattr(workers.Workers, "_told", deadly)


class Dies:
    """Ends the process that unpickles it."""

    def __reduce__(self):
        return os._exit, (1,)


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced_and_its_job_runs_again(tmp_path, garments, monkeypatch, capsys):
    alone = study(tmp_path / "alone", garments)
    kills_a_worker(monkeypatch, 2)
    assert found(study(tmp_path / "out", garments, jobs=2)) == found(alone)
    assert "a worker was lost" in capsys.readouterr().err


@pytest.mark.slow
def test_workers_that_always_die_end_the_study_with_the_name_of_the_job(tmp_path, garments, monkeypatch):
    kills_a_worker(monkeypatch, 10**6)
    with pytest.raises(OSError, match=r"workers were lost 5 times, at last with .*0\.5 rMLR \(tuned\) #1"):
        study(tmp_path / "out", garments, jobs=2, noise=("0.5",), methods=("rMLR (tuned)",))


@pytest.mark.parametrize("rows", [False, True])
def test_workers_end_with_their_parent(rows, tmp_path):
    """Those that have not got a job yet as well, and those that are still starting."""
    program = Study(tmp_path).start("out", jobs=2)
    try:
        deadline = time.monotonic() + 60
        while len(children(program.pid)) < 4 or (rows and not (tmp_path / "out" / "results.jsonl").exists()):
            assert time.monotonic() < deadline and program.poll() is None
            time.sleep(0.05)
        started = children(program.pid)
        program.kill()
        program.wait()
        deadline = time.monotonic() + 10
        while any(is_alive(pid) for pid in started):
            assert time.monotonic() < deadline, "they work on for nobody"
            time.sleep(0.1)
    finally:
        try:
            end_group(program)
        except ProcessLookupError:
            pass


def children(pid):
    """Processes whose parent is this one (Linux)."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def never_gets_ctrl_c(pid):
    """Whether a process blocks or ignores SIGINT (Linux); it is the second signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    masks = (int(status.partition(name)[2].split()[0], 16) for name in ("SigBlk:", "SigIgn:"))
    return any(mask & 1 << (signal.SIGINT - 1) for mask in masks)


@pytest.mark.slow
def test_an_interrupt_ends_all_processes_and_the_same_command_goes_on(tmp_path):
    program = Study(tmp_path).start("out", jobs=2)
    while not (tmp_path / "out" / "results.jsonl").exists():
        time.sleep(0.05)
    started = children(program.pid)
    assert len(started) > 1 and all(never_gets_ctrl_c(pid) for pid in started)
    os.killpg(program.pid, signal.SIGINT)
    said = program.communicate(timeout=30)[1]
    assert program.returncode == 1 and "stopped; the same command goes on from here" in said
    assert "Traceback" not in said
    end = time.monotonic() + 5  # workers look for their parent every half second
    while any(is_alive(pid) for pid in started) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(is_alive(pid) for pid in started)
    assert not list((tmp_path / "out" / ".claims").iterdir())
    assert Study(tmp_path).start("out", jobs=1).wait(120) == 0


INTERRUPTED_AFTER = """
import importlib, os, signal
owner = importlib.import_module("{module}").{owner}
call, calls = owner.{name}, []

def interrupted(*arguments, **more):
    answer = call(*arguments, **more)
    calls.append(1)
    if len(calls) == {time}:
        os.kill(os.getpid(), signal.SIGINT)
    return answer

owner.{name} = interrupted
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "owner", "name", "time"),
    [
        ("joblib", "Parallel", "__call__", 2),
        ("scratchnoise.study.results", "ResultsFile", "append", 3),
        ("scratchnoise.study.job_claims", "Claim", "take", 4),
        ("scratchnoise.study.job_claims", "Claim", "release", 3),
    ],
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupt_at_that_very_moment_leaves_nothing_and_prints_one_line(jobs, module, owner, name, time, tmp_path):
    if jobs == 1 and module == "joblib":
        pytest.skip("one job is done without joblib")
    program = Study(tmp_path).start("out", jobs, INTERRUPTED_AFTER.format(**locals()))
    said = program.communicate(timeout=60)[1]
    assert program.returncode == 1 and "Traceback" not in said and "Warning" not in said
    assert said.splitlines()[-1] == "scratchnoise: stopped; the same command goes on from here"
    assert not list((tmp_path / "out" / ".claims").iterdir())


def test_after_an_interrupt_no_job_is_given_out(tmp_path, garments):
    """joblib's thread may ask for one more: once in a hundred interrupts two claims were left."""
    plan = make_plan(garments, ("0.5",), ("rMLR (tuned)",), "quick", 3, "numpy", 0)
    with workers.Progress(plan.cost) as progress:
        program = workers.Workers(ResultsFile(tmp_path / "results.jsonl"), progress, 2)
        given = program._claimed(plan)
        next(given)
        assert len(list((tmp_path / ".claims").iterdir())) == 1
        program._release()
        assert list(given) == [] and not list((tmp_path / ".claims").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_is_heard_while_another_program_has_the_last_job(jobs, tmp_path):
    both = Study(tmp_path)
    first = both.start("out", jobs=1)
    try:
        while not (tmp_path / "out" / ".claims").exists():
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)
        second = both.start("out", jobs)
        while not waits_for_a_lock(second.pid):
            assert second.poll() is None
            time.sleep(0.05)
        os.killpg(second.pid, signal.SIGINT)
        assert "stopped; the same command goes on from here" in second.communicate(timeout=20)[1]
    finally:
        end_group(first)


def waits_for_a_lock(pid):
    """Whether another process holds the file that this one wants to lock (Linux)."""
    return any(line.split()[1] == "->" and f" {pid} " in line for line in Path("/proc/locks").read_text().splitlines())


@pytest.mark.parametrize("killed", [True, False])
def test_a_thread_of_loky_that_fails_is_shown_unless_its_workers_were_killed(killed, monkeypatch):
    """The thread looks for jobs that are gone then: once in 24 interrupts it printed a traceback."""
    shown = []
    monkeypatch.setattr(threading, "excepthook", shown.append)
    thread = threading.Thread(target=lambda: {}["a job that is gone"])
    thread.executor_flags = SimpleNamespace(kill_workers=killed)

    def answers():
        thread.start()
        thread.join()
        yield 1

    assert list(workers._answers(lambda errands: answers(), ())) == [1]
    assert len(shown) == (0 if killed else 1)
    assert threading.excepthook == shown.append


# --- what a worker checks ---------------------------------------------------------------------------------


def sender(garments, **changes):
    known = {"version": __version__, "data_hash": protocol.data_hash(garments, TINY, 0)}
    return Sender(**{**known, "checkpoints": "/nowhere/.checkpoints", **changes})


def test_a_worker_refuses_another_version_and_other_data(garments):
    job = Job(garments, "0.5", "rMLR (tuned)", 0, TINY, 0, "numpy")
    _, rows, error = work(job, None, sender(garments))
    assert error is None and rows[0]["accuracy"] > 0.3
    for changes, message in (({"version": "0.0.9"}, "not 0.0.9"), ({"data_hash": "0" * 16}, "has other samples here")):
        _, rows, error = work(job, None, sender(garments, **changes))
        assert rows == [] and isinstance(error, OSError) and message in str(error)


def test_a_worker_takes_the_samples_that_were_sent_and_not_those_of_a_study_before(garments):
    known = protocol.load_data(garments, TINY, 0)
    other = Dataset("garments", known.x_train[::-1], known.y_train, known.x_test, known.y_test, known.class_names)
    expected = protocol.content_of(other.x_train, other.y_train, other.x_test, other.y_test, *other.class_names)
    protocol.adopt(other, expected, garments, TINY, 0)
    assert protocol.load_data(garments, TINY, 0) is other
    assert protocol.load_task(garments, "0.5", TINY, 0).x_train is other.x_train
    with pytest.raises(ValueError, match="has other samples here"):
        protocol.adopt(other, "0" * 16, garments, TINY, 0)


def test_rows_of_other_data_are_not_kept(tmp_path, garments, monkeypatch):
    row = Job.row
    monkeypatch.setattr(Job, "row", lambda self, **found: row(self, **found) | {"data_hash": "0" * 16})
    with pytest.raises(OSError, match="done on other data"):
        study(tmp_path / "out", garments, methods=("priors",))


def test_what_a_machine_cannot_do_is_one_line_that_names_the_job(garments, monkeypatch):
    def too_large(*_, **__):
        raise MemoryError("8 TiB")

    job = Job(garments, "0.5", "rMLR (tuned)", 0, TINY, 0, "numpy")
    monkeypatch.setattr(Job, "run", too_large)
    assert str(work(job, None, sender(garments))[2]) == "0.5 rMLR (tuned) #1: 8 TiB"


def test_a_job_is_sent_without_its_data(garments):
    job = Job(garments, "0.5", "rMLR (tuned)", 0, TINY, 0, "numpy")
    assert job.task is not None
    assert len(pickle.dumps((job, np.eye(3), sender(garments)))) < 3000


# --- through joblib's door --------------------------------------------------------------------------------


@pytest.mark.slow
def test_any_backend_of_joblib_runs_the_jobs(tmp_path, garments, monkeypatch):
    """As Ray's and Spark's are used; threads stand for them."""
    alone, threads = study(tmp_path / "alone", garments), set()
    outcome = Job.outcome

    def listening(self, *arguments, **more):
        threads.add(threading.current_thread())
        return outcome(self, *arguments, **more)

    monkeypatch.setattr(Job, "outcome", listening)
    with joblib.parallel_config("threading"):
        assert found(study(tmp_path / "out", garments, jobs=3)) == found(alone)
    assert threading.main_thread() not in threads


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=3, threads_per_worker=1, dashboard_address=None)
    yield cluster
    with suppress(TimeoutError):  # older versions wait for workers that were killed
        cluster.close(timeout=20)


@pytest.mark.slow
def test_a_dask_cluster_finds_the_same_rows_and_gets_the_data_once(tmp_path, garments, cluster, monkeypatch):
    """The workers were started in another folder, so that they cannot read the file themselves."""
    from scratchnoise.study.clusters import dask_cluster

    options = {"methods": ("rMLR (tuned)", "MLR (tuned)"), "repetitions": 4}
    alone = study(tmp_path / "alone", garments, **options)
    monkeypatch.chdir(Path(garments).parent)
    sent, reduce = [], Dataset.__reduce_ex__

    def counting(self, protocol):
        sent.append(self)
        return reduce(self, protocol)

    monkeypatch.setattr(Dataset, "__reduce_ex__", counting)
    with dask_cluster(cluster.scheduler_address):
        rows = study(tmp_path / "out", Path(garments).name, **options)
    assert found(rows) == found(alone) and len(rows) > 4 * len(cluster.workers)
    assert 1 <= len(sent) <= 2 * len(cluster.workers), "once a stage and worker, not once a job"


@pytest.mark.slow
def test_a_dask_cluster_whose_workers_are_killed_finds_the_same_rows(tmp_path, garments, cluster):
    from scratchnoise.study.clusters import dask_cluster

    options = {"methods": ("rMLR (tuned)", "MLR (tuned)"), "repetitions": 8}
    alone, over, killed = study(tmp_path / "alone", garments, **options), threading.Event(), []

    def kill():
        while not over.wait(3.0) and len(killed) < 3:
            worker = next(iter(cluster.workers.values()))
            if worker.process is not None and worker.process.pid:
                os.kill(worker.process.pid, signal.SIGKILL)
                killed.append(worker)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with dask_cluster(cluster.scheduler_address):
            rows = study(tmp_path / "out", garments, **options)
    finally:
        over.set()
        killer.join()
    assert found(rows) == found(alone) and killed


def test_no_scheduler_is_one_line(monkeypatch):
    pytest.importorskip("distributed")
    from scratchnoise.study import clusters

    monkeypatch.setattr(clusters, "SECONDS_TO_CONNECT", 1)
    with (
        pytest.raises(OSError, match="no Dask scheduler answers at 'tcp://127.0.0.1:1'"),
        clusters.dask_cluster("tcp://127.0.0.1:1"),
    ):
        pass
    assert errands._ONE_AT_A_TIME.acquire(blocking=False)
    errands._ONE_AT_A_TIME.release()


def test_without_dask_it_says_what_to_install(monkeypatch):
    from scratchnoise.study.clusters import dask_cluster

    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(ValueError, match=r"pip install 'scratchnoise\[dask\]'"), dask_cluster("tcp://127.0.0.1:1"):
        pass
