"""Running a comparison: measurements in order, each on the disk at once, what is there already skipped."""

import sys
from importlib.util import find_spec
from typing import NamedTuple

from .. import __version__
from ..backend import current
from ..checks import check_count
from ..messages import nearest, shown
from ..study.results import ResultsFile
from . import clean, networks, noisy, peers, speed

COMPARISONS = {"clean": clean, "noisy": noisy, "networks": networks, "time": speed, "peers": peers}
PEERS = {"CleanLearning": "cleanlab"}  # method -> the package that it needs


class Job(NamedTuple):
    """One measurement: a method on one draw of a data set, its features on one scale, its labels with one noise."""

    data: str
    scale: str
    noise: str
    method: str
    draw: int

    def identity(self):
        """The fields that tell its row apart from others of its comparison."""
        data = f"{self.data}, {self.scale}"
        return {"data": data, "noise": self.noise, "method": self.method, "repetition": self.draw}


def run(command, out, draws=None, only=()):
    """Measure what the file `out` lacks, print the tables of the comparison, return its rows: list of dict.

    command: a name of COMPARISONS; draws: instead of the comparison's own number; only: names of data sets, scales,
    noise or methods, everything else of that kind is left out. Raises ValueError for wrong arguments.
    """
    comparison = COMPARISONS[command]
    draws = comparison.DRAWS if draws is None else draws
    check_count(draws=draws)
    plan = [Job(*names, draw) for draw in range(draws) for names in comparison.plan()]
    plan = _with_peers(_chosen(plan, only))
    if not plan:
        raise ValueError(f"only={shown(list(only))} leaves nothing to measure; these names never occur together")
    results = ResultsFile(out)
    for job in _progress([job for job in plan if not results.has(preset=command, **job.identity())]):
        about = {"base": job.data, "scale": job.scale, "epoch": None, "preset": command}
        ran = {"seed": job.draw, "backend": current(), "version": __version__}
        results.append(job.identity() | about | ran | comparison.measure(job, results.rows()))
    keys = [{"preset": command} | job.identity() for job in plan]
    rows = [row for row in results.rows() if {name: row.get(name) for name in keys[0]} in keys]
    comparison.print_tables(rows)
    return rows


def _chosen(plan, only):
    """The jobs that agree with `only` in every field that it names."""
    known = [{getattr(job, field) for job in plan} for field in Job._fields[:-1]]
    for name in only:
        if name not in set().union(*known):
            raise ValueError(f"only={name!r} is unknown; {nearest(name, sorted(set().union(*known)))}")
    wanted = [names & set(only) or names for names in known]
    return [job for job in plan if all(value in names for value, names in zip(job, wanted, strict=False))]


def _with_peers(plan):
    """The jobs whose packages are installed; says which methods are left out."""
    missing = {method: package for method, package in PEERS.items() if not find_spec(package)}
    for method in sorted(missing.keys() & {job.method for job in plan}):
        print(f"{method} is left out: {missing[method]} is not installed", file=sys.stderr)
    return [job for job in plan if job.method not in missing]


def _progress(jobs):
    from tqdm import tqdm

    with tqdm(jobs, disable=not jobs) as bar:
        for job in bar:
            bar.set_description_str(f"{', '.join(job[:-1])} #{job.draw + 1}")
            yield job
