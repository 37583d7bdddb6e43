"""Does a sparse W help? The path over the penalty on CIFAR-10: python -m scratchnoise.study.sparse --out FILE.jsonl.

Section 5 of the report expects help from sparsity "when dealing with high-dimensional data, as might be the case in the
CIFAR set". Beside l1 there is l2 as a control, and T = I, which knows nothing of the noise. Penalties go from large to
small, each fit starts where the last one ended. Rows are appended as they come; the same command goes on where it
stopped. The penalty is to be chosen by the likelihood of noisy labels that were left out of the training.
"""

from functools import partial

import numpy as np

from ..models.likelihood import NoisyLikelihood
from ..models.sparse_likelihood import SparseLikelihood
from ..models.standardise import Standardisation
from .experiment import command, recorded
from .figures import BLACK, BLUE, GREY, ORANGE, PALE, bare
from .protocol import PRESETS, load_task

DATA, NOISES, SEED = "cifar10", ("0.5", "0.6"), 0
PATHS = {
    "l1": (3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4),
    "l2": (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003),
}
COMPARED = (("known", "l1"), ("known", "l2"), ("identity", "l1"))
TOL, MAX_ITER = 1e-4, 300
SHAPES = {"0.5": "(38)", "0.6": "(39)"}
LINES = {"known": "l1, T known", "identity": "l1, T = I"}


def measure(out, draws=3):
    """Append a row for every noise, draw, T and penalty that `out` does not hold yet."""
    results = recorded(out, "data", "noise", "draw", "T", "penalty", "strength")
    for noise in NOISES:
        for draw in range(draws):
            for T, penalty in COMPARED:
                path = {"data": DATA, "noise": noise, "draw": draw, "T": T, "penalty": penalty}
                if any((*path.values(), strength) not in results for strength in PATHS[penalty]):
                    results.append(*({**path, **row} for row in penalty_path(**path)))


def penalty_path(data, noise, draw, T, penalty):
    """Rows {"strength", "nonzero" share of W, "noisy_log_likelihood" of what was left out, "accuracy", "converged"}."""
    task = load_task(data, noise, PRESETS["paper"], SEED, draw)
    chosen, left_out, y, C = task.chosen, task.left_out, task.y_noisy, len(task.classes)
    x, x_test = blocks(task.x_train), blocks(task.x_test)
    scaling = Standardisation.of(x[chosen], np.ones(len(chosen), np.float32))
    z, z_test = scaling.apply(x), scaling.apply(x_test)
    ones = np.ones(len(y), np.float32)
    told = np.asarray(task.T_known) if T == "known" else np.eye(C)
    held_out = NoisyLikelihood(z[left_out], y[left_out], ones[left_out], C)
    v = held_out.zeros()
    for strength in PATHS[penalty]:
        l1, l2 = (strength, 0.0) if penalty == "l1" else (0.0, strength)
        kind = partial(SparseLikelihood, l1=l1) if l1 else NoisyLikelihood
        found = kind(z[chosen], y[chosen], ones[chosen], C).minimise(told, l2, v, TOL, MAX_ITER)
        v = found.v
        w, b = held_out.split(v)
        yield {
            "strength": strength,
            "nonzero": float((w != 0).mean()),
            "noisy_log_likelihood": -held_out.loss(v, told),
            "accuracy": float(((z_test @ w + b).argmax(axis=1) == task.y_test).mean()),
            "converged": found.minimum.converged,
        }


def blocks(images):
    """Means of 2 x 2 pixels, as rows in [0, 1]. (N, H, W) or (N, H, W, K) bytes -> (N, H W K / 4) float32."""
    N, H, W, K = (*images.shape, 1)[:4]
    means = images.reshape(N, H // 2, 2, W // 2, 2, K).mean(axis=(2, 4), dtype=np.float32)
    return means.reshape(N, -1) / np.float32(255)


def chosen(rows, noise, T, penalty):
    """The row of each draw whose penalty left-out noisy labels choose: list of dict."""
    here = [row for row in rows if (row["noise"], row["T"], row["penalty"]) == (noise, T, penalty)]
    draws = sorted({row["draw"] for row in here})
    return [max((r for r in here if r["draw"] == d), key=lambda r: r["noisy_log_likelihood"]) for d in draws]


def picture(rows):
    """Accuracy above and exact zeros of W below, by the penalty l1, a panel a noise: a Figure.

    Points are means over draws; a hollow one has a fit that did not converge. The dotted line is the best of l2.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5.4), layout="constrained")
    axes = figure.subplots(2, len(NOISES), sharex=True, sharey="row", squeeze=False)
    for column, noise in zip(axes.T, NOISES, strict=True):
        for (T, name), color in zip(LINES.items(), (BLUE, ORANGE), strict=True):
            path = {strength: _at(rows, noise, T, strength) for strength in PATHS["l1"]}
            path = {strength: found for strength, found in path.items() if found}
            accuracy = [np.mean([row["accuracy"] for row in found]) for found in path.values()]
            zeros = [1 - np.mean([row["nonzero"] for row in found]) for found in path.values()]
            hollow = [strength for strength, found in path.items() if not all(row["converged"] for row in found)]
            for ax, values in zip(column, (accuracy, zeros), strict=True):
                ax.plot(path.keys(), values, "o-", color=color, label=name)
                left = [value for strength, value in zip(path, values, strict=True) if strength in hollow]
                ax.plot(hollow, left, "o", color="white", markeredgecolor=color, zorder=3)
        best = [row["accuracy"] for row in chosen(rows, noise, "known", "l2")]
        column[0].axhline(np.mean(best), color=GREY, linestyle=":", label="l2 that noisy labels choose, T known")
        column[0].set(title=SHAPES[noise], xscale="log")
        column[1].set(xlabel="penalty l1", xlim=(max(PATHS["l1"]) * 1.5, min(PATHS["l1"]) / 1.5))
    axes[0, 0].set_ylabel("accuracy on the clean test set")
    axes[1, 0].set_ylabel("share of exact zeros in W")
    for ax in axes.flat:
        ax.grid(color=PALE, linewidth=0.8)
        bare(ax)
    axes[0, 0].plot([], [], "o", color="white", markeredgecolor=BLACK, label="not all fits converged")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def _at(rows, noise, T, strength):
    """The rows of all draws at a penalty l1."""
    wanted = (noise, T, "l1", strength)
    return [row for row in rows if (row["noise"], row["T"], row["penalty"], row["strength"]) == wanted]


if __name__ == "__main__":
    command(measure, __doc__, draws=3)
