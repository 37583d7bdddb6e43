"""The exercises: what each asks for, how it is checked, and which mistakes are known.

    from scratchnoise.check.exercises import EXERCISES, check_file
    print(check_file("tutorials/exercises/01_softmax.py", "01").message)

There is no file of solutions: the library is the reference. `steps` holds the checks in their order, `mistakes` the
wrong solutions that are recognised, `student` runs a file without trusting it.
"""

from pathlib import Path

from ...messages import nearest
from . import bugs, correction, images, label_noise, mistakes, regression, speed
from .exercise import MISTAKES, Exercise
from .runner import Result, check_functions, check_submission

THEMES = (regression, label_noise, correction, images, speed, bugs)
EXERCISES = {exercise.number: exercise for theme in THEMES for exercise in theme.EXERCISES}

__all__ = ["EXERCISES", "MISTAKES", "Exercise", "Result", "check_file", "check_functions", "find_exercise", "mistakes"]


def check_file(path, number, seed=0):
    """Check a student's file as exercise `number`, "01" to "14".

    seed decides every input. -> Result; nothing that the student's code does raises, except KeyboardInterrupt.
    Raises ValueError for an exercise that there is not, OSError for a file that there is not.
    """
    exercise = find_exercise(number)
    numbers = list(EXERCISES)
    later = numbers[numbers.index(exercise.number) + 1 :]
    return check_submission(exercise, Path(path), seed, EXERCISES[later[0]] if later else None)


def find_exercise(text):
    """The exercise of that number or name: "1", "01", "softmax", "01_softmax.py". ValueError if there is none."""
    text = Path(str(text)).stem
    for exercise in EXERCISES.values():
        if text in (exercise.name, f"{exercise.number}_{exercise.name}") or text.zfill(2) == exercise.number:
            return exercise
    names = [exercise.name for exercise in EXERCISES.values()]
    raise ValueError(f"exercise {text!r} is unknown; {nearest(text, [*EXERCISES, *names])}")
