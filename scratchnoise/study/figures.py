"""The pictures of a study, each a function from arrays to a matplotlib Figure; nothing opens a window."""

import io

import numpy as np
from matplotlib.figure import Figure

from ..files import write_whole

# After Okabe and Ito, told apart with any colour vision; nothing is told by colour alone.
BLUE, ORANGE, GREEN, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#56B4E9"
BLACK, GREY, PALE = "#222222", "#767676", "#e5e5e5"
# The relative luminance at which black text and white text stand out equally.
MIDDLE = 0.179


def samples(x, y_noisy, class_names, y_true=None, n=20):
    """A grid of images with their labels, wrong ones crossed out. The report's figures 2, 4, 6, 7 and 8.

    x: (N, H, W) or (N, H, W, K), K 1 or 3, integers in 0..255 or floats in [0, 1] or [-1, 1].
    y_noisy, y_true: (N,) int, places in class_names; without y_true no label counts as wrong.
    n: how many, from the first on.  Raises ValueError where lengths differ or there is no image.
    """
    x, y_noisy = np.asarray(x), np.asarray(y_noisy)
    y_true = y_noisy if y_true is None else np.asarray(y_true)
    if not len(x) == len(y_noisy) == len(y_true) or min(n, len(x)) < 1:
        raise ValueError(f"{len(x)} images, {len(y_noisy)} noisy and {len(y_true)} true labels; want as many of each")
    n = min(n, len(x))
    across = min(n, 5)
    down = -(-n // across)
    figure = Figure(figsize=(1.25 * across, 1.65 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for ax in axes[n:]:
        ax.remove()
    for ax, image, noisy, true in zip(axes, _pixels(x[:n]), y_noisy, y_true, strict=False):
        ax.imshow(image, cmap="gray", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        wrong = noisy != true
        text = f"\u2717 {class_names[noisy]}\n(is {class_names[true]})" if wrong else f"{class_names[noisy]}\n"
        ax.set_xlabel(text, fontsize=9, color=ORANGE if wrong else BLACK, parse_math=False)
        for spine in ax.spines.values():
            spine.set(edgecolor=ORANGE if wrong else GREY, linewidth=2.5 if wrong else 0.5)
    return figure


def transition_heatmaps(T, estimates, class_names):
    """T beside its estimates on one scale, every entry written out. Eq. (37)-(40), (45) and (46).

    T: (C, C), [i, j] = P(noisy = i | true = j), or None where it is not known.
    estimates: {name: (C, C)}.  class_names: C of str, in the order of rows and columns.
    Raises ValueError where there is nothing to draw.
    """
    truth = {} if T is None else {"T": np.asarray(T, dtype=float)}
    matrices = {**truth, **{name: np.asarray(matrix, dtype=float) for name, matrix in estimates.items()}}
    if not matrices:
        raise ValueError("neither T nor an estimate of it to draw")
    across = min(len(matrices), 3)
    down = -(-len(matrices) // across)
    figure = Figure(figsize=(3.1 * across + 0.6, 3.3 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for ax in axes[len(matrices) :]:
        ax.remove()
    top = max(matrix.max() for matrix in matrices.values())
    for ax, (name, matrix) in zip(axes, matrices.items(), strict=False):
        picture = _heatmap(ax, matrix, top, class_names)
        if ax in axes[::across]:
            ax.set_ylabel("noisy label")
        known = T is not None and name != "T"
        ax.set_title(f"{name}\nmean abs. error {np.abs(matrix - T).mean():.3f}" if known else name, fontsize=11)
    figure.colorbar(picture, ax=list(axes[: len(matrices)]), label="P(noisy label | true label)", shrink=0.8)
    return figure


def accuracy_by_method(names, means, deviations, report=None, report_name="report", chance=None):
    """One dot per method with its standard deviation, the report's number hollow beside it. Table 3.

    names: str each.  means, deviations: one number each; None where there is none.
    report: one number each or None.  report_name: what to call it.  chance: accuracy of guessing.
    Raises ValueError where the lengths differ.
    """
    means, deviations = np.array(means, dtype=float), np.array(deviations, dtype=float)
    report = np.array([None] * len(names) if report is None else report, dtype=float)
    if not len(names) == len(means) == len(deviations) == len(report):
        raise ValueError(f"{len(names)} names, {len(means)} means, {len(deviations)} deviations, {len(report)} report")
    figure = Figure(figsize=(8, 1.1 + 0.3 * len(names)), layout="constrained")
    ax = figure.subplots()
    rows = np.arange(len(names))
    shown = [
        ax.errorbar(means, rows, xerr=np.nan_to_num(deviations), fmt="o", color=BLUE, capsize=3, label="ours"),
        *ax.plot(report, rows, "D", color=ORANGE, fillstyle="none", markersize=8, zorder=3, label=report_name),
    ]
    if chance is not None:
        shown.append(ax.axvline(chance, color=GREY, linestyle="--", linewidth=1, label="guessing"))
    ax.set_yticks(rows, names)
    ax.set_ylim(len(names) - 0.4, -0.6)
    ax.set_xlabel("accuracy on the clean test set")
    ax.grid(axis="both", color=PALE, linewidth=0.8)
    bare(ax)
    figure.legend(handles=shown, loc="outside upper right", ncols=3, frameon=False)
    return figure


def accuracy_overview(panels, chance=None):
    """Every method on every data set: one panel each, one line per method, the report's number hollow beside it.

    panels: {title: {method: (mean, deviation, report, remark)}}, numbers or None, a str.  chance: accuracy of guessing.
    Methods are sorted by the mean of their means, the best on top.  Raises ValueError where there is nothing to draw.
    """
    means = {}
    for found in panels.values():
        for name, (mean, *_) in found.items():
            means.setdefault(name, []).extend([mean] if mean is not None else [])
    if not means:
        raise ValueError("no panel holds a method")
    names = sorted(means, key=lambda name: -np.mean(means[name]) if means[name] else 1)
    figure = Figure(figsize=(2.2 + 2.6 * len(panels), 1.3 + 0.27 * len(names)), layout="constrained")
    axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for ax, (title, found) in zip(axes, panels.items(), strict=True):
        rows = [place for place, name in enumerate(names) if name in found]
        mean, deviation, report = np.array([found[names[row]][:3] for row in rows], dtype=float).reshape(-1, 3).T
        shown = [
            ax.errorbar(mean, rows, xerr=np.nan_to_num(deviation), fmt="o", color=BLUE, capsize=2, label="ours"),
            *ax.plot(report, rows, "D", color=ORANGE, fillstyle="none", markersize=7, zorder=3, label="report"),
        ]
        for row in rows:
            ax.text(0.98, row, found[names[row]][3], color=ORANGE, fontsize=8, ha="right", va="center")
        if chance is not None:
            shown.append(ax.axvline(chance, color=GREY, linestyle="--", linewidth=1, label="guessing"))
        ax.set_title(title, fontsize=10, loc="left")
        ax.set(xlim=(0.25, 1), xlabel="accuracy")
        ax.grid(color=PALE, linewidth=0.8)
        bare(ax)
    axes[0].set_yticks(range(len(names)), names, parse_math=False)
    axes[0].set_ylim(len(names) - 0.4, -0.6)
    figure.legend(handles=shown, loc="outside upper right", ncols=3, frameon=False)
    return figure


def png(figure):
    """The figure as a PNG: bytes, the same for the same figure."""
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=144, facecolor="white", metadata={"Software": None})
    return content.getvalue()


def save(figure, path):
    """Write the figure as a PNG in one step.

    figure: matplotlib Figure.  path: str or Path; its folder is made if need be.
    Raises OSError as the file system does; an older file is then untouched.
    """
    write_whole(path, png(figure))


def bare(ax):
    """Take the frame off, but for the two axes that are read."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_axisbelow(True)


def _pixels(x):
    """Images in [0, 1], of whatever scale."""
    if np.issubdtype(x.dtype, np.integer):
        x = x / 255
    elif x.min() < 0:
        x = (x + 1) / 2
    return np.clip(x, 0, 1)


def _heatmap(ax, matrix, top, class_names):
    """One matrix, its entries written in white or black, whichever the cell's shade leaves readable."""
    picture = ax.imshow(matrix, cmap="Blues", vmin=0, vmax=top)
    for (i, j), value in np.ndenumerate(matrix):
        light = np.power(picture.cmap(picture.norm(value))[:3], 2.2) @ (0.2126, 0.7152, 0.0722)
        color = "black" if light > MIDDLE else "white"
        ax.text(j, i, f"{value:.2f}", ha="center", va="center", color=color, fontsize=12 if len(matrix) < 6 else 7)
    places = np.arange(len(matrix))
    ax.set_xticks(places, class_names, rotation=20, fontsize=9, parse_math=False)
    ax.set_yticks(places, class_names, fontsize=9, parse_math=False)
    ax.set_xlabel("true label")
    ax.tick_params(length=0)
    return picture
