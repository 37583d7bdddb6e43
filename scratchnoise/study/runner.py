"""Running a study: jobs in order, every row on the disk at once, what is there already skipped."""

import sys
from pathlib import Path

from ..backend import backend as using_backend
from ..backend import current, resolve
from ..checks import check_count
from ..kernels.warm_up import LINEAR, LINEAR_IN_DOUBLE, NETWORKS, second_compiler, warm_up
from ..messages import nearest
from .further import FURTHER
from .jobs import LAST_ROW, PRIORS, T_ESTIMATES, Job
from .methods import CLEAN, CLEAN_FOLDS, CROSS_VALIDATED, ESTIMATES, FULL_CLEAN, METHODS
from .protocol import PRESETS, forget_data, load_task
from .results import IDENTITY, ResultsFile, identity, rules_stamp
from .rows_file import move_damaged_aside
from .workers import Progress, Workers

USUAL = tuple(name for name, method in METHODS.items() if not method.steps_of)  # what the controls control
GROUPS = {
    "usual": (PRIORS, T_ESTIMATES, *CROSS_VALIDATED, *USUAL),
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
    methods=("usual",),
    preset="quick",
    repetitions=None,
    jobs=1,
    backend=None,
    seed=0,
):
    """Run the report's protocol and return the results' rows; DIR/results.jsonl grows as measurements finish.

    out: folder of the results; what it holds already is not run again. data: a name or .npz path; noise: names as in
    `protocol.parse_noise`; methods: names of METHODS and FURTHER, or "usual", "all" (with the networks that are
    controls, and the full clean sets), "linear", "networks", "clean", "T estimates", "further"; preset: "quick" or
    "paper"; repetitions: overrides the preset's; jobs: processes of this machine, unless joblib.parallel_config names
    the workers of a cluster; backend: kernel table, by default the one that runs here; seed: decides everything random.
    Raises ValueError for unknown names or a folder with results of another seed, OSError where nothing can be written.
    """
    check_count(jobs=jobs)
    check_count(0, seed=seed)
    if repetitions is not None:
        check_count(repetitions=repetitions)
    table = resolve(backend) if backend else current()
    if str(data).endswith(".npz"):
        forget_data()
    plan = make_plan(data, noise, methods, preset, repetitions, table, seed)
    results = open_results(out, seed, plan)
    missing = _missing(plan, results)
    if missing:
        print(f"{len(missing)} runs with the kernels of {missing[0].backend!r}", file=sys.stderr)
    if missing and missing[0].backend == "numba":
        networks = any(_slow(job.method, job.preset) for job in missing)
        _compile((*LINEAR, *LINEAR_IN_DOUBLE, *(NETWORKS if networks else ())))
    with Progress(sum(job.cost for job in missing)) as progress:
        # T must be estimated before the methods that are not told it can start
        workers = Workers(results, progress, jobs)
        for stage in ([j for j in missing if j.method == T_ESTIMATES], [j for j in missing if j.method != T_ESTIMATES]):
            workers.run(stage)
        workers.tidy(plan)
    return _shown(results.rows(), preset, table)


def _missing(plan, results):
    """The jobs that are not done. The keys of a method's repetitions differ in one place, so they are made once."""
    keys, place, missing = {}, IDENTITY.index("repetition"), []
    for job in plan:
        group = job.noise, job.method
        if group not in keys:
            keys[group] = [(key[:place], key[place + 1 :]) for key in job.last_keys]
        if not any((*before, job.repetition, *after) in results for before, after in keys[group]):
            missing.append(job)
    return missing


def _shown(rows, preset, table):
    """The rows of a preset; where several backends measured the same, those of the table that was asked for."""
    best = {}
    for row in rows:
        key = dict(zip(IDENTITY, identity(row), strict=True)) | {"backend": None}
        key = tuple(key.values())
        if row["preset"] == preset and (key not in best or row["backend"] == table):
            best[key] = row
    return list(best.values())


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
        names = [m for m in ORDER if m in chosen]
        if task.y_train is None:  # nobody knows the clean labels of this training set
            names = [m for m in names if m not in FULL_CLEAN]
        counts = {name: _repetitions(name, preset, repetitions) for name in names}
        if task.T_known is None:  # each repetition is told the estimate of its own draw
            needed = [counts[name] for name in names if TRAINED.get(name) and TRAINED[name].needs_T]
            counts |= {T_ESTIMATES: max(needed + [counts.get(T_ESTIMATES, 0)])} if needed else {}
        for name, count in counts.items():
            if name not in CLEAN or noise_name == noise[0]:  # clean labels do not depend on the noise
                plan += [Job(data, noise_name, name, r, preset, seed, backend) for r in range(count)]
    if not plan:
        raise ValueError(f"methods={', '.join(methods)!r} with noise={', '.join(noise)!r} leave nothing to run")
    costs = {(job.noise, job.method): job.cost for job in plan if job.repetition == 0}
    return sorted(plan, key=lambda job: (costs[job.noise, job.method], job.repetition))


def _repetitions(name, preset, wanted):
    """How many draws of a method are run; for Table 2 it is how many folds."""
    if name in CROSS_VALIDATED:
        return CLEAN_FOLDS
    return wanted or (preset.network_repetitions if _slow(name, preset) else preset.linear_repetitions)


def open_results(out, seed, plan):
    """The results file of a folder, made if need be.

    Damaged rows are moved aside, and a line on standard error names each. Raises OSError when it cannot be written,
    ValueError when it holds results of another seed, or of other data, noise, settings or version under the same name.
    """
    out = Path(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        probe = out / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise OSError(f"out={str(out)!r} cannot be written ({error.strerror}); choose another folder") from error
    path = out / "results.jsonl"
    try:
        results = ResultsFile(path, rules_stamp())
    except ValueError:
        for line, why in move_damaged_aside(path, identity):
            print(f"{path}, line {line}: {why}; moved to {path.name}.damaged", file=sys.stderr)
        results = ResultsFile(path, rules_stamp())
    results.remember()
    first, after = IDENTITY.index("repetition"), IDENTITY.index("epoch") + 1
    shared = {key[:first] + key[after:] for key in results.keys()}  # the same for many rows
    found = [dict(zip(IDENTITY[:first] + IDENTITY[after:], values, strict=True)) for values in shared]
    seeds = {row["seed"] for row in found} - {seed}
    if seeds:
        raise ValueError(f"out={str(out)!r} holds results of seed {min(seeds)}; use that seed or another folder")
    _refuse_other_content(out, found, plan)
    return results


def _refuse_other_content(out, found, plan):
    """Raise ValueError where a row has the name of something in the plan and another content."""
    wanted = {}
    for job in (job for job in plan if job.repetition == 0):  # every method has one
        row = job.row()
        names = (
            [*ESTIMATES.values()] if job.method == T_ESTIMATES else [job.method, LAST_ROW.get(job.method, job.method)]
        )
        wanted["preset"], wanted["version"] = row["preset"], row["version"]
        wanted["data", row["data"]] = row["data_hash"]
        wanted["noise", row["data"], row["noise"]] = row["noise_hash"]
        wanted |= {("method", row["data"], name): row["settings_hash"] for name in names}
    for row in found:
        if row["preset"] != wanted.get("preset"):
            continue
        data, what = row["data"], None
        if row["version"] != wanted["version"]:
            what = f"version {row['version']}"
        elif wanted.get(("data", data), row["data_hash"]) != row["data_hash"]:
            what = f"other data under the name {data!r}"
        elif wanted.get(("noise", data, row["noise"]), row["noise_hash"]) != row["noise_hash"]:
            what = f"another matrix under the noise {row['noise']!r}"
        elif wanted.get(("method", data, row["method"]), row["settings_hash"]) != row["settings_hash"]:
            what = f"{row['method']!r} with other settings"
        if what:
            raise ValueError(f"out={str(out)!r} holds results of {what}; use another folder")


def _compile(names):
    """Compile kernels before the first measurement, with a bar where that takes longer than a second."""
    from tqdm import tqdm

    bar_format = "{percentage:3.0f} %|{bar}| compiled"
    with using_backend("numba"), second_compiler(names), tqdm(total=1, delay=1, bar_format=bar_format) as bar:
        for done in warm_up(names):
            bar.update(done - bar.n)


def _is_network(name):
    return name in TRAINED and TRAINED[name].is_network


def _slow(name, preset):
    return _is_network(name) or (name == T_ESTIMATES and preset.posteriors == "NN")


def _known(argument, name, known):
    if name not in known:
        raise ValueError(f"{argument}={name!r} is unknown; {nearest(name, known)}")
    return name
