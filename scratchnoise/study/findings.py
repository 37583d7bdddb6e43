"""What a study found, in sentences whose every number and every verdict is computed from its rows."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from .cells import columns, is_upper_bound
from .grids import heading
from .methods import ESTIMATES, PLAIN_EPOCH
from .statistics import compare

PLAIN, ROBUST, RAW = "NN", ("NN backward", "NN forward"), "NN backward (raw)"
ARGMAX, TOLD = ESTIMATES["argmax"], ESTIMATES["confident_joint"]
NOTHING = "a T of equal entries"
PAIRS = (  # what knowing T is worth. "MLR (tuned)" is no control: with the step of rMLR it does not settle
    ("rMLR (tuned)", "MLR (own settings)"),
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


def stopped_at(rows, pair, method, epoch):
    """{(draw, repetition): accuracy} after an epoch that need not be a recorded one, where the history reaches it."""
    found = [row for row in rows if (row["data"], row["noise"], row["method"]) == (*pair, method)]
    curves = {(r.get("draw"), r["repetition"]): r["history"]["test_accuracy"] for r in found if r.get("history")}
    return {run: curve[epoch - 1] for run, curve in curves.items() if len(curve) >= epoch}


def best_methods(rows):
    """Which method has the highest mean after its last epoch, and whether its lead on the next is shown."""
    items, first, shown = [], Counter(), Counter()
    for pair in columns(rows):
        found = {name: accuracies(rows, pair, name) for name in dict.fromkeys(row["method"] for row in rows)}
        ranked = [name for name, runs in found.items() if runs and not _died(rows, pair, name)]
        ranked.sort(key=lambda name: -_mean(found[name]))
        if len(ranked) > 1:
            best, second = ranked[:2]
            first[best] += 1
            lead = compare(found[best], found[second])
            shown[best] += bool(lead and lead.is_shown)
            items.append(f"{heading(*pair)}: {best} {_mean(found[best]):.3f}, {_ahead(lead, second)}")
    if not items:
        return None
    name, count = first.most_common(1)[0]
    where = "everywhere" if count == len(items) else f"in {count} of {len(items)} settings"
    sentence = (
        f"{name} has the highest mean at the end of training {where}; its lead is shown in {shown[name]} of {count}."
    )
    return Finding(sentence, tuple(items))


def _ahead(lead, name):
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
    """What methods gain by T, or its estimate, against their controls; only where these were run.

    MLR has the settings that it chose itself, a network the same steps; or it is the plain one after PLAIN_EPOCH.
    """
    gains = {}
    for pair in columns(rows):
        stopped = stopped_at(rows, pair, PLAIN, PLAIN_EPOCH)
        controls = [(method, name, accuracies(rows, pair, name)) for method, name in PAIRS]
        controls += [(method, f"{PLAIN} stopped after epoch {PLAIN_EPOCH}", stopped) for method in ROBUST]
        for method, name, control in controls:
            gain = compare(accuracies(rows, pair, method), control)
            if gain:
                gains[f"{heading(*pair)}, {method} against {name}"] = gain
    if not gains:
        return None
    shown = sum(gain.is_shown and gain.mean > 0 for gain in gains.values())
    items = tuple(f"{name}: {gain}" for name, gain in gains.items())
    told = "Being told T, or its estimate where it is hidden,"
    return Finding(f"{told} is shown to help in {shown} of {len(gains)} comparisons.", items)


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
    before = [[risk for risk in risks[run] if risk is not None] for run in dead]  # of whole epochs
    at_once, before = sum(not risks for risks in before), sum(before, [])
    text += f", {at_once} of these in the first epoch, {len(dead) - at_once} later" if at_once else ""
    if not before:
        return Finding(f"{text}.")
    negative = sum(risk < 0 for risk in before)
    seen = f"of the {len(before)} epochs that these runs had ended {negative or 'none'} had a corrected risk below zero"
    return Finding(f"{text}; {seen} ({min(before):.3g} to {max(before):.3g}).")


def estimates_of_T(rows):
    """How near the estimates of T come: the one that methods are told, the report's, and a T of equal entries."""
    items, errors = [], {}
    for pair in columns(rows):
        here = {}
        for row in rows:
            if (row["data"], row["noise"]) == pair and row.get("T_hat") is not None and row.get("T_true"):
                error = np.abs(np.subtract(row["T_hat"], row["T_true"])).mean()
                here.setdefault(row["method"], []).append(error)
                T = np.asarray(row["T_true"])
                here.setdefault(NOTHING, []).append(np.abs(1 / len(T) - T).mean())
        if here:
            means = {name: float(np.mean(values)) for name, values in here.items()}
            for name in (TOLD, ARGMAX, NOTHING):
                errors.setdefault(name, []).extend([means[name]] if name in means else [])
            best = min(means, key=means.get)
            shown = (name for name in dict.fromkeys((TOLD, ARGMAX, NOTHING)) if name in means)
            texts = ", ".join(f"{name} {means[name]:.3f}" for name in shown)
            items.append(f"{heading(*pair)}: {texts}; the least, seen from the true T, {best} {means[best]:.3f}")
    if not errors.get(TOLD):
        return None
    other = f"; the report's way, the largest posterior, to {_range(errors[ARGMAX])}" if errors[ARGMAX] else ""
    sentence = (
        f"Noisy labels alone give T to {_range(errors[TOLD])} an entry, by the confident joint{other}. "
        f"{NOTHING[0].upper()}{NOTHING[1:]} is {_range(errors[NOTHING])} away."
    )
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
