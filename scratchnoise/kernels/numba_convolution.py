"""Convolution as one matrix product (im2col), a few images at a time so that the columns stay in the cache.

    columns[n i j, r s k] = x[n, i stride + r - pad, j stride + s - pad, k]
    y = columns @ w,   dw = columns^T @ dy,   dx = scatter(dy @ w^T)

Numba gathers and scatters, the BLAS behind NumPy multiplies.
N images, H W size, K input channels, R S kernel, F filters, Ho Wo output.
"""

import numba
import numpy as np

COLUMN_BYTES = 1 << 21  # about the size of a second-level cache


@numba.njit(cache=True, error_model="numpy", parallel=True)
def gather(x, columns, Ho, Wo, R, S, stride, pad):
    N, H, W, K = x.shape
    for n in numba.prange(N):
        for i in range(Ho):
            for j in range(Wo):
                row = columns[(n * Ho + i) * Wo + j]
                for r in range(R):
                    h, left = i * stride + r - pad, j * stride - pad
                    for s in range(S):
                        v = left + s
                        inside = 0 <= h < H and 0 <= v < W
                        for k in range(K):
                            row[(r * S + s) * K + k] = x[n, h, v, k] if inside else 0


@numba.njit(cache=True, error_model="numpy", parallel=True)
def scatter_add(columns, dx, Ho, Wo, R, S, stride, pad):
    N, H, W, K = dx.shape
    for n in numba.prange(N):  # windows overlap within an image, never between images
        for i in range(Ho):
            for j in range(Wo):
                row = columns[(n * Ho + i) * Wo + j]
                for r in range(R):
                    h = i * stride + r - pad
                    for s in range(S):
                        v = j * stride + s - pad
                        if 0 <= h < H and 0 <= v < W:
                            for k in range(K):
                                dx[n, h, v, k] += row[(r * S + s) * K + k]


def blocks(N, rows_per_image, row_bytes):
    """Slices of images whose columns together take about COLUMN_BYTES."""
    size = max(1, COLUMN_BYTES // (rows_per_image * row_bytes))
    return [slice(start, min(start + size, N)) for start in range(0, N, size)]


def conv2d_forward(x, w, b, stride, pad):
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    Ho, Wo = (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1
    y = np.empty((N, Ho, Wo, F), x.dtype)
    w = w.reshape(-1, F)
    parts = blocks(N, Ho * Wo, w.shape[0] * x.itemsize)
    columns = np.empty((parts[0].stop * Ho * Wo, w.shape[0]), x.dtype)
    for part in parts:
        here = columns[: (part.stop - part.start) * Ho * Wo]
        gather(x[part], here, Ho, Wo, R, S, stride, pad)
        np.matmul(here, w, out=y[part].reshape(-1, F))
    y += b
    return y


def conv2d_backward(dy, x, w, stride, pad):
    N, Ho, Wo, F = dy.shape
    R, S, K, _ = w.shape
    dx = np.zeros(x.shape, x.dtype)
    w_transposed = np.ascontiguousarray(w.reshape(-1, F).T)
    parts = blocks(N, Ho * Wo, R * S * K * x.itemsize)
    columns = np.empty((parts[0].stop * Ho * Wo, R * S * K), x.dtype)
    for part in parts:
        here = columns[: (part.stop - part.start) * Ho * Wo]
        np.matmul(dy[part].reshape(-1, F), w_transposed, out=here)
        scatter_add(here, dx[part], Ho, Wo, R, S, stride, pad)
    return dx, *conv2d_backward_weights(dy, x, R, S, stride, pad)


def conv2d_backward_weights(dy, x, R, S, stride, pad):
    N, Ho, Wo, F = dy.shape
    K = x.shape[3]
    dw = np.zeros((R * S * K, F), x.dtype)
    parts = blocks(N, Ho * Wo, R * S * K * x.itemsize)
    columns = np.empty((parts[0].stop * Ho * Wo, R * S * K), x.dtype)
    for part in parts:
        here = columns[: (part.stop - part.start) * Ho * Wo]
        gather(x[part], here, Ho, Wo, R, S, stride, pad)
        dw += here.T @ dy[part].reshape(-1, F)
    return dw.reshape(R, S, K, F), dy.reshape(-1, F).sum(axis=0)
