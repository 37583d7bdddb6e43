"""Figures 3 and 5 of the report, t-SNE and UMAP: python -m scratchnoise.study.projections --out FILE.jsonl.

Both methods are their libraries' own, scikit-learn and umap-learn: python -m pip install 'scratchnoise[figures]'. They
see the 3,000 clean test images as pixels in [0, 1], and no labels. The pictures, figure_3.png of Fashion-MNIST and
figure_5.png of CIFAR-10, are written beside the rows, from draw 0. A row says how well a picture separates the classes;
"pixels" is the same number for the images themselves. A data set takes about a minute for each draw. The same command
goes on where it stopped.
"""

import warnings
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ..data import images
from .experiment import command, recorded
from .figures import BLACK, ORANGE, SKY, save
from .protocol import PRESETS, load_data

SEED, NEIGHBOURS = 0, 10
FIGURES = {"fashion-mnist": "figure_3.png", "cifar10": "figure_5.png"}
LOOKS = ((BLACK, "o"), (ORANGE, "^"), (SKY, "s"))  # dark, middle and light, so in grey too


def methods():
    """{name: function of (x (N, D), seed) that returns (N, 2)}. Raises ImportError without the libraries."""
    try:
        from sklearn.manifold import TSNE
        from umap import UMAP
    except ImportError as error:
        need = "t-SNE and UMAP need scikit-learn and umap-learn: python -m pip install 'scratchnoise[figures]'"
        raise ImportError(need) from error

    return {
        "t-SNE": lambda x, seed: TSNE(init="pca", random_state=seed).fit_transform(x),
        "UMAP": lambda x, seed: UMAP(random_state=seed, n_jobs=1).fit_transform(x),
    }


def measure(out, draws=3):
    """Append rows for every data set and draw that `out` does not hold yet, and write the pictures of draw 0."""
    results, planes_of = recorded(out, "data", "draw", "method"), methods()
    for name, file in FIGURES.items():
        found = load_data(name, PRESETS["paper"], SEED)
        x, y = images.for_linear_model(found.x_test), found.y_test
        for draw in range(draws):
            if (name, draw, "pixels") in results:
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the libraries, about each other
                planes = {method: project(x, draw) for method, project in planes_of.items()}
            if draw == 0:
                save(picture(planes, y, found.class_names), Path(out).parent / file)
            measured = {**planes, "pixels": x}
            results.append(
                *(
                    {"data": name, "draw": draw, "method": method, **_shares(points, y, found.class_names)}
                    for method, points in measured.items()
                )
            )


def _shares(points, y, class_names):
    """{"same_class": mean over all points, "by_class": {name: mean over those of the class}}."""
    share = same_class(points, y)
    by_class = {name: float(share[y == label].mean()) for label, name in enumerate(class_names)}
    return {"same_class": float(share.mean()), "by_class": by_class}


def same_class(points, y, k=NEIGHBOURS):
    """The share of the k nearest other points that have a point's own class: (N,).

    points (N, D), N > k; y (N,). 1 where classes are separated, about 1 / C where they are mixed.
    """
    points = np.asarray(points, dtype=np.float64)
    squares = (points**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * points @ points.T
    np.fill_diagonal(distances, np.inf)
    nearest = np.argpartition(distances, k - 1, axis=1)[:, :k]
    return (y[nearest] == y[:, None]).mean(axis=1)


def picture(planes, y, class_names):
    """The points of each method, a colour and a sign a class: Figure. planes: {method: (N, 2)}; at most 3 classes."""
    figure = Figure(figsize=(4.5 * len(planes), 4.4), layout="constrained")
    axes = figure.subplots(1, len(planes), squeeze=False)[0]
    for ax, (method, points) in zip(axes, planes.items(), strict=True):
        for label, (color, marker) in zip(range(len(class_names)), LOOKS, strict=False):
            x = points[y == label]
            ax.plot(*x.T, marker, color=color, markersize=3.5, alpha=0.6, markeredgewidth=0, label=class_names[label])
        ax.set(title=method, xticks=[], yticks=[])
    names = axes[0].get_legend_handles_labels()
    figure.legend(*names, loc="outside lower center", ncols=len(class_names), markerscale=3, frameon=False)
    return figure


if __name__ == "__main__":
    command(measure, __doc__, draws=3)
