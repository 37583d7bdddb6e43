# %% [markdown]
# # How to test a gradient, and why all-ones upstreams lie
#
# Question: a backward pass has been written by hand. Which test would notice if it were wrong?
#
# Equations: softmax (22), cross-entropy and its gradient (11), (23), the corrected loss (30).
#
# Running time: about four seconds. Next: `scratchnoise check 11`, a convolution of your own, or tutorial 11, how it
# gets fast.

# %%
import hypothesis
import numpy as np

from scratchnoise import kernels, noise
from scratchnoise.check import check_backward, check_gradient, check_property
from scratchnoise.check.properties import backward_correction
from scratchnoise.study.pictures import lines

rng = np.random.default_rng(0)

# %% [markdown]
# ## The ruler: a central difference
#
# A gradient predicts what a small step does. Take a direction $D$ and a small $h$; by Taylor's theorem
#
# $$\frac{f(x + h D) - f(x - h D)}{2 h} = \langle \nabla f(x), D \rangle + O(h^2).$$
#
# The one-sided difference $(f(x + h D) - f(x)) / h$ has an error of order $h$. So take $h$ tiny? No: $f$ is only known
# to a relative precision of $\varepsilon$, and the quotient divides that by $h$. The total, $h^2 + \varepsilon / h$, is
# smallest near $h = \varepsilon^{1/3}$, which is $6 \cdot 10^{-6}$ in double precision. Watch both branches of the V.

# %%
z, y = rng.standard_normal((20, 3)), rng.integers(0, 3, 20)
direction = rng.standard_normal(z.shape)
steps = np.logspace(-12, 0, 121)


def loss(z):
    return kernels.signed_cross_entropy(z, np.eye(3, dtype=z.dtype)[y]).sum(dtype=z.dtype)


def central(h, dtype=np.float64):
    x, D, h = z.astype(dtype), direction.astype(dtype), dtype(h)
    return (loss(x + h * D) - loss(x - h * D)) / (2 * h)


def one_sided(h):
    return (loss(z + h * direction) - loss(z)) / h


exact = np.vdot(kernels.signed_cross_entropy_grad(z, np.eye(3)[y]), direction)
slopes = {
    "central": [central(h) for h in steps],
    "one-sided": [one_sided(h) for h in steps],
    "float32": [central(h, np.float32) for h in steps],
}
errors = {name: np.abs(np.array(slope, float) / exact - 1) for name, slope in slopes.items()}
for name, error in errors.items():
    print(f"{name:10} smallest error {error.min():.0e} at h = {steps[error.argmin()]:.0e}")
curves = {name: (steps, np.maximum(error, 1e-13)) for name, error in errors.items()}
lines(curves, "step h", "relative error", log=True)

# %% [markdown]
# At the step that suits double precision, float32 has two digits left, and a gradient that is wrong by one per cent
# would pass. So gradients are *trained* in float32 and *checked* in float64; `check_gradient` refuses anything else.
#
# ## One direction is enough
#
# The usual check moves one entry at a time: two evaluations for each of them. A random direction moves all at once. If
# the gradient is wrong by a vector $e$, the check misses it only if $\langle e, D \rangle = 0$, which for a continuous
# $D$ has probability zero. Let one entry of 2352 be wrong by a tenth.

# %%
x = rng.standard_normal((20, 784))
W = 0.01 * rng.standard_normal((784, 3))


def gradient_with_one_wrong_entry(W):
    dW = x.T @ kernels.signed_cross_entropy_grad(x @ W, np.eye(3)[y])
    dW[500, 1] *= 1.1
    return dW


def loss_of_weights(W):
    return loss(x @ W)


try:
    check_gradient(loss_of_weights, gradient_with_one_wrong_entry, W, rng)
    one_entry_was_found = False
except AssertionError as complaint:
    one_entry_was_found = True
    print(str(complaint).splitlines()[0])

# %% [markdown]
# Two evaluations noticed it. Only then did the check go through the entries one by one, to say which.
#
# ## The upstream must be random, too
#
# A layer is not a scalar function. Its backward pass takes the upstream gradient `dy`, $\partial L / \partial y$, and
# must return $\partial L / \partial x$ for *every* `dy`. To test it one picks a `dy` and checks the scalar
# $\langle dy, f(x) \rangle$. Several well-known teaching libraries pick ones: "sum the output, and differentiate". Here
# are seven wrong backward passes of the kind that people write, and two right ones.


# %%
def softmax_backward(dy, z):
    p = kernels.softmax(z)
    return p * (dy - (dy * p).sum(axis=1, keepdims=True))


def linear_backward(dy, x, w, b):
    return kernels.linear_backward(dy, x, w)


def without_the_factor_p(dy, z):
    return dy - (dy * kernels.softmax(z)).sum(axis=1, keepdims=True)


def diagonal_only(dy, z):
    p = kernels.softmax(z)
    return dy * p * (1 - p)


def bias_gradient_is_the_batch_size(dy, x, w, b):
    dx, dw, db = kernels.linear_backward(dy, x, w)
    return dx, dw, np.full_like(db, len(dy))


def mean_for_sum(dy, x, w, b):
    dx, dw, db = kernels.linear_backward(dy, x, w)
    return dx, dw, db / len(dy)


# %% [markdown]
# Each case is a forward pass, a backward pass and their arguments, and is checked twice.

# %%
softmax_args = (rng.standard_normal((4, 3)),)
linear_args = (rng.standard_normal((4, 5)), rng.standard_normal((5, 3)), rng.standard_normal(3))
relu_args = ((rng.permutation(12).reshape(4, 3) - 5.5) / 4,)  # no zero among them
cases = {
    "softmax, right": (kernels.softmax, softmax_backward, softmax_args),
    "linear, right": (kernels.linear_forward, linear_backward, linear_args),
    "softmax: zeros": (kernels.softmax, lambda dy, z: np.zeros_like(z), softmax_args),
    "softmax: half of it": (kernels.softmax, lambda dy, z: softmax_backward(dy, z) / 2, softmax_args),
    "softmax: factor p missing": (kernels.softmax, without_the_factor_p, softmax_args),
    "softmax: diagonal only": (kernels.softmax, diagonal_only, softmax_args),
    "linear: db = batch size": (kernels.linear_forward, bias_gradient_is_the_batch_size, linear_args),
    "linear: mean for sum": (kernels.linear_forward, mean_for_sum, linear_args),
    "relu: dy ignored": (kernels.relu_forward, lambda dy, x: (x > 0).astype(float), relu_args),
}


def passes(forward, backward, args, upstream=None):
    try:
        check_backward(forward, backward, args, rng, upstream=upstream)
        return True
    except AssertionError:
        return False


verdicts = {}
print(f"{'':28}{'upstream of ones':>18}{'random upstream':>18}")
for name, (forward, backward, args) in cases.items():
    ones = np.ones_like(forward(*args))
    verdicts[name] = passes(forward, backward, args, ones), passes(forward, backward, args)
    words = ["passes" if verdict else "fails" for verdict in verdicts[name]]
    print("{:28}{:>18}{:>18}".format(name, *words))

# %% [markdown]
# Five of the seven pass with ones. Two reasons:
#
# * Whoever ignores or rescales `dy` by something that is 1 for ones goes unnoticed.
# * Worse for softmax: its outputs sum to 1, so $\langle 1, \mathrm{softmax}(z) \rangle = 1$ whatever $z$ is, and the
#   true gradient under ones is *zero*. Any backward pass that turns ones into zeros passes, even one that returns
#   nothing else. Everything normalised has this property, batch normalisation too.
#
# The message of a failing check names the entry, both numbers and the upstream, so that it can be followed on paper:

# %%
args, upstream = (np.zeros((1, 3)),), np.array([[1.0, 0.0, 0.0]])
try:
    check_backward(kernels.softmax, diagonal_only, args, rng, upstream=upstream)
except AssertionError as complaint:
    print(complaint)

# %% [markdown]
# ## Kinks
#
# At 0 the ReLU has no derivative. The central difference says 1/2, every backward pass says 0 or 1, and nobody is
# wrong. The same happens where two entries under a maximum are equal, or closer than $h$. A check that drops such
# entries afterwards also drops real errors; better not to draw them. `relu_args` above are odd multiples of 1/8 in
# random order: none is near 0, no two are equal. The library's strategies draw all inputs of ReLU and pooling like
# this.

# %%
kink, h = np.array([0.0]), 6e-6
slope = (kernels.relu_forward(kink + h) - kernels.relu_forward(kink - h)) / (2 * h)
print("central difference of ReLU at 0:", slope)
print("its backward pass at 0:         ", kernels.relu_backward(np.ones(1), kink))

# %% [markdown]
# ## Draws that only look random
#
# A published course checks the gradient of $x^s$ with an exponent drawn by `randint(1)`. That draw is always 0, the
# power is always 1, its gradient always 0, and $s\,x$ passes for $s\,x^{s-1}$. It is the same fault as the ones: a
# special value at which right and wrong agree. Ask of each draw what it can tell apart.
#
# Label noise has its own special value, the symmetric matrix. With (39), $T^{-1}$ and its transpose are one, so a
# transposed correction cannot be seen. (38) is not symmetric, but its rows sum to 1, which hides other mistakes.


# %%
def corrected_loss(z, y, T):
    return kernels.signed_cross_entropy(z, np.linalg.inv(T).T[y])


def transposed(z, y, T):
    return kernels.signed_cross_entropy(z, np.linalg.inv(T)[y])


def clipped_inverse(z, y, T):
    """Negative weights look wrong, so somebody removed them."""
    a = np.maximum(np.linalg.inv(T).T, 0)
    return kernels.signed_cross_entropy(z, (a / a.sum(axis=1, keepdims=True))[y])


def uncorrected(z, y, T):
    return kernels.signed_cross_entropy(z, np.eye(len(T))[y])


is_unbiased = backward_correction.is_unbiased  # sum_i T[i, j] L~_i = L_j, for any T and z
is_unbiased(transposed, np.array(noise.MNIST06), rng.standard_normal((4, 3)))
print("with (39) the transposed correction passes")

# %% [markdown]
# ## Properties, and mutants that must fail
#
# `is_unbiased` is a property: a function of the implementation under test that must hold for every input. Hypothesis
# draws the inputs, transition matrices that are neither symmetric nor doubly stochastic, and shrinks what fails to the
# smallest example it can find.
#
# How do we know that the property is any good? By giving it wrong code. A test that no wrong program fails proves
# nothing. Such programs are called mutants; `tests/mutants` is full of them, and the suite fails when one survives.

# %%
phases = (hypothesis.Phase.generate, hypothesis.Phase.shrink)
repeatable = {"derandomize": True, "database": None, "deadline": None}
settings = hypothesis.settings(max_examples=30, phases=phases, **repeatable)
check_property(is_unbiased, corrected_loss, settings)
print("corrected_loss: holds for all draws")
survivors = []
for mutant in (transposed, clipped_inverse, uncorrected):
    try:
        check_property(is_unbiased, mutant, settings)
        survivors.append(mutant.__name__)
    except AssertionError as complaint:
        print(f"{mutant.__name__}: {str(complaint).splitlines()[0]}")

# %% [markdown]
# Each mutant is told apart from right code by a matrix of two classes. (The clipped inverse fails with the very numbers
# of no correction at all: without its negative entry a row of $T^{-\top}$ is one-hot again.)
#
# Exercise 14, find the bug, is five formulas from real projects, each to be exposed by a property: tutorial 16 asks for
# it, when you have seen more of them.
#
# ## The claim
#
# In double precision, at $h = \varepsilon^{1/3}$, with a random upstream and one random direction, a wrong gradient
# does not pass. With ones it often does.

# %%
lowest = [error.min() for error in errors.values()]
assert lowest[0] < 1e-8 and lowest == sorted(lowest), "central, then one-sided, then float32"
assert 1e-7 < steps[errors["central"].argmin()] < 1e-3, "the V and its lowest point"
assert one_entry_was_found, "one wrong entry of 2352, by one direction"
right = [name for name in cases if name.endswith("right")]
wrong = [name for name in cases if name not in right]
assert all(verdicts[name] == (True, True) for name in right), "no false alarm"
assert not any(verdicts[name][1] for name in wrong), "a random upstream catches every one"
assert sum(verdicts[name][0] for name in wrong) == 5, "ones let five of seven pass"
assert not survivors, "every mutant fails the property"
