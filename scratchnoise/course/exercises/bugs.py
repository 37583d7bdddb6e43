"""Exercise 14: find the bug. The student writes the check; what is checked is the check."""

import numpy as np

from ...kernels import numpy_table as right
from ..checker.failure import Failure
from ..checker.steps import step
from ..exercise import Exercise, Function
from ..given import SUSPECTS

REPEATS = 20  # a check that draws its inputs has to be right every time


def with_an_inverse(z, y, T):
    """The right formula."""
    return -(np.linalg.inv(T).T[y] * right.log_softmax(z)).sum(axis=1)


def with_a_solver(z, y, T):
    """The right formula, spelled another way, so that it rounds differently."""
    return np.linalg.solve(T.T, -right.log_softmax(z).T).T[np.arange(len(y)), y]


RIGHT = (with_an_inverse, with_a_solver)


def objection(student, value):
    """What the student's check says against a formula: the text of its AssertionError, or None.

    Raises Failure when the check itself breaks.
    """
    try:
        student(lambda z, y, T: value(z, y, T))  # whose name tells nothing
    except Failure as failure:
        if "AssertionError" in failure.raised:
            return failure.says or "(no text)"
        raise
    return None


@step("returns")
def can_be_called(spec, student, trial):
    """It takes one argument, a formula."""
    if not student.takes(1):
        raise Failure(f"{spec.name} should take one argument, the formula to be checked: {spec.signature}")
    objection(student, RIGHT[0])


@step("example")
def right_formulas_pass(spec, student, trial):
    """It has nothing against the right formula, time and again: an assertion that is too strict fails here."""
    for value in RIGHT * REPEATS:
        text = objection(student, value)
        if text is not None:
            raise Failure(
                f"{spec.name} objects to the right formula, that of exercise 07. Your AssertionError says\n    "
                f"{text[:300]}\nWhat you assert is not true of the corrected loss, or too strict for rounding."
            )


@step("definition")
def suspects_are_exposed(spec, student, trial):
    """Every wrong formula fails its assertion."""
    missed = [suspect.__name__ for suspect in SUSPECTS if objection(student, suspect) is None]
    if missed:
        raise Failure(
            f"{spec.name} lets {', '.join(missed)} pass. Which inputs, or which property, would tell from the truth?"
        )


@step("library")
def every_time(spec, student, trial):
    """The same again and again: a check that draws too little exposes by luck."""
    for suspect in SUSPECTS * (REPEATS // 4):
        if objection(student, suspect) is None:
            raise Failure(f"{spec.name} exposes {suspect.__name__}, but not every time: do you draw too few inputs?")


def not_a_number(z, y, T):
    """What even the weakest check should object to."""
    return np.full(len(y), np.nan)


def verdicts(student, value):
    """Which formulas a check objects to."""
    return [np.array([objection(student, formula) is not None for formula in (*RIGHT, *SUSPECTS, not_a_number)])]


def expose(value):
    """A right check: unbiased under an asymmetric T, sample by sample, for logits of 50 too."""
    T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
    z = np.array([[0.0, 1.0, -2.0], [50.0, 0.0, -50.0], [3.0, -1.0, 0.0]])
    every = np.stack([value(z, np.full(3, i), T) for i in range(3)], axis=1)
    error = np.abs(every @ T + right.log_softmax(z)).max()
    assert error < 1e-8, f"the corrected loss is biased by {error}"


EXPOSE = Function(
    name="expose",
    tag="Eq. (30). Eq. (31). Eq. (32).",
    signature="expose(value)",
    equation="sum_i T[i, j] L~_i = L_j: averaged over the noise, the corrected loss is the clean one",
    reference=expose,
    inputs=(),
    larger=lambda rng: {"value": with_an_inverse},
    example={"value": with_an_inverse},
    checks=(can_be_called, right_formulas_pass, suspects_are_exposed, every_time),
    observe=verdicts,
)

EXERCISES = (
    Exercise(
        "14",
        "find_the_bug",
        "find the bug: write the check",
        "Eq. (30). Eq. (31). Eq. (32).",
        (EXPOSE,),
        (
            "Do not compare with a formula of your own: ask what the corrected loss is *for*. Which equation has to "
            "hold for every T, every z and every class? And on which inputs would a wrong formula hold it by "
            "accident?",
            "It is unbiased: for each true class j the mean over the noise, sum_i T[i, j] value(z, i, T), is the "
            "clean loss -log softmax(z)_j. A symmetric T hides a transposition, T = I hides nearly everything, a "
            "single sample hides what happens between samples, small logits hide an epsilon.",
            "Stack value(z, np.full(N, i), T) for i = 0 .. C-1 into an array (N, C) and multiply it by T from the "
            "right; assert that this is -log softmax(z) to 1e-8 or so. Take T = [[.7, .1, .3], [.2, .8, .1], [.1, .1, "
            ".6]], three different samples, one of them with logits of 50.",
        ),
    ),
)
