"""Losses that resist wrong labels without knowing T, and importance reweighting, which knows it."""

import numpy as np

from .. import strategies
from ..compare import assert_close
from ..property import holds_for
from .oracles import cross_entropy, log_softmax, loss_of_every_label, softmax


@holds_for("z", shift=lambda N, C: strategies.quarters(-3, 3))
def losses_of_all_labels_sum_to_a_constant(value, z, shift):
    """sum_k L(z, k) is the same for every z: then uniform noise only scales and shifts the risk.

    value(z, y) -> (N,). Source: Ghosh, Kumar and Sastry 2017.
    """
    other = z[::-1, ::-1] * shift
    sums = [loss_of_every_label(lambda z, y, T: value(z, y), part, None).sum(axis=1) for part in (z, other)]
    assert_close("sum_k L(z, k) at two places", sums[0], sums[1], 1e-9, "a symmetric loss counts each label alike")


@holds_for("z", "y")
def a_power_near_zero_is_cross_entropy(value, z, y):
    """(1 - p^q) / q -> -log p as q -> 0. value(z, y, q) -> (N,)."""
    found, expected = value(z, y, 1e-9), cross_entropy(z, y)
    assert_close("loss with q = 1e-9", found, expected, 1e-6, "1 - p^q cancels; expm1(q log p) does not")


@holds_for("z", "y")
def the_power_one_is_the_absolute_error(value, z, y):
    """q = 1 is 1 - p_y. value(z, y, q) -> (N,)."""
    assert_close("loss with q = 1", value(z, y, 1.0), 1 - softmax(z)[np.arange(len(y)), y], 1e-12)


@holds_for("T", "z")
def reweighted_noisy_losses_are_the_clean_ones(value, T, z):
    """sum_i (T p)_i w_i L_i = sum_i p_i L_i with L cross-entropy. value(z, y, T) -> (N,), the weighted loss."""
    p = softmax(z)
    noisy = ((p @ T.T) * loss_of_every_label(value, z, T)).sum(axis=1)
    clean = -(p * log_softmax(z)).sum(axis=1)
    assert_close("expected loss of noisy labels", noisy, clean, 1e-11, "w = p_y / (T p)_y, with T p and not T^T p")


@holds_for("z", "y", level=lambda N, C: strategies.quarters(-1, 4))
def a_flood_turns_the_gradient_below_its_level(objective_grad, z, y, level):
    """The gradient of |J - level| + level is that of J above the level and its opposite below.

    objective_grad(z, y, level) -> (N, C), J the mean cross-entropy.
    """
    J, dz = cross_entropy(z, y).mean(), (softmax(z) - np.eye(z.shape[1])[y]) / len(y)
    expected = np.sign(J - level) * dz
    assert_close(f"dz at J = {J:.3g}, level {level}", objective_grad(z, y, level), expected, 1e-12)


@holds_for("z", "p", "y")
def early_beliefs_pull_towards_themselves(regulariser_grad, z, p, y):
    """The gradient of log(1 - t . p) is its slope along every logit. regulariser_grad(z, t) -> (N, C)."""
    slopes, step = np.empty_like(z), 1e-6
    for k in range(z.shape[1]):
        up, down = (np.log(1 - (p * softmax(z + s * step * np.eye(z.shape[1])[k])).sum(axis=1)) for s in (1, -1))
        slopes[:, k] = (up - down) / (2 * step)
    assert_close("dz of the regulariser", regulariser_grad(z, p), slopes, 1e-5, "p (t - t . p), not p (t - p)")
