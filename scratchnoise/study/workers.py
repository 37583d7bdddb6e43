"""Jobs at work: here, in processes or on a cluster, each once however many programs share the folder, with a bar."""

import os
import sys
import threading
import warnings
from contextlib import contextmanager, suppress
from functools import partial
from shutil import rmtree

from .. import __version__
from ..processes import processors
from ..transition import TransitionMatrix
from .errands import Sender, end_with, work
from .interrupts import interrupts_held
from .job_claims import Claim
from .methods import ESTIMATES
from .plan import alone
from .protocol import data_hash, load_data
from .results import CONTENT

MOST_LOSSES = 5  # of workers, one after the other, without one finished job or epoch between
SAME_DRAW = ("data_hash", "noise_hash", "method", "repetition", "preset", "seed")


class Progress:
    """A bar over the estimated cost of all jobs, with the time left."""

    def __init__(self, total):
        from tqdm import tqdm

        self.bar = tqdm(
            total=max(total, 1e-9), bar_format="{percentage:3.0f} %|{bar}| {elapsed} gone, {remaining} left  {desc}"
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.bar.close()

    def follow(self, job):
        """A function that moves the bar as `job` tells its share done."""
        self.bar.set_description_str(named(job))
        done = 0.0

        def tick(share):
            nonlocal done
            self.bar.update(min((share - done) * job.cost, self.bar.total - self.bar.n))  # rounding adds up
            done = share

        return tick


class LostWorkers(Exception):
    """Workers ended, or cannot be reached, before they had done what they were sent."""


class Workers:
    """Run jobs here, in `jobs` processes, or on the cluster of the joblib.parallel_config that is in force.

    Each job is done once, however many programs share the folder of the results.
    """

    def __init__(self, results, progress, jobs):
        self.results, self.progress, self.jobs = results, progress, jobs
        self.claims, self.elsewhere, self.estimates, self.kept = {}, [], {}, 0
        self.claiming, self.turn = threading.Lock(), 0  # joblib asks for jobs in a thread of its own
        self.on_cluster, self.on_dask = on_cluster(), on_cluster("dask")  # joblib tells this thread only

    def tidy(self, done):
        """Delete what killed programs have left of jobs whose rows are there."""
        Claim.sweep(self._claims())
        left = {path.name: path for path in self._checkpoints().glob("*")}
        if left:  # a key takes a while to make
            for key in (job.key for job in done):
                if key in left:
                    rmtree(left[key], ignore_errors=True)

    def run(self, plan):
        """Until every job of the plan is done, by this program or by another one.

        Raises OSError and MemoryError where this machine or a worker cannot do a job.
        """
        run = self._here if self.jobs == 1 and not self.on_cluster else self._sent
        try:
            run(plan)
            while self.elsewhere:
                waited, self.elsewhere = self.elsewhere, []
                for job in waited:  # a lost program leaves its job to us
                    self._claim(job).wait()
                    run(alone(job))
        finally:
            self._release()

    def _here(self, plan):
        for job, T in self._claimed(plan):
            tick = self.progress.follow(job)
            self._keep(job, job.outcome(T, tick, self._sender(job).folder_of(job)), tick)

    def _sent(self, plan):
        losses, before = 0, self._progress_made()
        while plan:
            try:
                return self._send(plan)
            except LostWorkers as lost:
                now = self._progress_made()
                losses, before = losses + 1 if now == before else 1, now
                names = ", ".join(named(job) for job in list(self.claims)) or "nothing"
                if losses == MOST_LOSSES:
                    raise OSError(f"workers were lost {losses} times, at last with {names}: {lost}") from lost
                print(f"\na worker was lost ({lost}); {names} begins again", file=sys.stderr)
                self._release()
            self.results.refresh()
            plan, self.elsewhere = plan.without(self.results), []

    def _progress_made(self):
        """Something that changes with every finished job, and with every epoch that a network has kept."""
        times = []
        for path in self._checkpoints().glob("*/*.npz"):
            with suppress(FileNotFoundError):
                times.append(path.stat().st_mtime_ns)
        return self.kept, max(times, default=0)

    def _send(self, plan):
        """One joblib call. Its exceptions are about workers: what a job raises comes back as a value."""
        from joblib import Parallel, delayed

        first = next(iter(plan))
        dataset = load_data(first.data, first.preset, first.seed)
        broken = []  # joblib asks for jobs in a thread that has nobody to raise to

        def errands():
            try:
                for job, T in self._claimed(plan):
                    yield delayed(work)(job, T, self._sender(job), dataset if self.on_dask else None)
            except Exception as error:
                broken.append(error)

        with workers(self.jobs, dataset) as jobs:
            for job, rows, error in _answers(Parallel(jobs, return_as="generator_unordered", batch_size=1), errands()):
                if error is not None:
                    raise error
                self._keep(job, rows, self.progress.follow(job))
        if broken:
            raise broken[0]

    def _claimed(self, plan):
        """(job, T) for every job that nobody else has done or is doing, until `_release` is called."""
        turn = self.turn
        for job in plan:
            with self.claiming:
                if self.turn != turn:
                    return
                ours = self._take(job)
            if ours:
                yield job, self._told(job)

    def _take(self, job):
        """Whether a job is ours to do now."""
        claim = self.claims[job] = self._claim(job)  # noted first: an interrupt may come at any moment
        if not claim.take():
            self.elsewhere.append(job)
            del self.claims[job]
            return False
        self.results.refresh()
        if not job.is_done(self.results):
            return True
        self._give_up(job)
        self.progress.follow(job)(1.0)
        return False

    def _keep(self, job, rows, tick):
        content = job.content
        if any(row[name] != content[name] for row in rows for name in CONTENT):
            raise OSError(f"{named(job)} was done on other data than those of this program; its rows are not kept")
        self.results.append(*rows)
        self.kept += 1
        rmtree(self._checkpoints() / job.key, ignore_errors=True)
        self._give_up(job)
        tick(1.0)

    def _give_up(self, job):
        self.claims[job].release()
        del self.claims[job]

    def _release(self):
        """Give all jobs up. After an interrupt joblib's thread may still ask for some: it gets none."""
        with self.claiming:
            self.turn += 1
            for job in list(self.claims):
                self._give_up(job)

    def _claim(self, job):
        return Claim(self._claims(), repr(job))

    def _claims(self):
        return self.results.path.parent / ".claims"

    def _checkpoints(self):
        return self.results.path.parent.resolve() / ".checkpoints"

    def _sender(self, job):
        return Sender(__version__, data_hash(job.data, job.preset, job.seed), str(self._checkpoints()))

    def _told(self, job):
        """T for a method that needs it where the noise is hidden or given: the estimate of the same draw, or None."""
        if not (job.settings and job.settings.needs_T and job.task.T_known is None):
            return None
        wanted = job.row(method=ESTIMATES["confident_joint"])
        draw = tuple(wanted[name] for name in SAME_DRAW)
        if draw not in self.estimates:
            estimated = (row for row in self.results.each_row() if row.get("T_hat"))
            self.estimates = {tuple(row.get(name) for name in SAME_DRAW): row["T_hat"] for row in estimated}
        return TransitionMatrix(self.estimates[draw]) if draw in self.estimates else None


def named(job):
    """How a job is called where people read it."""
    return f"{job.noise} {job.method} #{job.repetition + 1}"


def on_cluster(name=None):
    """Whether joblib.parallel_config names another backend than its own processes; name: that very one."""
    from joblib.parallel import BACKENDS, get_active_backend

    if name is not None:
        return name in BACKENDS and isinstance(get_active_backend()[0], BACKENDS[name])
    return type(get_active_backend()[0]).__name__ not in ("LokyBackend", "SequentialBackend")


@contextmanager
def workers(jobs, dataset):
    """The number of jobs for joblib.Parallel, and the backend that is to run them.

    Processes of this machine divide its threads among them. Each worker of a Dask cluster gets the samples once.
    """
    from joblib import parallel_config
    from joblib.parallel import get_active_backend

    if on_cluster("dask"):
        with parallel_config("dask", client=get_active_backend()[0].client, scatter=[dataset]):
            yield -1
    elif on_cluster():
        yield None if jobs == 1 else jobs
    else:
        threads, guard = max(1, processors() // jobs), {"initializer": end_with, "initargs": (os.getpid(),)}
        with parallel_config("loky", n_jobs=jobs, inner_max_num_threads=threads, **guard):
            yield jobs


def _unless_killed(shown, failure):
    """Show what ended a thread, but not loky's own: when its workers are killed it looks for jobs that are gone."""
    if not getattr(getattr(failure.thread, "executor_flags", None), "kill_workers", False):
        shown(failure)


def _answers(parallel, errands):
    """What the workers return, as it comes. Raises LostWorkers for whatever joblib raises itself."""
    shown, answers = threading.excepthook, None
    threading.excepthook = partial(_unless_killed, shown)
    try:
        with interrupts_held():  # it starts the processes
            answers = parallel(errands)
        for answer in answers:  # noqa: UP028, it would end joblib before its warning is switched off
            yield answer
        threading.excepthook = shown  # after an interrupt it stays: the thread may end later
    except Exception as error:
        threading.excepthook = shown
        raise LostWorkers(f"{type(error).__name__}: {' '.join(str(error).split())[:200]}") from error
    finally:
        _end(answers)


def _end(answers):
    """End what joblib still does for us, now: an exception on its way to the user keeps it alive."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"\d+ tasks")  # unfinished or not used: that is why we end it
        if hasattr(answers, "close"):
            answers.close()
