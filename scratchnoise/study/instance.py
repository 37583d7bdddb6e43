"""What noise that depends on the sample does to methods that assume it away: python -m scratchnoise.study.instance.

Every noise is drawn twice from the same mean: P(noisy | x, y) as it is, and, for control, from T = its mean over the
samples of each class, which is class-conditional noise. What differs between the two is the dependence on x alone.
Fashion-MNIST, 6,000 training images of means of 2 x 2 pixels; margins are those of softmax regression on clean labels.
Rows are appended as they come; the same command goes on where it stopped.
"""

import warnings
from typing import Any

import numpy as np

from .. import instance_noise, noise
from ..estimate import estimate_transition
from ..models import KNeighbors, RobustSoftmaxRegression, SoftmaxRegression
from .experiment import command, recorded
from .protocol import PRESETS, load_data
from .sparse import blocks
from .statistics import compare, total_variation

N_TRAIN, RATES, SEED, CLASSES = 6000, (0.2, 0.4), 0, 3
NOISES = ("part-dependent", "margin I", "margin II", "margin III")
LINEAR: dict[str, Any] = {"l2": 3e-3, "tol": 1e-4, "random_state": 0}
KINDS = ("of the sample", "of the class")
METHODS = {
    "MLR": lambda T: SoftmaxRegression(**LINEAR),
    "rMLR, mean T": lambda T: RobustSoftmaxRegression(T, **LINEAR),
    "k-NN": lambda T: KNeighbors(n_neighbors=51, scaling=None),
}


def measure(out, draws=5):
    """Append rows for every noise, rate, draw and kind that `out` does not hold yet."""
    results = recorded(out, "noise", "rate", "draw", "kind", "method")
    data = load_data("fashion-mnist", PRESETS["paper"], SEED)
    x, y, x_test, y_test = blocks(data.x_train), data.y_train, blocks(data.x_test), data.y_test
    clean = SoftmaxRegression(**LINEAR).fit(x, y)
    for name in NOISES:
        for rate in RATES:
            for draw in range(draws):
                rng = np.random.default_rng([SEED, draw])
                part = rng.permutation(len(y))[:N_TRAIN]
                P = probabilities(name, x[part], y[part], clean, rate, rng)
                T = instance_noise.mean_transition(P, y[part])
                labels = instance_noise.draw_labels(P, rng), noise.corrupt(y[part], T, rng)
                for kind, y_noisy in zip(KINDS, labels, strict=True):
                    cell = {"noise": name, "rate": rate, "draw": draw, "kind": kind}
                    if (*cell.values(), "T") not in results:  # the last of a cell
                        results.append(
                            *({**cell, **row} for row in fitted_methods(x[part], y_noisy, x_test, y_test, T))
                        )


def probabilities(name, x, y, clean, rate, rng):
    """P(noisy | x, y) (N, C) of a noise of NOISES with a mean share `rate` of wrong labels."""
    if name == "part-dependent":
        return instance_noise.part_dependent(x, y, len(clean.classes_), rate, rng)
    return instance_noise.margin_diminishing(clean.predict_proba(x), y, name.removeprefix("margin "), rate)


def fitted_methods(x, y_noisy, x_test, y_test, T):
    """A row {"method", "accuracy"} of every method, told T if it needs it, then {"method": "T", "error", "trust"}."""
    for method, make in METHODS.items():
        yield {"method": method, "accuracy": make(T).fit(x, y_noisy).score(x_test, y_test)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # doubts about T are what is looked for
        found = estimate_transition(SoftmaxRegression(**LINEAR), x, y_noisy, "confident_joint", folds=3, random_state=0)
    yield {"method": "T", "error": float(np.abs(found.array - T.array).mean()), "trust": found.diagnostics["trust"]}


def runs(rows, name, rate, kind, method):
    """{draw: accuracy}, or where the method is "T" the total variation per column of the estimate."""
    here = (r for r in rows if (r["noise"], r["rate"], r["kind"], r["method"]) == (name, rate, kind, method))
    return {r["draw"]: total_variation(r["error"], CLASSES) if method == "T" else r["accuracy"] for r in here}


def cost(rows, name, rate, method):
    """Accuracy under noise of the sample - under noise of the class, paired over draws: Difference."""
    return compare(*(runs(rows, name, rate, kind, method) for kind in KINDS))


def table(rows):
    """The lines of a table in Markdown: every method under noise of the sample | of the class, and the error of T."""
    methods = (*METHODS, "T")
    headings = (*METHODS, "error of T")
    lines = [f"| noise | wrong | {' | '.join(headings)} |", "| --- |" + " --- |" * (len(headings) + 1)]
    for name, rate in _cells(rows):
        found = ((np.mean(list(runs(rows, name, rate, kind, m).values())) for kind in KINDS) for m in methods)
        texts = (" / ".join(f"{mean:.3f}" for mean in pair) for pair in found)
        lines.append(f"| {name} | {100 * rate:.0f} % | {' | '.join(texts)} |")
    return lines


def described(rows):
    """What knowing the mean T is worth under both kinds of noise, and what the dependence costs: list of str."""
    gains, lines = {kind: [] for kind in KINDS}, []
    for name, rate in _cells(rows):
        texts = []
        for kind, found in gains.items():
            found.append(compare(*(runs(rows, name, rate, kind, method) for method in ("rMLR, mean T", "MLR"))))
            texts.append(f"{found[-1]} with noise {kind}")
        apart = (f"{what} {cost(rows, name, rate, method)}" for method, what in (("k-NN", "k-NN"), ("T", "error of T")))
        lines.append(
            f"{name}, {100 * rate:.0f} % wrong: rMLR - MLR {', '.join(texts)}; sample - class: {', '.join(apart)}"
        )
    own = [cost(rows, name, rate, "MLR") for name, rate in _cells(rows)]
    verdicts = (
        f"With noise {kind} rMLR, told the mean T, is shown to be above MLR in {_shown(found, 1)} of {len(found)} "
        f"cells, below it in {_shown(found, -1)}."
        for kind, found in gains.items()
    )
    moved = f"MLR itself is shown to lose by noise of the sample in {_shown(own, -1)}, to gain in {_shown(own, 1)}."
    return [" ".join([*verdicts, moved]), *lines]


def _shown(gains, sign):
    return sum(gain.is_shown and gain.mean * sign > 0 for gain in gains)


def _cells(rows):
    return list(dict.fromkeys((row["noise"], row["rate"]) for row in rows))


if __name__ == "__main__":
    command(measure, __doc__, draws=5)
