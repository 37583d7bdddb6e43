"""Mutation testing, on demand: change one operator, number or condition of a module, and see whether a test fails.

    python -m pip install -e ".[test,mutation]"
    python tests/mutation transition --sample 60 --seed 0

cosmic-ray makes the mutants, in a copy of the sources. The same command goes on where it was stopped, and tries again
what survived, with the tests as they are now. A survivor is a test that is missing, or a change that changes nothing:
then it belongs into explained.py with the reason. Exit status 1: there are survivors without explanation.
Strings, calls and whole statements are not mutated: tests/mutants/ and `check.audit` plant such errors. POSIX only.
"""

import argparse
import hashlib
import math
import queue
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import trial
from changes import makes_sense, silent_places
from explained import EXPLAINED
from targets import TARGETS

ROOT = Path(__file__).resolve().parents[2]
CONFIDENCE = 1.96  # standard deviations: 95 % of a normal distribution


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--sample", type=int, default=60, help="how many mutants, drawn at random; 0: all (hours)")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    parser.add_argument("--workers", type=int, default=1, help="how many mutants are tried at a time")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "mutation", help="where sessions are kept")
    options = parser.parse_args(arguments)
    target = TARGETS[options.target]
    session = options.folder / session_name(options, target)
    print(f"session {session}", flush=True)
    results = run(target, ROOT, session, options)
    return report(results)


def session_name(options, target):
    """Of what decides the mutants: another source, sample or seed begins a new session."""
    digest = hashlib.sha256()
    for path in target.modules(ROOT):
        digest.update((ROOT / path).read_bytes())
    return f"{options.target}-{options.sample}-{options.seed}-{digest.hexdigest()[:8]}"


# --- the session ------------------------------------------------------------------------------------------


def run(target, root, session, options):
    """Try every mutant of the sample that no test has killed yet; [(work item, result)]."""
    from cosmic_ray.work_db import WorkDB, use_db

    copies = queue.SimpleQueue()
    for i in range(options.workers):
        copies.put(trial.copy_of(root, session / f"copy-{i}"))
    trial.prepare()
    seconds = trial.time_limit(target.stages, session / "copy-0")

    def try_one(item):
        copy = copies.get()
        try:
            return item, outcome(item, copy, target.stages, seconds)
        finally:
            copies.put(copy)

    with use_db(session / "session.sqlite", WorkDB.Mode.create) as db, ThreadPoolExecutor(options.workers) as pool:
        if not db.num_work_items:
            db.add_work_items(sample(mutants_of(target, root), options.sample, options.seed))
        killed = {job for job, result in db.results if result.is_killed}
        open_items = [item for item in db.work_items if item.job_id not in killed]
        for i, (item, result) in enumerate(pool.map(try_one, open_items), 1):
            db.set_result(item.job_id, result)
            print(f"{i}/{len(open_items)} {result.test_outcome.value} {described(item)}", flush=True)
        return db.completed_work_items


def outcome(item, copy, stages, seconds):
    """Whether the tests kill one mutant, planted into that copy."""
    from cosmic_ray.mutating import use_mutation
    from cosmic_ray.plugins import get_operator
    from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult

    (mutation,) = item.mutations
    path = copy / mutation.module_path
    trial.forget(path)
    with use_mutation(path, get_operator(mutation.operator_name)(), mutation.occurrence) as (before, after):
        survived, printed = trial.passes(stages, copy, seconds)
    trial.forget(path)
    return WorkResult(
        worker_outcome=WorkerOutcome.NORMAL,
        test_outcome=TestOutcome.SURVIVED if survived else TestOutcome.KILLED,
        output="timeout" if printed == "timeout" else "",
        diff="\n".join(changed(before, after)),
    )


# --- the mutants ------------------------------------------------------------------------------------------


def mutants_of(target, root):
    """cosmic-ray's work items for these modules in a fixed order, without those that no test could or need see."""
    from attrs import evolve
    from cosmic_ray.commands import init
    from cosmic_ray.work_db import WorkDB, use_db

    items = []
    for path in target.modules(root):
        silent = silent_places((root / path).read_text(encoding="utf-8"))
        with use_db(":memory:", WorkDB.Mode.create) as db:
            init([root / path], db, {})
            found = [(item, evolve(item.mutations[0], module_path=path)) for item in db.work_items]
        items += [
            evolve(item, mutations=[mutation])
            for item, mutation in sorted(found, key=lambda pair: (pair[1].operator_name, pair[1].occurrence))
            if makes_sense(mutation.operator_name) and not silent(mutation.start_pos)
        ]
    return items


def sample(items, size, seed):
    return items if size == 0 else random.Random(seed).sample(items, min(size, len(items)))


def described(item):
    (mutation,) = item.mutations
    operator = mutation.operator_name.removeprefix("core/")
    return f"{mutation.module_path}:{mutation.start_pos[0]} {mutation.definition_name or ''} {operator}"


# --- the report -------------------------------------------------------------------------------------------


def changed(before, after):
    """The first line that differs, before and after, without indentation; a decorator goes, and the next line comes."""
    old, new = ([line.strip() for line in text.splitlines() if line.strip()] for text in (before, after))
    return next(pair for pair in zip(old, new, strict=False) if pair[0] != pair[1])


def report(results):
    """Print the score with its interval, and every survivor; 1 where one has no explanation."""
    killed = sum(result.is_killed for _, result in results)
    late = sum(result.output == "timeout" for _, result in results)
    print(f"\nkilled {killed} of {len(results)}, {late} by running out of time: {score(killed, len(results))}")
    unexplained = 0
    for item, result in results:
        if not result.is_killed:
            (mutation,) = item.mutations
            before, after = result.diff.split("\n")
            reason = EXPLAINED.get((str(mutation.module_path), mutation.definition_name, before, after))
            unexplained += reason is None
            print(f"  {described(item)}\n    - {before}\n    + {after}\n    {reason or 'SURVIVED'}")
    explained = len(results) - killed - unexplained
    if explained:
        print(f"without the {explained} that change nothing: {score(killed, len(results) - explained)}")
    return int(unexplained > 0)


def score(killed, tried):
    """A percentage and its 95 % interval (Wilson)."""
    if not tried:
        return "no mutants"
    share, z = killed / tried, CONFIDENCE
    centre = (share + z**2 / (2 * tried)) / (1 + z**2 / tried)
    half = z / (1 + z**2 / tried) * math.sqrt(share * (1 - share) / tried + z**2 / (4 * tried**2))
    return f"{100 * share:.1f} % (95 % interval {100 * abs(centre - half):.1f} to {100 * (centre + half):.1f})"
