"""Label noise robust logistic regression (rMLR): softmax regression seen through the flip rates."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .. import kernels
from ..backend import to_device, to_host
from ..checks import check_not_negative, is_whole
from ..messages import shown
from ..transition import TransitionMatrix
from .flip_rates import starting_rates
from .likelihood import Solution
from .softmax_regression import ROUGH, SoftmaxRegression
from .sparse_likelihood import SparseLikelihood
from .validation import as_transition_for

FLIP_STARTS = (0.2, 0.8)  # beside the user's: T learnt is tried from these as well
ROUNDS = 100  # of EM
FORGETTING = 0.6  # call k of partial_fit changes gamma by a share of k^-0.6; EM needs a power in (1/2, 1]
INNER = 5  # steps for the weights between two updates of T


class RobustSoftmaxRegression(SoftmaxRegression):
    """P(noisy = c | x) = sum_l gamma[l, c] softmax(x W + b)_l: the likelihood of the noisy labels, clean inside.

    Eq. (13). Eq. (14). Eq. (16). Eq. (17). Eq. (18).
    T: the transition matrix, gamma = T^T, in the order of `classes_`. "estimate": an estimate from out-of-fold
    posteriors of SoftmaxRegression, drawn towards the identity where it cannot be trusted. None learns gamma: weights
    are fitted, then Eq. (19) updates gamma, until neither gains. Beware: equal rows are a fixed point, hidden classes
    can swap, and at high noise the likelihood itself prefers a gamma that is too clean. With `averaging`
    gamma is that of the last pass, not of the mean weights.
    The likelihood has several maxima. Fits start from zeros, or where the choice of l2 ended, from the plain fit, and
    from n_restarts random weights; gamma starts from (1 - s) I + s / C with s = flip_start and others, and from I. The
    best end is kept. ConvergenceWarning where ends differ.
    l1: the weight of sum |W| beside l2/2 ||W||^2, on the weights of the standardised features. Above 0 most weights
    become exactly 0; proximal steps take the place of L-BFGS, and solver="sgd" is refused.
    Other parameters as in SoftmaxRegression (the report runs 250 minibatch steps: solver="sgd", max_steps=250).
    Learnt: as in SoftmaxRegression, and T_ (TransitionMatrix). Source: [BK12].
    """

    def __init__(
        self,
        T: ArrayLike | None = None,
        flip_start: float = 0.5,
        n_restarts: int = 0,
        l2: float | str = "auto",
        l1: float = 0.0,
        solver: str = "lbfgs",
        tol: float = 1e-6,
        max_iter: int = 1000,
        learning_rate: float = 0.1,
        batch_size: int = 100,
        max_steps: int | None = None,
        decay: float = 0.0,
        averaging: bool = False,
        warm_start: bool = False,
        random_state: int | np.random.Generator | None = None,
        backend: str | None = None,
        class_weight: dict | str | None = None,
        classes: Sequence | None = None,
    ) -> None:
        shared = (learning_rate, batch_size, max_steps, decay, averaging, warm_start, random_state, backend)
        super().__init__(l2, solver, tol, max_iter, *shared, class_weight, classes)
        self.T = T
        self.flip_start = flip_start
        self.n_restarts = n_restarts
        self.l1 = l1

    def _fit(self, X, y, sample_weight):
        self._check_parameters()
        if isinstance(self.T, str):
            self.T_ = self._estimated_transition(X, y)
        elif self.T is not None:
            self.T_ = as_transition_for(self.T, self.classes_, self.class_count_)
        super()._fit(X, y, sample_weight)

    def _estimated_transition(self, X, y):
        from ..estimate import trusted_transition

        shared = SoftmaxRegression().get_params()
        plain = SoftmaxRegression(**{name: getattr(self, name) for name in shared})
        return trusted_transition(plain, X, y, random_state=self.random_state)

    def _check_parameters(self):
        super()._check_parameters()
        check_not_negative(flip_start=self.flip_start, l1=self.l1)
        if self.l1 > 0 and self.solver == "sgd":
            raise ValueError(f"l1={self.l1} needs solver='lbfgs': steps on minibatches leave no weight at exactly 0")
        if self.T is None and self.flip_start >= 1:
            raise ValueError(f"flip_start={self.flip_start} should be below 1: equal rows of gamma never change")
        if not is_whole(self.n_restarts) or self.n_restarts < 0:
            raise ValueError(f"n_restarts={shown(self.n_restarts)} should be a whole number of at least 0")
        if isinstance(self.T, str) and self.T != "estimate":
            raise ValueError(f"T={self.T!r} should be a matrix, 'estimate' or None")

    def _first_transition(self):
        return np.array(self.T_) if self.T is not None else self._flipped(self.flip_start)

    def _flipped(self, share):
        return starting_rates(share, self.class_count_ > 0)

    # --- L-BFGS, or proximal steps ---------------------------------------------------------------------------

    def _likelihood(self, z, y, sample_weight, n_classes):
        if self.l1 == 0:
            return super()._likelihood(z, y, sample_weight, n_classes)
        return SparseLikelihood(z, y, sample_weight, n_classes, self.l1)

    def _solve(self, problem, l2, start, tol, max_iter):
        if self.T is not None:
            return super()._solve(problem, l2, start, tol, max_iter)
        found = start or Solution(problem.zeros(), self._first_transition(), None)
        value, steps = np.inf, 0
        for _ in range(ROUNDS):
            found = problem.minimise(found.T, l2, found.v, tol, INNER)
            steps += found.minimum.steps
            gained, value = value - found.minimum.value, found.minimum.value
            if gained <= tol * abs(value) or steps >= max_iter:
                break
            found = found._replace(T=self._updated(problem, found))
        found = problem.minimise(found.T, l2, found.v, tol, max(1, max_iter - steps))
        return found._replace(minimum=found.minimum._replace(steps=steps + found.minimum.steps))

    def _updated(self, problem, found):
        """Eq. (19): T from the posteriors of the true labels under the weights and the last T."""
        gamma = to_device(np.ascontiguousarray(found.T.T, problem.dtype))
        gamma = kernels.flip_rate_update(gamma, problem.posteriors(found.v), problem.y, problem.weight)
        return to_host(gamma).T.astype(np.float64)

    def _starts(self, problem, start, rng):
        if start is not None and not start.T[self.class_count_ > 0].any(axis=1).all():
            start = start._replace(T=self._first_transition())  # the samples that chose l2 lacked a label
        plain = problem.minimise(np.eye(problem.C), self.l2_, problem.zeros(), ROUGH, self.max_iter).v
        weights = [plain, *(rng.standard_normal(len(plain)) / np.sqrt(problem.D) for _ in range(self.n_restarts))]
        if self.T is not None:
            return [start, *(Solution(v, self._first_transition(), None) for v in weights)]
        shares = (0.0, self.flip_start, *FLIP_STARTS)
        return [start, *(Solution(v, self._flipped(share), None) for v in weights for share in shares)]

    # --- minibatch SGD ---------------------------------------------------------------------------------------

    def _next_transition(self, T, X, y, sample_weight, w, b):
        if self.T is not None:
            return T
        p = kernels.softmax(kernels.linear_forward(X, w, b))
        gamma = to_device(np.ascontiguousarray(T.T, X.dtype))
        return to_host(kernels.flip_rate_update(gamma, p, y, sample_weight)).T

    def _check_incremental(self):
        super()._check_incremental()
        if isinstance(self.T, str):
            raise ValueError(f"T={self.T!r} needs all samples; partial_fit needs a matrix, or None to learn it")

    def _transition_before(self, call):
        if self.T is not None:
            self.T_ = as_transition_for(self.T, self.classes_, self.class_count_)
        if call > 1 or self.T is not None:
            return np.array(self.T_)
        return starting_rates(self.flip_start, np.ones(len(self.classes_), bool))  # any label may come in a later call

    def _learn_transition_from(self, p, y, weight, T, call):
        if self.T is not None:
            return
        joint = p * T[y]  # P(true = l, noisy = y_n | x_n), (N, C)
        total = joint.sum(axis=1, keepdims=True)
        posterior = np.divide(joint, total, out=np.zeros_like(joint), where=total > 0)
        share = np.zeros_like(T)
        np.add.at(share, y, posterior * (weight / weight.sum())[:, None] * call**-FORGETTING)
        self.T_ = TransitionMatrix((1 - share.sum(axis=0)) * T + share)

    def _learnt_transition(self, T):
        if self.T is None:
            self.T_ = TransitionMatrix(T)
