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
