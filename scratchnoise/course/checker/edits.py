"""Small edits of Python's syntax tree, each the opposite of a slip that people make.

    edits(tree, skipped) gives (name of the mistake, line, the edited text), the commonest slips first.

An edit that makes a wrong solution right is evidence: that slip, in that line, is the mistake.
"""

import ast
import copy

from .slips import RULES


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
