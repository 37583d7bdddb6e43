"""Where learning the flip rates by (19) ends, and what the likelihood says of that point.

Fashion-MNIST under (39), pixels in [-1, 1], ridge 0.003. EM runs from several starts, each with L-BFGS inside. SGD
makes 20 passes, at several steps, and averages the weights over half of them. A smaller step also goes less far; the
control makes so many passes that step x passes is the same. The loss is the mean of -log (T p)_y without the ridge; the
objective has it.
"""

from functools import partial

import numpy as np

from .. import data, kernels
from ..data import images
from ..models import RobustSoftmaxRegression
from ..models.likelihood import NoisyLikelihood, Solution
from ..noise import MNIST06, corrupt
from .statistics import compare

L2 = 0.003
DRAWS = 3
STEPS, PASSES = (0.1, 0.02, 0.005, 0.002), 20
SAMPLES = 16200
EM_STEPS = 400  # of L-BFGS in all


def runs():
    """(name, function that measures) of every run, in order."""
    for draw in range(DRAWS):
        yield f"T known, draw {draw}", partial(_known, draw)
        for step in STEPS:
            yield f"SGD step {step:g}, draw {draw}", partial(_sgd, draw, step, PASSES)
        for step in STEPS[1:]:
            yield f"SGD step {step:g}, as far, draw {draw}", partial(_sgd, draw, step, round(PASSES * STEPS[0] / step))
        for name, start in _starts().items():
            yield f"EM from {name}, draw {draw}", partial(_em, draw, start)


def _starts():
    uneven = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
    starts = {f"{share:g} redrawn": (1 - share) * np.eye(3) + share / 3 for share in (0.2, 0.5, 0.8)}
    return {**starts, "uneven": uneven, "the true T": np.array(MNIST06)}


def _task(draw):
    """Pixels and noisy labels of a draw, pixels and labels of the test set."""
    clothes = data.load("fashion-mnist")
    rng = np.random.default_rng([39, draw])
    y_noisy = corrupt(clothes.y_train, MNIST06, rng)
    chosen = rng.permutation(len(y_noisy))[:SAMPLES]
    x, x_test = (2 * images.for_linear_model(part) - 1 for part in (clothes.x_train[chosen], clothes.x_test))
    return (x, y_noisy[chosen]), (x_test, clothes.y_test)


def _problem(draw):
    (x, y), test = _task(draw)
    return NoisyLikelihood(x, y, np.ones(len(y)), 3), test


def _described(problem, test, v, T):
    w, b = problem.split(np.asarray(v, np.float64))
    loss = problem.loss(v, T)
    return {
        "loss": loss,
        "objective": loss + 0.5 * L2 * float(np.vdot(w, w)),
        "accuracy": float(np.mean((test[0] @ w + b).argmax(axis=1) == test[1])),
        "T": T,
    }


def _known(draw):
    problem, test = _problem(draw)
    found = problem.minimise(np.array(MNIST06), L2, problem.zeros(), 1e-4, EM_STEPS)
    return _described(problem, test, found.v, found.T) | {"steps": found.minimum.steps}


def _em(draw, start):
    problem, test = _problem(draw)
    model = RobustSoftmaxRegression()
    found = model._solve(problem, L2, Solution(problem.zeros(), start, None), 1e-6, EM_STEPS)
    return _described(problem, test, found.v, found.T) | {"steps": found.minimum.steps}


def _sgd(draw, step, passes):
    """SGD; and the same weights with the rates that (19) finds for *them*, not for the last pass."""
    (x, y), _ = _task(draw)
    problem, test = _problem(draw)
    settings = {"solver": "sgd", "batch_size": 100, "max_iter": passes, "averaging": True, "tol": 0, "l2": L2}
    model = RobustSoftmaxRegression(learning_rate=step, random_state=draw, **settings).fit(x, y)
    v = np.concatenate([np.asarray(model.coef_.T, np.float64).ravel(), model.intercept_])
    row, T = _described(problem, test, v, np.array(model.T_)), np.array(model.T_)
    p = kernels.softmax(x @ model.coef_.T + model.intercept_)
    for _ in range(200):
        T = kernels.flip_rate_update(np.ascontiguousarray(T.T, p.dtype), p, y, np.ones(len(y), p.dtype)).T
    return {**row, "step": step, "passes": passes, "loss_with_rates_of_the_mean": problem.loss(v, T.astype(np.float64))}


def by_run(found):
    """{run without its draw: {draw: row}}."""
    runs = {}
    for row in found:
        name, draw = row["run"].split(", draw ")
        runs.setdefault(name, {})[int(draw)] = row
    return runs


def described(found):
    """What the likelihood says of learnt flip rates, in the mean of the draws."""
    runs = by_run(found)
    known, em = runs["T known"], {name: rows for name, rows in runs.items() if name.startswith("EM")}
    best = {draw: max(rows[draw]["accuracy"] for rows in em.values()) for draw in known}
    cost = compare({draw: row["accuracy"] for draw, row in known.items()}, best)
    diagonals = [np.diag(row["T"]) for rows in em.values() for row in rows.values()]
    low, high = (
        pick(r["loss"] - known[d]["loss"] for rows in em.values() for d, r in rows.items()) for pick in (min, max)
    )
    prefers = "prefers rates that are too clean" if high < 0 else "does not prefer other rates everywhere"
    steps = [
        f"{row['step']:g} in {row['passes']} passes {_mean(rows, 'accuracy'):.3f} at {_gap(rows, known):+.4f}, "
        f"diagonal {np.mean([np.diag(r['T']) for r in rows.values()]):.2f}"
        for name, rows in runs.items()
        if name.startswith("SGD")
        for row in [rows[min(rows)]]
    ]
    sgd = [row for name, rows in runs.items() if name.startswith("SGD") for row in rows.values()]
    stale = [row["loss"] - row["loss_with_rates_of_the_mean"] for row in sgd]
    return (
        f"Fashion-MNIST, (39), a ridge of 0.003, {len(known)} draws. Told T the loss is {_mean(known, 'loss'):.4f} and "
        f"the accuracy {_mean(known, 'accuracy'):.3f}. EM of at most {EM_STEPS} steps of L-BFGS from {len(em)} starts, "
        f"the true T among them, was stopped at losses that are {-high:.4f} to {-low:.4f} lower and diagonals of "
        f"{np.min(diagonals):.2f} to {np.max(diagonals):.2f}: the likelihood {prefers}. The most accurate of the "
        f"{len(em)} costs {cost} of accuracy beside T known. SGD, by step and passes, accuracy and how far its loss is "
        f"above that of T known: {'; '.join(steps)}. Passes in proportion to 1 / step are the control for going less "
        "far. Averaging the weights keeps the rates of the last pass; those that (19) finds for the averaged weights "
        f"have a loss that is {min(stale):.4f} to {max(stale):.4f} lower."
    )


def _mean(rows, field):
    return np.mean([row[field] for row in rows.values()])


def _gap(rows, known):
    return np.mean([row["loss"] - known[draw]["loss"] for draw, row in rows.items()])
