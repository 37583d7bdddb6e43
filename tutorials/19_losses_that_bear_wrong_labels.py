# %% [markdown]
# # Losses that bear wrong labels
#
# Question: can a loss resist wrong labels that nobody has described to it, by its shape alone? Which noise does it
# resist, and what else keeps a network from learning wrong labels by heart?
#
# Equations: the corrected losses (28), (30) and the forward loss (14) for comparison; uniform noise (1), (2).
#
# Running time: about fifteen seconds; with `SCRATCHNOISE_FAST=1` eight. Next: tutorial 20 finds $T$ without asking for
# anchors.

# %%
import os

import numpy as np

from scratchnoise import TransitionMatrix, noise
from scratchnoise.kernels import softmax
from scratchnoise.losses import BackwardCorrected, CrossEntropy, ForwardCorrected
from scratchnoise.models import CoTeaching, NeuralNetwork
from scratchnoise.network.augmentation import Augmentation
from scratchnoise.robust_losses import (
    ActivePassive,
    EarlyLearning,
    Flooded,
    GeneralizedCrossEntropy,
    HardBootstrapping,
    ImportanceReweighted,
    LabelSmoothing,
    MeanAbsoluteError,
    NormalizedCrossEntropy,
    ReverseCrossEntropy,
    SoftBootstrapping,
    SymmetricCrossEntropy,
)
from scratchnoise.study.pictures import lines, simplex_decisions
from scratchnoise.study.statistics import compare

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
C, DRAWS = 4, 4 if FAST else 5
uniform, pair = noise.uniform(C, 0.4 / (C - 1)), noise.pair_flip(C, 0.4)  # 40 % wrong labels each
rng = np.random.default_rng(0)
z = 2 * rng.normal(size=(500, C))  # logits of 500 samples
p = softmax(z)

# %% [markdown]
# ## How hard does one label pull?
#
# One sample, its label $y$, and $p_y$, the probability that the network gives to the label. The pull is
# $-\partial L / \partial z_y$: how much the loss wants the logit of the label to grow. A wrong label is one with small
# $p_y$ in a network that has learnt the classes. For cross-entropy the pull is $1 - p_y$, largest just there.
#
# * Generalised cross-entropy $(1 - p_y^q) / q$ has the pull $p_y^q\, (1 - p_y)$, here with $q = 0.7$;
# * the mean absolute error $1 - p_y$, which is $q = 1$, has $p_y (1 - p_y)$;
# * reverse cross-entropy $-A\,(1 - p_y)$ with $A = -4$ for $\log 0$ is four times as much, and symmetric cross-entropy
#   is the sum of $0.1$ of cross-entropy and that;
# * normalised cross-entropy divides cross-entropy by that of all labels, $\log p_y / \sum_k \log p_k$.
#
# > **Predict.** Which of these learn slowly at the start, where all $p_y$ are near $1/C$?

# %%
p_label = np.linspace(0.01, 0.99, 99)
z_line = np.zeros((99, C))
z_line[:, 0] = np.log((C - 1) * p_label / (1 - p_label))  # the others share the rest evenly


def pull(loss):
    """-dL/dz_y on that line, (99,)."""
    return -loss.grad(z_line, np.zeros(99, int))[:, 0]


bounded = {
    "cross-entropy": CrossEntropy(),
    "generalised": GeneralizedCrossEntropy(),
    "mean absolute error": MeanAbsoluteError(),
    "reverse": ReverseCrossEntropy(),
    "symmetric": SymmetricCrossEntropy(),
    "normalised": NormalizedCrossEntropy(),
}
pulls = {name: pull(loss) for name, loss in bounded.items()}
lines({name: (p_label, values) for name, values in pulls.items()}, "probability of the label", "pull on its logit")

# %% [markdown]
# All but cross-entropy and its sum with the reverse let go of a label that the network does not believe. (Normalised
# cross-entropy pulls weakly throughout, because its denominator is large.) The price is the same property: at the start
# the network believes no label.
#
# The losses of the next picture are cross-entropy on other labels $a$ than $e_y$:
#
# * smoothing, $a = (1 - s)\, e_y + s / C$: a network should not be sure. A *negative* $s$ is the opposite;
# * hard bootstrapping mixes in the class that the network finds most probable, soft bootstrapping its whole belief $p$.

# %%
relabelled = {
    "cross-entropy": CrossEntropy(),
    "smoothing 0.4": LabelSmoothing(0.4),
    "smoothing -0.4": LabelSmoothing(-0.4),
    "hard bootstrapping": HardBootstrapping(0.6),
    "soft bootstrapping": SoftBootstrapping(0.6),
}
pulls |= {name: pull(loss) for name, loss in relabelled.items()}
lines({name: (p_label, pulls[name]) for name in relabelled}, "probability of the label", "pull on its logit")

# %% [markdown]
# Hard bootstrapping jumps where the label becomes the most probable class. Smoothing lets go earlier, negative
# smoothing never: its loss has no lower bound. But it has a meaning. For uniform noise $T = l I + (1 - l) J / C$ the
# backward-corrected loss of tutorial 04 *is* smoothing with $s = 1 - 1/l < 0$. Its positive sibling would smooth what
# the noise has smoothed already.

# %%
l = uniform.array[0, 0] - uniform.array[0, 1]
y_any = rng.integers(C, size=len(z))
as_smoothing = LabelSmoothing(1 - 1 / l).value(z, y_any)
as_backward = BackwardCorrected(uniform).value(z, y_any)
print(f"l = {l:.3f}: backward correction is smoothing with s = {1 - 1 / l:.2f}")
print(f"largest difference of the two losses: {np.abs(as_smoothing - as_backward).max():.1e}")

# %% [markdown]
# ## When a loss is tolerant
#
# Call a loss *symmetric* if its sum over all labels is a constant, $\sum_k L(k) = K$ for every $p$. Let a share $\rho$
# of the labels be wrong, evenly. The expected loss of a sample of class $y$ is then
#
# $$(1 - \rho)\, L(y) + \frac{\rho}{C - 1} \sum_{k \ne y} L(k)
# = \Bigl(1 - \frac{C \rho}{C - 1}\Bigr) L(y) + \frac{\rho K}{C - 1}.$$
#
# That is an increasing function of the clean loss, as long as $\rho < (C - 1) / C$: the minimum stays where it was,
# and nobody had to know $\rho$. By hand: for the mean absolute error $\sum_k (1 - p_k) = C - 1$.
#
# > **Predict.** Which of the losses above are symmetric?

# %%
spread, bent = {}, {}
for name, loss in (bounded | relabelled).items():
    values = np.stack([loss.value(z, np.full(len(z), k)) for k in range(C)], axis=1)  # L(k) of each sample
    spread[name] = np.ptp(values.sum(axis=1))
    for kind, T in {"uniform": uniform, "pair": pair}.items():
        expected = values @ T.array  # column y: the mean over the noisy label of a sample of class y
        line = np.polynomial.Polynomial.fit(values.ravel(), expected.ravel(), 1)
        bent[name, kind] = np.abs(expected.ravel() - line(values.ravel())).max()
print(f"{'':<22}{'range of sum_k L(k)':>20}{'distance of the noisy loss from a line':>42}")
print(f"{'':<42}{'uniform':>26}{'pair':>16}")
for name in spread:
    print(f"{name:<22}{spread[name]:>20.1e}{bent[name, 'uniform']:>26.1e}{bent[name, 'pair']:>16.1e}")

# %% [markdown]
# Three are symmetric: the mean absolute error, its multiple the reverse cross-entropy, and the normalised
# cross-entropy. Only for them the noisy loss is a line in the clean one. And only under uniform noise: the sum over the
# wrong labels has to give them equal weights. If labels are flipped to the successor alone, nothing is constant.
#
# What goes wrong then? The expected mean absolute error under the noisy posterior $q$ is $1 - \sum_k q_k p_k$, so its
# minimum is sure of the class with the largest $q_k$. Under uniform noise that is the class with the largest clean
# probability. Below, full colour is where it is another one. This is no matter of the amount of noise: all three
# matrices have rates of 40 % at most, and a majority of right labels.

# %%
three = {
    "uniform": noise.uniform(3, 0.2),
    "pair": noise.pair_flip(3, 0.4),
    "asymmetric": TransitionMatrix([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]]),
}
anywhere = rng.dirichlet(np.ones(3), 100_000)
misjudged = {}
for name, T in three.items():
    misjudged[name] = np.mean((anywhere @ T.array.T).argmax(axis=1) != anywhere.argmax(axis=1))
simplex_decisions({name: T.array for name, T in three.items()}, ["1", "2", "3"])

# %% [markdown]
# Where every sample is sure of its class nothing is misjudged. So the loss is not worthless under such noise; it has
# no guarantee where classes overlap.
#
# ## Told T: reweighting
#
# Importance reweighting multiplies the cross-entropy of each sample by $w = p_y / (T p)_y$, as if the noisy sample were
# as frequent as the clean one. At the true posterior it is unbiased for every $T$:
# $\sum_i (T p)_i\, w_i L(i) = \sum_i p_i L(i)$.

# %%
cross_entropies = np.stack([CrossEntropy().value(z, np.full(len(z), k)) for k in range(C)], axis=1)
reweighted = np.stack([ImportanceReweighted(pair).value(z, np.full(len(z), k)) for k in range(C)], axis=1)
clean_risk, noisy_risk = (p * cross_entropies).sum(axis=1), (p @ pair.array.T * reweighted).sum(axis=1)
print(f"clean and reweighted noisy risk differ by {np.abs(clean_risk - noisy_risk).max():.1e}")

# %% [markdown]
# ## Not the loss but the training
#
# A network learns what many samples have in common before it learns single samples. Six ways to use this:
#
# * **Early learning** remembers $t$, the mean of what the network has believed about a sample, and adds
#   $\lambda \log(1 - t \cdot p)$. Its gradient draws $p$ towards $t$, and so away from a label that came too late.
# * **Co-teaching** trains two networks. Each learns only from the samples of a batch on which the *other* has small
#   losses. It is told the share of wrong labels.
# * **Mixup** trains on mixtures of two samples and of their labels, which are harder to learn by heart.
# * **Augmentation** moves each image by up to two pixels and may mirror it, anew each time, so no picture comes twice.
# * **Weight averaging** takes a mean of the weights, an exponential one over the last steps, or a plain one over the
#   last quarter of the epochs.
# * **Flooding** turns the gradient round where the loss of a batch is below a level, here `T.noise_floor`: on noisy
#   labels nobody is better than that without learning them by heart. It is told $T$, too.
#
# By hand: a network has believed that a sample is of class 0, $t = p = (0.90, 0.05, 0.03, 0.02)$, and its label is 1.
# Cross-entropy wants $z_0$ to fall, with the gradient $p_0 = 0.90$. With $t \cdot p = 0.8138$ early learning adds
# $-3 \cdot 0.90\,(0.90 - 0.8138) / (1 - 0.8138) = -1.25$. The sum is negative, so $z_0$ grows in spite of the label.

# %%
belief = np.array([[0.90, 0.05, 0.03, 0.02]])
early = EarlyLearning()
label_only = early.grad(np.log(belief), [1])[0, 0]
with_memory = label_only + early.regulariser_grad(np.log(belief), belief)[0, 0]
print(f"gradient by z_0: {label_only:+.2f} from the label, {with_memory:+.2f} with early learning")

# %% [markdown]
# Augmentation is for images, so it is not among the methods below. An image whose columns are numbered shows what is
# done to it: a shift leaves its edge standing where pixels are missing, and a mirror turns the numbers round.

# %%
numbered = np.tile(np.arange(8.0)[None, None, :, None], (4, 8, 1, 1))  # four images of 8 x 8 pixels
changed = Augmentation("shift_flip", np.random.default_rng(1))(numbered)
for row in changed[:, 0, :, 0].astype(int):
    print(row)

# %% [markdown]
# ## A small network
#
# Four clouds in 20 dimensions, few samples, and enough weights and epochs to learn the labels by heart. Each draw has
# its own samples and labels, and all methods see the same. The bounded losses take larger steps, because their
# gradients are smaller; cross-entropy is trained with both step sizes for control. Behind each mean is its gain over
# cross-entropy, with the interval of 95 % over the draws.
#
# > **Predict.** Which method gains most under uniform noise, and which under pair noise?

# %%
SHARED = {"network": "mlp", "epochs": 30, "batch_size": 100, "backend": "numpy", "learning_rate": 0.04}
STEEP = SHARED | {"learning_rate": 0.2}
METHODS = {
    "cross-entropy": lambda T: NeuralNetwork(**SHARED),
    "its steps five times larger": lambda T: NeuralNetwork(**STEEP),
    "generalised cross-entropy": lambda T: NeuralNetwork(loss=GeneralizedCrossEntropy(), **STEEP),
    "active-passive": lambda T: NeuralNetwork(loss=ActivePassive(), **STEEP),
    "early learning": lambda T: NeuralNetwork(loss=EarlyLearning(), **SHARED),
    "mixup": lambda T: NeuralNetwork(mixup=0.3, **SHARED),
    "averaging, exponential": lambda T: NeuralNetwork(averaging="exponential", **SHARED),
    "averaging, stochastic": lambda T: NeuralNetwork(averaging="stochastic", **SHARED),
    "co-teaching, told the share": lambda T: CoTeaching(forget_rate=0.4, warm_up=5, **SHARED),
    "flooding, told T": lambda T: NeuralNetwork(loss=Flooded(CrossEntropy(), T.noise_floor), **SHARED),
    "reweighting, told T": lambda T: NeuralNetwork(loss=ImportanceReweighted(T), **SHARED),
    "forward, told T": lambda T: NeuralNetwork(loss=ForwardCorrected(T), **SHARED),
}


def four_clouds(n, rng):
    y = rng.integers(C, size=n)
    return rng.normal(size=(n, 20)) + 3 * np.eye(C, 20)[y], y


def accuracies(T, methods=METHODS):
    """{method: {draw: accuracy on clean labels}}."""
    found = {name: {} for name in methods}
    for draw in range(DRAWS):
        rng = np.random.default_rng(draw)
        (x, y), (x_test, y_test) = four_clouds(400, rng), four_clouds(3000, rng)
        y_noisy = noise.corrupt(y, T, rng)
        for name in methods:
            model = METHODS[name](T).set_params(random_state=draw)
            found[name][draw] = model.fit(x, y_noisy).score(x_test, y_test)
    return found


noises = {"uniform": uniform, "pair": pair}
accuracy = {kind: accuracies(T) for kind, T in noises.items()}
clean = np.mean(list(accuracies(noise.uniform(C, 0.0), ["cross-entropy"])["cross-entropy"].values()))
gain = {
    kind: {name: compare(values, accuracy[kind]["cross-entropy"]) for name, values in found.items()}
    for kind, found in accuracy.items()
}
print(f"cross-entropy on clean labels: {clean:.3f}")
print(f"{'':<30}{'uniform':>9}{'gain':>24}{'pair':>9}{'gain':>24}")
for name in METHODS:
    cells = [(np.mean(list(accuracy[kind][name].values())), str(gain[kind][name])) for kind in noises]
    print(f"{name:<30}" + "".join(f"{mean:>9.3f}{difference:>24}" for mean, difference in cells))

# %% [markdown]
# Under uniform noise early learning, which knows nothing of $T$, and co-teaching, which knows the share alone, do
# better than the forward loss, which knows all. Under pair noise the forward loss gains more than all others. Both
# methods trust what a network believes before it has learnt the labels by heart. Is that right? Look at the training
# samples whose label is wrong: how many does plain cross-entropy take for their true class after each epoch, and how
# many for what their label says?


# %%
def beliefs(T):
    """Shares of the wrongly labelled taken for the true class and for the label: (epochs, 2), mean of the draws."""
    runs = []
    for draw in range(DRAWS):
        rng, epochs = np.random.default_rng(draw), []
        x, y = four_clouds(400, rng)
        four_clouds(3000, rng)  # the test set of the methods above, so that the labels are the same
        y_noisy = noise.corrupt(y, T, rng)
        wrong = y_noisy != y

        def look(model, row, x=x[wrong], truth=y[wrong], label=y_noisy[wrong], epochs=epochs):
            guess = model.predict(x)
            epochs.append([(guess == truth).mean(), (guess == label).mean()])

        NeuralNetwork(**SHARED, random_state=draw, on_epoch=look).fit(x, y_noisy)
        runs.append(epochs)
    return np.mean(runs, axis=0)


believed = {kind: beliefs(T) for kind, T in noises.items()}
best = {kind: found[:, 0].argmax() for kind, found in believed.items()}
for kind, found in believed.items():
    for epoch in (best[kind], 29):
        true, label = found[epoch]
        print(f"{kind:<9} epoch {epoch + 1:>2}: {true:.2f} taken for the true class, {label:.2f} for the label")

# %% [markdown]
# Under uniform noise there are epochs in which most wrongly labelled samples are taken for what they are, and few for
# what the label says. So there is something to keep. Under pair noise the wrong labels of a class agree with each
# other, and nearly as many samples follow them at the best epoch. $T$ says which of two classes gives its labels away.
# In the end both are learnt by heart.
#
# Mixup and the averages change little here: a mean of weights that have learnt the labels by heart has learnt them,
# too. Flooding at the floor does not help although it is told $T$. These are statements about one small network on one
# kind of data, with few settings tried. `scratchnoise reproduce --methods all` trains them all in the report's setting.

# %%
forward_beside = {
    kind: {
        name: compare(found["forward, told T"], values) for name, values in found.items() if name != "forward, told T"
    }
    for kind, found in accuracy.items()
}
print("forward less early learning:", {kind: str(found["early learning"]) for kind, found in forward_beside.items()})
symmetric = {"mean absolute error", "reverse", "normalised"}
assert {name for name, values in pulls.items() if abs(values[0]) > 0.05} >= {"cross-entropy", "smoothing -0.4"}
assert max(abs(pulls[name][0]) for name in ("generalised", "mean absolute error", "reverse")) < 0.05, "they let go"
assert max(pulls["normalised"]) < 0.2 * max(pulls["cross-entropy"]), "normalised pulls weakly throughout"
np.testing.assert_allclose(pulls["reverse"], 4 * pulls["mean absolute error"], err_msg="four times as much")
assert pulls["smoothing 0.4"][-1] < 0 < pulls["smoothing -0.4"][-1], "too sure; never sure enough"
assert np.diff(pulls["hard bootstrapping"]).max() > 0.3, "it jumps"
np.testing.assert_allclose(as_smoothing, as_backward, atol=1e-10, err_msg="backward is negative smoothing")
assert {name for name, values in spread.items() if values < 1e-10} == symmetric, "and no other"
assert {name for name in spread if bent[name, "uniform"] < 1e-10} == symmetric, "these are tolerant"
assert min(bent[name, "pair"] for name in spread) > 0.01, "control: under class-dependent T none is"
assert misjudged["uniform"] == 0 < 0.05 < min(misjudged["pair"], misjudged["asymmetric"]), "nor is its decision"
assert all((T.array.argmax(axis=0) == np.arange(3)).all() for T in three.values()), "but where x is certain it is"
np.testing.assert_allclose(clean_risk, noisy_risk, err_msg="reweighting is unbiased")
assert label_only > 0 > with_memory, "early learning turns the gradient round"
steps = np.diff(changed[:, 0, :, 0])
assert all((row >= 0).all() or (row <= 0).all() for row in steps), "moved as a whole"
assert {np.sign(row.sum()) for row in steps} == {-1, 1}, "and some of them mirrored"
assert clean > 0.9 > 0.7 > np.mean(list(accuracy["uniform"]["cross-entropy"].values())), "wrong labels cost"
for name in ("generalised cross-entropy", "active-passive", "early learning", "co-teaching, told the share"):
    assert gain["uniform"][name].is_shown and gain["uniform"][name].mean > 0, f"{name} helps"
for name in ("early learning", "co-teaching, told the share"):
    beside = forward_beside["uniform"][name]
    assert beside.is_shown and beside.mean < 0, f"under uniform noise {name} does better than the forward loss"
assert believed["uniform"][best["uniform"], 0] > 3 * believed["uniform"][best["uniform"], 1], "what it believes first"
assert believed["pair"][best["pair"], 0] < 2 * believed["pair"][best["pair"], 1], "control: not under pair noise"
assert all(found[-1, 1] > 2 * found[-1, 0] for found in believed.values()), "the labels, by heart"
for name, difference in forward_beside["pair"].items():
    assert difference.is_shown and difference.mean > 0.05, f"under pair noise forward beats {name}"
for name in ("mixup", "averaging, exponential", "averaging, stochastic"):
    assert max(abs(gain[kind][name].mean) for kind in noises) < 0.06, "little changed"
for kind in noises:
    flooding = gain[kind]["flooding, told T"]
    assert not (flooding.is_shown and flooding.mean > 0), "flooding is not shown to help here"
large = gain["uniform"]["its steps five times larger"].mean
assert large < gain["uniform"]["active-passive"].mean, "control: it is not the size of the steps"
assert large < gain["uniform"]["generalised cross-entropy"].mean
