"""Wrong maps from the noisy posterior to the clean one."""

import numpy as np

from scratchnoise.check.properties import posterior_maps

from .registry import rejected_by


@rejected_by(posterior_maps.the_inverse_recovers_the_posterior)
def bayes_as_printed(q, T):
    """Q q with a uniform prior, eq. (8): contradicts q = T p."""
    Q = T.T / T.sum(axis=1)
    return q @ Q.T


@rejected_by(posterior_maps.the_inverse_recovers_the_posterior)
def transposed_inverse(q, T):
    """T^-T q."""
    return q @ np.linalg.inv(T)


@rejected_by(posterior_maps.the_inverse_recovers_the_posterior, posterior_maps.a_circulant_matrix_hides_the_wrong_map)
def noise_added_again(q, T):
    """T q for T^-1 q."""
    return q @ T.T


@rejected_by(posterior_maps.a_circulant_matrix_hides_the_wrong_map)
def not_mapped(q, T):
    """The noisy posterior itself."""
    return q


@rejected_by(posterior_maps.another_matrix_shows_it)
def inverse_labelled_as_printed(q, T):
    """Finds every class, so it cannot be the map of the report."""
    return q @ np.linalg.inv(T).T


@rejected_by(posterior_maps.another_matrix_shows_it)
def noisy_class(q, T):
    """Not mapped: wrong about twice as often as the map of the report."""
    return q


@rejected_by(posterior_maps.projection_is_the_nearest_point_of_the_simplex)
def clipped_and_scaled(v):
    """Probabilities in the right order, but not the nearest."""
    w = np.maximum(v, 0) + 1e-12
    return w / w.sum(axis=1, keepdims=True)


@rejected_by(posterior_maps.projection_keeps_probabilities)
def softmax_for_projection(v):
    """Probabilities too, but those that are given do not stay."""
    e = np.exp(v)
    return e / e.sum(axis=1, keepdims=True)
