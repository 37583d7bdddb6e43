"""Exercise 13: make the loop fast. Graded by equality and by its ratio to the plain loop."""

import os
import time

import numpy as np
from hypothesis import strategies as st

from ... import kernels
from ...check import strategies as s
from ..checker.failure import Failure
from ..checker.steps import FORM, definition, definition_on, library, step
from ..exercise import Exercise, Function
from ..given import plain_dropout, splitmix64

GOLDEN = 0x9E3779B97F4A7C15
TIMES_AS_FAST = 20  # a vectorised solution reaches 100 and more, a compiled one several hundred
TIMES_ON_A_BUSY_MACHINE = 6  # Python's integers in an array of dtype object reach 3
SHAPES = (((100, 120), 12), ((400, 300), 8))  # of what is timed, and how often; the larger one if the smaller was slow
COUNTED = ((2, 1200), (4, 1200))  # shapes whose difference shows the steps for each entry


@step("speed")
def no_python_loop(spec, student, trial):
    """The steps of Python's machine do not grow with the entries: a count, which no other program can disturb."""
    rng = trial.rng()
    few, many = (_steps(student, rng.standard_normal(shape), rng) for shape in COUNTED)
    entries = np.prod(COUNTED[1]) - np.prod(COUNTED[0])
    if many - few > entries:
        raise Failure(
            f"{spec.name} is right, but runs {(many - few) / entries:.0f} steps of Python for each entry of x; an "
            "array operation or a compiled loop runs none.",
            mistake="still_a_loop",
        )


def _steps(student, x, rng):
    student(x, 0.5, *_counters(rng))  # compiles, if it does
    return student.steps(x, 0.5, *_counters(rng))


@step("speed")
def fast(spec, student, trial):
    """At least TIMES_AS_FAST as quick as the plain loop: the best of several rounds, in which the two take turns.

    Other programs can only make a round slower, so the best ones compare; it ends with the first ratio that is enough.
    No input comes twice. The way to the student's process and back is not the student's, but at most half of the time.
    Where more programs want to run than there are processors, a smaller ratio will do.
    """
    rng = trial.rng()
    plain = own = np.inf
    x = rng.standard_normal(SHAPES[0][0])
    for shape, rounds in SHAPES:
        larger, whole, way = rng.standard_normal(shape), np.inf, np.inf
        for _ in range(rounds):
            plain = min(plain, _seconds(plain_dropout, x, rng) / x.size)
            whole = min(whole, *(_seconds(student, larger, rng) / larger.size for _ in range(3)))
            way = min(way, _seconds(student.echo, larger, rng) / larger.size)
            own = max(whole - way, whole / 2)
            if plain >= TIMES_AS_FAST * own:
                return
    if is_busy() and plain >= TIMES_ON_A_BUSY_MACHINE * own:
        return
    raise Failure(
        f"{spec.name} is right and has no loop in Python, but takes {1e9 * own:.3g} ns for each of {larger.size} "
        f"entries; the plain loop takes {1e9 * plain:.3g} ns. That is {plain / own:.1f} times as fast; it should be "
        f"{TIMES_AS_FAST} times. Arrays of dtype object are Python's integers, and a function that numba compiles anew "
        "in every call is slow too. If the machine is busy, try again."
    )


def is_busy():
    """Whether more programs want to run than there are processors."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > os.cpu_count()


def _seconds(dropout, x, rng):
    numbers = _counters(rng)
    start = time.perf_counter()
    dropout(x, 0.5, *numbers)
    return time.perf_counter() - start


def _counters(rng):
    """A seed and a step that have not been used before."""
    return tuple(int(number) for number in rng.integers(2**62, size=2))


def uniform_numbers(x, seed, step):
    """What `plain_dropout` compares with the rate, for every entry."""
    start = splitmix64((seed + step * GOLDEN) % 2**64)
    return [(splitmix64((start + (i + 1) * GOLDEN) % 2**64) >> 11) * 2.0**-53 for i in range(x.size)]


@st.composite
def rates_at_an_entry(draw):
    """The rate is the uniform number of one entry, which stays, or the next larger float, and the entry goes.

    `>`, a number of fewer bits and one of more bits tell themselves.
    """
    inputs = draw(masks())
    numbers = uniform_numbers(inputs["x"], inputs["seed"], inputs["step"])
    rate = draw(st.sampled_from(numbers))
    return inputs | {"rate": draw(st.sampled_from([rate, float(np.nextafter(rate, 1))]))}


def counters(N, C):
    """Seeds and steps, small ones and some of 63 bits."""
    return st.one_of(st.integers(0, 3), st.integers(0, 2**63 - 1))


@st.composite
def masks(draw):
    """Inputs that can be followed by hand."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(1, 4)))
    return {
        "x": draw(s.quarter_arrays(shape, 1, 5)),
        "rate": draw(st.sampled_from([0.5, 0.25, 0.75, 0.0])),
        **{"seed": draw(counters(0, 0)), "step": draw(counters(0, 0))},
    }


def larger_mask(rng):
    """Enough numbers that a wrong hash cannot agree by chance."""
    return {"x": 2 + rng.random((37, 21)), "rate": 0.25, "seed": int(rng.integers(2**62)), "step": int(rng.integers(9))}


DROPOUT_FORWARD = Function(
    name="dropout_forward",
    signature="dropout_forward(x, rate, seed, step)",
    equation="y_i = x_i / (1 - rate) where (hash(seed, step, i) >> 11) / 2^53 >= rate,  else 0",
    reference=kernels.dropout_forward,
    inputs=masks(),
    larger=larger_mask,
    example={"x": np.array([[1.0, 2.0, 3.0, 4.0]]), "rate": 0.5, "seed": 0, "step": 0},
    checks=(*FORM, definition, definition_on(rates_at_an_entry()), library, no_python_loop, fast),
    keeps_dtype=True,
)

EXERCISES = (
    Exercise(
        "13",
        "fast_loop",
        "make the loop fast",
        "Annex.",
        (DROPOUT_FORWARD,),
        (
            "The hash of entry i depends on i alone, not on its neighbours: all entries can be done at once, by an "
            "array of the numbers 1 .. x.size, or by a compiled loop. What does NumPy do when a 64-bit product "
            "overflows?",
            "Arrays of dtype uint64 wrap around modulo 2^64 by themselves, exactly what % 2**64 does. But mix them "
            "with uint64 only: a signed shift fills with ones, and uint64 with a Python float or a negative number is "
            "float64. With numba the same holds for np.uint64 constants.",
            "index = np.arange(1, x.size + 1, dtype=np.uint64); state = start + index * np.uint64(golden); every shift "
            "and every constant of the hash as np.uint64(...). Compute start with Python integers first. Then compare "
            "(hash >> 11) * 2.0**-53 with rate, reshape, and np.where.",
        ),
    ),
)
