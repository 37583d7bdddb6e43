"""Every rule of slips undoes its slip, and every name that an edit can have has a hint."""

import ast
from pathlib import Path

import profiles
import pytest
from solutions.base import BASE

from scratchnoise.course.checker import edits as edits_module
from scratchnoise.course.checker.edits import edits
from scratchnoise.course.checker.repairs import HINTS
from scratchnoise.course.checker.slips import RULES

# The mistake: arguments, what a student writes, what is right.
SLIPS = [
    ("not_divided", "x, dz", "return x.T @ dz", "return x.T @ dz / len(x)"),
    ("not_divided", "w, total, order", "return (w, total)", "return (w, total / len(order))"),
    ("not_divided", "order, total", "return total", "return total / len(order)"),
    ("wrong_sign", "dw, db", "return (dw, db)", "return (-dw, -db)"),
    ("results_swapped", "w, b, loss", "return (loss, b, w)", "return (w, b, loss)"),
    ("factor_missing", "w, dw, rate", "w -= dw", "w -= dw * rate"),
    ("factor_missing", "T, prior", "joint = T.T", "joint = T.T * prior[:, None]"),
    ("term_missing", "x, w, b", "z = x @ w", "z = x @ w + b"),
    ("row_for_column", "T, j, q", "T[j] = q", "T[:, j] = q"),
    ("column_for_row", "q, best", "return q[:, best]", "return q[best]"),
    ("index_missing", "T, j, rho", "T[j] = rho", "T[j, j] = rho"),
    ("step_missing", "n, size", "return range(0, n)", "return range(0, n, size)"),
    ("step_missing", "n, size", "return range(n)", "return range(0, n, size)"),
    ("not_whole_numbers", "y", "return np.zeros(len(y))", "return np.zeros(len(y), dtype=int)"),
    ("another_precision", "z, y", "return z.sum()", "return z.sum().astype(z.dtype)"),
    ("assigned_where_added", "g, n, y", "g[n, y] = 1", "g[n, y] -= 1"),
    ("wrong_sign", "dx, dy, n", "dx[n] = -dy", "dx[n] = dy"),
    ("another_power", "w", "return w ** 2", "return w ** 1"),
    ("another_power", "w", "return w ** 2", "return w"),
    ("another_size", "dy", "return dy.shape[1]", "return dy.shape[2]"),
    ("another_precision", "z", "return z.astype(float)", "return z"),
    ("one_function_too_many", "dy, n", "return dy[n].sum()", "return dy[n]"),
    ("one_function_too_many", "y", "return set(y)", "return y"),
    ("rounded", "z", "return z.astype(np.float32)", "return z"),
    (
        "not_indented",
        "w, b",
        "for i in w:\n        w += i\n    w -= 1\n    b -= 1",
        "for i in w:\n        w += i\n        w -= 1\n        b -= 1",
    ),
    (
        "indented_too_far",
        "w",
        "for i in w:\n        w += i\n        return w",
        "for i in w:\n        w += i\n    return w",
    ),
]


@pytest.mark.parametrize(("name", "arguments", "wrong", "right"), SLIPS, ids=[f"{n}-{w}" for n, _, w, _ in SLIPS])
def test_a_rule_undoes_its_slip(name, arguments, wrong, right):
    def text(body):
        return ast.unparse(ast.parse(f"def f({arguments}):\n    {body}"))

    found = [mistake for mistake, _, new in edits(ast.parse(text(wrong))) if new == text(right)]
    assert found[:1] == [name]


def test_the_likelier_of_two_slips_is_named():
    """Both edits make the code right: a minus sign too many is commoner than = for -=, and .T of a size is none."""

    def names(code):
        return [name for name, _, _ in edits(ast.parse(code))]

    sign = names("def f(dx, dy):\n    dx[0] = -dy\n    return dx")
    assert sign.index("wrong_sign") < [k for k, name in enumerate(sign) if name == "assigned_where_added"][1]
    size = names("def f(dy):\n    return range(dy.shape[1])")
    assert size.index("another_size") < size.index("transposed")


@pytest.mark.parametrize("function", profiles.thinned(BASE))
def test_every_edit_has_a_hint_and_is_valid_python(function):
    tree = ast.parse(BASE[function])
    for mistake, _, text in edits(tree):
        assert mistake in HINTS
        ast.parse(text)


def listed_edits():
    """(rule and arguments, statement, edits) of solutions/edits.txt, where a rule has its statements below it."""
    lines = (Path(__file__).parent / "solutions" / "edits.txt").read_text(encoding="utf-8").splitlines()
    for line in lines:
        if not line.startswith("  "):
            head, cases = line, []
        elif not line.startswith("    "):
            cases = []
            yield head, line.strip(), cases
        else:
            cases.append(line.strip())


LISTED = list(listed_edits())


@pytest.mark.parametrize(("head", "statement", "wanted"), LISTED)
def test_a_rule_offers_these_edits_in_this_order_and_no_others(head, statement, wanted, monkeypatch):
    """An edit too many costs time and may blame the wrong slip; one too few leaves a slip without a name."""
    name, _, arguments = head.partition(" of ")
    rule = next(rule for rule in RULES if f"{rule.__module__.rpartition('.')[2]}.{rule.__name__}" == name)
    monkeypatch.setattr(edits_module, "RULES", (rule,))
    body = statement.replace("\\n", "\n    ")
    found = [
        f"{mistake}: " + text.partition("\n    ")[2].replace("\n    ", "\\n")
        for mistake, _, text in edits(ast.parse(f"def f({arguments}):\n    {body}"))
    ]
    assert found == wanted


def test_every_rule_is_listed():
    assert {head.partition(" of ")[0].partition(".")[2] for head, _, _ in LISTED} == {rule.__name__ for rule in RULES}


def test_functions_that_are_right_are_left_alone_and_an_edit_has_its_line_and_the_whole_file():
    around = "def f(x):\n    return -x\n", "\ndef h(x):\n    return x"
    tree = ast.parse(f"{around[0]}def g(x):\n    x = x\n    return -x{around[1]}")
    before = ast.dump(tree)
    found = list(edits(tree, ["f", "h"]))
    assert all(text.startswith(around[0] + "def g(x):") and text.endswith(around[1]) for _, _, text in found)
    assert ("wrong_sign", 5, f"{around[0]}def g(x):\n    x = x\n    return x{around[1]}") in found
    assert {line for _, line, _ in found} == {3, 4, 5} and len(list(edits(tree))) > len(found)
    assert ast.dump(tree) == before  # each edit is taken back
