"""The field's own benchmark, ten classes: python -m scratchnoise.study.ten_classes --out FILE.jsonl.

Fashion-MNIST and, where its archive of 160 MB is on this computer, CIFAR-10; 60,000 and 50,000 samples, of which a
tenth is noisy validation data. `accuracy` is that of the last epoch on the clean test set, `chosen` that of the epoch
with the best accuracy on the validation labels, `error` the mean absolute error of the estimate of T that a method
used. Networks: "mlp", two hidden layers of 128 units on means of 2 x 2 pixels, half a minute a row on one core and an
hour in all; "annex" with `--annex`, that of the report, an hour a row on two cores, so for a GPU.
Rows are appended as they come; the same command goes on where it stopped.
"""

import argparse
import warnings

import numpy as np

from .. import data, noise
from ..data import cifar10, images, store
from ..estimate import estimate_transition
from ..models import CoTeaching, NeuralNetwork, SoftmaxRegression
from ..transition import TransitionMatrix
from . import architecture
from .experiment import recorded
from .sparse import blocks
from .statistics import total_variation

SEED, VALIDATION, DRAWS, CLASSES = 0, 0.1, 5, 10
EPOCHS = {"mlp": 12, "annex": 30}
# Papers differ in what they call asymmetric noise on Fashion-MNIST. Here each of these looks like what it is taken for.
TAKEN_FOR = {
    "fashion-mnist": {
        "Ankle boot": "Sneaker",
        "Sneaker": "Sandal",
        "Pullover": "Shirt",
        "Dress": "Coat",
        "Coat": "Dress",
    },
    "cifar10": {  # Patrini et al. 2017
        "truck": "automobile",
        "bird": "airplane",
        "deer": "horse",
        "cat": "dog",
        "dog": "cat",
    },
}
NOISES = {"symmetric 20 %": 0.2, "symmetric 50 %": 0.5, "pair 45 %": 0.45, "asymmetric 40 %": 0.4}
BOUNDED_STEP = 0.05  # a bounded loss has smaller gradients; plain cross-entropy with it is the control
METHODS = {
    "cross-entropy": {},
    f"cross-entropy, step {BOUNDED_STEP}": {"learning_rate": BOUNDED_STEP},
    "generalized cross-entropy": {"loss": "generalized_cross_entropy", "learning_rate": BOUNDED_STEP},
    "forward, T known": {"loss": "forward"},
    "forward, T estimated": {"loss": "forward"},
    "co-teaching": {},
}


def transition(dataset, name, class_names):
    """The TransitionMatrix of a noise of NOISES."""
    kind, rate, C = name.split()[0], NOISES[name], len(class_names)
    if kind == "symmetric":
        return noise.uniform(C, rate / (C - 1))
    if kind == "pair":
        return noise.pair_flip(C, rate)
    T = np.eye(C)
    for true, noisy in TAKEN_FOR[dataset].items():
        j = class_names.index(true)
        T[j, j], T[class_names.index(noisy), j] = 1 - rate, rate
    return TransitionMatrix(T)


def measure(out, draws=DRAWS, network="mlp"):
    """Append a row for every data set, noise, draw and method that `out` does not hold yet."""
    results = recorded(out, "data", "network", "noise", "draw", "method")
    for name in available():
        found = data.load(name, classes="all")
        to_input = blocks if network == "mlp" else images.for_network
        x, x_test = to_input(found.x_train), to_input(found.x_test)
        for draw in range(draws):
            for noise_name in NOISES:
                T = transition(name, noise_name, found.class_names)
                rng = np.random.default_rng([SEED, draw, list(NOISES).index(noise_name)])
                y_noisy = noise.corrupt(found.y_train, T, rng)
                order = rng.permutation(len(y_noisy))
                held, train = np.split(order, [int(VALIDATION * len(order))])
                parts = [(x[part], y_noisy[part]) for part in (train, held)]
                for method in METHODS:
                    row = {"data": name, "network": network, "noise": noise_name, "draw": draw, "method": method}
                    if tuple(row.values()) not in results:
                        results.append(row | _scores(method, network, *parts, (x_test, found.y_test), T, draw))


def available():
    """The data sets whose ten classes are on this computer, or can be fetched without 160 MB: list of str."""
    return ["fashion-mnist", *(["cifar10"] if store.find(cifar10.ARCHIVE) else [])]


def _scores(method, network, train, held, test, T, draw):
    settings, found = dict(METHODS[method]), {}
    best = architecture.BestEpoch(*held)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # doubts about an estimate, and networks that end certain of one class
        if method == "forward, T known":
            settings["T"] = T
        if method == "forward, T estimated":
            settings["T"] = estimate(*train, draw)
            found["error"] = float(np.abs(np.asarray(settings["T"]) - np.asarray(T)).mean())
        model = CoTeaching if method == "co-teaching" else NeuralNetwork
        if method == "co-teaching":
            settings["forget_rate"] = 1 - float(np.diag(np.asarray(T)).mean())
        shared = {"epochs": EPOCHS[network], "random_state": draw, "on_epoch": best}
        shared["network"] = architecture.network(2, 128, len(np.asarray(T))) if network == "mlp" else "annex"
        model = model(**shared, **settings).fit(*train)
    found["accuracy"] = model.score(*test)
    model.network_.set_state(best.state)
    return found | {"chosen": model.score(*test), "epoch": best.epoch}


def estimate(x, y, seed):
    """T by the confident joint of softmax regression, out of fold: TransitionMatrix."""
    model = SoftmaxRegression(l2=3e-3, tol=1e-4, random_state=seed)
    return estimate_transition(model, x.reshape(len(x), -1), y, "confident_joint", folds=3, random_state=seed)


COLUMNS = {"last epoch": "accuracy", "chosen epoch": "chosen", "error of T (of T = I)": "variation"}


def table(rows):
    """The lines of a table in Markdown: mean and deviation over draws. Errors of T are total variations per column."""
    cells = {}
    for row in rows:
        if "error" in row:
            row = row | {"variation": total_variation(row["error"], CLASSES)}
        cells.setdefault((row["data"], row["network"], row["noise"], row["method"]), []).append(row)
    headings = ("data", "network", "noise", "method", *COLUMNS, "draws")
    lines = [f"| {' | '.join(headings)} |", "| --- |" + " --- |" * (len(headings) - 1)]
    orders = [list(names) for names in (TAKEN_FOR, EPOCHS, NOISES, METHODS)]
    for cell in sorted(cells, key=lambda cell: [names.index(one) for names, one in zip(orders, cell, strict=True)]):
        here = cells[cell]
        means = [_mean([row[field] for row in here if field in row]) for field in COLUMNS.values()]
        means[-1] += f" of {share_of_wrong(cell[0], cell[2])}" if means[-1] else ""
        lines.append(f"| {' | '.join([*cell, *means, str(len(here))])} |")
    return lines


def share_of_wrong(dataset, noise_name):
    """The share of wrong labels, which is the total variation per column between T and the identity: a text."""
    part = len(TAKEN_FOR[dataset]) / CLASSES if noise_name.startswith("asymmetric") else 1
    return f"{NOISES[noise_name] * part:.2f}"


def not_run(rows):
    """Which draws of which noise are missing, for every data set and network: list of str."""
    said = []
    for name in TAKEN_FOR:
        for network in EPOCHS:
            here = {noise_name: _draws(rows, name, network, noise_name) for noise_name in NOISES}
            missing = [f"{DRAWS - count} of {noise_name}" for noise_name, count in here.items() if count < DRAWS]
            if missing:
                said.append(f"{name}, {network}: of {DRAWS} draws are not run {', '.join(missing)}")
    return said


def _draws(rows, name, network, noise_name):
    """How many draws have a row of every method."""
    cell = (name, network, noise_name)
    methods = [row["method"] for row in rows if (row["data"], row["network"], row["noise"]) == cell]
    return min(methods.count(method) for method in METHODS)


def _mean(values):
    if not values:
        return ""
    deviation = f" ({np.std(values, ddof=1):.3f})" if len(values) > 1 else ""
    return f"{np.mean(values):.3f}{deviation}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--annex", action="store_true", help="the report's network instead of a small one")
    arguments = parser.parse_args()
    measure(arguments.out, arguments.draws, "annex" if arguments.annex else "mlp")
