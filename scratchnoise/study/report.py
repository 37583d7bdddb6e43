"""The page of a study: tables, figures and how to read them in one HTML file that needs nothing else."""

import base64
import io
from html import escape
from itertools import groupby
from pathlib import Path

from ..files import page, write_whole
from .cells import columns, is_upper_bound
from .findings import findings
from .grids import CHOICE, ESTIMATES, OVERVIEW, grids, heading
from .report_numbers import METHODS

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --quiet: #5f6368; --line: #d0d4d9; --paper: #fff;
  --best: #00568a; --alarm: #a33a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --quiet: #a7adb5; --line: #43484f; --paper: #17191c;
  --best: #7cc4f5; --alarm: #ffab7d; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 .5rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line);
  break-after: avoid; }
p, li, dd { max-width: 46rem; }
.findings { padding-left: 1.1rem; } .findings li { margin: .6rem 0; } .findings strong { font-weight: 600; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 1.2rem 0 .4rem; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: .4rem; }
th, td { text-align: left; padding: .16rem 1.2rem .16rem 0; white-space: nowrap; vertical-align: bottom; }
td.text { white-space: normal; min-width: 16rem; }
th { font-weight: 500; } thead th { font-weight: 600; border-bottom: 1px solid var(--line); }
tbody tr:first-child > * { padding-top: .6rem; }
.depth1 th { padding-left: 1.2rem; } .depth2 th { padding-left: 2.4rem; } tr.head th { font-weight: 600; }
tr.report { color: var(--quiet); font-size: .95em; }
tr.stopped { color: var(--alarm); } td.best { color: var(--best); font-weight: 700; }
.notes { color: var(--quiet); font-size: .88rem; margin: 0 0 1.6rem; padding-left: 1.1rem; }
figure { margin: 1.5rem 0; break-inside: avoid; }
img { max-width: min(100%, 52rem); height: auto; display: block; background: #fff; padding: .4rem;
  border: 1px solid var(--line); }
figcaption { color: var(--quiet); font-size: .92rem; max-width: 46rem; margin-top: .4rem; }
@media (max-width: 34rem) { dl { display: block; } dd { margin: 0 0 .5rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } .scroll { overflow: visible; }
  tbody { break-inside: avoid; } }
"""

READING = {
    "Numbers": "a mean over repetitions and its standard deviation in brackets (n - 1 in the denominator), which is "
    "blank after a single repetition. A line called report has what the report printed for the same data and noise; "
    "one called report, Fashion-MNIST what it printed for the same noise on other images, for orientation only.",
    "Accuracy": f"{CHOICE}. The labels of the test set are clean and serve to score, nothing else.",
    "NN backward (raw)": "trains with the corrected loss exactly as eq. (30). That loss is unbiased but has no lower "
    "bound, so training can drive it towards minus infinity. A run whose loss stops being a finite number ends there "
    "and is listed as a result below.",
    "NN backward": "adds the library's default guard. The report's rows rNN (..., Flipped) can only mean training "
    "with the corrected loss, so they stand beside it.",
    "Noise floor": "the smallest entropy among the columns of T. Even a model that knows the true label of every "
    "sample has a forward loss of at least this on average over the noise; the mean over one training set falls below "
    "it by chance as well. Below by more than three standard errors, the model has adapted to these very labels, or T "
    "is not theirs. That alone does not make it worse on new samples.",
    "Differences": "are taken between runs on the same noise, the same subset and the same seed, with the t interval "
    "of 95 % in brackets. Shown means that the interval leaves out 0.",
    "T": "T[i, j] is the probability of the noisy label i given the true label j; every column sums to 1.",
}


def write_report(rows, figures, path, title="Learning from wrong labels"):
    """Write the study as one HTML file: no script, no other file, nothing loaded from anywhere.

    rows: list of dict, of one preset.  figures: {caption: matplotlib Figure, or str or Path of a PNG}.
    path: str or Path, replaced in one step.  title: str.
    Raises ValueError for rows of several presets, OSError for a PNG that cannot be read.
    """
    of_T = [grid for grid in grids(rows) if grid.title.startswith("Estimates of T")]
    others = {caption: f for caption, f in figures.items() if not caption.startswith((OVERVIEW, ESTIMATES))}
    found = findings(rows)
    parts = [
        f"<h1>{escape(title)}</h1>",
        "<p>The report's experiments, run again, its numbers beside ours.</p>",
        *(["<h2>What was found</h2>"] if found else []),
        *_figures(figures, OVERVIEW),
        _findings(found[:3]),
        "<h2>Tables</h2>",
        *(_table(grid) for grid in grids(rows) if grid not in of_T),
        *(["<h2>Estimates of T</h2>"] if of_T else []),
        *_figures(figures, ESTIMATES),
        *(_table(grid) for grid in of_T),
        *(["<h2>More of what was found</h2>"] if found[3:] else []),
        _findings(found[3:]),
        "<h2>Runs that stopped</h2>",
        _stopped(rows),
        *(["<h2>Figures</h2>"] if others else []),
        *_figures(others, ""),
        "<h2>How to read this</h2>",
        _definitions(READING),
        "<h2>Methods</h2>",
        _definitions(_methods(rows)),
        "<h2>What was run</h2>",
        _definitions(_what_was_run(rows)),
    ]
    write_whole(path, page(title, STYLE, "\n".join(parts)).encode())


def _findings(found):
    """Sentences, each with the numbers that it is computed from."""
    texts = "".join(
        f"<li><strong>{escape(finding.sentence)}</strong>"
        + "".join(f"<br><small>{escape(item)}</small>" for item in finding.items)
        + "</li>"
        for finding in found
    )
    return f'<ul class="findings">{texts}</ul>' if texts else ""


def _figures(figures, start):
    return [_figure(caption, figure) for caption, figure in figures.items() if caption.startswith(start)]


def _what_was_run(rows):
    """{what: text} about all rows."""
    seeds = sorted({row["seed"] for row in rows})
    several = f"{len(seeds)} seeds from {seeds[0]} to {seeds[-1]}" if len(seeds) > 3 else ", ".join(map(str, seeds))
    noisy = [row for row in rows if not is_upper_bound(row["method"])]
    # Seconds count from the start of a fit: the last epoch has the seconds of the others in it, and the estimators
    # of T share the fit whose posteriors they read.
    fits = {}
    for row in rows:
        method = "T" if row["method"].startswith("T ") else row["method"]
        fit = (row["data"], row["noise"], method, row["repetition"])
        fits[fit] = max(fits.get(fit, 0), row["seconds"] or 0)
    return {
        "Data and noise": "; ".join(heading(*pair) for pair in columns(noisy)),
        "Preset": _distinct(rows, "preset"),
        "Measurements": str(len(rows)),
        "Seed": several,
        "Backend": _distinct(rows, "backend"),
        "Version": _distinct(rows, "version"),
        "Computing time": f"{_duration(sum(fits.values()))}, all fits added up",
    }


def _distinct(rows, name):
    return ", ".join(dict.fromkeys(str(row.get(name)) for row in rows if row.get(name) is not None)) or "not recorded"


def _duration(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _methods(rows):
    """{method: what it is, and the settings it ran with}."""
    found = {}
    for row in rows:
        texts = found.setdefault(row["method"], dict.fromkeys([METHODS.get(row["method"], "")]))
        texts.setdefault(", ".join(f"{name}={value}" for name, value in (row.get("settings") or {}).items()))
    known = [method for method in METHODS if method in found]
    texts = {method: "; ".join(filter(None, found[method])) for method in dict.fromkeys([*known, *found])}
    return {method: text for method, text in texts.items() if text}


def _table(grid):
    """A grid as HTML, one table body per group."""
    head = "".join(f'<th scope="col">{_lines(text)}</th>' for text in (grid.corner, *grid.headings))
    bodies = []
    for _, lines in groupby(grid.lines, key=lambda line: line.group):
        bodies.append("<tbody>" + "".join(_row(line) for line in lines) + "</tbody>")
    notes = "".join(f"<li>{escape(note)}</li>" for note in grid.notes)
    return _scrolling(grid.title, f"<thead><tr>{head}</tr></thead>{''.join(bodies)}") + (
        f'<ul class="notes">{notes}</ul>' if notes else ""
    )


def _row(line):
    depth = (len(line.label) - len(line.label.lstrip())) // 2
    cells = "".join(
        f'<td class="best">{escape(text)} *</td>' if place in line.best else f"<td>{escape(text)}</td>"
        for place, text in enumerate(line.texts)
    )
    return f'<tr class="{line.kind} depth{depth}"><th scope="row">{escape(line.label.strip())}</th>{cells}</tr>'


def _stopped(rows):
    """The runs that ended early, with their reasons: results like any other."""
    found = {}
    for row in rows:
        if row.get("stopped"):
            key = (heading(row["data"], row["noise"]), row["method"], row["stopped"])
            found.setdefault(key, {})[str(row["repetition"])] = None
    if not found:
        return "<p>None: every run reached its end.</p>"
    head = "".join(
        f'<th scope="col">{text}</th>' for text in ("Data and noise", "Method", "Repetitions", "What happened")
    )
    body = "".join(
        f'<tr><th scope="row">{escape(where)}</th><td>{escape(method)}</td><td>{escape(", ".join(repetitions))}</td>'
        f'<td class="text">{escape(reason)}</td></tr>'
        for (where, method, reason), repetitions in found.items()
    )
    return _scrolling("Runs that ended before their last epoch", f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def _scrolling(title, content):
    """A table that scrolls sideways on a narrow screen, by keyboard too."""
    name = escape(title)
    table = f"<table><caption>{name}</caption>{content}</table>"
    return f'<div class="scroll" role="region" aria-label="{name}" tabindex="0">{table}</div>'


def _figure(caption, figure):
    """A PNG inside the page."""
    if isinstance(figure, (str, Path)):
        content = Path(figure).read_bytes()
    else:
        # The figure draws itself, so that a page without figures needs no matplotlib.
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=144, facecolor="white")
        content = buffer.getvalue()
    source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    text = escape(caption)
    return f'<figure><img alt="{text}" src="{source}"><figcaption>{text}</figcaption></figure>'


def _lines(text):
    return escape(text).replace("\n", "<br>")


def _definitions(entries):
    return "<dl>" + "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in entries.items()) + "</dl>"
