"""Running a study: jobs in order, every row on the disk at once, what is there already skipped."""

import sys
from pathlib import Path

from ..backend import backend as using_backend
from ..backend import current, resolve
from ..checks import as_path, check_count
from ..kernels.warm_up import LINEAR, LINEAR_IN_DOUBLE, NETWORKS, second_compiler, warm_up
from .jobs import ESTIMATED, LAST_ROW
from .plan import make_plan
from .protocol import forget_data
from .results import IDENTITY, REPETITION, ResultsFile, identity, rules_stamp
from .rows_file import move_damaged_aside
from .workers import Progress, Workers


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
    `protocol.parse_noise`; methods: names of METHODS and FURTHER, or "usual", "linear", "networks", "clean",
    "T estimates", "further" (with more estimates of T) or "all" (with the networks that are controls, and the full
    clean sets); preset: "quick" or "paper"; repetitions: overrides the preset's; jobs: processes of this machine,
    unless joblib.parallel_config names the workers of a cluster; backend: kernel table, by default the one that runs
    here; seed: decides everything random.
    Raises ValueError for unknown names or a folder with results of another seed, OSError where nothing can be written.
    """
    out = as_path("out", out)
    check_count(jobs=jobs)
    check_count(0, seed=seed)
    if repetitions is not None:
        check_count(repetitions=repetitions)
    table = resolve(backend) if backend else current()
    if str(data).endswith(".npz"):
        forget_data()
    plan = make_plan(data, noise, methods, preset, repetitions, table, seed)
    results = open_results(out, seed, plan)
    missing = plan.without(results)
    if missing:
        print(f"{len(missing)} runs with the kernels of {table!r}", file=sys.stderr)
    if missing and table == "numba":
        networks = any(series.trains_networks for series in missing.series)
        _compile((*LINEAR, *LINEAR_IN_DOUBLE, *(NETWORKS if networks else ())))
    with Progress(missing.cost) as progress:
        workers = Workers(results, progress, jobs)
        for stage in missing.stages():
            workers.run(stage)
        workers.tidy(plan)
    return _shown(results.rows(), preset, table)


def _shown(rows, preset, table):
    """The rows of a preset; where several backends measured the same, those of the table that was asked for."""
    best = {}
    for row in rows:
        key = dict(zip(IDENTITY, identity(row), strict=True)) | {"backend": None}
        key = tuple(key.values())
        if row["preset"] == preset and (key not in best or row["backend"] == table):
            best[key] = row
    return list(best.values())


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
    names = IDENTITY[:REPETITION] + IDENTITY[REPETITION + 1 :]
    found = [dict(zip(names, values, strict=True)) for values in results.keys().bounds]
    seeds = {row["seed"] for row in found} - {seed}
    if seeds:
        raise ValueError(f"out={str(out)!r} holds results of seed {min(seeds)}; use that seed or another folder")
    _refuse_other_content(out, found, plan)
    return results


def _refuse_other_content(out, found, plan):
    """Raise ValueError where a row has the name of something in the plan and another content."""
    wanted = {}
    for job in (series.job for series in plan.series):
        row = job.row()
        names = (job.method, LAST_ROW.get(job.method, job.method))
        if job.method in ESTIMATED:
            names = ESTIMATED[job.method].values()
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
