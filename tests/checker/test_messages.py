"""Every line that a student is shown."""

import numpy as np
import pytest

from scratchnoise.course import EXERCISES
from scratchnoise.course.checker import message
from scratchnoise.course.checker.failure import Failure
from scratchnoise.course.checker.student import shown

SOFTMAX = EXERCISES["01"]
SPEC, BACKWARD = SOFTMAX.functions


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / SOFTMAX.filename


NEXT = [
    "   2. scratchnoise check 01_softmax.py",
    "   stuck? scratchnoise hint 01, then hint 01 2 and hint 01 3",
]


def test_a_failure_is_told_in_this_order(file):
    failure = Failure("entry [0] is wrong\n\nit should be 2", "gradient", {"dy": np.eye(2), "k": 3})
    failure.place = "gradient (check 7 of 9)"
    text = message.failed(SOFTMAX, file, failure, BACKWARD, 9, "diagonal_only", "a hint", "\nyour code printed\n    1")
    equation = f"{BACKWARD.tag} {BACKWARD.equation}".strip().splitlines()
    assert text.splitlines() == [
        "01 softmax  FAILED  softmax_backward, gradient (check 7 of 9)",
        *(f"   {line}".rstrip() for line in equation),
        "   Right so far: softmax.",
        "",
        "   smallest failing input",
        "      dy = [[1., 0.],",
        "            [0., 1.]]",
        "      k = 3",
        "",
        "   entry [0] is wrong",
        "",
        "   it should be 2",
        "",
        "   your code printed",
        "       1",
        "",
        "   This is a known mistake (diagonal_only): a hint",
        "",
        "   1. edit 01_softmax.py, line 9",
        *NEXT,
    ]


def test_the_first_function_has_none_before_it_and_a_mistake_without_hint_no_colon(file):
    failure = Failure("wrong", "example", {"z": np.zeros(1)})
    lines = message.failed(SOFTMAX, file, failure, SPEC, mistake="nothing_returned").splitlines()
    assert not any("Right so far" in line for line in lines)
    at = lines.index("   The worked example of the stub comes out wrong, and so does this:")
    assert lines[at - 1 : at + 3] == ["", lines[at], "   smallest failing input", "      z = [0.]"]
    assert "   This is a known mistake (nothing_returned)" in lines and "   1. edit 01_softmax.py" in lines
    assert "smallest failing input" not in message.failed(SOFTMAX, file, Failure("wrong", "returns"), SPEC)


def test_a_file_that_cannot_run_and_a_stub_and_a_success(file):
    failed = message.file_failed(SOFTMAX, file, Failure("no Python", "file")).splitlines()
    assert failed == ["01 softmax  FAILED  file", "", "   no Python", "", "   1. edit 01_softmax.py", *NEXT]
    assert message.not_started(SOFTMAX, file).splitlines() == [
        f"01 softmax  not started: {SOFTMAX.title}",
        "   1. open 01_softmax.py and write softmax and softmax_backward",
        "   2. scratchnoise check 01_softmax.py    (stuck? scratchnoise hint 01)",
    ]
    following = EXERCISES["02"]
    praise = message.passed(SOFTMAX, file, following).splitlines()
    assert (praise[0], praise[-1]) == (
        "01 softmax  passed: softmax and softmax_backward",
        "   next: scratchnoise start 02",
    )
    assert message.passed(SOFTMAX, file.parent / "deep" / file.name, following).endswith("start 02 deep")
    file.with_name(following.filename).write_text("")
    file.with_name(following.filename).write_text("")  # where one stands, so that the number is enough
    assert message.passed(SOFTMAX, file, following).endswith(
        "next: open 02_cross_entropy.py, then scratchnoise check 02"
    )
    assert message.passed(SOFTMAX, file, None).endswith(
        "That was the last one. scratchnoise check --all shows them all."
    )


def test_large_arrays_are_described_and_images_are_shown_in_planes():
    assert message.text_of(np.arange(40) / 2).count(",") == 39
    assert message.text_of(np.zeros(41)) == "an array (41,) float64"
    assert message.text_of(np.array([1 / 3, 2.0])) == "[0.333333, 2.      ]"
    assert message.text_of(3) == "3" and message.text_of(np.sum) == "sum"
    x, w = np.arange(8.0).reshape(1, 2, 2, 2), np.arange(16.0).reshape(2, 2, 2, 2)
    assert [label for label, _ in message._planes("x", x)] == ["x[0, :, :, 0]", "x[0, :, :, 1]"]
    np.testing.assert_array_equal(message._planes("x", x)[1][1], [[1, 3], [5, 7]])
    planes = dict(message._planes("w", w))
    assert list(planes) == [f"w[:, :, {k}, {f}]" for k in range(2) for f in range(2)]
    np.testing.assert_array_equal(planes["w[:, :, 1, 0]"], [[2, 6], [10, 14]])
    assert message._planes("x", np.zeros((1, 5, 8, 1)))[0][0] == "x[0, :, :, 0]"
    assert [label for label, _ in message._planes("x", np.zeros((1, 41, 1, 1)))] == ["x"]
    assert [label for label, _ in message._planes("x", np.zeros((1, 2, 2)))] == ["x"]


def test_any_terminal_can_show_it_and_paths_with_spaces_can_be_typed(file):
    assert message.printable(["a\x1b[2J", "ü\ud800"]) == "a\\x1b[2J\nü\\ud800"
    assert message.command(SOFTMAX, file.with_name("my file.py")) == 'scratchnoise check "my file.py"'
    assert message.command(SOFTMAX, file.parent.parent / "x.py") == f"scratchnoise check {file.parent.parent / 'x.py'}"
    assert len(message._wrapped("word " * 40)[0]) <= 97 < len(message._wrapped("word " * 40)[0]) + 6


def test_the_beginning_of_what_was_printed_is_shown():
    assert shown("") == shown(" \n") == ""
    assert shown("a\nb\n") == "\nyour code printed\n    a\n    b"
    assert shown("x\n" * 8).count("\n    x") == 8 and "more" not in shown("x\n" * 8)
    assert shown("x\n" * 9).count("\n    x") == 8 and shown("x\n" * 9).endswith("\n    ... and 1 more lines")
    assert shown("x" * 200) == "\nyour code printed\n    " + "x" * 110
