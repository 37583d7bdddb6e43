"""Section 2 of the report, related work: claims that it took from others and did not run."""

from statistics import median

import numpy as np

from ...practice import peers
from .. import boosting, generative, members
from ..statistics import compare
from .answer import Answer, counted, noise_name, percent, shown

PRICES = (  # ours, theirs
    ("LabelNoiseEM", "QuadraticDiscriminantAnalysis"),
    ("LabelNoiseEM, T = I", "QuadraticDiscriminantAnalysis"),
    ("LabelNoiseEM", "GaussianMixture"),
)


def specialists(rows):
    """Section 2.1: are members better where it is hard, and does the ensemble get it right?"""
    lines, gains, costs = [], [], []
    for data in members.DATA:
        found = {
            field: compare(*(members.values(rows, data, method, field) for method in members.METHODS))
            for field in ("hard", "members_hard", "members_easy")
        }
        gains.append(found["members_hard"])
        costs.append(found["members_easy"])
        lines.append(
            f"{data}: members on hard samples {shown(found['members_hard'])}, on the others "
            f"{shown(found['members_easy'])}; the ensembles on hard samples {shown(found['hard'])}"
        )
    return Answer(
        "AdaBoost's members are shown to be better on hard samples than those of bagging in "
        f"{counted(gains)} data sets, and worse on the others in {counted(costs, -1)}.",
        tuple(lines),
        "Lines are accuracies of AdaBoost less those of bagging on test samples, all labels right. Both have members "
        "of one kind, trees of depth 3. Hard is what one such tree gets wrong, so any other member has an advantage "
        "there; bagging's members have the same one.",
    )


def complex_borders(rows):
    """Section 2.1: how closely does boosting fit a border that no member can?"""
    others = ("bagging", members.TREE, members.FULL_TREE)
    lines, gains = [], {other: [] for other in others}
    for data in members.DATA:
        own, texts = members.values(rows, data, "AdaBoost", "accuracy"), []
        for other, found in gains.items():
            found.append(compare(own, members.values(rows, data, other, "accuracy")))
            texts.append(f"less {other} {shown(found[-1])}")
        lines.append(f"{data}: AdaBoost {np.mean(list(own.values())):.3f}, {', '.join(texts)}")
    verdicts = ", ".join(f"{other} in {counted(found)}" for other, found in gains.items())
    return Answer(
        f"AdaBoost on trees of depth 3 is shown to be more accurate than these: {verdicts} data sets.",
        tuple(lines),
        "Tree is one member, bagging as many of them without the reweighting, and a full tree fits complex borders "
        "too, alone. On the board no tree of depth 3 has enough leaves for the 16 fields. All labels are right.",
    )


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


def variance(rows):
    """Section 2.1: does accuracy vary less from draw to draw for an ensemble than for one tree?"""
    items, gaps, smaller = [], {method: [] for method in ("bagging", "forest", "AdaBoost, full trees")}, []
    for data in ("cancer", "digits"):
        for rate in boosting.RATES:
            tree = _distances(boosting.accuracies(rows, data, "tree", rate))
            texts = []
            for method, found in gaps.items():
                runs = boosting.accuracies(rows, data, method, rate)
                found.append(compare(_distances(runs), tree))
                texts.append(f"{method} {np.std(list(runs.values()), ddof=1):.3f}, {shown(found[-1])}")
            alone = np.std(list(boosting.accuracies(rows, data, "tree", rate).values()), ddof=1)
            items.append(f"{data}, {percent(rate)} wrong: tree {alone:.3f}, {'; '.join(texts)}")
            smaller.append(gaps["bagging"][-1].mean < 0)
    verdicts = (f"for {method} in {counted(found, -1)} settings" for method, found in gaps.items())
    return Answer(
        f"Accuracy is shown to vary less than that of one tree {', '.join(verdicts)}; of bagging the mean distance is "
        f"smaller in {sum(smaller)} of {len(smaller)}.",
        tuple(items),
        "Numbers are deviations over draws, differences those of the distance from the median of the draws, less the "
        "tree's in the same draws. A draw changes the halves of the data, the labels and the seed, so this is the "
        f"variance that the claim means and that of the test half in one; {len(tree)} draws show large differences "
        "alone. AdaBoost on full trees is an ensemble too, of members that depend on each other.",
    )


def _distances(runs):
    """{draw: distance from the median of all draws}."""
    middle = np.median(list(runs.values()))
    return {draw: abs(value - middle) for draw, value in runs.items()}


def stages():
    """Section 2.1: what LogitBoost fits at each stage, which no run decides."""
    return Answer(
        "It fits no logistic regression at a stage: for each class it fits a regression to numbers, by weighted least "
        "squares, and the sum of all stages is the one logistic regression.",
        (
            "Algorithm 6 of [FHT+00], in each round, for each class c: response u = (1[y = c] - p_c) / (p_c (1 - "
            "p_c)), weight p_c (1 - p_c), f_c the least-squares fit of u",
            "then F_c grows by (C - 1) / C (f_c - mean_k f_k), and p = softmax(F): the classes are fitted one by one, "
            "but p joins them, so they are not separate",
            "u and the weight are a Newton step on the likelihood of p, which is where the name comes from",
        ),
        "The source, and `models.LogitBoost`, which does just that: its tests hold the response against a Newton step "
        "and watch the likelihood rise.",
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
    """Section 2.2: are the models too simple? Beside them one that is less so."""
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
        f"T is known to both, so the rates do not differ.{_kernel_price(rows)}",
    )


def _kernel_price(rows):
    """How many seconds of a processor both forms take to learn T, in words; none where they were not measured."""
    timed = [row for row in rows if row["T"] == "learnt" and "cpu_seconds" in row]
    if not timed:
        return ""
    plain, kernel = (
        median(row["cpu_seconds"] for row in timed if row["model"] == model)
        for model in ("Gaussian EM", "Kernel Fisher EM")
    )
    return (
        f" To learn T the form with a kernel takes {kernel:.2f} s of a processor, the Gaussian one {plain:.2f} s "
        f"(medians); it looks at {generative.COMPONENTS} components of the kernel alone."
    )


def expensive(rows):
    """Section 2.2: how long the Gaussian form takes, beside the same model without wrong labels."""
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
        f"With Gaussian classes it takes {low:.1f} to {high:.1f} times as long as the same classes fitted without "
        f"wrong labels, at most {most:.2g} s here, and {min(ratios[PRICES[2]]):.2f} to {max(ratios[PRICES[2]]):.2f} "
        "times as long as EM without labels.",
        tuple(items),
        "Told T = I, our EM takes one step and learns no rates: what it takes longer than that is the rounds. Medians "
        "over splits, of a fit and its predictions, one thread. The claim above has the seconds of the form "
        "with a kernel, the more complex model.",
    )
