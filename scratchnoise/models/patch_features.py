"""Features of images that no label has touched: how near their patches are to the centres of k-means."""

import numpy as np
from numpy.typing import ArrayLike

from ..checks import as_generator, check_count
from .conventions import Estimator, NotFittedError
from .kmeans import lloyd, spread_out, squared_distances
from .validation import as_samples

CONTRAST = 0.01  # of the mean variance of patches, added to each: a flat patch stays flat
WHITENING = 0.1  # added to the variances of patches with mean 0 and variance 1
TOL, MAX_ITER = 1e-4, 40
BLOCK = 2**24  # distances at a time: 64 MB in float32


class PatchFeatures(Estimator):
    """f_k = mean over a part of the image of max(0, mean_l d_l - d_k), d_k = |W (p - m) - c_k|, p a patch there.

    p is a patch of size x size pixels less its mean, divided by sqrt(its variance + v), v = CONTRAST times the mean
    variance. m is the mean of such patches, W = (C + WHITENING I)^-1/2 whitens them, C their covariance; c_k are the
    centres of k-means on n_patches of them. A patch counts for the centres that are nearer than the mean one. The
    image has parts x parts parts. Features of an image and of its mirror image are averaged, so that both have the
    same.
    No label is used: wrong labels cannot spoil these features, and few right ones suffice to name them. In a pipeline
    they stand before a model: make_pipeline(PatchFeatures(), RobustSoftmaxRegression(T)).fit(images, y_noisy).
    random_state: seed of the patches and of the starts. Learnt: mean_, whitening_, centres_, contrast_.
    Raises ValueError for samples that are no images (N, H, W, K) or (N, H, W), or smaller than a patch.
    Source: Coates, Ng and Lee 2011, An analysis of single-layer networks in unsupervised feature learning.
    """

    _routed = ()  # fit takes no sample_weight

    def __init__(
        self,
        n_centres: int = 200,
        size: int = 6,
        parts: int = 2,
        n_patches: int = 60_000,
        random_state: int | np.random.Generator | None = None,
    ) -> None:
        self.n_centres = n_centres
        self.size = size
        self.parts = parts
        self.n_patches = n_patches
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: object = None) -> "PatchFeatures":
        """Learn the centres from images X (N, H, W, K) or (N, H, W); y is not looked at. Returns self."""
        check_count(n_centres=self.n_centres, parts=self.parts)
        check_count(2, size=self.size, n_patches=self.n_patches)
        rng = as_generator("random_state", self.random_state)
        windows = self._windows(X)
        N, rows, columns = windows.shape[:3]
        places = rng.integers(N, size=self.n_patches), *(rng.integers(n, size=self.n_patches) for n in (rows, columns))
        patches = windows[places].reshape(self.n_patches, -1).astype(np.float64)
        contrast = float(CONTRAST * patches.var(axis=1).mean()) or 1.0
        patches = even_contrast(patches, contrast)
        mean = patches.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov(patches.T))
        whitening = directions / np.sqrt(np.maximum(variances, 0) + WHITENING) @ directions.T
        patches = (patches - mean) @ whitening
        weight = np.ones(len(patches))
        centres = lloyd(patches, weight, spread_out(patches, weight, self.n_centres, rng), TOL, MAX_ITER).centres
        self.contrast_, self.mean_, self.whitening_, self.centres_ = contrast, mean, whitening, centres
        return self

    def fit_transform(self, X: ArrayLike, y: object = None) -> np.ndarray:
        """`fit`, then the features of the same images."""
        return self.fit(X).transform(X)

    def transform(self, X: ArrayLike) -> np.ndarray:
        """The features of images like those of `fit`, (N, parts^2 n_centres), in float32 or X's float64."""
        if not hasattr(self, "centres_"):
            raise NotFittedError("this PatchFeatures is not fitted yet: call fit(X) first")
        windows = self._windows(X)
        if np.prod(windows.shape[3:]) != len(self.mean_):
            raise ValueError(f"X has patches of {np.prod(windows.shape[3:])} numbers; fit saw {len(self.mean_)}")
        mirrored = windows[:, :, ::-1, :, :, ::-1]
        step = max(1, BLOCK // (windows.shape[1] * windows.shape[2] * self.n_centres))
        starts = range(0, len(windows), step)
        return np.concatenate(
            [(self._of(windows[s : s + step]) + self._of(mirrored[s : s + step])) / 2 for s in starts]
        )

    def __sklearn_tags__(self):
        from sklearn.utils import InputTags, Tags, TargetTags, TransformerTags

        return Tags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            transformer_tags=TransformerTags(preserves_dtype=["float64", "float32"]),
            input_tags=InputTags(two_d_array=False, three_d_array=True),
            requires_fit=True,
        )

    def _windows(self, X):
        """Every patch of every image, a view: (N, rows, columns, K, size, size)."""
        X = as_samples(X, allow_images=True)
        X = X[..., None] if X.ndim == 3 else X
        if X.ndim != 4 or min(X.shape[1:3]) < self.size + self.parts - 1:
            raise ValueError(
                f"X has shape {X.shape}; it should be images (N, H, W, K) of at least {self.size + self.parts - 1} "
                f"pixels a side, for parts={self.parts} with patches of size={self.size}"
            )
        return np.lib.stride_tricks.sliding_window_view(X, (self.size, self.size), axis=(1, 2))

    def _of(self, windows):
        """The features of a block of images, (N, parts^2 n_centres)."""
        N, rows, columns = windows.shape[:3]
        patches = even_contrast(windows.reshape(N * rows * columns, -1), self.contrast_)
        centres, mean, W = (a.astype(patches.dtype) for a in (self.centres_, self.mean_, self.whitening_))
        distance = np.sqrt(squared_distances((patches - mean) @ W, centres))
        near = np.maximum(distance.mean(axis=1, keepdims=True) - distance, 0).reshape(N, rows, columns, -1)
        bands = np.array_split(near, self.parts, axis=1)
        parts = [part for band in bands for part in np.array_split(band, self.parts, axis=2)]
        return np.concatenate([part.mean(axis=(1, 2)) for part in parts], axis=1)


def even_contrast(patches, contrast):
    """Each patch less its mean, divided by sqrt(variance + contrast). (M, D) -> (M, D)."""
    patches = patches - patches.mean(axis=1, keepdims=True)
    return patches / np.sqrt((patches * patches).mean(axis=1, keepdims=True) + contrast)
