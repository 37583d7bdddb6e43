"""Wrong updates of the flip rates and wrong anchors: exercises 09 and 10."""

import numpy as np

from ..exercise import mistake

# --- 09 the flip-rate update -----------------------------------------------------------------------------


def expected_counts(gamma, p, y, weight):
    """G[j, k] = sum of weight r_j over the samples labelled k: the right numerator."""
    joint = gamma.T[y] * p
    r = weight[:, None] * joint / joint.sum(axis=1, keepdims=True)
    return np.stack([r[y == k].sum(axis=0) for k in range(len(gamma))], axis=1)


def rows_scaled(G, gamma):
    """Rows divided by their sums; a row of zeros keeps its old gamma."""
    total = G.sum(axis=1, keepdims=True)
    return np.where(total > 0, G / np.where(total > 0, total, 1), gamma).astype(gamma.dtype)


@mistake("flip_rate_update")
def divided_by_the_number_of_classes(gamma, p, y, sample_weight):
    """You take the "C" of (19) for the number of classes. It is the normaliser of row j: the sum of G[j, k] over k."""
    return (expected_counts(gamma, p, y, sample_weight) / len(gamma)).astype(gamma.dtype)


@mistake("flip_rate_update")
def columns_scaled(gamma, p, y, sample_weight):
    """You scale the columns to sum 1. gamma has rows that do: P(noisy = k | true = j) sums to 1 over k."""
    G = expected_counts(gamma, p, y, sample_weight)
    return rows_scaled(G.T, gamma.T).T


@mistake("flip_rate_update")
def gamma_transposed(gamma, p, y, sample_weight):
    """You read gamma[k, j] where gamma[j, k] stands: the first index is the true class, the second the label."""
    return rows_scaled(expected_counts(gamma.T, p, y, sample_weight), gamma)


@mistake("flip_rate_update")
def hard_counts(gamma, p, y, sample_weight):
    """You count the most probable true class as if it were certain; each sample adds its whole posterior r instead."""
    joint = gamma.T[y] * p
    G = np.zeros_like(gamma)
    np.add.at(G, (joint.argmax(axis=1), y), sample_weight)
    return rows_scaled(G, gamma)


@mistake("flip_rate_update")
def prior_for_posterior(gamma, p, y, sample_weight):
    """You add up p_j, the belief before the label was seen. The label changes it: r_j is proportional to gamma[j, k]
    p_j."""
    G = np.stack([(sample_weight[:, None] * p)[y == k].sum(axis=0) for k in range(len(gamma))], axis=1)
    return rows_scaled(G, gamma)


@mistake("flip_rate_update")
def weights_ignored(gamma, p, y, sample_weight):
    """sample_weight does not enter: a sample of weight 2 counts as two samples."""
    return rows_scaled(expected_counts(gamma, p, y, np.ones_like(sample_weight)), gamma)


@mistake("flip_rate_update")
def last_sample_only(gamma, p, y, sample_weight):
    """`=` for `+=`, or G[:, y] += r: of all samples with one label only the last is counted (np.add.at adds them
    all)."""
    joint = gamma.T[y] * p
    r = sample_weight[:, None] * joint / joint.sum(axis=1, keepdims=True)
    G = np.zeros_like(gamma)
    G[:, y] = r.T
    return rows_scaled(G, gamma)


@mistake("flip_rate_update")
def joint_not_normalised(gamma, p, y, sample_weight):
    """You add up gamma[j, k] p_j without dividing by its sum over j: samples whose label is improbable count too
    little."""
    joint = sample_weight[:, None] * gamma.T[y] * p
    G = np.stack([joint[y == k].sum(axis=0) for k in range(len(gamma))], axis=1)
    return rows_scaled(G, gamma)


@mistake("flip_rate_update")
def unbound_index(gamma, p, y, sample_weight):
    """You divide by P(noisy = c | x) with one fixed c, as (19) is printed. The c has to be k, the label of the
    sample."""
    share = sample_weight[:, None] * gamma.T[y] * p / (p @ gamma)[:, -1:]
    G = np.stack([share[y == k].sum(axis=0) for k in range(len(gamma))], axis=1)
    return rows_scaled(G, gamma)


@mistake("flip_rate_update")
def row_of_zeros(gamma, p, y, sample_weight):
    """A class that no sample can belong to has a row of zeros, and 0 / 0 is nan: such a row keeps its old gamma."""
    G = expected_counts(gamma, p, y, sample_weight)
    return G / G.sum(axis=1, keepdims=True)


# --- 10 anchor points ------------------------------------------------------------------------------------


@mistake("anchor_argmax")
def rows_for_columns(q):
    """The anchor of class j fills your *row* j. P(noisy = i | true = j) with i for the rows: it is column j."""
    return q[q.argmax(axis=0)].copy()


@mistake("anchor_argmax")
def argmax_over_classes(q):
    """You look for the largest class of each sample (axis=1). An anchor is the largest *sample* of each class."""
    return q[q.argmax(axis=1)[: q.shape[1]]].T.copy()


@mistake("anchor_argmax")
def mean_of_the_predicted(q):
    """You average over all samples predicted as class j: most of them are not certain. Take the one with the largest
    q_j."""
    guess, C = q.argmax(axis=1), q.shape[1]
    columns = [q[guess == j].mean(axis=0) if (guess == j).any() else np.full(C, 1 / C) for j in range(C)]
    return np.stack(columns, axis=1)


@mistake("anchor_argmax")
def least_certain(q):
    """You take the sample with the *smallest* P(noisy = j | x): argmax, not argmin."""
    return q[q.argmin(axis=0)].T.copy()


@mistake("anchor_argmax")
def every_entry_its_own_maximum(q):
    """The columns do not sum to 1: all entries of column j come from one sample, the anchor x^j."""
    return np.tile(q.max(axis=0), (q.shape[1], 1))


@mistake("anchor_argmax")
def diagonal_alone(q):
    """Only the diagonal is filled: the whole posterior of the anchor goes into column j."""
    return np.diag(q.max(axis=0))


@mistake("anchor_top_k")
def k_smallest(q, k):
    """You average the k smallest: argsort sorts upwards. Sort -q, or take the last k."""
    return q[np.argsort(q, axis=0, kind="stable")[:k]].mean(axis=0).T.copy()


@mistake("anchor_top_k")
def top_k_rows_for_columns(q, k):
    """The mean of class j fills your row j; it is column j of T."""
    return q[np.argsort(-q, axis=0, kind="stable")[:k]].mean(axis=0)


@mistake("anchor_top_k")
def kth_sample(q, k):
    """You take the k-th best sample alone: average the k best."""
    return q[np.argsort(-q, axis=0, kind="stable")[k - 1]].T.copy()


@mistake("anchor_top_k")
def the_best_alone(q, k):
    """k does not enter: this is the argmax."""
    return q[q.argmax(axis=0)].T.copy()


@mistake("anchor_top_k")
def entries_sorted_alone(q, k):
    """You sort each column by itself: the entries of one column of T must come from the same samples, those that are
    most certain of class j."""
    top = -np.sort(-q, axis=0)[:k]
    return np.tile(top.mean(axis=0)[:, None], (1, q.shape[1]))
