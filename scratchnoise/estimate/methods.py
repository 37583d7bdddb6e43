"""The estimators of T by name, and T from a classifier and noisy data."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import as_floats, as_labels, check_choice, classes_of
from ..messages import shown
from ..rows import is_table
from ..transition import TransitionMatrix
from .anchors import anchor_argmax, anchor_quantile, anchor_top_k
from .dual import dual
from .hoc import MOST_CLASSES, consensus_transition, neighbour_labels
from .joint import balanced_joint, confident_joint
from .posteriors import check_evidence, noisy_posteriors
from .quality import judge, shrunk, warn_of
from .revision import t_revision
from .selective import selective_threshold
from .volmin import volmin

DEFAULT = "combined"


def _top_k(q, y_noisy, near):
    return anchor_top_k(q, min(100, len(q)))


def _hoc(q, y_noisy, near):
    return consensus_transition(y_noisy, near, q.shape[1])


def _combined(q, y_noisy, near):
    parts = _parts(q, y_noisy, near)
    T = np.mean([part.array for part in parts.values()], axis=0)
    return TransitionMatrix(T, {"method": "combined", "mean_of": list(parts)})


def _parts(q, y_noisy, near):
    """What `_combined` is the mean of, by name."""
    names = PARTS if near is not None else [name for name in PARTS if name != "hoc"]
    return {name: ESTIMATORS[name](q, y_noisy, near) for name in names}


# name -> T from q (N, C), labels (N,) and the labels of the two nearest neighbours (N, 2), None where X has no numbers
ESTIMATORS = {
    "argmax": lambda q, y, near: anchor_argmax(q),
    "quantile": lambda q, y, near: anchor_quantile(q),
    "top_k": _top_k,
    "confident_joint": lambda q, y, near: confident_joint(q, y),
    "balanced_joint": lambda q, y, near: balanced_joint(q, y),
    "hoc": _hoc,
    "selective": lambda q, y, near: selective_threshold(q, y),
    "dual": lambda q, y, near: dual(q, y),
    "volmin": lambda q, y, near: volmin(q, y),
    "t_revision": lambda q, y, near: t_revision(q, y),
    "combined": _combined,
}
PARTS = ("confident_joint", "top_k", "hoc")


def estimate_from_posteriors(
    q: ArrayLike, y_noisy: ArrayLike, method: str = DEFAULT, X: ArrayLike | None = None
) -> TransitionMatrix:
    """T by a method, a name in ESTIMATORS.

    argmax | quantile | top_k | confident_joint | balanced_joint | hoc | selective | dual | volmin | t_revision |
    combined.
    "combined" is the mean of confident_joint, top_k and hoc, whose biases differ: T = (T_1 + T_2 + T_3) / 3. In
    tutorials/results/estimates.jsonl "volmin" has the smallest mean error and "combined" the next. It stays the default
    because its errors take 50 draws, and each draw of "volmin" is a fit. Its diagnostics {"mean_of"} name the parts;
    hoc is missing without numbers X, for sparse X and for more than 20 classes.
    q (N, C), y_noisy (N,) integers 0..C-1, X (N, ...) or None -> TransitionMatrix. Raises ValueError for an unknown
    method, and for "hoc" where X is None, a sparse matrix or a data frame with other columns than numbers.
    """
    check_choice(ESTIMATORS, method=method)
    q, y_noisy = check_evidence(q, y_noisy)
    return ESTIMATORS[method](q, y_noisy, _neighbours(X, y_noisy, method))


def estimates_side_by_side(
    estimator: Any, X: ArrayLike, y: ArrayLike, folds: int = 5, random_state: int | np.random.Generator | None = None
) -> dict[str, TransitionMatrix]:
    """Every estimator of ESTIMATORS on the same out-of-fold posteriors: {name: TransitionMatrix}, the default first.

    Arguments as in `estimate_transition`. The default has the diagnostics of `judge`; "hoc" is missing where X has no
    numbers or more than 20 classes are given. Warns of nothing: the verdict is in the diagnostics.
    """
    q, y_index, near, classes = _evidence(estimator, X, y, DEFAULT, folds, random_state)
    T = _judged((q, y_index, near), classes, DEFAULT, random_state)
    others = (name for name in ESTIMATORS if name != DEFAULT and (near is not None or name != "hoc"))
    return {DEFAULT: T, **{name: ESTIMATORS[name](q, y_index, near) for name in others}}


def estimate_transition(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    method: str = DEFAULT,
    folds: int = 5,
    random_state: int | np.random.Generator | None = None,
) -> TransitionMatrix:
    """T from noisy data alone: `estimate_from_posteriors` on the out-of-fold posteriors of `estimator`.

    estimator: any classifier with fit, predict_proba and get_params; X, y noisy training data; method as in
    `estimate_from_posteriors` -> TransitionMatrix in the order of the sorted classes, with the `diagnostics` of
    `judge`. Warns with UntrustworthyTransitionWarning where T should not be trusted. Raises ValueError for an estimator
    whose posteriors are of the true labels (`Loss.posterior_of`).
    """
    *evidence, classes = _evidence(estimator, X, y, method, folds, random_state)
    T = _judged(evidence, classes, method, random_state)
    warn_of(T)
    return T


def trusted_transition(
    estimator: Any,
    X: ArrayLike,
    y: ArrayLike,
    method: str = DEFAULT,
    folds: int = 5,
    random_state: int | np.random.Generator | None = None,
) -> TransitionMatrix:
    """The T for a model to use: trust T + (1 - trust) I of `estimate_transition`, which it warns like.

    Arguments as in `estimate_transition` -> TransitionMatrix with the diagnostics of the estimate.
    """
    *evidence, classes = _evidence(estimator, X, y, method, folds, random_state)
    T = _judged(evidence, classes, method, random_state)
    warn_of(T)
    return shrunk(T)


def _evidence(estimator, X, y, method, folds, random_state):
    """q (N, C), labels (N,), labels of neighbours (N, 2) or None, and the classes."""
    check_choice(ESTIMATORS, method=method)  # before the folds are trained
    q = noisy_posteriors(estimator, X, y, folds, random_state)
    classes, y_index = classes_of("y", as_labels("y", y))
    return q, y_index, _neighbours(X, y_index, method), classes


def _judged(evidence, classes, method, random_state):
    T = ESTIMATORS[method](*evidence)
    T.diagnostics["classes"] = classes
    return judge(T, ESTIMATORS[method], _parts(*evidence), evidence, classes, random_state)


def _neighbours(X, y_noisy, method):
    """The labels of the two nearest neighbours, or None where X has no numbers to measure distances."""
    numbers = _numbers(X)
    if numbers is not None and len(numbers) != len(y_noisy):
        raise ValueError(f"X has {len(numbers)} samples and y_noisy {len(y_noisy)} labels; they should have the same")
    small = len(y_noisy) < 3 or y_noisy.max() >= MOST_CLASSES
    if numbers is not None and not small:
        return neighbour_labels(numbers, y_noisy)
    if method == "hoc":
        raise ValueError(
            f"method='hoc' needs an array X of finite numbers, 3 samples and at most {MOST_CLASSES} classes; "
            f"pass those, or method={DEFAULT!r}"
        )
    return None


def _numbers(X):
    """X as float64 (N, ...), None for a sparse matrix and for anything else that is not all finite numbers."""
    if X is None or hasattr(X, "tocsr"):
        return None
    if is_table(X):
        X = X.to_numpy()
    elif np.ma.isMaskedArray(X):
        return as_floats("X", X)  # which refuses hidden values
    if np.ndim(X) == 0:
        raise ValueError(f"X={shown(X)} should be an array (N, ...), one sample a row, or None")
    try:
        numbers = np.asarray(X, np.float64)
    except (TypeError, ValueError):
        return None
    return numbers if numbers.ndim >= 2 and np.isfinite(numbers).all() else None
