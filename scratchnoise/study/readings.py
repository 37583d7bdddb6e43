"""What the report can mean by an iteration of its linear methods: python -m scratchnoise.study.readings.

It says: batch size 100, step 0.1, at most 1000 iterations (rMLR: 250), "all gradient descent runs have converged within
a tolerance of 3e-6". An iteration is read as a minibatch step, as a pass of minibatch steps, and as an iteration of
L-BFGS over the whole batch; pixels as [0, 1], [0, 1] less their mean image, and [-1, 1]. A run that has converged
stands on a plateau: its accuracy moves neither when more iterations are made nor when pixels are scaled otherwise. The
reading that moves least is chosen, not the one whose number is nearest to the report's.

Steps are stable while step x curvature < 2. The curvature of softmax regression where all classes are equally likely is
the largest eigenvalue of E[x x^T] (with a 1 for the bias) over C = 3. Whole-batch descent, which has no noise of
minibatches, is run with the same step to see whether its loss rises.

One line of the file is one reading with its settings on one draw; the same command goes on where it stopped.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

from .. import __version__, kernels
from ..backend import backend as using_backend
from ..backend import current, resolve
from ..models import RobustSoftmaxRegression, SoftmaxRegression
from ..models.conventions import ConvergenceWarning
from .methods import MLR, STEPS
from .protocol import PRESETS, data_hash, load_task, noise_hash, pixels_of
from .rows_file import RowsFile

FILE = Path(__file__).parents[2] / "tutorials" / "results" / "readings.jsonl"
FIRST_DRAW = 2000  # the study draws 0, 1, 2, ...
DATA, NOISES = "fashion-mnist", ("0.5", "0.6")
PIXELS = ("unit", "centred", "symmetric")
MODELS = {"MLR": SoftmaxRegression, "rMLR": RobustSoftmaxRegression}
BUDGETS = {  # reading -> method -> after how many iterations it is scored
    "minibatch steps": {"MLR": (250, 500, 1000), "rMLR": (60, 125, 250)},
    "passes": {"MLR": (40, 75, 150), "rMLR": (40, 75, 150)},
    "batch": {"MLR": (75, 150, 300), "rMLR": (60, 125, 250)},
}
DESCENTS = (0.1, 0.05)  # step sizes of whole-batch descent
DESCENT_STEPS = 80


def measure(out=FILE, draws=2, backend=None, preset="paper", seed=0):
    """Append what the file `out` lacks and return its rows: list of dict."""
    table = resolve(backend) if backend else current()
    results = RowsFile(out, identity)
    for draw in range(FIRST_DRAW, FIRST_DRAW + draws):
        for noise in NOISES:
            about = {"data": DATA, "noise": noise, "draw": draw, "seed": seed, "preset": preset}
            known = (DATA, PRESETS[preset], seed)
            hashes = {"data_hash": data_hash(*known), "noise_hash": noise_hash(DATA, noise, *known[1:])}
            about |= hashes | {"backend": table, "version": __version__}
            for plan in _plan():
                if identity({**about, **plan}) in results:
                    continue
                with using_backend(table), warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)
                    results.append({**about, **plan, **_run(plan, noise, PRESETS[preset], seed, draw)})
                print(noise, *plan.values(), f"draw {draw}", file=sys.stderr)
    return results.rows()


def identity(row):
    """The key of a row. Raises ValueError for what is no row of the grid."""
    fields = ("data_hash", "noise_hash", "preset", "seed", "draw", "reading", "method", "pixels", "learning_rate")
    missing = [name for name in fields if not isinstance(row, dict) or not isinstance(row.get(name), str | int | float)]
    if missing:
        raise ValueError(f"no row of the readings, it has no {missing[0]}")
    return tuple(row[name] for name in fields)


def _plan():
    for reading, methods in BUDGETS.items():
        for method in methods:
            for pixels in PIXELS:
                yield {"reading": reading, "method": method, "pixels": pixels, "learning_rate": STEPS["learning_rate"]}
    for pixels in PIXELS:
        for rate in DESCENTS:
            yield {"reading": "whole-batch descent", "method": "MLR", "pixels": pixels, "learning_rate": rate}


def _run(plan, noise, preset, seed, draw):
    task = load_task(DATA, noise, preset, seed, draw)
    train, test = pixels_of(DATA, preset, seed, plan["pixels"])
    if plan["reading"] == "whole-batch descent":
        return _descend(train[task.chosen], task, test, plan["learning_rate"])
    given = {"T": task.T_known} if plan["method"] == "rMLR" else {}
    budgets = BUDGETS[plan["reading"]][plan["method"]]
    run = _by_batch if plan["reading"] == "batch" else _by_minibatches
    shared = {**given, "l2": 0.0, "tol": MLR["tol"], "random_state": np.random.default_rng(task.model_seed)}
    x = train[task.chosen], task.y_noisy[task.chosen], test, task.y_test
    steps = plan["reading"] == "minibatch steps"
    return {"budgets": budgets, **run(MODELS[plan["method"]], shared, x, budgets, steps)}


def _by_batch(model, shared, data, budgets, _):
    x, y, x_test, y_test = data
    found = {"accuracy": [], "converged": []}
    for budget in budgets:
        fitted = model(**shared, max_iter=budget).fit(x.astype(np.float64), y)
        found["accuracy"].append(fitted.score(x_test.astype(np.float64), y_test))
        found["converged"].append(bool(fitted.converged_))
    return found


def _by_minibatches(model, shared, data, budgets, steps):
    """One run, scored on its way: each part begins with the weights of the last one."""
    x, y, x_test, y_test = data
    found, done = {"accuracy": [], "converged": []}, 0
    fitted = model(**shared, solver="sgd", learning_rate=0.1, batch_size=100, warm_start=True)
    for budget in budgets:
        more = {"max_steps": budget - done, "max_iter": 1000} if steps else {"max_iter": budget - done}
        fitted.set_params(**more).fit(x, y)
        found["accuracy"].append(fitted.score(x_test, y_test))
        settled = len(fitted.history_) > 1 and _last_change(fitted.history_) < shared["tol"]
        found["converged"].append(bool(settled))
        done = budget
    return found


def _last_change(history):
    return abs(history[-1]["loss"] - history[-2]["loss"])


def _descend(x, task, test, rate):
    """How often the loss of whole-batch descent rises, and step x curvature, which should be below 2."""
    y, C = task.y_noisy[task.chosen], len(task.classes)
    w, b = np.zeros((x.shape[1], C), x.dtype), np.zeros(C, x.dtype)
    T, ones, losses = np.eye(C, dtype=x.dtype), np.ones(len(x), x.dtype), []
    for _ in range(DESCENT_STEPS):
        loss, dw, db = kernels.linear_loss_grad(w, b, x, y, T, ones)
        losses.append(float(loss))
        w, b = (w - rate * dw).astype(x.dtype), (b - rate * db).astype(x.dtype)
    accuracy = float(((test @ w + b).argmax(axis=1) == task.y_test).mean())
    rows = np.column_stack([x, ones]).astype(np.float64)
    largest = np.linalg.eigvalsh(rows.T @ rows / len(rows))[-1]
    rises = int((np.diff(losses) > 0).sum())
    return {"step_times_curvature": rate * largest / C, "rises": rises, "steps": DESCENT_STEPS, "accuracy": [accuracy]}


def movements(rows):
    """{(reading, method): by how much accuracy moves}: over the last two budgets and over the scales of the pixels.

    The larger of the two for each noise, both of means over draws; then the mean over noises.
    """
    found = {}
    for reading, methods in BUDGETS.items():
        for method in methods:
            for noise in NOISES:
                means = [m for pixels in PIXELS if (m := mean_accuracy(rows, reading, method, pixels, noise))]
                if means:
                    over_budgets = max(abs(m[-1] - m[-2]) for m in means)
                    over_scales = np.ptp([m[-1] for m in means])
                    found.setdefault((reading, method), []).append(max(over_budgets, over_scales))
    return {key: float(np.mean(moved)) for key, moved in found.items()}


def mean_accuracy(rows, reading, method, pixels, noise):
    """The mean over draws after each budget: list, empty where nothing was measured."""
    asked = (reading, method, pixels, noise)
    drawn = [r["accuracy"] for r in rows if (r["reading"], r["method"], r["pixels"], r["noise"]) == asked]
    return np.mean(drawn, axis=0).tolist() if drawn else []


def chosen(rows):
    """The reading whose accuracies move least, all methods together: str."""
    moved = movements(rows)
    return min(BUDGETS, key=lambda reading: sum(moved[reading, method] for method in MODELS))


def described(rows):
    """Every reading with its accuracies under (38) | (39), what moves, and the curvatures: list of lines."""
    moved, lines = movements(rows), []
    for reading, methods in BUDGETS.items():
        for method, budgets in methods.items():
            lines.append(f"{method}, {reading} {budgets}: moves by {moved[reading, method]:.3f}")
            for pixels in PIXELS:
                texts = (" ".join(f"{m:.3f}" for m in mean_accuracy(rows, reading, method, pixels, n)) for n in NOISES)
                lines.append(f"    {pixels:<10} {'   |   '.join(texts)}")
    total = {reading: sum(moved[reading, method] for method in MODELS) for reading in BUDGETS}
    order = sorted(total, key=total.get)
    lines.append(f"moves least: {', then '.join(f'{reading} ({total[reading]:.3f} in all)' for reading in order)}")
    for row in rows:
        if row["reading"] == "whole-batch descent" and row["draw"] == FIRST_DRAW:
            lines.append(
                f"whole-batch descent, {row['pixels']}, noise {row['noise']}, step {row['learning_rate']}: step x "
                f"curvature {row['step_times_curvature']:.2f}, the loss rises in {row['rises']} of {row['steps']} steps"
            )
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=FILE, type=Path, metavar="FILE")
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--backend")
    parser.add_argument("--preset", default="paper")
    arguments = parser.parse_args()
    print(*described(measure(arguments.out, arguments.draws, arguments.backend, arguments.preset)), sep="\n")
