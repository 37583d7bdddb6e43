"""Estimating T without clean labels: anchor points and the confident joint.

All take noisy posteriors q (N, C), q_nj = P(noisy = j | x_n), and return a TransitionMatrix whose `diagnostics` say
what it rests on. Posteriors of samples that a model was trained on are too sure: `out_of_fold_posteriors` gives
better ones, and `estimate_transition` uses them.
"""

import copy

import numpy as np

from ..checks import as_array, as_floats, as_generator, as_labels, check_choice, classes_of, is_number, is_whole
from ..messages import shown
from ..noise import MOST_CLASSES, check_labels
from ..transition import TransitionMatrix


def anchor_argmax(q):
    """T[:, j] = q(x^j), x^j the sample with the largest P(noisy = j | x).

    Eq. (33). Eq. (34). Eq. (35). Eq. (36).
    Right only where T is row-dominant, and biased upwards on the diagonal: the largest of N estimates is a winner.
    q (N, C) -> TransitionMatrix, diagnostics {"anchors": (C,) sample indices}. Source: [Pat+17].
    """
    T = anchor_top_k(q, k=1)
    return TransitionMatrix(T, {"method": "anchor argmax", "anchors": T.diagnostics["anchors"][0]})


def anchor_quantile(q, quantile=0.97):
    """As `anchor_argmax`, but x^j is the sample at the `quantile` of P(noisy = j | x): far less biased.

    Eq. (34).
    The quantile must lie inside class j: above 1 - P(anchor of class j). quantile 1 is the argmax.
    q (N, C), 0 < quantile <= 1 -> TransitionMatrix, diagnostics {"anchors": (C,)}. Source: [Pat+17], their code.
    """
    q = _check_posteriors(q)
    if not is_number(quantile) or not 0 < quantile <= 1:
        raise ValueError(f"quantile={shown(quantile)} should be above 0 and at most 1")
    rank = int(np.ceil(quantile * len(q))) - 1
    anchors = np.argsort(q, axis=0, kind="stable")[rank]
    return TransitionMatrix(q[anchors].T, {"method": "anchor quantile", "anchors": anchors})


def anchor_top_k(q, k=100):
    """As `anchor_argmax`, but the mean of the k samples with the largest P(noisy = j | x): less variance.

    Eq. (34).
    q (N, C), 1 <= k <= N -> TransitionMatrix, diagnostics {"anchors": (k, C), best first}.
    """
    q = _check_posteriors(q)
    if not is_whole(k) or not 1 <= k <= len(q):
        raise ValueError(f"k={shown(k)} should be between 1 and the number of samples, {len(q)}")
    anchors = np.argsort(-q, axis=0, kind="stable")[:k]
    columns = q[anchors].mean(axis=0)  # (C anchors' class j, C noisy labels i)
    return TransitionMatrix(columns.T, {"method": f"anchor top {k}", "anchors": anchors})


def confident_joint(q, y_noisy):
    """Count samples that are confidently of class j, by their label i: T[i, j] = joint[i, j] / sum_i joint[i, j].

    Confident: q_nj >= t_j, t_j the mean of q_nj over the samples labelled j; of several such classes the most probable
    counts. Rows of the counts are scaled to the label counts. Source: Northcutt, Jiang and Chuang 2021.
    q (N, C), y_noisy (N,) integers 0..C-1 -> TransitionMatrix, diagnostics {"thresholds" (C,), "counts" (C, C) before
    scaling, "joint" (C, C), "confident_share", "without_confident_sample": classes whose column is their anchor's
    instead}. Raises ValueError when a class has no label.
    """
    q = _check_posteriors(q)
    N, C = q.shape
    y_noisy = check_labels(y_noisy, C, name="y_noisy")
    if len(y_noisy) != N:
        raise ValueError(f"q has {N} rows and y_noisy {len(y_noisy)} labels; they should have the same number")
    labelled = np.bincount(y_noisy, minlength=C)
    if (labelled == 0).any():
        raise ValueError(f"y_noisy never is {int(labelled.argmin())}; the joint needs every class")
    own = [q[y_noisy == j, j] for j in range(C)]
    thresholds = np.array([min(sure.mean(), sure.max()) for sure in own])  # a rounded mean of equals can exceed them
    above = np.where(q >= thresholds, q, -np.inf)  # the choice is among the confident classes only
    guess, confident = above.argmax(axis=1), np.isfinite(above).any(axis=1)
    counts = np.zeros((C, C))
    np.add.at(counts, (y_noisy[confident], guess[confident]), 1)
    rows = counts.sum(axis=1, keepdims=True)
    joint = counts / np.where(rows > 0, rows, 1) * labelled[:, None]
    missing = np.flatnonzero(joint.sum(axis=0) == 0)
    T = joint / np.where(joint.sum(axis=0) > 0, joint.sum(axis=0), 1)
    T[:, missing] = np.asarray(anchor_argmax(q))[:, missing]
    diagnostics = {"thresholds": thresholds, "counts": counts, "joint": joint, "confident_share": confident.mean()}
    return TransitionMatrix(T, {"method": "confident joint", **diagnostics, "without_confident_sample": missing})


ESTIMATORS = {
    "argmax": lambda q, y: anchor_argmax(q),
    "quantile": lambda q, y: anchor_quantile(q),
    "top_k": lambda q, y: anchor_top_k(q, min(100, len(q))),
    "confident_joint": confident_joint,
}


def estimate_from_posteriors(q, y_noisy, method="confident_joint"):
    """T by the method of that name: "argmax" | "quantile" | "top_k" | "confident_joint".

    q (N, C), y_noisy (N,) integers 0..C-1 -> TransitionMatrix. Raises ValueError for an unknown method.
    """
    check_choice(ESTIMATORS, method=method)
    return ESTIMATORS[method](q, y_noisy)


def estimate_transition(estimator, X, y, method="confident_joint", folds=5, random_state=None):
    """T from noisy data alone: `estimate_from_posteriors` on the out-of-fold posteriors of `estimator`.

    estimator: any classifier with fit, predict_proba and get_params; X, y noisy training data; method as in
    `estimate_from_posteriors` -> TransitionMatrix in the order of the sorted classes.
    """
    check_choice(ESTIMATORS, method=method)  # before the folds are trained
    q = out_of_fold_posteriors(estimator, X, y, folds, random_state)
    classes, y_index = classes_of("y", as_labels("y", y))
    T = estimate_from_posteriors(q, y_index, method)
    T.diagnostics["classes"] = classes
    return T


def out_of_fold_posteriors(estimator, X, y, folds=5, random_state=None):
    """predict_proba of each sample by a copy of `estimator` that was not trained on it, folds stratified by label.

    X (N, ...), y (N,) -> (N, C) in the order of the sorted classes. random_state seeds the folds, and the copies too if
    the estimator has no seed of its own. At most as many folds as the smallest class has samples are made; raises
    ValueError when that is one, and for labels that are missing or have no order.
    """
    X, y = as_array("X", X), as_labels("y", y)
    if X.ndim == 0:
        raise ValueError(f"X={shown(X)} should be an array (N, ...), one sample a row")
    if y.ndim != 1:
        raise ValueError(f"y has shape {y.shape}; it should be one label per sample, (N,)")
    if len(X) != len(y) or len(y) == 0:
        raise ValueError(f"X has {len(X)} samples and y {len(y)} labels; they should have the same number, not none")
    classes, y_index = classes_of("y", y)
    smallest = np.bincount(y_index).argmin()
    if (y_index == smallest).sum() < 2:
        raise ValueError(f"y holds the label {classes.tolist()[smallest]!r} once only; each fold should train on it")
    if is_whole(folds):
        folds = min(folds, int((y_index == smallest).sum()))
    fold = stratified_folds(y_index, folds, as_generator("random_state", random_state))
    check_estimator(estimator)
    q = np.empty((len(y), len(classes)))
    for k in range(folds):
        model = clone(estimator, random_state).fit(X[fold != k], y[fold != k])
        q[fold == k] = model.predict_proba(X[fold == k])
    return q


def stratified_folds(y, folds, rng):
    """A fold number 0..folds-1 for every sample, each class dealt out evenly and at random.

    y (N,) integers of at least 0, rng numpy Generator or seed -> (N,) int64. Raises ValueError when a class has fewer
    samples than folds.
    """
    y = check_labels(y, MOST_CLASSES)
    counts = np.bincount(y)
    if not is_whole(folds) or folds < 2 or counts[counts > 0].min() < folds:
        smallest = int(counts[counts > 0].min())
        raise ValueError(f"folds={shown(folds)}; it should be between 2 and the size of the smallest class, {smallest}")
    rng = as_generator("rng", rng)
    fold = np.empty(len(y), np.int64)
    for j in np.flatnonzero(counts):
        members = rng.permutation(np.flatnonzero(y == j))
        fold[members] = np.arange(len(members)) % folds
    return fold


def clone(estimator, random_state=None):
    """A new, unfitted estimator with copies of the same parameters, nested estimators cloned as well.

    `random_state` becomes the seed of those that take one and have none.
    """
    if hasattr(estimator, "__sklearn_clone__"):  # scikit-learn's own estimators know best
        new = estimator.__sklearn_clone__()
    else:
        params = estimator.get_params(deep=False).items()
        new = type(estimator)(**{k: clone(v) if hasattr(v, "get_params") else copy.deepcopy(v) for k, v in params})
    unseeded = [k for k, v in new.get_params().items() if k.split("__")[-1] == "random_state" and v is None]
    return new.set_params(**dict.fromkeys(unseeded, random_state)) if unseeded else new


def check_estimator(estimator):
    """Raise ValueError unless `estimator` is an object, not a class, with fit, predict_proba and get_params."""
    if isinstance(estimator, type):
        raise ValueError(f"estimator is the class {estimator.__name__}; pass an object, {estimator.__name__}(...)")
    missing = [name for name in ("predict_proba", "fit", "get_params") if not hasattr(estimator, name)]
    if missing:
        raise ValueError(f"estimator={shown(estimator)} has no {missing[0]}; a classifier with probabilities is needed")


def _check_posteriors(q):
    q = as_floats("q", q)
    if q.ndim != 2 or q.shape[1] < 2 or len(q) == 0:
        raise ValueError(f"q has shape {q.shape}; it should be posteriors (N, C)")
    if not np.isfinite(q).all() or q.min() < 0 or np.abs(q.sum(axis=1) - 1).max() > 1e-3:
        raise ValueError("q has rows that are not probabilities; they should be >= 0 and sum to 1")
    return q / q.sum(axis=1, keepdims=True)
