"""Linear layers, batch normalisation, ReLU, dropout and the updates as explicit loops.

N samples, D features, F outputs, K channels.
"""

import numpy as np

from ..parallel import prange

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


# --- batch normalisation ---------------------------------------------------------------------------------


def batchnorm_forward(x, scale, shift, epsilon):
    """y[n, k] = scale[k] (x[n, k] - mean[k]) / sqrt(variance[k] + epsilon) + shift[k]."""
    N, K = x.shape
    total, squares = np.zeros(K, np.float64), np.zeros(K, np.float64)
    for n in range(N):
        for k in range(K):  # innermost, where neighbours lie together in memory
            total[k] += x[n, k]
    mean = total / max(N, 1)
    for n in range(N):
        for k in range(K):
            squares[k] += (x[n, k] - mean[k]) * (x[n, k] - mean[k])
    variance = squares / max(N, 1)
    slope = 1 / np.sqrt(variance + epsilon)
    y = np.empty_like(x)
    for n in range(N):
        for k in range(K):
            y[n, k] = scale[k] * ((x[n, k] - mean[k]) * slope[k]) + shift[k]
    return y, mean.astype(x.dtype), variance.astype(x.dtype)


def batchnorm_backward(dy, x, mean, variance, scale, epsilon):
    """dx[n, k] = scale[k] slope (dy[n, k] - dshift[k] / N - h dscale[k] / N), h = (x[n, k] - mean[k]) slope."""
    N, K = x.shape
    middle = mean.astype(np.float64)
    slope = 1 / np.sqrt(variance.astype(np.float64) + epsilon)
    dscale, dshift = np.zeros(K, np.float64), np.zeros(K, np.float64)
    for n in range(N):
        for k in range(K):
            dscale[k] += dy[n, k] * ((x[n, k] - middle[k]) * slope[k])
            dshift[k] += dy[n, k]
    dx = np.empty_like(x)
    for n in range(N):
        for k in range(K):
            h = (x[n, k] - middle[k]) * slope[k]
            dx[n, k] = scale[k] * slope[k] * (dy[n, k] - dshift[k] / N - h * (dscale[k] / N))
    return dx, dscale.astype(x.dtype), dshift.astype(x.dtype)


# --- ReLU, dropout ----------------------------------------------------------------------------------------


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


# --- updates ---------------------------------------------------------------------------------------------


def sgd_momentum(w, v, dw, learning_rate, momentum, weight_decay):
    """v' = momentum v + dw + weight_decay w, w' = w - learning_rate v'."""
    flat_w, flat_v, flat_dw = w.reshape(-1), v.reshape(-1), dw.reshape(-1)
    new_w, new_v = np.empty_like(flat_w), np.empty_like(flat_v)
    for i in prange(flat_w.size):
        velocity = momentum * flat_v[i] + flat_dw[i] + weight_decay * flat_w[i]
        new_v[i] = velocity
        new_w[i] = flat_w[i] - learning_rate * velocity
    return new_w.reshape(w.shape), new_v.reshape(v.shape)


def adam(w, mean, square, dw, learning_rate, beta_1, beta_2, epsilon, weight_decay):
    """w' = w - learning_rate mean' / (sqrt(square') + epsilon), means of g = dw + weight_decay w and of g^2."""
    flat_w, flat_mean, flat_square, flat_dw = w.reshape(-1), mean.reshape(-1), square.reshape(-1), dw.reshape(-1)
    new_w, new_mean, new_square = np.empty_like(flat_w), np.empty_like(flat_w), np.empty_like(flat_w)
    for i in prange(flat_w.size):
        g = flat_dw[i] + weight_decay * flat_w[i]
        first = beta_1 * flat_mean[i] + (1 - beta_1) * g
        second = beta_2 * flat_square[i] + (1 - beta_2) * g * g
        new_mean[i] = first
        new_square[i] = second
        new_w[i] = flat_w[i] - learning_rate * first / (np.sqrt(second) + epsilon)
    return new_w.reshape(w.shape), new_mean.reshape(w.shape), new_square.reshape(w.shape)
