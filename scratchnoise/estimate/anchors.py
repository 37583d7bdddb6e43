"""T from anchor points: the samples that are surest of a class."""

import numpy as np
from numpy.typing import ArrayLike

from ..checks import is_number, is_whole
from ..messages import shown
from ..transition import TransitionMatrix
from .posteriors import check_posteriors


def anchor_argmax(q: ArrayLike) -> TransitionMatrix:
    """T[:, j] = q(x^j), x^j the sample with the largest P(noisy = j | x).

    Eq. (33). Eq. (34). Eq. (35). Eq. (36).
    Right only where T is row-dominant, and biased upwards on the diagonal: the largest of N estimates is a winner.
    q (N, C) -> TransitionMatrix, diagnostics {"anchors": (C,) sample indices}. Source: [Pat+17].
    """
    T = anchor_top_k(q, k=1)
    return TransitionMatrix(T, {"method": "anchor argmax", "anchors": T.diagnostics["anchors"][0]})


def anchor_quantile(q: ArrayLike, quantile: float = 0.97) -> TransitionMatrix:
    """As `anchor_argmax`, but x^j is the sample at the `quantile` of P(noisy = j | x): far less biased.

    Eq. (34).
    The quantile must lie inside class j: above 1 - P(anchor of class j). quantile 1 is the argmax.
    q (N, C), 0 < quantile <= 1 -> TransitionMatrix, diagnostics {"anchors": (C,)}. Source: [Pat+17], their code.
    """
    q = check_posteriors(q)
    if not is_number(quantile) or not 0 < quantile <= 1:
        raise ValueError(f"quantile={shown(quantile)} should be above 0 and at most 1")
    rank = int(np.ceil(quantile * len(q))) - 1
    anchors = np.argsort(q, axis=0, kind="stable")[rank]
    return TransitionMatrix(q[anchors].T, {"method": "anchor quantile", "anchors": anchors})


def anchor_top_k(q: ArrayLike, k: int = 100) -> TransitionMatrix:
    """As `anchor_argmax`, but the mean of the k samples with the largest P(noisy = j | x): less variance.

    Eq. (34).
    q (N, C), 1 <= k <= N -> TransitionMatrix, diagnostics {"anchors": (k, C), best first}.
    """
    q = check_posteriors(q)
    if not is_whole(k) or not 1 <= k <= len(q):
        raise ValueError(f"k={shown(k)} should be between 1 and the number of samples, {len(q)}")
    anchors = np.argsort(-q, axis=0, kind="stable")[:k]
    columns = q[anchors].mean(axis=0)  # (C anchors' class j, C noisy labels i)
    return TransitionMatrix(columns.T, {"method": f"anchor top {k}", "anchors": anchors})
