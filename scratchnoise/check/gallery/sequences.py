"""Normalisation, attention and recurrent layers as public projects write them."""

import numpy as np

from . import Construction
from .losses import softmax

RNG = np.random.default_rng(2)
X, SCALE, SHIFT = RNG.standard_normal((5, 3)), RNG.standard_normal(3), RNG.standard_normal(3)
STEPS, U, V, R = (RNG.standard_normal(shape) for shape in ((2, 4, 3), (2, 3), (3, 2), (2, 2)))
H, C = RNG.standard_normal((5, 2)), RNG.standard_normal((5, 2))
WX, WH, B = RNG.standard_normal((3, 8)), RNG.standard_normal((2, 8)), RNG.standard_normal(8)


def batchnorm(x, gamma, beta):
    """Mean and variance are handed on beside the cache."""
    mean, variance = x.mean(axis=0), x.var(axis=0)
    normal = (x - mean) / np.sqrt(variance + 1e-8)
    return gamma * normal + beta, (x, normal, mean, variance, gamma), mean, variance


def batchnorm_backward(dout, cache):
    """Step by step: variance, then mean, then the input."""
    x, normal, mean, variance, gamma = cache
    N, inverse = len(x), 1 / np.sqrt(variance + 1e-8)
    dnormal = dout * gamma
    dvariance = (dnormal * (x - mean)).sum(axis=0) * -0.5 * inverse**3
    dmean = -(dnormal * inverse).sum(axis=0)
    dx = dnormal * inverse + dvariance * 2 * (x - mean) / N + dmean / N
    return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)


def attention(Q, K, V):
    """softmax(Q K^T / sqrt(d)) V."""
    return softmax(Q @ K.T / np.sqrt(Q.shape[1])) @ V


def attention_backward(dy, Q, K, V):
    """The gradients for Q, K and V."""
    scale = np.sqrt(Q.shape[1])
    p = softmax(Q @ K.T / scale)
    dp = dy @ V.T
    ds = p * (dp - (dp * p).sum(axis=1, keepdims=True)) / scale
    return ds @ K, ds.T @ Q, p.T @ dy


def recurrent(x, U, R, V):
    """h_t = tanh(U x_t + R h_(t-1)), y_t = V h_t."""
    h, outputs = np.zeros((len(x), len(R))), []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ U.T + h @ R.T)
        outputs.append(h @ V.T)
    return np.stack(outputs, axis=1)


def recurrent_backward(accum_grad, x, U, R, V):
    """Every output goes back through all steps before it, but only its own step gives a gradient to the input."""
    states = [np.zeros((len(x), len(R)))]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ U.T + states[-1] @ R.T))
    dx, dU, dR, dV = np.zeros_like(x), np.zeros_like(U), np.zeros_like(R), np.zeros_like(V)
    for t in reversed(range(x.shape[1])):
        dV += accum_grad[:, t].T @ states[t + 1]
        d = accum_grad[:, t] @ V * (1 - states[t + 1] ** 2)
        dx[:, t] = d @ U
        for s in reversed(range(t + 1)):
            dU += d.T @ x[:, s]
            dR += d.T @ states[s]
            d = d @ R * (1 - states[s] ** 2)
    return dx, dU, dR, dV


def sigmoid(x):
    """1 / (1 + e^-x)."""
    return 1 / (1 + np.exp(-x))


def lstm_step(x, prev_h, prev_c, Wx, Wh, b):
    """The next state, the next cell, a cache."""
    i, f, o, g = np.split(x @ Wx + prev_h @ Wh + b, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    next_c = f * prev_c + i * g
    return o * np.tanh(next_c), next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    """The gradients for x, the last state and cell, both weights and the bias, from the cache."""
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    t = np.tanh(next_c)
    dc = dnext_c + dnext_h * o * (1 - t**2)
    gates = dc * g * i * (1 - i), dc * prev_c * f * (1 - f), dnext_h * t * o * (1 - o), dc * i * (1 - g**2)
    da = np.concatenate(gates, axis=1)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, prev_h.T @ da, da.sum(axis=0)


CONSTRUCTIONS = [
    Construction(
        "wiseodd/hipsternet",
        "batch normalisation step by step, with a cache",
        batchnorm, batchnorm_backward, (X, SCALE, SHIFT), "none",
    ),
    Construction(
        "ddbourgin/numpy-ml",
        "scaled dot-product attention",
        attention, attention_backward, (X, X[:4] + 1, RNG.standard_normal((4, 2))), "an upstream of ones, a reference",
    ),
    Construction(
        "eriklindernoren/ML-From-Scratch",
        "a recurrent layer whose input gets a gradient from its own step alone",
        recurrent, recurrent_backward, (STEPS, U, R, V), "none",
    ),
    Construction(
        "cs231n.github.io (assignments)",
        "one step of an LSTM: two outputs and a cache",
        lstm_step, lstm_step_backward, (X, H, C, WX, WH, B), "a random upstream, every entry",
    ),
]  # fmt: skip
