"""From measurements to the numbers of the tables: mean, standard deviation, count, the report's number."""

from dataclasses import dataclass

import numpy as np

from .methods import COMPARISONS
from .report_numbers import (
    COLUMNS,
    METHODS,
    REPORT_TABLE_1,
    T_ESTIMATES,
    TABLE_3_ROWS,
    report_table_2,
    report_table_3,
)
from .statistics import REPORT_FOLDS, REPORT_RUNS, compare, welch

DATA = ("garments", "fashion-mnist", "cifar10")


@dataclass(frozen=True)
class Cell:
    """One number of a table beside the report's; the fields are the columns of tables.csv.

    table: "1", "2", "clean" (bounds by the clean training set), "3", "difference", "T" (entries) or
    "T error" (mean absolute error of an estimate of T).
    row, column: "clean" or "noisy" and the class in Table 1; i and j of T[i, j]; None elsewhere.
    mean, sd: over repetitions, sd with n - 1 in the denominator; None where there is no number.
    n: runs that gave a number.  runs: all of them.  stopped: those that ended before the epoch did.
    report_column: the column of the report that report_mean and report_sd come from.
    versus, difference, low, high, interval: what a mean is compared with, "report" or a method, the difference, its
    95 % interval and its kind, "Welch" or "paired"; every mean beside a number of the report has them.
    """

    table: str
    data: str
    noise: str
    method: str
    epoch: int | None = None
    selection: str | None = None
    row: str | int | None = None
    column: int | None = None
    mean: float | None = None
    sd: float | None = None
    n: int = 0
    runs: int = 0
    stopped: int = 0
    report_column: str | None = None
    report_mean: float | None = None
    report_sd: float | None = None
    versus: str | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    interval: str | None = None


def cells(rows):
    """Every cell of every table, in the order in which the tables show them: list of Cell.

    rows: list of dict, as `ResultsFile.rows` gives them.
    Raises ValueError where they come from several presets: their mean would mean nothing.
    """
    presets = sorted({str(row.get("preset")) for row in rows})
    if len(presets) > 1:
        raise ValueError(f"rows of one preset at a time make a table, here are {', '.join(presets)}")
    return [*_priors(rows), *_upper_bound(rows), *_accuracies(rows), *_differences(rows), *_estimates(rows)]


def is_upper_bound(method):
    """Whether a method learnt from clean labels: Table 2."""
    return method.endswith((" (clean)", " (clean, full set)"))


def _has_accuracy(method):
    return method != "priors" and not method.startswith("T ") and not is_upper_bound(method)


def columns(found):
    """The (data, noise) that occur in rows or cells, in the order of the tables' columns: list of pairs."""
    pairs = {(one["data"], one["noise"]) if isinstance(one, dict) else (one.data, one.noise) for one in found}
    return sorted(pairs, key=lambda pair: (_place(DATA, pair[0]), str(pair)))


def _summary(values):
    """Fields of a Cell from one value per run; None and NaN are runs without a number."""
    values = np.array(values, dtype=float)
    numbers = values[np.isfinite(values)]
    return {
        "mean": float(numbers.mean()) if len(numbers) else None,
        "sd": float(numbers.std(ddof=1)) if len(numbers) > 1 else None,
        "n": len(numbers),
        "runs": len(values),
    }


def _report(found):
    return dict(zip(("report_column", "report_mean", "report_sd"), found or (), strict=False))


def _priors(rows):
    rows = [row for row in rows if row["method"] == "priors"]
    for data, noise in columns(rows):
        drawn = [row["priors"] for row in rows if (row["data"], row["noise"]) == (data, noise)]
        name = COLUMNS.get((data, noise))
        for kind in ("clean", "noisy"):
            printed = REPORT_TABLE_1[name][kind] if name else ()
            for j, values in enumerate(zip(*(priors[kind] for priors in drawn), strict=True)):
                report = _report((name, printed[j])) if j < len(printed) else {}
                yield Cell("1", data, noise, "priors", row=kind, column=j, **_summary(values), **report)


def _upper_bound(rows):
    """Table 2 and clean bounds; what corrupts the training labels does not matter here: noise tells no cells apart."""
    for table, end in (("2", " (clean)"), ("clean", " (clean, full set)")):
        chosen = ({**row, "noise": "clean"} for row in rows if row["method"].endswith(end))
        groups = _groups(_carried(chosen))
        # The report has one number per network: it belongs beside the end of training.
        last = {(data, method): epoch for data, _, method, epoch, _ in groups}
        for key, group in groups.items():
            data, _, method, epoch, _ = key
            report = _report(report_table_2(method, data)) if last[data, method] == epoch else {}
            yield _accuracy(table, key, group, report)


def _accuracies(rows):
    """Table 3, with an empty cell where the report has a number and we have not measured."""
    rows = [row for row in rows if _has_accuracy(row["method"])]
    groups = _groups(_carried(rows))
    for data, noise in columns(rows):
        if (data, noise) in COLUMNS:
            for method, epoch in TABLE_3_ROWS:
                if report_table_3(method, epoch, data, noise):
                    groups.setdefault((data, noise, method, epoch, None), [])
    for key in sorted(groups, key=_order):
        data, noise, method, epoch, selection = key
        report = {} if selection else _report(report_table_3(method, epoch, data, noise))
        yield _accuracy("3", key, groups[key], report)


def _carried(rows):
    """Rows in which a run that stopped is a run without a number at every later epoch that others reached."""
    rows = list(rows)
    carried = {}
    for row in rows:
        epochs = {row["epoch"]}
        if row.get("stopped") and row["accuracy"] is None and row["epoch"]:
            others = [other for other in rows if (other["data"], other["noise"]) == (row["data"], row["noise"])]
            reached = {other["epoch"] or 0 for other in others if other["accuracy"] is not None}
            epochs = {epoch for epoch in reached if epoch >= row["epoch"]} or epochs
        for epoch in epochs:
            run = (row["data"], row["noise"], row["method"], row["repetition"], epoch, row.get("selection"))
            carried[run] = {**row, "epoch": epoch}
    return carried.values()


def _accuracy(table, key, group, report):
    stopped = sum(bool(row.get("stopped")) for row in group)
    summary = _summary([row["accuracy"] for row in group])
    if report and summary["n"]:
        runs = REPORT_FOLDS if table == "2" else REPORT_RUNS
        ours = (summary["mean"], summary["sd"], summary["n"])
        report |= _compared("report", welch(*ours, report["report_mean"], report["report_sd"], runs))
    return Cell(table, *key, **summary, stopped=stopped, **report)


def _compared(versus, found):
    """Fields of a Cell from a `Difference`."""
    return {"versus": versus, **dict(zip(("difference", "low", "high", "interval"), found, strict=False))}


def _differences(rows):
    """The claims beside their controls: each pair of `COMPARISONS`, epoch by epoch, over the draws of both."""
    groups = _groups(_carried(row for row in rows if _has_accuracy(row["method"])))
    runs = {key: {row["repetition"]: row["accuracy"] for row in group} for key, group in groups.items()}
    for key, first in runs.items():
        data, noise, method, epoch, selection = key
        for other in (control for name, control in COMPARISONS if name == method):
            found = compare(first, runs.get((data, noise, other, epoch, selection), {}))
            if found:
                yield Cell("difference", *key, mean=found.mean, n=found.n, runs=found.n, **_compared(other, found))


def _estimates(rows):
    rows = [row for row in rows if row.get("T_hat") is not None]
    truth = {(row["data"], row["noise"]): row["T_true"] for row in rows if row.get("T_true")}
    for (data, noise), T in truth.items():
        for (i, j), value in np.ndenumerate(T):
            yield Cell("T", data, noise, "T true", row=i, column=j, mean=float(value))
    for (data, noise, method, epoch, selection), group in _groups(rows).items():
        key = (data, noise, method, epoch, selection)
        drawn = np.array([row["T_hat"] for row in group], dtype=float)
        name, printed = T_ESTIMATES.get(method, (None, ())) if COLUMNS.get((data, noise)) == "CIFAR" else (None, ())
        for i, j in np.ndindex(drawn.shape[1:]):
            report = _report((name, *printed[i][j])) if printed else {}
            yield Cell("T", *key, row=i, column=j, **_summary(drawn[:, i, j]), **report)
        if (data, noise) in truth:
            error = np.abs(drawn - np.array(truth[data, noise])).mean(axis=(1, 2))
            yield Cell("T error", *key, **_summary(error))


def _groups(rows):
    """{(data, noise, method, epoch, selection): rows}, in the order of the tables."""
    groups = {}
    for row in rows:
        # An epoch chosen run by run differs from run to run: the choice is what the runs have in common.
        chosen = row.get("selection") if row.get("selection") != "last epoch" else None
        key = (row["data"], row["noise"], row["method"], None if chosen else row["epoch"], chosen)
        groups.setdefault(key, []).append(row)
    return {key: groups[key] for key in sorted(groups, key=_order)}


def _order(key):
    data, noise, method, epoch, selection = key
    return _place(tuple(METHODS), method), method, selection or "", epoch or 0, _place(DATA, data), str((data, noise))


def _place(names, name):
    return names.index(name) if name in names else len(names)
