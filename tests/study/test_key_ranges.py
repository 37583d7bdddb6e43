"""The set of keys that keeps ranges, and the plan: neither grows with the number of repetitions."""

import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scratchnoise import study
from scratchnoise.study.jobs import Job
from scratchnoise.study.key_ranges import KeyRanges
from scratchnoise.study.plan import Plan, Series
from scratchnoise.study.protocol import PRESETS
from scratchnoise.study.results import REPETITION, ResultsFile, key_of

KEYS = st.tuples(st.sampled_from("ab"), st.integers(0, 12), st.sampled_from([None, 7]))


@given(st.lists(KEYS))
def test_it_is_a_set(keys):
    ranges = KeyRanges(1)
    for key in keys:
        ranges.add(key)
    assert sorted(ranges, key=repr) == sorted(set(keys), key=repr) and len(ranges) == len(set(keys))
    assert all(((a, n, b) in ranges) == ((a, n, b) in keys) for a in "abc" for n in range(-1, 15) for b in (None, 7))


@given(st.lists(KEYS))
def test_the_order_does_not_matter_and_neighbours_share_a_range(keys):
    one, other = KeyRanges(1), KeyRanges(1)
    for key in keys:
        one.add(key)
    for key in sorted(keys, key=repr):
        other.add(key)
    assert one == other
    for bounds in one.bounds.values():
        assert bounds == sorted(set(bounds)) and len(bounds) % 2 == 0


def test_a_huge_number_costs_no_memory():
    ranges = KeyRanges(0)
    ranges.add((10**30,))
    assert (10**30,) in ranges and len(ranges) == 1 and list(ranges) == [(10**30,)]


JOB = Job("garments", "0.5", "MLR", 0, PRESETS["quick"], 0, "numpy")


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """finished(n): the path of results with n repetitions of one method."""
    hashes = dict.fromkeys(("data_hash", "noise_hash", "settings_hash"), "0" * 16)
    monkeypatch.setattr(Job, "content", hashes)
    row = JOB.row(accuracy=0.5, history={"test_accuracy": [0.5] * 30})

    def make(n):
        path = tmp_path / f"{n}.jsonl"
        path.write_text("".join(json.dumps(row | {"repetition": r, "draw": r}) + "\n" for r in range(n)))
        return path

    return make


def test_the_memory_of_a_runner_does_not_grow_with_its_rows(finished):
    def kept(n):
        path = finished(n)
        tracemalloc.start()
        results = ResultsFile(path)
        plan = Plan((Series(JOB, range(n)),))
        assert len(results.keys()) == len(plan) == n and not plan.without(results)
        mine = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, f"{Path(study.__file__).parent}/*")])
        tracemalloc.stop()
        return sum(trace.size for trace in mine.traces)  # without what other threads do meanwhile, those of xdist

    kept(10)  # what is imported and cached once
    few, many = kept(300), kept(3000)
    assert few > 500 and abs(many - few) < 2000  # bytes


def test_a_plan_without_what_is_done(finished):
    results = ResultsFile(finished(3))
    results.append(replace(JOB, repetition=5).row(accuracy=0.5), replace(JOB, repetition=7).row(stopped="it failed"))
    left = Plan((Series(JOB, range(9)),)).without(results)
    assert [job.repetition for job in left] == [3, 4, 6, 8] and len(left) == 4
    assert left.cost == pytest.approx(4 * JOB.cost)
    assert [key_of(job.row())[REPETITION] for job in left] == [3, 4, 6, 8]
