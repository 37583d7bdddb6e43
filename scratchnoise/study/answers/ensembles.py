"""Section 2.1 of the report, ensembles: claims that it took from others and did not run."""

import numpy as np

from .. import boosting, members
from ..statistics import compare
from .answer import Answer, counted, percent, shown

LOST = (("cancer", 0.2), ("cancer", 0.4), ("digits", 0.2), ("digits", 0.4))  # data, share of wrong labels


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
        "variance that the claim means and that of the test half in one; so few draws show large differences alone. "
        "AdaBoost on full trees is an ensemble too, of members that depend on each other.",
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
    """Section 2.1: what AdaBoost loses beside bagging of the same members."""
    items, gaps, ends, starts = [], [], [], []
    for members_are, pair in boosting.MEMBERS_OF.items():
        for data in ("cancer", "digits"):
            clean = (np.mean(list(boosting.accuracies(rows, data, method, 0.0).values())) for method in pair)
            starts.append(f"{members_are}, {data} {' and '.join(f'{mean:.3f}' for mean in clean)}")
        for data, rate in LOST:
            gaps.append(_lost(rows, data, rate, *pair))
            ends.append(compare(*(boosting.accuracies(rows, data, method, rate) for method in pair)))
            items.append(
                f"{members_are}, {data}, {percent(rate)} wrong: AdaBoost loses beyond bagging {shown(gaps[-1])}; "
                f"accuracy, AdaBoost - bagging {shown(ends[-1])}"
            )
    alone = (f"{data} {percent(rate)} {shown(_lost(rows, data, rate, 'tree', 'AdaBoost'))}" for data, rate in LOST)
    return Answer(
        f"With the same members AdaBoost is shown to lose more than bagging in {counted(gaps)} comparisons, less in "
        f"{counted(gaps, -1)}. With wrong labels it is shown to be less accurate in {counted(ends, -1)}, more "
        f"accurate in {counted(ends)}.",
        tuple(items),
        f"Both have as many members, of one kind. Without noise AdaBoost and bagging are at: {'; '.join(starts)}; who "
        "starts low has little to lose. AdaBoost on full trees is one tree: its first member makes no error "
        f"on the training labels. What such a tree loses beyond AdaBoost on trees of depth 3: {', '.join(alone)}.",
    )


def _lost(rows, data, rate, method, other):
    """What a method loses to noise beyond another one: Difference."""
    return compare(*(boosting.losses(rows, data, one, rate) for one in (method, other)))


def smoothboost(rows):
    """Section 2.1: how much of the weight lies on wrong labels, and what both lose to them."""
    items, weights, gaps = [], [], []
    for data, rate in LOST:
        shares = [boosting.on_wrong(rows, data, method, rate) for method in boosting.WEIGHTED]
        weights.append(compare(*shares))
        gaps.append(_lost(rows, data, rate, *boosting.WEIGHTED))
        means = " and ".join(percent(np.mean(list(share.values()))) for share in shares)
        items.append(
            f"{data}, {percent(rate)} wrong: on them lie {means} of the last weights of AdaBoost and SmoothBoost, "
            f"{shown(weights[-1])}; AdaBoost loses beyond SmoothBoost {shown(gaps[-1])}"
        )
    return Answer(
        f"AdaBoost is shown to have more of its weight on wrong labels in {counted(weights)} comparisons, and to lose "
        f"more in {counted(gaps)}.",
        tuple(items),
        f"Members are the same, trees of depth 3. {_started(rows, 'SmoothBoost')}",
    )


def logitboost(rows):
    """Section 2.1: what AdaBoost loses beside LogitBoost."""
    gaps = {(data, rate): _lost(rows, data, rate, "AdaBoost", "LogitBoost") for data, rate in LOST}
    return Answer(
        f"AdaBoost is shown to lose more than LogitBoost in {counted(gaps.values())} comparisons.",
        tuple(
            f"{d}, {percent(r)} wrong: AdaBoost loses beyond LogitBoost {shown(gap)}" for (d, r), gap in gaps.items()
        ),
        _started(rows, "LogitBoost"),
    )


def _started(rows, method):
    """The accuracies of a method less those of AdaBoost, in words: what it lost may be because it started lower."""
    texts = []
    for data, rate in ((data, rate) for data in ("cancer", "digits") for rate in (0.0, 0.2, 0.4)):
        gap = compare(*(boosting.accuracies(rows, data, one, rate) for one in (method, "AdaBoost")))
        texts.append(f"{data}, {percent(rate)}: {gap}")
    listed = "; ".join(texts)
    return f"A method that starts lower can lose less, so here are the accuracies, {method} - AdaBoost: {listed}."
