"""Where learning the flip rates by (19) ends, and what the likelihood says of that point.

Fashion-MNIST under (39), pixels in [-1, 1], ridge 0.003. EM runs from several starts, each with L-BFGS inside. SGD
makes 20 passes, at several steps, and averages the weights over half of them. The loss is the mean of -log (T p)_y
without the ridge; the objective has it.
"""

from functools import partial

import numpy as np

from .. import data, kernels
from ..data import images
from ..models import RobustSoftmaxRegression
from ..models.likelihood import NoisyLikelihood, Solution
from ..noise import MNIST06, corrupt

L2 = 0.003
DRAWS = 1
STEPS = (0.1, 0.02, 0.005, 0.002)
SAMPLES = 16200
EM_STEPS = 400  # of L-BFGS in all


def runs():
    """(name, function that measures) of every run, in order."""
    for draw in range(DRAWS):
        yield f"T known, draw {draw}", partial(_known, draw)
        for step in STEPS:
            yield f"SGD step {step:g}, draw {draw}", partial(_sgd, draw, step)
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
    return _described(problem, test, found.v, found.T)


def _em(draw, start):
    problem, test = _problem(draw)
    model = RobustSoftmaxRegression()
    found = model._solve(problem, L2, Solution(problem.zeros(), start, None), 1e-6, EM_STEPS)
    return _described(problem, test, found.v, found.T)


def _sgd(draw, step):
    """SGD of 20 passes; and the same weights with the rates that (19) finds for *them*, not for the last pass."""
    (x, y), _ = _task(draw)
    problem, test = _problem(draw)
    settings = {"solver": "sgd", "batch_size": 100, "max_iter": 20, "averaging": True, "tol": 0, "l2": L2}
    model = RobustSoftmaxRegression(learning_rate=step, random_state=draw, **settings).fit(x, y)
    v = np.concatenate([np.asarray(model.coef_.T, np.float64).ravel(), model.intercept_])
    row, T = _described(problem, test, v, np.array(model.T_)), np.array(model.T_)
    p = kernels.softmax(x @ model.coef_.T + model.intercept_)
    for _ in range(200):
        T = kernels.flip_rate_update(np.ascontiguousarray(T.T, p.dtype), p, y, np.ones(len(y), p.dtype)).T
    return {**row, "loss_with_rates_of_the_mean": problem.loss(v, T.astype(np.float64))}
