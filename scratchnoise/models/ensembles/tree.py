"""One tree: how it grows on binned features, and where samples end."""

import numpy as np

from .splits import best_split, mean_target

LEAF = -1
FIELDS = ("feature", "threshold", "left", "right", "value")
LEFT, RIGHT = FIELDS.index("left"), FIELDS.index("right")


def grow(binned, targets, weight, max_depth, least, least_weight, n_features, rng):
    """A tree that splits until targets are alike or no split is allowed, as a dict of arrays, the root first.

    binned: Binned; targets (N, K); weight (N,) above 0; max_depth or None; least, least_weight: rows and weight a leaf
    has at least; n_features: how many are tried at a node, drawn by rng, and as many more while none of them can split:
    a node must not become a leaf because those drawn are constant, as many pixels are. Of equal splits the one of the
    feature drawn first is taken, so no column is preferred.
    -> feature (LEAF at leaves), threshold, left, right (M,) and value (M, K), the weighted mean of the targets.
    """
    targets, weight = (np.ascontiguousarray(array, np.float64) for array in (targets, weight))
    nodes = []
    waiting = [(np.arange(len(weight)), 0, None, None)]
    while waiting:
        rows, depth, parent, side = waiting.pop()
        value, differ = mean_target(rows, targets, weight)
        nodes.append([LEAF, 0.0, LEAF, LEAF, value])
        if parent is not None:
            parent[side] = len(nodes) - 1
        if len(rows) < 2 * least or depth == max_depth or not differ:
            continue
        drawn = rng.permutation(binned.codes.shape[1])
        feature, place, _ = best_split(binned.codes, rows, drawn, n_features, targets, weight, least, least_weight)
        if feature < 0:
            continue
        code, edges = binned.codes[rows, feature], binned.thresholds[feature]
        low = code <= place
        above = code[~low].min()  # bins between are empty here: the threshold is in the middle of the gap
        nodes[-1][:2] = feature, float(edges[place]) / 2 + float(edges[above - 1]) / 2
        waiting += [(rows[~low], depth + 1, nodes[-1], RIGHT), (rows[low], depth + 1, nodes[-1], LEFT)]
    return {name: np.array(values) for name, values in zip(FIELDS, zip(*nodes, strict=True), strict=True)}


def values_at(tree, X):
    """The value of the leaf in which each sample ends. X (N, D) -> (N, K)."""
    node = np.zeros(len(X), np.int64)
    moving = np.flatnonzero(tree["feature"][node] != LEAF)
    while len(moving):
        at = node[moving]
        low = X[moving, tree["feature"][at]] <= tree["threshold"][at]
        node[moving] = np.where(low, tree["left"][at], tree["right"][at])
        moving = moving[tree["feature"][node[moving]] != LEAF]
    return tree["value"][node]
