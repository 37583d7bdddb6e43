"""Section 2 of the report, related work: claims that it took from others and did not run."""

import numpy as np

from .. import boosting, generative
from ..statistics import compare
from .answer import Answer, counted, noise_name, percent, shown


def bagging(rows):
    """Section 2.1: the vote of many trees against one tree, with noise and without."""
    gaps = {
        (data, rate): compare(
            boosting.accuracies(rows, data, "bagging", rate), boosting.accuracies(rows, data, "tree", rate)
        )
        for data in ("cancer", "digits")
        for rate in boosting.RATES
    }
    noisy = [gap for (_, rate), gap in gaps.items() if rate > 0]
    return Answer(
        f"The gain is shown in {counted(noisy)} comparisons with wrong labels.",
        tuple(f"{data}, {percent(rate)} wrong: bagging - tree {shown(gap)}" for (data, rate), gap in gaps.items()),
        "The lines of 0 % are the gain without noise. Only what exceeds it is owed to the noise.",
    )


def adaboost(rows):
    """Section 2.1: what AdaBoost loses beside bagging."""
    items, gaps = [], []
    for data in ("cancer", "digits"):
        for rate in (0.2, 0.4):
            found = boosting.beside_adaboost(rows, data, rate)
            gaps += [found["bagging"], found["forest"]]
            for method in ("bagging", "forest"):
                items.append(f"{data}, {percent(rate)} wrong: AdaBoost loses beyond {method} {shown(found[method])}")
    return Answer(
        f"AdaBoost is shown to lose more in {counted(gaps)} comparisons, less in {counted(gaps, -1)}.",
        tuple(items),
        f"{_members(rows)} A single full tree loses {_tree(rows)} at 20 %.",
    )


def _members(rows):
    """How the loss of AdaBoost depends on its members."""
    names = ("AdaBoost, stumps", "AdaBoost", "AdaBoost, full trees")
    parts = []
    for data in ("cancer", "digits"):
        values = (np.mean(list(boosting.losses(rows, data, name, 0.2).values())) for name in names)
        parts.append(f"{data} " + ", ".join(f"{value:.3f}" for value in values))
    return f"AdaBoost's loss at 20 % with stumps, trees of depth 3 and full trees: {'; '.join(parts)}."


def _tree(rows):
    values = (np.mean(list(boosting.losses(rows, data, "tree", 0.2).values())) for data in ("cancer", "digits"))
    return " and ".join(f"{value:.3f}" for value in values)


def alternative(rows, method):
    """Section 2.1: SmoothBoost and LogitBoost are said to be more robust than AdaBoost."""
    gaps = {(d, r): boosting.beside_adaboost(rows, d, r)[method] for d in ("cancer", "digits") for r in (0.2, 0.4)}
    absolute = {
        (d, r): compare(boosting.accuracies(rows, d, method, r), boosting.accuracies(rows, d, "AdaBoost", r))
        for d in ("cancer", "digits")
        for r in (0.0, 0.2, 0.4)
    }
    control = "; ".join(f"{d}, {percent(r)}: {gap}" for (d, r), gap in absolute.items())
    return Answer(
        f"AdaBoost is shown to lose more than {method} in {counted(gaps.values())} comparisons.",
        tuple(f"{d}, {percent(r)} wrong: AdaBoost loses beyond {method} {shown(gap)}" for (d, r), gap in gaps.items()),
        f"A method that starts lower can lose less, so here are the accuracies, {method} - AdaBoost: {control}.",
    )


def _generative(rows, model, told, name, value="accuracy"):
    return {r["draw"]: r[value] for r in rows if (r["model"], r["T"], r["noise"]) == (model, told, name)}


def latent_labels(rows):
    """Section 2.2: EM over the true labels, beside the same model on the labels as they are."""
    items, gaps = [], []
    for model in generative.MODELS:
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
    """Section 2.2: the models are too simple or too expensive."""
    items, gaps = [], []
    for name in generative.NOISES:
        gap = compare(*(_generative(rows, model, "known", name) for model in ("Kernel Fisher EM", "Gaussian EM")))
        if gap is None:
            continue
        gaps.append(gap)
        items.append(f"{noise_name(name)}, T known: Kernel Fisher EM - Gaussian EM {shown(gap)}")
    return Answer(
        f"A kernel, which makes the model less simple, is shown to help in {counted(gaps)} settings, to harm in "
        f"{counted(gaps, -1)}.",
        tuple(items),
        "T is known to both, so the rates do not differ. The cost was not measured.",
    )
