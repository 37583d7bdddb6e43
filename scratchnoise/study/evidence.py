"""The committed measurements, and what is said from them where one contrast is not enough: a control beside each claim.

Every function returns a paragraph. Its numbers and its verdicts are computed, so it says something else when the rows
do.
"""

import json
from pathlib import Path

import numpy as np

from ..network.watch import STANDARD_ERRORS
from ..noise import MNIST05, MNIST06
from ..transition import TransitionMatrix
from .cells import cells
from .findings import accuracies
from .grids import heading, label
from .report_numbers import REPORT_TABLE_3
from .results import ResultsFile
from .statistics import compare, welch

FOLDER = Path(__file__).parent.parent.parent / "tutorials" / "results"
REPORT_RUNS = 10
CONFUSED = TransitionMatrix([[0.98, 0.5, 0.5], [0.01, 0.26, 0.24], [0.01, 0.24, 0.26]])


def rows(name, folder=FOLDER):
    """The rows of a file of the folder: list of dict."""
    if name == "results":
        return ResultsFile(folder / "results.jsonl").rows()
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def against_the_report(results):
    """Every mean beside the report's whose difference is shown, and those that agree: (list of str, list of str)."""
    differ, agree = [], []
    for cell in cells(results):
        if cell.table not in "23" or cell.data == "garments" or cell.report_sd is None or not cell.sd or cell.stopped:
            continue
        n = 5 if cell.table == "2" else REPORT_RUNS
        found = welch(cell.mean, cell.sd, cell.n, cell.report_mean, cell.report_sd, n)
        where = heading(cell.data, "clean" if cell.table == "2" else cell.noise)
        text = f"{where}, {label(cell)}: {cell.mean:.3f} against {cell.report_mean:.3f}, {found}"
        (differ if found.is_shown else agree).append(text)
    return differ, agree


def flipped_is_plain(results):
    """How far the rows of the flipped MLR are from those of the MLR, run by run."""
    runs = {}
    for row in results:
        if row["method"].startswith("MLR") and row["data"] == "fashion-mnist" and row["accuracy"] is not None:
            runs.setdefault((row["noise"], row.get("draw"), row["repetition"]), {})[row["method"]] = row["accuracy"]
    apart = {}
    for (noise, *_), found in runs.items():
        for name in ("MLR (flipped, as printed)", "MLR (flipped, inverse)"):
            if name in found and "MLR" in found:
                apart[noise] = max(apart.get(noise, 0), abs(found[name] - found["MLR"]))
    return (
        "With exact posteriors MLR and both flipped forms are one classifier under (39), where Q q and T^-1 q are "
        "increasing functions of q. In the rows their accuracies differ by at most "
        f"{apart['0.6']:.3f} under (39) and by up to {apart['0.5']:.3f} under (38). The report's 0.598 and 0.604 are "
        "two draws of the same thing."
    )


def readings_and_report(results):
    """How far the chosen reading of rMLR, and so many minibatch steps, are from the report's: a paragraph."""
    parts, near = [], {}
    for cell in cells(results):
        if cell.table == "3" and cell.data == "fashion-mnist" and cell.method in ("rMLR", "rMLR (steps)"):
            printed = REPORT_TABLE_3["rMLR"][{"0.5": "MNIST0.5", "0.6": "MNIST0.6"}[cell.noise]]
            gap = welch(cell.mean, cell.sd, cell.n, *printed, REPORT_RUNS)
            near.setdefault(cell.method, []).append(not gap.is_shown)
            parts.append(f"{cell.method} {heading(cell.data, cell.noise)} {gap}{'' if gap.is_shown else ', not shown'}")
    misses = all(near["rMLR (steps)"]) and not any(near["rMLR"])
    verdict = (
        " So the reading that moves least is not the one whose rMLR the report has. So many minibatch steps agree with "
        "it, which stand on no plateau: it is where they were stopped."
    )
    return f"Ours less the report's: {'; '.join(parts)}.{verdict if misses else ''}"


def raw_deaths(found):
    """What the raw loss showed before it died, by initial weights, beside a bounded loss."""
    parts = []
    for row in found:
        noise = "(38)" if row["noise"] == "0.5" else "(39)"
        name = f"{'raw' if row['loss'] == 'raw' else 'cross-entropy'}, {_weights(row['weights'])} weights, {noise}"
        alive = [epoch for epoch in row["history"] if "accuracy" in epoch]
        shown = ", ".join(f"{epoch['accuracy']:.3f}" for epoch in alive) or "none"
        text = f"{name}: accuracy by epoch {shown}"
        if row["loss"] == "raw":
            text += "; risk " + ", ".join(f"{epoch['corrected_risk']:.3g}" for epoch in alive)
        if row["stopped"]:
            last = row["history"][-1]["last_loss"]
            risk = "unknown" if last is None else f"{last:.2g}"
            text += f"; died in epoch {row['stopped']}, the last finite batch had a risk of {risk}"
        parts.append(text)
    return parts


def raw_deaths_summary(found):
    """Which of the raw runs died, and in which direction."""
    raw = [row for row in found if row["loss"] == "raw"]
    died = [row for row in raw if row["stopped"]]
    last = [row["history"][-1]["last_loss"] for row in died]
    up, down = sum(v is not None and v > 0 for v in last), sum(v is not None and v < 0 for v in last)
    by_weights = ", ".join(
        f"{sum(row['weights'] == kind for row in died)} of {sum(row['weights'] == kind for row in raw)} "
        f"with {_weights(kind)} weights"
        for kind in ("he", "default")
    )
    bounded = [row for row in found if row["loss"] == "bounded"]
    control = f" Of {len(bounded)} runs with cross-entropy {sum(bool(row['stopped']) for row in bounded)} died."
    epochs = max(len(row["history"]) for row in raw)
    return (
        f"Within {epochs} epochs died {by_weights}. In the last finite batch the risk had run up in {up} of "
        f"{len(died)} and down in {down}: a death is steps that grow without a bound on the loss, and not only a "
        f"reward that was found.{control if bounded else ''}"
    )


def first_steps(found):
    """Which lengths of the forward network's steps saturate it in one draw, and what that means for its row."""
    said = [
        f"{row['run']} accuracy by epoch {', '.join(f'{value:.3f}' for value in row['accuracy'])}"
        f"{', saturated' if any(row['saturated']) else ''}"
        for row in found
    ]
    near = [any(row["saturated"]) for row in found if abs(row["factor"] - 1) < 1e-5]
    edge = "so rounding decides there, and on another processor the first start may end otherwise"
    decides = f", {edge}" if 0 < sum(near) < len(near) else ""
    return (
        f"Draw 3 under (39), with no second start: {'; '.join(said)}. Of {len(near)} runs whose steps differ by less "
        f"than 1e-5 of their length {sum(near)} saturated{decides}. A training that saturates in its first tenth "
        "starts again with steps half as long."
    )


def measured_again(found, results):
    """Rows that were replaced by a second measurement, with both numbers, and the mean that they would have made."""
    parts = []
    for row in found:
        runs = accuracies(results, (row["data"], row["noise"]), row["method"])
        run = row["draw"], row["repetition"]
        if row["epoch"] == max(r["epoch"] for r in found if r["method"] == row["method"]):
            before = np.mean(list({**runs, run: row["accuracy"]}.values()))
            parts.append(
                f"{row['method']}, {heading(row['data'], row['noise'])}, draw {row['draw'] + 1}: "
                f"{row['accuracy']:.3f} on {row['backend']}, {runs[run]:.3f} now; {row['why']}. With the old number "
                f"the mean of {len(runs)} draws would be {before:.3f}, not {np.mean(list(runs.values())):.3f}"
            )
    return parts


def first_measured_again(found, results):
    """What NN forward, which leads, would have with the first number of a run: a list of one paragraph, or none."""
    lines = [line for line in measured_again(found, results) if line.startswith("NN forward")]
    again = "A run of NN forward was measured again (see Tables and processors)"
    return [f"{again}: {'; '.join(lines)}."] if lines else []


def tables_of_networks(results):
    """Which kernel tables the runs of the networks come from."""
    runs = {}
    for row in results:
        if row["epoch"] is not None:
            runs[row["data"], row["noise"], row["method"], row["repetition"]] = row["backend"]
    counts = ", ".join(f"{list(runs.values()).count(table)} of {table}" for table in sorted(set(runs.values())))
    return (
        f"The {len(runs)} runs of networks are {counts}. A network makes thousands of steps, and in each of them "
        "rounding can grow: another table or processor finds another run. Pairs within one draw may come from two "
        "tables. The third digit of a network is that of one machine."
    )


def _weights(kind):
    return {"he": "He", "default": "PyTorch's default"}[kind]


def false_alarms(found):
    """How often the alarms ring for an oracle, with and without their margin."""
    worst = max(row["any"] for row in found)
    forward = [row["forward_without_margin"] for row in found]
    corrected = [row["corrected_without_margin"] for row in found]
    return (
        f"For an oracle that knows p(y | x) exactly, on {found[0]['draws']} draws of {found[0]['n_samples']:,} labels, "
        f"either alarm rings in at most {worst:.2%} of the draws, for clouds of Bayes accuracy "
        f"{min(row['bayes_accuracy'] for row in found):g} to {max(row['bayes_accuracy'] for row in found):g} and both "
        f"matrices. Without the margin of {found[0]['standard_errors']:g} standard errors the forward loss is below "
        f"its floor in {min(forward):.0%} to {max(forward):.0%} of them and the corrected risk below zero in "
        f"{min(corrected):.0%} to {max(corrected):.0%}."
    )


def forward_below_floor(results):
    """In how many runs the forward network ends below the noise floor by more than the margin of the alarm."""
    parts, ahead = [], []
    for noise, T in (("0.5", MNIST05), ("0.6", MNIST06)):
        forward, plain = (accuracies(results, ("fashion-mnist", noise), name) for name in ("NN forward", "NN"))
        ahead.append(str(compare(forward, plain)))
        last = [
            row["history"]["forward_loss"][-1]
            for row in results
            if (row["data"], row["noise"], row["method"]) == ("fashion-mnist", noise, "NN forward")
            and row.get("history")
        ]
        entries = np.asarray(T)
        deviation = max(np.sqrt(column @ np.log(column) ** 2 - (column @ np.log(column)) ** 2) for column in entries.T)
        margin = STANDARD_ERRORS * deviation / np.sqrt(16200)
        below = sum(T.noise_floor - loss > margin for loss in last)
        parts.append(f"{below} of {len(last)} under {'(38)' if noise == '0.5' else '(39)'}")
    return (
        "The forward network ends below the floor by more than three standard errors of a label at the floor in "
        f"{' and '.join(parts)}. Its accuracy on new samples less that of plain training is {' and '.join(ahead)}: an "
        "alarm is no verdict on them."
    )


def raw_alarms(results):
    """In how many epochs of the raw runs a mean was below its bound, so that an alarm could have rung."""
    below = epochs = 0
    for row in results:
        if row["method"] == "NN backward (raw)" and row.get("history"):
            floor = TransitionMatrix(row["T_given"]).noise_floor
            pairs = zip(row["history"]["forward_loss"], row["history"]["corrected_risk"], strict=True)
            found = [(forward, risk) for forward, risk in pairs if None not in (forward, risk)]
            epochs += len(found)
            below += sum(forward < floor or risk < 0 for forward, risk in found)
    silent = "" if below else ", so no alarm could ring. It does in small steps, with a smaller network (tutorial 04)"
    return (
        f"Of the {epochs} epochs that the raw runs of the study ended {below or 'none'} had a forward loss below the "
        f"floor or a risk below zero{silent}."
    )


def information():
    """What a noisy label is worth, by direction and by posterior."""
    grid = np.random.default_rng(0).dirichlet(np.ones(3), 4000)
    most = [max(T.information_fractions(p).max() for p in grid) for T in (MNIST05, MNIST06)]
    sure = MNIST05.information_fractions([0.98, 0.01, 0.01]).max()
    least, largest = CONFUSED.information_fractions()
    return (
        f"At a uniform p a label under (38) has {MNIST05.information_fraction:.0%} of the information of a clean one, "
        f"and {MNIST06.information_fraction:.0%} under (39), in every direction. Elsewhere up to {most[0]:.1%} and "
        f"{most[1]:.1%} was found, and at p = (0.98, 0.01, 0.01) under (38) at most {sure:.1%}. A mean hides "
        f"directions: a T that nearly confuses two of three classes has {CONFUSED.information_fraction:.1%} on "
        f"average, {least:.2%} for telling these two apart and {largest:.0%} for the third from both."
    )
