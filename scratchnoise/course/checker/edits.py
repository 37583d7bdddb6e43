"""Small edits of Python's syntax tree, each the opposite of a slip that people make.

    edits(tree, skipped) gives (name of the mistake, line, the edited text), the commonest slips first.

An edit that makes a wrong solution right is evidence: that slip, in that line, is the mistake. There are some thousand
edits of a long function, so one must be cheap: the tree is changed in place, one statement is turned into text, and the
tree is as before.
"""

import ast

from .slips import RULES


def edits(tree, skipped=()):
    """Every edit of a module. skipped: names of functions that are right already."""
    places, texts, found = _places(tree), [ast.unparse(statement) for statement in tree.body], []
    for k, statement in enumerate(tree.body):
        if isinstance(statement, ast.FunctionDef) and statement.name in skipped:
            continue
        names = _names(statement)
        for node in ast.walk(statement):
            for order, rule in enumerate(RULES):
                found += [(order, k, node, *edit) for edit in rule(node, names)]
    found.sort(key=lambda edit: edit[0])
    for _, k, node, name, new in found:
        edited = _edited(tree, k, node, places.get(id(node)), new)
        if edited is not None:
            yield name, getattr(node, "lineno", 0), "\n".join([*texts[:k], edited, *texts[k + 1 :]])


def _names(function):
    """The variables of a function: its arguments and what it assigns."""
    names = [node.arg for node in ast.walk(function) if isinstance(node, ast.arg)]
    names += [n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(names))


def _places(tree):
    """id of a node -> where it stands: (parent, field) or (parent, field, place in the list)."""
    places = {}
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, ast.AST):
                places[id(value)] = (parent, field)
            elif isinstance(value, list):
                places.update({id(each): (parent, field, k) for k, each in enumerate(value)})
    return places


def _edited(tree, k, node, place, new):
    """The text of statement k with a node replaced by another one, or its fields by those of a dict."""
    if isinstance(new, dict):
        kept = {field: getattr(node, field, None) for field in new}
        node.__dict__.update({field: _with_lines(value) for field, value in new.items()})
        text = ast.unparse(tree.body[k])
        node.__dict__.update(kept)
    elif place is not None:
        _put(place, _with_lines(new))
        text = ast.unparse(tree.body[k])
        _put(place, node)
    else:
        text = None
    return text


def _with_lines(new):
    """Nodes with line numbers, without which a statement is not turned into text."""
    for node in new if isinstance(new, list) else [new]:
        if isinstance(node, ast.AST):
            ast.fix_missing_locations(node)
    return new


def _put(place, node):
    parent, field, *index = place
    if index:
        getattr(parent, field)[index[0]] = node
    else:
        setattr(parent, field, node)
