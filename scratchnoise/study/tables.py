"""The tables of a study, printed in a terminal and written as CSV."""

import csv
import io
from dataclasses import astuple, fields

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..files import write_whole
from .cells import Cell, cells
from .grids import grids

STYLES = {"ours": "", "report": "dim", "stopped": "red", "head": "bold"}
# Narrower labels wrap; this much keeps "NN backward (raw)," on one line.
LABEL_WIDTH = 20


def write_csv(rows, path):
    """Write tables.csv: one line per number, its columns the fields of `Cell`, blank where there is none.

    rows: list of dict, of one preset.  path: str or Path, replaced in one step.
    Raises ValueError for rows of several presets.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in fields(Cell))
    writer.writerows(astuple(cell) for cell in cells(rows))
    write_whole(path, text.getvalue().encode())


def print_tables(rows, console=None):
    """Print every table; one too wide for the console is continued below it, some columns at a time.

    rows: list of dict, of one preset.  console: rich.console.Console, by default one on standard output.
    Raises ValueError for rows of several presets.
    """
    console = console or Console()
    for grid in grids(rows):
        title = grid.title
        for places in _spans(grid, console.width):
            console.print(Text(title, style="bold"))
            console.print(_drawn(grid, places))
            console.print()
            title = f"{grid.title}, continued"
        for note in grid.notes:
            console.print(Text(note, style="italic"))
        console.print()


def _drawn(grid, places):
    """The columns at places as a rich table."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    table.add_column(Text(grid.corner), min_width=LABEL_WIDTH, vertical="bottom")
    for place in places:
        table.add_column(Text(grid.headings[place]), no_wrap=True, vertical="bottom")
    for line, below in zip(grid.lines, (*grid.lines[1:], None), strict=True):
        texts = [Text(line.label)]
        for place in places:
            best = place in line.best
            texts.append(Text(line.texts[place] + " *" * best, style="bold" if best else ""))
        table.add_row(*texts, style=STYLES[line.kind], end_section=below is not None and below.group != line.group)
    return table


def _spans(grid, width):
    """Split the columns into runs that fit beside the labels in width characters: list of range."""
    spans, start, used = [], 0, LABEL_WIDTH
    for place, heading in enumerate(grid.headings):
        texts = [line.texts[place] + " *" * (place in line.best) for line in grid.lines]
        needed = 2 + max(len(text) for text in (*texts, *heading.split("\n")))
        if used + needed > width and place > start:
            spans.append(range(start, place))
            start, used = place, LABEL_WIDTH
        used += needed
    return [*spans, range(start, len(grid.headings))]
