"""Right labels: the defaults of SoftmaxRegression beside those of LogisticRegression, and beside the optimum."""

import numpy as np

from ..models import SoftmaxRegression
from .datasets import BASES, SCALES, split
from .fits import fitted, optimum, reached
from .tables import number, print_table, scores, unique, verdict, warned

DRAWS = 1
PLAIN, OURS = METHODS = ("LogisticRegression", "SoftmaxRegression")
PRECISION = 1e-6  # of the objective, relative to the optimum


def plan():
    """(data, scale, noise, method) of every measurement of one draw."""
    return [(data, scale, "none", method) for data in BASES for scale in SCALES for method in METHODS]


def measure(job, rows):
    """The fields of one row; for our own model also l2, objective, optimum and their relative gap."""
    from sklearn.linear_model import LogisticRegression

    data = split(job.data, job.scale, job.draw)
    model = LogisticRegression() if job.method == PLAIN else SoftmaxRegression(random_state=job.draw)
    model, fields = fitted(lambda: model.fit(data.X, data.y), data)
    if job.method == PLAIN or model is None:
        return fields
    l2 = getattr(model, "l2_", model.l2)  # what the model has chosen, where it chooses
    found, least = reached(model, data.X, data.y, l2), optimum(data.X, data.y, l2)
    return fields | {"l2": l2, "objective": found, "optimum": least, "gap": (found - least) / least}


def print_tables(rows):
    """Accuracy of both models on every data set, the gap to the optimum, warnings; then the claims.

    Each scale has its own mean, because LogisticRegression is easy to beat on features x 1e-3.
    """
    ours, plain = scores(rows, OURS).mean(axis=1), scores(rows, PLAIN).mean(axis=1)
    difference = ours - plain
    lines, gaps, silent = [], [], 0
    for place, data in enumerate(unique(rows, "data")):
        here = [row for row in rows if row["data"] == data and row["method"] == OURS]
        gap = max((_gap(row) for row in here), default=np.nan)
        silent += sum(_gap(row) > PRECISION and not warned(row) and not row["stopped"] for row in here)
        said = sorted({name for row in here for name in warned(row) + [row["stopped"] or ""]})
        texts = (number(ours[place]), number(plain[place]), number(difference[place], "+.3f"))
        lines.append((data, *texts, number(gap, ".1e"), " ".join(said).strip()))
        gaps.append(gap)
    title = "Right labels, accuracy: SoftmaxRegression (ours), LogisticRegression (LR); gap to the optimum"
    print_table(title, ("data", "ours", "LR", "ours - LR", "gap", "warned"), lines)
    others = sum(bool(row["warnings"]) for row in rows if row["method"] == PLAIN)
    print(f"{len(lines)} data sets; {PLAIN} warned {others} times; an error counts as accuracy 0")
    for scale in ("", *SCALES):
        these = [data.endswith(scale) for data in unique(rows, "data")]
        mean = difference[these].mean() if any(these) else np.nan
        verdict(f"mean accuracy, {scale or 'all'}, is at least that of LR - 0.005", mean, mean >= -0.005)
    verdict("no data set is below LR by more than 0.03", difference.min(), difference.min() >= -0.03)
    verdict("every objective is within 1e-6 of the optimum, relative", max(gaps), max(gaps) <= PRECISION, ".1e")
    verdict("no fit outside of 1e-6 went without a warning", silent, silent == 0, "d")


def _gap(row):
    """Infinite after an error; as large where the search for the optimum has found less than the model."""
    return np.inf if row.get("gap") is None else abs(row["gap"])
