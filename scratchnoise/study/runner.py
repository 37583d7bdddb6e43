"""Running a study: jobs in order, every row on the disk at once, what is there already skipped."""

import sys
from pathlib import Path

from ..backend import backend as using_backend
from ..backend import current, resolve
from ..kernels.warm_up import LINEAR, NETWORKS, second_compiler, warm_up
from ..messages import nearest
from ..transition import TransitionMatrix
from .further import FURTHER
from .jobs import PRIORS, T_ESTIMATES, Job
from .methods import CLEAN, CLEAN_FOLDS, CROSS_VALIDATED, ESTIMATES, FULL_CLEAN, METHODS
from .protocol import PRESETS, load_task
from .results import ResultsFile

GROUPS = {
    "all": (PRIORS, T_ESTIMATES, *CLEAN, *METHODS),
    "linear": tuple(name for name, method in METHODS.items() if not method.is_network),
    "networks": tuple(name for name, method in METHODS.items() if method.is_network),
    "clean": tuple(CLEAN),
    "further": tuple(FURTHER),
}
TRAINED = METHODS | CLEAN | FURTHER
ORDER = (*GROUPS["all"], *FURTHER)


def reproduce(
    out,
    data="garments",
    noise=("0.5", "0.6"),
    methods=("all",),
    preset="quick",
    repetitions=None,
    jobs=1,
    backend=None,
    seed=0,
):
    """Run the report's protocol and return the results' rows; DIR/results.jsonl grows as measurements finish.

    out: folder of the results; what it holds already is not run again. data: a name or .npz path; noise: names as in
    `protocol.parse_noise`; methods: names of METHODS and FURTHER, or "all", "linear", "networks", "clean",
    "T estimates", "further"; preset: "quick" or "paper"; repetitions: overrides the preset's; jobs: processes;
    backend: kernel table, by default the one that runs here; seed: decides everything random.
    Raises ValueError for unknown names or a folder with results of another seed, OSError where nothing can be written.
    """
    table = resolve(backend) if backend else current()
    plan = make_plan(data, noise, methods, preset, repetitions, table, seed)
    results = open_results(out, seed)
    missing = [job for job in plan if not job.is_done(results)]
    if missing:
        print(f"{len(missing)} runs with the kernels of {missing[0].backend!r}", file=sys.stderr)
    if missing and missing[0].backend == "numba":
        networks = any(_slow(job.method, job.preset) for job in missing)
        _compile((*LINEAR, *NETWORKS) if networks else LINEAR)
    with Progress(sum(job.cost for job in missing)) as progress:
        # T must be estimated before the methods that are not told it can start
        for stage in ([j for j in missing if j.method == T_ESTIMATES], [j for j in missing if j.method != T_ESTIMATES]):
            work = [(job, _transition_for(job, results)) for job in stage]
            if jobs == 1:
                _run_here(work, results, progress)
            else:
                _run_in_processes(work, results, progress, jobs)
    return [row for row in results.rows() if row["preset"] == preset]


def make_plan(data, noise, methods, preset, repetitions, backend, seed):
    """The jobs of a study, cheap ones first. Checks every name, and loads the data once, before anything is run.

    Raises ValueError for unknown names, with the nearest right one.
    """
    preset = PRESETS[_known("preset", preset, PRESETS)]
    known = (*GROUPS, *ORDER)
    chosen = [name for m in methods for name in GROUPS.get(_known("methods", m, known), (m,))]
    plan = []
    for noise_name in noise:
        task = load_task(data, noise_name, preset, seed)
        names = [m for m in ORDER if m in chosen and (task.x_train.ndim > 2 or not _is_network(m))]
        if task.T_true is None:  # nobody knows the clean labels of this training set
            names = [m for m in names if m not in FULL_CLEAN]
        counts = {name: _repetitions(name, preset, repetitions) for name in names}
        if task.T_known is None:  # each repetition is told the estimate of its own draw
            needed = [counts[name] for name in names if TRAINED.get(name) and TRAINED[name].needs_T]
            counts |= {T_ESTIMATES: max(needed + [counts.get(T_ESTIMATES, 0)])} if needed else {}
        for name, count in counts.items():
            if name not in CLEAN or noise_name == noise[0]:  # clean labels do not depend on the noise
                plan += [Job(data, noise_name, name, r, preset, seed, backend) for r in range(count)]
    return sorted(plan, key=lambda job: (job.cost, job.repetition))


def _repetitions(name, preset, wanted):
    """How many draws of a method are run; for Table 2 it is how many folds."""
    if name in CROSS_VALIDATED:
        return CLEAN_FOLDS
    return wanted or (preset.network_repetitions if _slow(name, preset) else preset.linear_repetitions)


def open_results(out, seed):
    """The results file of a folder, made if need be.

    Raises OSError when it cannot be written, ValueError when it holds results of another seed.
    """
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(f"out={str(out)!r} cannot be written ({error.strerror}); choose another folder") from error
    results = ResultsFile(out / "results.jsonl")
    seeds = {row["seed"] for row in results.rows()} - {seed}
    if seeds:
        raise ValueError(f"out={str(out)!r} holds results of seed {min(seeds)}; use that seed or another folder")
    return results


def _compile(names):
    """Compile kernels before the first measurement, with a bar where that takes longer than a second."""
    from tqdm import tqdm

    bar_format = "{percentage:3.0f} %|{bar}| compiled"
    with using_backend("numba"), second_compiler(names), tqdm(total=1, delay=1, bar_format=bar_format) as bar:
        for done in warm_up(names):
            bar.update(done - bar.n)


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


def _run_here(work, results, progress):
    for job, T in work:
        tick = progress.follow(job)
        job.run(lambda row: _keep(row, results), tick, T)
        tick(1.0)


def _run_in_processes(work, results, progress, jobs):
    from joblib import Parallel, delayed

    for job, rows in Parallel(n_jobs=jobs, return_as="generator_unordered")(delayed(_collect)(*item) for item in work):
        for row in rows:
            _keep(row, results)
        progress.follow(job)(1.0)


def _collect(job, T):
    rows = []
    job.run(rows.append, T=T)
    return job, rows


def _keep(row, results):
    """Append a row, unless an interrupted run of the same job left it there."""
    if not results.has(**{name: row[name] for name in ("data", "noise", "method", "repetition", "epoch", "preset")}):
        results.append(row)


def _transition_for(job, results):
    """What a method is told where it does not know T: the estimate of the same draw; None where there is none."""
    asked = (Path(job.data).name, job.noise, job.preset.name, job.repetition, ESTIMATES["confident_joint"])
    for row in results.rows():
        if tuple(row.get(name) for name in ("data", "noise", "preset", "repetition", "method")) == asked:
            return TransitionMatrix(row["T_hat"])
    return None


def _is_network(name):
    return name in TRAINED and TRAINED[name].is_network


def _slow(name, preset):
    return _is_network(name) or (name == T_ESTIMATES and preset.posteriors == "NN")


def _known(argument, name, known):
    if name not in known:
        raise ValueError(f"{argument}={name!r} is unknown; {nearest(name, known)}")
    return name
