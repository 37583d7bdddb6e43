"""What a finished study leaves behind: the tables in the terminal and as CSV, PNG figures, one HTML page."""

import re
from pathlib import Path

from .figures import samples, save
from .gallery import gallery
from .protocol import PRESETS, load_task
from .report import write_report
from .tables import print_tables, write_csv


def publish(rows, out, data, noise, seed):
    """Print the tables of `rows` and write tables.csv, the figures and report.html to the folder `out`.

    rows: list of dict, of one preset; data, noise names, seed: what was run, to draw its samples.
    """
    out = Path(out)
    print_tables(rows)
    write_csv(rows, out / "tables.csv")
    figures = _samples(data, noise, PRESETS[rows[0]["preset"]], seed) | gallery(rows)
    for caption, figure in figures.items():
        save(figure, out / f"{_file_name(caption)}.png")
    write_report(rows, figures, out / "report.html")
    print(f"Report: {out / 'report.html'}")


def _samples(data, noise, preset, seed):
    """The first images with their noisy labels, one figure a noise, as figures 2, 4, 6, 7 and 8 of the report."""
    figures = {}
    for name in noise:
        task = load_task(data, name, preset, seed)
        if task.x_train.ndim > 2:
            true = None if task.y_train is None else task.y_train[:20]
            caption = f"Samples of {Path(data).name} with their noisy labels, noise {name}: figures 2, 4, 6, 7 and 8."
            figures[caption] = samples(task.x_train[:20], task.y_noisy[:20], task.classes, true)
    return figures


def _file_name(caption):
    """The part of a caption before the colon or the equations, fit for a file name."""
    return re.sub(r"[^a-z0-9.]+", "-", re.split(":|, eq", caption)[0].lower()).strip("-")
