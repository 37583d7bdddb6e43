"""The T^-1-corrected loss: unbiased, linear in the loss vector, and unbounded below.

value(z (N, C), y (N,), T (C, C)) -> (N,) may be negative: it is right on average over the noise, not sample by sample.
"""

import numpy as np

from .. import strategies
from ..compare import assert_close, slack
from ..property import holds_for
from .oracles import cross_entropy, log_softmax, loss_of_every_label, printed_binary_loss, softmax


def tolerance(T, z):
    """Rounding grows with the condition of T and the size of the losses."""
    return 1e-14 * np.linalg.cond(T) * (1 + np.abs(z).max())


@holds_for("T", "z")
def is_unbiased(value, T, z):
    """Averaged over the noise of a true class, the corrected loss is the clean loss: sum_i T[i, j] L~_i = L_j.

    Eq. (27). Eq. (30). value(z, y, T) -> (N,).
    """
    corrected = loss_of_every_label(value, z, T)
    hint = "L~ = T^-T L: the given index of T is the column, and T^-1 may not be clipped"
    assert_close("sum_i T[i, j] L~_i", corrected @ T, -log_softmax(z), tolerance(T, z), hint)


@holds_for("T", losses=lambda N, C: strategies.quarter_arrays(C, -9, 9))
def corrects_any_loss(correct, T, losses):
    """Unbiasedness asks nothing of the loss: T^T correct(L) = L for every vector L.

    Eq. (28). Eq. (30). correct(losses (C,), T) -> (C,).
    """
    hint = "correct(L, T) = T^-T L"
    assert_close("T^T correct(L)", T.T @ correct(losses, T), losses, tolerance(T, losses), hint)


@holds_for("T", "z", "p")
def expected_loss_is_the_clean_risk(expected, T, z, p):
    """Under q = T p the corrected loss has the mean of the loss under p: sum_i q_i L~_i = sum_j p_j L_j, without 1/c.

    Eq. (31). Eq. (32), without its 1/c. expected(z, q, T) -> (N,), the mean corrected loss under noisy posteriors q.
    """
    clean = -(p * log_softmax(z)).sum(axis=1)
    hint = "an expectation is weighted by q, which sums to 1 already"
    assert_close("sum_i q_i L~_i", expected(z, p @ T.T, T), clean, tolerance(T, z), hint)


@holds_for("T", "z", "y")
def gradient_is_p_minus_the_corrected_label(grad, T, z, y):
    """d L~ / d z = softmax(z) - a, a = row y of T^-T: cross-entropy's gradient with a signed label.

    grad(z, y, T) -> (N, C).
    """
    a = np.linalg.solve(T.T, np.eye(len(T)))[y]
    assert_close("dz", grad(z, y, T), softmax(z) - a, tolerance(T, z), "the label is row y of T^-T, column y of T^-1")


@holds_for("T", "z", "y", z2=strategies.logits)
def is_convex(value, T, z, y, z2):
    """Linear in the loss vector, convex in the logits: a midpoint never lies above the mean of its ends.

    value(z, y, T) -> (N,).
    """
    middle, ends = value((z + z2) / 2, y, T), (value(z, y, T) + value(z2, y, T)) / 2
    n = int((middle - ends).argmax())
    assert middle[n] <= ends[n] + slack(100 * tolerance(T, z)), (
        f"sample {n} costs {middle[n]:.6g} at the midpoint, and {ends[n]:.6g} on average at the ends; log-sum-exp is "
        "convex and the rest is linear: is something clipped?"
    )


@holds_for("T")
def falls_without_bound(value, T):
    """Where the label of class k is negative, the loss falls by -a_k for each unit that z_k sinks, for ever.

    value(z, y, T) -> (N,).
    """
    a = np.linalg.inv(T).T
    y, k = np.unravel_index(a.argmin(), a.shape)
    z = np.zeros((2, len(T)))
    z[:, k] = -60, -120
    first, second = value(z, np.full(2, y), T)
    hint = f"label {y} gives class {k} the weight {a[y, k]:.3g}; clipping a probability stops the fall silently"
    assert_close("change of the loss over 60 units", second - first, 60 * a[y, k], tolerance(T, z), hint)


@holds_for(
    "T",
    "seed",
    y=strategies.labels_of_every_class,
    samples=(6, 10),
    classes=(2, 3),
)
def a_ridge_makes_the_optimum_unique(grad, T, y, seed):
    """A linear model with a ridge has one minimiser: descent from two starts ends at the same weights.

    grad(z, y, T) -> (N, C), each sample's own gradient.
    """
    rng, N, ridge = np.random.default_rng(seed), len(y), 0.5
    x = rng.uniform(-1, 1, (N, 2))
    ends = [rng.standard_normal((2, len(T))) for _ in range(2)]
    for _ in range(60):
        ends = [w - (x.T @ grad(x @ w, y, T) / N + ridge * w) for w in ends]
    hint = "a gradient of the wrong sign climbs, and one that is not convex has many valleys"
    assert_close("weights from the second start", ends[1], ends[0], 1e-6, hint)


@holds_for("T", "z", "y", "weight", risk=strategies.tamed_risks)
def tamed_risks_are_not_negative(objective, T, z, y, weight, risk):
    """The raw corrected risk of a batch may be negative; the tamed ones may not.

    objective(z, y, T, risk, sample_weight) -> float.
    """
    found = objective(z, y, T, risk, weight)
    assert found >= 0, f"risk={risk!r} is {found:.6g}; a risk estimates the mean of a loss that is never negative"


@holds_for("T", "z", y=strategies.labels_of_every_class, samples=(6, 12))
def tamed_risks_change_nothing_while_all_parts_are_positive(objective, T, z, y):
    """A batch with true noisy frequencies has positive partial risks; there "relu", "clip", "flood" and "raw" agree.

    Each sample is repeated with the labels that T gives its class, 20 T[i, y] times. objective as above -> float.
    """
    times = np.rint(strategies.TWENTIETHS * T[:, y]).astype(int)  # (C, N), whole numbers
    rows = np.concatenate([np.repeat(np.arange(len(y)), t) for t in times])
    noisy = np.concatenate([np.full(t.sum(), i) for i, t in enumerate(times)])
    clean = cross_entropy(z, y).mean()
    for risk in ("raw", "relu", "clip", "flood"):
        found = objective(z[rows], noisy, T, risk, None)
        hint = "frequencies are exact here: the corrected risk is the clean one"
        assert_close(f"risk={risk!r}", found, clean, 20 * tolerance(T, z), hint)


@holds_for("z", "y", rates=strategies.binary_rates, classes=(2, 2))
def binary_case_is_the_printed_one(value, z, y, rates):
    """With two classes the correction is Natarajan's: both rates of eq. (24) stand where it has them.

    Eq. (24). value(z, y, rho_positive, rho_negative) -> (N,); class 1 is y = +1, rho_positive = P(flip | y = +1).
    """
    hint = f"rho_+1, rho_-1 = {rates}: the factor of L(y) has the rate of the other class"
    expected = printed_binary_loss(z, y, *rates)
    assert_close("L~", value(z, y, *rates), expected, 1e-12 / (1 - sum(rates)), hint)


@holds_for("z", "y", rates=strategies.binary_rates, classes=(2, 2))
def binary_case_is_unbiased(value, z, y, rates):
    """E[L~(y, noisy)] = L(y): the loss of the label, flipped with its rate.

    Eq. (25). value(z, y, rho_positive, rho_negative) -> (N,).
    """
    rho = np.array(rates[::-1])[y]  # P(flip | y), class 0 is -1
    mean = (1 - rho) * value(z, y, *rates) + rho * value(z, 1 - y, *rates)
    assert_close("E[L~]", mean, cross_entropy(z, y), 1e-12 / (1 - sum(rates)), f"rho_+1, rho_-1 = {rates}")
