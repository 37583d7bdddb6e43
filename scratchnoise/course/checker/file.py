"""Checking a file by the number of its exercise."""

from pathlib import Path

from ..exercises import EXERCISES, find_exercise
from .runner import Result, check_submission


def check_file(path: str | Path, number: str, seed: int = 0) -> Result:
    """Check a student's file as exercise `number`, e.g. "01".

    seed decides every input. -> Result; nothing that the student's code does raises, except KeyboardInterrupt.
    Raises ValueError for an exercise that there is not, OSError for a file that there is not.
    """
    exercise = find_exercise(number)
    numbers = list(EXERCISES)
    later = numbers[numbers.index(exercise.number) + 1 :]
    return check_submission(exercise, Path(path), seed, EXERCISES[later[0]] if later else None)
