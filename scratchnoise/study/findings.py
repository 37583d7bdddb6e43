"""What a study found, in sentences whose every number and every verdict is computed from its rows."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from .cells import columns, is_upper_bound
from .grids import heading
from .statistics import compare

PLAIN, ROBUST, RAW = "NN", ("NN backward", "NN forward"), "NN backward (raw)"
ARGMAX = "T anchor (argmax)"
PAIRS = (  # what knowing T is worth: a method and its control, which does the same without T
    ("rMLR (tuned)", "MLR (tuned)"),
    ("NN backward", "NN (steps of backward)"),
    ("NN forward", "NN (steps of forward)"),
)


@dataclass(frozen=True)
class Finding:
    """A sentence, and the numbers that it is computed from, one line for each data set and noise."""

    sentence: str
    items: tuple = ()


def findings(rows):
    """The findings that the rows have numbers for, at most one each: list of Finding.

    rows: list of dict, of one preset.
    """
    rows = [row for row in rows if not is_upper_bound(row["method"])]
    parts = (best_methods(rows), memorising(rows), estimates_of_T(rows), knowing_T(rows), raw_runs(rows))
    return [part for part in parts if part]


def accuracies(rows, pair, method, epoch=None):
    """{(draw, repetition): accuracy} of a method at an epoch, by default its last one."""
    found = [row for row in rows if (row["data"], row["noise"], row["method"]) == (*pair, method)]
    found = [row for row in found if row["accuracy"] is not None and not row.get("stopped")]
    last = max((row["epoch"] or 0 for row in found), default=0) if epoch is None else epoch
    return {
        (row.get("draw"), row["repetition"]): row["accuracy"]
        for row in found
        if (row["epoch"] or 0) == last and row.get("selection") in (None, "last epoch")
    }


def best_methods(rows):
    """Which method is best after its last epoch, and how far ahead of the next."""
    items, first = [], Counter()
    for pair in columns(rows):
        found = {name: accuracies(rows, pair, name) for name in dict.fromkeys(row["method"] for row in rows)}
        ranked = [name for name, runs in found.items() if runs and not _died(rows, pair, name)]
        ranked.sort(key=lambda name: -_mean(found[name]))
        if len(ranked) > 1:
            best, second = ranked[:2]
            first[best] += 1
            lead = _ahead(found[best], found[second], second)
            items.append(f"{heading(*pair)}: {best} {_mean(found[best]):.3f}, {lead}")
    if not items:
        return None
    name, count = first.most_common(1)[0]
    where = "everywhere" if count == len(items) else f"in {count} of {len(items)} settings"
    return Finding(f"{name} is the most accurate at the end of training {where}.", tuple(items))


def _ahead(best, second, name):
    lead = compare(best, second)
    if lead is None:
        return f"before {name}"
    return f"{lead} against {name}{'' if lead.is_shown else ', not shown to differ'}"


def memorising(rows):
    """What plain training loses between its best recorded epoch and its last one, beside the corrected losses."""
    items, plain, robust = [], [], []
    for pair in columns(rows):
        best, changes = _best_epoch(rows, pair), {}
        for method in (PLAIN, *ROBUST) if best else ():
            change = compare(accuracies(rows, pair, method), accuracies(rows, pair, method, best))
            if change:
                changes[method] = change
        if PLAIN in changes:
            plain.append(changes[PLAIN])
            robust += [change for method, change in changes.items() if method != PLAIN]
            texts = ", ".join(f"{method} {change}" for method, change in changes.items())
            items.append(f"{heading(*pair)}, since epoch {best}: {texts}")
    if not items:
        return None
    worse = sum(change.is_shown and change.mean < 0 for change in robust)
    guarded = f"; with a corrected loss {worse or 'none'} of {len(robust)} is shown to lose" if robust else ""
    shown = sum(change.is_shown for change in plain)
    lost = _range(-change.mean for change in plain)
    sentence = f"The plain network loses {lost} of accuracy after its best recorded epoch"
    return Finding(f"{sentence} (shown in {shown} of {len(plain)} settings){guarded}.", tuple(items))


def knowing_T(rows):
    """What the same method gains by knowing T, at the same settings; only where the control was run."""
    gains = {}
    for pair in columns(rows):
        for method, control in PAIRS:
            gain = compare(accuracies(rows, pair, method), accuracies(rows, pair, control))
            if gain:
                gains[f"{heading(*pair)}, {method} against {control}"] = gain
    if not gains:
        return None
    shown = sum(gain.is_shown and gain.mean > 0 for gain in gains.values())
    items = tuple(f"{name}: {gain}" for name, gain in gains.items())
    return Finding(f"Knowing T, all else the same, is shown to help in {shown} of {len(gains)} comparisons.", items)


def raw_runs(rows):
    """How many runs of the raw corrected loss died, and what their risk was before."""
    risks, stopped = {}, {}
    for row in rows:
        if row["method"] == RAW:
            run = row["data"], row["noise"], row.get("draw"), row["repetition"]
            stopped[run] = row.get("stopped") or stopped.get(run)
            risks[run] = (row.get("history") or {}).get("corrected_risk") or risks.get(run, [])
    if not stopped:
        return None
    dead = [run for run in stopped if stopped[run]]
    text = f"Of {len(stopped)} runs with the corrected loss as printed {len(dead)} ended with a loss that is no number"
    before = [risk for run in dead for risk in risks[run] if risk is not None]  # of whole epochs, as far as recorded
    if not before:
        return Finding(f"{text}.")
    negative = sum(risk < 0 for risk in before)
    seen = f"of the {len(before)} epochs that they recorded {negative or 'none'} had a corrected risk below zero"
    return Finding(f"{text}; {seen} ({min(before):.3g} to {max(before):.3g}).")


def estimates_of_T(rows):
    """Which estimate of T is nearest, beside the report's."""
    items, nearest, argmax = [], [], []
    for pair in columns(rows):
        errors = {}
        for row in rows:
            if (row["data"], row["noise"]) == pair and row.get("T_hat") is not None and row.get("T_true"):
                error = np.abs(np.subtract(row["T_hat"], row["T_true"])).mean()
                errors.setdefault(row["method"], []).append(error)
        if errors:
            means = {name: float(np.mean(values)) for name, values in errors.items()}
            best = min(means, key=means.get)
            nearest.append(means[best])
            argmax += [means[ARGMAX]] if ARGMAX in means else []
            shown = (name for name in dict.fromkeys((best, ARGMAX)) if name in means)
            items.append(f"{heading(*pair)}: {', '.join(f'{name} {means[name]:.3f}' for name in shown)}")
    if not items:
        return None
    other = f"; the report's way, the largest posterior, to {_range(argmax)}" if argmax else ""
    sentence = f"Noisy labels alone give T to {_range(nearest)} an entry, by the best estimate{other}."
    return Finding(sentence, tuple(items))


def _range(values):
    values = list(values)
    low, high = f"{min(values):.3f}", f"{max(values):.3f}"
    return low if low == high else f"{low} to {high}"


def _best_epoch(rows, pair):
    """The recorded epoch in which the plain network is most accurate on average; None where it is the last."""
    epochs = sorted({r["epoch"] for r in rows if (r["data"], r["noise"], r["method"]) == (*pair, PLAIN) and r["epoch"]})
    best = max(epochs, key=lambda epoch: _mean(accuracies(rows, pair, PLAIN, epoch)), default=None)
    return best if epochs and best != epochs[-1] else None


def _died(rows, pair, method):
    return any(row.get("stopped") for row in rows if (row["data"], row["noise"], row["method"]) == (*pair, method))


def _mean(runs):
    return float(np.mean(list(runs.values()))) if runs else float("-inf")
