# %% [markdown]
# # A museum of mistakes
#
# Question: which errors do people really make in gradients and in code for noisy labels, and would `check` have found
# them?
#
# Equations: (3), (14), (23), (28)-(30), (34); the gradient check of tutorial 10.
#
# Running time: about half a minute. Next: `check.verify`, `check.audit` and `check.label_noise` on your own code, see
# the README.
#
# Every exhibit was reported in a public thread, or stands in a public repository. Only the fact is taken from there:
# the code below is our own, one line for each error. Most of the errors were found by people who wondered about a
# result, some after years. None of this is a reproach: whoever writes gradients by hand makes these errors.

# %%
import numpy as np

from scratchnoise import check
from scratchnoise.check.label_noise import add_properties
from scratchnoise.check.properties import estimators, losses, noise
from scratchnoise.check.report import Report

rng = np.random.default_rng(0)
X, W, B = rng.standard_normal((5, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
Z, Y = rng.standard_normal((5, 3)), np.array([0, 1, 2, 0, 1])
found = {}


def show(thread, error, report):
    """Print one exhibit: what was wrong, which check rejects it, and the smallest input that was found."""
    assert not report, f"{thread} is not rejected"
    line = next((line for line in report.failed if line.name != "convention"), report.failed[0])
    found[thread] = line.name
    print(f"{thread}\n  {error}\n  rejected by: {line.name}")
    for text in line.detail.split("\n")[:8]:
        print(f"      {text}")
    print()


def of_property(prop, wrong):
    """A report of one property."""
    report = Report(prop.__name__)
    add_properties(report, [prop], wrong, examples=40)
    return report


# %% [markdown]
# ## Sums
#
# A bias gets one gradient for each class: the sum over the samples, not over everything. Here one number is broadcast
# to all classes, so that all biases stay equal.


# %%
def linear(x, w, b):
    return x @ w + b


show(
    "github.com/rasbt/stat453-deep-learning-ss21/issues/5",
    "the gradient of the bias is one sum over samples and classes",
    check.verify(linear, lambda dy, x, w, b: (dy @ w.T, x.T @ dy, np.full_like(b, dy.sum())), (X, W, B)),
)

# %% [markdown]
# A value that is used twice gets two gradients, which add up. Two forms of the error: the second replaces the first, or
# a node that lies on two ways is passed twice. For f = 2 x (x a) + x x a at x = a = 1 the second form gave 7 for 6.

# %%
total = np.zeros_like(X)


def square_backward(dy, x):
    total[:] += 2 * x * dy  # nobody sets it to zero
    return total.copy()


show(
    "github.com/sebgao/cTensor/issues/5",
    "a node on two ways to the result hands its gradient down once too often",
    check.verify(lambda x, a: 3 * x**2 * a, lambda dy, x, a: (7 * dy * x * a, 3 * dy * x**2), (X, X + 1)),
)


def overlapping_maxima(x):
    """The larger of every two neighbours, (5, 3) -> (5, 2)."""
    return np.maximum(x[:, :-1], x[:, 1:])


def assigned(dy, x):
    dx = np.zeros_like(x)
    left = x[:, :-1] >= x[:, 1:]
    dx[:, :-1][left] = dy[left]
    dx[:, 1:][~left] = dy[~left]
    return dx


show(
    "github.com/FluxML/NNlib.jl/issues/205",
    "a pixel that is the maximum of several windows: the gradient is assigned, where it should be added",
    check.verify(overlapping_maxima, assigned, (X,)),
)
show(
    "github.com/karpathy/micrograd/issues/53",
    "inner nodes keep their gradients, so that a second call of backward gives more",
    check.verify(np.square, square_backward, (X,)),
)

# %% [markdown]
# ## Softmax and normalisation
#
# The derivative of softmax is a matrix: p_i (1 if i = j else 0) - p_i p_j. Under an upstream of ones the true gradient
# is zero, since the rows of softmax sum to 1, so such a test sees little.


# %%
def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(dy, z):
    p = softmax(z)
    return p * (dy - (p * dy).sum(axis=1, keepdims=True))


show(
    "github.com/eriklindernoren/ML-From-Scratch/pull/125",
    "the diagonal alone: p (1 - p)",
    check.verify(softmax, lambda dy, z: dy * softmax(z) * (1 - softmax(z)), (Z,)),
)
show(
    "github.com/HomericIntelligence/Odyssey/issues/2134",
    "the term with the sum over the classes is missing",
    check.verify(softmax, lambda dy, z: dy * softmax(z), (Z,)),
)
show(
    "github.com/markroxor/fromscratchtoml/issues/65",
    "the gradient of softmax is off by a factor of two",
    check.verify(softmax, lambda dy, z: 2 * softmax_backward(dy, z), (Z,)),
)


# %%
def batchnorm(x):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


def batchnorm_backward(dy, x):
    y = batchnorm(x)
    return (dy - dy.mean(axis=0) - y * (dy * y).mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


show(
    "github.com/mlpack/mlpack/pull/1327",
    "mean and variance are taken as constants, and the sum is divided by the number of samples",
    check.verify(batchnorm, lambda dy, x: dy / np.sqrt(x.var(axis=0) + 1e-5) / len(x), (X,)),
)


def features_for_samples(dy, x):
    """Right for square arrays only: means over the samples are sums divided by the number of features."""
    y = batchnorm(x)
    D = x.shape[1]
    return (dy - dy.sum(axis=0) / D - y * (dy * y).sum(axis=0) / D) / np.sqrt(x.var(axis=0) + 1e-5)


assert check.verify(batchnorm, features_for_samples, (X[:3],))  # three samples of three features hide it
show(
    "github.com/RubixML/ML/pull/423",
    "the sums over a batch are divided by the number of features; the test had square arrays",
    check.verify(batchnorm, features_for_samples, (X,)),
)
show(
    "github.com/KhawajaAbaid/micrograd_c/issues/1",
    "a - b: the gradient of b has the sign of that of a",
    check.verify(lambda a, b: a - b, lambda dy, a, b: (dy, dy), (X, X + 1)),
)


# %%
def pool(x):
    return x.reshape(len(x), -1, 2).max(axis=2)


def returns_within_the_loop(dy, x):
    dx = np.zeros_like(x)
    for k in range(dy.shape[1]):
        left = x[:, 2 * k] > x[:, 2 * k + 1]
        dx[:, 2 * k], dx[:, 2 * k + 1] = dy[:, k] * left, dy[:, k] * ~left
        return dx


show(
    "github.com/riccardoandreoni0/CNN-from-scratch/issues/1",
    "max pooling: the return stands within the loop, so that one window gets a gradient; the network learns though",
    check.verify(pool, returns_within_the_loop, (rng.standard_normal((3, 6)),)),
)

# %% [markdown]
# ## Labels that flip at another rate
#
# "50 % symmetric noise" that draws from all ten classes leaves a tenth of the labels right: 45 % are wrong.

# %%
show(
    "github.com/LiJunnan1992/DivideMix/issues/29",
    "the share of wrong labels: the new label can be the old one",
    of_property(
        noise.uniform_noise_has_its_rate,
        lambda C, rho: (1 - (C - 1) * rho) * np.eye(C) + (C - 1) * rho / C,
    ),
)


def class_by_class(y, T, rng):
    """Reads labels that it has written before: who became class 1 is flipped again with class 1."""
    for j in range(len(T)):
        y[y == j] = rng.choice(len(T), size=np.sum(y == j), p=T[:, j])
    return y


show(
    "github.com/shengliu66/ELR/issues/16",
    "labels are flipped class after class in place, so that some are flipped twice",
    of_property(noise.labels_flip_at_the_given_rates, class_by_class),
)
show(
    "github.com/ijindal/Noisy_Dropout_regularization/issues/3",
    "rows are drawn from a matrix whose columns sum to 1",
    check.label_noise.verify_noise(
        lambda y, T, rng: np.array([rng.choice(len(T), p=T[j] / T[j].sum()) for j in y]), "columns", examples=10
    ),
)

# %% [markdown]
# ## Corrected losses
#
# q = T p needs probabilities. Scores that are not normalised give a loss that looks like one, and trains to something.


# %%
def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def accumulating(z, y, T, correction=0.05):
    """The slack of T-revision, added to T once more for each sample."""
    losses_of = []
    for n in range(len(z)):
        T = T + correction
        losses_of.append(-np.log(T[y[n]] @ softmax(z[n : n + 1])[0]))
    return np.array(losses_of)


show(
    "github.com/takashiishida/comp/issues/1",
    "T is applied to scores that are not normalised",
    check.label_noise.verify(
        lambda z, y, T: -log_softmax(z @ T.T)[np.arange(len(y)), y], "columns", kind="forward", examples=20
    ),
)
show(
    "github.com/xiaoboxia/T-Revision/pull/3",
    "the correction of T is added within the loop over the samples: sample n sees it n times",
    of_property(losses.order_of_samples_is_irrelevant, accumulating),
)
show(
    "a public course project (source; there is no thread)",
    "the inverse of T is cut to [0, 1], which leaves plain cross-entropy: not unbiased, though it trains well",
    check.label_noise.verify(
        lambda z, y, T: -(np.clip(np.linalg.inv(T), 0, 1).T[y] * log_softmax(z)).sum(axis=1),
        "columns",
        kind="backward",
        examples=20,
    ),
)

# %% [markdown]
# ## Estimates of T


# %%
def argmax_of_all(q, y):
    """The confident joint, with the class of the largest posterior even where that is below its threshold."""
    C = q.shape[1]
    thresholds = np.array([q[y == j, j].mean() if (y == j).any() else 1.0 for j in range(C)])
    confident = (q >= thresholds - 1e-12).any(axis=1)
    joint = np.zeros((C, C))
    np.add.at(joint, (y[confident], q[confident].argmax(axis=1)), 1)
    empty = joint.sum(axis=0) == 0
    joint[empty, empty] = 1
    return joint / joint.sum(axis=0)


def anchors_through_a_view(q, y):
    """A column of q is a view: what is set to zero in it is zero in the caller's array."""
    T = np.empty((q.shape[1], q.shape[1]))
    for j in range(q.shape[1]):
        column = q[:, j]
        column[column > np.quantile(column, 0.97)] = 0
        T[:, j] = q[column.argmax()]
    return T / T.sum(axis=0)


show(
    "github.com/cleanlab/cleanlab/issues/1248",
    "the most probable class counts, where only confident ones should",
    of_property(estimators.collisions_are_settled_among_the_confident, argmax_of_all),
)
show(
    "github.com/giorgiop/loss-correction (source)",
    "the filter of outliers writes to the caller's posteriors",
    of_property(estimators.inputs_are_left_alone, anchors_through_a_view),
)

# %% [markdown]
# ## The error in the checker
#
# A project once found its batch normalisation wrong by a factor of thousands
# (github.com/HomericIntelligence/Odyssey/pull/2882). The pass was right; its test used an upstream of equal numbers,
# for which the true gradient is zero, and compared one rounding error with another (pull/5107 there says so). Another
# project's test compared the gradients of the parameters and never that of the input, which was wrong
# (github.com/mlpack/mlpack/issues/1923). `audit` asks a test what it can see.


# %%
def test_with_ones(backward):
    dx = backward(np.ones_like(X), X)
    np.testing.assert_allclose(dx, np.zeros_like(X), atol=1e-12)


def test_with_random_numbers(backward):
    check.check_backward(batchnorm, backward, (X,), np.random.default_rng(1))


for test in (test_with_ones, test_with_random_numbers):
    print(f"{test.__name__}: {check.audit(batchnorm_backward, test).title}")

# %% [markdown]
# ## The claim
#
# Every exhibit is rejected; the right versions are not; a test with ones would have missed errors, and a random one
# misses none.
#
# > **Exercise 14** asks for a check of your own: five people wrote the loss of exercise 07, all five wrongly, and your
# > property has to tell. `scratchnoise start 14`.

# %%
assert len(found) >= 14 and sum("issues" in thread or "pull" in thread for thread in found) >= 14
for right in (
    check.verify(linear, lambda dy, x, w: (dy @ w.T, x.T @ dy, dy.sum(axis=0)), (X, W, B)),
    check.verify(softmax, softmax_backward, (Z,)),
    check.verify(batchnorm, batchnorm_backward, (X,)),
):
    assert right, right
assert len(check.audit(batchnorm_backward, test_with_ones).failed) >= 5
assert check.audit(batchnorm_backward, test_with_random_numbers)
print(f"{len(found)} exhibits, all rejected")
