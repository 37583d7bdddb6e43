# %% [markdown]
# # What label noise does to a classifier
#
# Question: half of the labels are wrong. What does a classifier learn from them, what does it lose, and why is it not
# lost altogether?
#
# Equations: the three kinds of noise (1)-(3), the matrices (38) and (39), and $q = T p$, which is (36).
#
# Running time: about six seconds; with `SCRATCHNOISE_FAST=1` three. Next: tutorial 02 writes the classifier by hand, 03
# to 05 repair it, 06 finds $T$ without clean labels.

# %%
import os

import numpy as np

from scratchnoise import NeuralNetwork, SoftmaxRegression, TransitionMatrix, data, noise
from scratchnoise.study.figures import samples, transition_heatmaps
from scratchnoise.study.pictures import lines, simplex_decisions

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
rng = np.random.default_rng(0)


def pixels(images):
    """Rows of pixels in [-1, 1]."""
    return images.reshape(len(images), -1) / np.float32(127.5) - 1


garments = data.load("garments", n_train=1500 if FAST else 6000, n_test=1000)
x, x_test = pixels(garments.x_train), pixels(garments.x_test)
y, y_test, names = garments.y_train, garments.y_test, garments.class_names
print(garments)

# %% [markdown]
# ## Labels go wrong
#
# Class-conditional noise (3) looks at the true class $j$, never at the image, and writes down label $i$ with
# probability
#
# $$T_{ij} = P(\tilde y = i \mid y = j).$$
#
# A column is a true class, so columns sum to 1. The report uses the two matrices (38), half of the labels wrong, and
# (39), 60 % wrong. Both are tidy: rows sum to 1 as well. We add one that is not, because tidy matrices hide mistakes.

# %%
matrices = {
    "clean": TransitionMatrix(np.eye(3)),
    "(38)": noise.MNIST05,
    "(39)": noise.MNIST06,
    "asymmetric": TransitionMatrix([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]]),
}
y_noisy = {name: noise.corrupt(y, T, rng) for name, T in matrices.items()}
samples(garments.x_train, y_noisy["(38)"], names, y, n=15)

# %% [markdown]
# What was drawn is close to what was asked for: counting the labels of each true class gives $T$ back, up to chance.
# Only somebody who knows the true labels can count like this.
#
# > **Predict.** Of 2000 dresses, how many labels "t-shirt" would be drawn under the asymmetric matrix: exactly 600, or
# > about 600? Which entries of the counted matrix will be off by most?

# %%
counted = noise.realised_transition(y, y_noisy["asymmetric"], 3)
transition_heatmaps(matrices["asymmetric"], {"counted": counted}, names)

# %% [markdown]
# Tutorial 03 asks for `corrupt` itself.
#
# ## A linear classifier
#
# Softmax regression, trained on the labels as they are. Two accuracies: on clean test labels, which is what we want,
# and on the noisy labels it was trained on, which is what somebody without clean labels can see.
#
# > **Predict.** Half of the labels are wrong under (38). A student who learns from a teacher that is right half of the
# > time: how often will he be right? And how often does the model agree with the teacher?

# %%
settings = {"solver": "sgd", "l2": 0, "learning_rate": 0.01, "max_iter": 40, "tol": 0, "averaging": True}
linear = {name: SoftmaxRegression(random_state=0, **settings).fit(x, labels) for name, labels in y_noisy.items()}
on_clean = {name: model.score(x_test, y_test) for name, model in linear.items()}
print(f"{'labels':12}{'wrong':>7}{'on clean test labels':>23}{'on its own labels':>20}")
for name, model in linear.items():
    wrong = np.mean(y_noisy[name] != y)
    print(f"{name:12}{wrong:7.0%}{on_clean[name]:23.3f}{model.score(x, y_noisy[name]):20.3f}")

# %% [markdown]
# With half of its labels wrong the model agrees with about half of them, and is right far more often than that. It is
# better than its teacher. Why?
#
# ## What survives: the largest entry of $T p$
#
# A classifier that sees enough noisy labels learns the *noisy* posterior. Summing over the true class that nobody saw,
#
# $$q_i(x) = P(\tilde y = i \mid x) = \sum_j P(\tilde y = i \mid y = j, x)\, P(y = j \mid x) = \sum_j T_{ij}\, p_j(x),$$
#
# where the last step is (3). So $q = T p$: noise is a linear map, the same for every image. Where the image leaves no
# doubt, $p$ is a corner of the triangle of all posteriors, $q$ is a column of $T$, and the largest entry of that column
# is the diagonal one as long as the right label is the commonest one of its class. The noise then changes *how sure*
# the model is, and not *what it says*.
#
# Away from the corners it may. For (39), $T p = 0.1\, p + 0.3$: nothing changes places anywhere. The others push some
# images over a border, here drawn in full colour.
#
# > **Predict.** In which of the three triangles is nothing in full colour?

# %%
noisy = {f"argmax T p, {name}": T for name, T in matrices.items() if name != "clean"}
simplex_decisions(noisy, names)

# %% [markdown]
# ## What is lost: information
#
# So for (39) the best possible answer has not changed at all, and still the table's accuracy fell. The signal is
# weaker: $q$ moves by a tenth of what $p$ moves, under the same sampling noise. The Fisher information of one noisy
# label about the scores, relative to a clean one, puts a number to it, at a uniform $p$ and by direction: telling some
# two classes apart may cost more than others. At other $p$ the shares differ.
#
# > **Predict.** Under (39) 40 % of the labels are right. Is such a label worth 40 % of a clean one, or less?

# %%
for name, T in matrices.items():
    least, most = T.information_fractions()
    sure = T.information_fractions([0.9, 0.05, 0.05]).max()
    print(f"{name:12} a label is worth {least:6.1%} to {most:6.1%} of a clean one, where p is sure at most {sure:6.1%}")

# %% [markdown]
# ## Memorising
#
# A model with enough parameters can do something worse than be unsure: learn the wrong labels by heart. The report's
# network on Fashion-MNIST has 0.931 accuracy after 7 epochs and 0.621 after 30 (Table 3). Here a network with one
# hidden layer trains on (38), and we watch the training images whose label is wrong: does it give them the label it was
# told, or the true one?
#
# > **Predict.** Draw the test accuracy over 60 epochs before you look. Where is it highest?

# %%
EPOCHS = 60
T, labels = matrices["(38)"], y_noisy["(38)"][:1500]  # few images, so that 60 epochs suffice
wrong = labels != y[:1500]


def alarm(losses):
    """Whether the mean loss is below the noise floor, of which more below, by three of its standard errors."""
    return losses.mean() + 3 * losses.std() / np.sqrt(len(losses)) < T.noise_floor


def watch(seed):
    """By epoch: test accuracy, share of wrong labels repeated, and seen through, training loss, alarm."""
    rows = []

    def see(model, row):
        q = model.predict_proba(x[:1500])
        losses, said = -np.log(q[np.arange(len(labels)), labels]), q.argmax(axis=1)[wrong]
        told, true = np.mean(said == labels[wrong]), np.mean(said == y[:1500][wrong])
        rows.append((model.score(x_test, y_test), told, true, losses.mean(), alarm(losses)))

    settings = {"epochs": EPOCHS, "batch_size": 50, "learning_rate": 0.003, "scaling": None}
    NeuralNetwork("mlp", random_state=seed, on_epoch=see, **settings).fit(x[:1500], labels)
    return rows


test, told, true, loss, rings = np.mean([watch(seed) for seed in range(2 if FAST else 10)], axis=0).T
epoch = np.arange(1, EPOCHS + 1)
curves = {
    "test accuracy": (epoch, test),
    "wrong label,\nrepeated": (epoch, told),
    "wrong label,\nseen through": (epoch, true),
}
lines(curves, "epoch", "share of images", {"guessing": 1 / 3}, limits=(0, 1))

# %% [markdown]
# First the network sees through most wrong labels, because what the many images of a class have in common is easier to
# learn than hundreds of exceptions. Then it learns the exceptions, and the test accuracy pays for them. Stopping early
# helps, but when is early? Test labels would tell, and nobody has them.
#
# One sign needs no clean label. Nobody can predict a noisy label better than its own entropy: with the true class
# known, label noise still leaves $H(T_{\cdot j}) = -\sum_i T_{ij} \log T_{ij}$ nats. So $\min_j H(T_{\cdot j})$, the
# noise floor, bounds the loss of every predictor *on average over the labels that could have been drawn*. One training
# set is one draw: its mean loss lies on either side. An oracle that knows every true label is below the floor in about
# half of all draws; whatever knows a little less, in fewer (RESULTS.md has it: in 4 to 50 % of all draws). The sign
# therefore needs a margin, here three standard errors of the mean: below that, the model has adapted to these very
# labels, or $T$ is not theirs.

# %%
best, rung = epoch[test.argmax()], epoch[rings >= 0.5]
print(f"test accuracy {test.max():.3f} in epoch {best}, {test[-1]:.3f} in the last one")
print(f"the alarm rings in most runs from epoch {rung[0]} on" if len(rung) else "the alarm does not ring")
lines({"training loss": (epoch, loss)}, "epoch", "nats", {"noise floor": T.noise_floor})

# %% [markdown]
# And the control, the oracle: it knows the true labels, has never seen a noisy one, and says $T_{\cdot y}$. Four
# hundred draws of the labels.

# %%
columns = np.asarray(T)
draws = [noise.corrupt(y[:1500], T, rng) for _ in range(400)]
oracle = [-np.log(columns[drawn, y[:1500]]) for drawn in draws]
below = np.mean([losses.mean() < T.noise_floor for losses in oracle])
false_alarms = np.mean([alarm(losses) for losses in oracle])
print(f"the oracle's mean loss is below the floor in {below:.0%} of the draws, by three errors in {false_alarms:.1%}")

# %% [markdown]
# ## The claim
#
# Label noise that leaves the right label the commonest one of each class does not change what the best classifier says
# about clear images; it makes learning it expensive, and a large model spends the surplus on memorising. A loss clearly
# below the noise floor shows that it does; that alone does not say that this epoch is worse than the last.

# %%
assert np.abs(counted.array - matrices["asymmetric"].array).max() < 0.1, "T is what was drawn, column by column"
for name, matrix in matrices.items():
    likeliest = np.asarray(matrix).argmax(axis=0)  # label of each true class
    assert likeliest.tolist() == [0, 1, 2], f"{name}: a corner of the triangle changes places"
assert on_clean["(38)"] > 0.5 + 0.1, "better than its teacher, who is right half of the time"
by_information = [on_clean[name] for name in ("clean", "asymmetric", "(38)", "(39)")]
assert sorted(by_information, reverse=True) == by_information, "less information, less accuracy"
assert test.max() - test[-5:].mean() > 0.1, "the network forgets what it knew"
assert told[-1] > told[test.argmax()] + 0.1, "because it learns wrong labels by heart"
assert rings[-1] == 1, "and the alarm rings in every run"
assert below > 0.3 and false_alarms <= 0.01, "which it does not for an oracle, whose loss is below the floor as often"
