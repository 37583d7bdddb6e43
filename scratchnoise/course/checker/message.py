"""What the student reads: what failed, on which input, which mistake it looks like, and what to do next."""

import os
import textwrap
from pathlib import Path

import numpy as np

from ..path import UNLOCKS
from ..workspace import find

SHOWN_ENTRIES = 40  # of an input; larger ones are described


def file_failed(exercise, path, failure):
    """The text where nothing could be checked, because of the file itself."""
    head = f"{exercise.number} {exercise.name}  FAILED  {failure.step}"
    return printable([head, "", *_indented(failure.text), "", *_next_after_failure(exercise, path)])


def failed(exercise, path, failure, spec, line=None, mistake=None, hint="", output=""):
    """The whole text of a failure. spec: the function that failed, line: where it begins."""
    lines = [f"{exercise.number} {exercise.name}  FAILED  {spec.name}, {failure.place}"]
    lines += _indented(f"{spec.tag} {spec.equation}".strip())
    before = [other.name for other in exercise.functions[: exercise.functions.index(spec)]]
    lines += [f"   Right so far: {_listed(before)}.", ""] if before else [""]
    if failure.inputs:
        if failure.step == "example":
            lines += ["   The worked example of the stub comes out wrong, and so does this:"]
        lines += ["   smallest failing input", *_inputs(failure.inputs), ""]
    lines += _indented(failure.text) + _indented(output)
    if mistake:
        lines += ["", *_wrapped(f"This is a known mistake ({mistake}): {hint}".removesuffix(": "))]
    return printable([*lines, "", *_next_after_failure(exercise, path, line)])


def not_started(exercise, path):
    """What to do with an untouched stub."""
    return "\n".join(
        [
            f"{exercise.number} {exercise.name}  not started: {exercise.title}",
            f"   1. open {_short(path)} and write {_listed([spec.name for spec in exercise.functions])}",
            f"   2. {command(exercise, path)}    (stuck? scratchnoise hint {exercise.number})",
        ]
    )


def passed(exercise, path, following):
    """Praise, and where to go on. following: the next Exercise or None."""
    names = _listed([spec.name for spec in exercise.functions])
    lines = [f"{exercise.number} {exercise.name}  passed: {names}"]
    if exercise.number in UNLOCKS:
        lines.append(f"   scratchnoise train --mine    trains {UNLOCKS[exercise.number]}")
    if following is None:
        return "\n".join([*lines, "   That was the last one. scratchnoise check --all shows them all."])
    stub = path.with_name(following.filename)
    if not stub.is_file():
        into = "" if stub.parent.resolve() == Path.cwd() else f" {_short(stub.parent)}"
        return "\n".join([*lines, f"   next: scratchnoise start {following.number}{into}"])
    return "\n".join([*lines, f"   next: open {_short(stub)}, then {command(following, stub)}"])


def command(exercise, path):
    """The command that checks this file, as it can be typed here."""
    found = find(exercise.filename)
    if found is not None and found.resolve() == Path(path).resolve():
        return f"scratchnoise check {exercise.number}"
    short = _short(path)
    return f'scratchnoise check "{short}"' if " " in short else f"scratchnoise check {short}"


def text_of(value):
    """A value as the student would type it, or its shape when it is large."""
    if not isinstance(value, np.ndarray):
        return getattr(value, "__name__", repr(value))
    if value.size > SHOWN_ENTRIES:
        return f"an array {value.shape} {value.dtype}"
    return np.array2string(value, separator=", ", precision=6, floatmode="maxprec", max_line_width=90)


def _inputs(inputs):
    lines = []
    for name, value in inputs.items():
        for label, part in _planes(name, value):
            head = f"      {label} = "
            lines += (head + text_of(part).replace("\n", "\n" + " " * len(head))).split("\n")
    return lines


def _planes(name, value):
    """[(label, array)]: images and filters as planes of rows and columns, everything else as it is."""
    if np.ndim(value) != 4 or value.size > SHOWN_ENTRIES:
        return [(name, value)]
    if name == "w":
        return [(f"w[:, :, {k}, {f}]", value[:, :, k, f]) for k, f in np.ndindex(value.shape[2:])]
    return [(f"{name}[{n}, :, :, {k}]", value[n, :, :, k]) for n, k in np.ndindex(value.shape[::3])]


def printable(lines):
    """The lines as one text that any terminal can show, whatever a student's code printed."""
    text = "\n".join(lines)
    return "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in text)


def _next_after_failure(exercise, path, line=None):
    number = exercise.number
    return [
        f"   1. edit {_short(path)}" + (f", line {line}" if line else ""),
        f"   2. {command(exercise, path)}",
        f"   stuck? scratchnoise hint {number}, then hint {number} 2 and hint {number} 3",
    ]


def _indented(text):
    return [f"   {line}".rstrip() for line in text.splitlines()]


def _wrapped(text):
    return textwrap.wrap(text, 97, initial_indent="   ", subsequent_indent="   ", break_on_hyphens=False)


def _listed(names):
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _short(path):
    """The path from where the user is, if it lies below."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative
