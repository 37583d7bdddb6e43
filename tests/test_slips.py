"""Every rule of slips undoes its slip, and every name that an edit can have has a hint."""

import ast

import profiles
import pytest
from solutions.base import BASE

from scratchnoise.course.checker.edits import edits
from scratchnoise.course.checker.repairs import HINTS

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

    found = {new: mistake for mistake, _, new in edits(ast.parse(text(wrong)))}
    assert found.get(text(right)) == name


@pytest.mark.parametrize("function", profiles.thinned(BASE))
def test_every_edit_has_a_hint_and_is_valid_python(function):
    tree = ast.parse(BASE[function])
    for count, (mistake, _, text) in enumerate(edits(tree)):
        assert mistake in HINTS
        if count % 20 == 0:
            ast.parse(text)
