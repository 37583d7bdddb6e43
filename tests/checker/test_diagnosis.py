"""Which known mistake, or which single edit, explains a wrong answer."""

import ast
import dataclasses
import itertools
from types import SimpleNamespace

import numpy as np
import pytest
from doubling import DOUBLE

from scratchnoise.course.checker import diagnosis, repairs
from scratchnoise.course.checker.failure import Failure, Stopped
from scratchnoise.course.checker.student import LocalFunction
from scratchnoise.course.checker.trial import Trial


def test_answers_are_the_same_up_to_rounding():
    one, nan = [np.array([1.0, np.nan])], [np.array([np.nan, 1.0])]
    assert diagnosis._same(one, [one[0] + 1e-7], 1e-6) and not diagnosis._same(one, [one[0] + 1e-4], 1e-6)
    assert diagnosis._same(one, [one[0] + 1e-4], 0.1) and not diagnosis._same(one, nan, 0.1)
    assert not diagnosis._same([1e6 * np.ones(2)], [1e6 * np.ones(2) + 0.1], 1e-6, 1e-10)
    assert diagnosis._same([1e6 * np.ones(2)], [1e6 * np.ones(2) + 0.1], 1e-6)
    assert not diagnosis._same(one, one * 2, 0.1) and not diagnosis._same([np.ones(2)], [np.ones((1, 2))], 0.1)
    assert diagnosis._same("error", "er" + "ror", 0) and not diagnosis._same("error", "another", 0)
    assert not diagnosis._same("error", one, 0) and not diagnosis._same(one, "error", 0)


def test_a_mistake_with_words_needs_them_in_the_function():
    tree = ast.parse("import numpy\n\n\ndef f(x):\n    return x\n\n\ndef f(x):\n    return abs(x)\n")
    file = SimpleNamespace(tree=tree)
    found = {words: diagnosis._mentions(SimpleNamespace(words=words), file, "f") for words in ("", "abs", "numpy")}
    assert found == {"": True, "abs": True, "numpy": False}
    assert diagnosis._mentions(SimpleNamespace(words="numpy"), file, "g")  # no such function: the whole file
    assert diagnosis._mentions(SimpleNamespace(words="abs"), None, "f")


def test_the_failing_input_is_tried_first_and_random_answers_on_one_only():
    failing = {"x": np.array([7.0])}
    probes = diagnosis._probes(dataclasses.replace(DOUBLE, probes=({"x": np.zeros(2)},)), failing, Trial(0).rng())
    assert [len(probe["x"]) for probe in probes] == [1, 1, 2, 50, 50, 50, 50] and probes[0]["x"] == 7
    assert len(diagnosis._probes(DOUBLE, None, Trial(0).rng())) == len(
        diagnosis._probes(DOUBLE, {"k": 1}, Trial(0).rng())
    )
    assert len(diagnosis._probes(dataclasses.replace(DOUBLE, observe=abs), failing, Trial(0).rng())) == 1


def repaired(found, agrees=lambda student: True, passes=lambda student: True, failing=True, clocks=None, names="abc"):
    """What `repaired` makes of prepared edits of the function b."""
    given = []
    submission = SimpleNamespace(
        names=[*names], tree=None, functions=lambda process, source: dict.fromkeys(names, source)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repairs, "edits", lambda tree, right: (given.append(right), found)[1])
        if clocks:
            patch.setattr(repairs, "time", SimpleNamespace(**clocks))
        result = repairs.repaired(SimpleNamespace(name="b"), submission, None, failing, agrees, passes)
    assert given == [["a"]]
    return result


def test_the_first_edit_that_agrees_and_passes_is_the_mistake():
    found = [("wrong_axis", 1, "no"), ("wrong_sign", 2, "yes"), ("transposed", 3, "yes")]
    wanted = ("wrong_sign", f"one change makes it right, in line 2: {repairs.HINTS['wrong_sign']}")
    assert repaired(found, lambda student: student == "yes") == repaired(found, passes=lambda s: s == "yes") == wanted
    assert repaired(found, lambda student: False) is None
    assert repaired(found, lambda student: False, failing=False)[0] == "wrong_axis"

    def raises(error):
        def passes(student):
            if student == "no":
                raise error
            return True

        return passes

    assert repaired(found, passes=raises(Failure("no"))) == wanted
    assert repaired(found, passes=raises(Stopped("timeout", "no"))) is None


@pytest.mark.parametrize(("slow", "limit"), [("process_time", 3), ("monotonic", 15)])
def test_edits_are_tried_for_some_seconds(slow, limit):
    """One second each, on one of the two clocks."""
    tried = []
    clocks = {"process_time": lambda: 5.0, "monotonic": lambda: 5.0} | {slow: lambda: 5.0 + len(tried)}
    assert (
        repaired(itertools.repeat(("wrong_sign", 1, "no")), lambda student: tried.append(student), clocks=clocks)
        is None
    )
    assert len(tried) == limit + 1


def observed(function, spec=DOUBLE, **probe):
    found = diagnosis._observed(spec, LocalFunction(function, "double"), probe)
    return found if isinstance(found, str) else [array.tolist() for array in found]


def test_an_answer_is_observed_with_what_became_of_the_inputs():
    x, pair = np.array([1, 2]), dataclasses.replace(DOUBLE, reference=lambda x: (x, x))
    assert observed(lambda x: 2 * x, x=x) == [[2, 4], [1, 2]]
    assert observed(lambda x: x.__imul__(2), x=x) == [[2, 4], [2, 4]] and x.tolist() == [1, 2]
    assert observed(lambda x: [x, 3.0], pair, x=x) == [[1, 2], 3, [1, 2]] == observed(lambda x: (x, 3.0), pair, x=x)
    assert observed(lambda x, rng: x, x=x, rng=np.random.default_rng(0)) == [[1, 2], [1, 2]]
    assert observed(lambda x: [0][7], x=x) == "list index out of range"
    watched = dataclasses.replace(DOUBLE, observe=lambda double, x: [double(x) + 1])
    assert observed(lambda x: 2 * x, watched, x=x) == [[3, 5]]


def subtract(y, x):
    return x - y


def test_arguments_in_another_order_are_a_mistake_of_their_own():
    spec = dataclasses.replace(DOUBLE, reference=lambda x, y: x - y, example={"x": np.ones(2), "y": np.zeros(2)})
    right = [diagnosis._observed(spec, LocalFunction(spec.reference, "double"), spec.example)]

    def swapped(function, spec=spec):
        return diagnosis._swapped(spec, LocalFunction(function, "double"), [spec.example], right)

    assert swapped(subtract) and not swapped(lambda y, x: y - x) and not swapped(lambda x, y: x - y)
    assert not swapped(lambda y, z: y - z) and not swapped(subtract, dataclasses.replace(spec, observe=abs))
