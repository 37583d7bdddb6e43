"""Multinomial logistic regression (MLR): softmax regression trained by minibatch SGD on the labels as they are."""

import numpy as np

from .. import kernels
from ..backend import backend as using_backend
from ..backend import to_device, to_host
from ..checks import as_generator, check_count, check_not_negative, check_positive
from ..network.device_memory import memory_explained
from ..network.training import TrainingDiverged
from .base import Classifier, finite_logits


class SoftmaxRegression(Classifier):
    """P(y = c | x) = softmax(x W + b)_c, the likelihood maximised by minibatch SGD.

    Eq. (9). Eq. (10), with one of its two exponents. Eq. (11), which is the gradient of the *negative* log-likelihood.
    The defaults are the report's: batch_size 100, learning_rate 0.1, max_iter 1000, tol 3e-6.

    max_iter: passes over the data at most; max_steps: minibatch steps at most (None: no limit).
    tol: stop when the mean training loss of a pass changes by less (0: never).
    l2: the penalty l2/2 ||W||^2 on the mean loss. averaging: the learnt weights are the mean over the second half of
    the passes instead of the last ones [Polyak and Juditsky 1992]: constant steps then no longer jitter.
    random_state: seed of the shuffles. backend: kernel table. class_weight, classes: see `Classifier`.
    Learnt: coef_ (C, D), intercept_ (C,), classes_, n_iter_ passes, history_ rows {"epoch", "loss"}.
    """

    def __init__(
        self,
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
        self.learning_rate = learning_rate
        self.batch_size = batch_size
        self.max_iter = max_iter
        self.max_steps = max_steps
        self.tol = tol
        self.l2 = l2
        self.averaging = averaging
        self.random_state = random_state
        self.backend = backend
        self.class_weight = class_weight
        self.classes = classes

    def _fit(self, X, y, sample_weight):
        self._check_parameters()
        C, rng = len(self.classes_), as_generator("random_state", self.random_state)
        w, b = np.zeros((X.shape[1], C), X.dtype), np.zeros(C, X.dtype)
        T, tail, previous, self.history_ = self._first_transition(), [], np.inf, []
        batch_size = min(self.batch_size, len(X))
        steps_left = np.inf if self.max_steps is None else self.max_steps
        passes = min(self.max_iter, steps_left * batch_size / len(X))
        rate, l2 = float(self.learning_rate), float(self.l2)  # NumPy scalars would turn float32 weights into float64
        with using_backend(self.backend), memory_explained(X):
            w, b, X, y, sample_weight = map(to_device, (w, b, X, y, sample_weight))
            for epoch in range(1, self.max_iter + 1):
                order = rng.permutation(len(X))
                if steps_left * batch_size < len(order):
                    order = order[: steps_left * batch_size]
                assumed = to_device(T.astype(X.dtype, order="C"))
                w, b, loss = kernels.linear_sgd_epoch(
                    w, b, X, y, assumed, sample_weight, to_device(order), batch_size, rate, l2
                )
                self._check_finite(loss, w, epoch)
                self.history_.append({"epoch": epoch, "loss": loss})
                T = self._next_transition(T, X, y, sample_weight, w, b)
                if self.averaging and 2 * epoch > passes:
                    tail.append((to_host(w), to_host(b)))
                steps_left -= -(-len(order) // batch_size)
                if steps_left <= 0 or abs(previous - loss) < self.tol:
                    break
                previous = loss
            w, b = to_host(w), to_host(b)
        if tail:
            w, b = (np.mean(part, axis=0) for part in zip(*tail, strict=True))
        self.coef_, self.intercept_, self.n_iter_ = np.ascontiguousarray(w.T), b, len(self.history_)
        self._learnt_transition(T)

    def _first_transition(self):
        """The T that the likelihood assumes: none for plain softmax regression."""
        return np.eye(len(self.classes_))

    def _next_transition(self, T, X, y, sample_weight, w, b):
        return T

    def _learnt_transition(self, T):
        pass

    def decision_function(self, X):
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
        check_positive(learning_rate=self.learning_rate)
        check_count(batch_size=self.batch_size, max_iter=self.max_iter)
        check_not_negative(tol=self.tol, l2=self.l2)
        if self.max_steps is not None:
            check_count(max_steps=self.max_steps)

    def _check_finite(self, loss, w, epoch):
        if not (np.isfinite(loss) and np.isfinite(w).all()):
            raise TrainingDiverged(
                f"the loss of {type(self).__name__} is no longer finite in pass {epoch}; scale the features (e.g. to "
                f"[-1, 1]), or choose a learning_rate below {self.learning_rate:g} or l2 > 0",
                epoch,
                0,
                self.history_,
            )
