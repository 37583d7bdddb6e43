"""Flip correction: train any classifier on noisy labels, then map its noisy posterior to the clean one."""

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import as_weights, check_choice
from ..estimate import DEFAULT, ESTIMATORS, check_estimator, clone, trusted_transition
from ..estimate.posteriors import check_noisy
from ..messages import shown, warn_caller
from ..rows import is_table
from ..simplex import project_to_simplex
from ..transition import IllConditionedTransitionWarning, TransitionMatrix, check_prior
from .base import Classifier
from .validation import as_sample_weight, as_transition_for

if TYPE_CHECKING:
    from typing_extensions import Self

MAPPINGS = ("inverse", "bayes")
IDENTITY_SHARE = 0.05


class FlipCorrected(Classifier):
    """The clean posterior from the noisy one, p = M q, around any classifier that learnt q = P(noisy | x).

    mapping "inverse": M = T^-1, what the noise model (3) implies, since q = T p. The estimate can leave the simplex; it
    is then replaced by the nearest point of the simplex, which keeps the order of the classes.
    mapping "bayes": M = Q, Eq. (7), Eq. (8) and Eq. (12) as printed in the report. It assumes P(y | noisy, x) =
    P(y | noisy), which contradicts (3) unless x says nothing; for 3 x 3 circulant T it still finds the same argmax.

    estimator: any classifier with fit, predict_proba and get_params. T: the transition matrix in the order of
    `classes_`; None estimates it by the method `estimate` from out-of-fold posteriors of the estimator and, for an
    array X, from neighbours. Used is trust T + (1 - trust) I, see `estimate.trusted_transition`, with a warning where
    the estimate should not be trusted. An estimate without inverse is mixed with a little of the identity [Pat+17],
    with a warning; a given T without one is an error, unless Q and a prior make it needless.
    prior: clean class probabilities for Q, or "uniform"; None solves P(noisy) = T prior. random_state: seed of the
    folds, and of the estimator if it has none.
    X may be a sparse matrix, a data frame or a Series (of texts): the estimator gets it untouched. sample_weight goes
    to the estimator, not into the estimate of T. classes: see `Classifier`; needs a T, because labels that never occur
    say nothing of theirs.
    Learnt: estimator_, T_, prior_, mapping_ (C, C), classes_.
    """

    def __init__(
        self,
        estimator: Any,
        T: ArrayLike | None = None,
        mapping: str = "inverse",
        estimate: str = DEFAULT,
        prior: ArrayLike | None = None,
        folds: int = 5,
        random_state: int | np.random.Generator | None = None,
        classes: Sequence | None = None,
    ) -> None:
        self.estimator = estimator
        self.T = T
        self.mapping = mapping
        self.estimate = estimate
        self.prior = prior
        self.folds = folds
        self.random_state = random_state
        self.classes = classes

    @property
    def allow_images(self) -> bool:  # type: ignore[override]
        """Whatever the wrapped estimator takes."""
        return getattr(self.estimator, "allow_images", False)

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> "Self":
        """Learn from samples X (N, D) and noisy labels y (N,), with optional weights (N,). Returns self.

        Raises ValueError for data or parameters that cannot be learnt from, for weights where the estimator takes none,
        and for an estimator that has corrected its posteriors itself; SingularTransitionError for a T without inverse.
        """
        return super().fit(X, y, sample_weight)

    def _as_samples(self, X):
        if not is_table(X):
            return super()._as_samples(X)
        if 0 in X.shape:
            raise ValueError(f"X has shape {X.shape}; it should have at least one sample and one feature")
        return X

    def _as_weights(self, sample_weight, y, X):
        """As they are: to an estimator with a penalty their scale is not the same to all."""
        if sample_weight is None:
            return np.ones(len(y))
        as_sample_weight(sample_weight, y, np.float64)
        return as_weights("sample_weight", sample_weight, len(y))

    def _fit(self, X, y, sample_weight):
        check_choice(MAPPINGS, mapping=self.mapping)
        check_choice(ESTIMATORS, estimate=self.estimate)
        check_estimator(self.estimator)
        given = self._given_transition()
        labels = self.classes_[y]  # as they are: weights of classes are by label
        self.T_ = self._estimated_transition(X, labels) if given is None else given
        inverse = self.T_.inverse() if self.mapping == "inverse" or self.prior is None else None
        self.prior_ = self._clean_prior(inverse, np.bincount(y, sample_weight, len(self.classes_)))
        self.mapping_ = inverse if self.mapping == "inverse" else self.T_.inverse_transition(self.prior_)
        estimator = clone(self.estimator, self.random_state)
        self.estimator_ = estimator.fit(X, labels, **self._weight_arguments(sample_weight))
        check_noisy(self.estimator_)

    def _given_transition(self):
        """T in the order of the classes, or None where it is to be estimated from all of them."""
        if self.T is not None:
            return as_transition_for(self.T, self.classes_, self.class_count_)
        if (self.class_count_ == 0).any():
            never = self.classes_[self.class_count_ == 0].tolist()
            raise ValueError(f"T=None cannot be estimated, because y never is {never}; pass T, or classes=None")
        return None

    def _weight_arguments(self, sample_weight):
        if (sample_weight == 1).all():
            return {}
        fit = self.estimator.fit
        if "sample_weight" not in inspect.signature(fit).parameters:
            raise ValueError(f"sample_weight cannot be used: fit of {shown(self.estimator)} takes none; pass None")
        return {"sample_weight": sample_weight}

    def _clean_prior(self, inverse, count):
        if self.prior is None:
            return project_to_simplex((inverse @ count / count.sum())[None])[0]
        C = len(self.classes_)
        if not isinstance(self.prior, str):
            return check_prior(self.prior, C)
        if self.prior != "uniform":
            raise ValueError(f"prior={self.prior!r} should be 'uniform', None or {C} probabilities")
        return np.full(C, 1 / C)

    def _estimated_transition(self, X, y):
        T = trusted_transition(self.estimator, X, y, self.estimate, self.folds, self.random_state)
        if not T.singular:
            return T
        warn_caller(
            f"the estimated T has no inverse: the labels hardly depend on X; {IDENTITY_SHARE:.0%} of the identity is "
            "mixed in",
            IllConditionedTransitionWarning,
        )
        mixed = (1 - IDENTITY_SHARE) * T.array + IDENTITY_SHARE * np.eye(len(T))
        return TransitionMatrix(mixed, {**T.diagnostics, "identity_share": IDENTITY_SHARE})

    def _predict_proba(self, X):
        return project_to_simplex(self._predict_noisy_proba(X) @ self.mapping_.T)

    def _predict_noisy_proba(self, X):
        """The posterior of the estimator, which learnt the noisy labels; 0 for classes without a sample in y."""
        q = self.estimator_.predict_proba(X)
        if q.shape[1] == len(self.classes_):
            return q
        every = np.zeros((len(q), len(self.classes_)), q.dtype)
        every[:, np.searchsorted(self.classes_, self.estimator_.classes_)] = q
        return every

    def _predict_log_proba(self, X):
        with np.errstate(divide="ignore"):  # the projection really gives 0
            return np.log(self._predict_proba(X))

    def _rows_per_block(self, X):
        return X.shape[0]  # the estimator has its own way
