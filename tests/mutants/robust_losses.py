"""Wrong robust losses."""

import numpy as np

from scratchnoise.check.properties import robust_losses
from scratchnoise.check.properties.oracles import cross_entropy, log_softmax, softmax

from .losses import pick
from .registry import rejected_by


@rejected_by(robust_losses.losses_of_all_labels_sum_to_a_constant)
def normalised_by_the_probability(z, y):
    """Cross-entropy over the entropy instead of over the losses of all labels."""
    p = softmax(z)
    return -np.log(pick(p, y)) / -(p * log_softmax(z)).sum(axis=1)


@rejected_by(robust_losses.losses_of_all_labels_sum_to_a_constant)
def plain_cross_entropy(z, y):
    """The loss that is not robust."""
    return cross_entropy(z, y)


@rejected_by(robust_losses.a_power_near_zero_is_cross_entropy)
def cancelling_power(z, y, q):
    """1 - p^q in float32, as it is written: for a small q all digits cancel."""
    p = pick(softmax(z), y).astype(np.float32)
    return (1 - p ** np.float32(q)) / np.float32(q)


@rejected_by(robust_losses.a_power_near_zero_is_cross_entropy)
def power_not_divided(z, y, q):
    """1 - p^q without the division by q."""
    return -np.expm1(q * pick(log_softmax(z), y))


@rejected_by(robust_losses.the_power_one_is_the_absolute_error)
def complementary_power(z, y, q):
    """(1 - p)^q / q."""
    return (1 - pick(softmax(z), y)) ** (2 - q) / q * 2


@rejected_by(robust_losses.reweighted_noisy_losses_are_the_clean_ones)
def weights_by_the_transpose(z, y, T):
    """(T^T p)_y below the fraction."""
    p = softmax(z)
    return pick(p, y) / pick(p @ T, y) * cross_entropy(z, y)


@rejected_by(robust_losses.reweighted_noisy_losses_are_the_clean_ones)
def weights_of_one(z, y, T):
    """No weights: the loss of the noisy labels."""
    return cross_entropy(z, y)


@rejected_by(robust_losses.a_flood_turns_the_gradient_below_its_level)
def dried_out(z, y, level):
    """No gradient below the level instead of the opposite one."""
    dz = (softmax(z) - np.eye(z.shape[1])[y]) / len(y)
    return dz * (cross_entropy(z, y).mean() > level)


@rejected_by(robust_losses.early_beliefs_pull_towards_themselves)
def belief_against_itself(z, t):
    """p (t - p) for p (t - t . p)."""
    p = softmax(z)
    return -p * (t - p) / (1 - (t * p).sum(axis=1, keepdims=True))


@rejected_by(robust_losses.early_beliefs_pull_towards_themselves)
def pushed_away(z, t):
    """The sign of log(1 - t . p) lost: it drives the network away from what it believed."""
    p = softmax(z)
    match = (t * p).sum(axis=1, keepdims=True)
    return p * (t - match) / (1 - match)
