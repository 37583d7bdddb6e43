"""Clusters that a handful of labels name: python -m scratchnoise.study.clusters_named --out FILE.jsonl.

Section 4.1.1 of the report calls this "a simple yet efficient method to handle label noise"; 4.1.2 says that it fails
on CIFAR. k-means looks at the 3,000 clean test images without labels, as pixels and as the two coordinates of t-SNE and
UMAP. A few labels name the clusters: three images nearest to each of three centres, or one image for each of ten. They
are clean, or noisy under (39); for control all noisy labels name the clusters. Beside them stands k-NN, which learns
from the noisy labels of four fifths of these images and is scored on the fifth; and, for control, the nearest neighbour
among the same handful of images with the same clean labels, which knows no clusters.
It needs scikit-learn and umap-learn: python -m pip install 'scratchnoise[figures]'. A data set takes about a minute for
each draw. Rows are appended as they come; the same command goes on where it stopped.
"""

import warnings

import numpy as np

from .. import noise
from ..data import images
from ..estimate import out_of_fold_posteriors
from ..models import KMeansClassifier, KNeighbors
from ..models.kmeans import squared_distances
from .experiment import command, recorded
from .projections import methods
from .protocol import PRESETS, load_data

DATA, SEED, NEIGHBOURS = ("fashion-mnist", "cifar10"), 0, 51
HANDFULS = {"3 clusters": (3, 3), "10 clusters": (10, 1)}  # how many, and how many images are asked in each
PIXELS, NEAREST = "pixels", "k-NN"
CLEAN, NOISY, ALL_NOISY = "a handful, clean", "a handful, noisy", "all, noisy"
NO_CLUSTERS = "a handful, clean, no clusters"


def measure(out, draws=3):
    """Append the rows of every data set and draw that `out` does not hold yet."""
    results, planes_of = recorded(out, "data", "draw", "features", "method", "labels"), methods()
    for name in DATA:
        found = load_data(name, PRESETS["paper"], SEED)
        x, y = images.for_linear_model(found.x_test), found.y_test
        for draw in range(draws):
            if (name, draw, PIXELS, NEAREST, ALL_NOISY) in results:  # the last of a draw
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the libraries, about each other
                planes = {method: project(x, draw) for method, project in planes_of.items()}
            rows = _draw({PIXELS: x, **planes}, y, draw)
            results.append(*({"data": name, "draw": draw, **row} for row in rows))


def _draw(features, y, draw):
    """Rows {"features", "method", "labels", "accuracy"} of one draw, which decides the noise, starts and folds."""
    y_noisy = noise.corrupt(y, noise.MNIST06, np.random.default_rng([SEED, draw]))
    for name, x in features.items():
        for method, (clusters, asked) in HANDFULS.items():
            for labels, given, n_labels in ((CLEAN, y, asked), (NOISY, y_noisy, asked), (ALL_NOISY, y_noisy, None)):
                model = KMeansClassifier(clusters, n_labels, random_state=draw, scaling=None).fit(x, given)
                yield {"features": name, "method": method, "labels": labels, "accuracy": model.score(x, y)}
            without = float((nearest_of(x, _handful(x, model.centres_, asked), y) == y).mean())  # labels move no centre
            yield {"features": name, "method": method, "labels": NO_CLUSTERS, "accuracy": without}
    q = out_of_fold_posteriors(KNeighbors(NEIGHBOURS, scaling=None), features[PIXELS], y_noisy, random_state=draw)
    accuracy = float((q.argmax(axis=1) == y).mean())
    yield {"features": PIXELS, "method": NEAREST, "labels": ALL_NOISY, "accuracy": accuracy}


def _handful(x, centres, asked):
    """Indices of the images whose labels name the clusters: in each the `asked` nearest to its centre."""
    far = squared_distances(x.astype(np.float64), centres)
    members = (np.flatnonzero(far.argmin(axis=1) == k) for k in range(len(centres)))
    return np.concatenate([own[np.argsort(far[own, k], kind="stable")][:asked] for k, own in enumerate(members)])


def nearest_of(x, asked, y):
    """The label of the nearest of the images with these indices, for every image: (N,)."""
    return y[asked][squared_distances(x.astype(np.float64), x[asked].astype(np.float64)).argmin(axis=1)]


def accuracies(rows, data, features, method, labels):
    """{draw: accuracy}."""
    wanted = (data, features, method, labels)
    return {r["draw"]: r["accuracy"] for r in rows if (r["data"], r["features"], r["method"], r["labels"]) == wanted}


if __name__ == "__main__":
    command(measure, __doc__, draws=3)
