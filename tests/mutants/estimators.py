"""Wrong estimators of T."""

import numpy as np

from scratchnoise.check.properties import estimators
from scratchnoise.check.properties.estimators import printed_anchors

from .registry import rejected_by


def confident_counts(q, y, thresholds, guess=None):
    """counts[i, j] of samples labelled i and confidently of class j, as they should be unless `guess` is given."""
    C = q.shape[1]
    above = q >= thresholds - 1e-12
    guess = np.where(above, q, -1).argmax(axis=1) if guess is None else guess
    counts = np.zeros((C, C))
    np.add.at(counts, (y[above.any(axis=1)], guess[above.any(axis=1)]), 1)
    return counts


def class_thresholds(q, y):
    return np.array([q[y == j, j].mean() for j in range(q.shape[1])])


def columns_scaled(counts):
    """Counts as a transition matrix; a column without counts is the uniform one."""
    total = counts.sum(axis=0)
    return np.where(total > 0, counts / np.where(total > 0, total, 1), 1 / len(counts))


@rejected_by(estimators.anchors_are_exact, estimators.anchors_need_row_dominance, estimators.columns_are_distributions)
def anchors_in_rows(q, y):
    """The anchor of class j fills row j."""
    return printed_anchors(q).T


@rejected_by(estimators.anchors_need_row_dominance)
def anchors_sorted_into_place(q, y):
    """Assigns each anchor to the class it looks most like, which hides that the estimate is ambiguous."""
    T = printed_anchors(q)
    return T[:, np.argsort(T.argmax(axis=0), kind="stable")]


@rejected_by(estimators.inputs_are_left_alone)
def outliers_zeroed_in_a_view(q, y):
    """`column = q[:, j]` is a view: filtering its outliers zeroes the caller's posteriors."""
    T = np.empty((q.shape[1], q.shape[1]))
    for j in range(q.shape[1]):
        column = q[:, j]
        column[column >= np.quantile(column, 0.97)] = 0
        T[:, j] = q[column.argmax()]
    return T


@rejected_by(estimators.inputs_are_left_alone)
def labels_sorted_in_place(q, y):
    """Sorts the caller's labels on the way."""
    y.sort()
    return printed_anchors(q)


@rejected_by(estimators.columns_are_distributions)
def class_without_confident_sample(q, y):
    """Divides by the number of samples of a class that nobody is confidently of."""
    counts = confident_counts(q, y, np.quantile(q, 0.9, axis=0))
    with np.errstate(invalid="ignore"):
        return counts / counts.sum(axis=0)


@rejected_by(estimators.relabelling_permutes_the_estimate)
def first_class_as_reference(q, y):
    """Takes what is missing to 1 from the last class, whichever that is."""
    T = np.round(printed_anchors(q), 1)
    T[-1] = 1 - T[:-1].sum(axis=0)
    return T


@rejected_by(estimators.relabelling_permutes_the_estimate)
def first_half_of_the_samples(q, y):
    """A validation split without a shuffle: the order of the samples decides."""
    return printed_anchors(q[: len(q) // 2])


@rejected_by(estimators.duplicating_the_data_changes_nothing)
def smoothed_by_one(q, y):
    """One extra count for each pair, however many samples there are."""
    return columns_scaled(1 + confident_counts(q, y, class_thresholds(q, y)))


@rejected_by(estimators.the_highest_quantile_is_the_argmax)
def quantile_in_percent(q, quantile):
    """quantile / 100: what was meant as the highest is nearly the lowest."""
    rank = int(np.ceil(quantile / 100 * len(q))) - 1
    return q[np.argsort(q, axis=0)[rank]].T


@rejected_by(estimators.the_highest_quantile_is_the_argmax)
def rank_below(q, quantile):
    """One rank too low: never the largest."""
    rank = max(int(quantile * len(q)) - 2, 0)
    return q[np.argsort(q, axis=0)[rank]].T


@rejected_by(estimators.the_top_one_is_the_argmax)
def ascending_order(q, k):
    """The k least probable samples."""
    return q[np.argsort(q, axis=0)[:k]].mean(axis=0).T


@rejected_by(estimators.the_top_one_is_the_argmax)
def maximum_of_each_column(q, k):
    """Each entry averaged over its own best samples, so a column is no distribution."""
    best = np.sort(q, axis=0)[::-1][:k].mean(axis=0)
    return np.tile(best, (q.shape[1], 1))


@rejected_by(estimators.confident_joint_is_exact_on_separable_data)
def counts_transposed(q, y):
    """Rows for the true class."""
    return columns_scaled(confident_counts(q, y, class_thresholds(q, y)).T)


@rejected_by(estimators.confident_joint_is_exact_on_separable_data)
def composed_with_itself(q, y):
    """The dual estimate of a calibrated model: anchors times counts is T^2."""
    return printed_anchors(q) @ columns_scaled(confident_counts(q, y, class_thresholds(q, y)))


@rejected_by(estimators.certain_samples_are_confident)
def strictly_above_the_threshold(q, y):
    """`>` for `>=`: samples that are all alike are never confident."""
    above = np.where(q > class_thresholds(q, y) + 1e-12, q, -1)
    counts = np.zeros((q.shape[1], q.shape[1]))
    np.add.at(counts, (y[above.max(axis=1) > 0], above.argmax(axis=1)[above.max(axis=1) > 0]), 1)
    return columns_scaled(counts)


@rejected_by(estimators.collisions_are_settled_among_the_confident)
def argmax_over_all_classes(q, y):
    """A sample above two thresholds counts for its most probable class, even one below its threshold."""
    return columns_scaled(confident_counts(q, y, class_thresholds(q, y), guess=q.argmax(axis=1)))


@rejected_by(estimators.joint_has_the_label_counts)
def joint_not_calibrated(q, y):
    """Counts of the confident samples alone."""
    return confident_counts(q, y, class_thresholds(q, y))


@rejected_by(estimators.joint_has_the_label_counts)
def joint_calibrated_by_column(q, y):
    """Columns scaled to the label counts."""
    return columns_scaled(confident_counts(q, y, class_thresholds(q, y))) * np.bincount(y)


def accepted_labels(q, y, j, worth):
    """The labels of {q_nj >= t}, t such that worth(labels, posteriors) is largest, from the largest set on."""
    sets = [q[:, j] >= t for t in sorted(set(q[:, j]))]
    return y[max(sets, key=lambda accepted: worth(y[accepted], q[accepted, j]))]


def shares_of(labels, C):
    return np.bincount(labels, minlength=C) / len(labels)


@rejected_by(estimators.the_purest_threshold_is_taken)
def purity_by_posteriors(q, y):
    """The set with the largest mean posterior: the single sample on top, whatever its label."""
    C = q.shape[1]
    return np.stack([shares_of(accepted_labels(q, y, j, lambda _, p: p.mean()), C) for j in range(C)], axis=1)


@rejected_by(estimators.the_purest_threshold_is_taken)
def smallest_of_equally_pure(q, y):
    """Of equally pure sets the smallest one: a single sample with the right label."""
    C = q.shape[1]
    best = [accepted_labels(q, y, j, lambda found, _, j=j: ((found == j).mean(), -len(found))) for j in range(C)]
    return np.stack([shares_of(found, C) for found in best], axis=1)


@rejected_by(estimators.thresholds_need_the_order_alone)
def threshold_of_one_half(q, y):
    """A fixed threshold between the mean and the largest posterior: it needs calibrated numbers."""
    C = q.shape[1]
    accepted = (y[q[:, j] >= (q[:, j].mean() + q[:, j].max()) / 2] for j in range(C))
    return np.stack([shares_of(found, C) for found in accepted], axis=1)


def counts_given_predictions(q, y):
    """S[i, l] = share of label i where l is predicted; a class that is not predicted has its anchor's column."""
    counts = np.zeros((q.shape[1], q.shape[1]))
    np.add.at(counts, (y, q.argmax(axis=1)), 1)
    total = counts.sum(axis=0)
    return np.where(total > 0, counts / np.maximum(total, 1), printed_anchors(q))


@rejected_by(estimators.the_dual_estimate_is_a_product)
def dual_in_the_other_order(q, y):
    """First from predicted to noisy, then from true to predicted."""
    return printed_anchors(q) @ counts_given_predictions(q, y)


@rejected_by(estimators.the_dual_estimate_is_a_product)
def the_second_factor_alone(q, y):
    """Counts given the prediction: what some public code returns under this name."""
    return counts_given_predictions(q, y)


@rejected_by(estimators.calibrated_posteriors_apply_the_noise_twice)
def decisions_twice(q, y):
    """The decision at the anchor as its first factor: calibrated posteriors then give T."""
    hard = np.eye(q.shape[1])[printed_anchors(q).argmax(axis=0)].T
    return counts_given_predictions(q, y) @ hard
