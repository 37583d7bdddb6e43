# %% [markdown]
# # Labels as latent variables
#
# Question: the true label of a sample was never seen. Can one still write down the likelihood of what was seen, and
# maximise it? And what does the answer mean where the classes do not look as the model says?
#
# Equations: EM with latent labels (4)-(6); the noise model (3); robust softmax regression (19) for comparison.
#
# Running time: about six seconds. Next: tutorial 19 leaves the model out and changes the loss.

# %%
import os

import numpy as np

from scratchnoise import SoftmaxRegression, noise
from scratchnoise.models import KernelFisherEM, LabelNoiseEM
from scratchnoise.study.pictures import lines
from scratchnoise.study.statistics import compare

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
N, C, DRAWS = 1500, 2, 4 if FAST else 6
T = np.array([[0.7, 0.2], [0.3, 0.8]])


def clouds(n, rng):
    """Each class is one normal distribution, as the model says."""
    y = rng.integers(C, size=n)
    spread = np.array([1.0, 0.6])[y, None]
    return rng.normal(size=(n, 2)) * spread + np.array([[0, 0], [2.2, 1]])[y], y


def moons(n, rng):
    """Each class is half a circle, which no normal distribution is."""
    y, angle = rng.integers(C, size=n), rng.uniform(0, np.pi, n)
    arc = np.column_stack([np.cos(angle), np.sin(angle)])
    return np.where(y[:, None] == 0, arc, np.array([1, 0.5]) - arc) + 0.12 * rng.normal(size=(n, 2)), y


# %% [markdown]
# ## The likelihood of what was seen
#
# We saw $x_n$ and the noisy label $\tilde y_n$. Let class $j$ occur with probability $\pi_j$, let its samples be
# normal, $N(x; \mu_j, S_j)$, and let its labels be flipped by $T$ whatever $x$ is, which is (3). The true label is
# summed out:
#
# $$P(x_n, \tilde y_n) = \sum_j T_{\tilde y_n j}\, \pi_j\, N(x_n; \mu_j, S_j).$$
#
# Lawrence and Schölkopf maximise the logarithm of this, summed over the samples, (4). The sum inside the logarithm
# makes it hard. If the true labels were known, it would be easy: means, covariances and counts. EM takes turns.
#
# **E step, (5).** How probable is each true label, given all that was seen?
#
# $$r_{nj} = P(j \mid x_n, \tilde y_n) = \frac{T_{\tilde y_n j}\, \pi_j\, N(x_n; \mu_j, S_j)}{\text{the same, summed
# over } j}.$$
#
# **M step, (6).** Take the $r_{nj}$ for counts: $\pi$, $\mu$ and $S$ are the moments weighted by $r$, and $T_{ij}$ is
# the share of label $i$ in the weight of class $j$.
#
# By hand: a sample is labelled 1. Its density is $4$ under class 0 and $1$ under class 1, both classes are as frequent,
# and $T_{10} = 0.3$, $T_{11} = 0.8$. So $r_n = (0.3 \cdot 4,\ 0.8 \cdot 1) / 2 = (0.6, 0.4)$: the features overrule the
# label.
#
# The report prints (6) without the sum over the hidden label: `scratchnoise equations 6`.
#
# > **Predict.** The M step maximises another function than the likelihood. Can the likelihood fall?


# %%
def em(x, y, rounds):
    """(T, r, the mean log likelihood of every round), from the labels as they are."""
    T = 0.8 * np.eye(C) + 0.2 / C
    r, history = T[y] / T[y].sum(axis=1, keepdims=True), []
    for _ in range(rounds):
        count = r.sum(axis=0)
        prior, mean = count / len(x), r.T @ x / count[:, None]
        centred = x[:, None] - mean
        S = np.einsum("nj,nja,njb->jab", r, centred, centred) / count[:, None, None]
        if history:  # the first r comes from T alone, so it can teach nothing about T
            T = np.eye(C)[y].T @ r / count
        distance = np.einsum("nja,jab,njb->nj", centred, np.linalg.inv(S), centred)
        joint = T[y] * prior * np.exp(-distance / 2) / (2 * np.pi * np.sqrt(np.linalg.det(S)))
        history.append(np.log(joint.sum(axis=1)).mean())
        r = joint / joint.sum(axis=1, keepdims=True)
    return T, r, history


rng = np.random.default_rng(0)
x, y = clouds(N, rng)
y_noisy = noise.corrupt(y, T, rng)
T_hand, r, history = em(x, y_noisy, 60)
library = LabelNoiseEM(ridge=0).fit(x, y_noisy)
print(f"learnt T, by hand after 60 rounds:\n{T_hand.round(4)}")
print(f"LabelNoiseEM after {library.n_iter_} rounds:\n{library.T_.array.round(4)}")
print(f"smallest gain of a round: {np.diff(history).min():.1e}")
lines({"by hand": (range(1, 21), history[:20])}, "round of EM", "log likelihood of a sample")

# %% [markdown]
# It cannot fall. For any $r$ whose rows sum to 1, Jensen's inequality says
#
# $$\log \sum_j P(x, \tilde y, j) \ge \sum_j r_j \log \frac{P(x, \tilde y, j)}{r_j},$$
#
# and the two sides are equal for the $r$ of the E step. The M step raises the right side. So the left side, which was
# equal to it, ends at least as high.
#
# The $r_{nj}$ also say which labels are wrong. Below: how often is the label among the samples that EM doubts most?

# %%
doubt = 1 - r[np.arange(N), y_noisy]
wrong = y != y_noisy
most_doubted = np.argsort(-doubt)[: wrong.sum()]
print(f"{wrong.mean():.0%} of the labels are wrong, and {wrong[most_doubted].mean():.0%} of the most doubted ones")

# %% [markdown]
# ## How well are the rates learnt?
#
# The likelihood is that of the truth, so its maximum approaches the true $T$ as the samples grow in number. On the
# moons the same code runs, its likelihood rises as well, and there is no warning.
#
# > **Predict.** Eight times as many samples: what happens to the error of $T$ on the clouds, and on the moons?

# %%
shapes = {"clouds": clouds, "moons": moons}
errors = {}
for name, shape in shapes.items():
    for size in (N, 8 * N):
        for draw in range(DRAWS):
            rng = np.random.default_rng(draw)
            x, y = shape(size, rng)
            learnt = LabelNoiseEM().fit(x, noise.corrupt(y, T, rng)).T_.array
            errors.setdefault((name, size), {})[draw] = np.abs(learnt - T).mean()
    few, many = (np.mean(list(errors[name, size].values())) for size in (N, 8 * N))
    print(f"{name}: mean error of T {few:.3f} with {N:,} samples, {many:.3f} with {8 * N:,}")

# %% [markdown]
# More samples help where the model is right. Where it is wrong they make the wrong answer more precise: EM finds the
# $T$ that makes *normal* classes most likely, and it needs wrong labels to explain samples that lie in the wrong place.
#
# ## A test of the model
#
# Could one have noticed? If $T$ is known, fit once with it and once without. The two free rates may add to the
# likelihood by chance. Wilks' theorem says how much where the model is right: $2 N$ times the gain of a sample is
# about 2 on average, one for each rate, and above 14 in one case out of a thousand.

# %%
statistic, accuracy = {name: {} for name in shapes}, {}
MODELS = {
    "EM": lambda: LabelNoiseEM(),
    "EM, told T": lambda: LabelNoiseEM(T),
    "softmax regression": lambda: SoftmaxRegression(l2=1e-3, random_state=0),
    "kernel Fisher EM": lambda: KernelFisherEM(random_state=0),
    "the same, linear kernel": lambda: KernelFisherEM(kernel="linear", random_state=0),
}
rates = {}
for name, shape in shapes.items():
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        x, y = shape(N, rng)
        x_test, y_test = shape(3000, rng)
        y_noisy = noise.corrupt(y, T, rng)
        fitted = {model: make().fit(x, y_noisy) for model, make in MODELS.items()}
        gain = fitted["EM"].objective_[-1] - fitted["EM, told T"].objective_[-1]
        statistic[name][draw] = 2 * N * gain
        for model, found in fitted.items():
            accuracy.setdefault((name, model), {})[draw] = found.score(x_test, y_test)
            if hasattr(found, "T_") and model != "EM, told T":
                rates.setdefault((name, model), {})[draw] = np.abs(found.T_.array - T).mean()
    print(f"{name}: 2 N times the gain {np.round(list(statistic[name].values()), 1)}")

# %% [markdown]
# ## The way out: let a kernel bend the classes
#
# Lawrence and Schölkopf's second proposal (section 2.2 of the report): map $x$ to features $\phi(x)$ by a kernel, and
# let the classes be normal *there*, with one covariance. A flat border in $\phi$ is a bent one in $x$. The EM is the
# same code. Control: the linear kernel, whose $\phi(x)$ is $x$ itself, so that only the bending is missing.
#
# > **Predict.** On the clouds the plain EM has the right model. Does the kernel win there, too?

# %%
print(f"{'':<26}{'clouds':>9}{'moons':>9}     error of T on the clouds, moons")
for model in MODELS:
    means = [np.mean(list(accuracy[name, model].values())) for name in shapes]
    learnt = [np.mean(list(rates[name, model].values())) for name in shapes if (name, model) in rates]
    print(f"{model:<26}{means[0]:9.3f}{means[1]:9.3f}     " + "  ".join(f"{error:.3f}" for error in learnt))
kernel_gain = compare(accuracy["moons", "kernel Fisher EM"], accuracy["moons", "EM"])
right_model = compare(accuracy["clouds", "EM"], accuracy["clouds", "kernel Fisher EM"])
learnt_gain = compare(rates["moons", "EM"], rates["moons", "kernel Fisher EM"])
told_gain = compare(accuracy["moons", "kernel Fisher EM"], accuracy["moons", "EM, told T"])
print(f"moons: kernel Fisher EM - EM {kernel_gain}, - EM told T {told_gain}")
print(f"clouds: EM - kernel Fisher EM {right_model}")

# %% [markdown]
# A model of the classes is strong where it is right, and then nothing beats it. Where it is wrong, to be told the
# true $T$ does not repair it: the shapes stay wrong. A model of the posterior alone, as in tutorial 05, assumes less.

# %%
np.testing.assert_allclose(T_hand, library.T_.array, atol=1e-3, err_msg="ten lines are the library's EM")
assert np.diff(history).min() > -1e-12, "the likelihood never falls"
assert wrong[most_doubted].mean() > 2 * wrong.mean(), "the E step knows the wrong labels"
mean_error = {cell: np.mean(list(found.values())) for cell, found in errors.items()}
assert mean_error["clouds", 8 * N] < 0.7 * mean_error["clouds", N], "more samples: better rates"
assert mean_error["moons", 8 * N] > 0.7 * mean_error["moons", N] > 0.02, "control: a wrong model stays wrong"
assert mean_error["moons", 8 * N] > 4 * mean_error["clouds", 8 * N], "by far"
assert np.mean(list(statistic["clouds"].values())) < 6, "free rates gain what chance allows"
assert max(statistic["clouds"].values()) < 14, "in every draw"
assert np.mean(list(statistic["moons"].values())) > 14, "control: on the moons they gain more"
assert kernel_gain.is_shown and kernel_gain.mean > 0.1, "a kernel bends the classes"
assert told_gain.is_shown and told_gain.mean > 0.1, "which the true T cannot do"
assert learnt_gain.is_shown and learnt_gain.mean > 0, "and it learns the rates"
linear = compare(accuracy["moons", "kernel Fisher EM"], accuracy["moons", "the same, linear kernel"])
assert linear.is_shown and linear.mean > 0.1, "control: without the bending it does not help"
assert right_model.is_shown and right_model.mean > 0, "control: the right model is the best one"
