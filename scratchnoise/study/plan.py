"""What a study runs: a series of jobs for every method and noise. The memory of a plan does not grow with its jobs."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from ..messages import nearest
from .further import FURTHER
from .jobs import ESTIMATED, MORE_T_ESTIMATES, PRIORS, T_ESTIMATES, Job
from .methods import CLEAN, CLEAN_FOLDS, CROSS_VALIDATED, FULL_CLEAN, METHODS
from .protocol import PRESETS, load_task
from .results import REPETITION

USUAL = tuple(name for name, method in METHODS.items() if not method.steps_of)  # what the controls control
GROUPS = {
    "usual": (PRIORS, T_ESTIMATES, *CROSS_VALIDATED, *USUAL),
    "all": (PRIORS, T_ESTIMATES, MORE_T_ESTIMATES, *CLEAN, *METHODS, *FURTHER),
    "linear": tuple(name for name, method in METHODS.items() if not method.is_network),
    "networks": tuple(name for name, method in METHODS.items() if method.is_network),
    "clean": tuple(CLEAN),
    "further": (MORE_T_ESTIMATES, *FURTHER),
}
TRAINED = METHODS | CLEAN | FURTHER
ORDER = GROUPS["all"]


@dataclass(frozen=True)
class Series:
    """Repetitions of one method on one noisy data set. job: any one of them."""

    job: Job
    repetitions: Sequence[int]

    def __iter__(self):
        return (replace(self.job, repetition=r) for r in self.repetitions)

    def __len__(self):
        return len(self.repetitions)

    def without(self, results):
        """The series without the jobs that are done. The keys of its jobs differ in one place: they are made once."""
        keys = [(key[:REPETITION], key[REPETITION + 1 :]) for key in self.job.last_keys]
        missing = (r for r in self.repetitions if not any((*head, r, *tail) in results for head, tail in keys))
        return replace(self, repetitions=array("q", missing))

    @property
    def trains_networks(self):
        return _slow(self.job.method, self.job.preset)


@dataclass(frozen=True)
class Plan:
    """The jobs of some series, one at a time."""

    series: tuple[Series, ...]

    def __iter__(self):
        return chain.from_iterable(self.series)

    def __len__(self):
        return sum(map(len, self.series))

    @property
    def cost(self):
        """Rough seconds on two cores."""
        return sum(len(series) * series.job.cost for series in self.series)

    def without(self, results):
        """The plan without the jobs that are done."""
        left = (series.without(results) for series in self.series)
        return Plan(tuple(series for series in left if series))

    def stages(self):
        """Two plans, one after the other: T must be estimated before the methods that are not told it can start."""
        estimates = tuple(series for series in self.series if series.job.method == T_ESTIMATES)
        return Plan(estimates), Plan(tuple(series for series in self.series if series not in estimates))


def alone(job):
    """The plan of one job."""
    return Plan((Series(job, (job.repetition,)),))


def make_plan(data, noise, methods, preset, repetitions, backend, seed):
    """The plan of a study, cheap jobs first. Checks every name, and loads the data once, before anything is run.

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
                plan.append(Series(Job(data, noise_name, name, 0, preset, seed, backend), range(count)))
    if not plan:
        raise ValueError(f"methods={', '.join(methods)!r} with noise={', '.join(noise)!r} leave nothing to run")
    return Plan(tuple(sorted(plan, key=lambda series: series.job.cost)))


def _repetitions(name, preset, wanted):
    """How many draws of a method are run; for Table 2 it is how many folds."""
    if name in CROSS_VALIDATED:
        return CLEAN_FOLDS
    return wanted or (preset.network_repetitions if _slow(name, preset) else preset.linear_repetitions)


def _slow(name, preset):
    """Whether a job of this name trains a network."""
    network = name in TRAINED and TRAINED[name].is_network
    return network or (name in ESTIMATED and preset.posteriors == "NN")


def _known(argument, name, known):
    if name not in known:
        raise ValueError(f"{argument}={name!r} is unknown; {nearest(name, known)}")
    return name
