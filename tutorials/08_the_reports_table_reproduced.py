# %% [markdown]
# # The report's table, reproduced
#
# Question: the report's main result is a table of accuracies. Which of its numbers come out again, which do not, and
# why?
#
# Equations: the protocol of sections 4.2 to 4.4 with (38)-(40), methods (7)-(19) and (30), accuracy (44).
#
# Running time: about ten seconds; with `SCRATCHNOISE_FAST=1` four. Next: `scratchnoise reproduce` repeats all of it, in
# minutes on drawn garments or in hours on Fashion-MNIST and CIFAR-10; tutorial 09 lists the report's errata.

# %%
import os
from pathlib import Path

import numpy as np
from rich.console import Console

import scratchnoise
from scratchnoise import BackwardCorrected, TransitionMatrix, data, noise
from scratchnoise.models import SoftmaxRegression
from scratchnoise.study.evidence import against_the_report
from scratchnoise.study.findings import accuracies, findings
from scratchnoise.study.gallery import gallery
from scratchnoise.study.protocol import Preset, load_task, prepare
from scratchnoise.study.report_numbers import REPORT_T_RLR, REPORT_T_RNN
from scratchnoise.study.results import ResultsFile
from scratchnoise.study.statistics import compare
from scratchnoise.study.tables import print_tables

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
console = Console(width=110, force_jupyter=False)

# %% [markdown]
# ## What was measured
#
# Every measurement behind the tables is a line of `tutorials/results/results.jsonl`: what was run, with which seed,
# what came out, and for networks the history of every epoch. `scratchnoise reproduce` ends with the very functions
# below. The setting: random subsets of 90 % of the training set, their noise drawn anew for every repetition, scored on
# the clean test set.

# %%
results = ResultsFile(Path(scratchnoise.__file__).parent.parent / "tutorials" / "results" / "results.jsonl")
rows = results.rows()
print(f"{len(rows)} measurements, {sum(bool(row.get('stopped')) for row in rows)} runs that stopped early")
of_table_3 = [row for row in rows if not row["method"].startswith("T ") and not row["method"].endswith("(clean)")]
print_tables([row for row in of_table_3 if row["method"] != "priors"], console)

# %% [markdown]
# ## The same as a picture
#
# Fashion-MNIST under (38), half of the labels wrong. Dots are ours, diamonds the report's.

# %%
pictures = gallery(rows)


def picture(start):
    return next(figure for caption, figure in pictures.items() if caption.startswith(start))


picture("Table 3 as a picture, Fashion-MNIST, noise (38)")

# %% [markdown]
# ## Which numbers agree?
#
# Two means differ by more than chance where the interval of their difference leaves out 0: Welch's, since the
# deviations differ, from our runs and the report's ten. A single standard deviation is the wrong yardstick for means.

# %%
differ, agree = against_the_report(rows)
print("these differ", *differ, "for these no difference is shown", *agree, sep="\n  ")

# %% [markdown]
# On CIFAR-10 the noise is not the report's. On Fashion-MNIST differences have reasons that can be shown, or none that
# we know.
#
# ## MLR: the length of a step
#
# The report: batches of 100, steps of $0.1$, at most 1000 iterations, "converged within a tolerance of 3e-6". Read as
# 300 iterations of L-BFGS, after which accuracy moves little, as in the rows "MLR", both means of Fashion-MNIST agree
# with the report's. The same reading of rMLR does not: there 250 minibatch steps come nearer, "rMLR (steps)", which
# stand on no plateau. Read as 1000 minibatch steps, "MLR (steps)", nothing converges. A step is stable where step times
# curvature is below 2. On pixels in [0, 1] the mean image is the largest part of every image and makes the curvature;
# so the step is too long *before* any jitter of minibatches: full-batch descent shows it as well. Subtracting the mean
# image is enough. Here it is live, on Fashion-MNIST if it is on this computer and on drawn garments if not. (The
# curvature of softmax regression at equal probabilities is a third of the largest eigenvalue of the mean of $x
# x^\top$.)

# %%
found = next(row["found"] for row in data.status() if row["name"] == "fashion-mnist")
DATA = "garments" if found == "not found" else "fashion-mnist"
preset = Preset(
    "all", n_train=None, n_test=None, epochs=1, linear_repetitions=5, network_repetitions=1, posteriors="MLR"
)
task = load_task(DATA, "0.6", preset, 0)
unit, centred = (prepare(task.x_train, pixels, reference=task.x_train) for pixels in ("unit", "centred"))
half = load_task(DATA, "0.5", preset, 0).y_noisy


def full_batch(x, y, step=0.1, steps=60):
    """Step times curvature, and the share of steps in which the loss rises: no minibatches, no jitter."""
    curvature = np.linalg.eigvalsh(x.T @ x / len(x))[-1] / 3
    w, Y, losses = np.zeros((x.shape[1], 3), x.dtype), np.eye(3, dtype=x.dtype)[y], []
    for _ in range(steps):
        z = x @ w
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        losses.append(-np.log(p[np.arange(len(y)), y] + 1e-30).mean())
        w -= step * x.T @ (p - Y) / len(x)
    return step * curvature, np.mean(np.diff(losses) > 0)


stability = {}
for name, x in {"[0, 1]": unit, "centred": centred}.items():
    stability[name] = full_batch(x[:4000], half[:4000])
    print("{:8} step times curvature {:.2f}, the loss rises in {:.0%} of the steps".format(name, *stability[name]))

# %% [markdown]
# ## MLR and MLR (flipped): one classifier under (39)
#
# (39) has one number on the diagonal and one beside it, so $T p = 0.1\,p + 0.3$: an increasing function of every entry.
# $Q q$ and $T^{-1} q$ are increasing too. The class with the largest probability stays what it was: the report's 0.598
# and 0.604 are two draws of the same thing.

# %%
pixels_test = prepare(task.x_test, "centred", reference=task.x_train)
mlr = SoftmaxRegression(solver="sgd", l2=0, max_steps=300, random_state=0, backend="numpy").fit(centred, task.y_noisy)
q = mlr.predict_proba(pixels_test)
T = noise.MNIST06
chosen = {"q": q, "Q q": q @ T.inverse_transition(np.full(3, 1 / 3)).T, "T^-1 q": q @ T.inverse().T}
for name, posterior in chosen.items():
    print(f"argmax of {name:<7} accuracy {np.mean(posterior.argmax(axis=1) == task.y_test):.4f}")
same = all((posterior.argmax(axis=1) == q.argmax(axis=1)).all() for posterior in chosen.values())

# %% [markdown]
# ## The network: when memorising begins
#
# A model that knows every true label still cannot predict the noise: on average its loss on noisy labels is at least
# the entropy of a column of $T$, the noise floor. A training loss below it by more than three standard errors (tutorial
# 01) says that the model has adapted to these labels, and it needs no clean label. The plain network goes far below,
# and there accuracy is lost; under (38) the forward correction stays within the margin. How soon memorising begins may
# depend on initial weights and pixel scale, which the report does not state; we have not varied them: by epoch 30 its
# network is down at 0.62, ours at 0.82.
#
# It is no stopping rule. Under (39) the forward network ends below the floor in some runs, and is the best one there.
# On CIFAR-10 the corrected risk of the same forward network falls below zero after a few epochs, under an *estimated*
# $T$, and its accuracy goes on rising.

# %%
picture("Training epoch by epoch, Fashion-MNIST, noise (38)")


# %%
def margin_of(T):
    """Three standard errors of the mean of 16,200 losses at the noise floor."""
    column = np.asarray(T)[:, 0]
    return 3 * np.sqrt((column @ np.log(column) ** 2 - (column @ np.log(column)) ** 2) / 16200)


floor, margin = noise.MNIST05.noise_floor, margin_of(noise.MNIST05)
below = {}
for method, loss in {"NN": "train_loss", "NN forward": "forward_loss"}.items():
    runs = [row for row in rows if (row["method"], row["noise"]) == (method, "0.5") and row.get("history")]
    below[method] = floor - np.mean([run["history"][loss][-1] for run in runs])
    print(f"{method}: below the floor by {below[method]:.3f} nats at the end, the margin is about {margin:.3f}")
under_39 = [
    row["history"]["forward_loss"][-1] < noise.MNIST06.noise_floor - margin_of(noise.MNIST06)
    for row in rows
    if (row["method"], row["noise"]) == ("NN forward", "0.6") and row.get("history")
]
print(f"NN forward under (39): {sum(under_39)} of {len(under_39)} runs end below the floor by more than the margin")
since = []
for row in rows:
    if (row["data"], row["method"]) == ("cifar10", "NN forward") and row.get("history"):
        risks, right = row["history"]["corrected_risk"], row["history"]["test_accuracy"]
        first = next(epoch for epoch, risk in enumerate(risks) if risk < 0)
        since.append(right[-1] - right[first])
        print(f"CIFAR-10, NN forward: risk below zero from epoch {first + 1} on, accuracy since {since[-1]:+.3f}")

# %% [markdown]
# ## The corrected loss, raw
#
# The rows "rNN (Flipped)" of the report can only mean training with (30). Exactly as printed, it has no lower
# bound: the signed label $T^{-\top} e_{\tilde y}$ has negative entries, and making the model sure that such a
# class is wrong lowers the loss for ever. At the report's settings and with our initial weights 9 of our 15 runs
# died, most of them in their first epoch and none with a risk below zero in an epoch before. Plain cross-entropy in
# the same steps lives (RESULTS.md). With PyTorch's default weights, which the report may have had, runs lived through
# the few epochs that we tried, one of them with a risk that had run up and an accuracy of guessing. So it is open
# whether the report's numbers can come from (30) alone; many implementations clip the logarithm, which bounds the
# loss without saying so. Our row "NN backward" says what it does: `risk="relu"`.

# %%
raw = BackwardCorrected(noise.MNIST05, risk="raw")
worst = np.eye(3)[[raw.weights[0].argmin()]]
for size in (1, 10, 100, 1000):
    value = raw.value(-size * worst, np.array([0]))[0]
    print(f"logits of size {size:>4}: loss of one sample with label 0 {value:>10.2f}")
for row in rows:
    if row.get("stopped"):
        print(f"{row['data']}, noise {row['noise']}, {row['method']}: {row['stopped']}")

# %% [markdown]
# ## CIFAR-10: another experiment
#
# The report's noise on CIFAR is not published. Ours is (39), which the methods are not told: they get the
# confident-joint estimate of the same draw, as the report used its own estimate (46). So only the order of the methods
# can be compared.

# %%
picture("Table 3 as a picture, CIFAR-10")

# %% [markdown]
# The report's estimate (45), by rMLR with learnt rates, is close to saying that labels are independent of the class.
# Its condition number tells: an error in $\hat T$ can grow by that much in $\hat T^{-1}$.

# %%
for name, printed in {"(45)": REPORT_T_RLR, "(46)": REPORT_T_RNN}.items():
    means = np.array(printed)[..., 0]
    estimate = TransitionMatrix(means / means.sum(axis=0))
    print(f"{name} condition number {estimate.cond:6.1f}, row-dominant {estimate.row_dominant}, "
          f"and N labels are worth about {estimate.information_fraction:.2%} of N clean ones")  # fmt: skip

# %% [markdown]
# ## What holds
#
# The network with backward correction keeps at the end of training what the plain one loses. That is the claim; its
# control is the plain network stopped after 12 epochs, which loses far less. So a good part of what correction gives
# could be had by stopping, for who knew when. Whether *knowing* $T$ is what helps, or the settings that come with it,
# only the same settings without $T$ can show: it is shown in some comparisons, and in others not. Forward correction
# does better. Under (39) a run may saturate in its first steps; a training that does so starts again (RESULTS.md has
# the draw where rounding decides it).

# %%
for finding in findings(rows):
    print(finding.sentence, *finding.items, sep="\n  ")

# %%
last, early = {}, {}
for level in ("0.5", "0.6"):
    pair = ("fashion-mnist", level)
    backward = accuracies(rows, pair, "NN backward")
    last[level] = compare(backward, accuracies(rows, pair, "NN"))
    early[level] = compare(backward, accuracies(rows, pair, "NN", 12))
    print(f"NN backward at the end against NN at the end: {last[level]}, against NN after 12 epochs: {early[level]}")
    assert min(accuracies(rows, pair, "NN forward").values()) > 0.8, "no run stayed at guessing"
    assert last[level].is_shown and last[level].mean > 0.05, "the corrected loss keeps what the plain one loses"
    assert last[level].mean > 1.5 * early[level].mean, "most of which stopping early would have kept as well"
assert below["NN"] > 3 * margin > margin > below["NN forward"], "the floor tells the two apart, beyond chance"
assert 0 < sum(under_39) < len(under_39), "below the floor in some, and still the best"
assert min(since) > 0, "but an alarm is no reason to stop"
assert stability["[0, 1]"][0] > 2 > stability["centred"][0], "step times curvature"
assert stability["[0, 1]"][1] > 0.2 > stability["centred"][1], "so the loss rises without any jitter, or not at all"
for level in ("(38)", "(39)"):
    assert any(f"noise {level}, MLR:" in text for text in agree), "after 300 iterations MLR agrees with the report"
assert same, "under (39) the flipped MLR is the MLR"
