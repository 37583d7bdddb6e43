"""The best that is reached by hand: python -m scratchnoise.study.recipe --out FILE.jsonl.

Every candidate is the network with the forward loss and something more of what is built. A candidate learns from one
half of the noisy labels of a draw that is none of the study's, and is judged by the mean of -log q_y, q = T p, on the
other half; then the halves change places, so that every noisy label judges once. A tenth, as `selection` leaves out,
would be too few: candidates differ by thousandths here. All run under (38), where a noisy label says most about the
true one; the best FINALISTS of them, and the forward loss alone, on the two other problems. On CIFAR-10 T is an
estimate, the same for all. The recipe is the one of these with the least mean over the three problems. Then it is
trained on draws 0, 1, ... of the study and scored on clean test labels beside the study's rows of "NN forward". A run
takes seven minutes on one core, twice as long with two networks, all about four hours. The same command goes on where
it stopped.
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
from .selection import FIRST_DRAW, TOLD
from .statistics import compare

PRESET, SEED, DRAWS, FINALISTS = PRESETS["paper"], 0, 5, 2
BLOCKS = 10  # of the labels of a half: means over them tell how well a difference is known
FIRST, *OTHERS = PROBLEMS = (("fashion-mnist", "0.5"), ("fashion-mnist", "0.6"), ("cifar10", "hidden"))
BASE, RELABELLED = "forward", "relabelled"
AVERAGED = {"averaging": "exponential"}
MIRRORED = {"augmentation": "shift_flip", **AVERAGED}
CANDIDATES = {  # settings beside those of the forward loss; the last three add one thing each to "mirrored"
    BASE: {},
    "averaged": AVERAGED,
    "mirrored": MIRRORED,
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
                    found = (_judged if draw >= FIRST_DRAW else _tested)(**row)
                    results.append(row | {"backend": current()} | found)


def _judged(data, noise, draw, candidate):
    """The mean of -log q_y over all noisy labels, none of which its model learnt from.

    {"noisy_loss", "noisy_losses": the means of blocks of labels, which are the same for all candidates}.
    """
    task, x, T = _problem(data, noise, draw)
    losses = []
    order = np.random.default_rng(draw).permutation(len(x))
    for learnt, left_out in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        model = fitted(candidate, x[learnt], task.y_noisy[learnt], T, PRESET.epochs, task.model_seed)
        p, y = model.predict_proba(x[left_out]), task.y_noisy[left_out]
        q = (p @ T.T)[np.arange(len(y)), y]
        losses += [-np.log(np.maximum(block, TOLD)).mean() for block in np.array_split(q, BLOCKS)]
    return {"noisy_loss": float(np.mean(losses)), "noisy_losses": [float(loss) for loss in losses]}


def _tested(data, noise, draw, candidate):
    """{"accuracy"} on clean test labels of the candidate that learnt from the study's 90 % of a draw."""
    task, x, T = _problem(data, noise, draw)
    model = fitted(candidate, x[task.chosen], task.y_noisy[task.chosen], T, PRESET.epochs, task.model_seed)
    return {"accuracy": model.score(pixels_of(data, PRESET, SEED, "network")[1], task.y_test)}


def _problem(data, noise, draw):
    """The Task of a draw, its images as the network takes them, and the T that is told."""
    task = load_task(data, noise, PRESET, SEED, draw)
    T = task.T_known if task.T_known is not None else _estimated(data, noise, draw)
    return task, pixels_of(data, PRESET, SEED, "network")[0], np.asarray(T)


@lru_cache(maxsize=1)
def _estimated(data, noise, draw):
    """T by the confident joint, as the study's methods are told it where it is hidden."""
    rows = Job(data, noise, T_ESTIMATES, draw, PRESET, SEED, current()).outcome()
    return next(row["T_hat"] for row in rows if row["method"] == ESTIMATES["confident_joint"])


def fitted(candidate, x, y, T, epochs, seed):
    """The model of a candidate, fitted to images x (N, H, W, K) and noisy labels y (N,)."""
    shared = {**NETWORK, **FORWARD, "T": T, "epochs": epochs, "random_state": seed, **CANDIDATES[candidate]}
    if shared["loss"] != "forward":
        del shared["T"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = (CoTeaching if "forget_rate" in shared else NeuralNetwork)(**shared).fit(x, y)
        if candidate != RELABELLED:
            return model
        labels = relabelled(model.predict_proba(x), y, T)
        if len(np.unique(labels)) < 2:  # a network that still guesses has nothing to teach
            return model
        again = {**shared, "loss": "cross_entropy", "learning_rate": 0.01}
        del again["T"]
        return NeuralNetwork(**again).fit(x, labels)


def relabelled(p, y, T):
    """argmax_j T[y, j] p_j: the most probable true label given x and the noisy label. p (N, C), y (N,) -> (N,)."""
    return (T[y] * p).argmax(axis=1)


def finalists(rows):
    """BASE and the best FINALISTS other candidates on FIRST: list of str.

    Raises ValueError where a candidate was not run there.
    """
    losses = {name: row["noisy_loss"] for name, row in _selection(rows, FIRST).items()}
    missing = [candidate for candidate in CANDIDATES if candidate not in losses]
    if missing:
        raise ValueError(f"{missing[0]} has no row of {FIRST[0]}, run it first")
    others = sorted((candidate for candidate in losses if candidate != BASE), key=losses.get)
    return [BASE, *others[:FINALISTS]]


def chosen(rows):
    """The finalist with the least mean noisy loss over the problems. ValueError as `means_of_finalists`."""
    means = means_of_finalists(rows)
    return min(means, key=means.get)


def means_of_finalists(rows):
    """{finalist: noisy loss, mean over the problems}. Raises ValueError where a finalist was not run on every one."""
    names, found = finalists(rows), [_selection(rows, problem) for problem in PROBLEMS]
    for name in names:
        if any(name not in here for here in found):
            raise ValueError(f"{name} was not run on every problem, run it first")
    return {name: float(np.mean([here[name]["noisy_loss"] for here in found])) for name in names}


def _selection(rows, problem):
    """{candidate: its row of the selection} on a problem."""
    here = [row for row in rows if (row["data"], row["noise"]) == problem and row["draw"] == FIRST_DRAW]
    return {row["candidate"]: row for row in here}


def reached(rows, results, problem, candidate):
    """{run: accuracy} of a candidate and of the study's "NN forward", of the draws that both have: two dict."""
    here = [row for row in rows if (row["data"], row["noise"]) == problem and "accuracy" in row]
    ours = {(row["draw"], row["draw"]): row["accuracy"] for row in here if row["candidate"] == candidate}
    theirs = {run: a for run, a in accuracies(results, problem, "NN forward").items() if run in ours}
    return {run: ours[run] for run in theirs}, theirs


def table(rows, results):
    """The lines of a table in Markdown: mean accuracy on clean test labels of the recipe and of NN forward."""
    name = chosen(rows)
    lines = [f"| problem | {name} | NN forward | difference | draws |", "| --- | --- | --- | --- | --- |"]
    for problem in PROBLEMS:
        pair = reached(rows, results, problem, name)
        if pair[0]:
            means = " | ".join(f"{np.mean(list(runs.values())):.3f}" for runs in pair)
            lines.append(f"| {heading(*problem)} | {means} | {shown(compare(*pair))} | {len(pair[0])} |")
    return lines


def described(rows):
    """Which candidate was chosen, and how well the noisy labels tell the candidates apart: list of str."""
    means = means_of_finalists(rows)
    listed = ", ".join(f"{name} {means[name]:.4f}" for name in sorted(means, key=means.get))
    lines = [f"Chosen is {chosen(rows)!r}. Mean noisy loss over the three problems: {listed}"]
    for problem in PROBLEMS:
        blocks = {name: dict(enumerate(row["noisy_losses"])) for name, row in _selection(rows, problem).items()}
        gaps = {name: compare(found, blocks[BASE]) for name, found in blocks.items() if name != BASE}
        texts = (f"{name} {_thousandths(gaps[name])}" for name in sorted(gaps, key=lambda name: gaps[name].mean))
        lines.append(f"{heading(*problem)}, noisy loss less that of {BASE}, in thousandths: {', '.join(texts)}")
    return lines


def _thousandths(gap):
    return f"{1000 * gap.mean:+.1f} [{1000 * gap.low:+.1f}, {1000 * gap.high:+.1f}]"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--draws", type=int, default=DRAWS)
    arguments = parser.parse_args()
    measure(arguments.out, arguments.draws)
