"""Slips of what was left out: a factor, a term, a division, an index, a step, a kind of number. Rules as in `calls`."""

import ast

from ..syntax import called_name, expression, keyword

WITH_A_VALUE = (ast.Return, ast.Assign, ast.AugAssign)
NUMBERS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp)
MOST = 9  # variables that are tried, the arguments first


def divisions(node, names):
    """A division by a number of samples forgotten."""
    products = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
    if products or called_name(node) in ("sum", "dot", "einsum", "outer"):
        for other in names[:MOST]:
            yield "not_divided", expression("A / len(B)", A=node, B=ast.Name(other, ast.Load()))
    if isinstance(node, WITH_A_VALUE) and isinstance(node.value, NUMBERS):
        for other in names[:MOST]:
            yield (
                "not_divided",
                {"value": expression("A / len(B)", A=node.value, B=ast.Name(other, ast.Load()))},
            )


def results(node, names):
    """All results with the wrong sign, or one that was not divided by the number of some samples."""
    if not isinstance(node, ast.Return) or not isinstance(node.value, ast.Tuple):
        return
    parts = node.value.elts
    yield "wrong_sign", {"value": ast.Tuple([ast.UnaryOp(ast.USub(), each) for each in parts], ast.Load())}
    for k in range(len(parts) - 2):
        for other in range(k + 1, len(parts)):
            swapped = list(parts)
            swapped[k], swapped[other] = parts[other], parts[k]
            yield "results_swapped", {"value": ast.Tuple(swapped, ast.Load())}
    for k, each in enumerate(parts):
        for name in names[:MOST]:
            divided = expression("A / len(B)", A=each, B=ast.Name(name, ast.Load()))
            yield "not_divided", {"value": ast.Tuple([*parts[:k], divided, *parts[k + 1 :]], ast.Load())}


def factors_and_terms(node, names):
    """A factor or a term forgotten, or a factor that belongs to the rows."""
    if not isinstance(node, WITH_A_VALUE) or not isinstance(node.value, NUMBERS):
        return
    for other in names[:MOST]:
        B = ast.Name(other, ast.Load())
        yield "factor_missing", {"value": expression("A * B", A=node.value, B=B)}
        yield "factor_missing", {"value": expression("A * B[:, None]", A=node.value, B=B)}
        yield "term_missing", {"value": expression("A + B", A=node.value, B=B)}


def indices(node, names):
    """A row for a column, or one entry for all of them."""
    if not isinstance(node, ast.Subscript):
        return
    if isinstance(node.slice, ast.Name | ast.Call | ast.BinOp):
        yield "row_for_column", {"slice": ast.Tuple([ast.Slice(), node.slice], ast.Load())}
        yield "index_missing", {"slice": ast.Tuple([node.slice, node.slice], ast.Load())}
    if isinstance(node.slice, ast.Tuple) and len(node.slice.elts) == 2 and isinstance(node.slice.elts[0], ast.Slice):
        yield "column_for_row", {"slice": node.slice.elts[1]}


def steps(node, names):
    """range() without its step."""
    if called_name(node) == "range" and len(node.args) < 3:
        first, last = node.args if len(node.args) == 2 else (ast.Constant(0), node.args[0])
        for other in names[:MOST]:
            yield "step_missing", {"args": [first, last, ast.Name(other, ast.Load())]}


def kinds(node, names):
    """Floats for labels, or a result in another precision than its argument."""
    if called_name(node) in ("zeros", "ones", "empty", "full") and keyword(node, "dtype") is None:
        whole = [*node.keywords, ast.keyword("dtype", ast.Name("int", ast.Load()))]
        yield "not_whole_numbers", {"keywords": whole}
    if isinstance(node, ast.Return) and isinstance(node.value, NUMBERS):
        yield "not_whole_numbers", {"value": expression("A.astype(int)", A=node.value)}
        for other in names[:2]:
            yield (
                "another_precision",
                {"value": expression("A.astype(B.dtype)", A=node.value, B=ast.Name(other, ast.Load()))},
            )


def loops(node, names):
    """Two or three statements after a loop that belong into it, or out of it."""
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for k, each in enumerate(body):
        if not isinstance(each, ast.For | ast.While):
            continue
        for count in (2, 3):
            after = body[k + 1 : k + 1 + count]
            if len(after) == count and not any(isinstance(statement, ast.Return) for statement in after):
                longer = type(each)(**{**vars(each), "body": [*each.body, *after]})
                yield "not_indented", {"body": [*body[:k], longer, *body[k + 1 + count :]]}
        if isinstance(each.body[-1], ast.Return):
            shorter = type(each)(**{**vars(each), "body": each.body[:-1]})
            if shorter.body:
                yield "indented_too_far", {"body": [*body[:k], shorter, each.body[-1], *body[k + 1 :]]}
