"""Known wrong solutions, each written once. The docstring of a mistake is the hint that the student gets.

Importing this package registers them all in `exercise.MISTAKES`; the tests prove that each is caught, and by its name.
"""

from . import (
    another_formula,
    correction,
    descent,
    estimation,
    flip_correction,
    images,
    label_noise,
    open_ended,
    regression,
)

__all__ = [
    "another_formula",
    "correction",
    "descent",
    "estimation",
    "flip_correction",
    "images",
    "label_noise",
    "open_ended",
    "regression",
]
