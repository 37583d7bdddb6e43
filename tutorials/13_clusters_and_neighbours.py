# %% [markdown]
# # Clusters and neighbours
#
# Question: the report proposes "a clustering algorithm, such as K-NN" (4.1.1), whose clusters "are formed without any
# labels", and which "is thus insensitive to label noise". That is true of a clustering, such as k-means. Is K-NN one?
# What do wrong labels do to the one and to the other, and what does each need instead?
#
# Equations: the noise model (3); the report's sections 2.1 and 4.1.1.
#
# Running time: about ten seconds. Next: tutorial 15 asks the same of boosting.

# %%
import math

import numpy as np

from scratchnoise import KMeansClassifier, KNeighbors, PatchFeatures, RobustSoftmaxRegression, noise
from scratchnoise.data import load
from scratchnoise.study.pictures import lines

rng = np.random.default_rng(0)
N = 1200


def three_clouds(n):
    """Three classes, each of them one round cluster."""
    y = rng.integers(3, size=n)
    return rng.normal(size=(n, 2)) + 6 * np.array([[0, 0], [1, 0], [0, 1]])[y], y


x, y = three_clouds(N)
x_test, y_test = three_clouds(2000)
y_noisy = noise.corrupt(y, noise.uniform(3, 0.2), rng)  # 40 % wrong, 20 % to each other class
print(f"share of wrong labels: {(y != y_noisy).mean():.2f}")

# %% [markdown]
# ## k-means never sees a label
#
# k-means chooses centres $\mu_k$ so that $\sum_n \min_k \|x_n - \mu_k\|^2$ is small. There is no $y$ in that sum.
# So no wrong label can move a centre. Labels are asked only afterwards, to give each cluster a name: the most frequent
# label of its samples. Below is one round of Lloyd's algorithm by hand, then the class of the package.

# %%
centres = x[:3]
nearest = ((x[:, None] - centres) ** 2).sum(axis=-1).argmin(axis=1)  # each sample to its nearest centre ...
moved = np.stack([x[nearest == k].mean(axis=0) for k in range(3)])  # ... each centre to the mean of its samples
print(f"one round moves the centres by {np.abs(moved - centres).max():.2f} at most")

names = {"right labels": y, "40 % wrong": y_noisy}
means = {name: KMeansClassifier(random_state=0).fit(x, labels) for name, labels in names.items()}
kmeans_accuracy = {name: model.score(x_test, y_test) for name, model in means.items()}
print("k-means:", {name: f"{value:.3f}" for name, value in kmeans_accuracy.items()})

# %% [markdown]
# ## K-NN is made of labels
#
# K-NN has no centres and finds no groups. It looks up the labels of the $k$ samples nearest to $x$ and takes the most
# frequent one. With $k = 1$ it repeats the label of one sample, and repeats it too where it is wrong. Let all
# neighbours of $x$ have the same true class, and let a label be wrong with probability $\rho$. Then
#
# $$P(\text{1-NN is right}) = 1 - \rho.$$
#
# With $k$ neighbours the number $R$ of right labels is binomial. For two classes the vote is right if more than half
# are:
#
# $$P(\text{k-NN is right}) = \sum_{r > k/2} \binom{k}{r} (1 - \rho)^r \rho^{k - r}.$$
#
# It goes to 1 with $k$ as long as $\rho < 1/2$. So K-NN is not free of the noise, it averages the noise away. For more
# classes the right label needs to be the most frequent one, $T_{jj} > T_{ij}$, which is a weaker condition.

# %%
two = y < 2
flipped = noise.corrupt(y[two], noise.uniform(2, 0.3), rng)
two_test = y_test < 2
ks = [1, 3, 5, 9, 15, 31, 61]
measured = [
    KNeighbors(n_neighbors=k).fit(x[two], flipped).score(x_test[two_test], y_test[two_test]) for k in ks
]  # fmt: skip
predicted = [sum(math.comb(k, r) * 0.7**r * 0.3 ** (k - r) for r in range(k // 2 + 1, k + 1)) for k in ks]
print("  k   measured   binomial")
for row in zip(ks, measured, predicted, strict=True):
    print("{:3d} {:10.3f} {:10.3f}".format(*row))
lines({"measured": (ks, measured), "binomial": (ks, predicted)}, "neighbours k", "accuracy")

# %% [markdown]
# ## What each needs instead
#
# k-means needs the classes to *be* clusters. A disc inside a ring is two classes, and no cluster of k-means is a ring.
# All labels are right in this cell, and k-means fails all the same. K-NN needs only neighbours of the same class.


# %%
def ring_and_disc(n):
    """Class 0 is a disc, class 1 a ring around it."""
    label = rng.integers(2, size=n)
    angle, radius = rng.uniform(0, 2 * np.pi, n), np.where(label == 0, 1, 3) + 0.3 * rng.normal(size=n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), label


x_ring, y_ring = ring_and_disc(N)
x_ring_test, y_ring_test = ring_and_disc(2000)
noisy_ring = noise.corrupt(y_ring, noise.uniform(2, 0.3), rng)
ring = {
    "k-means, right labels": KMeansClassifier(random_state=0).fit(x_ring, y_ring).score(x_ring_test, y_ring_test),
    "K-NN, 30 % wrong": KNeighbors(n_neighbors=51).fit(x_ring, noisy_ring).score(x_ring_test, y_ring_test),
}
print(ring)

# %% [markdown]
# ## Where both are wrong
#
# The names of the clusters come from labels too. If more than half of a class carries the label of its successor, the
# most frequent label of its cluster is the wrong one. So it is for K-NN. Nothing in $x$ tells which name belongs to
# which cluster. The report has a few samples of each cluster looked at by hand. That helps, because it is a few clean
# labels: `n_labels=3` asks the three samples nearest to each centre, here for their true labels.

# %%
mostly_wrong = noise.corrupt(y, noise.pair_flip(3, 0.6), rng)
majority = {
    "k-means": KMeansClassifier(random_state=0).fit(x, mostly_wrong).score(x_test, y_test),
    "K-NN": KNeighbors(n_neighbors=51).fit(x, mostly_wrong).score(x_test, y_test),
}
asked = KMeansClassifier(random_state=0, n_labels=3).fit(x, y).score(x_test, y_test)
print(majority, f"named by hand: {asked:.3f}")

# %% [markdown]
# ## Clusters as features
#
# A whole image is seldom a cluster. Its patches are: edges and corners of few kinds come again in all images.
# `PatchFeatures` runs k-means on patches of $6 \times 6$ pixels, without any label, and describes an image by how near
# its patches are to each centre. Wrong labels enter only afterwards, where `RobustSoftmaxRegression` learns what the
# features mean. Both fits below are told the same $T$ and see the same noisy labels, those of the report's matrix (38).
#
# > **Predict.** 600 images, half of the labels wrong: how far is a linear model on patches ahead of one on pixels?

# %%
garments = load("garments", n_train=600, n_test=500)
patches = PatchFeatures(n_centres=40, n_patches=5000, random_state=0).fit(garments.x_train)
views = {
    "pixels": [images.reshape(len(images), -1) / 255 for images in (garments.x_train, garments.x_test)],
    "patches": [patches.transform(images) for images in (garments.x_train, garments.x_test)],
}
by_view = {name: [] for name in views}
for draw in range(3):
    y_wrong = noise.corrupt(garments.y_train, noise.MNIST05, draw)
    for name, (train, test) in views.items():
        model = RobustSoftmaxRegression(noise.MNIST05, l2=0.03).fit(train, y_wrong)
        by_view[name].append(model.score(test, garments.y_test))
print({name: [f"{value:.3f}" for value in values] for name, values in by_view.items()})

# %%
assert min(np.subtract(by_view["patches"], by_view["pixels"])) > 0.05, "in every draw: features learnt without labels"
assert np.array_equal(means["right labels"].centres_, means["40 % wrong"].centres_), "no label moves a centre"
assert kmeans_accuracy["40 % wrong"] == kmeans_accuracy["right labels"] > 0.98
assert abs(measured[0] - 0.7) < 0.05, "one neighbour repeats the noise"
assert measured[-1] > 0.97, "many neighbours average it away"
assert np.abs(np.subtract(measured, predicted)).max() < 0.06, "as the binomial distribution says"
assert ring["k-means, right labels"] < 0.7 < 0.95 < ring["K-NN, 30 % wrong"], "control: a class that is no cluster"
assert asked > 0.98, "three right labels a cluster are enough"
assert max(majority.values()) < 0.1, "control: where most labels of a class are wrong, both names are wrong"
