"""The estimators of T by name, and T from a classifier and noisy data."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import as_floats, as_labels, check_choice, classes_of
from ..messages import shown
from ..noise import check_labels
from ..rows import is_table
from ..transition import TransitionMatrix
from .anchors import anchor_argmax, anchor_quantile, anchor_top_k
from .hoc import MOST_CLASSES, consensus_transition, neighbour_labels
from .joint import balanced_joint, confident_joint
from .posteriors import check_posteriors, out_of_fold_posteriors
from .quality import judge, shrunk, warn_of

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
    "combined": _combined,
}
PARTS = ("confident_joint", "top_k", "hoc")


def estimate_from_posteriors(
    q: ArrayLike, y_noisy: ArrayLike, method: str = DEFAULT, X: ArrayLike | None = None
) -> TransitionMatrix:
    """T by a method: argmax | quantile | top_k | confident_joint | balanced_joint | hoc | combined.

    "combined" is the mean of confident_joint, top_k and hoc, whose biases differ: T = (T_1 + T_2 + T_3) / 3. It has the
    smallest mean error of tutorials/results/estimates.jsonl, though not on every data set. Its diagnostics {"mean_of"}
    name the parts; hoc is missing without numbers X, for sparse X and for more than 20 classes.
    q (N, C), y_noisy (N,) integers 0..C-1, X (N, ...) or None -> TransitionMatrix. Raises ValueError for an unknown
    method, and for "hoc" where X is None, a sparse matrix or a data frame with other columns than numbers.
    """
    check_choice(ESTIMATORS, method=method)
    q = check_posteriors(q)
    y_noisy = check_labels(y_noisy, q.shape[1], name="y_noisy")
    if len(y_noisy) != len(q):
        raise ValueError(f"q has {len(q)} rows and y_noisy {len(y_noisy)} labels; they should have the same number")
    return ESTIMATORS[method](q, y_noisy, _neighbours(X, y_noisy, method))


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
    `judge`. Warns with UntrustworthyTransitionWarning where T should not be trusted.
    """
    T = _judged(estimator, X, y, method, folds, random_state)
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
    T = _judged(estimator, X, y, method, folds, random_state)
    warn_of(T)
    return shrunk(T)


def _judged(estimator, X, y, method, folds, random_state):
    check_choice(ESTIMATORS, method=method)  # before the folds are trained
    q = out_of_fold_posteriors(estimator, X, y, folds, random_state)
    classes, y_index = classes_of("y", as_labels("y", y))
    near = _neighbours(X, y_index, method)
    T = ESTIMATORS[method](q, y_index, near)
    T.diagnostics["classes"] = classes
    return judge(T, ESTIMATORS[method], _parts(q, y_index, near), (q, y_index, near), classes, random_state)


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
