"""The checks of a function by themselves: how often they ask, how near an answer has to be, what they blame."""

import dataclasses

import numpy as np
import pytest
from doubling import DOUBLE, NUMBERS
from hypothesis import strategies as st

from scratchnoise.course.checker import steps
from scratchnoise.course.checker.failure import Failure
from scratchnoise.course.checker.student import LocalFunction
from scratchnoise.course.checker.trial import Trial


def asked(check, function=lambda x: 2 * x, spec=DOUBLE):
    """The inputs of a function that a check passes."""
    seen = []
    check(spec, LocalFunction(lambda x: (seen.append(x), function(x))[1], "double"), Trial(0))
    return seen


def test_the_seed_decides_every_input():
    def drawn(seed):
        seen = []
        Trial(seed).hunt(NUMBERS, lambda x: seen.append(x[0]))
        return seen

    assert drawn(0) == drawn(0) != drawn(1) and Trial(3).rng().random() == np.random.default_rng(3).random()


def counting():
    """A strategy, and the list of the numbers that it has drawn."""
    drawn = []
    return st.fixed_dictionaries({"x": st.integers(0, 1000).map(lambda x: (drawn.append(x), x)[1])}), drawn


def test_the_next_check_gets_the_same_inputs_without_drawing_them():
    strategy, drawn = counting()
    seen = [], [], []
    for mine in seen:
        Trial(0).hunt(strategy, lambda x, mine=mine: mine.append(x))
    times = len(drawn)
    assert seen[0] == seen[1] == seen[2] and len(seen[0]) == 40
    Trial(0).hunt(strategy, lambda x: None)
    assert len(drawn) == times
    Trial(1).hunt(strategy, lambda x: None)
    assert len(drawn) > times


def test_inputs_that_were_drawn_before_lead_to_the_same_smallest_one():
    def too_large(x):
        if x >= 500:
            raise Failure(f"{x} is large")

    found = []
    for before in (lambda strategy: None, lambda strategy: Trial(0).hunt(strategy, lambda x: None)):
        strategy, _ = counting()
        before(strategy)
        with pytest.raises(Failure) as caught:
            Trial(0).hunt(strategy, too_large)
        found.append((str(caught.value), caught.value.inputs))
    assert found == [("500 is large", {"x": 500})] * 2


def test_a_function_that_fails_only_on_known_inputs_changes_its_answer():
    strategy, _ = counting()
    Trial(0).hunt(strategy, lambda x: None)
    once = iter([1])
    with pytest.raises(Failure, match="different results"):
        Trial(0).hunt(strategy, lambda x: next(once, 0) and (_ for _ in ()).throw(Failure("the first time")))


def test_how_often_a_check_asks():
    of_form = (steps.returns, steps.shape, steps.inputs_unchanged)
    assert [len(asked(check)) for check in of_form] == [12, 12, 12] and len(asked(steps.dtype)) == 2 * 12
    assert len(asked(steps.definition)) == 40 and len(asked(steps.definition_on(NUMBERS, 7))) == 7
    two_rungs = dataclasses.replace(DOUBLE, inputs=(NUMBERS, NUMBERS))
    assert len(asked(steps.definition, spec=two_rungs)) == 2 * 20
    assert [x.dtype for x in asked(steps.library)] == [np.float64, np.float32] * 3
    assert len(asked(steps.keeps_no_state)) == 3 and len(asked(steps.example)) == 1

    def is_double(double, x):
        assert double(x) == 2 * x

    is_double.inputs = NUMBERS
    assert len(asked(steps.holds(is_double))) == 20


def test_how_near_an_answer_has_to_be():
    for kind, near, far in ((np.float64, 1e-11, 1e-7), (np.float32, 1e-5, 1e-3)):

        def off(error, kind=kind):
            return lambda x: (2 * x * (1 + error * (x.dtype == kind))).astype(x.dtype)

        asked(steps.library, off(near))
        with pytest.raises(Failure, match="double: entry") as caught:
            asked(steps.library, off(far))
        assert caught.value.inputs["x"].dtype == kind
    with pytest.raises(Failure, match="double: entry"):
        asked(steps.definition, lambda x: 2 * x + 1e-7)


def test_a_wrong_example_is_told_by_a_smaller_input_where_there_is_one():
    with pytest.raises(Failure) as caught:
        asked(steps.example, lambda x: 2 * x + 1)
    assert caught.value.step == "example" and caught.value.inputs["x"] == 0
    with pytest.raises(Failure) as caught:
        asked(
            steps.example,
            lambda x: 2 * x + (x[0] == 1 and len(x) == 1),
            dataclasses.replace(DOUBLE, checks=(steps.example,)),
        )
    assert caught.value.inputs is DOUBLE.example


@pytest.mark.parametrize(
    ("check", "function", "text"),
    [
        (steps.shape, lambda x: np.stack([x, x]), r"double has shape \(2, 1\); it should be \(1,\)."),
        (steps.dtype, lambda x: 2.0 * x.astype(float), "double is float64; it should be float32"),
        (steps.inputs_unchanged, lambda x: x.__imul__(2), "double changed its argument x: work on a copy"),
        (steps.returns, lambda x: None, "double returned nothing"),
        (steps.returns, lambda: 0, r"cannot be called with 1 arguments; its signature is double\(x\)"),
    ],
)
def test_what_a_form_is_blamed_for(check, function, text):
    with pytest.raises(Failure, match=text):
        check(DOUBLE, LocalFunction(function, "double"), Trial(0))


def test_a_function_that_remembers_is_told_from_one_that_is_wrong():
    kept = []

    def remembers(x):
        kept.append(2 * x)
        return kept[0]

    with pytest.raises(Failure, match="remembers something") as caught:
        steps.keeps_no_state(DOUBLE, LocalFunction(remembers, "double"), Trial(0))
    assert caught.value.mistake == "remembers_the_last_call"
    once = iter([1, 1, 0])
    with pytest.raises(Failure, match="remembers something"):
        steps.keeps_no_state(DOUBLE, LocalFunction(lambda x: 2 * x * next(once), "double"), Trial(0))
    for wrong in (lambda x: 3 * x, lambda x: x[:3], lambda x: None, lambda x: "a", lambda x, y: 0):
        steps.keeps_no_state(DOUBLE, LocalFunction(wrong, "double"), Trial(0))  # wrong, but it keeps no state


def test_shrinking_ends_after_so_many_attempts_at_a_smaller_input():
    (strategy, _), calls, failed = counting(), [], []

    def fails(x):
        calls.append(x)
        if x > 900:
            failed.append(len(calls))
            raise AssertionError(f"{x} is large")

    with pytest.raises(Failure) as caught:
        Trial(0, shrinks=5).hunt(strategy, fails)
    assert len(calls) == failed[0] + 5 and caught.value.inputs["x"] == calls[failed[-1] - 1]  # the last that failed
    assert Trial(0).shrinks == 300


def test_what_a_property_cannot_compute_with_is_a_failure():
    with pytest.raises(Failure, match="cannot be computed with: TypeError: x"):
        Trial(0, shrinks=0).hunt(NUMBERS, lambda **inputs: (_ for _ in ()).throw(TypeError("x")))


def test_a_function_that_answers_twice_differently_is_named():
    count = iter(range(10**6))

    def odd(**inputs):
        if next(count) == 3:
            raise Failure("now and then")

    with pytest.raises(Failure, match="^Called twice with the same input it gave different results.$"):
        Trial(0).hunt(NUMBERS, odd)
