"""Label noise robust logistic regression (rMLR): softmax regression seen through the flip rates."""

import numpy as np

from .. import kernels
from ..backend import to_device, to_host
from ..checks import check_not_negative
from ..transition import TransitionMatrix
from .softmax_regression import SoftmaxRegression
from .validation import as_transition_for


class RobustSoftmaxRegression(SoftmaxRegression):
    """P(noisy = c | x) = sum_l gamma[l, c] softmax(x W + b)_l: the likelihood of the noisy labels, clean inside.

    Eq. (13). Eq. (14). Eq. (16). Eq. (17). Eq. (18).
    T: the transition matrix, gamma = T^T, in the order of `classes_`; None learns gamma with Eq. (19) after every pass,
    starting from (1 - flip_start) I + flip_start / C. Beware: equal rows are a fixed point, hidden classes can swap,
    and at high noise the likelihood itself prefers a gamma that is too clean; prefer an estimate of T if you can.
    Other parameters as in SoftmaxRegression (the report runs 250 minibatch steps: max_steps=250).
    Learnt: coef_, intercept_, classes_, T_ (TransitionMatrix), n_iter_, history_. Source: [BK12].
    """

    def __init__(
        self,
        T=None,
        flip_start=0.5,
        learning_rate=0.1,
        batch_size=100,
        max_iter=1000,
        max_steps=None,
        tol=3e-6,
        l2=0.0,
        averaging=False,
        random_state=None,
        backend=None,
        class_weight=None,
        classes=None,
    ):
        super().__init__(learning_rate, batch_size, max_iter, max_steps, tol, l2, averaging, random_state, backend)
        self.class_weight = class_weight
        self.classes = classes
        self.T = T
        self.flip_start = flip_start

    def _check_parameters(self):
        super()._check_parameters()
        check_not_negative(flip_start=self.flip_start)
        if self.T is None and self.flip_start >= 1:
            raise ValueError(f"flip_start={self.flip_start} should be below 1: equal rows of gamma never change")

    def _first_transition(self):
        C = len(self.classes_)
        if self.T is None:
            return (1 - self.flip_start) * np.eye(C) + self.flip_start / C
        return np.array(as_transition_for(self.T, self.classes_, self.class_count_))

    def _next_transition(self, T, X, y, sample_weight, w, b):
        if self.T is not None:
            return T
        p = kernels.softmax(kernels.linear_forward(X, w, b))
        gamma = to_device(np.ascontiguousarray(T.T, X.dtype))
        return to_host(kernels.flip_rate_update(gamma, p, y, sample_weight)).T

    def _learnt_transition(self, T):
        self.T_ = TransitionMatrix(T)
