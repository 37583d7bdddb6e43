# %% [markdown]
# # Five more ways to T
#
# Question: tutorial 06 read $T$ off anchor points, or counted. What do the estimators do that came after: dual-T, the
# selective threshold, HOC, VolMin and T-revision? And which of them need anchor points in secret?
#
# Equations: anchor points (33)-(36), the transition matrix (29).
#
# Running time: about ten seconds; with `SCRATCHNOISE_FAST=1` six. Next: tutorial 21, where no $T$ is right.

# %%
import os

import numpy as np

from scratchnoise import SoftmaxRegression, noise
from scratchnoise.estimate import (
    anchor_argmax,
    confident_joint,
    dual,
    hoc,
    out_of_fold_posteriors,
    selective_threshold,
    t_revision,
    volmin,
)
from scratchnoise.kernels import softmax
from scratchnoise.study.pictures import lines
from scratchnoise.study.statistics import compare

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
N, C, DRAWS = 4000, 3, 4 if FAST else 5
T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
RADIUS = 4.0
angle = 2 * np.pi * np.arange(C) / C
W = 2 * np.column_stack([np.cos(angle), np.sin(angle)])


def draw(n, rng, surest=1.0):
    """x in a disc, y from p = softmax(W x), and p; samples whose largest p is above `surest` are left out."""
    x = rng.uniform(-RADIUS, RADIUS, size=(30 * n, 2))
    p = softmax(x @ W.T)
    kept = np.flatnonzero((np.hypot(*x.T) < RADIUS) & (p.max(axis=1) <= surest))[:n]
    y = (rng.random(n)[:, None] > p[kept].cumsum(axis=1)[:, :-1]).sum(axis=1)
    return x[kept], y, p[kept]


def error(estimate):
    """Half the sum of the absolute errors of a column, the mean over columns: 0 is right."""
    return np.abs(np.asarray(estimate) - T).sum(axis=0).mean() / 2


# %% [markdown]
# Two problems with the same classes. In the first, samples far out in the disc are anchors: their class is certain. In
# the second every sample surer than $0.8$ was thrown away, as if a survey had sent only its doubtful cases.

# %%
SUREST = {"with anchors": 1.0, "without anchors": 0.8}
rng = np.random.default_rng(0)
x, y, p = draw(N, rng)
y_noisy = noise.corrupt(y, T, rng)
q_exact = p @ T.T
for name, surest in SUREST.items():
    largest = draw(N, np.random.default_rng(0), surest)[2].max(axis=0)
    print(f"{name}: largest posterior of each class {largest.round(4)}")

# %% [markdown]
# ## Dual-T, and what it rests on
#
# Put an *intermediate* class between the true and the noisy label: the class $l$ that the model predicts. Then
# $T = S A$, where $A_{lj}$ says how true classes become predictions, and $S_{il}$ is the share of the label $i$ among
# the samples with the prediction $l$. $S$ is counted. $A$ is read off the anchors, as $T$ was before.
#
# By hand: take exact posteriors, and samples that are certain of their class. At the anchor of class $j$ the posterior
# is $q = T e_j$, so $A = T$. The samples predicted as $l$ are those of class $l$, and their labels are distributed as
# column $l$ of $T$, so $S = T$. The product is $T^2$: the noise is counted twice.
#
# > **Predict.** And where a model is so sure of its predictions that each $q$ is nearly a unit vector?

# %%
certain = p.max(axis=1) > 0.999
q_certain, y_certain = q_exact[certain], y_noisy[certain]
calibrated = dual(q_certain, y_certain)
sure = dual(np.eye(C)[q_certain.argmax(axis=1)], y_certain)
print(f"calibrated:\n{calibrated}\nT T:\n{(T @ T).round(3)}\ntoo sure:\n{sure}")
print(f"too sure, A:\n{sure.diagnostics['anchors_of'].round(3)}")

# %% [markdown]
# Then $A$ is the identity and the product is $S = T$. Dual-T is right with posteriors that are wrong, and wrong with
# those that are right. Below, the exact posteriors are made too sure step by step, $q^k / \sum_i q_i^k$. The argmax
# loses what dual-T gains. The third curve is dual-T without anchors. There the predictions mix the classes, so that $S$
# mixes the columns of $T$, and no sharpness repairs that.

# %%
powers = np.array([1, 1.25, 1.5, 2, 3, 4, 6, 8, 12])
x_hard, y_hard, p_hard = draw(N, np.random.default_rng(0), SUREST["without anchors"])
y_hard_noisy = noise.corrupt(y_hard, T, np.random.default_rng(0))


def sharpened(q, k):
    return q**k / (q**k).sum(axis=1, keepdims=True)


sharp = {
    "argmax": [error(anchor_argmax(sharpened(q_exact, k))) for k in powers],
    "dual-T": [error(dual(sharpened(q_exact, k), y_noisy)) for k in powers],
    "dual-T,\nwithout anchors": [error(dual(sharpened(p_hard @ T.T, k), y_hard_noisy)) for k in powers],
}
lines({name: (powers, values) for name, values in sharp.items()}, "power k: how much too sure", "error of T")

# %% [markdown]
# ## The other four
#
# * **Selective threshold.** Accept as class $j$ the samples with the largest $q_j$, as many as make the share of the
#   label $j$ among them largest. Column $j$ is the shares of all labels there. Of $q$ only the order is used, so a
#   model that is too sure does no harm.
# * **HOC** needs no model. A sample and its two nearest neighbours share their class $a$, mostly. Then their three
#   noisy labels are three draws from column $a$, and the shares of pairs and triples,
#   $P(i, j, l) = \sum_a \pi_a T_{ia} T_{ja} T_{la}$, determine $T$ and the clean shares $\pi$.
# * **VolMin** learns $T$ and a classifier together, as rMLR does, and adds $\lambda \log |\det T|$. Many pairs of $T$
#   and $p$ give the same $q = T p$; among them it takes the $T$ whose columns span the smallest volume. Anchors are not
#   needed, if the $p$ spread widely enough along the edges of the triangle.
# * **T-revision** starts from the anchors, adds a slack to $T$ and moves it along the gradient of a reweighted risk
#   (tutorial 19). Held-out noisy labels decide how far.
#
# First the case that no user has, exact posteriors, in the problem with anchors.

# %%
METHODS = {
    "argmax": lambda q, x, y: anchor_argmax(q),
    "confident joint": lambda q, x, y: confident_joint(q, y),
    "dual-T": lambda q, x, y: dual(q, y),
    "selective threshold": lambda q, x, y: selective_threshold(q, y),
    "HOC": lambda q, x, y: hoc(x, y),
    "VolMin": lambda q, x, y: volmin(q, y),
    "T-revision": lambda q, x, y: t_revision(q, y),
}
exact = {name: error(make(q_exact, x, y_noisy)) for name, make in METHODS.items()}
print({name: f"{value:.3f}" for name, value in exact.items()})
purest = selective_threshold(q_exact, y_noisy)
print(f"selective threshold: diagonal {np.diag(purest).round(2)} from {purest.diagnostics['accepted']} samples")

# %% [markdown]
# The argmax is right, and T-revision keeps it. The selective threshold is too clean: of many sets of samples it takes
# the purest, which is a small one, and a part of its purity is chance. VolMin is bad: it models $p$ as softmax of a
# linear function of $\log q$, and behind the exact $q$ there is no such $p$. With learnt posteriors that changes. There
# $q$ comes from softmax regression, so $\log q$ is linear in $x$, as $\log p$ is in this problem, but for a term that
# all classes share.
#
# ## With learnt posteriors
#
# Out-of-fold posteriors of softmax regression, which cannot represent $q = T p$ exactly. Several draws.
#
# > **Predict.** Which estimators lose most when the anchors go?

# %%
errors = {name: {method: {} for method in METHODS} for name in SUREST}
plain = SoftmaxRegression(l2=1e-4, tol=1e-4, random_state=0)
for name, surest in SUREST.items():
    for n in range(DRAWS):
        rng = np.random.default_rng(n)
        x_n, y_n, _ = draw(N, rng, surest)
        y_n = noise.corrupt(y_n, T, rng)
        q = out_of_fold_posteriors(plain, x_n, y_n, folds=3, random_state=0)
        for method, make in METHODS.items():
            errors[name][method][n] = error(make(q, x_n, y_n))
useless = error(np.full((C, C), 1 / C))
lost = {m: compare(errors["without anchors"][m], errors["with anchors"][m]) for m in METHODS}
print(f"{'error of T':<22}{'with anchors':>14}{'without':>10}     lost without anchors")
for method in METHODS:
    means = [np.mean(list(errors[name][method].values())) for name in SUREST]
    print(f"{method:<22}{means[0]:>14.3f}{means[1]:>10.3f}     {lost[method]}")
print(f"{'1/3 everywhere':<22}{useless:>14.3f}{useless:>10.3f}")

# %% [markdown]
# HOC reads no posteriors, and yet it loses: where the classes are mixed everywhere, neighbours are of different
# classes. The joint loses for the same reason, a sample that is confidently of a class is not of it. VolMin loses
# least, because it has a model of the classes, and here the model is right. The exact posteriors above were its
# control. No estimator is the best one in general, so
# `estimate_transition` says how much it trusts its result, and `estimates_side_by_side` shows where they disagree.

# %%
gains = {
    name: {m: compare(found["argmax"], found[m]) for m in ("dual-T", "VolMin", "T-revision")}
    for name, found in errors.items()
}
print({name: {m: str(difference) for m, difference in found.items()} for name, found in gains.items()})
assert np.abs(calibrated.array - T @ T).max() < 0.05, "dual-T of calibrated posteriors is T T"
assert error(T @ T) > 0.1, "which is far from T"
assert error(sure) < 0.04 and np.array_equal(sure.diagnostics["anchors_of"], np.eye(C)), "too sure, it is right"
assert sharp["argmax"][0] < 0.01 < 0.2 < sharp["argmax"][-1], "the argmax is wrong where it is too sure"
assert sharp["dual-T"][-1] < 0.5 * sharp["dual-T"][0], "and dual-T the other way round"
assert min(sharp["dual-T,\nwithout anchors"]) > 0.15, "control: bad predictions, always wrong"
assert exact["argmax"] < 0.01 and exact["T-revision"] < 0.01 < 0.1 < exact["VolMin"], "exact posteriors"
assert (np.diag(purest) > np.diag(T)).all() and purest.diagnostics["accepted"].max() < N / 20, "pure by chance"
assert gains["with anchors"]["VolMin"].is_shown and gains["with anchors"]["VolMin"].mean > 0, "learnt ones"
assert gains["with anchors"]["T-revision"].mean > 0.02, "T-revision improves its start"
assert gains["with anchors"]["dual-T"].mean < 0, "dual-T does not: here posteriors are not too sure"
for method in ("argmax", "confident joint", "dual-T", "HOC"):
    assert lost[method].is_shown and lost[method].mean > 0.05, f"{method} needs anchors"
mean = {m: np.mean(list(values.values())) for m, values in errors["without anchors"].items()}
assert min(mean, key=mean.get) == "VolMin" and mean["VolMin"] < 0.6 * mean["argmax"], "VolMin does not"
assert lost["VolMin"].mean == min(difference.mean for difference in lost.values()), "and loses least"
assert mean["dual-T"] == max(mean.values()) > 0.8 * useless, "dual-T counts the noise twice"
