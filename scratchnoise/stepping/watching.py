"""Source whose subscripts say what they read and write: every `a[...]` becomes `__watch__(a)[...]`."""

import ast

# What is asked of an array without reading a number.
DESCRIBES = ("shape", "size", "ndim", "dtype", "nbytes", "itemsize", "reshape", "view", "ravel", "transpose")
ASKS_LENGTH = ("len", "isinstance", "type", "id", "range")
MAKES_EMPTY = ("empty", "empty_like")


class Watching(ast.NodeTransformer):
    """Wraps what is subscripted in __watch__, arrays used whole in __whole__, new empty arrays in __blank__."""

    def visit_Subscript(self, node):
        node.slice = self.visit(node.slice)
        owner = node.value.value if isinstance(node.value, ast.Attribute) and node.value.attr == "T" else node.value
        node.value = _call("__watch__", node.value if isinstance(owner, ast.Name) else self.visit(node.value))
        return node

    def visit_Name(self, node):
        return _call("__whole__", node) if isinstance(node.ctx, ast.Load) else node

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.attr in DESCRIBES:
            return node
        return self.generic_visit(node)

    def visit_Call(self, node):
        name = getattr(node.func, "attr", getattr(node.func, "id", None))
        if isinstance(node.func, ast.Name):
            if name in ASKS_LENGTH or name == "super":
                return node
        else:
            node.func = self.visit(node.func)
        node.args = [self.visit(argument) for argument in node.args]
        node.keywords = [self.visit(keyword) for keyword in node.keywords]
        return _call("__blank__", node) if name in MAKES_EMPTY else node

    def visit_Assign(self, node):
        """A second name for an array reads none of its numbers."""
        node.targets = [self.visit(target) for target in node.targets]
        node.value = self._handed_over(node.value)
        return node

    def visit_Return(self, node):
        if node.value is not None:
            node.value = self._handed_over(node.value)
        return node

    def _handed_over(self, value):
        if isinstance(value, ast.Name):
            return value
        if isinstance(value, ast.Tuple):
            value.elts = [self._handed_over(part) for part in value.elts]
            return value
        return self.visit(value)

    def visit_match_case(self, node):
        """Patterns are no expressions."""
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_FunctionDef(self, node):
        """Decorators, defaults and annotations are not part of the run."""
        node.body = [self.visit(statement) for statement in node.body]
        return node


def _call(name, argument):
    function = ast.copy_location(ast.Name(name, ast.Load()), argument)
    return ast.copy_location(ast.Call(function, [argument], []), argument)
