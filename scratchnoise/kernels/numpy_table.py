"""The kernels as vectorised NumPy: the second, independent formulation, and the table that needs nothing else.

N samples, C classes, D features, H W image, K input channels, F filters, R S kernel, Ho Wo output.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

ROWS = 4096  # samples of a full batch whose logits are there at once: memory does not grow with the data

# --- softmax and the two losses --------------------------------------------------------------------------


def log_softmax(z):
    shifted = below_largest(z)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(z):
    e = np.exp(below_largest(z))
    return e / e.sum(axis=1, keepdims=True)


def signed_cross_entropy(z, a):
    weighted = np.zeros_like(z)
    np.multiply(a, log_softmax(z), out=weighted, where=a != 0)  # 0 * log 0 is 0
    return -weighted.sum(axis=1)


def signed_cross_entropy_grad(z, a):
    return a.sum(axis=1, keepdims=True) * softmax(z) - a


def forward_cross_entropy(z, y, T):
    allowed, joint = joint_logits(z, y, T)
    top, top_allowed, joint_top = z.max(axis=1), allowed.max(axis=1), joint.max(axis=1)
    total = np.exp(below_largest(z)).sum(axis=1)
    joint_total = np.exp(below_largest(joint)).sum(axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        loss = (top - top_allowed) - joint_top + np.log(total) - np.log(joint_total)
        impossible = total * z.dtype.type(np.inf)  # -log 0; still NaN where a logit is NaN
    return np.where(top_allowed == -np.inf, impossible, loss)


def forward_cross_entropy_grad(z, y, T):
    _, joint = joint_logits(z, y, T)
    return softmax(z) - softmax(joint)


def joint_logits(z, y, T):
    """The logits that T[y] allows, -inf for the others; and less the largest of them, plus log T[y]."""
    allowed = np.where(T[y] > 0, z, -np.inf).astype(z.dtype)
    with np.errstate(divide="ignore"):  # log 0 = -inf is what an impossible flip means
        return allowed, below_largest(allowed) + np.log(T[y])


def below_largest(z):
    """z_j - max_l z_l: exponentials of it neither overflow nor vanish together."""
    with np.errstate(over="ignore", invalid="ignore"):  # a difference of -inf has the exponential 0, which is right
        return z - z.max(axis=1, keepdims=True)


# --- linear layer ----------------------------------------------------------------------------------------


def linear_forward(x, w, b):
    return x @ w + b


def linear_backward(dy, x, w):
    return dy @ w.T, *linear_backward_weights(dy, x)


def linear_backward_weights(dy, x):
    return x.T @ dy, dy.sum(axis=0)


# --- convolution -----------------------------------------------------------------------------------------


def padded(x, pad):
    return np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))


def windows(x, R, S, stride, pad):
    """Every R x S window as a view, (N, Ho, Wo, K, R, S)."""
    return sliding_window_view(padded(x, pad), (R, S), axis=(1, 2))[:, ::stride, ::stride]


def conv2d_forward(x, w, b, stride, pad):
    R, S, _, _ = w.shape
    return np.tensordot(windows(x, R, S, stride, pad), w, axes=([4, 5, 3], [0, 1, 2])) + b


def conv2d_backward(dy, x, w, stride, pad):
    R, S, _, _ = w.shape
    _, Ho, Wo, _ = dy.shape
    _, H, W, _ = x.shape
    dx = np.zeros_like(padded(x, pad))
    for r in range(R):
        for s in range(S):  # the inputs that filter tap (r, s) saw, all at once
            dx[:, r : r + stride * Ho : stride, s : s + stride * Wo : stride] += dy @ w[r, s].T
    dx = np.ascontiguousarray(dx[:, pad : pad + H, pad : pad + W])
    return dx, *conv2d_backward_weights(dy, x, R, S, stride, pad)


def conv2d_backward_weights(dy, x, R, S, stride, pad):
    dw = np.tensordot(windows(x, R, S, stride, pad), dy, axes=([0, 1, 2], [0, 1, 2]))  # (K, R, S, F)
    return np.ascontiguousarray(dw.transpose(1, 2, 0, 3)), dy.sum(axis=(0, 1, 2))


# --- max pooling, ReLU, dropout --------------------------------------------------------------------------


def maxpool2d_forward(x, size):
    N, H, W, K = x.shape
    Ho, Wo = H // size, W // size
    tiles = x[:, : Ho * size, : Wo * size].reshape(N, Ho, size, Wo, size, K)
    tiles = tiles.transpose(0, 1, 3, 5, 2, 4).reshape(N, Ho, Wo, K, size * size)
    within = tiles.argmax(axis=-1)
    h = np.arange(Ho)[:, None, None] * size + within // size
    v = np.arange(Wo)[None, :, None] * size + within % size
    y = np.take_along_axis(tiles, within[..., None], axis=-1)[..., 0]
    return y, (h * W + v).astype(np.int32)


def maxpool2d_backward(dy, argmax, x_shape):
    N, H, W, K = x_shape
    dx = np.zeros((N, H * W, K), dy.dtype)
    n, k = np.arange(N)[:, None, None, None], np.arange(K)
    np.add.at(dx, (n, argmax, k), dy)
    return dx.reshape(x_shape)


def relu_forward(x):
    return np.maximum(x, 0)  # NaN stays NaN


def relu_backward(dy, x):
    return np.where(x <= 0, dy.dtype.type(0), dy)


def avgpool2d_forward(x, size):
    N, H, W, K = x.shape
    Ho, Wo = H // size, W // size
    tiles = x[:, : Ho * size, : Wo * size].reshape(N, Ho, size, Wo, size, K)
    return np.ascontiguousarray(tiles.mean(axis=(2, 4)))


def avgpool2d_backward(dy, x_shape, size):
    N, Ho, Wo, K = dy.shape
    dx = np.zeros(x_shape, dy.dtype)
    dx[:, : Ho * size, : Wo * size] = (dy / size**2).repeat(size, axis=1).repeat(size, axis=2)
    return dx


def batchnorm_forward(x, scale, shift, epsilon):
    N = max(len(x), 1)
    mean = x.sum(axis=0, dtype=np.float64) / N
    variance = ((x - mean) ** 2).sum(axis=0) / N
    y = scale * ((x - mean) / np.sqrt(variance + epsilon)) + shift
    return y.astype(x.dtype), mean.astype(x.dtype), variance.astype(x.dtype)


def batchnorm_backward(dy, x, mean, variance, scale, epsilon):
    N = max(len(x), 1)
    slope = 1 / np.sqrt(variance.astype(np.float64) + epsilon)
    h = (x - mean.astype(np.float64)) * slope
    dscale, dshift = (dy * h).sum(axis=0), dy.sum(axis=0, dtype=np.float64)
    dx = scale * slope * (dy - dshift / N - h * (dscale / N))
    return dx.astype(x.dtype), dscale.astype(x.dtype), dshift.astype(x.dtype)


def conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size):
    y, argmax = maxpool2d_forward(conv2d_forward(x, w, b, stride, pad), size)
    return relu_forward(y), argmax  # ReLU and maximum commute: after the pooling it is less work


def conv2d_relu_maxpool2d_backward(dy, y, argmax, x, w, stride, pad, size):
    R, S, _, _ = w.shape
    return conv2d_backward(unpooled(dy, y, argmax, x, R, S, stride, pad), x, w, stride, pad)


def conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, R, S, stride, pad, size):
    return conv2d_backward_weights(unpooled(dy, y, argmax, x, R, S, stride, pad), x, R, S, stride, pad)


def unpooled(dy, y, argmax, x, R, S, stride, pad):
    """The gradient of what the convolution returned, (N, Ho, Wo, F)."""
    N, Ho, Wo = windows(x, R, S, stride, pad).shape[:3]
    return maxpool2d_backward(relu_backward(dy, y), argmax, (N, Ho, Wo, dy.shape[3]))


def splitmix64(state):
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)  # uint64 arrays wrap, as they should
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return state ^ (state >> np.uint64(31))


def dropout_forward(x, rate, seed, step):
    golden = 0x9E3779B97F4A7C15
    start = splitmix64(np.array([(seed + step * golden) % 2**64], np.uint64))
    index = np.arange(1, x.size + 1, dtype=np.uint64)
    uniform = (splitmix64(start + index * np.uint64(golden)) >> np.uint64(11)) * 2.0**-53
    keep = (uniform >= rate).reshape(x.shape)
    return np.where(keep, x * x.dtype.type(1.0 / (1.0 - rate)), x.dtype.type(0))


dropout_backward = dropout_forward  # a diagonal matrix is its own transpose


# --- updates ---------------------------------------------------------------------------------------------


def sgd_momentum(w, v, dw, learning_rate, momentum, weight_decay):
    v = momentum * v + dw + weight_decay * w
    return w - learning_rate * v, v


def adam(w, mean, square, dw, learning_rate, beta_1, beta_2, epsilon, weight_decay):
    g = dw + weight_decay * w
    mean = beta_1 * mean + (1 - beta_1) * g
    square = beta_2 * square + (1 - beta_2) * g * g
    return w - learning_rate * mean / (np.sqrt(square) + epsilon), mean, square


def linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
    sum_of_losses = 0.0
    for start in range(0, order.size, batch_size):
        batch = order[start : start + batch_size]
        loss, dw, db = linear_loss_grad(w, b, x[batch], y[batch], T, sample_weight[batch])
        sum_of_losses += batch.size * loss
        w, b = w - learning_rate * (dw + l2 * w), b - learning_rate * db
    return w, b, sum_of_losses / max(order.size, 1)


def linear_loss_grad(w, b, x, y, T, sample_weight):
    N = len(x)
    sum_of_losses, dw, db = 0.0, np.zeros_like(w), np.zeros_like(b)
    for start in range(0, N, ROWS):
        rows = slice(start, start + ROWS)
        z = linear_forward(x[rows], w, b)
        losses = forward_cross_entropy(z, y[rows], T)
        sum_of_losses += float(np.dot(sample_weight[rows].astype(np.float64), losses.astype(np.float64)))
        dz = forward_cross_entropy_grad(z, y[rows], T) * (sample_weight[rows] / N)[:, None]
        dw_of_rows, db_of_rows = linear_backward_weights(dz, x[rows])
        dw += dw_of_rows
        db += db_of_rows
    return sum_of_losses / max(N, 1), dw, db


def flip_rate_update(gamma, p, y, sample_weight):
    C = gamma.shape[0]
    joint = gamma.T[y] * p  # P(true = j, noisy = y_n given x_n), (N, C)
    noisy = joint.sum(axis=1, keepdims=True)
    posterior = np.divide(joint, noisy, out=np.zeros_like(joint), where=noisy != 0) * sample_weight[:, None]
    G = np.stack([posterior[y == k].sum(axis=0) for k in range(C)], axis=1)
    total = G.sum(axis=1, keepdims=True)
    return np.where(total != 0, G / np.where(total != 0, total, 1), gamma).astype(gamma.dtype)
