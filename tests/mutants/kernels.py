"""Wrong kernels, forward; wrong backward passes are in `backward_passes.py`."""

import numpy as np

from scratchnoise.check.properties import kernels
from scratchnoise.kernels import numpy_table as right

from .registry import rejected_by


@rejected_by(kernels.softmax_rows_are_distributions)
def softmax_that_overflows(z):
    """exp of the logits as they are."""
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(z)
        return e / e.sum(axis=1, keepdims=True)


@rejected_by(kernels.softmax_rows_are_distributions, kernels.softmax_ignores_a_shift)
def softmax_over_samples(z):
    """The sum runs over the batch."""
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


@rejected_by(kernels.softmax_ignores_a_shift)
def softmax_with_a_guard(z):
    """1e-8 added to the denominator: small logits lose."""
    return np.exp(z) / (np.exp(z).sum(axis=1, keepdims=True) + 1e-8)


@rejected_by(kernels.convolution_is_its_definition)
def filters_flipped(x, w, b, stride, pad):
    """A convolution in the sense of signal processing."""
    return right.conv2d_forward(x, w[::-1, ::-1], b, stride, pad)


@rejected_by(kernels.convolution_is_its_definition)
def padded_at_one_side(x, w, b, stride, pad):
    """All the zeros at the top and left."""
    x = np.pad(x, ((0, 0), (2 * pad, 0), (2 * pad, 0), (0, 0)))
    return right.conv2d_forward(x, w, b, stride, 0)


@rejected_by(kernels.convolution_is_its_definition)
def stride_of_rows_only(x, w, b, stride, pad):
    """Every column, then cut to the right width."""
    dense = right.conv2d_forward(x, w, b, 1, pad)[:, ::stride]
    return dense[:, :, : (x.shape[2] + 2 * pad - w.shape[1]) // stride + 1]


@rejected_by(kernels.pooling_takes_the_largest_of_each_tile)
def largest_of_the_image(x, size):
    """The maximum of the whole image in every tile."""
    N, H, W, K = x.shape
    flat = x.reshape(N, H * W, K)
    shape = (N, H // size, W // size, K)
    y, where = flat.max(axis=1), flat.argmax(axis=1)
    return np.broadcast_to(y[:, None, None], shape), np.broadcast_to(where[:, None, None], shape)


@rejected_by(kernels.pooling_takes_the_largest_of_each_tile)
def place_within_the_tile(x, size):
    """argmax counts within the tile instead of the image."""
    y, argmax = right.maxpool2d_forward(x, size)
    W = x.shape[2]
    return y, argmax // W % size * size + argmax % W % size


@rejected_by(kernels.pooling_takes_the_first_of_equal_values)
def last_of_equal_values(x, size):
    """`>=` for `>`."""
    y, argmax = right.maxpool2d_forward(x[:, ::-1, ::-1].copy(), size)
    H, W = x.shape[1:3]
    return y[:, ::-1, ::-1], (H * W - 1 - argmax)[:, ::-1, ::-1]


@rejected_by(kernels.pooling_averages_each_tile)
def sum_of_the_tile(x, size):
    """Not divided by the number of its places."""
    return size**2 * right.avgpool2d_forward(x, size) if size > 1 else 2 * x


@rejected_by(kernels.pooling_averages_each_tile)
def average_of_overlapping_tiles(x, size):
    """A stride of 1."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2)).mean(axis=(-2, -1))
    return windows[:, : x.shape[1] // size, : x.shape[2] // size]


@rejected_by(kernels.a_batch_is_normalised)
def variance_of_a_sample(x, scale, shift, epsilon):
    """Divides by N - 1."""
    mean, variance = x.mean(axis=0), x.var(axis=0, ddof=1)
    return scale * (x - mean) / np.sqrt(variance + epsilon) + shift, mean, variance


@rejected_by(kernels.a_batch_is_normalised)
def epsilon_beside_the_root(x, scale, shift, epsilon):
    """sqrt(variance) + epsilon."""
    _, mean, variance = right.batchnorm_forward(x, scale, shift, epsilon)
    return scale * (x - mean) / (np.sqrt(variance) + epsilon) + shift, mean, variance


@rejected_by(kernels.a_batch_is_normalised)
def normalised_over_channels(x, scale, shift, epsilon):
    """The moments of each sample."""
    mean, variance = x.mean(axis=1), x.var(axis=1)
    y = scale * (x - mean[:, None]) / np.sqrt(variance[:, None] + epsilon) + shift
    return y, *right.batchnorm_forward(x, scale, shift, epsilon)[1:]


@rejected_by(kernels.a_batch_is_normalised)
def sign_of_the_scale_lost(x, scale, shift, epsilon):
    """|scale|."""
    return right.batchnorm_forward(x, abs(scale), shift, epsilon)


@rejected_by(kernels.dropout_keeps_the_mean)
def kept_entries_not_scaled(x, rate, seed, step):
    """Dropout whose mean shrinks by 1 - rate."""
    return np.where(right.dropout_forward(x, rate, seed, step) != 0, x, 0)


@rejected_by(kernels.dropout_keeps_the_mean)
def rate_of_keeping(x, rate, seed, step):
    """Drops what it should keep."""
    return right.dropout_forward(x, 1 - rate, seed, step) if rate else x


@rejected_by(kernels.dropout_keeps_the_mean)
def one_mask_for_ever(x, rate, seed, step):
    """The step does not enter the hash."""
    return right.dropout_forward(x, rate, seed, 0)


@rejected_by(kernels.momentum_is_a_decaying_sum)
def velocity_forgotten(w, v, dw, learning_rate, momentum, weight_decay):
    """`=` for `+=`: plain gradient descent."""
    v = dw + weight_decay * w
    return w - learning_rate * v, v


@rejected_by(kernels.momentum_is_a_decaying_sum)
def averaged_velocity(w, v, dw, learning_rate, momentum, weight_decay):
    """(1 - momentum) dw: another convention, another learning rate."""
    v = momentum * v + (1 - momentum) * (dw + weight_decay * w)
    return w - learning_rate * v, v


@rejected_by(kernels.momentum_is_a_decaying_sum)
def decay_of_the_velocity_only(w, v, dw, learning_rate, momentum, weight_decay):
    """The penalty is not multiplied by the learning rate."""
    v = momentum * v + dw
    return w - learning_rate * v - weight_decay * w, v


@rejected_by(kernels.adam_divides_by_the_root_of_the_mean_square)
def root_left_out(w, mean, square, dw, rate, beta_1, beta_2, epsilon, weight_decay):
    """Divides by the mean square itself."""
    new, mean, square = right.adam(w, mean, square, dw, rate, beta_1, beta_2, epsilon, weight_decay)
    return w - rate * mean / (square + epsilon), mean, square


@rejected_by(kernels.adam_divides_by_the_root_of_the_mean_square)
def epsilon_under_the_root(w, mean, square, dw, rate, beta_1, beta_2, epsilon, weight_decay):
    """sqrt(square + epsilon)."""
    _, mean, square = right.adam(w, mean, square, dw, rate, beta_1, beta_2, epsilon, weight_decay)
    return w - rate * mean / np.sqrt(square + epsilon), mean, square


@rejected_by(kernels.adam_divides_by_the_root_of_the_mean_square)
def decay_beside_the_gradient(w, mean, square, dw, rate, beta_1, beta_2, epsilon, weight_decay):
    """Decoupled weight decay [Loshchilov and Hutter 2019], which is another penalty."""
    new, mean, square = right.adam(w, mean, square, dw, rate, beta_1, beta_2, epsilon, 0.0)
    return new - rate * weight_decay * w, mean, square


@rejected_by(kernels.adam_divides_by_the_root_of_the_mean_square)
def betas_exchanged(w, mean, square, dw, rate, beta_1, beta_2, epsilon, weight_decay):
    """beta_2 for the gradient."""
    return right.adam(w, mean, square, dw, rate, beta_2, beta_1, epsilon, weight_decay)


@rejected_by(kernels.a_ridge_removes_the_free_shift)
def ridge_left_out(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
    """l2 has no effect."""
    return right.linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, 0.0)


@rejected_by(kernels.a_ridge_removes_the_free_shift)
def ridge_of_the_whole_loss(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, l2):
    """The gradient of l2 ||w||^2, twice that of l2/2 ||w||^2."""
    return right.linear_sgd_epoch(w, b, x, y, T, sample_weight, order, batch_size, learning_rate, 2 * l2)


@rejected_by(kernels.the_objective_is_a_weighted_mean)
def objective_without_the_mean(w, b, x, y, T, sample_weight):
    """The sum over the samples, and its gradient."""
    return tuple(len(x) * found for found in right.linear_loss_grad(w, b, x, y, T, sample_weight))


@rejected_by(kernels.the_objective_is_a_weighted_mean)
def objective_over_the_sum_of_weights(w, b, x, y, T, sample_weight):
    """What `np.average` would give."""
    scale = len(x) / sample_weight.sum()
    return tuple(scale * found for found in right.linear_loss_grad(w, b, x, y, T, sample_weight))


@rejected_by(kernels.the_objective_is_a_weighted_mean)
def objective_without_weights(w, b, x, y, T, sample_weight):
    """Every sample counts once."""
    return right.linear_loss_grad(w, b, x, y, T, np.ones_like(sample_weight))


@rejected_by(kernels.the_objective_is_a_weighted_mean)
def objective_with_T_transposed(w, b, x, y, T, sample_weight):
    """P(true | noisy) for P(noisy | true)."""
    return right.linear_loss_grad(w, b, x, y, T.T, sample_weight)


@rejected_by(kernels.the_objective_is_a_weighted_mean)
def objective_without_its_last_sample(w, b, x, y, T, sample_weight):
    """A remainder is left out of the sum."""
    loss, dw, db = right.linear_loss_grad(w, b, x[:-1], y[:-1], T, sample_weight[:-1])
    share = (len(x) - 1) / len(x)
    return share * loss, share * dw, share * db


@rejected_by(kernels.the_gradient_of_the_objective_is_its_slope)
def gradient_of_the_last_block(w, b, x, y, T, sample_weight):
    """`=` for `+=`: two blocks of samples, the gradient of the second."""
    loss, _, _ = right.linear_loss_grad(w, b, x, y, T, sample_weight)
    half = len(x) // 2
    _, dw, db = right.linear_loss_grad(w, b, x[half:], y[half:], T, sample_weight[half:])
    share = (len(x) - half) / len(x)
    return loss, share * dw, share * db


@rejected_by(kernels.the_gradient_of_the_objective_is_its_slope)
def gradient_without_the_mean(w, b, x, y, T, sample_weight):
    """The mean of the losses, the sum of their gradients."""
    loss, dw, db = right.linear_loss_grad(w, b, x, y, T, sample_weight)
    return loss, len(x) * dw, len(x) * db


@rejected_by(kernels.the_gradient_of_the_objective_is_its_slope)
def gradient_without_weights(w, b, x, y, T, sample_weight):
    """The weighted loss, the gradient of the other one."""
    loss, _, _ = right.linear_loss_grad(w, b, x, y, T, sample_weight)
    return loss, *right.linear_loss_grad(w, b, x, y, T, np.ones_like(sample_weight))[1:]


@rejected_by(kernels.the_gradient_of_the_objective_is_its_slope)
def gradient_of_the_plain_loss(w, b, x, y, T, sample_weight):
    """p - one-hot where p - r should be: T corrects the loss alone."""
    loss, _, _ = right.linear_loss_grad(w, b, x, y, T, sample_weight)
    return loss, *right.linear_loss_grad(w, b, x, y, np.eye(len(T)), sample_weight)[1:]


@rejected_by(kernels.convolution_backward_is_the_adjoint)
def gradient_with_flipped_filters(dy, x, w, stride, pad):
    """dx through the filters turned by 180 degrees."""
    dx, _, _ = right.conv2d_backward(dy, x, w[::-1, ::-1], stride, pad)
    return dx, *right.conv2d_backward_weights(dy, x, *w.shape[:2], stride, pad)


@rejected_by(kernels.convolution_backward_is_the_adjoint)
def last_window_wins(dy, x, w, stride, pad):
    """`=` for `+=` where windows overlap."""
    R, S, _, _ = w.shape
    _, Ho, Wo, _ = dy.shape
    dx = np.zeros_like(np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0))))
    for r in range(R):
        for s in range(S):
            dx[:, r : r + stride * Ho : stride, s : s + stride * Wo : stride] = dy @ w[r, s].T
    dx = dx[:, pad : pad + x.shape[1], pad : pad + x.shape[2]]
    return dx, *right.conv2d_backward_weights(dy, x, R, S, stride, pad)
