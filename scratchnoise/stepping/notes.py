"""What a line does not show by itself: which way an `if` goes, when a loop ends, what is called and returned."""

import ast


def add_notes(recording, trees):
    """Fill the `note` of the steps from what follows each of them."""
    branches = [_branches(tree) for tree in trees]
    next_in_frame = {}
    for place in range(len(recording.steps) - 1, -1, -1):
        step = recording.steps[place]
        follows = next_in_frame.get(step.frame)
        next_in_frame[step.frame] = step
        function = recording.frames[step.frame][0]
        step.note = step.note or _note(recording, step, follows, place, branches[function].get(step.line))


def _note(recording, step, follows, place, branch):
    after = recording.steps[place + 1] if place + 1 < len(recording.steps) else None
    if after is not None and after.frame != step.frame and recording.frames[after.frame][1] == step.frame:
        return f"calls {recording.functions[recording.frames[after.frame][0]].name}"
    if branch is None:
        return f"back in line {step.line}" if step.kind == "back" else ""
    kind, first, last = branch
    goes_in = follows is not None and first <= follows.line <= last
    if kind == "if":
        return "true" if goes_in else "false"
    if not goes_in:
        step.numbers = [None] * len(step.numbers)  # the loop variable keeps its last value, but is not set again
        return "the loop ends"
    return ""


def _branches(tree):
    """{line: (kind, first line of the body, last line of the body)} of the loops and conditions of a function."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.While | ast.If):
            kind = "if" if isinstance(node, ast.If) else "loop"
            found[node.lineno] = (kind, node.body[0].lineno, node.body[-1].end_lineno)
    return found
