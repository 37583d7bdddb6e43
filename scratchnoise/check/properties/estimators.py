"""Estimators of T from noisy posteriors q (N, C), q_nj = P(noisy = j | x_n).

estimate(q, y_noisy) -> T (C, C); estimators that need no labels ignore the second argument.
"""

import numpy as np

from .. import strategies
from ..compare import assert_close
from ..property import holds_for
from .oracles import softmax

PER_CLASS = strategies.TWENTIETHS  # with T in twentieths, every count of labels is whole


def separable_data(T):
    """Every sample certain of its class, labels in exactly the proportions of T: q (N, C) and y_noisy (N,)."""
    C = len(T)
    true = np.repeat(np.arange(C), PER_CLASS)
    y_noisy = np.concatenate([np.repeat(np.arange(C), np.rint(T[:, j] * PER_CLASS).astype(int)) for j in range(C)])
    return T.T[true].copy(), y_noisy


def printed_anchors(q):
    """Eq. (34): column j is q at the sample where P(noisy = j | x) is largest."""
    return np.stack([q[q[:, j].argmax()] for j in range(q.shape[1])], axis=1)


def slightly_unsure(T, seed, n_samples=30):
    """q = T p for one anchor of each class and otherwise mixed p, (N, C) in random order."""
    rng, C = np.random.default_rng(seed), len(T)
    p = np.concatenate([np.eye(C), rng.dirichlet(np.ones(C), n_samples)])
    return rng.permutation(p @ T.T)


@holds_for("T", "seed")
def anchors_are_exact(estimate, T, seed):
    """True posteriors, a sample that is certain for each class, a row-dominant T: the estimate is T itself.

    Eq. (33). Eq. (34). Eq. (36). estimate(q, y_noisy) -> T.
    """
    q = slightly_unsure(T, seed)
    hint = "the anchor of class j fills column j; row i is the noisy label"
    assert_close("T", estimate(q, q.argmax(axis=1)), T, 1e-9, hint)


@holds_for("seed")
def anchors_need_row_dominance(estimate, seed):
    """Where class 2 takes label 0 more often than class 0 does, the "anchor of class 0" is one of class 2.

    Eq. (34), why it has a condition. With T = [[.5, .1, .55], [.3, .6, 0], [.2, .3, .45]] and true posteriors the
    estimate is T with column 2 in place of column 0. estimate(q, y_noisy) -> T.
    """
    T = np.array([[0.50, 0.10, 0.55], [0.30, 0.60, 0.00], [0.20, 0.30, 0.45]])
    q = slightly_unsure(T, seed)
    hint = "the largest P(noisy = 0 | x) is that of class 2 here, even with true posteriors"
    assert_close("T", estimate(q, q.argmax(axis=1)), T[:, [2, 1, 2]], 1e-9, hint)


@holds_for(q=strategies.tie_free_posteriors, y=strategies.labels_of_every_class, samples=(8, 30))
def inputs_are_left_alone(estimate, q, y):
    """Posteriors and labels are only read, views of them included; the result is not a view of them.

    estimate(q, y_noisy) -> T.
    """
    given, labels = q.copy(), y.copy()
    T = np.asarray(estimate(given, labels))
    assert_close("q after the call", given, q, 0, "an indexed column is a view: writing to it writes to the caller's q")
    assert_close("y_noisy after the call", labels, y, 0)
    assert not np.shares_memory(T, given), "T shares memory with q: changing one would change the other"


@holds_for(q=strategies.tie_free_posteriors, y=strategies.labels_of_every_class, samples=(8, 30))
def columns_are_distributions(estimate, q, y):
    """Whatever the posteriors, columns of the estimate sum to 1, and no class divides by zero.

    Eq. (37). estimate(q, y_noisy) -> T.
    """
    T = np.asarray(estimate(q, y))
    assert np.isfinite(T).all(), f"T is not finite: has a class no sample?\n{T}"
    assert_close("column sums", T.sum(axis=0), np.ones(q.shape[1]), 1e-12, "column j: what becomes of the true class j")


@holds_for("order", "seed", q=strategies.tie_free_posteriors, y=strategies.labels_of_every_class, samples=(8, 30))
def relabelling_permutes_the_estimate(estimate, q, y, order, seed):
    """Other names of the classes and another order of the samples: the same matrix, its rows and columns renamed.

    estimate(q, y_noisy) -> T.
    """
    back, rows = np.argsort(order), np.random.default_rng(seed).permutation(len(q))
    renamed = estimate(q[rows][:, back].copy(), order[y][rows])
    expected = np.asarray(estimate(q, y))[np.ix_(back, back)]
    assert_close("T of the renamed, shuffled data", renamed, expected, 1e-12)


@holds_for(q=strategies.tie_free_posteriors, y=strategies.labels_of_every_class, samples=(8, 30))
def duplicating_the_data_changes_nothing(estimate, q, y):
    """Every sample twice is the same evidence: an estimate rests on shares, not on numbers of samples.

    estimate(q, y_noisy) -> T.
    """
    doubled = estimate(np.repeat(q, 2, axis=0), np.repeat(y, 2))
    assert_close("T of the doubled data", doubled, estimate(q, y), 1e-12)


@holds_for(q=strategies.tie_free_posteriors, share=lambda N, C: strategies.quarters(0, 1), samples=(8, 30))
def the_highest_quantile_is_the_argmax(anchor_quantile, q, share):
    """From 1 - 1/N on, the quantile is the largest value.

    Eq. (34). anchor_quantile(q, quantile) -> T; quantile is a number in (0, 1].
    """
    quantile = 1 - share * 0.9 / len(q)
    hint = f"quantile={quantile:.4g} of {len(q)} samples is the last of them in order"
    assert_close("T", anchor_quantile(q, quantile), printed_anchors(q), 1e-12, hint)


@holds_for(q=strategies.tie_free_posteriors, samples=(8, 30))
def the_top_one_is_the_argmax(anchor_top_k, q):
    """The mean of the one best sample is that sample; the mean of all is the mean of q, for every class.

    Eq. (34). anchor_top_k(q, k) -> T.
    """
    assert_close("T with k=1", anchor_top_k(q, 1), printed_anchors(q), 1e-12, "sorted descending, best first")
    everyone = np.tile(q.mean(axis=0)[:, None], q.shape[1])
    assert_close("T with k=N", anchor_top_k(q, len(q)), everyone, 1e-12, "the mean is over samples")


@holds_for("T")
def confident_joint_is_exact_on_separable_data(estimate, T):
    """True posteriors of samples that are certain of their class, labels in the proportions of T: the estimate is T.

    estimate(q, y_noisy) -> T.
    """
    q, y_noisy = separable_data(T)
    hint = "rows: the given label; columns: the class the sample is confidently of"
    assert_close("T", estimate(q, y_noisy), T, 1e-12, hint)


@holds_for("C")
def certain_samples_are_confident(estimate, C):
    """All samples of a class alike and no noise: each posterior equals its threshold, and equal is confident.

    The mean of N equal numbers may come out one rounding above them. estimate(q, y_noisy) -> T.
    """
    for per_class in (3, 6, 7):
        y = np.repeat(np.arange(C), per_class)
        q = softmax(np.linspace(1, 2, C)[:, None] * np.eye(C))[y]
        hint = f"{per_class} samples of each class, labels all right: T = I"
        assert_close("T", estimate(q, y), np.eye(C), 1e-12, hint)


@holds_for("seed")
def collisions_are_settled_among_the_confident(estimate, seed):
    """p = [.1, .2, .3, .4] with thresholds [.01, .5, .01, .5] is confident in classes 0 and 2 only, so it counts as 2.

    Class 3 is more probable, but below its threshold. estimate(q, y_noisy) -> T; the sample is the only one of class 2.
    """
    rows = [([0.1, 0.2, 0.3, 0.4], 0), *[([0, 0.5, 0, 0.5], 0)] * 9]  # mean of q_0 where the label is 0: .01
    rows += [([0, 0.5, 0, 0.5], 1), ([0, 0.5, 0.01, 0.49], 2), ([0, 0.5, 0, 0.5], 3)]
    order = np.random.default_rng(seed).permutation(len(rows))
    q, y = np.array([rows[n][0] for n in order]), np.array([rows[n][1] for n in order])
    hint = "the largest posterior counts among the classes that reach their threshold, not among all"
    assert_close("column 2 of T", np.asarray(estimate(q, y))[:, 2], np.array([1.0, 0, 0, 0]), 1e-12, hint)


@holds_for(q=strategies.tie_free_posteriors, y=strategies.labels_of_every_class, samples=(8, 30))
def joint_has_the_label_counts(joint, q, y):
    """After calibration row i of the joint sums to the number of labels i: samples that were not confident count too.

    joint(q, y_noisy) -> (C, C).
    """
    found, counts = np.asarray(joint(q, y)), np.bincount(y).astype(float)
    assert_close("row sums of the joint", found.sum(axis=1), counts, 1e-9, "rows are scaled to the label counts")


def printed_threshold(q, y, j):
    """The labels of the purest set {n: q_nj >= t}, t among the posteriors; of equals the largest set. O(N^2)."""
    best, purity = None, -1.0
    for t in sorted(set(q[:, j])):  # from the largest set on
        accepted = y[q[:, j] >= t]
        share = float((accepted == j).mean())
        if len(accepted) >= len(y) / 200 and share > purity:
            best, purity = accepted, share
    return best


@holds_for(q=strategies.tie_free_posteriors, y=strategies.labels_of_every_class, samples=(8, 30))
def the_purest_threshold_is_taken(estimate, q, y):
    """Column j holds the shares of the labels above the threshold for class j with the largest share of label j.

    estimate(q, y_noisy) -> T.
    """
    C = q.shape[1]
    accepted = [printed_threshold(q, y, j) for j in range(C)]
    expected = [np.bincount(labels, minlength=C) / len(labels) for labels in accepted]
    hint = "of all sets {q_nj >= t} the one in which label j is most frequent; of equals the largest"
    assert_close("T", estimate(q, y), np.stack(expected, axis=1), 1e-12, hint)


@holds_for("seed", y=strategies.labels_of_every_class, samples=(8, 30), classes=(2, 2))
def thresholds_need_the_order_alone(estimate, y, seed):
    """Two classes: posteriors that are too sure have the same order, so the estimate is the same.

    estimate(q, y_noisy) -> T.
    """
    p = np.random.default_rng(seed).uniform(0.01, 0.99, len(y))
    q, sure = (np.column_stack([v, 1 - v]) for v in (p, p**3 / (p**3 + (1 - p) ** 3)))
    assert_close("T of posteriors that are too sure", estimate(sure, y), estimate(q, y), 1e-12)


@holds_for(q=strategies.tie_free_posteriors, y=strategies.labels_of_every_class, samples=(8, 30))
def the_dual_estimate_is_a_product(estimate, q, y):
    """T[i, j] = sum_l P(noisy = i | predicted l) P(predicted l | true = j), the second from the anchors.

    estimate(q, y_noisy) -> T.
    """
    C, predicted, anchors = q.shape[1], q.argmax(axis=1), printed_anchors(q)
    T = np.zeros((C, C))
    for i, j, k in np.ndindex(C, C, C):
        labels = y[predicted == k]
        share = (labels == i).mean() if len(labels) else anchors[i, k]
        T[i, j] += share * anchors[k, j]
    assert_close("T", estimate(q, y), T, 1e-12, "first from true to predicted, then from predicted to noisy")


@holds_for("T")
def calibrated_posteriors_apply_the_noise_twice(estimate, T):
    """True posteriors of samples that are certain of their class: the dual estimate is T T, not T.

    Its first factor is made of probabilities, its second of decisions. estimate(q, y_noisy) -> T.
    """
    q, y_noisy = separable_data(T)
    if (T.argmax(axis=0) == np.arange(len(T))).all():
        assert_close("T", estimate(q, y_noisy), T @ T, 1e-12, "anchors are T, counts are T, so the product is T T")
