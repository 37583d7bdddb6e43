"""Estimating T without clean labels: anchors, counts, neighbours, joint learning, and a mean with a verdict.

Most take noisy posteriors q (N, C), q_nj = P(noisy = j | x_n), and return a TransitionMatrix whose `diagnostics` say
what it rests on. Posteriors of samples that a model was trained on are too sure: `out_of_fold_posteriors` gives
better ones, and `estimate_transition` uses them.
"""

from .anchors import anchor_argmax, anchor_quantile, anchor_top_k
from .dual import dual
from .hoc import hoc
from .joint import balanced_joint, confident_joint
from .methods import (
    DEFAULT,
    ESTIMATORS,
    estimate_from_posteriors,
    estimate_transition,
    estimates_side_by_side,
    trusted_transition,
)
from .posteriors import check_estimator, clone, out_of_fold_posteriors, stratified_folds
from .quality import UntrustworthyTransitionWarning
from .revision import t_revision
from .selective import selective_threshold
from .volmin import volmin

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
    "dual",
    "estimate_from_posteriors",
    "estimate_transition",
    "estimates_side_by_side",
    "hoc",
    "out_of_fold_posteriors",
    "selective_threshold",
    "stratified_folds",
    "t_revision",
    "trusted_transition",
    "volmin",
]
