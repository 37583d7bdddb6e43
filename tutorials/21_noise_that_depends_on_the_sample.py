# %% [markdown]
# # Noise that depends on the sample
#
# Question: all methods so far believe (3), that the noisy label depends on the true one alone. People do not err like
# that: some samples are harder than others. What happens to a method that is told the right $T$, when no $T$ is the
# whole truth? And which wrong labels can still be found?
#
# Equations: the noise model (3); robust softmax regression (14); the posterior of the true label (5).
#
# Running time: about ten seconds; with `SCRATCHNOISE_FAST=1` seven. The rows at the end were recorded by
# `python -m scratchnoise.study.instance`.

# %%
import os

import numpy as np

from scratchnoise import RobustSoftmaxRegression, SoftmaxRegression, find_label_errors, instance_noise, noise
from scratchnoise.kernels import softmax
from scratchnoise.study import evidence, instance
from scratchnoise.study.pictures import lines
from scratchnoise.study.statistics import compare

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
N, D, C, RATE, DRAWS = 2000, 10, 3, 0.4, 4 if FAST else 6
centres = 2.5 * np.eye(C, D)


def draw(n, rng):
    """Samples x of three clouds, true labels y and the exact posterior p."""
    y = rng.integers(C, size=n)
    x = rng.normal(size=(n, D)) + centres[y]
    return x, y, softmax(x @ centres.T - 0.5 * (centres**2).sum(axis=1))


# %% [markdown]
# ## Two ways to depend on the sample
#
# The general model is $P(\tilde y = i \mid y = j, x)$, a matrix for each sample. Two kinds that are used in the
# literature, both with about 40 % wrong labels here:
#
# * **Part-dependent noise** (Xia et al. 2020): how often a label is flipped varies from sample to sample, and *which*
#   wrong label it gets is drawn from a softmax of random linear functions of $x$. A trouser leg with a shadow may be
#   taken for a dress.
# * **Margin noise** (Zhang et al. 2021): the label of a sample that is of its most probable class $u$ becomes the
#   second one, $s$, more often the smaller the margin $p_u - p_s$ is. Who doubts, errs.
#
# For control, each is turned into noise of the class: $T$ is the mean of its matrices over the samples of each class,
# and other labels are drawn from this $T$. The two sets of labels have the same $T$. They differ in nothing but that
# one of them depends on $x$.

# %%
rng = np.random.default_rng(0)
x, y, p = draw(N, rng)
NOISES = {
    "part-dependent": lambda x, y, p, rng: instance_noise.part_dependent(x, y, C, RATE, rng),
    "margin": lambda x, y, p, rng: instance_noise.margin_diminishing(p, y, "I", RATE),
}
for name, make in NOISES.items():
    P = make(x, y, p, rng)
    flip = 1 - P[np.arange(N), y]
    print(f"{name}: P(flip) is above 1/2 for {np.mean(flip > 0.5):.0%} of the samples; the mean T is")
    print(instance_noise.mean_transition(P, y).array.round(2))

# %% [markdown]
# Where $P(\text{flip}) > 1/2$ most labels are wrong, and no number of samples tells the truth there. Below is where the
# wrong labels lie: the samples are sorted by the margin of their true posterior. (At the very border fewer labels are
# wrong, because up to half of the samples there are not of their most probable class, and keep their label.)

# %%
margin = np.diff(np.sort(p, axis=1)[:, -2:], axis=1)[:, 0]
edges = np.quantile(margin, np.linspace(0, 1, 9))
group = np.digitize(margin, edges[1:-1])
share, kinds = {}, ("of the sample", "of the class")
for name, make in NOISES.items():
    P = make(x, y, p, np.random.default_rng(0))
    T = instance_noise.mean_transition(P, y)
    labels = dict(zip(kinds, (instance_noise.draw_labels(P, rng), noise.corrupt(y, T, rng)), strict=True))
    for kind, y_noisy in labels.items():
        share[f"{name},\n{kind}"] = np.array([np.mean(y_noisy[group == g] != y[group == g]) for g in range(8)])
curves = {name: (range(1, 9), values) for name, values in share.items()}
lines(curves, "eighth of the samples, the least margin first", "share of wrong labels", limits=(0, 1))

# %% [markdown]
# ## Told the mean T
#
# Robust softmax regression is told the mean $T$, which is exact for the labels of the control. Softmax regression is
# told nothing.
#
# > **Predict.** rMLR, with the right mean, beside plain softmax regression: does it help in all four cases?

# %%
LINEAR = {"l2": 1e-3, "tol": 1e-4, "random_state": 0}
accuracy, precision, wrong_share = {}, {}, {}
for name, make in NOISES.items():
    for n in range(DRAWS):
        rng = np.random.default_rng(n)
        (x, y, p), (x_test, y_test, _) = draw(N, rng), draw(4000, rng)
        P = make(x, y, p, rng)
        T = instance_noise.mean_transition(P, y)
        for kind, y_noisy in zip(kinds, (instance_noise.draw_labels(P, rng), noise.corrupt(y, T, rng)), strict=True):
            for method, model in {
                "plain": SoftmaxRegression(**LINEAR),
                "mean T": RobustSoftmaxRegression(T, **LINEAR),
            }.items():
                score = model.fit(x, y_noisy).score(x_test, y_test)
                accuracy.setdefault((name, kind, method), {})[n] = score
                found = find_label_errors(model, x, y_noisy, folds=3, random_state=0)
                is_wrong = (y_noisy != y)[found.index]
                precision.setdefault((name, kind, method), {})[n] = is_wrong[: is_wrong.sum()].mean()
                wrong_share.setdefault((name, kind), {})[n] = is_wrong.mean()
cells = [(name, kind) for name in NOISES for kind in kinds]
gain = {cell: compare(accuracy[(*cell, "mean T")], accuracy[(*cell, "plain")]) for cell in cells}
print(f"{'':<32}{'plain':>7}{'mean T':>8}   mean T - plain")
for cell in cells:
    means = [np.mean(list(accuracy[(*cell, method)].values())) for method in ("plain", "mean T")]
    print(f"{', '.join(cell):<32}{means[0]:>7.3f}{means[1]:>8.3f}   {gain[cell]}")

# %% [markdown]
# Under noise of the class it helps. Under part-dependent noise it still helps: the rates vary, but not where classes
# meet more than elsewhere. Under margin noise the right mean *harms*.
#
# An argument for it: far from the borders hardly any label is wrong, which the plain regression sees. To rMLR no label
# can be more probable than the largest entry of $T$, since $q = T p$. So far from the borders its likelihood is as good
# as it can be for any $p$ that is sure enough, and the samples at the borders decide, of which most have wrong labels.
#
# One cannot tell from $T$ which of the two it is. What one can do: compare with the plain model on a few clean samples.
#
# ## Finding the wrong labels
#
# `find_label_errors` ranks the samples by $P(y \ne \tilde y_n \mid x_n, \tilde y_n)$, which is (5): each sample is
# judged by a model that was not trained on it. With a plain model it takes $T$ from the confident joint. Of the first
# $k$ samples of the ranking, where $k$ is the number of wrong labels, how many are wrong? A random order would have as
# many as there are in all.
#
# > **Predict.** Under margin noise the wrong labels are where the classes meet. Are they easier to find, or harder?

# %%
print(f"{'':<32}{'chance':>8}{'plain':>8}{'mean T':>8}")
for cell in cells:
    means = [np.mean(list(precision[(*cell, method)].values())) for method in ("plain", "mean T")]
    chance = np.mean(list(wrong_share[cell].values()))
    print(f"{', '.join(cell):<32}{chance:>8.3f}{means[0]:>8.3f}{means[1]:>8.3f}")
harder = {name: compare(*(precision[name, kind, "plain"] for kind in reversed(kinds))) for name in NOISES}
for name, difference in harder.items():
    print(f"{name}: the plain model finds more under noise of the class, by {difference}")

# %% [markdown]
# Harder, for both kinds. A possible reason: a wrong label is found because it contradicts the features, and labels that
# depend on the features may contradict them less. But all rankings are far better than chance.
#
# ## On Fashion-MNIST, and with the labels of people
#
# The recorded rows: five draws with 6,000 images, a rate of 40 %, part-dependent and three kinds of margin noise. Below
# is what the dependence on $x$ alone costs each method, its accuracy under noise of the sample less that under noise of
# the class of the same mean.

# %%
rows = evidence.rows("instance")
recorded = {}
for name in instance.NOISES:
    recorded[name] = {method: instance.cost(rows, name, RATE, method) for method in instance.METHODS}
    print(f"{name:<16}" + "".join(f"{method} {difference}   " for method, difference in recorded[name].items()))

# %% [markdown]
# Labels of people are noise of the sample as well, and nobody has its formula. CIFAR-10N has several human labels for
# each training image of CIFAR-10. If you have its file, as plain arrays,
# `data.load_cifar10_human("CIFAR-10_human.npz", "worse_label")` gives the images with these labels, and
# `python -m scratchnoise.study.human --labels CIFAR-10_human.npz --out rows.jsonl` does what this page did: the same
# images with human labels, and with labels drawn from the $T$ of the human ones.

# %%
for cell in [("part-dependent", "of the class"), ("part-dependent", "of the sample"), ("margin", "of the class")]:
    assert gain[cell].is_shown and gain[cell].mean > 0, f"told the mean T it gains: {cell}"
assert gain["margin", "of the sample"].is_shown and gain["margin", "of the sample"].mean < 0, "and here it loses"
assert np.ptp(share["margin,\nof the class"]) < 0.2 < 0.4 < np.ptp(share["margin,\nof the sample"]), "at the borders"
assert share["margin,\nof the sample"][-2:].max() < 0.05, "far from them hardly any"
assert share["margin,\nof the sample"][0] < share["margin,\nof the sample"].max(), "at the very border fewer"
assert np.ptp(share["part-dependent,\nof the sample"]) < 0.2, "not so part-dependent noise"
for name, difference in harder.items():
    assert difference.is_shown and difference.mean > 0, f"labels that depend on x are harder to find: {name}"
for (name, kind, method), found in precision.items():
    assert min(found.values()) > 1.5 * max(wrong_share[name, kind].values()), f"better than chance: {name}, {method}"
for name in ("margin I", "margin II", "margin III"):
    assert recorded[name]["rMLR, mean T"].is_shown and recorded[name]["rMLR, mean T"].mean < -0.1, "Fashion-MNIST, too"
    assert recorded[name]["MLR"].mean > recorded[name]["rMLR, mean T"].mean, "control: it costs MLR less"
