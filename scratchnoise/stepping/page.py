"""A subject's recordings as one HTML file that needs nothing but itself."""

import json
import math
from html import escape
from importlib.resources import files

from ..equations import TAG
from ..files import page

GENERATOR = "scratchnoise step"  # by which a page of ours is known again

BODY = """<header>
<h1>{title}</h1> <span class="quiet">{kind}, line by line{tags}</span>
<details><summary>What it computes</summary>
<pre>{about}</pre></details>
</header>
<nav id="bar" aria-label="steps">
<button id="first" title="to the beginning (Home)" aria-label="to the beginning">|◀</button>
<button id="back" title="one line back (←)" aria-label="one line back">◀</button>
<button id="forward" title="one line on (→)" aria-label="one line on">▶</button>
<button id="over" title="over the calls in this line (o)" aria-label="over calls">⤼</button>
<button id="last" title="to the end (End)" aria-label="to the end">▶|</button>
<input id="slider" type="range" min="0" max="0" value="0" aria-label="step">
<span id="count"></span>
<span id="switch" role="group" aria-label="plain loops or vectorised NumPy"></span>
</nav>
<main>
<section id="code" aria-label="source"><span id="chain"></span><span id="file"></span><ol id="lines"></ol></section>
<section id="state">
<div class="card" id="equation-box"><h2>Equation of this function, with its numbers</h2><div id="equation"></div></div>
<div class="card"><h2>This line, with its numbers</h2><div id="line"></div><p id="note" aria-live="polite"></p></div>
<div id="variables"></div>
</section>
</main>
<footer>Cells: <span class="key read">read</span> <span class="key written">written</span> by this line; · is not
written yet. <span class="wide">Keys: <kbd>←</kbd> <kbd>→</kbd> one line, <kbd>o</kbd> over calls, <kbd>↓</kbd>
<kbd>↑</kbd> the next or last time of this line, <kbd>Home</kbd> <kbd>End</kbd>.</span> Press a line to run to it.
</footer>
<noscript>This page steps by JavaScript, which is off here; scratchnoise step --terminal needs none.</noscript>
<script type="application/json" id="data">{data}</script>
"""


def html(subject, recordings):
    """The page of a Subject: str. recordings: {label: Recording}, in the order of the switch."""
    data = {"runs": [{"label": label, **as_data(recording)} for label, recording in recordings.items()]}
    # In a script element only "<" could end the data early.
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False).replace("<", "\\u003c")
    body = BODY.format(
        title=escape(subject.name),
        kind=escape(subject.kind),
        about=escape(subject.about),
        tags=_tags(subject.about),
        data=text,
    )
    here = files(__package__)
    style, script = ((here / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return page(f"{subject.name}, line by line", style, body, script, GENERATOR)


def is_ours(path):
    """Whether a file is a page that this module wrote."""
    with open(path, "rb") as file:
        return f'<meta name="generator" content="{GENERATOR}">'.encode() in file.read(1000)


def _tags(about):
    """The equations of the report that the docstring names."""
    numbers = sorted({int(number) for number in TAG.findall(about)})
    listed = ", ".join(f"({number})" for number in numbers)
    return f"; equation{'s' if len(numbers) > 1 else ''} {listed} of the report" if numbers else ""


def as_data(recording):
    """A Recording as lists and dictionaries for JSON; see page.js, which reads them."""
    return {
        "functions": [vars(function) for function in recording.functions],
        "frames": recording.frames,
        "views": recording.views,
        "sizes": recording.sizes,
        "steps": [_step(step) for step in recording.steps],
        "stopped": recording.stopped,
    }


def _step(step):
    """Only what is there: most steps change one number."""
    cells = [(memory, cell, _number(value)) for memory, cell, value in step.cells]
    every = {
        "v": step.variables,
        "c": cells,
        "r": list(step.reads.items()),
        "w": list(step.writes.items()),
        "n": _unless_empty(step.numbers),
        "e": _unless_empty(step.equation),
        "t": step.note,
        "k": "" if step.kind == "line" else step.kind,
    }
    return {"f": step.frame, "l": step.line, **{key: value for key, value in every.items() if value}}


def _unless_empty(values):
    return values if any(value is not None for value in values) else []


def _number(value):
    """JSON has no inf and no NaN."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
