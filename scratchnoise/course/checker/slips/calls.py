"""Slips in calls. A rule takes a node and the names of variables and gives (the mistake, what replaces the node)."""

import ast
import copy

from ..syntax import called_name, expression, keyword, of_numpy, with_keyword

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
    **dict.fromkeys(("sorted", "sort", "unique", "set", "flip", "fliplr", "flipud"), "one_function_too_many"),
    **dict.fromkeys(("transpose", "reshape", "ravel", "squeeze", "sum", "mean", "nan_to_num"), "one_function_too_many"),
    **dict.fromkeys(("astype", "float32", "float16"), "rounded"),
}
WIDE = {"float", "np.float64", "'float64'", "np.double"}  # types that round nothing


def shifts(node, names):
    """exp(z) where exp(z - max z) belongs."""
    if called_name(node) == "exp" and len(node.args) == 1:
        yield "overflow", expression("np.exp(A - np.max(A, axis=-1, keepdims=True))", A=node.args[0])


def keepdims(node, names):
    """keepdims=True forgotten, or without need."""
    if called_name(node) in REDUCTIONS and keyword(node, "keepdims") is None:
        yield "keepdims_forgotten", with_keyword(node, keepdims=True)
    if called_name(node) in REDUCTIONS and keyword(node, "keepdims") is not None:
        yield "keepdims_without_need", with_keyword(node, keepdims=False)


def axes(node, names):
    """axis= forgotten, or another axis."""
    if called_name(node) not in ALONG_AN_AXIS:
        return
    axis = keyword(node, "axis") or next(iter(node.args[of_numpy(node) :]), None)
    if axis is None:
        for value in (1, 0):
            yield "axis_forgotten", with_keyword(node, axis=value)
            if called_name(node) in REDUCTIONS:
                yield "axis_forgotten", with_keyword(node, axis=value, keepdims=True)
        return
    for value in (0, 1, 2, (0, 1), (0, 1, 2), (2, 4)):
        if ast.unparse(axis).strip("()") != repr(value).strip("()"):
            yield "wrong_axis", with_keyword(node, axis=value)


def twins(node, names):
    """A function in the place of one like it: sum and mean, min and max."""
    called = called_name(node)
    if called in TWINS:
        twin, name = TWINS[called]
        func = copy.deepcopy(node.func)
        setattr(func, "attr" if isinstance(func, ast.Attribute) else "id", twin)
        yield name, {"func": func}


def unwrapped(node, names):
    """A function around what should be left as it is."""
    called = called_name(node)
    if called in UNWRAPPED:
        method = isinstance(node.func, ast.Attribute) and not ast.unparse(node.func).startswith(("np.", "numpy."))
        inner = [node.func.value] if method else node.args
        widened = called == "astype" and bool(node.args) and ast.unparse(node.args[0]) in WIDE
        for each in inner[:2]:
            yield "another_precision" if widened else UNWRAPPED[called], each


def generators(node, names):
    """Random numbers that do not come from `rng`."""
    called = called_name(node)
    if "rng" in names and called in ("default_rng", "RandomState", "Generator"):
        yield "another_generator", ast.Name("rng", ast.Load())
    if "rng" in names and ast.unparse(node) in ("np.random", "numpy.random"):
        yield "another_generator", ast.Name("rng", ast.Load())
