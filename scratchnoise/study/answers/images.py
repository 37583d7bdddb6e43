"""Sections 4.1.1 and 4.1.2 of the report: what t-SNE and UMAP show of its data, and clusters named by labels."""

import numpy as np

from .. import clusters_named, projections
from ..clusters_named import ALL_NOISY, CLEAN, HANDFULS, NEAREST, NOISY, PIXELS
from ..statistics import compare
from .answer import Answer, counted, percent, shown

NAMING = (
    "The borders of clusters see no label, their names do: so the same clusters are named by clean labels, by the same "
    "few with (39), and by all with (39). Images are the 3,000 clean test images, which all methods look at without "
    "labels; k-NN asks 51 neighbours among the pixels, never the image itself. Three clusters are asked for three "
    "labels each, ten for one. Table 3 of [RESULTS.md](RESULTS.md) has models that learn from all training images."
)


def separated(rows, data):
    """Figures 3 and 5: do the planes of t-SNE and UMAP separate the classes of the data? None where it was not run."""
    shares = {}
    for row in rows:
        if row["data"] == data:
            shares.setdefault(row["method"], {})[row["draw"]] = row["same_class"]
    if not shares:
        return None
    means = {method: float(np.mean(list(runs.values()))) for method, runs in shares.items()}
    pixels = means.pop("pixels")
    items = [f"{method}: {mean:.3f} of the ten nearest have the same class" for method, mean in means.items()]
    items += [f"{method} - pixels {shown(compare(shares[method], shares['pixels']))}" for method in means]
    return Answer(
        f"Of the ten images that lie nearest to an image in the plane, {' and '.join(map(percent, means.values()))} "
        f"({' and '.join(means)}) are of its class. Where classes are mixed it is a third, where they are apart all.",
        tuple(items),
        f"Among the images themselves, pixel by pixel, it is {pixels:.3f}: what a plane lacks beside that was lost by "
        "drawing it. Draws differ in the seed of the methods, the images are the 3,000 clean test images each time.",
        (projections.FIGURES[data],),
    )


def named(rows, data):
    """Sections 4.1.1 and 4.1.2: clusters named by a handful of labels, beside k-NN. None where it was not run."""
    nearest = clusters_named.accuracies(rows, data, PIXELS, NEAREST, ALL_NOISY)
    if not nearest:
        return None
    items, gaps = [], {labels: [] for labels in (CLEAN, NOISY, ALL_NOISY)}
    three = {}
    for features in dict.fromkeys(row["features"] for row in rows):
        for method in HANDFULS:
            runs = {labels: clusters_named.accuracies(rows, data, features, method, labels) for labels in gaps}
            for labels, found in gaps.items():
                found.append(compare(runs[labels], nearest))
            means = ", ".join(f"{labels} {_mean(found):.3f}" for labels, found in runs.items())
            items.append(f"{features}, {method}: {means}; a handful, clean - k-NN {shown(gaps[CLEAN][-1])}")
            three.setdefault(features, f"{_mean(runs[CLEAN]):.3f} with {features}")
    return Answer(
        f"Three clusters named by nine clean labels are right in {', '.join(three.values())}; k-NN on noisy labels "
        f"is in {_mean(nearest):.3f}. Named by a handful of clean labels clusters are shown to be better than k-NN in "
        f"{counted(gaps[CLEAN])} settings, by the same handful with noise in {counted(gaps[NOISY])} (worse in "
        f"{counted(gaps[NOISY], -1)}), by all noisy labels in {counted(gaps[ALL_NOISY])}.",
        tuple(items),
        NAMING,
    )


def _mean(runs):
    return float(np.mean(list(runs.values())))
