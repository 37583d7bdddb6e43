"""What training looks like epoch by epoch."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .figures import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, bare

# A method looks the same in every figure.
LOOKS = {
    "NN": {"color": GREY, "linestyle": "--"},
    "NN backward (raw)": {"color": ORANGE, "linestyle": ":"},
    "NN backward": {"color": BLUE, "linestyle": "-"},
    "NN forward": {"color": GREEN, "linestyle": "-."},
}
OTHER = {"color": PURPLE, "linestyle": (0, (8, 2))}
LABELS = {"test_accuracy": "accuracy on the clean test set", "forward_loss": "forward loss, training set"}


def accuracy_by_epoch(histories, noise_floor=None, chance=None):
    """Test accuracy by epoch: mean and standard deviation over runs, a cross where a run died.

    histories: {method: [history of each run]}, a history {"test_accuracy": [one per epoch], ...}; None and NaN
    are epochs without a number. A run died where its "train_loss" has one, or where it has a true "stopped".
    noise_floor: the least forward loss that does not memorise noise, in nats; with it a second panel shows
    "forward_loss".  chance: the accuracy of guessing, drawn as a line.
    Raises ValueError where no history has a test accuracy.
    """
    if not any(history.get("test_accuracy") for runs in histories.values() for history in runs):
        raise ValueError("no history holds a test accuracy")
    panels = [("test_accuracy", chance, "guessing"), ("forward_loss", noise_floor, "noise floor")]
    panels = panels[: 1 if noise_floor is None else 2]
    figure = Figure(figsize=(9, 4 * len(panels)), layout="constrained")
    axes = figure.subplots(len(panels), 1, squeeze=False, sharex=True)[:, 0]
    for ax, panel in zip(axes, panels, strict=True):
        _panel(ax, histories, *panel)
    axes[-1].set_xlabel("epoch")
    return figure


def _panel(ax, histories, field, level, level_name):
    """A mean line and a band per method, crosses where runs died, names at the ends of the lines."""
    ends = []
    if level is not None:
        ax.axhline(level, color=BLACK, linewidth=1)
        ends.append((None, level, level_name, BLACK))
    for name, runs in histories.items():
        look = LOOKS.get(name, OTHER)
        values = _by_epoch(runs, field)
        alive = np.isfinite(values).any(axis=0)
        dead = [row for row, history in zip(values, runs, strict=True) if _died(history)]
        text = f"{name}\n{len(dead)} of {len(runs)} runs died" if dead else name
        if dead and not alive.any() and field == "test_accuracy":
            ax.set_title(text.replace("\n", ": ") + " in the first epoch", fontsize=10, loc="left", color=look["color"])
        if not alive.any():
            continue
        epochs = 1 + np.flatnonzero(alive)
        mean, deviation = _mean_and_deviation(values[:, alive])
        ax.plot(epochs, mean, linewidth=2, marker="o" if len(epochs) == 1 else None, **look)
        ax.fill_between(epochs, mean - deviation, mean + deviation, color=look["color"], alpha=0.15, linewidth=0)
        for row in dead:
            last = np.flatnonzero(np.isfinite(row))[-1:]
            ax.plot(last + 1, row[last], "X", color=look["color"], markersize=10, markeredgecolor="white", zorder=3)
        ends.append((epochs[-1], mean[-1], text, look["color"]))
    ax.set_ylabel(LABELS[field])
    ax.grid(color=PALE, linewidth=0.8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    bare(ax)
    _name(ax, ends)


def _by_epoch(runs, field):
    """(runs, epochs) of numbers, NaN where a run has none."""
    lists = [history.get(field) or [] for history in runs]
    values = np.full((len(lists), max(map(len, lists), default=0)), np.nan)
    for row, numbers in zip(values, lists, strict=True):
        row[: len(numbers)] = np.array(numbers, dtype=float)
    return np.where(np.isfinite(values), values, np.nan)


def _mean_and_deviation(values):
    """Over the runs that have a number; the deviation with n - 1 in the denominator, 0 for a single run."""
    n = np.isfinite(values).sum(axis=0)
    return np.nanmean(values, axis=0), np.nanstd(values, axis=0) * np.sqrt(n / np.maximum(n - 1, 1))


def _died(history):
    losses = np.array(history.get("train_loss") or [], dtype=float)
    return bool(history.get("stopped")) or not np.isfinite(losses).all()


def _name(ax, ends):
    """Write each line's name to its right, moved up or down until no two overlap."""
    low, high = ax.get_ylim()
    ends = sorted(ends, key=lambda end: end[1])
    heights = [0.06 * (high - low) * (1 + text.count("\n")) for _, _, text, _ in ends]
    places = spread([y for _, y, _, _ in ends], heights, high)
    right = ax.get_xlim()[1]
    for (epoch, y, text, color), place in zip(ends, places, strict=True):
        ax.annotate(
            text, (epoch or right, y), (1.03, place), xycoords="data", textcoords=("axes fraction", "data"),
            color=color, fontsize=10, va="center", parse_math=False,
            arrowprops={"arrowstyle": "-", "color": color, "linewidth": 0.7, "shrinkA": 1, "shrinkB": 2,
                        "relpos": (0, 0.5)},
        )  # fmt: skip


def spread(wanted, heights, top):
    """Centres of labels near the wanted ones, such that none overlaps the next and none is above top: list of float.

    wanted: numbers in ascending order.  heights: of the labels, in the same unit.
    """
    places = []
    for number, place in enumerate(wanted):
        least = places[-1] + (heights[number - 1] + heights[number]) / 2 if places else place
        places.append(max(place, least))
    limit = top
    for number in reversed(range(len(places))):
        places[number] = min(places[number], limit - heights[number] / 2)
        limit = places[number] - heights[number] / 2
    return places
