"""The best split of a node: the feature and the bin at which the targets of the two sides differ the most.

gain = sum_k L_k^2 / L + sum_k R_k^2 / R - sum_k S_k^2 / S, where S = sum of the weights, S_k = sum of weight target_k
over the node, and L and R the same over its two sides. For targets e_y that is the fall of the Gini impurity times S;
for numbers it is the fall of the squared error.

R is S - L. Boosting makes weights so different that rounding leaves nothing of it, or less than nothing: such a side
is too light to matter, and no split ends there.
"""

from functools import cache

import numpy as np

from .bins import MOST_BINS

SAME = 1 + 1e-9  # gains this close are rounding apart: the first feature is taken
LEAST = 1e-12  # gains below this share of sum_k S_k^2 / S are rounding


def best_split(codes, rows, features, tried, targets, weight, least, least_weight):
    """(feature, bin, gain) of the best split into codes <= bin and codes > bin; feature -1 where none is allowed.

    A best gain of 0 is one: classes like those of XOR are told apart only by the splits after it.
    codes (N, D) uint8, rows (M,) of the node, features (F,) in the order to look at, `tried` at a time until one has a
    split; targets (N, K), weight (N,) above 0, least, least_weight: rows and weight a side has at least. Compiled where
    numba is there; the first of equals is taken.
    """
    found = compiled(best_split_by_loops, best_split_by_arrays)
    return found(codes, rows, features, tried, targets, weight, least, least_weight)


def mean_target(rows, targets, weight):
    """The weighted mean of the targets of a node, (K,), and whether they differ. Arguments as in `best_split`."""
    return compiled(mean_target_by_loops, mean_target_by_arrays)(rows, targets, weight)


@cache
def compiled(by_loops, by_arrays):
    """`by_loops`, compiled, or `by_arrays` without numba."""
    try:
        from numba import njit
    except ImportError:
        return by_arrays
    return njit(cache=True)(by_loops)


def mean_target_by_arrays(rows, targets, weight):
    """As `mean_target`."""
    w, t = weight[rows], targets[rows]
    return w @ t / w.sum(), bool((t != t[0]).any())


def mean_target_by_loops(rows, targets, weight):
    """As `mean_target`, one sample after the other."""
    total, whole, differ = np.zeros(targets.shape[1]), 0.0, False
    for row in rows:
        whole += weight[row]
        for k in range(len(total)):
            total[k] += weight[row] * targets[row, k]
            differ |= targets[row, k] != targets[rows[0], k]
    return total / whole, differ


def best_split_by_arrays(codes, rows, features, tried, targets, weight, least, least_weight):
    """As `best_split`, with a histogram of every feature."""
    best = (-1, -1, 0.0)
    w = weight[rows]
    weighted = targets[rows] * w[:, None]
    total, whole = weighted.sum(axis=0), w.sum()
    parent = (total**2).sum() / whole
    for place, d in enumerate(features):
        if place % tried == 0 and best[0] >= 0:
            break
        code = codes[rows, d]
        left = np.stack([np.bincount(code, t, MOST_BINS) for t in weighted.T], axis=1).cumsum(axis=0)
        left_w = np.bincount(code, w, MOST_BINS).cumsum()
        left_n = np.bincount(code, minlength=MOST_BINS).cumsum()
        fine = (left_n >= least) & (len(rows) - left_n >= least) & (np.bincount(code, minlength=MOST_BINS) > 0)
        fine &= (left_w >= least_weight) & (whole - left_w >= least_weight)
        right, right_w = total - left, whole - left_w
        fine &= right_w > 0
        with np.errstate(divide="ignore", invalid="ignore"):
            gain = (left**2).sum(axis=1) / left_w + (right**2).sum(axis=1) / right_w - parent
        gain = np.where(fine, gain, -np.inf)
        b = int(gain.argmax())
        if fine[b] and (best[0] < 0 or gain[b] > best[2] * SAME + LEAST * abs(parent)):
            best = (int(d), b, max(float(gain[b]), 0.0))
    return best


def best_split_by_loops(codes, rows, features, tried, targets, weight, least, least_weight):
    """As `best_split`, one sample after the other."""
    n, K = len(rows), targets.shape[1]
    total, whole = np.zeros(K), 0.0
    for i in range(n):
        whole += weight[rows[i]]
        for k in range(K):
            total[k] += weight[rows[i]] * targets[rows[i], k]
    parent = 0.0
    for k in range(K):
        parent += total[k] * total[k] / whole
    sums, weights, counts = np.zeros((MOST_BINS, K)), np.zeros(MOST_BINS), np.zeros(MOST_BINS, np.int64)
    left = np.zeros(K)
    best_feature, best_bin, best_gain = -1, -1, 0.0
    for place in range(len(features)):
        if place % tried == 0 and best_feature >= 0:
            break
        d = features[place]
        low, high = MOST_BINS - 1, 0
        for i in range(n):
            row = rows[i]
            b = codes[row, d]
            low, high = min(low, b), max(high, b)
            counts[b] += 1
            weights[b] += weight[row]
            for k in range(K):
                sums[b, k] += weight[row] * targets[row, k]
        left[:] = 0
        left_weight, left_count = 0.0, 0
        for b in range(low, high):
            if counts[b] == 0:
                continue
            left_count += counts[b]
            left_weight += weights[b]
            for k in range(K):
                left[k] += sums[b, k]
            right_weight = whole - left_weight
            heavy = right_weight > 0 and left_weight >= least_weight and right_weight >= least_weight
            many = left_count >= least and n - left_count >= least
            if not (heavy and many):
                continue
            gain = -parent
            for k in range(K):
                gain += left[k] ** 2 / left_weight + (total[k] - left[k]) ** 2 / right_weight
            if best_feature < 0 or gain > best_gain * SAME + LEAST * abs(parent):
                best_feature, best_bin, best_gain = d, b, max(gain, 0.0)
        for b in range(low, high + 1):
            counts[b], weights[b] = 0, 0.0
            for k in range(K):
                sums[b, k] = 0.0
    return best_feature, best_bin, best_gain
