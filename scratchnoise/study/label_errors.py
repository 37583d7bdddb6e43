"""Which wrong labels are found: python -m scratchnoise.study.label_errors --out FILE.jsonl.

Every sample gets a score from models that were not trained on it; the area under the precision-recall curve says how
well the scores rank the wrong labels. From the same posteriors of a softmax regression on noisy labels come the three
scores of cleanlab, which takes part where it is installed, and ours, eq. (5) with the confident joint for T. Against
them stands the model that is told T, and one that learns it. `chance` is the share of wrong labels, which a random
order reaches. Rows are appended as they come; the same command goes on where it stopped.
"""

import warnings

import numpy as np

from .. import noise
from ..estimate import out_of_fold_posteriors
from ..label_errors import find_label_errors
from ..models import RobustSoftmaxRegression, SoftmaxRegression
from .estimates import REPORT, data_sets, noise_shapes
from .experiment import command, recorded
from .statistics import compare

SETS = (REPORT, "digits", "cancer")
FOLDS = 5
OURS = "ours, posteriors of noisy labels"
TOLD, LEARNT = "ours, T known", "ours, T learnt"
CHANCE = "chance"  # the last of a cell
CLEANLAB = {  # its name of a score -> ours
    "self_confidence": "cleanlab, self-confidence",
    "normalized_margin": "cleanlab, normalised margin",
    "confidence_weighted_entropy": "cleanlab, weighted entropy",
}


def measure(out, draws=5):
    """Append the rows of every data set, noise and draw that `out` does not hold yet."""
    results = recorded(out, "data", "noise", "draw", "method")
    for data in SETS:
        X, y = data_sets()[data]()
        for shape, T in noise_shapes(data, int(y.max()) + 1).items():
            for draw in range(draws):
                cell = {"data": data, "noise": shape, "draw": draw}
                if (*cell.values(), CHANCE) not in results:
                    found = _cell(X, y, np.asarray(T), draw)
                    results.append(*(cell | {"method": name, "area": area} for name, area in found.items()))


def _cell(X, y, T, draw):
    """{method: area under the precision-recall curve}."""
    y_noisy = noise.corrupt(y, T, np.random.default_rng(draw))
    wrong = y_noisy != y
    plain = SoftmaxRegression(tol=1e-4, random_state=draw)
    p, areas = out_of_fold_posteriors(plain, X, y_noisy, FOLDS, draw), {}
    for score, name in CLEANLAB.items():
        quality = _cleanlab(score, y_noisy, p)
        if quality is not None:
            areas[name] = area_under(wrong, -quality)
    told, learnt = (RobustSoftmaxRegression(given, tol=1e-4, random_state=draw) for given in (T, None))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # doubts about an estimate of T, which the areas are to show
        for name, model in {OURS: plain, TOLD: told, LEARNT: learnt}.items():
            errors = find_label_errors(model, X, y_noisy, FOLDS, draw)
            areas[name] = area_under(wrong[errors.index], -np.arange(len(X)))
    return areas | {CHANCE: float(wrong.mean())}


def area_under(wrong, suspicion):
    """Area under the precision-recall curve, as the mean precision at each wrong label. wrong, suspicion (N,)."""
    from sklearn.metrics import average_precision_score

    return float(average_precision_score(wrong, suspicion))


def _cleanlab(score, labels, p):
    """The quality of each label by cleanlab, (N,); None where it is not installed."""
    try:
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        return None
    return get_label_quality_scores(labels, p, method=score)


def areas_of(rows, cell, method):
    """{draw: area} of a method. cell: data and noise."""
    return {row["draw"]: row["area"] for row in rows if (row["data"], row["noise"], row["method"]) == (*cell, method)}


def table(rows):
    """The lines of a table in Markdown: the mean area of every method on every data set."""
    methods = list(dict.fromkeys(row["method"] for row in rows))
    lines = [f"| data | {' | '.join(methods)} |", "| --- |" + " --- |" * len(methods)]
    for cell in _cells(rows):
        means = (np.mean(list(areas_of(rows, cell, method).values())) for method in methods)
        lines.append(f"| {', '.join(cell)} | {' | '.join(f'{mean:.3f}' for mean in means)} |")
    return lines


def described(rows):
    """Where a model that learns or knows T stands beside cleanlab; then every cell, in differences: list of str."""
    lines, gaps, worth = [], {OURS: {}, LEARNT: {}, TOLD: {}}, {}
    for cell in _cells(rows):
        ours, told = areas_of(rows, cell, OURS), areas_of(rows, cell, TOLD)
        name, gain = _nearest(rows, cell, ours)
        beside = f"ours - {name} {gain}; " if gain else ""
        worth[", ".join(cell)] = compare(told, ours)
        lines.append(f"{', '.join(cell)}: {beside}T known - ours {compare(told, ours)}")
        for method, found in gaps.items():
            found[", ".join(cell)] = _nearest(rows, cell, areas_of(rows, cell, method))[1]
    said = []
    if all(gap for found in gaps.values() for gap in found.values()):
        verdicts = "; ".join(map(_verdict, gaps, gaps.values()))
        said.append(f"Beside the best of cleanlab's scores, of the same posteriors in the first case: {verdicts}.")
    above, below = (sum(_shown(worth, sign)) for sign in (1, -1))
    said.append(
        f"Beside ours of posteriors of noisy labels, T known is shown to be above in {above} of {len(worth)} cells, "
        f"below in {below}. It changes two things, the T of (5) and the model that was trained with it."
    )
    return [*said, *lines]


def _shown(gaps, sign):
    """Whether each difference is shown, with that sign."""
    return [gap.is_shown and gap.mean * sign > 0 for gap in gaps.values()]


def _nearest(rows, cell, areas):
    """The score of cleanlab that these areas exceed least, and by how much; two times None without cleanlab."""
    gains = {name: compare(areas, areas_of(rows, cell, name)) for name in CLEANLAB.values()}
    gains = {name: gain for name, gain in gains.items() if gain}
    return min(gains.items(), key=lambda item: item[1].mean, default=(None, None))


def _verdict(method, gaps):
    """How often a method is shown to be above and below, and where below."""
    below = [name for name, is_below in zip(gaps, _shown(gaps, -1), strict=True) if is_below]
    where = ", ".join(f"{name} {gaps[name].mean:+.3f}" for name in below)
    verdict = f"shown to be above it in {sum(_shown(gaps, 1))} of {len(gaps)} cells, below in {len(below)}"
    return f"{method}, is {verdict}{f' ({where})' if where else ''}"


def _cells(rows):
    return list(dict.fromkeys((row["data"], row["noise"]) for row in rows))


if __name__ == "__main__":
    command(measure, __doc__, draws=5)
