"""Wrong transition matrices, inverses and Bayes maps."""

import numpy as np

from scratchnoise.check.properties import matrix
from scratchnoise.check.properties.oracles import entropies
from scratchnoise.transition import SingularTransitionError, TransitionMatrix

from .registry import rejected_by


@rejected_by(matrix.columns_are_distributions, matrix.rows_are_not_taken_for_columns)
def rows_scaled_instead_of_columns(array):
    """Divides by the sums of the rows."""
    return array / array.sum(axis=1, keepdims=True)


@rejected_by(matrix.columns_are_distributions)
def keeps_the_rounding(array):
    """Stores what it gets, so float32 rounding stays."""
    return np.array(array, dtype=np.float64)


@rejected_by(matrix.rows_are_not_taken_for_columns)
def repairs_silently(array):
    """Makes the columns sum to 1 whatever they were."""
    return array / array.sum(axis=0)


@rejected_by(matrix.rows_are_not_taken_for_columns)
def refuses_without_advice(array):
    """Right to refuse, but does not say how to pass this orientation."""
    raise ValueError("invalid transition matrix")


@rejected_by(matrix.rows_can_be_given)
def forgets_to_transpose(gamma):
    """Takes rows for columns."""
    return np.array(gamma)


@rejected_by(matrix.inverse_undoes_the_noise)
def clamped_and_scaled(T):
    """Clamps T^-1 to [0, 1] and scales it, "because these are probabilities"."""
    clamped = np.clip(np.linalg.inv(T), 0, 1)
    return clamped / clamped.sum(axis=0)


@rejected_by(matrix.inverse_undoes_the_noise)
def transposed_inverse(T):
    """T^-T."""
    return np.linalg.inv(T).T


@rejected_by(matrix.inverse_undoes_the_noise)
def transpose(T):
    """T^T, as if T were orthogonal."""
    return T.T


@rejected_by(matrix.singular_matrices_are_refused)
def refuses_infinite_condition_only(T):
    """Two equal columns have a condition number of about 1e16 in float64: finite."""
    if not np.isfinite(np.linalg.cond(T)):
        raise SingularTransitionError("T has no inverse")
    return np.linalg.pinv(T)


@rejected_by(matrix.singular_matrices_are_refused, matrix.nearly_singular_matrices_warn)
def pseudo_inverse(T):
    """Always has an answer, and never a warning."""
    return np.linalg.pinv(T)


@rejected_by(matrix.bayes_inverts_the_prior, matrix.bayes_is_the_transpose_only_if_all_is_uniform)
def transpose_as_bayes(T, prior):
    """Q = T^T, eq. (42) without its conditions."""
    return T.T


@rejected_by(matrix.bayes_inverts_the_prior)
def inverse_as_bayes(T, prior):
    """T^-1 undoes the noise too, but its entries are no probabilities."""
    return np.linalg.inv(T)


@rejected_by(matrix.bayes_inverts_the_prior)
def bayes_without_denominator(T, prior):
    """The joint instead of the conditional."""
    return prior[:, None] * T.T


@rejected_by(matrix.bayes_inverts_the_prior, matrix.bayes_is_the_transpose_only_if_all_is_uniform)
def bayes_without_prior(T, prior):
    """Columns of T^T scaled to 1: Bayes for a uniform prior."""
    return T.T / T.T.sum(axis=0)


@rejected_by(matrix.bayes_inverts_the_prior)
def bayes_of_the_transpose(T, prior):
    """T read with its indices exchanged."""
    joint = prior[:, None] * T
    return joint / joint.sum(axis=0)


@rejected_by(matrix.noise_floor_is_the_least_entropy)
def largest_entropy(T):
    """max for min."""
    return entropies(T).max()


@rejected_by(matrix.noise_floor_is_the_least_entropy)
def entropy_of_the_rows(T):
    """Rows for columns."""
    return entropies(T.T.copy()).min()


@rejected_by(matrix.information_of_symmetric_noise_is_lambda_squared)
def signal_that_is_left(T):
    """l instead of l^2."""
    return (np.trace(T) - 1) / (len(T) - 1)


@rejected_by(matrix.information_is_a_share_in_every_direction)
def information_at_uniform_p(T, p):
    """The p that was asked for is forgotten."""
    return TransitionMatrix(T).information_fractions()


@rejected_by(matrix.information_is_a_share_in_every_direction)
def information_of_the_transpose(T, p):
    """T read with its indices exchanged."""
    return TransitionMatrix(T.T / T.T.sum(axis=0)).information_fractions(p)


@rejected_by(matrix.information_is_a_share_in_every_direction)
def one_mean_for_all_directions(T, p):
    """The ratio of the traces, as if all directions lost alike."""
    return np.full(len(T) - 1, TransitionMatrix(T).information_fractions(p).mean())
