"""Convolution and pooling as explicit loops.

N images, H W size, K input channels, R S kernel, F filters, Ho Wo output.
"""

import numpy as np

from ..parallel import prange

# --- convolution -----------------------------------------------------------------------------------------


def out_size(size, kernel, stride, pad):
    """Ho from H: how often a window fits."""
    return (size + 2 * pad - kernel) // stride + 1


def conv2d_forward(x, w, b, stride, pad):
    """y[n, i, j, f] = b_f + sum_rsk x[n, i stride + r - pad, j stride + s - pad, k] w[r, s, k, f]."""
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    Ho, Wo = out_size(H, R, stride, pad), out_size(W, S, stride, pad)
    y = np.empty((N, Ho, Wo, F), x.dtype)
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                for f in range(F):
                    total = np.float64(b[f])
                    for r in range(R):
                        for s in range(S):
                            h, v = i * stride + r - pad, j * stride + s - pad
                            if 0 <= h < H and 0 <= v < W:  # outside is the zero padding
                                for k in range(K):
                                    total += x[n, h, v, k] * w[r, s, k, f]
                    y[n, i, j, f] = total
    return y


def conv2d_backward(dy, x, w, stride, pad):
    """Every product of the forward sum, dx += dy w and dw += dy x."""
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    _, Ho, Wo, _ = dy.shape
    dx = np.zeros(x.shape, np.float64)
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                for r in range(R):
                    for s in range(S):
                        h, v = i * stride + r - pad, j * stride + s - pad
                        if 0 <= h < H and 0 <= v < W:
                            for k in range(K):
                                for f in range(F):  # windows overlap, hence +=
                                    dx[n, h, v, k] += dy[n, i, j, f] * w[r, s, k, f]
    dw, db = conv2d_backward_weights(dy, x, R, S, stride, pad)
    return dx.astype(x.dtype), dw, db


def conv2d_backward_weights(dy, x, R, S, stride, pad):
    """dw[r, s, k, f] = sum_nij x[n, i stride + r - pad, j stride + s - pad, k] dy[n, i, j, f]."""
    N, H, W, K = x.shape
    _, Ho, Wo, F = dy.shape
    dw = np.zeros((R, S, K, F), np.float64)
    db = np.zeros(F, np.float64)
    for n in range(N):
        for i in range(Ho):
            for j in range(Wo):
                for f in range(F):
                    db[f] += dy[n, i, j, f]
                for r in range(R):
                    for s in range(S):
                        h, v = i * stride + r - pad, j * stride + s - pad
                        if 0 <= h < H and 0 <= v < W:
                            for k in range(K):
                                for f in range(F):
                                    dw[r, s, k, f] += x[n, h, v, k] * dy[n, i, j, f]
    return dw.astype(x.dtype), db.astype(x.dtype)


# --- max pooling -----------------------------------------------------------------------------------------


def maxpool2d_forward(x, size):
    """The largest of every tile, and where it was, h W + v."""
    N, H, W, K = x.shape
    y = np.empty((N, H // size, W // size, K), x.dtype)
    argmax = np.empty(y.shape, np.int32)
    for n in prange(N):
        pool_image(x[n], size, y[n], argmax[n])
    return y, argmax


def pool_image(x, size, y, argmax):
    """One image of `maxpool2d_forward`: x (H, W, K) -> y and argmax (Ho, Wo, K)."""
    W = x.shape[1]
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            for k in range(y.shape[2]):
                y[i, j, k], argmax[i, j, k] = x[i * size, j * size, k], i * size * W + j * size
            for r in range(size):
                for s in range(size):
                    where = np.int32((i * size + r) * W + j * size + s)
                    for k in range(y.shape[2]):  # innermost, where neighbours lie together in memory
                        value, best = x[i * size + r, j * size + s, k], y[i, j, k]
                        # The first of equal values wins, and the first NaN over all.
                        better = (value > best) | ((value != value) & (best == best))
                        y[i, j, k] = value if better else best
                        argmax[i, j, k] = where if better else argmax[i, j, k]


def maxpool2d_backward(dy, argmax, x_shape):
    """Each dy goes to where the maximum was."""
    N, Ho, Wo, K = dy.shape
    W = x_shape[2]
    dx = np.zeros(x_shape, dy.dtype)
    for n in prange(N):
        for i in range(Ho):
            for j in range(Wo):
                for k in range(K):
                    where = argmax[n, i, j, k]
                    dx[n, where // W, where % W, k] += dy[n, i, j, k]
    return dx


# --- average pooling -------------------------------------------------------------------------------------


def avgpool2d_forward(x, size):
    """y[n, i, j, k] = 1 / size^2 sum_rs x[n, i size + r, j size + s, k]."""
    N, H, W, K = x.shape
    y = np.empty((N, H // size, W // size, K), x.dtype)
    for n in prange(N):
        for i in range(H // size):
            for j in range(W // size):
                for k in range(K):
                    total = np.float64(0.0)
                    for r in range(size):
                        for s in range(size):
                            total += x[n, i * size + r, j * size + s, k]
                    y[n, i, j, k] = total / (size * size)
    return y


def avgpool2d_backward(dy, x_shape, size):
    """dx[n, i size + r, j size + s, k] = dy[n, i, j, k] / size^2, and zero outside the tiles."""
    N, Ho, Wo, K = dy.shape
    dx = np.zeros(x_shape, dy.dtype)
    for n in prange(N):
        for i in range(Ho):
            for j in range(Wo):
                for r in range(size):
                    for s in range(size):
                        for k in range(K):
                            dx[n, i * size + r, j * size + s, k] = dy[n, i, j, k] / np.float64(size * size)
    return dx


# --- convolution, ReLU and max pooling in one ------------------------------------------------------------


def conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size):
    """Image by image: the convolution, the largest of every tile, and the ReLU, which commutes with a maximum."""
    N, H, W, _ = x.shape
    R, S, _, F = w.shape
    shape = (N, out_size(H, R, stride, pad) // size, out_size(W, S, stride, pad) // size, F)
    y, argmax = np.empty(shape, x.dtype), np.empty(shape, np.int32)
    for n in range(N):
        pool_image(conv2d_forward(x[n : n + 1], w, b, stride, pad)[0], size, y[n], argmax[n])
    return np.maximum(y, 0), argmax


def conv2d_relu_maxpool2d_backward(dy, y, argmax, x, w, stride, pad, size):
    """Every product of the forward sum at the one place of each tile that was the maximum."""
    N, H, W, K = x.shape
    R, S, _, F = w.shape
    _, Hp, Wp, _ = dy.shape
    Wo = out_size(W, S, stride, pad)
    dx = np.zeros(x.shape, np.float64)
    for n in range(N):
        for i in range(Hp):
            for j in range(Wp):
                for f in range(F):
                    where = argmax[n, i, j, f]
                    for r in range(R):
                        for s in range(S):
                            h, v = where // Wo * stride + r - pad, where % Wo * stride + s - pad
                            if 0 <= h < H and 0 <= v < W and not y[n, i, j, f] <= 0:
                                for k in range(K):
                                    dx[n, h, v, k] += dy[n, i, j, f] * w[r, s, k, f]
    dw, db = conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, R, S, stride, pad, size)
    return dx.astype(x.dtype), dw, db


def conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, R, S, stride, pad, size):
    """dw[r, s, k, f] = sum over n, i, j with y > 0 of dy[n, i, j, f] x[n, h, v, k] in the window of the maximum."""
    N, H, W, K = x.shape
    _, Hp, Wp, F = dy.shape
    Wo = out_size(W, S, stride, pad)
    dw = np.zeros((R, S, K, F), np.float64)
    db = np.zeros(F, np.float64)
    for n in range(N):
        for i in range(Hp):
            for j in range(Wp):
                for f in range(F):
                    if not y[n, i, j, f] <= 0:
                        where = argmax[n, i, j, f]
                        db[f] += dy[n, i, j, f]
                        for r in range(R):
                            for s in range(S):
                                h, v = where // Wo * stride + r - pad, where % Wo * stride + s - pad
                                if 0 <= h < H and 0 <= v < W:
                                    for k in range(K):
                                        dw[r, s, k, f] += dy[n, i, j, f] * x[n, h, v, k]
    return dw.astype(x.dtype), db.astype(x.dtype)
