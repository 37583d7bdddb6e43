"""The pictures of the tutorials, each a function from arrays to a figure that a notebook shows by itself."""

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .curves import spread
from .figures import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, bare, png

STYLES = [(BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (PURPLE, ":"), (BLACK, (0, (8, 2))), (GREY, (0, (1, 1)))]
HEIGHT = np.sqrt(3) / 2  # of an equilateral triangle with sides of length 1
PIXELS = 401  # along the base of a triangle


class Picture(Figure):
    """A matplotlib Figure that is shown as the value of a notebook's cell, without pyplot and without a window."""

    def _repr_png_(self):
        return png(self)


def lines(series, xlabel, ylabel, levels=None, log=False, limits=None):
    """Curves with their names at their right ends.

    series: {name: (x, y)}, numbers of one length each; NaN leaves a gap.  levels: {name: y}, horizontal lines.
    log: whether both axes are logarithmic.  limits: (low, high) of y; what lies outside is cut off.
    Raises ValueError where there is nothing to draw, or more than can be told apart.
    """
    if not 1 <= len(series) <= len(STYLES):
        raise ValueError(f"series has {len(series)} curves; it should have 1 to {len(STYLES)}")
    figure = Picture(figsize=(8, 4.2), layout="constrained")
    ax = figure.subplots()
    if log:
        ax.set(xscale="log", yscale="log")
    ax.margins(x=0)
    ends = []
    for (name, (x, y)), (color, style) in zip(series.items(), STYLES, strict=False):
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        ax.plot(x, y, color=color, linestyle=style, linewidth=2)
        last = np.where(np.isfinite(y), x, -np.inf).argmax()
        ends.append(((x[last], y[last]), name, color))
    for name, y in (levels or {}).items():
        ax.axhline(y, color=GREY, linewidth=1)
        ends.append(((ax.get_xlim()[1], y), name, GREY))
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=limits)
    ax.grid(color=PALE, linewidth=0.8)
    bare(ax)
    _name(ax, ends)
    return figure


def simplex_decisions(mappings, class_names):
    """Which class is chosen for every posterior p of three classes: argmax M p, over the triangle of all p.

    A corner is a p that is sure of its class. Dashed lines bound the right choice, argmax p; where the choice is
    another one, its colour is full, and the title says for which share of the triangle that is so.
    mappings: {title: M (3, 3)}.  class_names: 3 of str, at the corners left, right and top.
    Raises ValueError where there is no mapping, or another number of classes.
    """
    wrong_size = [title for title, M in mappings.items() if np.shape(M) != (3, 3)]
    if not mappings or wrong_size or len(class_names) != 3:
        raise ValueError("a triangle shows three classes: class_names should hold 3 and each mapping should be 3 x 3")
    figure = Picture(figsize=(3 * len(mappings), 3.4), layout="constrained")
    figure.get_layout_engine().set(h_pad=0.1)
    axes = figure.subplots(1, len(mappings), squeeze=False)[0]
    p, inside = _triangle()
    for ax, (title, M) in zip(axes, mappings.items(), strict=True):
        chosen = (p @ np.asarray(M, dtype=float).T).argmax(axis=-1)[..., None]
        wrong = np.take_along_axis(p, chosen, axis=-1) < p.max(axis=-1, keepdims=True) - 1e-9  # ties are right
        full = np.array([to_rgb(color) for color in (BLUE, ORANGE, GREEN)])[chosen[..., 0]]
        shades = np.where(wrong, full, 1 - 0.25 * (1 - full))
        ax.imshow(np.dstack([shades, inside]), origin="lower", extent=(0, 1, 0, HEIGHT), interpolation="nearest")
        _frame(ax, class_names)
        ax.set_title(f"{title}\n{wrong[inside].mean():.1%} misjudged", fontsize=10)
    return figure


def weight_images(weights, shape, class_names):
    """The weights of each class as an image: orange speaks for the class, purple against it.

    weights: (C, D), as `coef_` of a linear model.  shape: (H, W) with H W = D.  class_names: C of str.
    Raises ValueError where these do not fit.
    """
    weights = np.asarray(weights, dtype=float)
    if weights.ndim != 2 or weights.shape != (len(class_names), np.prod(shape)):
        raise ValueError(f"weights {weights.shape} should be {len(class_names)} classes x {np.prod(shape)} pixels")
    figure = Picture(figsize=(2.6 * len(weights) + 0.6, 3), layout="constrained")
    axes = figure.subplots(1, len(weights), squeeze=False)[0]
    top = np.abs(weights).max()
    for ax, image, name in zip(axes, weights, class_names, strict=True):
        picture = ax.imshow(image.reshape(shape), cmap="PuOr_r", vmin=-top, vmax=top)
        ax.set(xticks=[], yticks=[])
        ax.set_title(name, fontsize=11, parse_math=False)
    figure.colorbar(picture, ax=list(axes), label="weight", shrink=0.8)
    return figure


def _triangle():
    """Posteriors (rows, PIXELS, 3) of the pixel centres, bottom row first, and which of them lie in the triangle."""
    across = (np.arange(PIXELS) + 0.5) / PIXELS
    up = (np.arange(round(PIXELS * HEIGHT)) + 0.5)[:, None] / round(PIXELS * HEIGHT)
    right = across - up / 2
    p = np.stack(np.broadcast_arrays(1 - right - up, right, up), axis=-1)
    return p, p.min(axis=-1) >= 0


def _frame(ax, class_names):
    """The triangle's sides, the borders between the right choices, and a class at each corner."""
    ax.plot([0, 1, 0.5, 0], [0, 0, HEIGHT, 0], color=BLACK, linewidth=1)
    for x, y in ((0.5, 0), (0.25, HEIGHT / 2), (0.75, HEIGHT / 2)):
        ax.plot([0.5, x], [HEIGHT / 3, y], color=BLACK, linewidth=1, linestyle="--")
    corners = ((0, -0.03, "top"), (1, -0.03, "top"), (0.5, HEIGHT + 0.03, "bottom"))
    for (x, y, place), name in zip(corners, class_names, strict=True):
        ax.text(x, y, name, ha="center", va=place, fontsize=9, parse_math=False)
    ax.set(xlim=(-0.12, 1.12), ylim=(-0.13, HEIGHT + 0.13), aspect="equal")
    ax.axis("off")


def _name(ax, ends):
    """Write each name to the right of its point, moved up or down until no two overlap."""
    to_axes = ax.transData + ax.transAxes.inverted()
    ends = sorted(ends, key=lambda end: end[0][1])
    heights = [0.065 * (1 + name.count("\n")) for _, name, _ in ends]
    wanted = [to_axes.transform(point)[1] for point, _, _ in ends]
    centres = spread([min(max(y, 0), 1) for y in wanted], heights, 1)
    for (point, name, color), centre in zip(ends, centres, strict=True):
        ax.annotate(
            name, point, (1.03, centre), textcoords="axes fraction", color=color, fontsize=10, va="center",
            parse_math=False, annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 2,
                        "relpos": (0, 0.5)},
        )  # fmt: skip
