"""Right solutions pass, wrong ones do not, and most of the wrong ones are told what is wrong."""

import json
from collections import Counter
from pathlib import Path

import profiles
import pytest
from solutions.files import EXERCISE_OF, file_with
from solutions.right import right_solutions
from solutions.wrong import wrong_solutions

from scratchnoise.course import EXERCISES
from scratchnoise.course.checker.process import OwnProcess
from scratchnoise.course.checker.runner import check_submission

NIGHTLY = profiles.runs("nightly")
RIGHT, WRONG = list(right_solutions()), list(wrong_solutions())
NAMED = json.loads((Path(__file__).parent / "solutions" / "named.json").read_text(encoding="utf-8"))


class Shared(OwnProcess):
    """A process that many files use one after the other: to start one takes longer than to check a file."""

    def __exit__(self, *error):
        pass

    def close(self):
        self.ended = True
        super().close()


@pytest.fixture(scope="module")
def start():
    """A function that gives the shared process, a new one if a solution has ended it."""
    running = []

    def start():
        if not running or getattr(running[-1], "ended", False):
            running.append(Shared())
        return running[-1]

    yield start
    if running and not getattr(running[-1], "ended", False):
        running[-1].close()


def check(function, text, folder, start, seed=0):
    exercise = EXERCISE_OF[function]
    path = folder / exercise.filename
    path.write_text(file_with(function, text))
    return check_submission(exercise, path, seed, start=start)


@pytest.mark.parametrize(
    ("name", "function", "text"),
    profiles.thinned((pytest.param(*each, id=each[0]) for each in RIGHT[:: 1 if NIGHTLY else 8]), every=16),
)
def test_right_solutions_pass(name, function, text, tmp_path, start):
    for seed in range(5 if NIGHTLY else 1):
        result = check(function, text, tmp_path, start, seed)
        assert result.status == "passed", result.message


@pytest.mark.slow
def test_wrong_solutions_fail_and_most_are_named(tmp_path, start):
    results = []
    for name, function, text in WRONG[:: 1 if NIGHTLY else 12]:
        result = check(function, text, tmp_path, start)
        assert (result.status, result.function) == ("failed", function), (name, result.message)
        results.append((name, result.mistake))
    unnamed = [name for name, mistake in results if mistake is None]
    assert len(unnamed) <= len(results) / 4, unnamed
    wrongly = [(name, mistake) for name, mistake in results if mistake not in (None, NAMED.get(name))]
    assert not wrongly, "another name than the one that was read and found right"


def test_the_bank_is_large():
    assert len(RIGHT) >= 150 and len(WRONG) >= 350
    counts = Counter(EXERCISE_OF[function].number for _, function, _ in WRONG)
    assert set(counts) == set(EXERCISES) and min(counts.values()) >= 12
