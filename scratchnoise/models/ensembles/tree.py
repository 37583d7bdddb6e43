"""One tree: how it grows on binned features, and where samples end."""

import numpy as np

from .splits import best_split

LEAF = -1


def grow(binned, targets, weight, max_depth, least, least_weight, n_features, rng):
    """A tree that splits until nothing is gained, as a dict of arrays over its nodes, the root first.

    binned: Binned; targets (N, K); weight (N,) above 0; max_depth or None; least, least_weight: rows and weight a leaf
    has at least; n_features: how many are tried at a node, drawn by rng, and as many more while none of them gains ->
    feature (LEAF at leaves), threshold, left, right (M,) and value (M, K), the weighted mean of the targets.
    """
    D = binned.codes.shape[1]
    weighted = np.ascontiguousarray(targets * weight[:, None], np.float64)
    weight = np.ascontiguousarray(weight, np.float64)
    tree = {"feature": [], "threshold": [], "left": [], "right": [], "value": []}
    waiting = [(np.arange(len(weight)), 0, None)]
    while waiting:
        rows, depth, parent = waiting.pop()
        number = _add_leaf(tree, weighted[rows].sum(axis=0) / weight[rows].sum())
        if parent is not None:
            tree[parent[1]][parent[0]] = number
        if len(rows) < 2 * least or depth == max_depth or (targets[rows] == targets[rows[0]]).all():
            continue
        feature, place = _first_useful(binned.codes, rows, D, n_features, rng, (weighted, weight, least, least_weight))
        if feature < 0:
            continue
        tree["feature"][number], tree["threshold"][number] = feature, binned.thresholds[feature][place]
        low = binned.codes[rows, feature] <= place
        waiting += [(rows[~low], depth + 1, (number, "right")), (rows[low], depth + 1, (number, "left"))]
    return {name: np.array(values) for name, values in tree.items()}


def _first_useful(codes, rows, D, n_features, rng, node):
    """(feature, bin) of the best split among n_features drawn features; if none of them gains, the next are drawn.

    A node must not become a leaf because the features drawn for it are constant, as many pixels are.
    """
    drawn = np.arange(D) if n_features == D else rng.permutation(D)
    for start in range(0, D, n_features):
        feature, place, _ = best_split(codes, rows, drawn[start : start + n_features], *node)
        if feature >= 0:
            return feature, place
    return -1, -1


def _add_leaf(tree, value):
    for name, empty in (("feature", LEAF), ("threshold", 0.0), ("left", LEAF), ("right", LEAF), ("value", value)):
        tree[name].append(empty)
    return len(tree["feature"]) - 1


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
