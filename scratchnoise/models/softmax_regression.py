"""Multinomial logistic regression (MLR): softmax regression on the labels as they are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .. import kernels
from ..backend import backend as using_backend
from ..backend import to_device, to_host
from ..checks import as_generator, check_choice, check_count, check_not_negative, check_positive
from ..messages import warn_caller
from ..network.device_memory import memory_explained
from .base import finite_logits
from .conventions import ConvergenceWarning, recognised
from .incremental import IncrementalClassifier
from .likelihood import NoisyLikelihood, Solution
from .penalty import choose_penalty, draws_of_samples
from .sgd import descend, warn_of_long_steps
from .standardise import Standardisation

SOLVERS = ("lbfgs", "sgd")
ROUGH = 1e-3  # the gradient at which fits from several starts are compared
NEAR = 0.01  # relative: objectives that differ by less are not told apart by rough fits


class SoftmaxRegression(IncrementalClassifier):
    """P(y = c | x) = softmax(x W + b)_c, the likelihood of the labels maximised.

    Eq. (9). Eq. (10), with one of its two exponents. Eq. (11), which is the gradient of the *negative* log-likelihood.
    solver "lbfgs": on features standardised inside, until no entry of the gradient exceeds tol min(1, objective), for
    max_iter steps at most. l2: the penalty l2/2 ||W||^2 on the weights of the standardised features; "auto" is the one
    under which held-out noisy labels are most likely (see `penalty.choose_penalty`).
    solver "sgd": minibatch SGD as in the report, on the features as they are: batch_size, learning_rate, divided by
    1 + decay (pass - 1), max_iter passes, max_steps minibatches at most, until the mean loss of a pass changes by less
    than tol. Its penalty is on the weights of these features: "auto" is the one above times their mean variance.
    averaging: the mean of the weights over the second half of the passes instead of the last ones. This solver alone
    has `partial_fit`, one pass over a chunk of samples.
    warm_start: a fit starts where the last one ended. random_state: seed of who is held out, and of the shuffles.
    backend: kernel table. class_weight, classes: see `Classifier`.
    Learnt: coef_ (C, D), intercept_ (C,) for the features as they are, classes_, l2_, l2_path_ rows {"l2",
    "noisy_log_likelihood"}, converged_, n_iter_ steps or passes, history_ rows {"epoch", "loss"} of "sgd".
    Warns by ConvergenceWarning where the solver was stopped before it converged, and where the fit says nothing.
    """

    def __init__(
        self,
        l2: float | str = "auto",
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
        self.l2 = l2
        self.solver = solver
        self.tol = tol
        self.max_iter = max_iter
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_steps = max_steps
        self.decay = decay
        self.averaging = averaging
        self.warm_start = warm_start
        self.random_state = random_state
        self.backend = backend
        self.class_weight = class_weight
        self.classes = classes

    def _fit(self, X, y, sample_weight):
        self._check_parameters()
        rng = as_generator("random_state", self.random_state)
        with using_backend(self.backend), memory_explained(X):
            (self._fit_sgd if self.solver == "sgd" else self._fit_lbfgs)(X, y, sample_weight, rng)

    # --- L-BFGS ----------------------------------------------------------------------------------------------

    def _fit_lbfgs(self, X, y, sample_weight, rng):
        scaling = Standardisation.of(X, sample_weight)
        problem = self._likelihood(scaling.apply(X), y, sample_weight, len(self.classes_))
        start = self._choose_penalty(problem, X, rng)
        starts = self._starts(problem, self._last_solution(problem, scaling) or start, rng)
        if len(starts) > 1:
            starts = self._promising(problem, starts)
        solutions = [self._solve(problem, self.l2_, s, self.tol, self.max_iter) for s in starts]
        best = min(solutions, key=lambda s: s.minimum.value)
        self._learn(best, problem, scaling)
        self.history_ = []
        self._say_what_is_wrong(best, problem)

    def _likelihood(self, z, y, sample_weight, n_classes):
        """What is maximised, for standardised samples z."""
        return NoisyLikelihood(z, y, sample_weight, n_classes)

    def _choose_penalty(self, problem, X, rng):
        """Set l2_ and l2_path_; returns a start for the last fit or None."""
        self.l2_, self.l2_path_ = self.l2, []
        if isinstance(self.l2, str):
            chosen = choose_penalty(problem, draws_of_samples(X, rng), self._solve, self._first_transition())
            self.l2_, self.l2_path_, start = chosen
            return start
        return None

    def _first_transition(self):
        """The T that the likelihood assumes: none for plain softmax regression."""
        return np.eye(len(self.classes_))

    def _solve(self, problem, l2, start, tol, max_iter):
        """The `Solution` that is found from `start`, a `Solution` or None for zeros."""
        v = problem.zeros() if start is None else start.v
        return problem.minimise(self._first_transition(), l2, v, tol, max_iter)

    def _starts(self, problem, start, rng):
        """Where the last fit begins: once, since the objective is convex."""
        return [start]

    def _promising(self, problem, starts):
        """Where rough fits from these starts ended, those that are nearly the best; warns where only one is."""
        rough = [self._solve(problem, self.l2_, s, ROUGH, self.max_iter) for s in starts]
        ends = np.array([s.minimum.value for s in rough])
        near = ends - ends.min() <= NEAR * abs(ends.min())
        if near.sum() == 1 and all(s.minimum.converged for s in rough):
            self._warn(
                f"found its minimum from one of {len(starts)} starts only (they ended at "
                f"{', '.join(f'{end:.4g}' for end in ends)}), so a lower one may exist; n_restarts tries more"
            )
        return [s for s, is_near in zip(rough, near, strict=True) if is_near]

    def _learn(self, solution, problem, scaling):
        w, b = problem.split(solution.v)
        self.coef_, self.intercept_ = scaling.fold(w, b, problem.dtype)
        self.n_iter_, self.converged_ = solution.minimum.steps, solution.minimum.converged
        self._learnt_transition(solution.T)

    def _last_solution(self, problem, scaling):
        """The weights of the last fit in the standardised features of this one, with `warm_start`; else None."""
        if not self.warm_start or np.shape(getattr(self, "coef_", None)) != (problem.C, problem.D):
            return None
        w, b = scaling.unfold(self.coef_, self.intercept_)
        return Solution(np.concatenate([w.ravel(), b]), np.array(getattr(self, "T_", np.eye(problem.C))), None)

    def _learnt_transition(self, T):
        pass

    def _warn(self, message):
        warn_caller(f"{type(self).__name__} {message}", recognised(ConvergenceWarning))

    def _say_what_is_wrong(self, best, problem):
        """Warn where the fit is not the optimum, or says nothing."""
        steps, left = best.minimum.steps, np.abs(best.minimum.gradient).max()
        if not self.converged_ and steps >= self.max_iter:
            self._warn(
                f"stopped after max_iter={steps} steps at a gradient of {left:.1e}, where tol is {self.tol:g}; raise "
                "max_iter or tol, or l2: without a penalty classes that can be separated have no optimum"
            )
        elif not self.converged_:
            self._warn(
                f"stopped at a gradient of {left:.1e}, where tol is {self.tol:g}: the loss in {problem.dtype} is too "
                "coarse to show whether a step gains anything; pass X as float64, or raise tol"
            )
        self._say_if_constant(to_host(problem.posteriors(best.v)))

    def _say_if_constant(self, p):
        """Warn where every training sample is predicted as the same class."""
        found = np.unique(p.argmax(axis=1))
        if len(found) == 1:
            self._warn(
                f"predicts {self.classes_.tolist()[found[0]]!r} for every training sample: the features tell too "
                "little about these labels, or the fit is no good; compare predict_proba with the shares of the classes"
            )

    # --- minibatch SGD ---------------------------------------------------------------------------------------

    def _fit_sgd(self, X, y, sample_weight, rng):
        C = len(self.classes_)
        self.l2_, self.l2_path_ = self.l2, []
        if isinstance(self.l2, str):
            scaling = Standardisation.of(X, sample_weight)
            self._choose_penalty(NoisyLikelihood(scaling.apply(X), y, sample_weight, C), X, rng)
            self.l2_ *= scaling.mean_variance()
        warn_of_long_steps(self, X)
        w, b = np.zeros((X.shape[1], C), X.dtype), np.zeros(C, X.dtype)
        if self.warm_start and np.shape(getattr(self, "coef_", None)) == (C, X.shape[1]):
            w, b = np.ascontiguousarray(self.coef_.T, X.dtype), self.intercept_.astype(X.dtype)
        w, b, T, self.history_, self.converged_ = descend(
            self, X, y, sample_weight, w, b, self._first_transition(), self._next_transition, rng
        )
        self.coef_, self.intercept_, self.n_iter_ = np.ascontiguousarray(w.T), b, len(self.history_)
        self._learnt_transition(T)
        if not self.converged_ and self.tol > 0:
            self._warn(
                f"made max_iter={self.max_iter} passes and the loss still changed by more than tol={self.tol:g}; raise "
                "max_iter or tol, lower learning_rate, set decay or averaging, or solver='lbfgs'"
            )
        self._say_if_constant(self._predict_proba(X))

    def _next_transition(self, T, X, y, sample_weight, w, b):
        return T

    # --- predictions -----------------------------------------------------------------------------------------

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Logits x W + b, (N, C) in the order of `classes_`; with two classes their difference, (N,)."""
        z = self._logits(self._samples(X))
        return z[:, 1] - z[:, 0] if z.shape[1] == 2 else z

    def _logits(self, X):
        return finite_logits(self._logits_in_the_dtype_of, X, self.coef_.dtype)

    def _logits_in_the_dtype_of(self, X):
        with using_backend(self.backend):
            X, w, b = map(to_device, (X, self.coef_.T.astype(X.dtype, order="C"), self.intercept_.astype(X.dtype)))
            return to_host(kernels.linear_forward(X, w, b))

    def _predict_proba(self, X):
        with using_backend(self.backend):
            return to_host(kernels.softmax(to_device(self._logits(X))))

    def _check_parameters(self):
        check_choice(SOLVERS, solver=self.solver)
        check_positive(learning_rate=self.learning_rate)
        check_count(batch_size=self.batch_size, max_iter=self.max_iter)
        check_not_negative(tol=self.tol, decay=self.decay)
        if isinstance(self.l2, str) and self.l2 != "auto":
            raise ValueError(f"l2={self.l2!r} should be 'auto' or a number of at least 0")
        if not isinstance(self.l2, str):
            check_not_negative(l2=self.l2)
        if self.max_steps is not None:
            check_count(max_steps=self.max_steps)
