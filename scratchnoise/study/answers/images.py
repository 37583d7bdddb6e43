"""Section 3 of the report: what t-SNE and UMAP show of its two data sets, figures 3 and 5."""

import numpy as np

from .. import projections
from ..statistics import compare
from .answer import Answer, percent, shown


def separated(rows, data):
    """Section 3: do the planes of t-SNE and UMAP separate the classes of this data set? None where it was not run."""
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
