"""Wrong forward losses and gradients."""

import numpy as np

from scratchnoise.check.properties import forward_correction as forward
from scratchnoise.check.properties.oracles import log_softmax, softmax

from .losses import pick, softmax_twice, transposed_forward
from .registry import rejected_by

rejected_by(
    forward.value_is_the_noisy_cross_entropy, forward.is_least_at_the_true_posterior, forward.hidden_classes_can_swap
)(transposed_forward)
rejected_by(forward.value_is_the_noisy_cross_entropy, forward.is_least_at_the_true_posterior)(softmax_twice)


@rejected_by(forward.value_is_the_noisy_cross_entropy, forward.is_least_at_the_true_posterior)
def correction_outside_the_logarithm(z, y, T):
    """T log p for log (T p)."""
    return -pick(log_softmax(z) @ T.T, y)


@rejected_by(forward.loss_has_a_floor)
def unnormalised_probabilities(z, y, T):
    """Divides by the largest term instead of the sum: "probabilities" above 1."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return -np.log(pick(e @ T.T, y) + 1e-300)


@rejected_by(forward.extreme_logits_are_survived)
def naive_logarithm(z, y, T):
    """log of a sum that underflows to 0."""
    with np.errstate(divide="ignore"):
        return -np.log(pick(softmax(z) @ T.T, y))


@rejected_by(forward.extreme_logits_are_survived)
def clipped_logarithm(z, y, T):
    """Clipped at 1e-7: finite, and blind to everything less probable."""
    return -np.log(np.maximum(pick(softmax(z) @ T.T, y), 1e-7))


@rejected_by(
    forward.gradient_vanishes_at_the_true_posterior,
    forward.gradient_is_p_minus_the_posterior,
    forward.gradient_is_the_printed_one,
    forward.equal_flip_rates_teach_nothing,
)
def gradient_with_the_transposed_matrix(z, y, T):
    """Column y of T for row y."""
    joint = T.T[y] * softmax(z)
    return softmax(z) - joint / joint.sum(axis=1, keepdims=True)


@rejected_by(
    forward.gradient_vanishes_at_the_true_posterior,
    forward.gradient_is_p_minus_the_posterior,
    forward.equal_flip_rates_teach_nothing,
)
def gradient_of_cross_entropy(z, y, T):
    """T ignored."""
    return softmax(z) - np.eye(len(T))[y]


@rejected_by(forward.gradient_is_p_minus_the_posterior, forward.gradient_is_the_printed_one)
def posterior_without_the_prior(z, y, T):
    """r_j = T[y, j] / sum_l T[y, l]: the factor p_j left out."""
    return softmax(z) - T[y] / T[y].sum(axis=1, keepdims=True)


@rejected_by(forward.gradient_is_the_printed_one)
def gradient_of_the_likelihood(z, y, T):
    """r - p: the sign of eq. (17), which climbs."""
    joint = T[y] * softmax(z)
    return joint / joint.sum(axis=1, keepdims=True) - softmax(z)


@rejected_by(forward.extreme_gradients_are_finite)
def naive_division(z, y, T):
    """0 / 0 where the label has become impossible to float64."""
    joint = T[y] * softmax(z)
    with np.errstate(invalid="ignore"):
        return softmax(z) - joint / joint.sum(axis=1, keepdims=True)


@rejected_by(forward.extreme_gradients_are_finite)
def guarded_division(z, y, T):
    """(T p)_y + 1e-8 in the denominator: finite, and r no longer sums to 1."""
    joint = T[y] * softmax(z)
    return softmax(z) - joint / (joint.sum(axis=1, keepdims=True) + 1e-8)
