"""All estimators of T on the same noisy data: python -m scratchnoise.study.estimates --out FILE.

Rows are appended as they come; the same command goes on where it stopped. cleanlab takes part where it is installed.
scikit-learn is needed, for data and for the classifier, which is the same for every method.
"""

import warnings

import numpy as np

from .. import noise
from ..estimate import ESTIMATORS, out_of_fold_posteriors
from ..estimate.hoc import neighbour_labels
from ..estimate.methods import DEFAULT, PARTS
from ..estimate.quality import judge
from .experiment import command, recorded
from .figures import BLACK, BLUE, PALE, bare
from .protocol import PRESETS, load_data
from .sparse import blocks
from .statistics import compare as difference
from .statistics import total_variation

IDENTITY = "identity"  # the last of a cell; cleanlab is asked together with it
METHODS = (*ESTIMATORS, IDENTITY)
REPORT, CLASSES = "Fashion-MNIST", 3
SHAPES = {"(38)": noise.MNIST05, "(39)": noise.MNIST06}
TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
UNEVEN = np.array([[0.9, 0.2], [0.1, 0.8]])


def data_sets():
    """Name -> function that draws X (N, D), y (N,)."""
    from sklearn import datasets

    made = {"n_informative": 6, "n_features": 10, "class_sep": 1.5, "random_state": 0, "n_clusters_per_class": 1}
    return {
        "digits": lambda: datasets.load_digits(return_X_y=True),
        "cancer": lambda: datasets.load_breast_cancer(return_X_y=True),
        "five classes": lambda: datasets.make_classification(3000, n_classes=5, flip_y=0, **made),
        "90/7/3": lambda: datasets.make_classification(3000, n_classes=3, weights=[0.9, 0.07], flip_y=0, **made),
        "1:100": lambda: datasets.make_classification(3000, n_classes=2, weights=[0.99], flip_y=0, **made),
        "garments": _garments,
        REPORT: _fashion_mnist,
    }


def noise_shapes(data, n_classes):
    """Name -> T (C, C): uniform (by the rate of all errors), pair, and for two classes uneven noise.

    Of Fashion-MNIST's three classes it is the report's two.
    """
    if data == REPORT:
        return SHAPES
    shapes = {f"uniform {rho}": noise.uniform(n_classes, rho / (n_classes - 1)) for rho in (0.2, 0.4)}
    shapes["pair 0.35"] = noise.pair_flip(n_classes, 0.35)
    return {**shapes, "uneven": UNEVEN} if n_classes == 2 else shapes


def compare(out, draws=5):
    """Append one row for every data set, noise shape, draw and method that `out` does not hold yet."""
    results = recorded(out, "data", "noise", "draw", "method")
    for data, load in data_sets().items():
        X, y = load()
        for shape, T in noise_shapes(data, int(y.max()) + 1).items():
            for draw in range(draws):
                cell = {"data": data, "noise": shape, "draw": draw}
                missing = [name for name in METHODS if (data, shape, draw, name) not in results]
                if missing:
                    results.append(*({**cell, **row} for row in _cell(X, y, np.asarray(T), draw, missing)))


def _cell(X, y, T, draw, missing):
    """Rows {"method", "error", ...} of the missing methods."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(draw)
    y_noisy = noise.corrupt(y, T, rng)
    q = out_of_fold_posteriors(make_pipeline(StandardScaler(), LogisticRegression(C=0.1)), X, y_noisy, 5, draw)
    evidence = q, y_noisy, neighbour_labels(X, y_noisy)
    if DEFAULT in missing:
        yield {"method": DEFAULT, **_default(evidence, T, draw)}
    others = {name: ESTIMATORS[name](*evidence) for name in missing if name in ESTIMATORS and name != DEFAULT}
    if IDENTITY in missing:
        others |= _cleanlab(q, y_noisy) | {IDENTITY: np.eye(len(T))}
    for name, estimate in others.items():
        yield {"method": name, "error": _error(estimate, T)}


def _default(evidence, T, draw):
    """Error, coverage, trust and verdict of the default method."""
    peers = {name: ESTIMATORS[name](*evidence) for name in PARTS}
    default = ESTIMATORS[DEFAULT](*evidence)
    judged = judge(default, ESTIMATORS[DEFAULT], peers, evidence, range(len(T)), draw).diagnostics
    coverage = float((abs(default.array - T) <= 2 * judged["standard_errors"]).mean())
    quality = {"coverage": coverage, "trust": judged["trust"], "verdict": judged["verdict"]}
    return {"error": _error(default, T), **quality}


def _error(estimate, T):
    return float(abs(np.asarray(estimate) - T).mean())


def _cleanlab(q, y_noisy):
    try:
        from cleanlab.count import compute_confident_joint, estimate_latent
    except ImportError:
        return {}
    joint = compute_confident_joint(y_noisy, q)
    return {"cleanlab": estimate_latent(joint, y_noisy)[1]}


def _garments():
    from ..data.garments import make_garments

    data = make_garments(1500, 10)
    return data.x_train.reshape(len(data.x_train), -1).astype(np.float64), data.y_train


def of_columns(rows, shape):
    """{method: total variation per column of its estimate on Fashion-MNIST, one a draw}, the best mean first."""
    found = {}
    for row in rows:
        if (row["data"], row["noise"]) == (REPORT, shape):
            found.setdefault(row["method"], []).append(total_variation(row["error"], CLASSES))
    return dict(sorted(found.items(), key=lambda item: np.mean(item[1])))


def table(rows):
    """The lines of a table in Markdown: every method under the report's noise, and on all other data."""
    others = {}
    for row in rows:
        if row["data"] != REPORT:
            others.setdefault(row["method"], []).append(row["error"])
    found = {shape: of_columns(rows, shape) for shape in SHAPES}
    cells = len({(row["data"], row["noise"]) for row in rows if row["data"] != REPORT})
    lines = [f"| method | {' | '.join(SHAPES)} | {cells} other cells, error of an entry |", "| --- |" + " --- |" * 3]
    for method in sorted(others, key=lambda name: np.mean(others[name])):
        texts = [f"{np.mean(of[method]):.3f} ({np.std(of[method], ddof=1):.3f})" for of in found.values()]
        lines.append(f"| {method} | {' | '.join(texts)} | {np.mean(others[method]):.3f} |")
    return lines


def described(rows):
    """How far T-revision comes from its start, the argmax anchor: list of str."""
    texts = []
    for shape in SHAPES:
        start, end = (_by_draw(rows, shape, method) for method in ("argmax", "t_revision"))
        gap = difference(end, start)
        if gap:
            means = (np.mean(list(found.values())) for found in (start, end))
            verdict = "shown" if gap.is_shown else "not shown"
            texts.append(f"{shape} {' becomes '.join(f'{mean:.3f}' for mean in means)}, {gap}, {verdict}")
    if not texts:
        return []
    return [f"t_revision starts at argmax, whose error stays where it finds no better T: {'; '.join(texts)}."]


def _by_draw(rows, shape, method):
    """{draw: total variation per column} on Fashion-MNIST."""
    wanted = (REPORT, shape, method)
    here = (row for row in rows if (row["data"], row["noise"], row["method"]) == wanted)
    return {row["draw"]: total_variation(row["error"], CLASSES) for row in here}


def picture(rows):
    """Every method under the report's noise, a dot a draw and a line at the mean, the best on top: a Figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 4.2), layout="constrained")
    axes = figure.subplots(1, len(SHAPES), sharex=True)
    for ax, shape in zip(axes, SHAPES, strict=True):
        found = of_columns(rows, shape)
        for place, draws in enumerate(found.values()):
            ax.plot(draws, [place] * len(draws), "o", color=BLUE, alpha=0.5, markersize=5)
            ax.plot([np.mean(draws)], [place], "|", color=BLACK, markersize=14)
        ax.set_yticks(range(len(found)), found)
        ax.set_ylim(len(found) - 0.4, -0.6)
        ax.set(title=shape, xlabel="total variation per column", xscale="log")
        ax.set_xticks(TICKS, map(str, TICKS))
        ax.minorticks_off()
        ax.grid(color=PALE, linewidth=0.8)
        bare(ax)
    return figure


def _fashion_mnist():
    """The report's 18,000 training images, as means of 2 x 2 pixels."""
    data = load_data("fashion-mnist", PRESETS["paper"], 0)
    return blocks(data.x_train).astype(np.float64), data.y_train


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    command(compare, __doc__, draws=5)
