"""The kernel Fisher discriminant of Lawrence and Schoelkopf: `LabelNoiseEM` in the space of a kernel."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..checks import as_generator, check_choice, check_count, check_positive
from .base import Classifier
from .kmeans import squared_distances
from .label_noise_em import LabelNoiseEM
from .scaling import moments, standardised

KERNELS = ("rbf", "linear")
LEAST_EIGENVALUE = 1e-10  # of the largest: smaller ones are rounding


class KernelFisherEM(Classifier):
    """P(x, noisy = i) = sum_j T[i, j] P(true = j) N(phi(x); mean_j, S): Gaussian classes of one covariance S.

    Section 2.2. Equal covariances make the border a hyperplane, S^-1 (mean_a - mean_b): Fisher's discriminant, in the
    space of a kernel k(x, x') = phi(x).phi(x'). E and M step, T, ridge, flip_start, tol, max_iter: see `LabelNoiseEM`.
    phi(x) are the n_components leading kernel principal components, V_r = L_r^-1/2 U_r^T W^1/2 (k(x_m, x))_m with
    W^1/2 K W^1/2 = U L U^T over at most n_landmarks samples of weights W, drawn by random_state; without that limit
    the covariance has as many rows as samples, and the ridge alone would decide.
    kernel: "rbf", exp(-gamma |x - x'|^2), or "linear", x.x', of standardised features; gamma: None for 1 / D.
    Learnt: em_ (the fitted LabelNoiseEM), T_, n_iter_, landmarks_ (M, D), map_ (M, n_components). Raises and warns as
    `LabelNoiseEM`. Source: Lawrence and Schoelkopf 2001, [LS01].
    """

    def __init__(
        self,
        T: ArrayLike | None = None,
        kernel: str = "rbf",
        gamma: float | None = None,
        n_components: int = 10,
        n_landmarks: int = 500,
        ridge: float = 1e-3,
        flip_start: float = 0.2,
        tol: float = 1e-7,
        max_iter: int = 1000,
        random_state: int | np.random.Generator | None = None,
        class_weight: dict | str | None = None,
        classes: Sequence | None = None,
    ) -> None:
        self.T = T
        self.kernel = kernel
        self.gamma = gamma
        self.n_components = n_components
        self.n_landmarks = n_landmarks
        self.ridge = ridge
        self.flip_start = flip_start
        self.tol = tol
        self.max_iter = max_iter
        self.random_state = random_state
        self.class_weight = class_weight
        self.classes = classes

    def _fit(self, X, y, sample_weight):
        check_choice(KERNELS, kernel=self.kernel)
        check_count(n_components=self.n_components, n_landmarks=self.n_landmarks)
        if self.gamma is not None:
            check_positive(gamma=self.gamma)
        rng = as_generator("random_state", self.random_state)
        self.input_mean_, self.input_scale_ = moments(X, sample_weight)
        X, weight = self._scaled(X), sample_weight.astype(np.float64)
        part = np.sort(rng.permutation(len(X))[: self.n_landmarks])
        self.landmarks_ = X[part]
        self.map_ = principal_map(self._kernel(self.landmarks_), weight[part], self.n_components)
        shared = {name: getattr(self, name) for name in ("T", "ridge", "flip_start", "tol", "max_iter")}
        em = LabelNoiseEM(**shared, covariance="shared", classes=self.classes_)
        self.em_ = em.fit(self._features(X), self.classes_[y], weight)
        self.T_, self.n_iter_ = self.em_.T_, self.em_.n_iter_

    def _scaled(self, X):
        return standardised(X.astype(np.float64), self.input_mean_, self.input_scale_)

    def _kernel(self, X):
        """k(x_n, x_m) for all landmarks, (N, M)."""
        if self.kernel == "linear":
            return X @ self.landmarks_.T
        gamma = 1 / X.shape[1] if self.gamma is None else self.gamma
        return np.exp(-gamma * squared_distances(X, self.landmarks_))

    def _features(self, X):
        return self._kernel(X) @ self.map_

    def _logits(self, X):
        return self.em_._logits(self._features(self._scaled(X)))

    def _predict_proba(self, X):
        return self.em_._predict_proba(self._features(self._scaled(X)))


def principal_map(K, weight, n_components):
    """The matrix W^1/2 U_r L_r^-1/2 that turns k(x, x_m) into the leading kernel principal components.

    With all components their inner products are the kernel. K (M, M), weight (M,) -> (M, at most n_components).
    """
    root = np.sqrt(weight)
    values, vectors = np.linalg.eigh(root[:, None] * K * root)
    first = np.flatnonzero(values > LEAST_EIGENVALUE * values[-1])[::-1][:n_components]
    return root[:, None] * vectors[:, first] / np.sqrt(values[first])
