# %% [markdown]
# # The corrected loss: unbiased, unbounded, and how to tame it
#
# Question: can one change the loss instead of the model, so that training on wrong labels is training on right ones, on
# average? And what does "on average" cost?
#
# Equations: cross-entropy (23), the corrected loss for two classes (24)-(25), its risk (26)-(27), the corrected loss
# for any number (28)-(30), and the proof (31)-(32).
#
# Running time: about twenty seconds; with `SCRATCHNOISE_FAST=1` four. Next: tutorial 05 puts $T$ into the
# model instead, 06 finds it.

# %%
import os
import warnings

import numpy as np

from scratchnoise import BackwardCorrected, CrossEntropy, ForwardCorrected, NeuralNetwork, data, noise
from scratchnoise.losses import NatarajanCorrected
from scratchnoise.study.curves import accuracy_by_epoch
from scratchnoise.study.pictures import lines

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
rng = np.random.default_rng(0)
T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])

# %% [markdown]
# ## Ask for an unbiased loss, and there is only one
#
# Let $L_j$ be the loss when $j$ is the true label. We may charge a price $\tilde L_i$ when the *noisy* label is $i$. If
# the true label is $j$, the noisy one is $i$ with probability $T_{ij}$, so on average we charge
# $\sum_i T_{ij} \tilde L_i$. To be right on average, whatever the true label,
#
# $$\sum_i T_{ij}\, \tilde L_i = L_j \text{ for all } j: \quad T^\top \tilde L = L, \qquad \tilde L = T^{-\top} L,$$
#
# which is (30). One system of linear equations, one solution. (The report's proof (32) divides by the number of
# classes: then a loss that is always 1 would be 1/3 on average. And (31) has the corrected loss on both sides; on the
# clean side it is $L$.)
#
# Two classes can be done by hand. Let a true 0 keep its label with probability $3/4$, and a true 1 with $1/2$. The two
# equations say: on average over the label that is drawn, pay what the true label costs,
#
# $$\tfrac34 \tilde L_0 + \tfrac14 \tilde L_1 = L_0, \qquad \tfrac12 \tilde L_0 + \tfrac12 \tilde L_1 = L_1.$$
#
# Twice the first minus the second is $\tilde L_0 = 2 L_0 - L_1$, and then $\tilde L_1 = 3 L_1 - 2 L_0$. For an image
# with $p = (1/4, 3/4)$ the losses are $L = (1.386, 0.288)$, and the prices $(2.485, -1.909)$.
#
# > **Exercise 07** asks for these prices and their gradient for any $T$: `scratchnoise start 07`.
#
# > **Predict.** Three classes below. Can a price be below zero, and what would that mean? What does the average become
# > when $T$ stands where $T^\top$ should?

# %%
z = np.array([[0.5, 1.5, -1.0]])  # the scores of one image
every_label = np.arange(3)
L = CrossEntropy().value(np.repeat(z, 3, axis=0), every_label)
corrected = BackwardCorrected(T).value(np.repeat(z, 3, axis=0), every_label)
print("loss for each true label         L  =", np.round(L, 3))
print("price for each noisy label       L~ =", np.round(corrected, 3))
print("average price, by true label T^T L~ =", np.round(T.T @ corrected, 3))
print("with the wrong transpose     T L~   =", np.round(T @ corrected, 3))

# %% [markdown]
# One of the prices is negative: that label makes the model *richer*. Sooner or later it has to be so: $T^{-\top}$ has
# negative entries, and a model that is sure enough meets one. The sum is right because other labels charge too much.
#
# The same by simulation: a hundred thousand images whose true label is 1, each with a noisy label drawn from column 1.
#
# > **Predict.** How far from $L_1$ will the mean of a hundred thousand prices be: in the first digit, or in the third?

# %%
drawn = corrected[noise.corrupt(np.full(100_000, 1), T, rng)]
deviation = drawn.std() / np.sqrt(len(drawn))
print(f"mean price {drawn.mean():.4f} +- {deviation:.4f}, the loss for true label 1 is {L[1]:.4f}")

# %% [markdown]
# With two classes the inverse can be written out, and (24) is what one gets.

# %%
two_scores, two_labels = rng.standard_normal((6, 2)), rng.integers(0, 2, 6)
T2 = np.array([[0.9, 0.3], [0.1, 0.7]])  # classes -1 and +1: rho_-1 = 0.1, rho_+1 = 0.3
printed = NatarajanCorrected(rho_positive=0.3, rho_negative=0.1).value(two_scores, two_labels)
inverted = BackwardCorrected(T2).value(two_scores, two_labels)
print("(24) and (30) differ by", np.abs(printed - inverted).max())

# %% [markdown]
# ## Signed labels
#
# For cross-entropy the correction is a change of *label*. $L_j = -\log p_j$, so the price of label $y$ is
#
# $$\tilde L_y = \sum_j (T^{-\top})_{yj}\, (-\log p_j) = -\sum_j a_j \log p_j,$$
#
# where $a$ is row $y$ of $T^{-\top}$. That is cross-entropy again, with $a$ in place of the one-hot label. The entries
# of $a$ sum to 1, so the gradient is $p - a$ where it was $p - Y$. Some entries are negative: the label says "this one,
# and *not* those". Watch the signs, line by line: `scratchnoise step BackwardCorrected`.
#
# > **Predict.** A label under (39) carries 1 % of the information of a clean one (tutorial 01). By which factor will
# > the squared gradients grow?

# %%
for name, matrix in (("asymmetric", T), ("(38)", noise.MNIST05), ("(39)", noise.MNIST06)):
    a = BackwardCorrected(matrix).weights  # row y is the signed label that replaces y
    squared = ((1 / 3 - a) ** 2).sum(axis=1)  # of the gradient p - a, by label, at p = (1/3, 1/3, 1/3)
    growth = np.mean(squared @ np.asarray(matrix)) / (2 / 3)  # over labels and classes; 2/3 when clean
    print(f"{name:12} label 0 becomes {np.round(a[0], 2)}, squared gradients grow {growth:.1f} times")

# %% [markdown]
# The last column is the first part of the bill. At $p = (1/3, 1/3, 1/3)$ the gradients of (39) have a second moment a
# hundred times that of clean labels: right on average, and a hundred times as many samples for the same average.
#
# ## Unbounded below
#
# The second part is worse. With $s = \log \sum_l e^{z_l}$ the price is $s - a \cdot z$. Raise the score of the given
# label alone, $z = t\, e_y$: for large $t$ that is $t\,(1 - a_y)$, and $a_y > 1$. The more certain the model is, the
# more it gains, without end.
#
# > **Predict.** Draw the three losses of label 0 as its score rises: cross-entropy, forward, backward. Which have a
# > floor?

# %%
t = np.linspace(-2, 8, 201)
scores, zeros = np.stack([t, 0 * t, 0 * t], axis=1), np.zeros(len(t), np.int64)
losses = {
    "cross-entropy": CrossEntropy(),
    "forward": ForwardCorrected(noise.MNIST05),
    "backward": BackwardCorrected(noise.MNIST05),
}
curves = {name: (t, loss.value(scores, zeros)) for name, loss in losses.items()}
lines(curves, "score of the label that was given, the others 0", "loss of one sample under (38)")

# %% [markdown]
# On average over *many noisy labels of the same image* this is harmless: the others charge what this one pays. But no
# two images are the same. A model that can treat each training image by itself collects every reward and pays no price,
# and its risk has no minimum. The forward loss of tutorial 05 stays above $-\log \max_j T_{yj}$.
#
# ## Run it raw
#
# A network with one hidden layer, labels by (38), the report's step `0.01` and its momentum. Two alarms need no clean
# label. The corrected risk estimates a mean of losses that are not negative. An estimate lies on either side, so the
# alarm is a *corrected risk below zero by more than three standard errors*, over a whole epoch. And the forward loss
# should not fall below the noise floor of tutorial 01, by the same margin. Both bounds hold for a model that does not
# depend on these labels; the alarm says that this one does, or that $T$ is not theirs.


# %%
def pixels(images):
    """Rows of pixels in [-1, 1]."""
    return images.reshape(len(images), -1) / np.float32(127.5) - 1


garments = data.load("garments", n_train=2400 if FAST else 6000, n_test=1000)
x, x_test = pixels(garments.x_train), pixels(garments.x_test)
y_noisy = {T: noise.corrupt(garments.y_train, T, rng) for T in (noise.MNIST05, noise.MNIST06)}
EPOCHS, SEEDS = (25, 1) if FAST else (40, 3)
warnings.filterwarnings("ignore", "the network is saturated")  # spoken of below


def run_once(loss, T, seed, **settings):
    """What each epoch showed, by columns; the test accuracy, which training does not see, included."""
    test = []

    def see(model, row):
        test.append(model.score(x_test, garments.y_test))

    settings = {"epochs": EPOCHS, "batch_size": 252, "scaling": None, **settings}
    network = NeuralNetwork("mlp", loss, random_state=seed, on_epoch=see, **settings)
    rows = network.fit(x, y_noisy[T]).history_
    return {name: [row[name] for row in rows] for name in rows[0]} | {"test_accuracy": test}


def run(loss, T=noise.MNIST05, **settings):
    """The histories of some runs on labels drawn by T."""
    return [run_once(loss, T, seed, **settings) for seed in range(SEEDS)]


# %% [markdown]
# What to look at: the accuracy of the last epoch, how low the corrected risk went, and when an alarm rang first.
#
# > **Predict.** The corrected risk is a mean of losses that are not negative, on average over the noise. How low will
# > it be at the end of the training: about 0, or far below? And will the alarm ring before or after the accuracy is
# > lost?


# %%
def accuracy(histories):
    """Mean test accuracy in the last epoch."""
    return np.mean([history["test_accuracy"][-1] for history in histories])


def lowest(histories):
    """The lowest corrected risk of any epoch and run."""
    return min(min(history["corrected_risk"]) for history in histories)


def first_alarm(history):
    """The epoch of the first alarm, or None."""
    return next((epoch for epoch, alarms in enumerate(history["alarms"], 1) if alarms), None)


def summary(name, histories):
    first = [first_alarm(history) for history in histories]
    print(f"{name:28}{accuracy(histories):9.3f}{lowest(histories):14.4g}   {first}")


HEAD = f"{'':28}{'accuracy':>9}{'lowest risk':>14}   first alarm in epoch"
print(HEAD)
raw = run(BackwardCorrected(noise.MNIST05, risk="raw"), learning_rate=0.01)
summary("(38) raw, step 0.01", raw)
raw39 = run(BackwardCorrected(noise.MNIST06, risk="raw"), noise.MNIST06, learning_rate=0.01)
summary("(39) raw, step 0.01", raw39)

# %% [markdown]
# A mean of positive losses, estimated at far less than nothing: this network has found the reward. The alarms rang
# late, or not at all. The whole sum hangs on a few samples that earn millions, and the mean of such numbers has a
# standard error as large as itself: it could as well be luck. So a bell means something, and silence means nothing;
# that the risk runs away is seen in the risk itself. `fit` warns of another sign: most probabilities are 0 or 1, and
# the loss is above that of a guess all the same. That warning is silenced here.
#
# With the report's large network 9 of 15 raw runs ended in a loss that is no number, and training then stops with
# `TrainingDiverged` instead of going on with weights that are not numbers. That need not be the same story: most died
# in their first epoch, no epoch before had a risk below zero, and of two deaths that were recorded epoch by epoch one
# ran up and one down (RESULTS.md, with other initial weights and a bounded loss beside it). A loss without a bound lets
# steps grow in both directions; the history of a run that diverges has the fatal epoch too, and the objective of its
# last finite batch.
#
# ## Four ways to tame it
#
# * **Smaller steps.** The gradients are $\lVert T^{-1} \rVert$ times as large, so `learning_rate="auto"` divides the
#   step by that, and lets it decay.
# * **Do not reward what cannot be earned.** Group the prices by true class,
#   $R_j = \frac{1}{N} \sum_n a_{nj} (-\log p_{nj})$. Each estimates $P(y = j)\, E[-\log p_j \mid y = j]$, which is not
#   negative. `risk="relu"` counts $\max(R_j, 0)$: a class below zero, by chance or by heart, pulls no further.
#   `"clip"` does so for the sum, `"flood"` turns back up: $|R - b| + b$.
# * **Weight decay.** Under a penalty on the weights rewards do not grow without end, and a minimum exists.
# * **The forward loss**, which is bounded.
#
# > **Predict.** Which of the four costs the least accuracy? Which still lets the risk fall below zero?

# %%
tamed = {
    "raw, auto step": run(BackwardCorrected(noise.MNIST05, risk="raw")),
    "raw, auto step, decay 0.3": run(BackwardCorrected(noise.MNIST05, risk="raw"), weight_decay=0.3),
    "clip, auto step": run(BackwardCorrected(noise.MNIST05, risk="clip")),
    "flood, auto step": run(BackwardCorrected(noise.MNIST05, risk="flood")),
    "relu, auto step": run(BackwardCorrected(noise.MNIST05, risk="relu")),
    "forward, auto step": run(ForwardCorrected(noise.MNIST05)),
}
print(HEAD)
for name, histories in {"raw, step 0.01": raw, **tamed}.items():
    summary(name, histories)

# %%
accuracy_by_epoch(
    {
        "NN": run("cross_entropy", learning_rate=0.01),
        "NN backward (raw)": raw,
        "NN backward": tamed["relu, auto step"],
        "NN forward": tamed["forward, auto step"],
    },
    chance=1 / 3,
)

# %% [markdown]
# With small steps the raw risk falls slowly below zero, in many samples at once, and there the alarm is heard in every
# run. Bounded is not immune: after 30 epochs under (39) the forward loss of the report's network is below its floor in
# some runs (RESULTS.md).
#
# Every cure adds a bias, on purpose. The raw loss is right on average over all the noise that *could* have been drawn;
# a training set is one draw. All of these are in the library; its default is `risk="relu"` with the automatic step, and
# the raw form is there for proofs and for those who want to watch.
#
# A warning about the wild: many implementations clip the logarithm, $-\log \max(p, \epsilon)$. That also bounds the
# loss, at $\log \epsilon$ times the negative weights, and it kills the gradient exactly where it ran away. It works as
# a tamer without anybody having said so, and the formula in the paper next to it is another one.
#
# ## The claim
#
# The corrected loss is unbiased, exactly; it is unbounded below; trained raw in large steps, the risk of this network
# runs away, and its standard error with it; in small steps it memorises, and the alarm tells; the tamed forms do
# better. The control is a network without training: no alarm rings, though its loss is bad.

# %%
untrained = run_once(BackwardCorrected(noise.MNIST05, risk="raw"), noise.MNIST05, 0, epochs=1, learning_rate=1e-9)
assert first_alarm(untrained) is None, "no alarm for a model that has read no label"
for history in raw39:
    worst = np.argmin(history["corrected_risk"])
    assert history["corrected_risk_error"][worst] > -0.1 * history["corrected_risk"][worst], "its error runs away too"
assert all(first_alarm(history) for history in tamed["raw, auto step"]), "what is learnt by heart step by step is heard"
np.testing.assert_allclose(T.T @ corrected, L, rtol=1e-12, err_msg="unbiased, exactly")
assert np.abs(T @ corrected - L).max() > 0.1, "which a transposed T is not"
assert abs(drawn.mean() - L[1]) < 4 * deviation, "unbiased, by simulation"
slope = np.diff(curves["backward"][1])[-1] / np.diff(t)[-1]
a_y = BackwardCorrected(noise.MNIST05).weights[0, 0]
np.testing.assert_allclose(slope, 1 - a_y, rtol=0.01, err_msg="unbounded")
assert curves["forward"][1].min() >= -np.log(0.5), "the forward loss is bounded"
assert lowest(raw) < -10 and lowest(raw39) < -1000, "raw, it runs away"
for name, histories in tamed.items():
    assert accuracy(histories) > accuracy(raw) + 0.02, f"{name} is more accurate"
    assert lowest(histories) > -1 or name == "raw, auto step", f"{name} stays where a risk belongs"
