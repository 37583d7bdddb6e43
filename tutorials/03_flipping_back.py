# %% [markdown]
# # Flipping back, and what the report got wrong in (8)
#
# Question: a model has learnt $q(x)$, the probabilities of the *noisy* labels. Which matrix turns them into
# probabilities of the true ones? The report says $Q$. The noise model says $T^{-1}$. On the report's own matrices
# nobody can tell the difference.
#
# Equations: the noise model (3), (36); flipping back (7), (8), (12); the inverse transition matrix (41)-(43).
#
# > **Exercise 04** asks for the noise itself, `uniform` and `corrupt`: `scratchnoise start 04`. This page draws its
# > labels with the library's.
#
# Running time: about three seconds. Next: tutorial 04 puts $T$ into the loss, 05 into the model.

# %%
import os

import numpy as np

from scratchnoise import FlipCorrected, SoftmaxRegression, TransitionMatrix, data, noise
from scratchnoise.simplex import project_to_simplex
from scratchnoise.study.pictures import simplex_decisions

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
rng = np.random.default_rng(0)
asymmetric = TransitionMatrix([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
matrices = {"(38)": noise.MNIST05, "(39)": noise.MNIST06, "asymmetric": asymmetric}
uniform = np.full(3, 1 / 3)

# %% [markdown]
# ## Two answers
#
# **The report.** Sum over the noisy label: $P(y \mid x) = \sum_k P(y \mid \tilde y = k, x)\, P(\tilde y = k \mid x)$.
# Now assume that the image adds nothing once the noisy label is known, $P(y \mid \tilde y, x) = P(y \mid \tilde y)$.
# What stays is (8),
#
# $$p = Q q, \qquad Q_{ij} = P(y = i \mid \tilde y = j).$$
#
# **The noise model.** By (3) the noisy label depends on the true one alone, so $q = T p$ (tutorial 01), and
#
# $$p = T^{-1} q.$$
#
# By hand, with two balanced classes: a true 0 keeps its label with probability $3/4$, a true 1 with $1/2$. An image
# that is surely of class 0 has $q = (3/4, 1/4)$. Of all samples labelled 0, $3/8$ are true zeros and $2/8$ true ones,
# so $Q_{00} = 3/5$; of those labelled 1, $1/8$ and $2/8$, so $Q_{01} = 1/3$. The report's map gives $p_0 = 3/5 \cdot
# 3/4 + 1/3 \cdot 1/4 = 0.53$: hardly sure. And $T^{-1} = \begin{pmatrix} 2 & -2 \\ -1 & 3 \end{pmatrix}$ gives $p_0 = 2
# \cdot 3/4 - 2 \cdot 1/4 = 1$.
#
# > **Exercise 05** asks for the priors and for $Q$ by Bayes' rule: `scratchnoise start 05`. **Exercise 06** asks for
# > both maps, and for what the inverse needs at the end of this page: `scratchnoise start 06`.
#
# Both sum over a label that may be wrong or hidden. They differ in one assumption, and cannot both be right: insert one
# into the other, and $p(x) = Q T p(x)$ for *every* image. But $Q T$ mixes: applied again and again it turns any $p$
# into one and the same vector, its only fixed point.
#
# > **Predict.** Which vector will that be?

# %%
T = np.asarray(asymmetric)
prior = np.array([0.5, 0.3, 0.2])
Q = asymmetric.inverse_transition(prior)
often = np.linalg.matrix_power(Q @ T, 60)
for start in np.eye(3):
    print(start, "->", np.round(Q @ T @ start, 3), "->", np.round(often @ start, 6))

# %% [markdown]
# So (3) and (8) agree only if $p(x)$ is the prior for all $x$: if the images say nothing. The assumption fails in plain
# words, too. A picture of trousers labelled "dress": does the picture add nothing about what it shows?
#
# ## And (42)?
#
# $Q = T^\top$, says (42), for balanced classes. Bayes' rule has both priors in it,
# $Q_{ji} = T_{ij}\, P(y = j) / P(\tilde y = i)$, so the *noisy* labels must be balanced as well: the rows of $T$ must
# sum to 1 like its columns.
#
# > **Predict.** For which of the three matrices is $Q = T^\top$?

# %%
for name, T in matrices.items():
    gap = np.abs(T.inverse_transition(uniform) - np.asarray(T).T).max()
    print(f"{name:12} noisy prior {np.round(T.noisy_prior(uniform), 3)}   max |Q - T^T| {gap:.3f}")

# %% [markdown]
# ## Why nobody noticed
#
# (38) and (39) are *circulant*: each column is the one before, shifted down. For balanced classes $Q = T^\top$, and the
# map that the report applies to the true $p$ is $T^\top T$. A 3 x 3 circulant matrix has the eigenvalue 1 and two more
# that are complex conjugates, of one modulus $|\lambda|$, and shares its eigenvectors with its transpose. Hence
#
# $$T^\top T = |\lambda|^2 I + \frac{1 - |\lambda|^2}{3} J, \qquad J_{ij} = 1,$$
#
# $$Q q = Q T p = |\lambda|^2 p + \frac{1 - |\lambda|^2}{3}.$$
#
# That is an increasing function of each entry of $p$. The largest stays the largest, and the accuracy cannot tell $Q$
# from $T^{-1}$. The probabilities can: they are squeezed towards 1/3.

# %%
for name in ("(38)", "(39)"):
    product = np.asarray(matrices[name]).T @ np.asarray(matrices[name])
    print(f"{name}: T^T T =\n{np.round(product, 4)}")
    print(f"a p that is sure of its class becomes {product.max():.2f} sure")

# %% [markdown]
# Here is each map over the triangle of all posteriors, for exact $q = T p$: what the noisy posterior itself would
# choose and what (8) chooses. Full colour is a wrong choice. (The inverse gives $p$ itself: no wrong choice, no
# picture.)

# %%
Q38, Q_asymmetric = noise.MNIST05.inverse_transition(uniform), asymmetric.inverse_transition(uniform)
T38, T = np.asarray(noise.MNIST05), np.asarray(asymmetric)
simplex_decisions(
    {
        "(38): q": T38,
        "(38): Q q": Q38 @ T38,
        "asymmetric: q": T,
        "asymmetric: Q q": Q_asymmetric @ T,
    },
    ["1", "2", "3"],
)

# %% [markdown]
# What exposes (8) is a matrix that is not circulant. The tests of this library go further and draw matrices that are
# neither symmetric nor have rows that sum to 1: the tidy ones hide more mistakes than this, a transposed $T$ for one.
#
# ## With exact posteriors
#
# Three overlapping clouds whose posterior we can write down, so that nothing is estimated. The Brier score
# $\sum_c (\hat p_c - Y_c)^2$ asks for good *probabilities*: 0 is perfect. The last column is the share of points at
# which the choice is not the best possible one, argmax $p$.
#
# > **Predict.** Order $q$, $Q q$ and the inverse by their Brier score. Is $Q q$ nearer to the truth than $q$, where it
# > began?

# %%
centres = np.array([[0.0, 1.2], [-1.0, -0.6], [1.0, -0.6]])
y = rng.integers(0, 3, 50_000)
x = centres[y] + rng.standard_normal((len(y), 2))
joint = np.exp(-0.5 * ((x[:, None] - centres) ** 2).sum(axis=2))
p = joint / joint.sum(axis=1, keepdims=True)
q = p @ T.T  # rows are samples: (T p_n)_i = sum_j T[i, j] p_nj


def brier(p_hat, y):
    return np.mean(((p_hat - np.eye(3)[y]) ** 2).sum(axis=1))


exact = {"p, the truth": p, "q": q, "Q q, (8)": q @ Q_asymmetric.T, "inverse": q @ np.linalg.inv(T).T}
not_best = {name: np.mean(p_hat.argmax(axis=1) != p.argmax(axis=1)) for name, p_hat in exact.items()}
print(f"{'':14}{'accuracy':>9}{'Brier score':>13}{'not the best':>14}")
for name, p_hat in exact.items():
    accuracy = np.mean(p_hat.argmax(axis=1) == y)
    print(f"{name:14}{accuracy:9.3f}{brier(p_hat, y):13.3f}{not_best[name]:14.1%}")

# %% [markdown]
# (8) costs little accuracy here, because it errs where the choice is close anyway. It costs all the more of the
# probabilities: it is further from the truth than the noisy posterior that it started from.
#
# ## With learnt posteriors
#
# Garments, labels drawn with the asymmetric matrix, softmax regression, then each map. `FlipCorrected` wraps any
# classifier: `mapping="bayes"` is (8) as printed, `mapping="inverse"` is $T^{-1}$.
#
# > **Predict.** Now the posteriors are learnt and have errors, which the inverse magnifies. Is it still the best?


# %%
def pixels(images):
    """Rows of pixels in [-1, 1]."""
    return images.reshape(len(images), -1) / np.float32(127.5) - 1


garments = data.load("garments", n_train=3000 if FAST else 9000, n_test=1000)
images, images_test = pixels(garments.x_train), pixels(garments.x_test)
y_noisy = noise.corrupt(garments.y_train, asymmetric, rng)
plain = SoftmaxRegression(solver="sgd", learning_rate=0.01, l2=0.1, max_iter=40, averaging=True, tol=0, random_state=0)
models = {
    "as it is": plain.fit(images, y_noisy),
    "Q q, (8)": FlipCorrected(plain, asymmetric, "bayes", prior="uniform").fit(images, y_noisy),
    "inverse": FlipCorrected(plain, asymmetric, "inverse").fit(images, y_noisy),
}
learnt = {name: model.predict_proba(images_test) for name, model in models.items()}
accuracy = {name: np.mean(p_hat.argmax(axis=1) == garments.y_test) for name, p_hat in learnt.items()}
learnt_brier = {name: brier(p_hat, garments.y_test) for name, p_hat in learnt.items()}
print(f"{'':14}{'accuracy':>9}{'Brier score':>13}")
for name in models:
    print(f"{name:14}{accuracy[name]:9.3f}{learnt_brier[name]:13.3f}")

# %% [markdown]
# ## The price of the inverse
#
# $T^{-1}$ has negative entries. A learnt $q$ is not exactly of the form $T p$, and then $T^{-1} q$ can leave the
# triangle: "probabilities" below 0 and above 1. The library takes the nearest point of the triangle. That point is
# $\max(v - \tau, 0)$ with the one $\tau$ that makes it sum to 1, so the order of the classes stays as it is.

# %%
v = plain.predict_proba(images_test) @ np.linalg.inv(T).T
outside = np.mean(v.min(axis=1) < 0)
worst = v[[v.min(axis=1).argmin()]]
nearest = project_to_simplex(worst)
clipped = np.maximum(worst, 0) / np.maximum(worst, 0).sum()
print(f"{outside:.0%} of the test images leave the triangle, the worst to {np.round(worst[0], 3)}")
for name, point in (("nearest point", nearest), ("clipped and rescaled", clipped)):
    print(f"{name:22} {np.round(point[0], 3)}, distance {np.linalg.norm(worst - point):.3f}")

# %% [markdown]
# It also magnifies: an error of size $e$ in $q$ becomes one of up to $\lVert T^{-1} \rVert e$ in $p$. A better place
# for $T$ is inside the model, where the likelihood of the noisy labels keeps everything in the triangle: tutorial 05.

# %%
for name, matrix in matrices.items():
    print(f"{name:12} errors in q grow up to {1 / matrix.singular_values[-1]:.1f} times")

# %% [markdown]
# ## The claim
#
# (8) contradicts (3). For the report's two matrices both maps choose alike, whatever the image; for a matrix that is
# not circulant (8) chooses wrongly, and its probabilities are wrong unless $p$ is the prior.

# %%
anything = rng.dirichlet(np.ones(3), 100_000)


def misjudged(M):
    return np.mean((anything @ M.T).argmax(axis=1) != anything.argmax(axis=1))


np.testing.assert_allclose(often, np.outer(prior, np.ones(3)), atol=1e-9, err_msg="Q T forgets p")
for circulant in (noise.MNIST05, noise.MNIST06):
    assert misjudged(circulant.inverse_transition(uniform) @ circulant.array) == 0, "(8) looks right"
assert misjudged(Q_asymmetric @ T) > 0.04, "(8) is wrong"
assert misjudged(np.linalg.inv(T) @ T) == 0, "the inverse is right"
np.testing.assert_allclose(exact["inverse"], p, atol=1e-12, err_msg="the inverse gives p back")
assert not_best["inverse"] == 0 and not_best["Q q, (8)"] > 0.02, "(8) loses its largest entry"
assert brier(exact["Q q, (8)"], y) > brier(q, y) > brier(p, y), "and is a worse guess than q"
assert learnt_brier["Q q, (8)"] > 1.5 * learnt_brier["inverse"], "on garments, too"
assert accuracy["inverse"] > accuracy["as it is"] + 0.01, "flipping back helps"
assert np.linalg.norm(worst - nearest) < np.linalg.norm(worst - clipped), "rescaling goes astray"
