"""Exercise 13: make the loop fast. Graded by equality and by its ratio to the plain loop."""

import time

import numpy as np
from hypothesis import strategies as st

from ... import kernels
from ...check import strategies as s
from ..checker.steps import FORM, definition, library, step
from ..checker.student import Failure
from ..exercise import Exercise, Function
from ..given import plain_dropout

TIMES_AS_FAST = 20  # a vectorised solution reaches 100 and more, a compiled one several hundred
ROUNDS = 12
TIMED_SHAPE = (100, 120)


@step("speed")
def fast(spec, student, trial):
    """At least TIMES_AS_FAST as quick as the plain loop: the best of several rounds, in which the two take turns.

    Other programs can only make a round slower, so the best ones compare; it ends with the first ratio that is enough.
    """
    x = trial.rng().standard_normal(TIMED_SHAPE)
    student(x, 0.5, 0, 0)  # compiles, if it does
    plain = own = np.inf
    for number in range(ROUNDS):
        plain = min(plain, _seconds(plain_dropout, x, number))
        own = min(own, *(_seconds(student, x, ROUNDS * number + k) for k in range(3)))
        if plain >= TIMES_AS_FAST * own:
            return
    raise Failure(
        f"{spec.name} is right, but takes {1e3 * own:.3g} ms for {x.size} entries; the plain loop takes "
        f"{1e3 * plain:.3g} ms. That is {plain / own:.1f} times as fast; it should be {TIMES_AS_FAST} times.",
        mistake="still_a_loop",
    )


def _seconds(dropout, x, number):
    start = time.perf_counter()
    dropout(x, 0.5, number, number)
    return time.perf_counter() - start


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
    equation="y_i = x_i / (1 - rate) where hash(seed, step, i) / 2^64 >= rate,  else 0",
    reference=kernels.dropout_forward,
    inputs=masks(),
    larger=larger_mask,
    example={"x": np.array([[1.0, 2.0, 3.0, 4.0]]), "rate": 0.5, "seed": 0, "step": 0},
    checks=(*FORM, definition, library, fast),
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
