"""The settings of our own methods, chosen on noisy labels: python -m scratchnoise.study.selection [--backend cupy].

Every candidate learns from the 90 % of a draw and is judged on the noisy labels of the 10 % that are left out, by the
mean of -log q_y, where q = T p for a method that is told T and q = p for one that is not. No clean label and no test
sample is used, and the draws are none of the study's. One line of the file is one candidate on one draw; the choice is
the candidate with the least mean over draws and noises; settings in use stay where nothing is better by
AS_GOOD. Settings are varied one at a time around those of `methods`.
The same command goes on where it stopped; without work to do it prints the table and the choice.
"""

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

from .. import __version__
from ..backend import backend as using_backend
from ..backend import current, resolve
from ..content import content_of
from ..models.conventions import ConvergenceWarning
from ..network.training import TrainingDiverged
from .methods import BACKWARD, FORWARD, METHODS, PLAIN, TUNED
from .protocol import PRESETS, data_hash, load_task, noise_hash, pixels_of
from .rows_file import RowsFile

FILE = Path(__file__).parents[2] / "tutorials" / "results" / "selection.jsonl"
FIRST_DRAW = 1000  # the study draws 0, 1, 2, ...
SETTING = ("fashion-mnist", ("0.5", "0.6"))
AS_GOOD = 1e-3  # of a mean loss near 1.06; its standard error over 1,800 labels is larger
DRAWS, NETWORK_DRAWS = 2, 1
TOLD = 1e-12  # a noisy posterior of 0 for a label that occurred

GRID = {  # method -> setting -> its candidates; of networks the epoch is chosen as well
    "rMLR (tuned)": {
        "l2": (1e-3, 3e-3, 1e-2, 3e-2),
        "max_iter": (10, 20, 40),
        "learning_rate": (0.3, 0.03),
        "averaging": (False,),
    },
    "MLR (own settings)": {"l2": (3e-3, 3e-2, 1e-1, 3e-1), "learning_rate": (0.1, 0.03, 0.01, 0.003, 0.001, 3e-4)},
    "NN": {},
    "NN backward": {"weight_decay": (0.0, 0.01, 0.03, 0.1)},
    "NN forward": {"weight_decay": (0.0, 0.003, 0.01)},
}
USED = {  # what `methods` uses, to be compared with the choice
    "rMLR (tuned)": {"l2": TUNED["l2"], "max_iter": TUNED["max_iter"]},
    "MLR (own settings)": {"l2": PLAIN["l2"], "learning_rate": PLAIN["learning_rate"]},
    "NN": {},
    "NN backward": {"weight_decay": BACKWARD["weight_decay"]},
    "NN forward": {"weight_decay": FORWARD["weight_decay"]},
}


def candidates(method):
    """The settings that are tried: those in use, and each of them changed to every other value of its grid."""
    used = USED[method]
    tried = [used]
    for name, values in GRID[method].items():
        tried += [{**used, name: value} for value in values if value != used.get(name)]
    return tried


def select(out=FILE, methods=tuple(GRID), draws=None, backend=None, preset="paper", seed=0):
    """Append what the file `out` lacks and return its rows: list of dict. draws: None is DRAWS, NETWORK_DRAWS."""
    table = resolve(backend) if backend else current()
    results = RowsFile(out, identity)
    data, noises = SETTING
    for method in methods:
        count = draws or (NETWORK_DRAWS if METHODS[method].is_network else DRAWS)
        for draw in range(FIRST_DRAW, FIRST_DRAW + count):
            for settings in candidates(method):
                for noise in noises:
                    row = _about(method, settings, data, noise, draw, PRESETS[preset], seed)
                    if identity(row) not in results:
                        row |= {"backend": table, "version": __version__}
                        with using_backend(table), warnings.catch_warnings():
                            warnings.simplefilter("ignore", ConvergenceWarning)
                            results.append(row | _judge(method, settings, data, noise, draw, PRESETS[preset], seed))
                        print(f"{noise} {method} {settings} draw {draw}", file=sys.stderr)
    return results.rows()


def identity(row):
    """The key of a row. Raises ValueError for what is no row of a selection."""
    fields = ("data_hash", "noise_hash", "settings_hash", "preset", "seed", "draw", "method")
    missing = [name for name in fields if not isinstance(row, dict) or not isinstance(row.get(name), str | int)]
    if missing:
        raise ValueError(f"no row of a selection, it has no {missing[0]}")
    return tuple(row[name] for name in fields)


def chosen(rows):
    """{method: (settings, epoch)} with the least mean noisy loss; epoch is None for what has no epochs.

    The settings in use stay where none is better by more than AS_GOOD.
    """
    found = {}
    for method, group in _by_candidate(rows).items():
        curves = [np.mean(losses, axis=0) for _, losses in group]
        least = min(curve.min() for curve in curves)
        good = [(settings, c) for (settings, _), c in zip(group, curves, strict=True) if c.min() <= least + AS_GOOD]
        settings, curve = min(good, key=lambda item: (item[0] != USED[method], item[1].min()))
        found[method] = settings, int(curve.argmin()) + 1 if len(curve) > 1 else None
    return found


def _by_candidate(rows):
    """{method: [(settings, noisy losses (runs, epochs))]}; infinite where a run had died."""
    groups = {}
    for row in rows:
        key = str(sorted(row["varied"].items()))
        groups.setdefault(row["method"], {}).setdefault(key, (row["varied"], []))[1].append(
            [np.inf if loss is None else loss for loss in row["noisy_loss"]]
        )
    return {method: list(group.values()) for method, group in groups.items()}


def _about(method, varied, data, noise, draw, preset, seed):
    hashes = {"data_hash": data_hash(data, preset, seed), "noise_hash": noise_hash(data, noise, preset, seed)}
    described = _with(METHODS[method], varied).described() | varied
    hashes["settings_hash"] = content_of(sorted(described.items()), preset.epochs)
    about = {"method": method, "varied": varied, "data": data, "noise": noise, "draw": draw, "seed": seed}
    return about | {"preset": preset.name} | hashes


def _with(method, varied):
    return replace(method, settings={**method.settings, **varied})


def _judge(name, varied, data, noise, draw, preset, seed):
    """{"noisy_loss", "noisy_accuracy"}, a number an epoch, on the samples that are left out."""
    task = load_task(data, noise, preset, seed, draw)
    method = _with(METHODS[name], varied)
    model = method.make(task.T_known, task.model_seed, preset.epochs)
    T = np.asarray(task.T_known) if method.needs_T else np.eye(len(task.classes))
    x = pixels_of(data, preset, seed, method.pixels)[0].astype(method.dtype, copy=False)
    held, y = x[task.left_out], task.y_noisy[task.left_out]
    found = {"noisy_loss": [], "noisy_accuracy": []}

    def judge(model, _=None):
        p = model.predict_proba(held)
        q = p @ T.T
        found["noisy_loss"].append(float(-np.log(np.maximum(q[np.arange(len(y)), y], TOLD)).mean()))
        found["noisy_accuracy"].append(float((p.argmax(axis=1) == y).mean()))

    if method.is_network:
        model.set_params(on_epoch=judge)
    try:
        model.fit(x[task.chosen], task.y_noisy[task.chosen])
    except TrainingDiverged as died:
        missing = [None] * (preset.epochs - len(found["noisy_loss"]))
        return {name: values + missing for name, values in found.items()} | {"stopped": str(died)}
    if not method.is_network:
        judge(model)
    return found


def described(rows):
    """Each candidate with its mean noisy loss, the choice marked, beside what `methods` uses: list of lines."""
    best, lines = chosen(rows), []
    for method, group in _by_candidate(rows).items():
        lines.append(method)
        for settings, losses in group:
            curve = np.mean(losses, axis=0)
            mark = "  <- chosen" if settings == best[method][0] else ""
            used = "  (used)" if settings == USED[method] else ""
            epoch = f" in epoch {curve.argmin() + 1}, {curve[-1]:.4f} at the end" if len(curve) > 1 else ""
            what = ", ".join(f"{name} {value}" for name, value in settings.items()) or "as it is"
            lines.append(f"  {what}: {curve.min():.4f}{epoch}, {len(losses)} runs{used}{mark}")
    return lines


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", default=FILE, type=Path, metavar="FILE")
    parser.add_argument("--methods", default=",".join(GRID), help="comma-separated (default: all)")
    parser.add_argument("--draws", type=int)
    parser.add_argument("--backend")
    parser.add_argument("--preset", default="paper")
    arguments = parser.parse_args()
    names = [name.strip() for name in arguments.methods.split(",")]
    unknown = [name for name in names if name not in GRID]
    if unknown:
        parser.error(f"--methods {unknown[0]!r} should be one of {', '.join(GRID)}")
    print(*described(select(arguments.out, names, arguments.draws, arguments.backend, arguments.preset)), sep="\n")
