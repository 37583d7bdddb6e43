"""`partial_fit`: the linear models learn from one chunk of samples after another, with solver="sgd"."""

import numpy as np

from .. import kernels
from ..backend import backend as using_backend
from ..backend import to_device, to_host
from ..checks import among, as_generator, as_labels, as_weights, classes_of
from ..messages import shown
from ..network.device_memory import memory_explained
from ..rows import take_rows
from .base import Classifier
from .sgd import check_finite, step_size, warn_of_long_steps
from .validation import as_class_weight, as_sample_labels


class OnlyForSGD:
    """A method that a model with another solver lacks: scikit-learn's tools ask hasattr(model, "partial_fit")."""

    def __init__(self, method):
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, model, cls):
        if model is None:
            return self.method
        if model.solver != "sgd":
            raise AttributeError(
                f"{cls.__name__} with solver={model.solver!r} has no {self.method.__name__}, because that solver needs "
                "all samples; set solver='sgd' and a number as l2"
            )
        return self.method.__get__(model, cls)


class IncrementalClassifier(Classifier):
    """A linear model with `partial_fit`. A subclass defines the settings and hooks of `SoftmaxRegression`."""

    _routed: tuple[str, ...] = ("fit", "partial_fit", "score")

    def set_partial_fit_request(self, *, sample_weight):
        """Whether metadata routing passes sample_weight to `partial_fit`: True, False, None, or an alias."""
        return self._request("partial_fit", sample_weight)

    @OnlyForSGD
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """One pass of minibatch SGD over these samples X (N, D), y (N,), from the weights as they are. Returns self.

        Eq. (11), Eq. (17).
        classes: all labels that will ever come, needed at the first call unless the parameter `classes` names them.
        sample_weight (N,): as given, so that 2 counts twice in every chunk; `fit` scales them to mean 1.
        max_iter, max_steps and tol have no effect; decay counts calls. converged_ is False: a pass does not tell.
        T=None: after call k, gamma_l <- (1 - s_l) gamma_l + e_l, where e[l, c] is k^-0.6 times the share of samples
        labelled c and truly l, by the posterior, and s_l = sum_c e[l, c]. This is stepwise EM, whose fixed point is
        that of Eq. (19); a label that no sample of the chunk has keeps its rates. Source: Cappe and Moulines 2009.
        Raises AttributeError unless solver="sgd", ValueError for data or parameters that cannot be learnt from. A call
        that fails leaves the model as it was.
        """
        with self._unchanged_by_errors():
            self._check_parameters()
            self._check_incremental()
            first = not hasattr(self, "classes_")
            X = self._learn_shape(X) if first else self._samples(X)
            self._learn_classes(classes)
            y = as_sample_labels(y, len(X))
            _, y = among(self.classes_, *classes_of("y", y))
            weight = self._weights_as_given(sample_weight, y, X.dtype)
            counts = weight > 0  # an impossible flip has an infinite loss, and 0 times that is not 0
            count = np.bincount(y[counts], minlength=len(self.classes_))
            self.class_count_ = count if first else self.class_count_ + count
            self._one_pass(take_rows(X, counts), y[counts], weight[counts])
        return self

    def _check_incremental(self):
        if isinstance(self.l2, str):
            raise ValueError(f"l2={self.l2!r} needs all samples; partial_fit needs a number, e.g. l2=0")
        if self.averaging:
            raise ValueError(f"averaging={self.averaging!r} is a mean over the passes of fit; set averaging=False")
        if isinstance(self.class_weight, str):
            raise ValueError(
                f"class_weight={self.class_weight!r} needs all samples; partial_fit needs None or a dict "
                "{label: weight}"
            )

    def _learn_classes(self, classes):
        """Set classes_ at the first call; later ones may only repeat them."""
        classes = self.classes if classes is None else classes
        known = getattr(self, "classes_", None)
        if classes is None and known is None:
            raise ValueError("classes must be passed on the first call to partial_fit: all labels that will ever come")
        if classes is None:
            return
        given, _ = among(classes, *classes_of("classes", as_labels("classes", classes)))
        if known is not None and not np.array_equal(given, known):
            raise ValueError(
                f"classes={shown(given.tolist())} is not the same as on last call to partial_fit or fit: "
                f"{shown(known.tolist())}"
            )
        self.classes_ = given

    def _weights_as_given(self, sample_weight, y, dtype):
        weight = np.ones(len(y)) if sample_weight is None else as_weights("sample_weight", sample_weight, len(y))
        if self.class_weight is not None:
            weight = weight * as_class_weight(self.class_weight, self.classes_, None)[y]
        if not weight.any():
            raise ValueError("sample_weight is zero everywhere, or class_weight is; at least one sample should count")
        return weight.astype(dtype)

    def _one_pass(self, X, y, weight):
        rng = as_generator("random_state", self.random_state)
        if not hasattr(self, "coef_"):
            self._start_from_zeros(X)
        X, weight = X.astype(self.coef_.dtype, copy=False), weight.astype(self.coef_.dtype, copy=False)
        self.l2_, self.l2_path_ = self.l2, []
        call = self.n_iter_ + 1
        T = self._transition_before(call)
        order = rng.permutation(len(X))
        with using_backend(self.backend), memory_explained(X):
            x, labels, weights, order = map(to_device, (X, y, weight, order))
            w, b, assumed = map(to_device, (self.coef_.T.copy(), self.intercept_, np.ascontiguousarray(T, X.dtype)))
            size, rate = min(self.batch_size, len(X)), step_size(self, call)
            w, b, loss = kernels.linear_sgd_epoch(w, b, x, labels, assumed, weights, order, size, rate, float(self.l2))
            check_finite(self, loss, w, call, self.history_)
            p = to_host(kernels.softmax(kernels.linear_forward(x, w, b)))
        self.coef_, self.intercept_ = np.ascontiguousarray(to_host(w).T), to_host(b)
        self.n_iter_, self.converged_ = call, False
        self.history_ = [*self.history_, {"epoch": call, "loss": loss}]
        self._learn_transition_from(p, y, weight, T, call)

    def _start_from_zeros(self, X):
        warn_of_long_steps(self, X)
        C = len(self.classes_)
        self.coef_, self.intercept_ = np.zeros((C, X.shape[1]), X.dtype), np.zeros(C, X.dtype)
        self.n_iter_, self.history_ = 0, []

    def _transition_before(self, call):
        """The T that call number `call` assumes."""
        return self._first_transition()

    def _learn_transition_from(self, p, y, weight, T, call):
        """Nothing to learn where T is the identity."""
