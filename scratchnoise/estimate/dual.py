"""Dual-T: T as a product of two matrices that are easier to estimate."""

import numpy as np
from numpy.typing import ArrayLike

from ..transition import TransitionMatrix
from .anchors import anchor_argmax
from .posteriors import check_evidence


def dual(q: ArrayLike, y_noisy: ArrayLike) -> TransitionMatrix:
    """T = S A, A[l, j] = q_l at the anchor of class j, S[i, l] = share of label i where the prediction argmax q is l.

    The prediction is an intermediate class: A says how true classes become predictions, S how predictions become
    labels. Beware: A is made of probabilities, S of decisions. Posteriors that are too sure make A the identity and the
    product T. Calibrated posteriors make A = T and S = T, where samples are certain of their class: the product is T^2,
    too noisy. Offered for comparison.
    q (N, C), y_noisy (N,) integers 0..C-1 -> TransitionMatrix, diagnostics {"anchors_of" A, "labels_of" S (C, C),
    "never_predicted": classes whose column of S is that of A instead}. Raises ValueError when a class has no label.
    Source: Yao et al. 2020, Dual T.
    """
    q, y_noisy = check_evidence(q, y_noisy)
    C = q.shape[1]
    A = anchor_argmax(q).array
    S = np.zeros((C, C))
    np.add.at(S, (y_noisy, q.argmax(axis=1)), 1)
    predicted = S.sum(axis=0)
    S = np.divide(S, predicted, out=A.copy(), where=predicted > 0)
    diagnostics = {"anchors_of": A, "labels_of": S, "never_predicted": np.flatnonzero(predicted == 0)}
    return TransitionMatrix(S @ A, {"method": "dual", **diagnostics})
