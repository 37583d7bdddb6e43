# %% [markdown]
# # Finding T without clean labels
#
# Question: the corrected losses and rMLR want to be told $T_{ij} = P(\tilde y = i \mid y = j)$, and nobody has a true
# label. Which estimators find $T$ in the noisy data alone, where do they fail, and how would one notice?
#
# Equations: anchor points (33)-(36), the transition matrix (29).
#
# Running time: about six seconds; with `SCRATCHNOISE_FAST=1` three. Next: tutorial 07 builds the network whose
# posteriors the report used.

# %%
import os

import numpy as np

from scratchnoise import RobustSoftmaxRegression, SoftmaxRegression, TransitionMatrix, noise
from scratchnoise.estimate import anchor_argmax, anchor_quantile, anchor_top_k, confident_joint, out_of_fold_posteriors
from scratchnoise.kernels import softmax
from scratchnoise.study.figures import transition_heatmaps
from scratchnoise.study.pictures import lines

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
N, D, C = (3000 if FAST else 12_000), 50, 3
T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
rng = np.random.default_rng(1)
centres = 3.5 * np.eye(C, D)  # three clouds in 50 dimensions, of which 47 say nothing


def draw(n):
    """Samples x, true labels y and the exact posterior p = P(y | x)."""
    y = rng.integers(0, C, n)
    x = rng.normal(size=(n, D)) + centres[y]
    return x, y, softmax(x @ centres.T - 0.5 * (centres**2).sum(axis=1))


x, y, p = draw(N)
x_test, y_test, _ = draw(2000)
y_noisy = noise.corrupt(y, T, rng)
print(f"{np.mean(y != y_noisy):.0%} of the labels are wrong; the best classifier has {np.mean(p.argmax(1) == y):.1%}")

# %% [markdown]
# ## Anchor points
#
# By (36) the posterior of the noisy label is a mixture of the columns of $T$:
#
# $$q_i(x) = P(\tilde y = i \mid x) = \sum_k T_{ik}\,P(y = k \mid x).$$
#
# At an $x^j$ that is of class $j$ beyond doubt, (33), only one term is left: $T_{ij} = q_i(x^j)$, which is (34). Find
# such an $x^j$ for each class, read off a column. The report takes the sample with the largest $q_j$.
#
# By hand: four samples with $q = (0.5, 0.5)$, $(0.75, 0.25)$, $(0.125, 0.875)$, $(0.375, 0.625)$. The second is surest
# of class 0, so column 0 of $T$ is $(0.75, 0.25)$. The third is surest of class 1, so column 1 is $(0.125, 0.875)$.
#
# > **Exercise 10** asks for this estimator and for a calmer one: `scratchnoise start 10`. The next cell has an answer
# > to the first.
#
# With the *exact* posteriors, which we have here because we drew the clouds, that is all there is to it.

# %%
q_exact = p @ T.T
anchors = q_exact.argmax(axis=0)  # by hand: one sample for each class ...
by_hand = q_exact[anchors].T  # ... and its posterior is a column
print(by_hand.round(4))
np.testing.assert_allclose(by_hand, anchor_argmax(q_exact))
assert np.abs(by_hand - T).max() < 1e-3

# %% [markdown]
# ## What (34) does not say: T must dominate its rows
#
# The largest $q_j = \sum_k T_{jk}\,p_k$ is at the class with the largest entry of *row* $j$. If that is not class $j$,
# the search for the anchor of $j$ ends at a perfect sample of another class, and its column is copied. The matrix
# below is a possible one, and a sample of class 2 gets the label 0 more often than one of class 0 does.
#
# > **Predict.** Which column of the estimate will be wrong, and what will stand in it?

# %%
not_dominant = TransitionMatrix([[0.40, 0.10, 0.45], [0.30, 0.60, 0.05], [0.30, 0.30, 0.50]])
copied = anchor_argmax(p @ not_dominant.array.T)
print("row-dominant:", TransitionMatrix(T).row_dominant, not_dominant.row_dominant)
transition_heatmaps(not_dominant, {"exact posteriors, argmax": copied}, ["0", "1", "2"])

# %% [markdown]
# No amount of data helps here, and nothing in the noisy data gives it away but that two columns are alike. Both of the
# report's matrices are row-dominant.
#
# ## From exact posteriors to learnt ones
#
# Now the real situation: a classifier, trained on noisy labels, says what $q$ is.
#
# > **Predict.** Will the estimate have too much on its diagonal, or too little? Why?

# %%
model = SoftmaxRegression(
    solver="sgd", l2=0, learning_rate=0.03, max_iter=20, averaging=True, tol=0, random_state=0, backend="numpy"
)
q_seen = model.fit(x, y_noisy).predict_proba(x)
transition_heatmaps(T, {"argmax, exact q": by_hand, "argmax, learnt q": anchor_argmax(q_seen)}, ["0", "1", "2"])

# %% [markdown]
# The estimate is far too clean: its diagonal is near 0.9. Two things push it up, and it pays to keep them apart.
#
# **The winner's curse.** Every $\hat q_j(x)$ is a little wrong. The *largest* of $N$ of them is large mostly because
# its error is: the more samples one searches, the worse. Below, the exact $q$ with random errors in its logits.
#
# **A model that cannot be right.** $q = T p$ never leaves the range from $\min_k T_{jk}$ to $\max_k T_{jk}$; it has
# plateaus. Softmax regression has none: far out it says 0 or 1. That error stays when labels are plentiful. To see it
# alone, each sample gets all three labels, with the exact $q$ as their weights: what endless labels would teach.

# %%
for n in (10, 100, 1000, len(q_exact)):
    shaken = softmax(np.log(q_exact) + 0.3 * rng.normal(size=q_exact.shape))
    lifted = np.mean([np.diag(anchor_argmax(part)) for part in np.array_split(shaken, len(shaken) // n)], axis=0)
    print(f"winner's curse, {n:>6} samples: diagonal {lifted.round(2)}")
thrice = model.fit(np.tile(x, (C, 1)), np.repeat(np.arange(C), N), sample_weight=q_exact.T.ravel() * C)
limit = anchor_argmax(thrice.predict_proba(x))
print(f"endless labels:                 diagonal {np.diag(limit).round(2)}, truth {np.diag(T)}")
assert (np.diag(limit) > np.diag(T) + 0.05).all()

# %% [markdown]
# ## The cure: do not ask the winner
#
# Take the sample at a high *quantile* of $\hat q_j$ instead of the largest, or average over the $k$ largest. Both trade
# one error for another: too deep, and $x^j$ is no anchor any more. The quantile has to stay inside the class: above
# $1 - P(x \text{ is an anchor of } j)$. With three balanced classes 0.97 is safe; with a hundred it lies outside the
# class.
#
# > **Predict.** The further from the top, the smaller the estimate of $T_{jj}$. Will the three classes be right at the
# > same quantile?

# %%
shares = np.linspace(0, 0.4, 81)
diagonals = np.array([np.diag(anchor_quantile(q_seen, 1 - share)) for share in shares])
curves = {f"class {j}": (shares, diagonals[:, j]) for j in range(C)}
lines(
    curves, "how far from the top: 1 - quantile", "estimated T[j, j]", {f"true T[{j}, {j}]": T[j, j] for j in range(C)}
)

# %% [markdown]
# Each curve crosses its truth somewhere, and nothing tells us where.
#
# ## Posteriors of samples that the model has not seen
#
# A model is surer of a sample whose (noisy!) label it was trained on. Out-of-fold posteriors take that away: five
# models, each asked about the fifth that it never saw. `estimate_transition` always does this.

# %%
q = out_of_fold_posteriors(model, x, y_noisy, folds=5, random_state=0)
own = np.arange(N), y_noisy
print(f"mean posterior of the label seen in training: {q_seen[own].mean():.3f}, of one not seen: {q[own].mean():.3f}")
assert q_seen[own].mean() > q[own].mean()

# %% [markdown]
# ## Counting instead of believing: the confident joint
#
# Anchors read probabilities *off the model*. The confident joint uses the model only to sort, and counts labels:
#
# 1. $t_j$ is the mean of $\hat q_j$ over the samples labelled $j$;
# 2. a sample is confidently of class $j$ if $\hat q_j \ge t_j$ (of several such classes, the most probable);
# 3. $T_{ij}$ is the share of the label $i$ among the samples that are confidently of class $j$, after the counts of
#    each label $i$ were scaled to how many samples carry it.
#
# If the model is too sure of itself, so is its threshold, and the counts hardly move. For classes of very different
# size there is `balanced_joint`; its docstring says what it costs.

# %%
thresholds = np.array([q[y_noisy == j, j].mean() for j in range(C)])
above = np.where(q >= thresholds, q, 0)
guess, confident = above.argmax(axis=1), above.any(axis=1)
counts = np.zeros((C, C))
np.add.at(counts, (y_noisy[confident], guess[confident]), 1)
counts *= (np.bincount(y_noisy) / counts.sum(axis=1))[:, None]  # as many labels i as there are
joint = confident_joint(q, y_noisy)
print(f"thresholds {thresholds.round(2)}, {confident.mean():.0%} of the samples are confident\n{joint}")
np.testing.assert_allclose(counts / counts.sum(axis=0), joint)

# %% [markdown]
# ## What an error in T costs
#
# The error of an estimate is one thing; what a classifier makes of it another. Each estimate goes into robust softmax
# regression (14), scored on clean labels that it never saw.
#
# > **Predict.** Two estimates with the same mean error, one too clean and one too noisy: which harms the classifier
# > more? And is the one with the smallest error also the one with the best accuracy?

# %%
estimates = {
    "argmax": anchor_argmax(q),
    "top 100": anchor_top_k(q, 100),
    "quantile 0.97": anchor_quantile(q, 0.97),
    "quantile 0.90": anchor_quantile(q, 0.90),
    "quantile 0.80": anchor_quantile(q, 0.80),
    "confident joint": joint,
    "the truth": TransitionMatrix(T),
    "none (T = I)": TransitionMatrix(np.eye(C)),
}
settings = {"solver": "sgd", "learning_rate": 0.1, "max_iter": 10, "l2": 3e-3, "tol": 0}
settings |= {"averaging": True, "random_state": 0}
error, accuracy = {}, {}
print(f"{'':<16}{'diagonal':<22}{'mean abs. error':>16}{'condition':>11}{'accuracy':>10}")
for name, estimate in estimates.items():
    robust = RobustSoftmaxRegression(T=estimate, backend="numpy", **settings).fit(x, y_noisy)
    error[name], accuracy[name] = np.abs(estimate.array - T).mean(), robust.score(x_test, y_test)
    diagonal = str(np.diag(estimate).round(2))
    print(f"{name:<16}{diagonal:<22}{error[name]:>16.3f}{estimate.cond:>11.1f}{accuracy[name]:>10.3f}")

# %% [markdown]
# Two lessons. A matrix that is too *clean* does harm: the classifier must then explain the surplus of wrong labels by
# the images, and memorises. One that is too *noisy* does less: the 0.80 quantile is further from the truth than its
# neighbour and yet classifies about as well here. So look at the accuracy too, or, where no clean labels are left for
# that, at the condition number and the two alarms of the training history (tutorial 04).

# %%
shown = ["argmax", "quantile 0.97", "confident joint"]
transition_heatmaps(T, {name: estimates[name] for name in shown}, ["0", "1", "2"])

# %% [markdown]
# Not all is well: if the classifier cannot tell two classes apart, no estimator can, and human labellers do not follow
# a $T$ at all, since some images are harder than others (tutorial 21). Tutorial 20 has five more estimators, and the
# case without anchor points. The numbers on Fashion-MNIST, with the network's posteriors, are in
# `tutorials/results/RESULTS.md`; the report's own estimates for CIFAR are (45) and (46), the first of which is not
# row-dominant.

# %%
assert (np.diag(estimates["argmax"]) > np.diag(T) + 0.05).all(), "the argmax is biased upwards, for every class"
assert error["quantile 0.97"] < 0.7 * error["argmax"], "a quantile is less so"
assert error["confident joint"] < 0.5 * error["quantile 0.97"], "counting beats believing"
assert accuracy["confident joint"] > accuracy["argmax"], "and the classifier notices"
assert error["quantile 0.80"] > error["quantile 0.90"] and np.isclose(
    *(accuracy[f"quantile 0.{k}"] for k in (80, 90)), atol=0.01
)
