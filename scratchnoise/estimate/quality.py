"""How far an estimate of T can be trusted: its errors, its peers' opinion, and a verdict in words."""

import numpy as np

from ..checks import as_generator
from ..messages import warn_caller
from ..transition import WARN_FROM_CONDITION, TransitionMatrix

RESAMPLES = 50
FEW_SAMPLES = 10
WARN_BELOW = 0.5  # of the trust: errors then explain half of the squared distance between two columns
AGREED = 0.3


class UntrustworthyTransitionWarning(UserWarning):
    """The data do not determine T; models shrink such an estimate towards the identity."""


def bootstrap_errors(method, evidence, rng, resamples=RESAMPLES):
    """Standard errors of T = method(q, y, near): its spread over samples drawn with replacement within each label.

    The classifiers are not trained again: the errors cover the choice of samples, not the bias of the posteriors.
    evidence: q (N, C), y_noisy (N,), near (N, 2) or None -> (C, C).
    """
    y_noisy = evidence[1]
    members = [np.flatnonzero(y_noisy == j) for j in np.unique(y_noisy)]
    drawn = []
    for _ in range(resamples):
        rows = np.concatenate([rng.choice(m, len(m)) for m in members])  # no class may vanish
        drawn.append(np.asarray(method(*(part if part is None else part[rows] for part in evidence))))
    return np.std(drawn, axis=0, ddof=1)


def judge(T, method, peers, evidence, classes, random_state=None):
    """T with its quality in `diagnostics`, a TransitionMatrix.

    "standard_errors" (C, C): root of bootstrap variance and of sum_m (T_m - T)^2 / (M - 1) over the M peers, which
    stands for the bias: each peer has its own, and no resampling shows it. A bias that all share is missed.
    "condition_number"; "agreement": {"largest_difference" of two peers in one entry, "estimates" by name};
    "confident": {"number" (C,), "share" (C,)}, samples whose most probable class after division by the label shares
    it is; "trust": see `trust`; "verdict": plain sentences, none if all is well.
    method (q, y, near) -> T; peers: T by name; evidence: q, y_noisy, near; classes: names for the verdict.
    """
    rng = as_generator("random_state", random_state)
    q, y_noisy, _ = evidence
    estimates = [np.asarray(peer) for peer in peers.values()]
    spread = sum((peer - T.array) ** 2 for peer in estimates) / (len(estimates) - 1)
    errors = np.sqrt(bootstrap_errors(method, evidence, rng) ** 2 + spread)
    number = np.bincount((q / np.bincount(y_noisy)).argmax(axis=1), minlength=len(T))
    largest = float(np.ptp(estimates, axis=0).max())
    quality = {"standard_errors": errors, "condition_number": T.cond, "trust": trust(T.array, errors)}
    quality["agreement"] = {"largest_difference": largest, "estimates": peers}
    quality["confident"] = {"number": number, "share": number / len(q)}
    judged = TransitionMatrix(T.array, {**T.diagnostics, **quality})
    judged.diagnostics["verdict"] = verdict(judged, classes)
    return judged


def verdict(T, classes):
    """The doubts about a T from `judge`, in sentences that name these classes (C,): list of str."""
    quality = T.diagnostics
    same = _same_columns(T.array, quality["standard_errors"], classes)
    number, largest = quality["confident"]["number"], quality["agreement"]["largest_difference"]
    return same + _other_doubts(T, number, largest, classes)


def trust(T, errors):
    """The share of T in trust T + (1 - trust) I: max(0, 1 - error^2 / distance^2) of the least certain two classes.

    distance^2 = sum_i (T_ia - T_ib)^2 between the columns of a and b; error^2 = sum_i e_ia^2 + e_ib^2 is its expected
    square if the columns were the same. A correction divides by this distance. As in the rule of James and Stein, the
    part that errors can explain is taken off; 0 where two columns are equal.
    """
    return float(max(0, 1 - _doubts(T, errors).max()))


def _doubts(T, errors):
    """error^2 / distance^2 of every two classes, (C, C), zeros on the diagonal."""
    distance = ((T[:, :, None] - T[:, None]) ** 2).sum(axis=0)
    variance = (errors**2).sum(axis=0)
    error = variance[:, None] + variance
    doubts = np.divide(error, distance, out=np.ones_like(error), where=distance > 0)
    np.fill_diagonal(doubts, 0)
    return doubts


def shrunk(T):
    """trust T + (1 - trust) I, a TransitionMatrix with the diagnostics of T; trust from `judge`."""
    trust = T.diagnostics["trust"]
    return TransitionMatrix(trust * T.array + (1 - trust) * np.eye(len(T)), T.diagnostics)


def warn_of(T):
    """Warn with UntrustworthyTransitionWarning if the verdict on T says anything."""
    if T.diagnostics["verdict"]:
        warn_caller(f"T should not be trusted: {'; '.join(T.diagnostics['verdict'])}", UntrustworthyTransitionWarning)


def _same_columns(T, errors, classes):
    doubts = np.triu(_doubts(T, errors))
    pairs = np.argwhere(doubts > 1 - WARN_BELOW)
    return [f"the data cannot tell classes {classes[a]} and {classes[b]} apart" for a, b in pairs]


def _other_doubts(T, number, largest, classes):
    doubts = [f"too few samples of class {classes[j]}: {number[j]}" for j in np.flatnonzero(number < FEW_SAMPLES)]
    if T.cond > WARN_FROM_CONDITION:
        doubts.append(f"the condition number of T is {T.cond:.0f}")
    if largest > AGREED:
        doubts.append(f"the estimators differ by up to {largest:.2f}")
    return doubts
