"""The committed measurements, and what is said from them where one contrast is not enough: a control beside each claim.

Every function returns a paragraph. Its numbers and its verdicts are computed, so it says something else when the rows
do.
"""

import json
from pathlib import Path

import numpy as np

from ..noise import MNIST05, MNIST06
from ..transition import TransitionMatrix
from . import told_T as told_T_study
from .cells import cells
from .findings import accuracies
from .grids import heading, label
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


def learnt_rates(found):
    """What the likelihood says of learnt flip rates."""
    runs = {row["run"].split(", draw")[0]: row for row in found if row["run"].endswith("draw 0")}
    known, em = runs["T known"], [row for name, row in runs.items() if name.startswith("EM")]
    sgd = {float(name.split()[-1]): row for name, row in runs.items() if name.startswith("SGD")}
    diagonals = [np.diag(row["T"]) for row in em]
    low, high = min(row["loss"] for row in em), max(row["loss"] for row in em)
    worst, best = min(row["accuracy"] for row in em), max(row["accuracy"] for row in em)
    table = sgd[max(sgd)]
    prefers = "prefers rates that are too clean" if high < known["loss"] else "does not prefer other rates everywhere"
    why = "is worse than that of the true rates: what fails there is the step, not the likelihood"
    why = why if table["loss"] > known["loss"] else "is better than that of the true rates"
    by_step = sorted(sgd.items(), reverse=True)
    steps = ", ".join(f"{step:g}: {row['accuracy']:.3f} at {row['loss']:.4f}" for step, row in by_step)
    cost = table["loss"] - table["loss_with_rates_of_the_mean"]
    return (
        f"Fashion-MNIST, (39), one subset, a ridge of 0.003. With T known the loss is {known['loss']:.4f} and the "
        f"accuracy {known['accuracy']:.3f}. EM of at most 400 steps from {len(em)} starts, the true T among them, ends "
        f"at losses of {low:.4f} to {high:.4f}, accuracies of {worst:.3f} to {best:.3f} and diagonals of "
        f"{np.min(diagonals):.2f} to {np.max(diagonals):.2f}: the likelihood {prefers}, and its optima found here cost "
        f"{known['accuracy'] - best:.2f} of accuracy or more. SGD, by its step (accuracy and "
        f"loss): {steps}. The loss at step {max(sgd):g} {why}. Averaging the weights keeps the rates of the last pass; "
        f"those that (19) finds for the averaged weights have a loss that is {cost:.4f} lower at that step."
    )


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


def told_T(found, results):
    """What the networks on CIFAR-10 gain when they are told the true T instead of its estimate, run by run."""
    parts = []
    for method in dict.fromkeys(row["method"] for row in found):
        told = {(row["draw"], row["draw"]): row["accuracy"] for row in found if row["method"] == method}
        estimated = {draw: a for draw, a in accuracies(results, told_T_study.SETTING, method).items() if draw in told}
        gain = compare(told, estimated)
        means = [np.mean(list(runs.values())) for runs in (told, estimated)]
        shown = "shown" if gain.is_shown else "not shown"
        parts.append(f"{method} {means[0]:.3f} instead of {means[1]:.3f}, {gain}, {shown}")
    return (
        f"Told the true T, on the same draws of CIFAR-10 and with the same settings: {'; '.join(parts)}. "
        "The rest of the distance to learning from clean labels is not the estimate."
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


def plain_below_floor(results):
    """How far plain training ends below the noise floor, in the standard errors that the alarm asks for."""
    parts = []
    for noise, T in (("0.5", MNIST05), ("0.6", MNIST06)):
        runs = [
            row["history"]["train_loss"]
            for row in results
            if (row["data"], row["noise"], row["method"]) == ("fashion-mnist", noise, "NN") and row.get("history")
        ]
        gap = T.noise_floor - max(losses[-1] for losses in runs)
        needed = gap * np.sqrt(16200) / 3
        parts.append(
            f"{heading('fashion-mnist', noise)}: by at least {gap:.3f} nats, which is three standard errors unless the "
            f"losses of single samples deviate by more than {needed:.2f}"
        )
    return f"How far plain training is below the noise floor after its last epoch, in every run. {'; '.join(parts)}."


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
