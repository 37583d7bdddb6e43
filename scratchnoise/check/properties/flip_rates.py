"""Learning the flip rates gamma[j, k] = P(noisy = k | true = j) by expectation and maximisation.

update(gamma (C, C), p (N, C), y (N,), sample_weight (N,)) -> new gamma (C, C).
"""

import numpy as np

from .. import strategies
from ..compare import assert_close
from ..property import holds_for
from .oracles import printed_flip_rates


def log_likelihood(gamma, p, y, weight):
    """Eq. (16): sum_n weight_n log sum_j gamma[j, y_n] p_nj."""
    return float(weight @ np.log((p @ gamma)[np.arange(len(y)), y]))


@holds_for("T", "p", y=strategies.labels_of_every_class, samples=(6, 10))
def update_is_the_printed_one(update, T, p, y):
    """The report's update with c bound to k, normalised by the sum of its row.

    Eq. (19). update(gamma, p, y, sample_weight) -> gamma.
    """
    gamma = soft(T.T)
    found = update(gamma, p, y, np.ones(len(y)))
    assert_close("gamma", found, printed_flip_rates(gamma, p, y), 1e-12, "rows: the true class j; columns: the label k")


@holds_for("T", "p", "y", "weight")
def rows_stay_distributions(update, T, p, y, weight):
    """Each row of the new gamma sums to 1, and a flip that was impossible stays impossible.

    update(gamma, p, y, sample_weight) -> gamma.
    """
    gamma = soft(T.T)
    gamma[0, 0], gamma[0, 1] = 0, gamma[0, 0] + gamma[0, 1]
    found = np.asarray(update(gamma, p, y, weight))
    assert_close("row sums of gamma", found.sum(axis=1), np.ones(len(T)), 1e-12, "class j turns into some label")
    assert found[0, 0] == 0, f"gamma[0, 0] was 0 and became {found[0, 0]:.3g}; the update multiplies"


@holds_for("T", "p", "weight", y=strategies.labels_of_every_class, samples=(6, 10))
def likelihood_never_falls(update, T, p, y, weight):
    """Three updates in a row, and the likelihood of the noisy labels rises or stays each time.

    update(gamma, p, y, sample_weight) -> gamma.
    """
    gamma = soft(T.T)
    before = log_likelihood(gamma, p, y, weight)
    for step in range(1, 4):
        gamma = np.asarray(update(gamma, p, y, weight))
        assert_close("row sums of gamma", gamma.sum(axis=1), np.ones(len(T)), 1e-12, "else likelihoods cannot compare")
        after = log_likelihood(gamma, p, y, weight)
        assert after >= before - 1e-10, f"update {step} lowered the log-likelihood from {before:.9g} to {after:.9g}"
        before = after


@holds_for("T", "p")
def true_rates_stay(update, T, p):
    """Labels in exactly the proportions that gamma predicts leave gamma as it is.

    update(gamma, p, y, sample_weight) -> gamma.
    """
    gamma, (N, C) = T.T.copy(), p.shape
    y, weight = np.tile(np.arange(C), N), (p @ gamma).reshape(-1)
    found = update(gamma, np.repeat(p, C, axis=0), y, weight)
    assert_close("gamma", found, gamma, 1e-12, "every sample carries each label k with weight sum_j gamma[j, k] p_j")


@holds_for("prior", "y")
def equal_rows_stay_equal(update, prior, y):
    """Equal rows of gamma and one posterior for all samples: every row becomes the label shares, no class is learnt.

    A start that says nothing never leaves, which is why "will converge to the true value" is false.
    update(gamma, p, y, sample_weight) -> gamma.
    """
    C = len(prior)
    gamma, p = np.full((C, C), 1 / C), np.tile(prior, (len(y), 1))
    shares = np.bincount(y, minlength=C) / len(y)
    found = update(gamma, p, y, np.ones(len(y)))
    assert_close("gamma", found, np.tile(shares, (C, 1)), 1e-12, "the posterior of the true class is the prior here")


@holds_for("T", "p", "y", "weight")
def weights_count_samples(update, T, p, y, weight):
    """A sample of weight 3 counts as three samples, in any order.

    update(gamma, p, y, sample_weight) -> gamma.
    """
    gamma, rows = soft(T.T), np.repeat(np.arange(len(y)), weight.astype(int))[::-1]
    repeated = update(gamma, p[rows].copy(), y[rows], np.ones(len(rows)))
    assert_close("gamma", update(gamma, p, y, weight), repeated, 1e-12, f"weights {weight}")


def soft(gamma):
    """gamma without zeros: no label is impossible."""
    return np.ascontiguousarray(0.9 * gamma + 0.1 / len(gamma))
