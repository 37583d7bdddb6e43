"""The best that is reached by hand: python -m scratchnoise.study.recipe --out FILE.jsonl [--quick].

Every candidate is the network with the forward loss and something more of what is built. One is chosen, the recipe: it
has the least mean of -log q_y, q = T p, on noisy labels of the 10 % that are left out, over all problems, in draws that
are none of the study's. Then the recipe and the network with the forward loss alone are trained on draws 0, 1, ..., and
scored on clean test labels. Where T is hidden, all are told the same estimate. A row of the report's problems takes ten
minutes on two cores, twice as long with two networks; all of them about ten hours. `--quick` takes a small part of
Fashion-MNIST and of garments, six epochs and half a minute a row. The same command goes on where it stopped.
"""

import argparse
import warnings

import numpy as np

from ..backend import current
from ..models import CoTeaching, NeuralNetwork
from ..models.conventions import ConvergenceWarning
from .experiment import recorded
from .grids import heading
from .jobs import T_ESTIMATES, Job
from .methods import ESTIMATES, FORWARD, NETWORK
from .protocol import PRESETS, load_task, pixels_of
from .selection import AS_GOOD, FIRST_DRAW, TOLD
from .statistics import compare

SEED, SELECTION_DRAWS = 0, 1
PROBLEMS = {
    "paper": (("fashion-mnist", "0.5"), ("fashion-mnist", "0.6"), ("cifar10", "hidden")),
    "quick": (("fashion-mnist", "0.6"), ("garments", "0.6")),
}
BASE = "forward"
AVERAGED = {"averaging": "exponential"}
CANDIDATES = {  # settings beside those of the forward loss
    BASE: {},
    "averaged": AVERAGED,
    "shifted": {"augmentation": "shift"},
    "shifted and averaged": {"augmentation": "shift", **AVERAGED},
    "mirrored and averaged": {"augmentation": "shift_flip", **AVERAGED},
    "mirrored, mixed and averaged": {"augmentation": "shift_flip", "mixup": 0.3, **AVERAGED},
    "co-teaching": {"forget_rate": 0.2},
    "early learning": {"loss": "early_learning", "learning_rate": 0.01, **AVERAGED},
    "relabelled": {"augmentation": "shift_flip", **AVERAGED},
}


def measure(out, draws=5, preset="paper"):
    """Append what `out` lacks: all candidates on the draws of the selection, then the base and the chosen one."""
    results = recorded(out, "data", "noise", "draw", "candidate", "preset")
    _measure(results, range(FIRST_DRAW, FIRST_DRAW + SELECTION_DRAWS), CANDIDATES, preset)
    _measure(results, range(draws), dict.fromkeys((BASE, chosen(results.rows(), preset))), preset)


def _measure(results, draws, candidates, preset):
    for draw in draws:
        for data, noise in PROBLEMS[preset]:
            for candidate in candidates:
                row = {"data": data, "noise": noise, "draw": draw, "candidate": candidate, "preset": preset}
                if tuple(row.values()) not in results:
                    results.append(row | {"backend": current()} | _scores(**row))


def _scores(data, noise, draw, candidate, preset):
    """{"noisy_loss", "noisy_accuracy"} on the labels left out and, in a draw of the study, "accuracy" on clean ones."""
    preset = PRESETS[preset]
    task = load_task(data, noise, preset, SEED, draw)
    x, x_test = pixels_of(data, preset, SEED, "network")
    T = np.asarray(_told(task, data, noise, draw, preset))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = fitted(candidate, x[task.chosen], task.y_noisy[task.chosen], T, preset.epochs, task.model_seed)
    p, y = model.predict_proba(x[task.left_out]), task.y_noisy[task.left_out]
    q = (p @ T.T)[np.arange(len(y)), y]
    found = {"noisy_loss": float(-np.log(np.maximum(q, TOLD)).mean())}
    found["noisy_accuracy"] = float((p.argmax(axis=1) == y).mean())
    return found if draw >= FIRST_DRAW else found | {"accuracy": model.score(x_test, task.y_test)}


def _told(task, data, noise, draw, preset):
    """T, or where it is hidden its estimate by the confident joint, as the study's methods are told it."""
    if task.T_known is not None:
        return task.T_known
    rows = Job(data, noise, T_ESTIMATES, draw, preset, SEED, current()).outcome()
    return next(row["T_hat"] for row in rows if row["method"] == ESTIMATES["confident_joint"])


def fitted(candidate, x, y, T, epochs, seed):
    """The model of a candidate, fitted to images x (N, H, W, K) and noisy labels y (N,)."""
    shared = {**NETWORK, **FORWARD, "T": T, "epochs": epochs, "random_state": seed, **CANDIDATES[candidate]}
    if candidate == "co-teaching":
        return CoTeaching(**shared).fit(x, y)
    if shared["loss"] != "forward":
        del shared["T"]
    model = NeuralNetwork(**shared).fit(x, y)
    if candidate != "relabelled":
        return model
    again = {**shared, "loss": "cross_entropy", "learning_rate": 0.01}
    del again["T"]
    return NeuralNetwork(**again).fit(x, relabelled(model.predict_proba(x), y, T))


def relabelled(p, y, T):
    """argmax_j T[y, j] p_j: the most probable true label given x and the noisy label. p (N, C), y (N,) -> (N,)."""
    return (T[y] * p).argmax(axis=1)


def chosen(rows, preset):
    """The candidate with the least noisy loss in the selection; BASE where none is better by more than AS_GOOD.

    Raises ValueError where a candidate was not run on every problem.
    """
    here = [row for row in rows if row["preset"] == preset and row["draw"] >= FIRST_DRAW]
    wanted = SELECTION_DRAWS * len(PROBLEMS[preset])
    for candidate in CANDIDATES:
        count = sum(row["candidate"] == candidate for row in here)
        if count != wanted:
            raise ValueError(f"{candidate} has {count} rows of {wanted} in the selection, run it first")
    means = selected(here)
    best = min(means, key=means.get)
    return best if means[best] < means[BASE] - AS_GOOD else BASE


def selected(rows):
    """{candidate: noisy loss in the selection, mean over its draws and problems}, for rows of one preset."""
    losses = {}
    for row in rows:
        if row["draw"] >= FIRST_DRAW:
            losses.setdefault(row["candidate"], []).append(row["noisy_loss"])
    return {candidate: float(np.mean(found)) for candidate, found in losses.items()}


def gain(rows, data, noise, preset, candidate):
    """Accuracy of a candidate - that of the forward loss alone, paired over draws: Difference, or None without rows."""
    runs = {name: {} for name in (candidate, BASE)}
    for row in rows:
        if (row["data"], row["noise"], row["preset"]) == (data, noise, preset) and "accuracy" in row:
            runs.setdefault(row["candidate"], {})[row["draw"]] = row["accuracy"]
    return compare(runs[candidate], runs[BASE])


def described(rows):
    """What was chosen, by which losses, and what it gains on each problem: list of str."""
    lines = []
    for preset, problems in PROBLEMS.items():
        here = [row for row in rows if row["preset"] == preset]
        if not here:
            lines.append(f"Preset {preset}: not run")
            continue
        name = chosen(here, preset)
        by_loss = sorted(selected(here).items(), key=lambda item: item[1])
        losses = ", ".join(f"{candidate} {loss:.4f}" for candidate, loss in by_loss)
        lines.append(f"Preset {preset}: chosen is {name!r}, by the noisy loss ({losses})")
        for data, noise in problems:
            found = gain(here, data, noise, preset, name) if name != BASE else None
            if found:
                shown = "shown" if found.is_shown else "not shown"
                lines.append(f"Preset {preset}, {heading(data, noise)}: {name} - {BASE} {found}, {shown}")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a small part of Fashion-MNIST and garments, six epochs")
    arguments = parser.parse_args()
    measure(arguments.out, arguments.draws, "quick" if arguments.quick else "paper")
