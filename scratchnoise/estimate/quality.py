"""How far an estimate of T can be trusted: its errors, its peers' opinion, and a verdict in words."""

import warnings

import numpy as np

from ..checks import as_generator
from ..transition import WARN_FROM_CONDITION, TransitionMatrix

RESAMPLES = 50
FEW_SAMPLES = 10
SAME_COLUMNS = 0.2  # total variation distance
AGREED = 0.3


class UntrustworthyTransitionWarning(UserWarning):
    """The data do not determine T; models shrink such an estimate towards the identity."""


def bootstrap_errors(method, q, y_noisy, rng, resamples=RESAMPLES):
    """Standard errors of T = method(q, y): its spread over samples drawn with replacement within each label.

    The classifiers are not trained again: the errors cover the choice of samples, not the bias of the posteriors.
    method (q, y) -> T, q (N, C), y_noisy (N,) -> (C, C).
    """
    members = [np.flatnonzero(y_noisy == j) for j in np.unique(y_noisy)]
    drawn = []
    for _ in range(resamples):
        rows = np.concatenate([rng.choice(m, len(m)) for m in members])  # no class may vanish
        drawn.append(np.asarray(method(q[rows], y_noisy[rows])))
    return np.std(drawn, axis=0, ddof=1)


def judge(T, method, peers, q, y_noisy, classes, random_state=None):
    """T with its quality in `diagnostics`, a TransitionMatrix.

    "standard_errors" (C, C): root of bootstrap variance and the peers' variance around their mean, which stands for
    the bias; "condition_number"; "agreement": {"largest_difference", "estimates" by name}; "confident": {"number" (C,),
    "share" (C,)}, samples whose most probable class after division by the label shares it is; "verdict": plain
    sentences, none if all is well; "trust" in [0, 1]: 0 where two classes cannot be told apart, else
    max(0, 1 - sum SE^2 / sum (T - I)^2), the positive-part rule of James and Stein: no more than the distance from the
    identity that errors cannot explain. method (q, y) -> T; peers: T by name.
    """
    rng = as_generator("random_state", random_state)
    spread = np.std([T.array, *map(np.asarray, peers.values())], axis=0)
    errors = np.sqrt(bootstrap_errors(method, q, y_noisy, rng) ** 2 + spread**2)
    differences = [np.abs(T.array - np.asarray(peer)).max() for peer in peers.values()]
    number = np.bincount((q / np.bincount(y_noisy)).argmax(axis=1), minlength=len(T))
    largest = float(max(differences, default=0))
    same = _same_columns(T.array, classes)
    verdict = same + _other_doubts(T, number, largest, classes)
    distance = ((T.array - np.eye(len(T))) ** 2).sum()
    trust = 0.0 if same or distance == 0 else max(0.0, 1 - (errors**2).sum() / distance)
    quality = {"standard_errors": errors, "condition_number": T.cond, "verdict": verdict, "trust": float(trust)}
    quality["agreement"] = {"largest_difference": largest, "estimates": peers}
    quality["confident"] = {"number": number, "share": number / len(q)}
    return TransitionMatrix(T.array, {**T.diagnostics, **quality})


def shrunk(T):
    """trust T + (1 - trust) I, a TransitionMatrix with the diagnostics of T; trust from `judge`."""
    trust = T.diagnostics["trust"]
    return TransitionMatrix(trust * T.array + (1 - trust) * np.eye(len(T)), T.diagnostics)


def warn_of(T, stacklevel=2):
    """Warn with UntrustworthyTransitionWarning if the verdict on T says anything."""
    if T.diagnostics["verdict"]:
        words = "; ".join(T.diagnostics["verdict"])
        warnings.warn(f"T should not be trusted: {words}", UntrustworthyTransitionWarning, stacklevel=stacklevel + 1)


def _same_columns(T, classes):
    found = []
    for a, b in zip(*np.triu_indices(len(T), 1), strict=True):
        if np.abs(T[:, a] - T[:, b]).sum() / 2 < SAME_COLUMNS:
            found.append(f"the data cannot tell classes {classes[a]} and {classes[b]} apart")
    return found


def _other_doubts(T, number, largest, classes):
    doubts = [f"too few samples of class {classes[j]}: {number[j]}" for j in np.flatnonzero(number < FEW_SAMPLES)]
    if T.cond > WARN_FROM_CONDITION:
        doubts.append(f"the condition number of T is {T.cond:.0f}")
    if largest > AGREED:
        doubts.append(f"the estimators differ by up to {largest:.2f}")
    return doubts
