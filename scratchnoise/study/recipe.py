"""The best that is reached by hand: python -m scratchnoise.study.recipe --out FILE.jsonl chooses it on noisy labels.

Every candidate is the network with the forward loss and something more of what is built. A candidate learns from the
90 % of a draw that is none of the study's and is judged by the mean of -log q_y, q = T p, on the noisy labels of the
10 % that are left out. All run on the hardest problem, CIFAR-10, where T is an estimate, the same for all; the best
FINALISTS of them, and the forward loss alone, on the two others. The recipe is the one of these with the least mean
over the three problems. In the tables it is the method "NN recipe", beside "NN forward". Networks make half the
study's epochs here: four minutes a run on one core, eight with two networks, two hours in all. The same command goes on
where it stopped.
"""

import argparse
import warnings
from functools import lru_cache

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

PRESET, SEED, DRAW, EPOCHS, FINALISTS = PRESETS["paper"], 0, FIRST_DRAW, 15, 2
HARDEST, *OTHERS = PROBLEMS = (("cifar10", "hidden"), ("fashion-mnist", "0.5"), ("fashion-mnist", "0.6"))
BASE = "forward"
AVERAGED = {"averaging": "exponential"}
CANDIDATES = {  # settings beside those of the forward loss
    BASE: {},
    "averaged": AVERAGED,
    "shifted and averaged": {"augmentation": "shift", **AVERAGED},
    "mirrored and averaged": {"augmentation": "shift_flip", **AVERAGED},
    "mirrored, mixed and averaged": {"augmentation": "shift_flip", "mixup": 0.3, **AVERAGED},
    "co-teaching": {"forget_rate": 0.2},
    "early learning": {"loss": "early_learning", "learning_rate": 0.01, **AVERAGED},
    "relabelled": {"augmentation": "shift_flip", **AVERAGED},
}


def measure(out):
    """Append what `out` lacks: all candidates on the hardest problem, then the finalists on the others."""
    results = recorded(out, "data", "noise", "candidate")
    _measure(results, (HARDEST,), CANDIDATES)
    _measure(results, OTHERS, finalists(results.rows()))


def _measure(results, problems, candidates):
    for data, noise in problems:
        for candidate in candidates:
            row = {"data": data, "noise": noise, "candidate": candidate}
            if tuple(row.values()) not in results:
                results.append(row | {"draw": DRAW, "epochs": EPOCHS, "backend": current()} | _judged(**row))


def _judged(data, noise, candidate):
    """{"noisy_loss", "noisy_accuracy"} on the labels left out."""
    task = load_task(data, noise, PRESET, SEED, DRAW)
    x, _ = pixels_of(data, PRESET, SEED, "network")
    T = np.asarray(task.T_known if task.T_known is not None else _estimated(data, noise))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = fitted(candidate, x[task.chosen], task.y_noisy[task.chosen], T, EPOCHS, task.model_seed)
    p, y = model.predict_proba(x[task.left_out]), task.y_noisy[task.left_out]
    q = (p @ T.T)[np.arange(len(y)), y]
    accuracy = float((p.argmax(axis=1) == y).mean())
    return {"noisy_loss": float(-np.log(np.maximum(q, TOLD)).mean()), "noisy_accuracy": accuracy}


@lru_cache(maxsize=1)
def _estimated(data, noise):
    """T by the confident joint, as the study's methods are told it where it is hidden."""
    rows = Job(data, noise, T_ESTIMATES, DRAW, PRESET, SEED, current()).outcome()
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


def finalists(rows):
    """BASE and the best FINALISTS other candidates on the hardest problem: list of str.

    Raises ValueError where a candidate was not run there.
    """
    losses = _losses(rows, HARDEST)
    missing = [candidate for candidate in CANDIDATES if candidate not in losses]
    if missing:
        raise ValueError(f"{missing[0]} has no row of {HARDEST[0]}, run it first")
    others = sorted((candidate for candidate in losses if candidate != BASE), key=losses.get)
    return [BASE, *others[:FINALISTS]]


def chosen(rows):
    """The finalist with the least mean noisy loss over the problems; BASE where none is better by more than AS_GOOD.

    Raises ValueError where a finalist was not run on every problem.
    """
    means = means_of_finalists(rows)
    best = min(means, key=means.get)
    return best if means[best] < means[BASE] - AS_GOOD else BASE


def means_of_finalists(rows):
    """{finalist: noisy loss, mean over the problems}. Raises ValueError where a finalist was not run on every one."""
    names, losses = finalists(rows), [_losses(rows, problem) for problem in PROBLEMS]
    for name in names:
        if any(name not in found for found in losses):
            raise ValueError(f"{name} was not run on every problem, run it first")
    return {name: float(np.mean([found[name] for found in losses])) for name in names}


def _losses(rows, problem):
    return {row["candidate"]: row["noisy_loss"] for row in rows if (row["data"], row["noise"]) == problem}


def described(rows):
    """What was chosen, and by which losses: list of str."""
    name = chosen(rows)
    hardest, means = _losses(rows, HARDEST), means_of_finalists(rows)
    return [
        f"Chosen is {name!r}. Mean noisy loss over the three problems: {_listed(means)}",
        f"{heading(*HARDEST)}, all candidates: {_listed(hardest)}",
    ]


def _listed(losses):
    return ", ".join(f"{candidate} {losses[candidate]:.4f}" for candidate in sorted(losses, key=losses.get))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE")
    measure(parser.parse_args().out)
