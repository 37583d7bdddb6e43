"""Every line of `check.verify` has wrong code that this line notices and no other: each is there for something."""

import numpy as np
import pytest

from scratchnoise import check

RNG = np.random.default_rng(0)
X = RNG.standard_normal((5, 3)).astype(np.float32)
ROW = RNG.standard_normal((1, 9))
WIDE = RNG.standard_normal((1, 10_000))
WHOLE = np.arange(-200.0, 200.0).reshape(1, 400) + 0.0


def square(x):
    return x**2


def writes_to_the_upstream(dy, x):
    dy *= 2 * x
    return dy


def differs_in_its_last_digits(dy, x, rng=np.random.default_rng(0)):  # noqa: B008 - it lives from call to call
    return 2 * x * dy * (1 + 1e-10 * rng.standard_normal(x.shape))


def clips_large_upstreams(dy, x):
    return 2 * x * np.clip(dy, -3.5, 3.5)


def wrong_near_one_number(dy, x):
    return 2 * x * dy + dy * (np.abs(x - 77) < 1e-3)


def wrong_in_one_of_many(dy, x):
    g = 2 * x * dy
    g[0, 0] *= 1 + 1e-6
    return g


def remembers(dy, x, first=[]):  # noqa: B006 - the mistake itself
    first.append(x)
    return 2 * first[0] * dy


def needs_five_samples(dy, x):
    return 2 * x * dy * (5 / len(x))


def raises_in_its_third_call(dy, x, calls=[]):  # noqa: B006
    calls.append(1)
    if len(calls) == 3:
        raise KeyError("w")
    return 2 * x * dy


ONLY = {  # line: (backward, x, what the line says)
    "returns": (lambda dy, x: (dy, dy), X, "2 value(s)"),
    "shape": (lambda dy, x: (2 * x * dy)[:1], X, "dx has shape (1, 3); it should be (5, 3), as x"),
    "dtype": (lambda dy, x: (2 * x * dy).astype(np.float64), X, "dx is float64; it should be float32, as x"),
    "inputs untouched": (writes_to_the_upstream, X, "it writes to dy"),
    "second call equal": (differs_in_its_last_digits, ROW, "dx differ(s) in a second call"),
    "linear in the upstream": (clips_large_upstreams, WIDE[:, :60], "does it use dy only once"),
    "adjoint": (wrong_near_one_number, WHOLE, "the slope of <dy, forward>"),
    "finite differences": (wrong_in_one_of_many, WIDE, "dx: entry [0, 0]"),
    "other inputs": (remembers, ROW, "dx: entry"),
    "a batch is its samples": (needs_five_samples, X, "dx of the batch is not the rows"),
    "every call returns": (raises_in_its_third_call, X, "a later call raised KeyError"),
    "anything decided": (lambda dy, x: dy, np.zeros((1, 1)), "nothing was found out"),
}


@pytest.mark.parametrize("line", ONLY)
def test_only_this_line_notices(line):
    wrong, x, text = ONLY[line]
    report = check.verify(np.abs if line == "anything decided" else square, wrong, (x,))
    assert [failed.name for failed in report.failed] == [line], report
    assert text in report[line].detail, report


def test_every_line_is_in_the_table():
    right = check.verify(lambda x: (x, square(x)), lambda dy, x: dy[0] + 2 * x * dy[1], (X,))
    assert {line.name for line in right.lines} - {"several outputs"} <= set(ONLY)  # that line only says how many
