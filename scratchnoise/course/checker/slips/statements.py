"""Slips in statements: what is assigned, repeated and returned. Rules as in `calls`."""

import ast
import copy

from ..syntax import expression
from .expressions import OPERATORS


def additions(node, names):
    """= and += exchanged, or written into what the caller gave."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Subscript | ast.Name):
            yield "assigned_where_added", ast.AugAssign(target, ast.Add(), node.value)
    if isinstance(node, ast.AugAssign):
        load = copy.deepcopy(node.target)
        load.ctx = ast.Load()
        new = ast.BinOp(load, node.op, node.value)
        yield "in_place", ast.Assign([node.target], new)
        yield "added_where_assigned", ast.Assign([node.target], node.value)
        for op, name in OPERATORS.get(type(node.op), ()):
            yield name, {"op": op()}


def subtractions(node, names):
    """= for -=. It mends many a wrong sign as well, so it comes after the signs."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Subscript | ast.Name):
            yield "assigned_where_added", ast.AugAssign(target, ast.Sub(), node.value)


def accumulates(node, names):
    """a[index] += b where an index occurs twice."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript) and isinstance(node.op, ast.Add):
        sliced = any(isinstance(part, ast.Slice) for part in ast.walk(node.target.slice))
        index = expression("np.s_[B]", B=node.target.slice) if sliced else node.target.slice
        call = expression("np.add.at(A, B, C)", A=node.target.value, B=index, C=node.value)
        yield "repeated_index", ast.Expr(call)


def indentation(node, names):
    """The last statement of a loop belongs after it, or the statement after a loop belongs into it."""
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for k, each in enumerate(body):
        if isinstance(each, ast.For | ast.If | ast.While) and len(each.body) > 1:
            shorter, last = copy.copy(each), each.body[-1]
            shorter.body = each.body[:-1]
            yield "indented_too_far", {"body": [*body[:k], shorter, last, *body[k + 1 :]]}
        if isinstance(each, ast.For | ast.If | ast.While) and k + 1 < len(body):
            longer = copy.copy(each)
            longer.body = [*each.body, body[k + 1]]
            yield "not_indented", {"body": [*body[:k], longer, *body[k + 2 :]]}


def statements(node, names):
    """A statement too many, or two in the wrong order."""
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for k in range(len(body)):
        if len(body) > 1:
            yield "statement_too_many", {"body": body[:k] + body[k + 1 :]}
        if k + 1 < len(body):
            yield "order_of_statements", {"body": [*body[:k], body[k + 1], body[k], *body[k + 2 :]]}


def returned_tuples(node, names):
    """Results exchanged, or one of them with another sign, transposed, or not divided."""
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
        yield "results_swapped", {"value": ast.Tuple(node.value.elts[::-1], ast.Load())}
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
        for k, each in enumerate(node.value.elts):
            negative = [*node.value.elts[:k], ast.UnaryOp(ast.USub(), each), *node.value.elts[k + 1 :]]
            yield "wrong_sign", {"value": ast.Tuple(negative, ast.Load())}
            for name, text in (
                ("transposed", "A.T"),
                ("divided_without_need", "A * len(B)"),
                ("not_divided", "A / len(B)"),
            ):
                for other in names[:2] if "B" in text else names[:1]:
                    new = expression(text, A=each, B=ast.Name(other, ast.Load()))
                    yield name, {"value": ast.Tuple([*node.value.elts[:k], new, *node.value.elts[k + 1 :]], ast.Load())}
