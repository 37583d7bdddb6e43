"""Small edits of Python's syntax tree, each the opposite of a slip that people make.

    edits(tree, skipped) gives (name of the mistake, line, the edited text), the commonest slips first.

An edit that makes a wrong solution right is evidence: that slip, in that line, is the mistake.
"""

import ast
import copy

REDUCTIONS = {"sum", "max", "min", "mean", "amax", "amin", "prod"}
ALONG_AN_AXIS = REDUCTIONS | {"argmax", "argmin", "argsort", "sort", "cumsum", "repeat", "concatenate", "stack"}
TWINS = {
    "mean": ("sum", "mean_for_sum"),
    "sum": ("mean", "sum_for_mean"),
    "argmin": ("argmax", "smallest_for_largest"),
    "argmax": ("argmin", "largest_for_smallest"),
    "min": ("max", "smallest_for_largest"),
    "max": ("min", "largest_for_smallest"),
    "minimum": ("maximum", "smallest_for_largest"),
    "maximum": ("minimum", "largest_for_smallest"),
    "log2": ("log", "another_logarithm"),
    "log10": ("log", "another_logarithm"),
    "log1p": ("log", "another_logarithm"),
    "ones": ("zeros", "starts_with_ones"),
    "ones_like": ("zeros_like", "starts_with_ones"),
    "exp2": ("exp", "another_exponential"),
    "expm1": ("exp", "another_exponential"),
}
UNWRAPPED = {
    **dict.fromkeys(("clip", "maximum", "minimum", "fmax"), "clipped"),
    **dict.fromkeys(("abs", "absolute", "fabs"), "absolute_value"),
    **dict.fromkeys(("round", "around", "rint", "floor", "int"), "rounded"),
    **dict.fromkeys(("exp", "log", "sqrt", "square", "softmax"), "one_function_too_many"),
    **dict.fromkeys(("inv", "pinv"), "inverted_without_need"),
    **dict.fromkeys(("sorted", "sort", "unique", "flip", "fliplr", "flipud", "transpose"), "one_function_too_many"),
}
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


def edits(tree, skipped=()):
    """Every edit of a module. skipped: names of functions that are right already."""
    found = []
    for index, node in enumerate(ast.walk(tree)):
        node.index = index
    for function in _functions(tree, skipped):
        names = _names(function)
        for node in ast.walk(function):
            for order, rule in enumerate(RULES):
                found += [(order, node, *edit) for edit in rule(node, names)]
    found.sort(key=lambda edit: edit[0])
    for _, node, name, new in found:
        yield name, getattr(node, "lineno", 0), _edited(tree, node.index, new)


def _functions(tree, skipped):
    return [node for node in tree.body if not (isinstance(node, ast.FunctionDef) and node.name in skipped)]


def _names(function):
    """The variables of a function: its arguments and what it assigns."""
    names = [node.arg for node in ast.walk(function) if isinstance(node, ast.arg)]
    names += [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(names))


def _edited(tree, index, new):
    """The text of the module with one node replaced. new: a node, or a list of statements for a body."""
    made = copy.deepcopy(tree)
    node = next(node for node in ast.walk(made) if node.index == index)
    if isinstance(new, dict):
        for field, value in new.items():
            setattr(node, field, value)
    else:
        node.__class__, node.__dict__ = new.__class__, copy.deepcopy(new).__dict__
    return ast.unparse(ast.fix_missing_locations(made))


def _expression(text, **parts):
    """The expression of a text in which names in capitals stand for nodes."""

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node):
            return parts.get(node.id, node)

    return Filled().visit(ast.parse(text, mode="eval").body)


def _called(node):
    """The name of what a call calls: "sum" for x.sum(...) and np.sum(...)."""
    if not isinstance(node, ast.Call):
        return None
    return getattr(node.func, "attr", getattr(node.func, "id", None))


def _keyword(node, name):
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def _with_keyword(node, **values):
    kept = [keyword for keyword in node.keywords if keyword.arg not in values]
    added = [ast.keyword(name, ast.parse(repr(value), mode="eval").body) for name, value in values.items()]
    positional = node.args if isinstance(node.func, ast.Attribute) and not _of_numpy(node) else node.args[:1]
    if "axis" in values and len(node.args) > (1 if _of_numpy(node) else 0):
        positional = node.args[:1] if _of_numpy(node) else []
    return ast.Call(node.func, positional, kept + added)


def _of_numpy(node):
    """Whether a call is np.sum(x), with the array first, and not x.sum()."""
    return not isinstance(node.func, ast.Attribute) or getattr(node.func.value, "id", "") in ("np", "numpy")


# --- rules: (node, names of variables) -> [(name of the mistake, what replaces the node)] --------------------


def shifts(node, names):
    if _called(node) == "exp" and len(node.args) == 1:
        yield "overflow", _expression("np.exp(A - np.max(A, axis=-1, keepdims=True))", A=node.args[0])


def keepdims(node, names):
    if _called(node) in REDUCTIONS and _keyword(node, "keepdims") is None:
        yield "keepdims_forgotten", _with_keyword(node, keepdims=True)
    if _called(node) in REDUCTIONS and _keyword(node, "keepdims") is not None:
        yield "keepdims_without_need", _with_keyword(node, keepdims=False)


def axes(node, names):
    if _called(node) not in ALONG_AN_AXIS:
        return
    axis = _keyword(node, "axis") or next(iter(node.args[_of_numpy(node) :]), None)
    if axis is None:
        for value in (1, 0):
            yield "axis_forgotten", _with_keyword(node, axis=value)
            if _called(node) in REDUCTIONS:
                yield "axis_forgotten", _with_keyword(node, axis=value, keepdims=True)
        return
    for value in (0, 1, 2, (0, 1), (0, 1, 2), (2, 4)):
        if ast.unparse(axis).strip("()") != repr(value).strip("()"):
            yield "wrong_axis", _with_keyword(node, axis=value)


def additions(node, names):
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


def accumulates(node, names):
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Subscript) and isinstance(node.op, ast.Add):
        call = _expression("np.add.at(A, B, C)", A=node.target.value, B=node.target.slice, C=node.value)
        yield "repeated_index", ast.Expr(call)


def twins(node, names):
    called = _called(node)
    if called in TWINS:
        twin, name = TWINS[called]
        func = copy.deepcopy(node.func)
        setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", twin)
        yield name, {"func": func}


def unwrapped(node, names):
    called = _called(node)
    if called in UNWRAPPED:
        method = isinstance(node.func, ast.Attribute) and not ast.unparse(node.func).startswith(("np.", "numpy."))
        inner = [node.func.value] if method else node.args
        for each in inner[:2]:
            yield UNWRAPPED[called], each


def operators(node, names):
    if not isinstance(node, ast.BinOp):
        return
    for op, name in OPERATORS.get(type(node.op), ()):
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
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "wrong_sign", node.operand
    if isinstance(node, ast.Return | ast.Assign) and node.value is not None and not isinstance(node.value, ast.Tuple):
        yield "wrong_sign", {"value": ast.UnaryOp(ast.USub(), node.value)}
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield "condition_reversed", {"test": ast.UnaryOp(ast.Not(), node.test)}


def comparisons(node, names):
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op, name in COMPARISONS.get(type(node.ops[0]), ()):
            yield name, {"ops": [op()]}


def transposes(node, names):
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed", node.value
    elif isinstance(node, ast.Name | ast.Call | ast.Attribute) and isinstance(
        getattr(node, "ctx", ast.Load()), ast.Load
    ):
        if not (isinstance(node, ast.Name) and node.id in ("np", "numpy", "len", "range")):
            yield "transposed", ast.Attribute(node, "T", ast.Load())


def subscripts(node, names):
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple):
        return
    parts = node.slice.elts
    if len(parts) >= 2 and isinstance(parts[0], ast.Slice) and not isinstance(parts[1], ast.Slice):
        rows = _expression("np.arange(len(A))", A=node.value)
        yield "every_column", {"slice": ast.Tuple([rows, *parts[1:]], ast.Load())}
    for k in range(len(parts) - 1):
        swapped = [*parts[:k], parts[k + 1], parts[k], *parts[k + 2 :]]
        yield "indices_swapped", {"slice": ast.Tuple(swapped, ast.Load())}


def moved_by_one(node, names):
    """Ends of ranges and slices, integers, one more or one less."""
    if isinstance(node, ast.Constant) and type(node.value) is int and 0 <= node.value < 10:
        yield "off_by_one", ast.Constant(node.value + 1)
        yield "off_by_one", _expression(str(node.value - 1))
    if _called(node) == "range" and node.args:
        for change in ("A + 1", "A - 1"):
            last = len(node.args[:2]) - 1
            args = [*node.args[:last], _expression(change, A=node.args[last]), *node.args[last + 1 :]]
            yield "off_by_one", {"args": args}
    if isinstance(node, ast.Slice):
        for field in ("lower", "upper"):
            if getattr(node, field) is not None:
                for change in ("A + 1", "A - 1"):
                    yield "off_by_one", {field: _expression(change, A=getattr(node, field))}
        yield "step_of_the_slice", {"step": None} if node.step else {"step": _expression("-1")}


def inserted_axis(node, names):
    if isinstance(node, ast.BinOp):
        for side in ("left", "right"):
            operand = getattr(node, side)
            if isinstance(operand, OPERANDS):
                yield "axis_missing", {side: _expression("A[:, None]", A=operand)}
    if isinstance(node, ast.Subscript) and ast.unparse(node.slice) in ("(slice(None), None)", ":, None", "(:, None)"):
        yield "wrong_axis", node.value
    if (
        isinstance(node, ast.Subscript)
        and ast.unparse(node.slice).endswith("None")
        and isinstance(node.slice, ast.Tuple)
    ):
        yield "wrong_axis", {"slice": ast.Tuple(node.slice.elts[::-1], ast.Load())}


def normalisations(node, names):
    sums = ("A.sum()", "A.sum(axis=1, keepdims=True)", "A.sum(axis=0)")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        for text in sums:
            yield "not_normalised", {"right": _expression(text, A=node.left)}
    if isinstance(node, ast.Return | ast.Assign) and isinstance(node.value, OPERANDS):
        for text in sums:
            yield "not_normalised", {"value": _expression(f"A / {text}", A=node.value)}
        yield "logarithm_forgotten", {"value": _expression("np.log(A)", A=node.value)}
        yield "exponential_forgotten", {"value": _expression("np.exp(A)", A=node.value)}


def inverses(node, names):
    if isinstance(node, ast.Name) and node.id == "T" and isinstance(node.ctx, ast.Load):
        yield "inverse_forgotten", _expression("np.linalg.inv(T)")
        yield "inverse_forgotten", _expression("np.linalg.inv(T).T")


def generators(node, names):
    called = _called(node)
    if "rng" in names and called in ("default_rng", "RandomState", "Generator"):
        yield "another_generator", ast.Name("rng", ast.Load())
    if (
        "rng" in names
        and ast.unparse(node) in ("np.random", "numpy.random", "random")
        and isinstance(node, ast.Attribute)
    ):
        yield "another_generator", ast.Name("rng", ast.Load())


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
    body = getattr(node, "body", None)
    if not isinstance(body, list):
        return
    for k in range(len(body)):
        if len(body) > 1:
            yield "statement_too_many", {"body": body[:k] + body[k + 1 :]}
        if k + 1 < len(body):
            yield "order_of_statements", {"body": [*body[:k], body[k + 1], body[k], *body[k + 2 :]]}


def returned_tuples(node, names):
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
                    new = _expression(text, A=each, B=ast.Name(other, ast.Load()))
                    yield name, {"value": ast.Tuple([*node.value.elts[:k], new, *node.value.elts[k + 1 :]], ast.Load())}


def other_variables(node, names):
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
        for other in names:
            if other != node.id:
                yield "another_variable", ast.Name(other, ast.Load())


RULES = (
    shifts,
    keepdims,
    axes,
    additions,
    accumulates,
    twins,
    generators,
    signs,
    comparisons,
    unwrapped,
    operators,
    transposes,
    subscripts,
    returned_tuples,
    normalisations,
    inverses,
    moved_by_one,
    inserted_axis,
    indentation,
    statements,
    other_variables,
)
