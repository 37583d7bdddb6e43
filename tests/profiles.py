"""How much the tests try: `--hypothesis-profile` is "quick" where nobody chooses, "complete" or "nightly".

The profile says how many inputs Hypothesis draws. Tests that are marked `slow` belong to "complete" and "nightly".
"""

import os

import hypothesis
import pytest

EXAMPLES = {"quick": 10, "complete": 40, "nightly": 500}
REPRODUCIBLE = {"derandomize": True, "database": None} if os.environ.get("CI") else {}


def register():
    """Make the profiles known to Hypothesis."""
    for name, examples in EXAMPLES.items():
        hypothesis.settings.register_profile(
            name,
            max_examples=examples,
            deadline=None,  # the first call of a compiled kernel takes seconds
            suppress_health_check=[
                hypothesis.HealthCheck.too_slow,
                hypothesis.HealthCheck.function_scoped_fixture,  # the fixture `table` never changes within a test
            ],
            **REPRODUCIBLE,
        )


def runs(profile):
    """Whether all that belongs to a profile runs: as many inputs as it has, or more."""
    return hypothesis.settings.default.max_examples >= EXAMPLES[profile]


def thinned(cases, every=4):
    """The cases for `pytest.mark.parametrize`: one of `every` stays as it is, the others are slow."""
    return [case if k % every == 0 else _slow(case) for k, case in enumerate(cases)]


def _slow(case):
    if not hasattr(case, "marks"):  # no pytest.param
        case = pytest.param(*(case if isinstance(case, tuple) else (case,)))
    return pytest.param(*case.values, id=case.id, marks=[*case.marks, pytest.mark.slow])
