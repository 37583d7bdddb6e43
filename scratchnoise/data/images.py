"""From stored pixels to what the models read: ranges, sizes, colours and rows."""

import numpy as np


def scale(x, low=-1.0, high=1.0):
    """Map pixels to [low, high], float32: x' = low + (high - low) x / 255 for uint8.

    x: uint8 0..255, or floats in [0, 1] (x' = low + (high - low) x). Any shape, kept.
    Raises ValueError for other dtypes, as their range is unknown, and for floats outside [0, 1].
    """
    x = np.asarray(x)
    if x.dtype != np.uint8:
        if x.dtype.kind != "f":
            raise ValueError(f"x must be uint8 in 0..255 or float in [0, 1], got {x.dtype}; convert it first")
        if not (x.min(initial=0) >= 0 and x.max(initial=0) <= 1):
            raise ValueError(f"x is float and must lie in [0, 1], got {x.min()}..{x.max()}; rescale it first")
    top = 255 if x.dtype == np.uint8 else 1
    return np.float32(low) + x.astype(np.float32) * np.float32((high - low) / top)


def resize(x, size):
    r"""Bilinear resizing of images (N, H, W) or (N, H, W, K) to size = (H', W'), float32, 0..255 stays 0..255.

    x'[n, i, j] = sum_hw A[i, h] x[n, h, w] B[j, w], with A and B of `interpolation_matrix`.
    Raises ValueError if x has another number of dimensions or a size is below 1.
    """
    x = np.asarray(x)
    if x.ndim not in (3, 4):
        raise ValueError(f"x must have shape (N, H, W) or (N, H, W, K), got {x.shape}")
    rows, columns = (interpolation_matrix(old, new) for old, new in zip(x.shape[1:3], size, strict=True))
    resized = np.einsum("ih,nhw...,jw->nij...", rows, x.astype(np.float32), columns, optimize=True)
    return np.ascontiguousarray(resized)


def interpolation_matrix(old, new):
    """Matrix (new, old), float32, that resamples a line of pixels linearly; every row sums to 1.

    Pixel i covers [i, i+1], so the centre of new pixel i lies at s = (i + 1/2) old / new - 1/2, and it mixes
    the neighbours floor(s) and floor(s) + 1; beyond the first and the last centre the edge is repeated.
    Raises ValueError if old or new is below 1.
    """
    if old < 1 or new < 1:
        raise ValueError(f"sizes must be at least 1, got {old} and {new}")
    centre = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0, 1 - np.abs(centre[:, None] - np.arange(old))).astype(np.float32)


def grey_to_rgb(x):
    """Repeat grey images (N, H, W) in three channels: (N, H, W, 3), dtype kept. Raises ValueError otherwise."""
    x = np.asarray(x)
    if x.ndim != 3:
        raise ValueError(f"x must be grey images of shape (N, H, W), got {x.shape}")
    return np.repeat(x[..., None], 3, axis=-1)


def flatten(x):
    """Images as rows: (N, ...) -> (N, D), pixels in the order in which they are stored."""
    x = np.asarray(x)
    return x.reshape(len(x), -1)


def for_network(x):
    """What the annex's network reads: 32x32 RGB in [-1, 1], shape (N, 32, 32, 3), float32.

    x: grey (N, H, W) or RGB (N, H, W, 3) images, uint8 0..255 or float in [0, 1].
    Raises ValueError for other shapes (flattened rows must be reshaped first), dtypes and ranges.
    """
    x = np.asarray(x)
    if x.ndim != 3 and (x.ndim != 4 or x.shape[-1] != 3):
        raise ValueError(f"x must be images of shape (N, H, W) or (N, H, W, 3), got {x.shape}")
    x = scale(x)
    if x.shape[1:3] != (32, 32):
        x = resize(x, (32, 32))
    return x if x.ndim == 4 else grey_to_rgb(x)


def for_linear_model(x):
    """What the linear models read: rows (N, D) in [0, 1], float32.

    x: images or rows, uint8 0..255 or float in [0, 1]. Raises ValueError for other dtypes and ranges.
    """
    return flatten(scale(x, 0, 1))
