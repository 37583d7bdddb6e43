"""What the tables of all comparisons share: rows as arrays, how numbers are written, a table in the terminal."""

import sys

import numpy as np


def unique(rows, *fields):
    """The different values of one field, or tuples of several, in the order of the rows: a list."""
    values = [tuple(row[field] for field in fields) for row in rows]
    return list(dict.fromkeys(values if len(fields) > 1 else [value for (value,) in values]))


def accuracy(row):
    """0 where the fit raised an error."""
    return row["accuracy"] or 0.0


def scores(rows, method, of=accuracy):
    """A number of each row of a method, (cells, draws), a cell being a data set with one noise; NaN without a row."""
    place = {cell: i for i, cell in enumerate(unique(rows, "data", "noise"))}
    found = np.full((len(place), 1 + max(row["repetition"] for row in rows)), np.nan)
    for row in rows:
        if row["method"] == method:
            found[place[row["data"], row["noise"]], row["repetition"]] = of(row)
    return found


def standard_error(by_draw):
    """Of the mean over draws (R,): sd / sqrt(R), NaN for one draw."""
    return np.std(by_draw, ddof=1) / len(by_draw) ** 0.5 if len(by_draw) > 1 else np.nan


def warned(row):
    """Categories of the warnings that a fit gave, without those of other packages."""
    return [name.removeprefix("scratchnoise.") for name in row["warnings"] if name.startswith("scratchnoise.")]


def number(value, style=".3f"):
    """A number as text, blank where there is none."""
    return "" if value is None or np.isnan(value) else format(value, style)


def verdict(claim, value, holds, style="+.4f"):
    """Print whether a claim holds, with its value; nothing where rows are missing and the value is NaN."""
    if not np.isnan(value):
        print(f"{'holds' if holds else 'FAILS'}: {claim}: {format(value, style)}")


def print_table(title, headings, lines):
    """Print texts below their headings, the first column to the left."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="right" if place else "left")
    for line in lines:
        table.add_row(*line)
    console = Console(width=None if sys.stdout.isatty() else 120)  # a file is as wide as the widest table
    console.print(table)
    console.print()
