"""An exercise as small as one can be: double a number."""

import numpy as np
from hypothesis import strategies as st

from scratchnoise.course.checker import steps
from scratchnoise.course.exercise import Function

NUMBERS = st.fixed_dictionaries({"x": st.integers(0, 10**9).map(lambda k: np.array([k / 4]))})
DOUBLE = Function(
    name="double",
    signature="double(x)",
    equation="y = 2 x",
    reference=lambda x: 2 * x,
    inputs=NUMBERS,
    larger=lambda rng: {"x": rng.random(50)},
    example={"x": np.array([1.0])},
    checks=(steps.example, steps.definition, steps.library),
    keeps_dtype=True,
)
