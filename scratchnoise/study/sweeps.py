"""Accuracy as one setting changes: one panel a loss, one line a share of labels that were drawn anew."""

import numpy as np
from matplotlib.figure import Figure

from . import architecture
from .figures import PALE, bare
from .pictures import STYLES

PANELS = {"cross_entropy": "cross-entropy", "forward": "forward loss, T known"}
AXES = {
    "depth": "hidden layers",
    "width": "units in each of two hidden layers",
    "batch": "samples in a batch",
    "size": "training samples",
}


def sweep(rows, name):
    """Mean and standard deviation over draws of the accuracy in the last epoch, by what SWEEPS calls `name`: Figure."""
    figure = Figure(figsize=(9, 4), layout="constrained")
    axes = figure.subplots(1, len(PANELS), sharey=True)
    values = architecture.SWEEPS[name]
    for ax, (loss, title) in zip(axes, PANELS.items(), strict=True):
        for rate, (color, style) in zip(architecture.RATES, STYLES, strict=False):
            runs = [list(architecture.accuracies(rows, rate, loss, **{name: value}).values()) for value in values]
            there = [(value, *_spread(found)) for value, found in zip(values, runs, strict=True) if found]
            if there:
                x, mean, deviation = np.array(there).T
                named = f"{rate:.0%} drawn anew"
                ax.errorbar(x, mean, yerr=deviation, color=color, linestyle=style, marker="o", capsize=3, label=named)
        if name != "depth":
            ax.set_xscale("log")
            ax.minorticks_off()
        ax.set_xticks(values, map(str, values))
        ax.set(title=title, xlabel=AXES[name])
        ax.grid(color=PALE, linewidth=0.8)
        bare(ax)
    axes[0].set_ylabel("accuracy on the clean test set")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _spread(found):
    """The mean, and the deviation of single runs, 0 for a single one."""
    return np.mean(found), np.std(found, ddof=1) if len(found) > 1 else 0.0
