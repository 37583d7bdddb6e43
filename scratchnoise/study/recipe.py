"""The best that is reached by hand: python -m scratchnoise.study.recipe --out FILE.jsonl.

A candidate learns from one half of the noisy labels of a draw that is none of the study's, and is judged by the mean of
-log q_y, q = T p, on the other half; then the halves change places, so that every noisy label judges once. A tenth, as
`selection` leaves out, would be too few: candidates differ by thousandths here. All run under (38), where a noisy label
says most about the true one; the best FINALISTS of them, and the forward loss alone, on the two other problems. The
recipe is the one of these with the least mean over the three problems. Then it is trained on draws 0, 1, ... of the
study and scored on clean test labels beside the study's rows of "NN forward".

The first candidates are the network with the forward loss and something more of what is built. The others learn what
images look like without labels: `PatchFeatures`, with softmax regression behind T ("features"). It relabels the images
for a network that then needs no T ("taught"), or it does so together with the network of the forward loss ("taught by
both"). On CIFAR-10 T is hidden: networks are told the estimate of the study, candidates with features estimate their
own, by the study's ESTIMATOR; others are tried on T_DRAWS draws of the selection ("features, T by quantile"), and the
default of `estimate_transition`, a mean, on the draws of the study as well. The recipe had that one first, and failed
on some of these draws. So ESTIMATOR was decided with them in view, and FRESH draws that came after judge the recipe
once more. So that not two things differ at once, the network with the forward loss alone is told the T of the features
too, on the same draws ("forward, T of the features").
A run takes seven minutes on one core, twice as long with two networks, all about ten hours. The same command goes on
where it stopped.
"""

import argparse
import warnings
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ..backend import current
from ..estimate import DEFAULT, estimate_transition
from ..models import CoTeaching, NeuralNetwork, PatchFeatures, RobustSoftmaxRegression, SoftmaxRegression
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

PRESET, SEED, FINALISTS = PRESETS["paper"], 0, 2
BLOCKS = 10  # of the labels of a half: means over them tell how well a difference is known
FIRST, *OTHERS = PROBLEMS = (("fashion-mnist", "0.5"), ("fashion-mnist", "0.6"), ("cifar10", "hidden"))
DRAWS = dict(zip(PROBLEMS, (5, 10, 10), strict=True))  # more where results differ more from draw to draw
BASE, MIRRORED, FEATURES, BOTH, TAUGHT = "forward", "mirrored", "features", "features and forward", "taught"
AVERAGED = {"averaging": "exponential"}
SHIFT_FLIP = {"augmentation": "shift_flip", **AVERAGED}
NETWORKS = {  # settings beside those of the forward loss; the last two add one thing each to MIRRORED
    BASE: {},
    "averaged": AVERAGED,
    MIRRORED: SHIFT_FLIP,
    "co-teaching": {"forget_rate": 0.2, **SHIFT_FLIP},
    "early learning": {"loss": "early_learning", "learning_rate": 0.01, **SHIFT_FLIP},
}
TEACHERS = {"relabelled": MIRRORED, TAUGHT: FEATURES, "taught by both": BOTH}
MEANS = {BOTH: (FEATURES, BASE), "taught, with its teacher": (TAUGHT, FEATURES)}  # of the posteriors of these
CANDIDATES = (*NETWORKS, FEATURES, *TEACHERS, *MEANS)
CONTROL, CONTROLLED = "forward, T of the features", PROBLEMS[-1]
FRESH = range(10, 14)  # draws of CONTROLLED that were scored when nothing was left to choose
BY = ", T by "  # after a candidate's name: another estimator than ESTIMATOR
ESTIMATOR, TRIED, T_DRAWS = "confident_joint", ("balanced_joint", "quantile", "selective", "dual", "volmin", DEFAULT), 6


class Samples(NamedTuple):
    """images (N, H, W, K) as the network takes them, features (N, D) of `PatchFeatures`."""

    images: np.ndarray
    features: np.ndarray

    def at(self, index):
        """The samples with these indices."""
        return Samples(self.images[index], self.features[index])


def measure(out, draws=None):
    """Append what `out` lacks: the selection, on the first problem first, then on draws of the study.

    draws: how many of the study's on each problem, DRAWS where it is None.
    """
    results = recorded(out, "data", "noise", "draw", "candidate")
    _measure(results, (FIRST,), (FIRST_DRAW,), CANDIDATES)
    _measure(results, OTHERS, (FIRST_DRAW,), finalists(results.rows()))
    estimated = (FEATURES, *(FEATURES + BY + estimator for estimator in TRIED))
    _measure(results, [CONTROLLED], range(FIRST_DRAW, FIRST_DRAW + T_DRAWS), estimated)
    best = chosen(results.rows())
    for problem in PROBLEMS:
        names = [best, CONTROL, best + BY + DEFAULT] if problem == CONTROLLED else [best]
        _measure(results, [problem], range(draws or DRAWS[problem]), names)
    _measure(results, [CONTROLLED], FRESH, [best, BASE])


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
    task, samples = load_task(data, noise, PRESET, SEED, draw), _samples(data)[0]
    losses, order = [], np.random.default_rng(draw).permutation(len(task.y_noisy))
    for learnt, left_out in ((order[::2], order[1::2]), (order[1::2], order[::2])):
        T = _told(candidate, task, samples, learnt, (data, noise, draw))
        known = samples.at(learnt), task.y_noisy[learnt]
        p = posteriors(_parts(candidate)[0], *known, samples.at(left_out), T, task.model_seed)
        y = task.y_noisy[left_out]
        q_y = np.maximum((p @ T.T)[np.arange(len(y)), y], TOLD)
        losses += [-np.log(block).mean() for block in np.array_split(q_y, BLOCKS)]
    return {"noisy_loss": float(np.mean(losses)), "noisy_losses": [float(loss) for loss in losses]}


def _tested(data, noise, draw, candidate):
    """{"accuracy"} on clean test labels of the candidate that learnt from the study's 90 % of a draw."""
    task, (samples, test) = load_task(data, noise, PRESET, SEED, draw), _samples(data)
    T = _told(candidate, task, samples, task.chosen, (data, noise, draw))
    learnt = samples.at(task.chosen), task.y_noisy[task.chosen]
    p = posteriors(_parts(candidate)[0], *learnt, test, T, task.model_seed)
    return {"accuracy": float((p.argmax(axis=1) == task.y_test).mean())}


def _told(candidate, task, samples, learnt, problem):
    """T (C, C): the known one; else what features tell, of these samples alone, or the study's without features."""
    if task.T_known is not None:
        return np.asarray(task.T_known)
    name, estimator = _parts(candidate)
    if name != CONTROL and not _has_features(name):
        return np.asarray(_estimated(*problem))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # doubts about T: the held-out labels judge it
        features, y = samples.features[learnt], task.y_noisy[learnt]
        return estimate_transition(SoftmaxRegression(), features, y, estimator, random_state=task.model_seed).array


def _parts(candidate):
    """A candidate without its estimator of T, and the estimator."""
    name, _, estimator = candidate.partition(BY)
    return name, estimator or ESTIMATOR


@lru_cache(maxsize=1)
def _samples(data):
    """The Samples of a data set: those to learn from, and those of the test."""
    images = pixels_of(data, PRESET, SEED, "network")
    features = PatchFeatures(random_state=SEED).fit(images[0])
    return [Samples(part, features.transform(part)) for part in images]


@lru_cache(maxsize=1)
def _estimated(data, noise, draw):
    """T by the confident joint, as the study's methods are told it where it is hidden."""
    rows = Job(data, noise, T_ESTIMATES, draw, PRESET, SEED, current()).outcome()
    return next(row["T_hat"] for row in rows if row["method"] == ESTIMATES["confident_joint"])


def posteriors(candidate, samples, y, asked, T, seed):
    """P(true | x) of the asked Samples, (M, C), by a candidate that learns from Samples and noisy labels y (N,)."""
    learnt = samples, y
    if candidate in MEANS:
        return np.mean([posteriors(name, *learnt, asked, T, seed) for name in MEANS[candidate]], axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        if candidate in TEACHERS:
            labels = relabelled(posteriors(TEACHERS[candidate], *learnt, samples, T, seed), y, T)
            if len(np.unique(labels)) == 1:  # who guesses can teach nothing
                return posteriors(TEACHERS[candidate], *learnt, asked, T, seed)
            return _student(labels, samples, seed).predict_proba(asked.images)
        if candidate == FEATURES:
            model = RobustSoftmaxRegression(T, random_state=seed).fit(samples.features, y)
            return model.predict_proba(asked.features)
        settings = {**FORWARD, "T": T, **NETWORKS.get(candidate, {})}
        if settings["loss"] != "forward":
            del settings["T"]
        model = (CoTeaching if "forget_rate" in settings else NeuralNetwork)(**_shared(seed), **settings)
        return model.fit(samples.images, y).predict_proba(asked.images)


def _has_features(candidate):
    """Whether features have a part in a candidate."""
    members = (*MEANS.get(candidate, ()), TEACHERS.get(candidate))
    return candidate == FEATURES or any(_has_features(name) for name in members if name)


def _student(labels, samples, seed):
    """The network that takes these labels for right."""
    settings = {"loss": "cross_entropy", "learning_rate": 0.01, **SHIFT_FLIP}
    return NeuralNetwork(**_shared(seed), **settings).fit(samples.images, labels)


def _shared(seed):
    return {**NETWORK, "epochs": PRESET.epochs, "random_state": seed, "classes": [0, 1, 2]}


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
    return {row["candidate"]: row for row in here if row["candidate"] in CANDIDATES}


def reached(rows, results, problem, candidate):
    """{run: accuracy} of a candidate and of the study's "NN forward", of the draws that both have: two dict."""
    here = [row for row in rows if (row["data"], row["noise"]) == problem and "accuracy" in row]
    here = [row for row in here if row["draw"] not in FRESH]
    ours = {(row["draw"], row["draw"]): row["accuracy"] for row in here if row["candidate"] == candidate}
    theirs = {run: a for run, a in accuracies(results, problem, "NN forward").items() if run in ours}
    return {run: ours[run] for run in theirs}, theirs


def table(rows, results):
    """The lines of a table in Markdown: mean accuracy on clean test labels, the recipe first, and what it gains."""
    name, ran = chosen(rows), {r["candidate"] for r in rows if "accuracy" in r and r["draw"] not in FRESH}
    names = [name, *(other for other in CANDIDATES if other in ran - {name})]
    lines = [
        f"| problem | {' | '.join(names)} | NN forward | {name} - NN forward | draws |",
        "| --- |" + " --- |" * (len(names) + 3),
    ]
    for problem in PROBLEMS:
        ours, theirs = reached(rows, results, problem, name)
        if ours:
            all_runs = [*(reached(rows, results, problem, one)[0] for one in names), theirs]
            means = " | ".join(_mean_over(ours, runs) for runs in all_runs)
            lines.append(f"| {heading(*problem)} | {means} | {shown(compare(ours, theirs))} | {len(ours)} |")
    return lines


def _mean_over(draws, accuracy):
    """The mean of {run: accuracy} over these runs; nothing where one is missing, for it would be a mean of others."""
    return f"{np.mean([accuracy[run] for run in draws]):.3f}" if draws.keys() <= accuracy.keys() else ""


def described(rows, results):
    """Which candidate was chosen, how well the noisy labels tell the candidates apart, and the control: list of str."""
    means = means_of_finalists(rows)
    listed = ", ".join(f"{name} {means[name]:.4f}" for name in sorted(means, key=means.get))
    lines = [f"Chosen is {chosen(rows)!r}. Mean noisy loss over the three problems: {listed}"]
    for problem in PROBLEMS:
        blocks = {name: dict(enumerate(row["noisy_losses"])) for name, row in _selection(rows, problem).items()}
        gaps = {name: compare(found, blocks[BASE]) for name, found in blocks.items() if name != BASE}
        texts = (f"{name} {_thousandths(gaps[name])}" for name in sorted(gaps, key=lambda name: gaps[name].mean))
        lines.append(f"{heading(*problem)}, noisy loss less that of {BASE}, in thousandths: {', '.join(texts)}")
    return lines + _tried(rows) + _controlled(rows, results) + _confirmed(rows)


def _confirmed(rows):
    """The recipe beside NN forward on draws that were scored when all was chosen: list of str, empty without rows."""
    here = [row for row in rows if (row["data"], row["noise"]) == CONTROLLED and row["draw"] in FRESH]
    runs = [{row["draw"]: row["accuracy"] for row in here if row["candidate"] == one} for one in (chosen(rows), BASE)]
    gap = compare(*runs)
    if gap is None:
        return []
    ours, theirs = (np.mean(list(found.values())) for found in runs)
    worst = min(runs[0].values())
    return [
        f"{heading(*CONTROLLED)}, {gap.n} draws that were scored after all this was chosen: {chosen(rows)} {ours:.3f}, "
        f"on its worst draw {worst:.3f}, NN forward {theirs:.3f}, difference {shown(gap)}"
    ]


def _tried(rows):
    """How well each estimator of T predicts noisy labels with features, and how often the default is far off: list."""
    here = [row for row in rows if (row["data"], row["noise"]) == CONTROLLED and row["draw"] >= FIRST_DRAW]
    losses = {}
    for row in here:
        losses.setdefault(row["candidate"], {})[row["draw"]] = row["noisy_loss"]
    gaps = {one: compare(losses.get(FEATURES + BY + one, {}), losses.get(FEATURES, {})) for one in TRIED}
    if None in gaps.values():
        return []
    texts = (f"{one} {_thousandths(gaps[one])}" for one in sorted(gaps, key=lambda one: gaps[one].mean))
    return [
        f"{heading(*CONTROLLED)}, T of the features, noisy loss on {T_DRAWS} draws less that of {ESTIMATOR}, in "
        f"thousandths: {', '.join(texts)}"
    ]


def _controlled(rows, results):
    """What of the lead is due to the estimate of T, where T is hidden: list of str, empty without rows."""
    name = chosen(rows)
    ours, theirs = reached(rows, results, CONTROLLED, name)
    told, mean = (reached(rows, results, CONTROLLED, one)[0] for one in (CONTROL, name + BY + DEFAULT))
    if not ours or not told.keys() == mean.keys() == ours.keys():
        return []
    return [
        f"{heading(*CONTROLLED)}, one thing changed at a time: NN forward told the T of the features is at "
        f"{np.mean(list(told.values())):.3f}, less NN forward {shown(compare(told, theirs))}; {name} less this one "
        f"{shown(compare(ours, told))}",
        f"{heading(*CONTROLLED)}: {name}{BY}{DEFAULT} is at {np.mean(list(mean.values())):.3f}, on its worst draw at "
        f"{min(mean.values()):.3f}, where {name} is at {ours[min(mean, key=mean.get)]:.3f}; {name} less this one "
        f"{shown(compare(ours, mean))}",
    ]


def _thousandths(gap):
    return f"{1000 * gap.mean:+.1f} [{1000 * gap.low:+.1f}, {1000 * gap.high:+.1f}]"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True, metavar="FILE")
    parser.add_argument("--draws", type=int, help="of the study, on each problem (default: 5, 10 and 10)")
    arguments = parser.parse_args()
    measure(arguments.out, arguments.draws)
