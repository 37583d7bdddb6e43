"""Sections 4.1.1 and 4.1.2 of the report: what t-SNE and UMAP show of its data, and clusters named by labels."""

import numpy as np

from .. import clusters_named, projections
from ..clusters_named import ALL_NOISY, CLEAN, HANDFULS, NEAREST, NO_CLUSTERS, NOISY, PIXELS
from ..statistics import compare
from .answer import Answer, counted, percent, shown

NAMING = (
    "The borders of clusters see no label, their names do: so the same clusters are named by clean labels, by the same "
    "few with (39), and by all with (39), which is what k-NN is told. The nearest neighbour among the same clean "
    "handful, without clusters, tells what the clusters are worth. With clean labels draws differ in the seeds of "
    "t-SNE, UMAP and k-means; where these change nothing, an interval has no width. Images are the 3,000 clean test "
    "images. Clusters see them all, k-NN four fifths of them, of whose pixels it asks 51 neighbours. Three clusters "
    "are asked for three labels each, ten for one. Table 3 of [RESULTS.md](RESULTS.md) has models that learn from all "
    "training images."
)


def separated(rows, data):
    """Figures 3 and 5: do the planes of t-SNE and UMAP separate the classes of the data? None where it was not run."""
    here = [row for row in rows if row["data"] == data]
    if not here:
        return None
    shares = {}
    for row in here:
        shares.setdefault(row["method"], {})[row["draw"]] = row["same_class"]
    means = {method: float(np.mean(list(runs.values()))) for method, runs in shares.items()}
    pixels = means.pop("pixels")
    items = [
        f"{method}: {mean:.3f} of the ten nearest have the same class; {_by_class(here, method)}"
        for method, mean in means.items()
    ]
    items += [f"{method} - pixels {shown(compare(shares[method], shares['pixels']))}" for method in means]
    return Answer(
        f"Of the ten images that lie nearest to an image in the plane, {' and '.join(map(percent, means.values()))} "
        f"({' and '.join(means)}) are of its class. Where classes are mixed it is a third, where they are apart all.",
        tuple(items),
        f"Among the images themselves, pixel by pixel, it is {pixels:.3f}: what a plane lacks beside that was lost by "
        "drawing it. Draws differ in the seed of the methods, the images are the 3,000 clean test images each time.",
        {projections.FIGURES[data]: "The clean test images in the planes of t-SNE and UMAP, by class"},
    )


def _by_class(rows, method):
    """The share of each class, means of the draws, in words."""
    runs = [row["by_class"] for row in rows if row["method"] == method]
    return ", ".join(f"of {name} {np.mean([run[name] for run in runs]):.3f}" for name in runs[0])


def named(rows, data):
    """Sections 4.1.1 and 4.1.2: clusters named by a handful of labels, beside k-NN. None where it was not run."""
    nearest = clusters_named.accuracies(rows, data, PIXELS, NEAREST, ALL_NOISY)
    if not nearest:
        return None
    items, gaps, worth = [], {labels: [] for labels in (CLEAN, NOISY, ALL_NOISY)}, []
    for features in dict.fromkeys(row["features"] for row in rows):
        for method in HANDFULS:
            runs = {labels: clusters_named.accuracies(rows, data, features, method, labels) for labels in gaps}
            for labels, found in gaps.items():
                found.append(compare(runs[labels], nearest))
            without = clusters_named.accuracies(rows, data, features, method, NO_CLUSTERS)
            worth.append(compare(runs[CLEAN], without))
            means = ", ".join(f"{labels} {_mean(found):.3f}" for labels, found in runs.items())
            items.append(
                f"{features}, {method}: {means}; all, noisy - k-NN {shown(gaps[ALL_NOISY][-1])}; a handful, clean - "
                f"nearest of that handful {shown(worth[-1])}"
            )
    return Answer(
        f"Under (39) k-NN is right in {_mean(nearest):.3f}. Told the same noisy labels, all of them, clusters are "
        f"shown to be better in {counted(gaps[ALL_NOISY])} settings. Told a handful of noisy labels, they are shown to "
        f"be better in {counted(gaps[NOISY])}, worse in {counted(gaps[NOISY], -1)}; told a handful of clean ones, "
        f"better in {counted(gaps[CLEAN])}, and better than the nearest of that handful, without clusters, in "
        f"{counted(worth)}.",
        tuple(items),
        NAMING,
    )


def _mean(runs):
    return float(np.mean(list(runs.values())))
