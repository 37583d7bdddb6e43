"""Slips in expressions: operators, signs, indices and names. Rules as in `calls`."""

import ast

from ..syntax import called_name, expression

OPERATORS = {
    ast.Add: [(ast.Sub, "wrong_sign"), (ast.Mult, "added_for_multiplied")],
    ast.Sub: [(ast.Add, "wrong_sign"), (ast.Div, "subtracted_for_divided")],
    ast.Mult: [(ast.Div, "multiplied_for_divided"), (ast.MatMult, "entry_by_entry"), (ast.Add, "multiplied_for_added")],
    ast.Div: [(ast.Mult, "divided_for_multiplied"), (ast.FloorDiv, "fraction_for_quotient")],
    ast.FloorDiv: [(ast.Div, "integer_division"), (ast.Mod, "quotient_for_remainder")],
    ast.Mod: [(ast.FloorDiv, "remainder_for_quotient")],
    ast.MatMult: [(ast.Mult, "matrix_product")],
}
COMPARISONS = {
    ast.Lt: [(ast.LtE, "border_case"), (ast.GtE, "comparison_reversed"), (ast.Gt, "comparison_reversed")],
    ast.LtE: [(ast.Lt, "border_case"), (ast.Gt, "comparison_reversed"), (ast.GtE, "comparison_reversed")],
    ast.Gt: [(ast.GtE, "border_case"), (ast.LtE, "comparison_reversed"), (ast.Lt, "comparison_reversed")],
    ast.GtE: [(ast.Gt, "border_case"), (ast.Lt, "comparison_reversed"), (ast.LtE, "comparison_reversed")],
    ast.Eq: [(ast.NotEq, "comparison_reversed")],
    ast.NotEq: [(ast.Eq, "comparison_reversed")],
}
DROPPED = {ast.Div: "divided_without_need", ast.Mult: "factor_too_many", ast.Add: "term_too_many"}
DROPPED |= {ast.Sub: "term_too_many", ast.MatMult: "factor_too_many"}
OPERANDS = (ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.BinOp)
SMALL = 1e-3  # a constant below it is there to avoid a division by zero


def operators(node, names):
    """An operator in the place of another, its sides exchanged, or one of them too many."""
    if not isinstance(node, ast.BinOp):
        return
    whole = any(isinstance(side, ast.Constant) and type(side.value) is int for side in (node.left, node.right))
    if whole and isinstance(node.op, ast.Add | ast.Sub):
        yield "off_by_one", node.left
    for op, name in OPERATORS.get(type(node.op), ()):
        if not whole or name == "wrong_sign":  # k * 1 is k: no evidence for a wrong operator
            yield name, {"op": op()}
    if isinstance(node.op, ast.Sub | ast.Div | ast.MatMult | ast.FloorDiv):
        name = "wrong_sign" if isinstance(node.op, ast.Sub) else "operands_swapped"
        yield name, {"left": node.right, "right": node.left}
    if type(node.op) in DROPPED:
        small = [s for s in (node.left, node.right) if isinstance(s, ast.Constant) and isinstance(s.value, int | float)]
        guard = isinstance(node.op, ast.Add) and any(0 < s.value < SMALL for s in small)
        name = "small_number_added" if guard else DROPPED[type(node.op)]
        yield name, node.left
        if isinstance(node.op, ast.Add | ast.Mult | ast.MatMult):
            yield name, node.right
        elif isinstance(node.op, ast.Sub):
            yield name, ast.UnaryOp(ast.USub(), node.right)


def signs(node, names):
    """A minus too many or forgotten, a condition reversed."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "wrong_sign", node.operand
    if isinstance(node, ast.Return | ast.Assign) and node.value is not None and not isinstance(node.value, ast.Tuple):
        yield "wrong_sign", {"value": ast.UnaryOp(ast.USub(), node.value)}
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield "condition_reversed", {"test": ast.UnaryOp(ast.Not(), node.test)}


def comparisons(node, names):
    """Another comparison, or the border case."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op, name in COMPARISONS.get(type(node.ops[0]), ()):
            yield name, {"ops": [op()]}


def powers(node, names):
    """Another exponent, or one where none belongs."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield "another_power", node.left
        if isinstance(node.right, ast.Constant) and type(node.right.value) is int:
            for change in (1, -1):
                yield "another_power", {"right": expression(str(node.right.value + change))}


def sizes(node, names):
    """Another place of .shape."""
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
        if isinstance(node.slice, ast.Constant) and type(node.slice.value) is int:
            for place in range(4):
                if place != node.slice.value:
                    yield "another_size", {"slice": ast.Constant(place)}


def transposes(node, names):
    """.T too many or forgotten."""
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed", node.value
    elif isinstance(node, ast.Name | ast.Call | ast.Attribute) and isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        if not (isinstance(node, ast.Name) and node.id in ("np", "numpy", "len", "range")):
            yield "transposed", ast.Attribute(node, "T", ast.Load())


def subscripts(node, names):
    """[:, y] for one entry a row, or indices exchanged."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return
    parts = node.slice.elts
    if len(parts) >= 2 and isinstance(parts[0], ast.Slice) and not isinstance(parts[1], ast.Slice):
        rows = expression("np.arange(len(A))", A=node.value)
        yield "every_column", {"slice": ast.Tuple([rows, *parts[1:]], ast.Load())}
    for k in range(len(parts) - 1):
        swapped = [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]]
        yield "indices_swapped", {"slice": ast.Tuple(swapped, ast.Load())}


def moved_by_one(node, names):
    """Ends of ranges and slices, integers, one more or one less."""
    if isinstance(node, ast.Constant) and type(node.value) is int and 0 <= node.value < 10:
        yield "off_by_one", ast.Constant(node.value + 1)
        yield "off_by_one", expression(str(node.value - 1))
    if called_name(node) == "range" and node.args:
        for change in ("A + 1", "A - 1"):
            last = len(node.args[:2]) - 1
            args = [*node.args[:last], expression(change, A=node.args[last]), *node.args[last + 1 :]]
            yield "off_by_one", {"args": args}
    if isinstance(node, ast.Slice):
        for field in ("lower", "upper"):
            if getattr(node, field) is not None:
                for change in ("A + 1", "A - 1"):
                    yield "off_by_one", {field: expression(change, A=getattr(node, field))}
        yield "step_of_the_slice", {"step": None} if node.step else {"step": expression("-1")}


def inserted_axis(node, names):
    """[:, None] forgotten, or in the wrong place."""
    if isinstance(node, ast.BinOp):
        for side in ("left", "right"):
            operand = getattr(node, side)
            if isinstance(operand, OPERANDS):
                yield "axis_missing", {side: expression("A[:, None]", A=operand)}
    if isinstance(node, ast.Subscript) and ast.unparse(node.slice).strip("()") in (":, None", "None, :"):
        yield "wrong_axis", node.value
        yield "wrong_axis", {"slice": ast.Tuple(node.slice.elts[::-1], ast.Load())}


def normalisations(node, names):
    """A division by the sum forgotten, or a logarithm, or an exponential."""
    sums = ("A.sum()", "A.sum(axis=1, keepdims=True)", "A.sum(axis=0)")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        for text in sums:
            yield "not_normalised", {"right": expression(text, A=node.left)}
    if isinstance(node, ast.Return | ast.Assign) and isinstance(node.value, OPERANDS):
        for text in sums:
            yield "not_normalised", {"value": expression(f"A / {text}", A=node.value)}
        yield "logarithm_forgotten", {"value": expression("np.log(A)", A=node.value)}
        yield "exponential_forgotten", {"value": expression("np.exp(A)", A=node.value)}


def inverses(node, names):
    """T where its inverse belongs."""
    if isinstance(node, ast.Name) and node.id == "T" and isinstance(node.ctx, ast.Load):
        yield "inverse_forgotten", expression("np.linalg.inv(T)")
        yield "inverse_forgotten", expression("np.linalg.inv(T).T")


def other_variables(node, names):
    """A variable in the place of another one."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for other in names:
            if other != node.id:
                yield "another_variable", ast.Name(other, ast.Load())
