"""What the checker reads of an answer, of a function and of a file."""

from types import SimpleNamespace

import numpy as np
import pytest

from scratchnoise.course import EXERCISES
from scratchnoise.course.checker.answers import answering, compare_dtypes, parts
from scratchnoise.course.checker.failure import Failure
from scratchnoise.course.checker.student import LocalFunction, StudentFunction
from scratchnoise.course.checker.submission import Submission
from scratchnoise.course.student import wire

SPEC = EXERCISES["01"].functions[0]


# --- the answer -------------------------------------------------------------------------------------------


def returned(value, expected):
    return [(name, np.asarray(yours).tolist()) for name, yours, _ in parts(SPEC, value, expected)]


def test_what_came_back_is_taken_apart_and_named():
    one, two = np.eye(2), (np.eye(2), 1.0)
    assert returned([[1, 2]], one) == returned(([[1, 2]],), one) == [("softmax", [[1, 2]])]
    assert returned([1, True], two) == [("softmax, value 1 of 2", 1), ("softmax, value 2 of 2", True)]
    for value, expected, text, mistake in [
        (None, one, "softmax returned nothing: does it end with `return`?", "nothing_returned"),
        (([1], [1, 2]), one, "softmax returned 2 values; it should return one array.", "number_of_results"),
        ((1, 2, 3), two, "softmax returned 3 values; it should return 2.", "number_of_results"),
        (np.eye(2), two, "softmax returned 1 values; it should return 2.", "number_of_results"),
        ((1, None), two, "softmax, value 2 of 2 is None.", None),
        ("a", one, "softmax is a str that cannot become an array of real numbers.", None),
        ([[1], [1, 2]], one, "softmax is a list that cannot become an array of real numbers.", None),
        (wire.Unreadable("A"), one, "softmax is a A that does not hold real numbers; it should be an array.", None),
    ]:
        with pytest.raises(Failure) as caught:
            parts(SPEC, value, expected)
        assert (caught.value.text, caught.value.step, caught.value.mistake) == (text, "returns", mistake)


STAYS = "\nThe stub asks that the dtype stays: {0} goes in, so {0} should come out."
LOOK = "Look for np.eye, np.zeros, np.ones without dtype=."


@pytest.mark.parametrize(
    ("yours", "wanted", "given", "keeps", "said"),
    [
        ("f8", "f8", "f8", True, None),
        ("f4", "f4", "f4", True, None),
        ("f4", "f8", "f8", False, None),
        ("i8", "f8", "f8", False, None),
        ("i4", "i8", "f8", True, None),
        ("u1", "i8", "f8", False, None),
        ("f8", "i8", "f8", False, "s is float64; it should hold integers."),
        ("f4", "f8", "f8", True, f"s is float32; it should be float64.{STAYS.format('float64')}"),
        ("f8", "f4", "f4", True, f"s is float64; it should be float32.{STAYS.format('float32')} {LOOK}"),
    ],
)
def test_integers_stay_integers_and_floats_stay_where_the_stub_asks_it(yours, wanted, given, keeps, said):
    types = [np.dtype(name) for name in (yours, wanted, given)]
    if said is None:
        compare_dtypes("s", *types, keeps)
        return
    with pytest.raises(Failure) as caught:
        compare_dtypes("s", *types, keeps)
    assert caught.value.text == said


def test_lists_are_arrays_for_whoever_computes_with_the_answer():
    assert answering(SPEC, lambda z: [[1, 2]])(0).tolist() == [[1, 2]] and answering(SPEC, lambda z: 3)(0) == 3
    several = SimpleNamespace(reference=lambda z: (z, z), example={"z": np.zeros(1)})
    first, second = answering(several, lambda z: [[1], [2]])(0)
    assert first.tolist() == [1] and second.tolist() == [2]


# --- the function -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "counts"),
    [
        (lambda a, b: 0, [2]),
        (lambda a, b=1: 0, [1, 2]),
        (lambda a, /, b: 0, [2]),
        (lambda *a: 0, [0, 1, 2, 3]),
        (lambda a, *b: 0, [1, 2, 3]),
        (lambda a, *, b=1: 0, [1]),
        (lambda a, *, b: 0, []),
        (lambda a, **b: 0, [1]),
    ],
)
def test_how_many_arguments_a_function_takes(function, counts):
    student = LocalFunction(function, "f")
    assert [count for count in range(4) if student.takes(count)] == counts
    assert StudentFunction("f", None).takes(7)  # Python cannot tell


def test_what_a_call_did_to_its_arguments_is_done_to_the_caller_s():
    draws, array = np.random.default_rng(0), np.zeros(2)
    changed, further = np.array([1.0, 2.0]), np.random.default_rng(0)
    expected = further.random(5), further.random()
    again = np.random.default_rng(0)
    again.random(5)
    replies = iter(
        [
            {"args": [changed, again], "printed": "p", "library": False, "value": 3},
            {"args": [np.ones(3), 0], "printed": "", "library": False, "error": "e", "raised": ["E"], "says": "s"},
            {"args": [array, draws], "printed": "", "library": True, "value": 3},
        ]
    )
    student = StudentFunction("f", SimpleNamespace(ask=lambda **request: next(replies)), line=4)
    assert student(array, draws) == 3 and student.printed == "p" and student.written and student.line == 4
    assert array.tolist() == [1, 2] and draws.random() == expected[1]
    with pytest.raises(Failure, match="^e$") as caught:
        student(array, draws)
    assert (caught.value.step, caught.value.raised, caught.value.says) == ("returns", ("E",), "s")
    assert array.tolist() == [1, 2]  # an array of another shape is another one
    with pytest.raises(Failure, match="imports scratchnoise. That is the answer") as caught:
        student(array, draws)
    assert caught.value.step == "import"


def test_steps_are_counted_and_only_then():
    student = LocalFunction(lambda n: sum(k for k in range(n)), "f")
    assert student.steps(20) - student.steps(10) == 10 * (student.steps(2) - student.steps(1)) > 0
    assert student._call([3])["steps"] is None


# --- the file ---------------------------------------------------------------------------------------------


def submission(folder, text):
    path = folder / "01_softmax.py"
    path.write_text(text)
    return Submission(path, ["softmax", "softmax_backward"])


EMPTY = "def softmax(z):\n    {}\n\n\ndef softmax_backward(dy, z):\n    return z\n"


@pytest.mark.parametrize(
    "body", ["...", "pass", "'doc'", "raise NotImplementedError", "raise NotImplementedError('x')"]
)
def test_a_body_that_says_nothing_is_not_written(body, tmp_path):
    assert submission(tmp_path, EMPTY.format(body)).unwritten == ["softmax"]


@pytest.mark.parametrize("body", ["return z", "raise ValueError", "raise", "z.x = 1", "print(z)", "...; return z"])
def test_a_body_that_says_something_is(body, tmp_path):
    assert submission(tmp_path, EMPTY.format(body)).unwritten == []


def test_of_two_functions_of_a_name_the_last_counts(tmp_path):
    twice = EMPTY.format("return z") + "\n" + EMPTY.format("...")
    assert submission(tmp_path, twice).unwritten == ["softmax"]
    assert submission(tmp_path, "x = 1").unwritten == []  # missing, which is another complaint


def test_a_syntax_error_is_pointed_at(tmp_path):
    with pytest.raises(Failure) as caught:
        submission(tmp_path, "x = 1\nx = (1 + ]\n")
    first, *rest = caught.value.text.splitlines()
    assert first.startswith("The file is not valid Python, line 2: ") and rest == ["    x = (1 + ]", "             ^"]
    with pytest.raises(Failure, match=r"not valid Python: .*null bytes$"):
        submission(tmp_path, "x\0")


@pytest.mark.parametrize(
    "line",
    [
        *("import scratchnoise", "import numpy, scratchnoise.kernels", "from scratchnoise.models import x"),
        *("__import__('scratchnoise')", "import sys; sys.modules['scratchnoise']", "f(1, 'scratchnoise')"),
    ],
)
def test_the_library_is_refused_by_its_name(line, tmp_path):
    with pytest.raises(Failure, match="The file imports scratchnoise in line 7. That is the answer") as caught:
        submission(tmp_path, EMPTY.format("...") + line)
    assert caught.value.step == "import"


@pytest.mark.parametrize("line", ["import scratch", "from . import x", "f('scratch')", "x[0]", "f(1, x)", "x[1:2]"])
def test_other_names_are_fine(line, tmp_path):
    submission(tmp_path, EMPTY.format("...") + line)
