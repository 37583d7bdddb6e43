"""Whole files of students: one solution of the bank among right ones."""

import ast
from pathlib import Path

from scratchnoise.course import EXERCISES, given

from .base import BASE, GIVEN

EXERCISE_OF = {spec.name: exercise for exercise in EXERCISES.values() for spec in exercise.functions}
GIVEN_CODE = {
    node.name: ast.unparse(node)
    for node in ast.parse(Path(given.__file__).read_text()).body[2:]
    if hasattr(node, "name")
}


def file_with(function, text):
    """The file of the exercise that asks for a function, with this text of it."""
    exercise = EXERCISE_OF[function]
    head = ["import numpy as np", *(GIVEN_CODE[name] for name in GIVEN.get(exercise.number, "").split())]
    return "\n\n".join([*head, *(text if spec.name == function else BASE[spec.name] for spec in exercise.functions)])


def by_exercise(bank):
    """Number of an exercise -> the files with its solutions of a bank of (name, function, text)."""
    files = {number: [] for number in EXERCISES}
    for _, function, text in bank:
        files[EXERCISE_OF[function].number].append(file_with(function, text))
    return files
