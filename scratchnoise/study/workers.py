"""Jobs at work: here or in processes, each once however many programs share a folder, with a bar."""

from ..processes import processors
from ..transition import TransitionMatrix
from .job_claims import Claim
from .methods import ESTIMATES


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
        self.bar.set_description_str(f"{job.noise} {job.method} #{job.repetition + 1}")
        done = 0.0

        def tick(share):
            nonlocal done
            self.bar.update((share - done) * job.cost)
            done = share

        return tick


class Workers:
    """Run jobs here or in `jobs` processes, each job once however many programs share the folder."""

    def __init__(self, results, progress, jobs):
        self.results, self.progress, self.jobs = results, progress, jobs
        self.claims, self.elsewhere = {}, []

    def run(self, plan):
        """Until every job of the plan is done, by this program or by another one."""
        run = self._here if self.jobs == 1 else self._in_processes
        try:
            run(plan)
            while self.elsewhere:
                waited, self.elsewhere = self.elsewhere, []
                for job in waited:  # a lost program leaves its job to us
                    run([job], wait=True)
        finally:
            for claim in self.claims.values():
                claim.release()

    def _here(self, plan, wait=False):
        for job, T in self._claimed(plan, wait):
            tick = self.progress.follow(job)
            self._keep(job, job.outcome(T, tick), tick)

    def _in_processes(self, plan, wait=False):
        from joblib import Parallel, delayed, parallel_config

        threads = max(1, processors() // self.jobs)
        with parallel_config("loky", n_jobs=self.jobs, inner_max_num_threads=threads):
            work = (delayed(_outcome)(*item) for item in self._claimed(plan, wait))
            for job, rows in Parallel(return_as="generator_unordered", pre_dispatch="n_jobs")(work):
                self._keep(job, rows, self.progress.follow(job))

    def _claimed(self, plan, wait):
        """(job, T) for every job that nobody else has done or is doing."""
        for job in plan:
            claim = Claim(self.results.path.parent / ".claims", repr(job))
            if not claim.take(wait):
                self.elsewhere.append(job)
                continue
            self.results.refresh()
            if job.is_done(self.results):
                claim.release()
                self.progress.follow(job)(1.0)
            else:
                self.claims[job] = claim
                yield job, transition_for(job, self.results)

    def _keep(self, job, rows, tick):
        self.results.append(*rows)
        self.claims.pop(job).release()
        tick(1.0)


def _outcome(job, T):
    return job, job.outcome(T)


def transition_for(job, results):
    """What a method is told where it does not know T: the estimate of the same draw; None where there is none."""
    if not (job.settings and job.settings.needs_T and job.task.T_known is None):
        return None
    wanted = job.row(method=ESTIMATES["confident_joint"])
    same = ("data_hash", "noise_hash", "method", "repetition", "preset", "seed")
    for row in results.rows():
        if all(row.get(name) == wanted[name] for name in same) and row.get("T_hat"):
            return TransitionMatrix(row["T_hat"])
    return None
