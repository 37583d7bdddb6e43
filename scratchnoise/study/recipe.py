"""The best that is reached by hand: python -m scratchnoise.study.recipe --out FILE.jsonl.

Every candidate is the network with the forward loss and something more of what is built. A candidate learns from the
90 % of a draw that is none of the study's and is judged by the mean of -log q_y, q = T p, on the noisy labels of the
10 % that are left out. All run under (38), where a noisy label says most about the true one; the best FINALISTS of
them, and the forward loss alone, on the two other problems. On CIFAR-10 T is an estimate, the same for all. The recipe
is the one of these with the least mean over the three problems. Then it is trained on draws 0, 1, ... of the study and
scored on clean test labels beside the study's rows of "NN forward". A run takes seven minutes on one core, twice as
long with two networks, all about four hours. The same command goes on where it stopped.
"""

import argparse
import warnings
from functools import lru_cache

import numpy as np

from ..backend import current
from ..models import CoTeaching, NeuralNetwork
from ..models.conventions import ConvergenceWarning
from .answers.answer import shown
from .experiment import recorded
from .findings import accuracies
from .grids import heading
from .jobs import T_ESTIMATES, Job
from .methods import ESTIMATES, FORWARD, NETWORK
from .protocol import PRESETS, load_task, pixels_of
from .selection import AS_GOOD, FIRST_DRAW, TOLD
from .statistics import compare

PRESET, SEED, DRAWS, FINALISTS = PRESETS["paper"], 0, 5, 2
FIRST, *OTHERS = PROBLEMS = (("fashion-mnist", "0.5"), ("fashion-mnist", "0.6"), ("cifar10", "hidden"))
BASE, RELABELLED = "forward", "relabelled"
AVERAGED = {"averaging": "exponential"}
MIRRORED = {"augmentation": "shift_flip", **AVERAGED}
CANDIDATES = {  # settings beside those of the forward loss; the last four add one thing each to "mirrored"
    BASE: {},
    "averaged": AVERAGED,
    "shifted": {"augmentation": "shift", **AVERAGED},
    "mirrored": MIRRORED,
    "mixed": {"mixup": 0.3, **MIRRORED},
    "co-teaching": {"forget_rate": 0.2, **MIRRORED},
    "early learning": {"loss": "early_learning", "learning_rate": 0.01, **MIRRORED},
    RELABELLED: MIRRORED,
}


def measure(out, draws=DRAWS):
    """Append what `out` lacks: the selection, on the first problem first, then the recipe on draws of the study."""
    results = recorded(out, "data", "noise", "draw", "candidate")
    _measure(results, (FIRST,), (FIRST_DRAW,), CANDIDATES)
    _measure(results, OTHERS, (FIRST_DRAW,), finalists(results.rows()))
    _measure(results, PROBLEMS, range(draws), [chosen(results.rows())])


def _measure(results, problems, draws, candidates):
    for draw in draws:
        for data, noise in problems:
            for candidate in candidates:
                row = {"data": data, "noise": noise, "draw": draw, "candidate": candidate}
                if tuple(row.values()) not in results:
                    results.append(row | {"backend": current()} | _scores(**row))


def _scores(data, noise, draw, candidate):
    """{"noisy_loss", "noisy_accuracy"} on the labels left out and, in a draw of the study, "accuracy" on clean ones."""
    task = load_task(data, noise, PRESET, SEED, draw)
    x, x_test = pixels_of(data, PRESET, SEED, "network")
    T = np.asarray(task.T_known if task.T_known is not None else _estimated(data, noise, draw))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = fitted(candidate, x[task.chosen], task.y_noisy[task.chosen], T, PRESET.epochs, task.model_seed)
    p, y = model.predict_proba(x[task.left_out]), task.y_noisy[task.left_out]
    q = (p @ T.T)[np.arange(len(y)), y]
    found = {"noisy_loss": float(-np.log(np.maximum(q, TOLD)).mean())}
    found["noisy_accuracy"] = float((p.argmax(axis=1) == y).mean())
    return found if draw >= FIRST_DRAW else found | {"accuracy": model.score(x_test, task.y_test)}


@lru_cache(maxsize=1)
def _estimated(data, noise, draw):
    """T by the confident joint, as the study's methods are told it where it is hidden."""
    rows = Job(data, noise, T_ESTIMATES, draw, PRESET, SEED, current()).outcome()
    return next(row["T_hat"] for row in rows if row["method"] == ESTIMATES["confident_joint"])


def fitted(candidate, x, y, T, epochs, seed):
    """The model of a candidate, fitted to images x (N, H, W, K) and noisy labels y (N,)."""
    shared = {**NETWORK, **FORWARD, "T": T, "epochs": epochs, "random_state": seed, **CANDIDATES[candidate]}
    if "forget_rate" in shared:
        return CoTeaching(**shared).fit(x, y)
    if shared["loss"] != "forward":
        del shared["T"]
    model = NeuralNetwork(**shared).fit(x, y)
    if candidate != RELABELLED:
        return model
    again = {**shared, "loss": "cross_entropy", "learning_rate": 0.01}
    del again["T"]
    return NeuralNetwork(**again).fit(x, relabelled(model.predict_proba(x), y, T))


def relabelled(p, y, T):
    """argmax_j T[y, j] p_j: the most probable true label given x and the noisy label. p (N, C), y (N,) -> (N,)."""
    return (T[y] * p).argmax(axis=1)


def finalists(rows):
    """BASE and the best FINALISTS other candidates on FIRST: list of str.

    Raises ValueError where a candidate was not run there.
    """
    losses = _losses(rows, FIRST)
    missing = [candidate for candidate in CANDIDATES if candidate not in losses]
    if missing:
        raise ValueError(f"{missing[0]} has no row of {FIRST[0]}, run it first")
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
    """{candidate: its noisy loss in the selection} on a problem."""
    here = [row for row in rows if (row["data"], row["noise"]) == problem and row["draw"] == FIRST_DRAW]
    return {row["candidate"]: row["noisy_loss"] for row in here}


def gain(rows, results, problem, candidate):
    """Accuracy of a candidate - that of the study's rows of "NN forward", paired over draws: Difference, or None."""
    here = [row for row in rows if (row["data"], row["noise"]) == problem and "accuracy" in row]
    reached = {(r["draw"], r["draw"]): r["accuracy"] for r in here if r["candidate"] == candidate}
    return compare(reached, accuracies(results, problem, "NN forward"))


def described(rows, results):
    """What was chosen, by which losses, and what it gains on each problem: list of str. results: the study's rows."""
    name = chosen(rows)
    first, means = _losses(rows, FIRST), means_of_finalists(rows)
    lines = [
        f"Chosen is {name!r}. Mean noisy loss over the three problems: {_listed(means)}",
        f"{heading(*FIRST)}, all candidates: {_listed(first)}",
    ]
    for problem in PROBLEMS if name != BASE else ():
        found = gain(rows, results, problem, name)
        lines.append(f"{heading(*problem)}: {name} - NN forward {shown(found) if found else 'not run'}")
    return lines


def _listed(losses):
    return ", ".join(f"{candidate} {losses[candidate]:.4f}" for candidate in sorted(losses, key=losses.get))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--draws", type=int, default=DRAWS)
    arguments = parser.parse_args()
    measure(arguments.out, arguments.draws)
