"""PRACTICE.md: what the defaults do on a user's own arrays, made from the committed rows of the comparisons."""

import statistics

import numpy as np

from ..study.statistics import compare
from . import peers, speed
from .tables import unique

PLAIN = "LogisticRegression"


def page(rows):
    """The paragraphs of the page. rows: {"clean": ..., "noisy": ..., ...}, the rows of each comparison."""
    return [
        "# On your own arrays",
        "`python -m scratchnoise.practice clean` (or `noisy`, `networks`, `time`, `peers`) measures these with the "
        "default arguments of every model, but for those named. Intervals hold 95 %, over draws of the labels where "
        "nothing else is said.",
        "## Clean labels",
        "Each data set is split once, so a mean has no interval; the worst difference is the one to look at.",
        _clean(rows["clean"]),
        "## Wrong labels",
        *_noisy(rows["noisy"]),
        "## Small networks: digits, 36 % of the labels wrong, or none",
        *_networks(rows["networks"]),
        "## Seconds of a fit",
        *_time(rows["time"]),
        "## Beside scikit-learn's own",
        *_peers(rows["peers"]),
    ]


def _clean(rows):
    accuracy = {(row["base"], row["scale"], row["method"]): row["accuracy"] for row in rows}
    lines = [
        "| features | data sets | mean, ours | mean, LogisticRegression | worst difference |",
        "| --- |" + " --- |" * 4,
    ]
    for scale in unique(rows, "scale"):
        bases = unique([row for row in rows if row["scale"] == scale], "base")
        ours, theirs = (
            np.array([accuracy[base, scale, method] for base in bases]) for method in ("SoftmaxRegression", PLAIN)
        )
        lines.append(
            f"| {scale} | {len(bases)} | {ours.mean():.3f} | {theirs.mean():.3f} | {(ours - theirs).min():+.3f} |"
        )
    return "\n".join(lines)


def _noisy(rows):
    """Two paragraphs and a table: every method over all cells, each a data set with a noise."""
    lines = [
        "| method | accuracy | minus LogisticRegression | worst data set | fits that warned |",
        "| --- |" + " --- |" * 4,
    ]
    plain = _by_draw(rows, PLAIN)
    for method in unique(rows, "method"):
        own = [row for row in rows if row["method"] == method]
        mean = _by_draw(rows, method)
        worst = min(_mean(own, base) - _mean([r for r in rows if r["method"] == PLAIN], base) for base in _bases(rows))
        warned = sum(any(name.startswith("scratchnoise") for name in row["warnings"]) for row in own)
        gain = "" if method == PLAIN else compare(mean, plain)
        lines.append(
            f"| {method} | {np.mean(list(mean.values())):.3f} | {gain} | {worst:+.3f} | {warned} of {len(own)} |"
        )
    noises = len(unique(rows, "noise"))
    return (
        f"{len(_bases(rows))} data sets x {noises} noises x {len(plain)} draws, features standardised. The worst data "
        "set is the one whose mean over its noises lies lowest beside LogisticRegression's.",
        "\n".join(lines),
    )


def _networks(rows):
    methods = unique(rows, "method")
    lines = [f"| data | noise | {' | '.join(methods)} |", "| --- |" + " --- |" * (len(methods) + 1)]
    for data, noise in dict.fromkeys((row["data"], row["noise"]) for row in rows):
        here = [row for row in rows if (row["data"], row["noise"]) == (data, noise)]
        cells = [[row["accuracy"] for row in here if row["method"] == method] for method in methods]
        texts = [f"{np.mean(cell):.3f} ({np.std(cell, ddof=1):.3f})" if cell else "" for cell in cells]
        lines.append(f"| {data} | {noise} | {' | '.join(texts)} |")
    draws = len(unique(rows, "repetition"))
    return f"Mean (deviation) of {draws} draws of the split, the labels and the seed.", "\n".join(lines)


def _time(rows):
    """A table of median seconds, and two paragraphs on what is compared where."""
    lines = [
        "| samples x features | LogisticRegression | SoftmaxRegression | ratio (all rounds) | LogisticRegression() | "
        "SoftmaxRegression(l2=1/N) | SoftmaxRegression() |",
        "| --- |" + " --- |" * 6,
    ]
    for base in _bases(rows):
        seconds = {method: {} for method in speed.METHODS}
        for row in rows:
            if row["base"] == base:
                seconds[row["method"]][row["repetition"]] = row["seconds"]
        ratios = [own / seconds[speed.THEIRS][draw] for draw, own in seconds[speed.OURS].items()]
        theirs, ours, *defaults = (f"{statistics.median(seconds[m].values()):.2f} s" for m in speed.METHODS)
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        lines.append(f"| {base} | {theirs} | {ours} | {spread} | {' | '.join(defaults)} |")
    rounds, first = len(unique(rows, "repetition")), rows[0]
    return (
        f"Medians of {rounds} rounds in which the methods take turns. In the first two columns both sides stop at the "
        f"same objective, that of LogisticRegression(C=1), {speed.PRECISION:.0e} above its optimum, each with the "
        "largest tolerance that gets there. In the last three each stops where its default tolerance says.",
        "\n".join(lines),
        f"{first['processor']}, {first['threads']} threads each. {_ends(rows)} SoftmaxRegression() also chooses its "
        "penalty, which takes several fits.",
    )


def _ends(rows):
    """How far above the optimum the default tolerances stop, and who takes longer: two sentences."""
    theirs, ours = (
        [row["gap"] for row in rows if row["method"] == method]
        for method in ("LogisticRegression", "SoftmaxRegression, l2 = 1/N")
    )
    slower = [base for base in _bases(rows) if _median(rows, base, "SoftmaxRegression") > _median(rows, base, PLAIN)]
    where = f" With all defaults ours takes longer for {'; '.join(slower)}." if slower else ""
    return (
        f"With the default tolerance LogisticRegression() ends {min(theirs):.0e} to {max(theirs):.0e} above the "
        f"optimum, SoftmaxRegression(l2=1/N) at most {max(ours):.0e}.{where}"
    )


def _median(rows, base, method):
    return statistics.median(row["seconds"] for row in rows if (row["base"], row["method"]) == (base, method))


def _peers(rows):
    """A paragraph on what is compared, and a table: every pair on every data set."""
    lines = [
        "| data | ours | theirs | accuracy, ours | at least | theirs (s.e.) | difference | seconds, ours / theirs | "
        "at most |",
        "| --- |" + " --- |" * 8,
    ]
    for data in _bases(rows):
        for ours, theirs in peers.PAIRS:
            found = peers.compared(rows, data, ours, theirs)
            their_mean = f"{found['theirs']:.3f} ({found['error']:.4f})"
            lines.append(
                f"| {data} | {ours} | {theirs} | {found['ours']:.3f} | {found['least']:.3f} | {their_mean} | "
                f"{found['difference']} | {found['seconds']:.2f} | {found['most']:g} |"
            )
    return (
        f"Clean labels, {len(unique(rows, 'repetition'))} random splits, features standardised, one thread each. "
        f"Bagging has {peers.MEMBERS} trees, a forest {peers.TREES}, k-means two clusters for each class, discriminant "
        f"analysis the ridge of LabelNoiseEM, {peers.RIDGE:g}. Intervals hold 95 %, over splits. Seconds are of a fit "
        "and the predictions for the test part, medians of the ratios. scikit-learn has no EM for wrong labels: "
        "discriminant analysis is what ours becomes where T = I, and GaussianMixture is EM without labels, so its "
        "accuracy says nothing here. The bars: ours at least theirs less one standard error of their mean, in at most "
        "so many times their seconds. Bagging and forests have the bar of trees, 2 x; AdaBoost, of stumps, has 1.5 x.",
        "\n".join(lines),
        _missed(rows),
    )


def _missed(rows):
    """Which rows miss their bar, and why, where the rows say so."""
    missed, count = peers.misses(rows)
    if not missed:
        return f"None of {count} rows misses its bars."
    texts = (f"{data}, {ours} beside {theirs}: {by}" for (data, ours, theirs), by in missed.items())
    sentence = f"{len(missed)} of {count} rows miss a bar. {'; '.join(texts)}."
    if {(ours, theirs) for _, ours, theirs in missed} == {peers.LEARNT}:
        sentence += (
            f" All are EM that learns the flip rates, in many rounds, beside a model that learns none and takes one "
            f"step. With {peers.TOLD}, so without rates to learn, EM takes one step too, and misses nothing."
        )
    return sentence


def _by_draw(rows, method):
    """{draw: mean accuracy over all cells}; an error counts as accuracy 0."""
    own = [row for row in rows if row["method"] == method]
    draws = sorted({row["repetition"] for row in own})
    return {draw: np.mean([row["accuracy"] or 0.0 for row in own if row["repetition"] == draw]) for draw in draws}


def _mean(rows, base):
    return np.mean([row["accuracy"] or 0.0 for row in rows if row["base"] == base])


def _bases(rows):
    return unique(rows, "base")
