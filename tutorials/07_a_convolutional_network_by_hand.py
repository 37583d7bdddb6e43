# %% [markdown]
# # A convolutional network by hand
#
# Question: what does a framework do when it trains a convolutional network? Here is all of it in some forty lines of
# NumPy: forward, backward, momentum. The library's layers then do the same, number for number.
#
# Equations: layers (21), softmax (22), cross-entropy (23), the network of the report's annex.
#
# Running time: about eight seconds; with `SCRATCHNOISE_FAST=1` four. Next: tutorial 08 trains the annex network as the
# report did, tutorial 10 tests gradients properly.

# %%
import os

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from scratchnoise import ForwardCorrected, Network, backend, data, kernels
from scratchnoise.check import check_backward
from scratchnoise.network import annex
from scratchnoise.network.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU
from scratchnoise.study.figures import samples

FAST = bool(os.environ.get("SCRATCHNOISE_FAST"))
rng = np.random.default_rng(0)

# %% [markdown]
# ## Convolution: one filter visits every place
#
# A filter $w$ of $R \times S$ pixels and $K$ channels is laid over every place of the image; the inner product with
# what lies under it is one output pixel. Images are `(N, H, W, K)`, filters `(R, S, K, F)`:
#
# $$y_{nijf} = b_f + \sum_{rsk} x_{n,\,i+r,\,j+s,\,k}\;w_{rskf}.$$
#
# By hand: the image is one row, $x = (2, 3, 7)$, the filter $w = (-1, 1)$, and the bias 10. There are two places. At
# the first one $-1 \cdot 2 + 1 \cdot 3 + 10 = 11$, at the second $-1 \cdot 3 + 1 \cdot 7 + 10 = 14$. So $y = (11, 14)$:
# the filter subtracts the left neighbour, and the bias is added once, not once for each tap.
#
# In code it is seven nested loops (`kernels/loops/images.py`), or a view of all windows and one matrix product. Window
# by window: `scratchnoise step conv2d_forward`.
#
# > **Exercise 11** asks for the convolution and its way back, stride and padding included: `scratchnoise start 11`.
# > Loops are fine. The next two cells are one answer, without stride and padding.
#
# > **Predict.** The same filter on two rows 0, 0, 9, 9: what comes out?

# %%


def conv(x, w, b):
    windows = sliding_window_view(x, w.shape[:2], axis=(1, 2))  # (N, Ho, Wo, K, R, S), no copy
    return np.tensordot(windows, w, axes=([4, 5, 3], [0, 1, 2])) + b


edge = np.array([[0.0, 0, 9, 9], [0, 0, 9, 9]]).reshape(1, 2, 4, 1)
difference = np.array([-1.0, 1.0]).reshape(1, 2, 1, 1)
print(conv(edge, difference, np.zeros(1))[0, :, :, 0])

# %% [markdown]
# ## Backward: every product once more
#
# Let $dy$ be the gradient of the loss in $y$. In the sum above $x$ meets $w$ in products; each product sends $dy$ times
# one factor to the other. Collected by filter tap, and by pixel:
#
# $$dw_{rskf} = \sum_{nij} dy_{nijf}\;x_{n,i+r,j+s,k}, \qquad dx_{nhvk} = \sum_{rsf} dy_{n,h-r,v-s,f}\;w_{rskf}.$$
#
# By hand again, with $x = (2, 3, 7)$ and $w = (-1, 1)$ from above, and $dy = (1, 10)$. The tap $w_0$ met $x_0$ on its
# way to $y_0$ and $x_1$ on its way to $y_1$: $dw_0 = 1 \cdot 2 + 10 \cdot 3 = 32$, and $dw_1 = 1 \cdot 3 + 10 \cdot 7 =
# 73$. The pixel $x_1$ met $w_1$ and $w_0$: $dx_1 = 1 \cdot 1 + 10 \cdot (-1) = -9$; all of them are $dx = (-1, -9,
# 10)$.
#
# The second is again a convolution: of $dy$, padded with zeros, with the filters turned by 180 degrees, since the
# indices of $dy$ *fall* as those of $w$ rise. Product by product: `scratchnoise step conv2d_backward`.

# %%


def conv_backward_filters(dy, x, R, S):
    windows = sliding_window_view(x, (R, S), axis=(1, 2))
    return np.tensordot(windows, dy, axes=([0, 1, 2], [0, 1, 2])).transpose(1, 2, 0, 3), dy.sum(axis=(0, 1, 2))


def conv_backward_images(dy, w):
    R, S = w.shape[:2]
    padded = np.pad(dy, ((0, 0), (R - 1, R - 1), (S - 1, S - 1), (0, 0)))
    windows = sliding_window_view(padded, (R, S), axis=(1, 2))  # (N, H, W, F, R, S)
    return np.tensordot(windows, w[::-1, ::-1], axes=([4, 5, 3], [0, 1, 3]))


# %% [markdown]
# ## Pooling, ReLU, and the layer at the end
#
# Max pooling keeps the largest pixel of every 2 x 2 tile; backward, $dy$ goes to that pixel and nowhere else. ReLU lets
# $dy$ pass where its output was positive. The last layer is linear: $dw = x^\top dy$, $dx = dy\,w^\top$. And the loss
# begins it all with $dz = (\operatorname{softmax}(z) - e_y) / N$, tutorial 02. Tile by tile:
# `scratchnoise step maxpool2d_forward` and `scratchnoise step maxpool2d_backward`.
#
# By hand: the tile $\begin{pmatrix} 1 & 3 \\ 4 & 2 \end{pmatrix}$ becomes 4. With $dy = 10$ its gradient is
# $\begin{pmatrix} 0 & 0 \\ 10 & 0 \end{pmatrix}$: a small change of 1, 2 or 3 would not have changed the 4.
#
# > **Exercise 12** asks for the pooling, forward and backward: `scratchnoise start 12`. The next cell is one answer for
# > tiles of 2 x 2. When it passes, `scratchnoise train --mine` trains a network of your own functions.

# %%


def tiles(x):
    """(N, H, W, K) -> (N, H / 2, W / 2, K, 4): the four pixels of each tile side by side."""
    N, H, W, K = x.shape
    return x.reshape(N, H // 2, 2, W // 2, 2, K).transpose(0, 1, 3, 5, 2, 4).reshape(N, H // 2, W // 2, K, 4)


def pool(x):
    return tiles(x).max(axis=-1)


def pool_backward(dy, x):
    N, H, W, K = x.shape
    dx = np.zeros((N, H // 2, W // 2, K, 4), x.dtype)
    np.put_along_axis(dx, tiles(x).argmax(axis=-1)[..., None], dy[..., None], axis=-1)
    return dx.reshape(N, H // 2, W // 2, K, 2, 2).transpose(0, 1, 4, 2, 5, 3).reshape(x.shape)


# %% [markdown]
# ## Is it right?
#
# A random $dy$, a random direction, two forward passes: `check_backward` compares the slope along the direction with
# the one that backward claims. Shapes are all different on purpose: where $H = W$ or $K = F$, exchanged axes go
# unnoticed.
#
# > **Predict.** A backward pass that does not turn the filters is given to the check as well. Which of the three
# > gradients, of images, filters and bias, will it call wrong?

# %%
x, w, b = rng.normal(size=(2, 6, 8, 3)), rng.normal(size=(3, 2, 3, 4)), rng.normal(size=4)


def conv_backward(dy, x, w, b):
    return conv_backward_images(dy, w), *conv_backward_filters(dy, x, *w.shape[:2])


def not_turned(dy, x, w, b):
    return conv_backward_images(dy, w[::-1, ::-1]), *conv_backward_filters(dy, x, *w.shape[:2])


print(f"convolution: relative error {check_backward(conv, conv_backward, (x, w, b), rng):.1e}")
print(f"pooling:     relative error {check_backward(pool, pool_backward, (x,), rng):.1e}")
try:
    check_backward(conv, not_turned, (x, w, b), rng)
    complaint = ""
except AssertionError as error:
    complaint = str(error).split("\n")[0]
print(complaint)

# %% [markdown]
# ## The network
#
# Two convolutions and one linear layer for 28 x 28 grey images. ReLU and maximum commute, so ReLU comes after the
# pooling, where it is a quarter of the work.
#
# | layer | output | parameters |
# | --- | --- | --- |
# | image | 28 x 28 x 1 | |
# | 8 filters of 5 x 5, pool, ReLU | 24 x 24 x 8, then 12 x 12 x 8 | 25 · 8 + 8 = 208 |
# | 16 filters of 3 x 3, pool, ReLU | 10 x 10 x 16, then 5 x 5 x 16 | 9 · 8 · 16 + 16 = 1168 |
# | linear | 3 | 400 · 3 + 3 = 1203 |
#
# Weights start at $N(0, 2 / \text{inputs of a neuron})$, so that the signal neither dies nor explodes on its way.

# %%


def initial_weights(rng):
    shapes = [(5, 5, 1, 8), (3, 3, 8, 16), (400, 3)]
    weights = [rng.normal(size=shape) * np.sqrt(2 / np.prod(shape[:-1])) for shape in shapes]
    return [array.astype(np.float32) for w in weights for array in (w, np.zeros(w.shape[-1]))]


def forward(x, weights):
    """Logits, and everything that backward needs."""
    w1, b1, w2, b2, w3, b3 = weights
    c1 = conv(x, w1, b1)
    h1 = np.maximum(pool(c1), 0)
    c2 = conv(h1, w2, b2)
    h2 = np.maximum(pool(c2), 0)
    return h2.reshape(len(x), -1) @ w3 + b3, (x, c1, h1, c2, h2)


def backward(dz, kept, weights):
    """The gradient of every array in weights: forward, read from the end."""
    x, c1, h1, c2, h2 = kept
    w1, _, w2, _, w3, _ = weights
    dw3, db3 = h2.reshape(len(x), -1).T @ dz, dz.sum(axis=0)
    dh2 = (dz @ w3.T).reshape(h2.shape)
    dc2 = pool_backward(dh2 * (h2 > 0), c2)
    dw2, db2 = conv_backward_filters(dc2, h1, *w2.shape[:2])
    dc1 = pool_backward(conv_backward_images(dc2, w2) * (h1 > 0), c1)
    dw1, db1 = conv_backward_filters(dc1, x, *w1.shape[:2])  # nobody asks for the gradient of the images
    return [dw1, db1, dw2, db2, dw3, db3]


# %% [markdown]
# ## Momentum
#
# The report steps with momentum: $v \leftarrow \mu v + dw$, $w \leftarrow w - \eta v$. In a valley that is 50 times
# steeper across than along, the step must suit the steep side, and plain descent creeps along the other; the velocity
# adds up where gradients agree and cancels where they alternate.
#
# > **Predict.** How many times fewer steps does momentum 0.9 need down this valley?

# %%
curvature = np.array([1.0, 50.0])
for momentum in (0.0, 0.9):
    at, v, steps = np.ones(2), np.zeros(2), 0
    while np.abs(at).max() > 1e-3:
        v = momentum * v + curvature * at
        at, steps = at - 0.02 * v, steps + 1
    print(f"momentum {momentum}: {steps} steps down the valley")

# %% [markdown]
# ## Training
#
# The loop of every framework: draw a batch, forward, gradient of the loss in the logits, backward, step. The loss is a
# function from logits and labels to $dz$; nothing else of the network knows about it.
#
# > **Predict.** Will the network be better after one epoch than the linear model of tutorial 02 was after twenty
# > passes?

# %%
garments = data.load("garments", n_train=1500 if FAST else 4500, n_test=1000)
images, images_test = (part[..., None] / np.float32(127.5) - 1 for part in (garments.x_train, garments.x_test))
y, y_test = garments.y_train, garments.y_test


def plain_gradient(z, y):
    return kernels.softmax(z) - np.eye(z.shape[1], dtype=z.dtype)[y]


def train(weights, labels, gradient, epochs, rate=0.02, momentum=0.9, batch_size=50, seed=1):
    """Trained weights, and the accuracy on the clean test images after every epoch."""
    order, v, accuracy = np.random.default_rng(seed), [np.zeros_like(w) for w in weights], []
    for _ in range(epochs):
        for batch in order.permutation(len(labels)).reshape(-1, batch_size):
            z, kept = forward(images[batch], weights)
            dw = backward(gradient(z, labels[batch]) / np.float32(batch_size), kept, weights)
            v = [np.float32(momentum) * old + new for old, new in zip(v, dw, strict=True)]
            weights = [w - np.float32(rate) * step for w, step in zip(weights, v, strict=True)]
        accuracy.append(float(np.mean(forward(images_test, weights)[0].argmax(axis=1) == y_test)))
    return weights, accuracy


EPOCHS = 5 if FAST else 8
start = initial_weights(rng)
weights, accuracy = train(start, y, plain_gradient, EPOCHS)
print("test accuracy by epoch:", *(f"{value:.3f}" for value in accuracy))

# %% [markdown]
# ## The same network from the library's layers
#
# `Network` is a list of layers; backward is the reversed list. Given our first weights, its logits are ours, and so is
# the gradient of every weight.
#
# > **Predict.** In float32, and with sums in another order: in which digit will the two differ?

# %%
network = Network([Conv2d(8, 5), MaxPool2d(2), ReLU(), Conv2d(16, 3), MaxPool2d(2), ReLU(), Flatten(), Linear(3)])
network.build((28, 28, 1), rng)
for (_, layer, key), array in zip(network.parameters(), start, strict=True):
    layer.params[key] = array
z, kept = forward(images[:50], start)
with backend("numpy"):
    z_library = network.forward(images[:50], step=0)
    network.backward(plain_gradient(z, y[:50]))
differences = {"logits": np.abs(z - z_library).max()}
for (name, layer, key), ours in zip(
    network.parameters(), backward(plain_gradient(z, y[:50]), kept, start), strict=True
):
    differences[f"d {name}"] = np.abs(ours - layer.grads[key]).max() / np.abs(ours).max()
print("largest differences:", *(f"{name} {value:.0e}" for name, value in differences.items()), sep="\n  ")

# %% [markdown]
# ## What the first layer looks for
#
# Its eight filters after training, dark is negative. Few look like the edge detectors of textbooks: a short training
# moves them only so far from the random numbers that they started as. The later layers make do with that.

# %%
filters = weights[0][:, :, 0].transpose(2, 0, 1)
filters = 0.5 + 0.5 * filters / np.abs(filters).max(axis=(1, 2), keepdims=True)
print(f"correlation with the random start {np.corrcoef(start[0].ravel(), weights[0].ravel())[0, 1]:.2f}")
samples(filters, np.arange(8), [f"filter {f}" for f in range(8)], n=8)

# %% [markdown]
# And the test images that the network finds hardest: the ten with the least probability for their true class.

# %%
p_test = kernels.softmax(forward(images_test, weights)[0])
hardest = p_test[np.arange(len(y_test)), y_test].argsort()[:10]
samples(garments.x_test[hardest], p_test[hardest].argmax(axis=1), garments.class_names, y_test[hardest], n=10)

# %% [markdown]
# ## Dropout, without a stored mask
#
# The annex drops half of its hidden units in training. Inverted dropout divides those that stay by
# $1 - \text{rate}$, so the mean stays and nothing changes at test time. The mask is a hash of (seed, step, index):
# backward computes it again instead of keeping it, and every backend and every thread draws the same one.

# %%
ones = np.ones((200, 500), np.float32)
dropped = kernels.dropout_forward(ones, 0.5, seed=7, step=3)
again = kernels.dropout_backward(ones, 0.5, seed=7, step=3)
other = kernels.dropout_forward(ones, 0.5, seed=7, step=4)
print(f"values {np.unique(dropped)}, mean {dropped.mean():.3f}")
print(f"of the units kept in this step, {np.mean(other[dropped > 0] > 0):.2f} are kept in the next")

# %% [markdown]
# ## The annex network
#
# The report's network is the same thing, larger: 4.4 million weights for 18,000 images, nearly all of them in two
# linear layers. There is room to learn every wrong label by heart.

# %%
large = annex(3)
shape = (32, 32, 3)
for layer in large.layers:
    shape = layer.build(shape, rng, np.float32)
    print(f"{layer!r:<46} {' x '.join(map(str, shape)):<14} {sum(p.size for p in layer.params.values()) or '':>10}")
print(f"{large.n_parameters:,} parameters")

# %% [markdown]
# ## Wrong labels: change one function
#
# Nothing above knows where labels come from. To train on noisy ones, replace `plain_gradient`: the forward correction
# puts the posterior $r$ of the true label, (17), in the place of $e_y$. With $T = I$ both are the same. Tutorial 04
# follows the corrected losses through training, 08 shows what the annex network makes of them.

# %%
T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
print("label 0, plain:  ", plain_gradient(z[:1], np.array([0])).round(3))
print("label 0, forward:", ForwardCorrected(T).grad(z[:1], np.array([0])).round(3))
np.testing.assert_allclose(ForwardCorrected(np.eye(3)).grad(z, y[:50]), plain_gradient(z, y[:50]), atol=1e-6)

# %%
assert "dx: entry" in complaint, "the gradient check rejects filters that were not turned"
assert max(differences.values()) < 1e-4, "by hand and by the library, number for number"
assert np.array_equal(dropped, again) and abs(dropped.mean() - 1) < 0.02, "the mask is drawn again; the mean stays"
assert large.n_parameters == 4_425_283
assert accuracy[-1] > 0.85, "forty lines of NumPy learn to tell garments apart"
