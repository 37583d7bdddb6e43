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
from .protocol import PRESETS, load_task

DATA, NOISES, SEED = "cifar10", ("0.5", "0.6"), 0
PATHS = {
    "l1": (3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4),
    "l2": (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003),
}
COMPARED = (("known", "l1"), ("known", "l2"), ("identity", "l1"))
TOL, MAX_ITER = 1e-4, 300


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


if __name__ == "__main__":
    command(measure, __doc__, draws=3)
