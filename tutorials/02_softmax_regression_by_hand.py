# %% [markdown]
# # Softmax regression by hand
#
# Question: which few lines turn images and labels into a classifier, and how do we know that they are right?
#
# Equations: softmax (22), the model (9), its likelihood (10), the gradient (11), cross-entropy (23).
#
# Running time: about two seconds. Next: tutorial 03 uses the model on wrong labels, 10 tells how the gradient check
# works, and `kernels/loops_table.py` holds the same equations as loops.

# %%
import os

import numpy as np

from scratchnoise import SoftmaxRegression, data, kernels, noise
from scratchnoise.check import check_gradient
from scratchnoise.study.pictures import lines, weight_images

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
rng = np.random.default_rng(0)

# %% [markdown]
# ## Softmax
#
# A linear map gives each class a score, $z = x W + b$. Softmax turns scores into probabilities:
#
# $$p_c = \mathrm{softmax}(z)_c = \frac{e^{z_c}}{\sum_l e^{z_l}}.$$
#
# With two classes and the scores $z = (\log 1, \log 3)$ it can be done by hand: the exponentials are 1 and 3, their sum
# is 4, and so $p = (1/4, 3/4)$. Now add 1000 to both scores. Numerator and denominator grow by the same factor
# $e^{1000}$, so $p$ stays as it is.
#
# > **Exercise 01** asks for `softmax` and its way back: `scratchnoise start 01` writes the file and
# > `scratchnoise check 01` checks it. Do it now; the next cell is one answer.
#
# > **Predict.** The cell computes the formula as it is printed, for the scores 1, 2, 3 and for 1001, 1002, 1003. What
# > comes out in the second row?


# %%
def softmax_as_printed(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


z = np.array([[1.0, 2.0, 3.0], [1001.0, 1002.0, 1003.0]])  # the same probabilities
with np.errstate(over="ignore", invalid="ignore"):
    print("as printed\n", softmax_as_printed(z))
print("shifted\n", softmax(z))

# %% [markdown]
# $e^{1001}$ is too large for a float, and inf / inf is not a number. Shifted by the largest score, no exponential
# exceeds 1. In theory the shift is a nuisance, because $W$ is only determined up to a vector added to all of its
# columns; in practice it is useful. See every line of it at work: `scratchnoise step softmax`.
#
# ## The loss, and its gradient by two roads
#
# The likelihood of the labels is a product over samples; its negative logarithm is a sum of cross-entropies (23),
#
# $$L(y, z) = -\log p_y = -\sum_c Y_c \log p_c,$$
#
# with $Y$ the one-hot label. (The report's (10) writes $Y_c \log(\mu_c^{Y_c})$, the label both as factor and as
# exponent: $Y_c^2 \log \mu_c$. For labels 0 and 1 a square changes nothing. For soft labels it does.)
#
# By hand once more, with $p = (1/4, 3/4)$ and the label 1: the loss is $-\log 3/4 = 0.288$. For the label 0 it would be
# $\log 4 = 1.386$. Raise the score of class 0 by $0.01$: its exponential becomes $1.01005$, the sum $4.01005$, and the
# loss of label 1 is $\log (4.01005 / 3) = 0.2902$, which is $0.0025$ more. The slope is $1/4$. That is $p_0$. Why?
#
# *The long road* goes through the probabilities. From $p_c = e^{z_c} / s$, by the quotient rule and the chain rule,
#
# $$\frac{\partial p_c}{\partial z_l} = p_c (\delta_{cl} - p_l), \quad \frac{\partial L}{\partial p_c} = -Y_c / p_c,$$
#
# $$\frac{\partial L}{\partial z_l} = -\sum_c \frac{Y_c}{p_c} \; p_c (\delta_{cl} - p_l).$$
#
# *The short road* cancels first. $p_c$ drops out of the last sum, $\sum_c Y_c = 1$, and what stays is
#
# $$\frac{\partial L}{\partial z} = p - Y.$$
#
# Probability given minus probability wanted: if you remember one gradient, remember this one. In the example it is
# $(1/4 - 0, 3/4 - 1) = (0.25, -0.25)$, and the first entry is the slope from above. The short road is also the safer
# one, since the long one divides by probabilities that may be zero.
#
# > **Exercise 02** asks for the loss, this gradient and the one of the weights, which follows below:
# > `scratchnoise start 02`. The next cell is one answer to its second part.
#
# > **Predict.** What is the sum of the gradient over the classes, for any scores and labels?


# %%
def gradient_long_road(z, y):
    p, Y = softmax(z), np.eye(z.shape[1])[y]
    jacobian = p[:, :, None] * (np.eye(z.shape[1]) - p[:, None, :])  # [n, c, l] = d p_c / d z_l
    return np.einsum("nc,ncl->nl", -Y / p, jacobian)


def gradient(z, y):
    return softmax(z) - np.eye(z.shape[1])[y]


z, y = rng.standard_normal((4, 3)), np.array([0, 2, 1, 2])
print("two roads, one gradient:", np.abs(gradient_long_road(z, y) - gradient(z, y)).max())
print("its rows sum to", gradient(z, y).sum(axis=1).round(15), ": the shift again")

# %% [markdown]
# ## Down to the weights
#
# One sample $x = (2, 1)$, two classes, and the gradient $(0.25, -0.25)$ of its scores. The weight from the first
# feature to class 0 is multiplied by 2 on its way to the score, so its gradient is $2 \cdot 0.25 = 0.5$. All four:
#
# $$dw = x \otimes dz = \begin{pmatrix} 2/4 & -2/4 \\ 1/4 & -1/4 \end{pmatrix}.$$
#
# $z_n = x_n W + b$, so a change of $W_{dc}$ moves $z_{nc}$ by $x_{nd}$. Sum over the samples:
#
# $$\frac{\partial}{\partial W} \sum_n L(y_n, z_n) = \sum_n x_n \otimes (p_n - Y_n) = X^\top (P - Y).$$
#
# This is (11), with $\mu$ for $p$. But (11) calls it the gradient of the log-likelihood $\mathcal L$, which is to be
# *maximised*, and has the sign of the loss, which is to be *minimised*. Follow (11) to the letter, uphill, and you run
# downhill. A gradient check, which compares with $(f(W + h D) - f(W - h D)) / 2h$ in a random direction $D$, takes a
# line and does not get tired of signs.
#
# > **Predict.** The check below is given (11) as printed, as the gradient of the log-likelihood. Which entry will it
# > call wrong, and by how much: by a factor, or by a sign?

# %%
x, y = rng.standard_normal((7, 5)), rng.integers(0, 3, 7)
W = rng.standard_normal((5, 3))


def log_likelihood(W):
    return np.log(softmax(x @ W)[np.arange(len(y)), y]).sum()


def loss_gradient(W):
    return x.T @ gradient(x @ W, y)


error = check_gradient(lambda W: -log_likelihood(W), loss_gradient, W, rng)
print(f"gradient of the loss: relative error beyond rounding {error:.1e}")
try:
    check_gradient(log_likelihood, loss_gradient, W, rng, name="(11) as printed")
    sign_was_noticed = False
except AssertionError as complaint:
    sign_was_noticed = True
    print(str(complaint).splitlines()[0])

# %% [markdown]
# And what of the exponent in (10)? Take a soft label, 70 % one class and 30 % another.

# %%
soft, z = np.array([0.7, 0.3, 0.0]), rng.standard_normal((1, 3))
log_p = np.log(softmax(z)[0])
print(f"sum Y log p = {soft @ log_p:.3f}, as printed sum Y log p^Y = {soft @ (soft * log_p):.3f}")

# %% [markdown]
# ## The same in the library
#
# `kernels` has these formulas vectorised, as loops, and compiled. Its cross-entropy takes a weight for each class
# instead of a label, which may be any number: tutorial 04 needs negative ones.

# %%
z, y = 3 * rng.standard_normal((100, 3)), rng.integers(0, 3, 100)
Y = np.eye(3)[y]
np.testing.assert_allclose(softmax(z), kernels.softmax(z), atol=1e-14)
np.testing.assert_allclose(-np.log(softmax(z)[Y == 1]), kernels.signed_cross_entropy(z, Y))
np.testing.assert_allclose(gradient(z, y), kernels.signed_cross_entropy_grad(z, Y), atol=1e-14)

# %% [markdown]
# To see a sample go from logits to the gradient of the weights, line by line: `scratchnoise step linear_loss_grad`.
#
# ## Learning
#
# Stochastic gradient descent: shuffle, take a batch of 100, step against the mean gradient of the batch, repeat. This
# is all of it.
#
# > **Exercise 03** asks for one such pass: `scratchnoise start 03`. The next cell is one answer. When your own passes,
# > `scratchnoise train --mine` trains softmax regression on Fashion-MNIST with it.
#
# > **Predict.** Our loop and the library's class start from the same seed. By how much do their weights differ after 20
# > passes: by $0.1$, by $0.001$, or by less than a billionth?


# %%
def sgd(x, y, passes, step, seed=0):
    """W and b after every pass."""
    order = np.random.default_rng(seed)
    W, b = np.zeros((x.shape[1], 3)), np.zeros(3)
    for _ in range(passes):
        for batch in np.split(order.permutation(len(x)), np.arange(100, len(x), 100)):
            dz = gradient(x[batch] @ W + b, y[batch]) / len(batch)
            W, b = W - step * x[batch].T @ dz, b - step * dz.sum(axis=0)
        yield W, b


garments = data.load("garments", n_train=1500 if FAST else 6000, n_test=1000)
x = garments.x_train.reshape(len(garments.x_train), -1) / 127.5 - 1
x_test = garments.x_test.reshape(len(garments.x_test), -1) / 127.5 - 1
*_, (W, b) = sgd(x, garments.y_train, passes=20, step=0.01)
model = SoftmaxRegression(solver="sgd", l2=0, learning_rate=0.01, max_iter=20, tol=0, random_state=0)
model.fit(x, garments.y_train)
difference = np.abs(W - model.coef_.T).max()
print(f"accuracy {model.score(x_test, garments.y_test):.3f}")
print(f"our weights differ from the library's by {difference:.1e}")

# %% [markdown]
# Same seed, same shuffles, same weights: with `solver="sgd"` the class is these lines plus checks of what users pass.
# Its default solver goes to the optimum itself (tutorial 12). One column of $W$ for
# every class, and as many rows as pixels, so a class is an image: what it likes and what it dislikes.

# %%
weight_images(model.coef_, (28, 28), garments.class_names)

# %% [markdown]
# The trousers have learnt the gap between the legs, the t-shirts their sleeves.
#
# ## What the equations do not say
#
# The report scores 0.764 with this model on labels of which half are wrong (38), with steps of $0.1$. It does not say
# how the pixels were scaled. Does it matter? In $[0, 1]$ every image contains the same large part, the mean image, and
# the loss is steep in its direction. An error in it is multiplied by one minus step times curvature, where at equal
# probabilities the curvature is a third of the largest eigenvalue of the mean of $x x^\top$. From 2 on it grows, with
# or without the jitter of minibatches, as on Fashion-MNIST (tutorial 08); a little below 2, as here, it hardly fades,
# so that the jitter adds up. Subtract the mean, and it fades in a few steps.
#
# > **Predict.** Forty passes with the step 0.1, on pixels in $[0, 1]$ and on the same pixels minus their mean. Which
# > has the better last pass? Which strays more from pass to pass?

# %%
labels = noise.corrupt(garments.y_train, noise.MNIST05, rng)
grey, grey_test = (x + 1) / 2, (x_test + 1) / 2
mean = grey.mean(axis=0)
scalings = {"[0, 1]": (grey, grey_test), "centred": (grey - mean, grey_test - mean)}
PASSES = 40
accuracy, stretch = {}, {}
for name, (pixels, test_pixels) in scalings.items():
    stretch[name] = 0.1 * np.linalg.eigvalsh(pixels.T @ pixels / len(pixels))[-1] / 3
    choices = ((test_pixels @ W + b).argmax(axis=1) for W, b in sgd(pixels, labels, PASSES, step=0.1))
    accuracy[name] = [np.mean(choice == garments.y_test) for choice in choices]
for name, values in accuracy.items():
    deviation = np.std(values[-20:])
    print(f"{name:9} step times curvature {stretch[name]:.2f}, ", end="")
    print(f"last pass {values[-1]:.3f}, deviation over twenty passes {deviation:.3f}")
curves = {name: (np.arange(1, PASSES + 1), values) for name, values in accuracy.items()}
lines(curves, "pass", "accuracy on clean test labels", {"guessing": 1 / 3}, limits=(0.2, 1))

# %% [markdown]
# The last pass is what one reports, and on raw pixels the last pass depends on chance. A constant step never comes to
# rest on noisy labels, but on centred pixels it strays less; the library's `averaging=True` answers with the mean of
# the weights over the second half of the passes, and `l2` keeps them small.
#
# ## The claim
#
# The few lines above are the library's classifier to the last digits, their gradient is right, and (11) as printed has
# the other sign. Steps that suit one scaling of the pixels are too long for another.

# %%
assert difference < 1e-12, "the same weights after 20 passes"
assert error < 1e-6, "the gradient agrees with finite differences"
assert sign_was_noticed, "the gradient of the log-likelihood is Y - p, not p - Y"
jitter = [np.std(values[-20:]) for values in accuracy.values()]
assert jitter[0] > 1.5 * jitter[1], "the mean image makes the last pass depend on chance"
assert stretch["[0, 1]"] > 1.5 > 0.5 > stretch["centred"], "because the same step is that much longer there"
