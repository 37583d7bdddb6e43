"""Estimating T without clean labels: anchor points, the confident joint, HOC and their mean, with a verdict.

Most take noisy posteriors q (N, C), q_nj = P(noisy = j | x_n), and return a TransitionMatrix whose `diagnostics` say
what it rests on. Posteriors of samples that a model was trained on are too sure: `out_of_fold_posteriors` gives
better ones, and `estimate_transition` uses them.
"""

from .anchors import anchor_argmax, anchor_quantile, anchor_top_k
from .hoc import hoc
from .joint import balanced_joint, confident_joint
from .methods import DEFAULT, ESTIMATORS, estimate_from_posteriors, estimate_transition, trusted_transition
from .posteriors import check_estimator, clone, out_of_fold_posteriors, stratified_folds
from .quality import UntrustworthyTransitionWarning

__all__ = [
    "DEFAULT",
    "ESTIMATORS",
    "UntrustworthyTransitionWarning",
    "anchor_argmax",
    "anchor_quantile",
    "anchor_top_k",
    "balanced_joint",
    "check_estimator",
    "clone",
    "confident_joint",
    "estimate_from_posteriors",
    "estimate_transition",
    "hoc",
    "out_of_fold_posteriors",
    "stratified_folds",
    "trusted_transition",
]
