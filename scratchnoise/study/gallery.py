"""Which figures the rows of a study give, and what they are called."""

import numpy as np

from ..transition import TransitionMatrix
from .cells import cells, columns, is_upper_bound
from .curves import accuracy_by_epoch
from .figures import accuracy_by_method, accuracy_overview, transition_heatmaps
from .grids import ESTIMATES, OVERVIEW, heading, label

# More classes than this, and the entries of a matrix are no longer readable.
MOST_CLASSES = 12


def gallery(rows):
    """Every figure that rows have numbers for: {caption: Figure}, as `write_report` takes them.

    rows: list of dict, of one preset.  Raises ValueError for rows of several presets.
    """
    found = [cell for cell in cells(rows) if cell.table == "3"]
    figures = overview(rows, found)
    rows = [row for row in rows if not is_upper_bound(row["method"])]
    for data, noise in columns(rows):
        here = [row for row in rows if (row["data"], row["noise"]) == (data, noise)]
        where = heading(data, noise)
        classes = next((row["classes"] for row in here if row.get("classes")), None)
        chance = 1 / len(classes) if classes else None
        T = next((np.array(row["T_true"]) for row in here if row.get("T_true")), None)
        measured = [cell for cell in found if (cell.data, cell.noise) == (data, noise)]
        if measured:
            caption = f"Table 3 as a picture, {where}: mean and standard deviation over the repetitions."
            figures[caption] = _by_method(measured, chance)
        histories = _histories(here)
        if histories:
            caption = f"Training epoch by epoch, {where}: mean and standard deviation; a cross where a run died."
            figures[caption] = accuracy_by_epoch(histories, _floor(histories, T), chance)
        estimates = _mean_estimates(here)
        if estimates and len(next(iter(estimates.values()))) <= MOST_CLASSES:
            caption = (
                f"{ESTIMATES}, {where}, eq. (37)-(40), (45), (46): means over the repetitions. "
                "A mean is closer to T than the single estimates, whose errors the table has."
            )
            names = classes or [f"class {j}" for j in range(len(next(iter(estimates.values()))))]
            figures[caption] = transition_heatmaps(T, estimates, names)
    return figures


def overview(rows, found):
    """One picture of all methods at the end of training: {caption: Figure}, empty where nothing was measured."""
    panels = {}
    for pair in columns(found):
        here = [cell for cell in found if (cell.data, cell.noise) == pair and cell.runs and not cell.selection]
        last = {cell.method: cell for cell in here}  # cells come by epoch
        panels[heading(*pair, between="\n")] = {
            name: (cell.mean, cell.sd, _same_data(cell), f"{cell.stopped} of {cell.runs} died" * bool(cell.stopped))
            for name, cell in last.items()
        }
    panels = {title: methods for title, methods in panels.items() if methods}
    if not panels:
        return {}
    counts = {len(row["classes"]) for row in rows if row.get("classes")}
    chance = 1 / counts.pop() if len(counts) == 1 else None
    caption = (
        f"{OVERVIEW}: accuracy on the clean test set at the end of training on noisy labels, mean and standard "
        "deviation over the repetitions. A network's number is that of its last epoch."
    )
    return {caption: accuracy_overview(panels, chance)}


def _same_data(cell):
    return cell.report_mean if cell.report_column and cell.data != "garments" else None


def _by_method(found, chance):
    names = [label(cell) + (f" ({cell.stopped} of {cell.runs} stopped)" if cell.stopped else "") for cell in found]
    other = "report, Fashion-MNIST" if found[0].data == "garments" else "report"
    means, deviations = [cell.mean for cell in found], [cell.sd for cell in found]
    report = [cell.report_mean for cell in found]
    return accuracy_by_method(names, means, deviations, report, other, chance)


def _histories(rows):
    """{method: [the longest history of each repetition]}; rows of one run at several epochs share their run."""
    runs = {}
    for row in rows:
        history = row.get("history")
        if history is not None and "test_accuracy" in history:
            old = runs.get((row["method"], row["repetition"]), {"test_accuracy": []})
            longest = max(history, old, key=lambda one: len(one["test_accuracy"]))
            stopped = row.get("stopped") or old.get("stopped")
            runs[row["method"], row["repetition"]] = {**longest, "stopped": stopped}
    methods = dict.fromkeys(method for method, _ in runs) if any(run["test_accuracy"] for run in runs.values()) else ()
    return {name: [run for (method, _), run in runs.items() if method == name] for name in methods}


def _floor(histories, T):
    """The noise floor of T; None where it is not known or no history has a forward loss to hold against it."""
    losses = [loss for runs in histories.values() for history in runs for loss in history.get("forward_loss") or []]
    return TransitionMatrix(T).noise_floor if T is not None and any(loss is not None for loss in losses) else None


def _mean_estimates(rows):
    """{method: mean of T_hat over its rows}."""
    drawn = {}
    for row in rows:
        if row.get("T_hat") is not None:
            drawn.setdefault(row["method"], []).append(row["T_hat"])
    return {method: np.mean(np.array(matrices, dtype=float), axis=0) for method, matrices in drawn.items()}
