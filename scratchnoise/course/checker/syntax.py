"""Reading and making expressions of Python's syntax tree."""

import ast


def expression(text, **parts):
    """The expression of a text in which names in capitals stand for nodes."""

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node):
            return parts.get(node.id, node)

    return Filled().visit(ast.parse(text, mode="eval").body)


def called_name(node):
    """The name of what a call calls: "sum" for x.sum(...) and np.sum(...)."""
    if not isinstance(node, ast.Call):
        return None
    return getattr(node.func, "attr", getattr(node.func, "id", None))


def keyword(node, name):
    """The value that a call gives for a keyword, or None."""
    return next((given.value for given in node.keywords if given.arg == name), None)


def with_keyword(node, **values):
    """The call with these keywords; an axis that was given by its place goes."""
    kept = [given for given in node.keywords if given.arg not in values]
    added = [ast.keyword(name, ast.parse(repr(value), mode="eval").body) for name, value in values.items()]
    positional = node.args[: int(of_numpy(node))] if "axis" in values else node.args
    return ast.Call(node.func, positional, kept + added)


def of_numpy(node):
    """Whether a call is np.sum(x), with the array first, and not x.sum()."""
    return not isinstance(node.func, ast.Attribute) or getattr(node.func.value, "id", "") in ("np", "numpy")
