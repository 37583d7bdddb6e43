"""The kernels of a network's layers as explicit loops: the second half of the `loops` table.

Written for the reader and for numba alike, under the rules of `loop_kernels.py`.

N samples, D features, H W image, K input channels, R S kernel, F outputs or filters, Ho Wo output.
"""

import numpy as np

try:
    from numba import prange  # an ordinary range until numba compiles it
except ImportError:
    prange = range

GOLDEN = 0x9E3779B97F4A7C15
MASK = 0xFFFFFFFFFFFFFFFF


# --- linear layer ----------------------------------------------------------------------------------------


def linear_forward(x, w, b):
    """y[n, f] = b[f] + sum_d x[n, d] w[d, f]."""
    y = np.empty((x.shape[0], w.shape[1]), x.dtype)
    for n in range(x.shape[0]):
        for f in range(w.shape[1]):
            total = np.float64(b[f])
            for d in range(x.shape[1]):
                total += x[n, d] * w[d, f]
            y[n, f] = total
    return y


def linear_backward(dy, x, w):
    """dx[n, d] = sum_f dy[n, f] w[d, f], and the weights' part."""
    dx = np.empty_like(x)
    for n in range(x.shape[0]):
        for d in range(x.shape[1]):
            total = np.float64(0.0)
            for f in range(w.shape[1]):
                total += dy[n, f] * w[d, f]
            dx[n, d] = total
    dw, db = linear_backward_weights(dy, x)
    return dx, dw, db


def linear_backward_weights(dy, x):
    """dw[d, f] = sum_n x[n, d] dy[n, f], db[f] = sum_n dy[n, f]."""
    dw = np.empty((x.shape[1], dy.shape[1]), x.dtype)
    db = np.empty(dy.shape[1], x.dtype)
    for f in range(dy.shape[1]):
        for d in range(x.shape[1]):
            total = np.float64(0.0)
            for n in range(x.shape[0]):
                total += x[n, d] * dy[n, f]
            dw[d, f] = total
        total = np.float64(0.0)
        for n in range(x.shape[0]):
            total += dy[n, f]
        db[f] = total
    return dw, db


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


# --- max pooling, ReLU, dropout --------------------------------------------------------------------------


def maxpool2d_forward(x, size):
    """The largest of every tile, and where it was, h W + v."""
    N, H, W, K = x.shape
    Ho, Wo = H // size, W // size
    y = np.empty((N, Ho, Wo, K), x.dtype)
    argmax = np.empty((N, Ho, Wo, K), np.int32)
    for n in prange(N):
        for i in range(Ho):
            for j in range(Wo):
                y[n, i, j] = x[n, i * size, j * size]
                argmax[n, i, j] = i * size * W + j * size
                for r in range(size):
                    for s in range(size):
                        where = np.int32((i * size + r) * W + j * size + s)
                        for k in range(K):  # innermost, where neighbours lie together in memory
                            value, best = x[n, i * size + r, j * size + s, k], y[n, i, j, k]
                            better = (value > best) | (value != value)  # the first of equal values wins, NaN over all
                            y[n, i, j, k] = value if better else best
                            argmax[n, i, j, k] = where if better else argmax[n, i, j, k]
    return y, argmax


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
                    dx[n, where // W, where % W, k] = dy[n, i, j, k]
    return dx


def relu_forward(x):
    """max(0, x)."""
    flat = x.reshape(-1)
    y = np.empty_like(flat)
    for i in prange(flat.size):
        y[i] = 0 if flat[i] <= 0 else flat[i]  # in this order, NaN stays NaN
    return y.reshape(x.shape)


def relu_backward(dy, x):
    """0 where x <= 0, else dy."""
    flat, flat_dy = x.reshape(-1), dy.reshape(-1)
    dx = np.empty_like(flat_dy)
    for i in prange(flat.size):
        dx[i] = 0 if flat[i] <= 0 else flat_dy[i]
    return dx.reshape(x.shape)


def splitmix64(state):
    """Mix the bits of a counter: the output function of SplitMix64 [Steele, Lea and Flood 2014]."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def dropout_forward(x, rate, seed, step):
    """x / (1 - rate) where the hash of (seed, step, index) is >= rate, else 0."""
    flat = x.reshape(-1)
    y = np.empty_like(flat)
    scale = np.float64(1.0) / (1.0 - rate)
    state = splitmix64((seed + step * GOLDEN) & MASK)
    for i in range(flat.size):
        state = (state + GOLDEN) & MASK
        keep = (splitmix64(state) >> 11) * 2.0**-53 >= rate  # 53 bits: a uniform number in [0, 1)
        y[i] = flat[i] * scale if keep else 0
    return y.reshape(x.shape)


dropout_backward = dropout_forward  # a diagonal matrix is its own transpose


# --- update ----------------------------------------------------------------------------------------------


def sgd_momentum(w, v, dw, learning_rate, momentum, weight_decay):
    """v' = momentum v + dw + weight_decay w, w' = w - learning_rate v'."""
    flat_w, flat_v, flat_dw = w.reshape(-1), v.reshape(-1), dw.reshape(-1)
    new_w, new_v = np.empty_like(flat_w), np.empty_like(flat_v)
    for i in prange(flat_w.size):
        velocity = momentum * flat_v[i] + flat_dw[i] + weight_decay * flat_w[i]
        new_v[i] = velocity
        new_w[i] = flat_w[i] - learning_rate * velocity
    return new_w.reshape(w.shape), new_v.reshape(v.shape)
