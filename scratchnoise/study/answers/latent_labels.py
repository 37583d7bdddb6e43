"""Section 2.2 of the report, models with latent true labels: what it says of them and did not run."""

from statistics import median

from ...practice import peers
from .. import generative
from ..statistics import compare
from .answer import Answer, counted, noise_name, shown

PRICES = (  # ours, theirs
    ("LabelNoiseEM", "QuadraticDiscriminantAnalysis"),
    ("LabelNoiseEM, T = I", "QuadraticDiscriminantAnalysis"),
    ("LabelNoiseEM", "GaussianMixture"),
)


def _generative(rows, model, told, name, value="accuracy"):
    return {r["draw"]: r[value] for r in rows if (r["model"], r["T"], r["noise"]) == (model, told, name)}


def latent_labels(rows):
    """Section 2.2: EM over the true labels, beside the same model on the labels as they are."""
    items, gaps = [], []
    for model in ("Gaussian EM", "Kernel Fisher EM"):
        for name in generative.NOISES:
            plain = _generative(rows, model, "identity", name)
            found = {told: compare(_generative(rows, model, told, name), plain) for told in ("learnt", "known")}
            if None in found.values():
                continue
            gaps.append(found["learnt"])
            texts = ", ".join(f"T {told} {shown(gap)}" for told, gap in found.items())
            items.append(f"{model}, {noise_name(name)}: minus T = I, {texts}")
    return Answer(
        f"With learnt rates EM is shown to be better than the same model without noise in {counted(gaps)} settings, "
        f"worse in {counted(gaps, -1)}.",
        tuple(items),
        "T = I is the same model, fitted by the same code, that takes the labels for right.",
    )


def too_simple(rows):
    """Section 2.2: are the models too simple? Beside them one that is less so."""
    items, gaps = [], []
    for name in generative.NOISES:
        runs = {
            (model, told): _generative(rows, model, told, name)
            for model in generative.MODELS
            for told in ("known", "identity")
        }
        if not all(runs.values()):
            continue
        bent, straight = "Kernel Fisher EM", generative.LINEAR
        gaps.append(compare(runs[bent, "known"], runs[straight, "known"]))
        items.append(
            f"{noise_name(name)}: kernel - linear kernel, T known {shown(gaps[-1])}, T = I "
            f"{shown(compare(runs[bent, 'identity'], runs[straight, 'identity']))}; linear kernel - Gaussian EM, T "
            f"known {shown(compare(runs[straight, 'known'], runs['Gaussian EM', 'known']))}"
        )
    return Answer(
        f"A kernel, which makes the model less simple, is shown to help in {counted(gaps)} settings, to harm in "
        f"{counted(gaps, -1)}.",
        tuple(items),
        f"The same form with a linear kernel has as many components, {generative.COMPONENTS}, so only the kernel "
        "differs. Gaussian EM uses all pixel means. T is known to both, so the rates do not differ.",
    )


def expensive(rows, learnt):
    """Section 2.2: how long the Gaussian form takes, beside the same model without wrong labels, and that of a kernel.

    rows, learnt: those of the peers, and those of `generative`.
    """
    items, ratios, most = [], {pair: [] for pair in PRICES}, 0.0
    for data in dict.fromkeys(row["base"] for row in rows):
        found = {pair: peers.compared(rows, data, *pair) for pair in PRICES}
        if None in found.values():
            continue
        for pair, gap in found.items():
            ratios[pair].append(gap["seconds"])
        seconds = [r["seconds"] for r in rows if (r["base"], r["method"]) == (data, PRICES[0][0])]
        most = max(most, median(seconds))
        texts = (f"{ours} {gap['seconds']:.2f} x {theirs}" for (ours, theirs), gap in found.items())
        items.append(f"{data}: {median(seconds):.4f} s; {', '.join(texts)}")
    low, high = min(ratios[PRICES[0]]), max(ratios[PRICES[0]])
    return Answer(
        f"With Gaussian classes EM takes {low:.1f} to {high:.1f} times as long as the same classes fitted without "
        f"wrong labels, at most {most:.2g} s here, and {min(ratios[PRICES[2]]):.2f} to {max(ratios[PRICES[2]]):.2f} "
        f"times as long as EM without labels. {_kernel_price(learnt)}",
        tuple(items),
        "Told T = I, our EM takes one step and learns no rates: what it takes longer than that is the rounds. Medians "
        "over splits, of a fit and its predictions, one thread.",
    )


def _kernel_price(rows):
    """Seconds of a processor that each form takes to learn T, in words."""
    gaussian, kernel, linear = (
        median(row["cpu_seconds"] for row in rows if (row["model"], row["T"]) == (model, "learnt"))
        for model in generative.MODELS
    )
    return (
        f"On {generative.N_TRAIN:,} images the more complex form, with a kernel, takes {kernel:.2f} s of a processor, "
        f"with a linear kernel {linear:.2f} s, the Gaussian one {gaussian:.2f} s (medians). The forms with a kernel "
        f"use {generative.COMPONENTS} components alone."
    )
