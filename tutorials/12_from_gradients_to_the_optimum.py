# %% [markdown]
# # From gradients to the optimum
#
# Question: the gradient of softmax regression is known. How does one get from it to the optimum, in few steps and
# without a learning rate? And how strong should the penalty be, and of which kind, when all
# labels are noisy?
#
# Equations: softmax regression (9)-(11), robust softmax regression (13), (14), (17).
#
# Running time: about eight seconds. Next: tutorial 14, what held-out noisy labels can and cannot tell.

# %%
import numpy as np

from scratchnoise import RobustSoftmaxRegression, kernels, noise
from scratchnoise.lbfgs import CURVATURE, DECREASE, Point, lbfgs, line_search, two_loops
from scratchnoise.study import evidence, sparse
from scratchnoise.study.pictures import lines
from scratchnoise.study.statistics import compare

rng = np.random.default_rng(0)
T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
N, D, C = 600, 5, 3
y = rng.integers(C, size=N)
SIZES = np.array([1, 1, 0.1, 1, 1])  # one of the features that tell the classes apart is ten times smaller
x = (rng.normal(size=(N, D)) + 2 * np.eye(C, D)[y]) * SIZES
y_noisy = noise.corrupt(y, T, rng)
L2 = 0.001


def objective(v):
    """The penalised mean loss of the noisy labels and its gradient; v holds W (D, C), then b (C,)."""
    w, b = v[:-C].reshape(D, C), v[-C:]
    loss, dw, db = kernels.linear_loss_grad(w, b, x, y_noisy, np.eye(C), np.ones(N))
    return loss + L2 / 2 * np.vdot(w, w), np.concatenate([(dw + L2 * w).ravel(), db])


start = np.zeros((D + 1) * C)

# %% [markdown]
# ## The secant condition
#
# Newton's step is $-H^{-1} g$, with the matrix $H$ of second derivatives. We have only gradients $g$. But two of them
# say something about $H$. After a step $s = x_{k+1} - x_k$ the gradient has changed by
#
# $$y = g_{k+1} - g_k = \int_0^1 H(x_k + t s)\, s\, dt = \bar H s,$$
#
# where $\bar H$ is the mean of $H$ along the step. So we look for a matrix $B$, in place of $H^{-1}$, that satisfies
# the *secant condition* $B y = s$. On a line, this is the secant method for $f'(x) = 0$.

# %%
step = rng.normal(size=start.size)
change = objective(start + step)[1] - objective(start)[1]


def curvature_along(v, step, h=1e-5):
    """H step at v, by a central difference of the gradient."""
    return (objective(v + h * step)[1] - objective(v - h * step)[1]) / (2 * h)


places, weights = np.polynomial.legendre.leggauss(20)  # the mean over [0, 1], by Gauss's rule
mean_curvature = sum(
    w / 2 * curvature_along(start + (t + 1) / 2 * step, step) for t, w in zip(places, weights, strict=True)
)
secant_gap = np.abs(mean_curvature - change).max()
print(f"the mean curvature times s differs from y by {secant_gap:.1e}")

# %% [markdown]
# ## Two loops
#
# Suppose that some symmetric $B_0$ is a guess at $H^{-1}$. With $\rho = 1 / (y^\top s)$, the matrix
#
# $$B = (I - \rho\, s y^\top)\, B_0\, (I - \rho\, y s^\top) + \rho\, s s^\top$$
#
# is symmetric, and $B y = s$: since $\rho\, s^\top y = 1$, the right bracket turns $y$ into $0$, and the last term
# turns it into $s$. It is positive definite when $B_0$ is and $y^\top s > 0$. This is the BFGS update. L-BFGS keeps the
# last ten pairs $(s, y)$ and applies the update for the oldest first.
#
# The product $B g$ needs no matrix. Read the formula from right to left. The right bracket subtracts a share
# $\alpha = \rho\, s^\top g$ of $y$ from $g$. The matrix $B_0$ is applied to the rest, and let the result be $r$. The
# left bracket subtracts $\rho\, y^\top r$ of $s$, and the last term adds $\alpha s$. With several pairs, the right
# brackets are met from the newest to the oldest, which is the first loop, and the left ones from the oldest to the
# newest, which is the second. `scratchnoise.lbfgs.two_loops` is these lines.


# %%
def bfgs_matrix(pairs):
    """The same by matrices: B_0 is a multiple of I, with the scale of the newest pair."""
    s, y, _ = pairs[-1]
    B = (s @ y) / (y @ y) * np.eye(len(s))
    for s, y, rho in pairs:
        left = np.eye(len(s)) - rho * np.outer(s, y)
        B = left @ B @ left.T + rho * np.outer(s, s)
    return B


pairs = []
for _ in range(4):
    s = rng.normal(size=start.size)
    y_k = objective(start + s)[1] - objective(start)[1]
    pairs.append((s, y_k, 1 / (s @ y_k)))
g = rng.normal(size=start.size)
B = bfgs_matrix(pairs)
loops_gap = np.abs(two_loops(g, pairs) - B @ g).max()
newest_gap = np.abs(two_loops(pairs[-1][1], pairs) - pairs[-1][0]).max()
print(f"two loops and matrices differ by {loops_gap:.1e}; B y - s for the newest pair: {newest_gap:.1e}")
print(f"smallest eigenvalue of B: {np.linalg.eigvalsh(B).min():.2g}")

# %% [markdown]
# ## Why the line search has two conditions
#
# How far along the direction $d$? Let $\varphi(t)$ be the objective at $x + t d$. Its slope $\varphi'(0)$ is negative.
#
# **Not too long.** $\varphi(t) \le \varphi(0) + 10^{-4}\, t\, \varphi'(0)$. It is not enough that the value falls: it
# must fall in proportion to the step. This alone accepts every tiny step.
#
# **Not too short.** $|\varphi'(t)| \le 0.9\, |\varphi'(0)|$. Where the slope has hardly changed, a longer step gains
# more. This condition does a second thing: with $s = t d$,
#
# $$y^\top s = t\,(\varphi'(t) - \varphi'(0)) \ge 0.1\, t\, |\varphi'(0)| > 0,$$
#
# so that $B$ stays positive definite and the next direction points downhill too, even where the objective is not
# convex, as in tutorial 05.


# %%
value, gradient = objective(start)
direction = -gradient
slope = gradient @ direction


def along(t):
    """Value and slope of the objective at start + t direction."""
    value, gradient = objective(start + t * direction)
    return value, gradient @ direction


def not_too_long(t):
    return along(t)[0] <= value + DECREASE * t * slope


def not_too_short(t):
    return abs(along(t)[1]) <= CURVATURE * abs(slope)


print(f"{'step':>8}{'value':>9}{'slope':>9}  not too long  not too short")
for t in (1e-3, 1.0, 3.0, 30.0):
    print(f"{t:>8}{along(t)[0]:>9.4f}{along(t)[1]:>9.4f}{not_too_long(t)!s:>14}{not_too_short(t)!s:>15}")
found = line_search(objective, Point(0.0, start, value, gradient, slope), direction, 1e-3, 1e-16)
print(f"from a first step of 0.001 the line search ends at {found.step:.3g}")

# %% [markdown]
# ## Gradient descent and L-BFGS
#
# Both see the same values and gradients. Gradient descent takes a fixed step. Above 2 divided by the largest
# curvature it would overshoot near the optimum, and here it has 1.5. The curvature along the small feature is about a
# hundred times smaller, so descent crawls along it. L-BFGS learns the curvatures from its pairs.

# %%
optimum = lbfgs(objective, start, tol=1e-12)
eigenvalues = np.linalg.eigvalsh(np.array([curvature_along(optimum.x, e) for e in np.eye(start.size)]))
v, descent = start, []
for _ in range(60):
    value_here, gradient_here = objective(v)
    descent.append(value_here)
    v = v - 1.5 / eigenvalues.max() * gradient_here
quasi_newton = [lbfgs(objective, start, 0, k).value for k in range(1, 21)]
gap = {
    "gradient descent": np.array(descent) - optimum.value,
    "L-BFGS": np.array([descent[0], *quasi_newton]) - optimum.value,
}
gap = {name: np.maximum(values, 1e-16) for name, values in gap.items()}
curves = {name: (np.arange(len(values)), np.log10(values)) for name, values in gap.items()}
print("log10 of the distance after 20 steps:", {name: f"{np.log10(v[20]):.1f}" for name, v in gap.items()})
lines(curves, "step", "log10 of the distance to the minimum")

# %% [markdown]
# ## What `l2="auto"` does
#
# A penalty $\lambda / 2\, \|W\|^2$ is chosen by trying it on samples that were held out. Their labels are noisy, and
# that is enough: score the probability of the *noisy* labels, $q = T p$. Tutorial 14 shows why the expected score is
# best for the model whose $q$ is nearest to the truth. Penalties are tried from large to small, each fit from the end
# of the last one, until two in a row have not improved the score.

# %%
x_many = np.column_stack([x, rng.normal(size=(N, 40))])  # forty more features that say nothing
model = RobustSoftmaxRegression(T, random_state=0).fit(x_many, y_noisy)
held_out = {row["l2"]: row["noisy_log_likelihood"] for row in model.l2_path_}
test_y = rng.integers(C, size=4000)
test_x = rng.normal(size=(4000, D + 40)) + 2 * np.eye(C, D + 40)[test_y]
test_x[:, :D] *= SIZES
accuracy = {
    l2: RobustSoftmaxRegression(T, l2=l2, random_state=0).fit(x_many, y_noisy).score(test_x, test_y) for l2 in held_out
}
print(f"{'l2':>9}  held-out noisy likelihood  accuracy on true labels")
for l2, likelihood in held_out.items():
    print(f"{l2:>9.4f}{likelihood:>27.4f}{accuracy[l2]:>25.3f}{'  <- auto' if l2 == model.l2_ else ''}")

# %% [markdown]
# Nobody looked at a true label to choose, and the choice is nearly the best of its path by true labels.
#
# ## A penalty that leaves features out
#
# The report hopes (section 5) that sparse weights help when the features are many. With `l1` the penalty is
# $\lambda_1 \sum |W|$ beside the squares. Its slope does not vanish at 0: a weight for which the likelihood pulls less
# than $\lambda_1$ stays exactly 0. There is no gradient at that corner, so L-BFGS does not apply. A *proximal* step is
# a gradient step of length $t$, after which each weight moves by $t \lambda_1$ towards 0, and stops there.
#
# By hand: a weight of $0.30$ with $t \lambda_1 = 0.10$ becomes $0.20$, one of $0.05$ becomes $0$. The squares would
# shrink both in proportion, and neither to 0.
#
# The penalty is chosen as before, by held-out noisy labels. First the forty useless features, then, for control, the
# same path where all 45 features say a little.
#
# > **Predict.** In which of the two problems does `l1` beat `l2="auto"`?

# %%
STRENGTHS = 10.0 ** -np.arange(1.5, 4, 0.5)
D_MANY, DRAWS = D + 40, 4


def problem(centres):
    """Training, held-out and test samples around centres (C, D_MANY); the first two with noisy labels."""
    parts = []
    for size, noisy in ((N, True), (N, True), (4000, False)):
        labels = rng.integers(C, size=size)
        features = rng.normal(size=(size, D_MANY)) + centres[labels]
        parts.append((features, noise.corrupt(labels, T, rng) if noisy else labels))
    return parts


def sparse_path(train, held, test):
    """Rows (held-out noisy likelihood, l1, weights that are not 0, accuracy) from large to small penalties."""
    rows = []
    for l1 in STRENGTHS:
        model = RobustSoftmaxRegression(T, l1=l1, l2=0.0, tol=1e-4, random_state=0).fit(*train)
        rows.append((model.noisy_log_likelihood(*held), l1, int(np.count_nonzero(model.coef_)), model.score(*test)))
    return rows


few = 2 * np.eye(C, D_MANY)
all_speak = rng.normal(size=(C, D_MANY))
all_speak *= np.linalg.norm(few) / np.linalg.norm(all_speak)
beats, paths, zeros_of_squares = {}, {}, []
for name, centres in {"few features speak": few, "all features speak": all_speak}.items():
    with_l1, with_l2 = {}, {}
    for draw in range(DRAWS):
        train, held, test = problem(centres)
        paths[name] = sparse_path(train, held, test)
        with_l1[draw] = max(paths[name])[-1]
        squares = RobustSoftmaxRegression(T, random_state=0).fit(*train)
        with_l2[draw] = squares.score(*test)
        zeros_of_squares.append(np.count_nonzero(squares.coef_ == 0))
    beats[name] = compare(with_l1, with_l2)
    print(f"{name}: accuracy with l1 - with l2='auto' {beats[name]}")
counts = [nonzero for _, _, nonzero, _ in paths["few features speak"]]
print(f"of {squares.coef_.size} weights are not 0, from large penalties to small ones: {counts}")

# %% [markdown]
# Sparse weights help where few features speak. The report's hope was for CIFAR. Below are the recorded rows of
# `python -m scratchnoise.study.sparse`, in which each penalty is chosen as here.

# %%
rows = evidence.rows("sparse")
on_cifar = {}
for noise_name in sparse.NOISES:
    l1, l2 = (
        {row["draw"]: row["accuracy"] for row in sparse.chosen(rows, noise_name, "known", penalty)}
        for penalty in ("l1", "l2")
    )
    on_cifar[noise_name] = compare(l1, l2)
    print(f"CIFAR-10, the report's T{noise_name}: accuracy with l1 - with l2 {on_cifar[noise_name]}")

# %%
assert secant_gap < 1e-6, "y is the mean curvature along the step, times s"
assert loops_gap < 1e-9 and newest_gap < 1e-9, "two loops are the matrix product, and B y = s"
assert np.linalg.eigvalsh(B).min() > 0, "B is positive definite"
assert not_too_long(1e-3) and not not_too_short(1e-3), "the first condition alone accepts a tiny step"
assert not not_too_long(30.0), "it refuses a long one"
assert not_too_long(found.step) and not_too_short(found.step), "the search ends where both hold"
assert found.gradient @ direction > slope, "so y.s > 0"
assert gap["L-BFGS"][20] < 1e-3 * gap["gradient descent"][59], "20 steps of L-BFGS beat 60 of gradient descent"
assert model.l2_ == max(held_out, key=held_out.get), "auto is the best on held-out noisy labels"
assert accuracy[model.l2_] > max(accuracy.values()) - 0.02, "and nearly the most accurate"
assert counts == sorted(counts) and counts[0] < 10 < counts[-1], "the smaller the penalty, the more weights"
assert beats["few features speak"].is_shown and beats["few features speak"].mean > 0.02, "it helps where few speak"
assert beats["all features speak"].mean < 0.01, "control: and not where all do"
assert max(zeros_of_squares) == 0, "control: squares leave no weight at 0"
assert not any(difference.is_shown for difference in on_cifar.values()), "on CIFAR no difference is shown"
