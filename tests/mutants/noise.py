"""Wrong generators of label noise."""

import numpy as np

from scratchnoise.check.properties import noise

from .registry import rejected_by


def draw(y, T, rng):
    """A right generator, for the mutants that are wrong elsewhere."""
    return np.array([rng.choice(len(T), p=T[:, j]) for j in y])


@rejected_by(noise.labels_flip_at_the_given_rates, noise.two_corruptions_multiply, noise.exact_counts_are_rounded)
def transposed(y, T, rng):
    """Reads the row of the true class."""
    return draw(y, T.T / T.T.sum(axis=0), rng)


@rejected_by(noise.labels_flip_at_the_given_rates, noise.two_corruptions_multiply)
def flips_labels_while_looping(y, T, rng):
    """Class by class in the array that it writes to: cats that became dogs are flipped again as dogs."""
    y = y.copy()
    for j in range(len(T)):
        members = np.flatnonzero(y == j)
        y[members] = draw(np.full(len(members), j), T, rng)
    return y


@rejected_by(noise.no_noise_changes_nothing)
def row_indices_for_labels(y, T, rng):
    """Writes the numbers of the shuffled rows instead of their labels."""
    return rng.permutation(len(y)) + len(T)


@rejected_by(noise.no_noise_changes_nothing)
def one_edge_off(y, T, rng):
    """Counts the edges that the label has reached from 1 on: every label is one too high."""
    edges = np.cumsum(T, axis=0)
    return (rng.random(len(y))[:, None] >= edges.T[y]).sum(axis=1) + 1


@rejected_by(noise.the_seed_decides)
def own_generator(y, T, rng):
    """Draws from a generator that nobody seeded."""
    return draw(y, T, np.random.default_rng())


@rejected_by(noise.the_seed_decides)
def fixed_seed(y, T, rng):
    """The same labels whatever the caller's seed."""
    return draw(y, T, np.random.default_rng(0))


@rejected_by(noise.true_labels_are_left_alone)
def in_place(y, T, rng):
    """Returns the right labels, in the caller's array."""
    y[:] = draw(y, T, rng)
    return y


@rejected_by(noise.exact_counts_are_rounded)
def truncated_counts(y, T, rng):
    """Rounds every count down; what is left over keeps its label."""
    y_noisy = y.copy()
    for j in range(len(T)):
        members = rng.permutation(np.flatnonzero(y == j))
        counts = (T[:, j] * len(members)).astype(int)
        flipped = np.repeat(np.arange(len(T)), counts)
        y_noisy[members[: len(flipped)]] = flipped
    return y_noisy


@rejected_by(noise.exact_counts_are_rounded)
def random_counts(y, T, rng):
    """Counts that are right on average only."""
    return draw(y, T, rng)


@rejected_by(noise.uniform_noise_has_its_rate)
def rate_shared_by_the_wrong_labels(C, rho):
    """rho as the share of all wrong labels together."""
    return np.full((C, C), rho / (C - 1)) + np.eye(C) * (1 - rho - rho / (C - 1))


@rejected_by(noise.uniform_noise_has_its_rate, noise.redrawing_a_share_is_uniform_noise)
def redraws_the_true_label_too(C, rho):
    """A share (C - 1) rho is redrawn, and sometimes comes back as it was."""
    share = (C - 1) * rho
    return (1 - share) * np.eye(C) + share / C


@rejected_by(noise.random_transitions_dominate)
def columns_without_a_diagonal(C, rng):
    """Dirichlet columns: the true label is nothing special."""
    return rng.dirichlet(np.ones(C), C).T


@rejected_by(noise.random_transitions_dominate)
def dominant_columns_only(C, rng):
    """The true label is the most probable of its column; a row can still be led by another class."""
    T = np.sort(rng.dirichlet(np.ones(C), C).T, axis=0)[::-1]
    return np.stack([np.roll(T[:, j], j) for j in range(C)], axis=1)


@rejected_by(noise.realised_rates_count_the_flips)
def true_class_by_row(y, y_noisy, C):
    """R[j, i] for R[i, j]."""
    counts = np.zeros((C, C))
    np.add.at(counts, (y, y_noisy), 1)
    return counts / counts.sum(axis=1, keepdims=True)


@rejected_by(noise.realised_rates_count_the_flips)
def repeated_pairs_count_once(y, y_noisy, C):
    """`counts[i, j] += 1` with index arrays adds once for each distinct pair."""
    counts = np.zeros((C, C))
    counts[y_noisy, y] += 1
    return counts / counts.sum(axis=0)
