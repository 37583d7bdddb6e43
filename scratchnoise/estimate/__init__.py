"""Estimating T without clean labels: anchor points, the confident joint and HOC, with a verdict on the estimate.

Most take noisy posteriors q (N, C), q_nj = P(noisy = j | x_n), and return a TransitionMatrix whose `diagnostics` say
what it rests on. Posteriors of samples that a model was trained on are too sure: `out_of_fold_posteriors` gives
better ones, and `estimate_transition` uses them.
"""

from ..checks import as_labels, check_choice, classes_of
from .anchors import anchor_argmax, anchor_quantile, anchor_top_k
from .hoc import hoc
from .joint import balanced_joint, confident_joint
from .posteriors import check_estimator, clone, out_of_fold_posteriors, stratified_folds
from .quality import UntrustworthyTransitionWarning, bootstrap_errors, judge, shrunk, warn_of

__all__ = [
    "ESTIMATORS",
    "UntrustworthyTransitionWarning",
    "anchor_argmax",
    "anchor_quantile",
    "anchor_top_k",
    "balanced_joint",
    "bootstrap_errors",
    "check_estimator",
    "clone",
    "confident_joint",
    "estimate_from_posteriors",
    "estimate_transition",
    "hoc",
    "judge",
    "judged_transition",
    "out_of_fold_posteriors",
    "shrunk",
    "stratified_folds",
    "trusted_transition",
    "warn_of",
]

ESTIMATORS = {
    "argmax": lambda q, y: anchor_argmax(q),
    "quantile": lambda q, y: anchor_quantile(q),
    "top_k": lambda q, y: anchor_top_k(q, min(100, len(q))),
    "confident_joint": confident_joint,
    "balanced_joint": balanced_joint,
}
PEERS = ("confident_joint", "balanced_joint", "top_k")


def estimate_from_posteriors(q, y_noisy, method="confident_joint"):
    """T by the method of that name: "argmax" | "quantile" | "top_k" | "confident_joint" | "balanced_joint".

    q (N, C), y_noisy (N,) integers 0..C-1 -> TransitionMatrix. Raises ValueError for an unknown method.
    """
    check_choice(ESTIMATORS, method=method)
    return ESTIMATORS[method](q, y_noisy)


def estimate_transition(estimator, X, y, method="confident_joint", folds=5, random_state=None):
    """T from noisy data alone: `estimate_from_posteriors` on the out-of-fold posteriors of `estimator`.

    estimator: any classifier with fit, predict_proba and get_params; X, y noisy training data; method as in
    `estimate_from_posteriors` -> TransitionMatrix in the order of the sorted classes, with the `diagnostics` of
    `judge`. Warns with UntrustworthyTransitionWarning where T should not be trusted.
    """
    T = judged_transition(estimator, X, y, method, folds, random_state)
    warn_of(T)
    return T


def trusted_transition(estimator, X, y, method="confident_joint", folds=5, random_state=None):
    """The T for a model to use: trust T + (1 - trust) I of `estimate_transition`, which it warns like.

    Arguments as in `estimate_transition` -> TransitionMatrix with the diagnostics of the estimate.
    """
    T = judged_transition(estimator, X, y, method, folds, random_state)
    warn_of(T)
    return shrunk(T)


def judged_transition(estimator, X, y, method="confident_joint", folds=5, random_state=None):
    """`estimate_transition` without the warning."""
    check_choice(ESTIMATORS, method=method)  # before the folds are trained
    q = out_of_fold_posteriors(estimator, X, y, folds, random_state)
    classes, y_index = classes_of("y", as_labels("y", y))
    T = estimate_from_posteriors(q, y_index, method)
    T.diagnostics["classes"] = classes
    peers = {name: ESTIMATORS[name](q, y_index) for name in PEERS if name != method}
    return judge(T, ESTIMATORS[method], peers, q, y_index, classes, random_state)
