"""Wrong backward corrections."""

import numpy as np

from scratchnoise.check.properties import backward_correction as backward
from scratchnoise.check.properties.oracles import cross_entropy, log_softmax, softmax

from .losses import pick
from .registry import rejected_by


@rejected_by(backward.is_unbiased)
def transposed(z, y, T):
    """T^-1 L for T^-T L."""
    return -pick(log_softmax(z) @ np.linalg.inv(T).T, y)


@rejected_by(backward.is_unbiased, backward.falls_without_bound)
def clamped(z, y, T):
    """T^-1 clamped to [0, 1] and scaled to 1: for the matrices of the report this is plain cross-entropy."""
    inverse = np.clip(np.linalg.inv(T), 0, 1)
    return -pick(log_softmax(z) @ (inverse / inverse.sum(axis=0)), y)


@rejected_by(backward.is_unbiased)
def forgotten_inverse(z, y, T):
    """T^T L for T^-T L."""
    return -pick(log_softmax(z) @ T, y)


@rejected_by(backward.is_unbiased)
def wrong_loss_corrected(z, y, T):
    """Corrects the probability, not its logarithm: -log (T^-1 p)_y, made positive."""
    return -np.log(np.abs(pick(softmax(z) @ np.linalg.inv(T).T, y)) + 1e-12)


@rejected_by(backward.is_convex, backward.falls_without_bound)
def probabilities_clipped(z, y, T):
    """Clips p at 1e-2 against log 0, which also caps what negative weights can earn."""
    return -pick(np.log(np.maximum(softmax(z), 1e-2)) @ np.linalg.inv(T), y)


@rejected_by(backward.corrects_any_loss)
def losses_times_the_wrong_side(losses, T):
    """T^-1 L."""
    return np.linalg.inv(T) @ losses


@rejected_by(backward.corrects_any_loss)
def negative_losses_cut(losses, T):
    """A loss below zero looks like a bug; it is not."""
    return np.maximum(np.linalg.inv(T).T @ losses, 0)


@rejected_by(backward.expected_loss_is_the_clean_risk)
def printed_factor(z, q, T):
    """The 1/c of eq. (32): the mean of a loss that is always 1 would be 1/c."""
    corrected = -log_softmax(z) @ np.linalg.inv(T)
    return (q * corrected).sum(axis=1) / len(T)


@rejected_by(backward.expected_loss_is_the_clean_risk)
def not_corrected(z, q, T):
    """The plain loss under noisy labels."""
    return -(q * log_softmax(z)).sum(axis=1)


@rejected_by(backward.gradient_is_p_minus_the_corrected_label)
def gradient_with_the_transposed_label(z, y, T):
    """Column y of T^-T, given the mass it should have."""
    a = np.linalg.inv(T)[y]
    return softmax(z) - a / a.sum(axis=1, keepdims=True)


@rejected_by(backward.gradient_is_p_minus_the_corrected_label)
def gradient_of_cross_entropy(z, y, T):
    """T ignored."""
    return softmax(z) - np.eye(len(T))[y]


@rejected_by(backward.a_ridge_makes_the_optimum_unique)
def gradient_of_the_likelihood(z, y, T):
    """The sign of eq. (11): descent climbs."""
    return 8 * (np.linalg.inv(T).T[y] - softmax(z))


@rejected_by(backward.a_ridge_makes_the_optimum_unique)
def gradient_of_a_bent_loss(z, y, T):
    """The gradient of |loss| of each sample: a valley on either side of zero, and steps that never settle."""
    a = np.linalg.inv(T).T[y]
    return 4 * np.sign(-(a * log_softmax(z)).sum(axis=1, keepdims=True)) * (softmax(z) - a)


def partial_risks(z, y, T, sample_weight):
    weight = np.ones(len(z)) if sample_weight is None else sample_weight
    return -(weight[:, None] * np.linalg.inv(T).T[y] * log_softmax(z)).mean(axis=0)


@rejected_by(backward.tamed_risks_are_not_negative)
def raw_whatever_is_asked(z, y, T, risk, sample_weight):
    """Ignores `risk`."""
    return partial_risks(z, y, T, sample_weight).sum()


@rejected_by(backward.tamed_risks_change_nothing_while_all_parts_are_positive)
def each_sample_tamed(z, y, T, risk, sample_weight):
    """max(loss, 0) of each sample: the negative ones are what made it unbiased."""
    losses = -(np.linalg.inv(T).T[y] * log_softmax(z)).sum(axis=1)
    return np.maximum(losses, 0).mean()


@rejected_by(backward.tamed_risks_change_nothing_while_all_parts_are_positive)
def risks_by_label(z, y, T, risk, sample_weight):
    """Parts by noisy label instead of true class."""
    losses = -(np.linalg.inv(T).T[y] * log_softmax(z)).sum(axis=1)
    return sum(max(losses[y == i].sum(), 0) for i in range(len(T))) / len(z)


@rejected_by(backward.binary_case_is_the_printed_one, backward.binary_case_is_unbiased)
def binary_rates_exchanged(z, y, rho_positive, rho_negative):
    """rho_y where rho_-y belongs, and the other way round."""
    rho = np.array([rho_negative, rho_positive])
    this, other = cross_entropy(z, y), cross_entropy(z, 1 - y)
    return ((1 - rho[y]) * this - rho[1 - y] * other) / (1 - rho.sum())


@rejected_by(backward.binary_case_is_the_printed_one, backward.binary_case_is_unbiased)
def binary_without_denominator(z, y, rho_positive, rho_negative):
    """The numerator alone."""
    rho = np.array([rho_negative, rho_positive])
    return (1 - rho[1 - y]) * cross_entropy(z, y) - rho[y] * cross_entropy(z, 1 - y)
