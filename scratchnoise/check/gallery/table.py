"""What `verify` and `audit` say of every construction: python -m scratchnoise.check.gallery.table [--out DIR].

It writes the rows, constructions.jsonl, and the page that shows them, CONSTRUCTIONS.md.
"""

import argparse
import json
from functools import partial
from pathlib import Path

from ...files import write_whole
from ..auditing import audit
from ..verification import verify
from . import layers, losses, sequences
from .own_tests import KINDS

FOLDER = Path(__file__).parents[3] / "tutorials" / "results"
CONSTRUCTIONS = [*layers.CONSTRUCTIONS, *losses.CONSTRUCTIONS, *sequences.CONSTRUCTIONS]


def row_of(construction):
    """One row: what `verify` says, and which planted errors the own test misses."""
    report = verify(construction.forward, construction.backward, construction.args)
    row = {"project": construction.project, "construction": construction.what, "own test": construction.own_test}
    row["failed"] = [line.name for line in report.failed]
    test = partial(KINDS[construction.own_test], construction)
    try:
        seen = audit(construction.backward, test)
    except ValueError:
        return row | {"accepts": False, "counted": 0, "missed": []}
    counted = sum(line.status != "skipped" for line in seen.lines)
    return row | {"accepts": True, "counted": counted, "missed": [line.name for line in seen.failed]}


def page(rows):
    """The rows as a page in Markdown."""
    wrong = sum(bool(row["failed"]) for row in rows)
    lines = [
        "# What public from-scratch code does",
        "",
        "Constructions of public projects, derived anew by us (`scratchnoise/check/gallery`), what `check.verify` says",
        "of them, and how many of the errors that `check.audit` plants the project's own kind of test lets through.",
        "Tutorial 17 explains it. `python -m scratchnoise.check.gallery.table` makes this page and its rows.",
        "",
        f"`verify` accepts {len(rows) - wrong} of {len(rows)} constructions.",
        "",
        "| Project | Construction | Lines of `verify` that fail | Its kind of test | It misses | Among them |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in rows:
        failed = ", ".join(row["failed"]) or "none"
        missed = f"{len(row['missed'])} of {row['counted']}" if row["accepts"] else "it rejects the construction"
        shown = ", ".join(row["missed"][:3]) or "-"
        cells = (row["project"], row["construction"], failed, row["own test"], missed, shown)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main():
    """Write the rows and the page; the command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, default=FOLDER, metavar="DIR", help="where (default: tutorials/results)")
    folder = parser.parse_args().out
    rows = [row_of(construction) for construction in CONSTRUCTIONS]
    write_whole(folder / "constructions.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode())
    write_whole(folder / "CONSTRUCTIONS.md", page(rows).encode())


if __name__ == "__main__":
    main()
