"""Wrong updates of the flip rates."""

import numpy as np

from scratchnoise.check.properties import flip_rates

from .registry import rejected_by


def expected_counts(gamma, p, y, weight):
    """G[j, k] = sum of weight r_j over the samples labelled k: the right numerator."""
    joint = gamma.T[y] * p
    r = weight[:, None] * joint / joint.sum(axis=1, keepdims=True)
    G = np.zeros_like(gamma)
    np.add.at(G.T, y, r)
    return G


def rows_scaled(G):
    """Rows divided by their sums; a row of zeros stays."""
    return G / G.sum(axis=1, keepdims=True).clip(1e-300)


@rejected_by(flip_rates.rows_stay_distributions, flip_rates.likelihood_never_falls, flip_rates.true_rates_stay)
def divided_by_the_number_of_classes(gamma, p, y, weight):
    """Takes the "C" of eq. (19) for the number of classes."""
    return expected_counts(gamma, p, y, weight) / len(gamma)


@rejected_by(flip_rates.update_is_the_printed_one, flip_rates.true_rates_stay, flip_rates.weights_count_samples)
def columns_scaled(gamma, p, y, weight):
    """Normalises over the true classes, and forgets the weights."""
    G = expected_counts(gamma, p, y, np.ones(len(y)))
    return rows_scaled(G / G.sum(axis=0).clip(1e-12))


@rejected_by(flip_rates.update_is_the_printed_one, flip_rates.likelihood_never_falls, flip_rates.true_rates_stay)
def unbound_index(gamma, p, y, weight):
    """The c of eq. (19), bound to nothing, keeps the last value it had: P(noisy = C - 1 | x) for every label."""
    noisy = (p @ gamma)[:, -1:]
    G = np.zeros_like(gamma)
    np.add.at(G.T, y, weight[:, None] * gamma.T[y] * p / noisy)
    return rows_scaled(G)


@rejected_by(flip_rates.update_is_the_printed_one, flip_rates.true_rates_stay)
def hard_counts(gamma, p, y, weight):
    """Counts the most probable true class instead of its posterior."""
    joint = gamma.T[y] * p
    G = np.full_like(gamma, 1e-12)
    np.add.at(G, (joint.argmax(axis=1), y), weight)
    return rows_scaled(G)


@rejected_by(flip_rates.weights_count_samples, flip_rates.update_is_the_printed_one)
def last_sample_only(gamma, p, y, weight):
    """`=` for `+=`: of all samples with one label the last remains."""
    joint = gamma.T[y] * p
    r = weight[:, None] * joint / joint.sum(axis=1, keepdims=True)
    G = np.zeros_like(gamma)
    for n in range(len(y)):
        G[:, y[n]] = r[n]
    return rows_scaled(G)


@rejected_by(flip_rates.equal_rows_stay_equal, flip_rates.rows_stay_distributions)
def mixed_with_the_identity(gamma, p, y, weight):
    """Pulls every update towards I: the fixed point is gone, and so is the zero of an impossible flip."""
    return 0.9 * rows_scaled(expected_counts(gamma, p, y, weight)) + 0.1 * np.eye(len(gamma))


@rejected_by(flip_rates.update_is_the_printed_one, flip_rates.likelihood_never_falls)
def transposed(gamma, p, y, weight):
    """gamma[k, j] for gamma[j, k]."""
    return rows_scaled(expected_counts(np.ascontiguousarray(gamma.T), p, y, weight))
