"""The exercises: what each asks for and how it is checked, one theme a file.

There is no file of solutions: the library is the reference.
"""

from pathlib import Path

from ...messages import nearest
from ..exercise import Exercise
from . import bugs, correction, images, label_noise, regression, speed
from .own import own_exercises

THEMES = (regression, label_noise, correction, images, speed, bugs)
OURS = [exercise for theme in THEMES for exercise in theme.EXERCISES]
EXERCISES = dict(sorted({exercise.number: exercise for exercise in [*OURS, *own_exercises()]}.items()))

__all__ = ["EXERCISES", "Exercise", "find_exercise"]


def find_exercise(text: str | int) -> Exercise:
    """The exercise of that number or name: "1", "01", "softmax", "01_mine.py". ValueError if there is none."""
    given, text = text, Path(str(text)).stem
    if Path(str(given)).suffix == ".py" and text[:3].removesuffix("_") in EXERCISES:
        return EXERCISES[text[:2]]  # whatever comes after the number of a file
    for exercise in EXERCISES.values():
        if text in (exercise.name, f"{exercise.number}_{exercise.name}") or text.zfill(2) == exercise.number:
            return exercise
    names = [exercise.name for exercise in EXERCISES.values()]
    raise ValueError(f"exercise {text!r} is unknown; {nearest(text, [*EXERCISES, *names])}")
