"""The arithmetic below the losses and layers: definitions written out, and adjoints."""

import numpy as np

from .. import strategies
from ..compare import assert_close
from ..kernel_strategies import KERNEL_ARGUMENTS
from ..property import holds_for
from .oracles import softmax as softmax_oracle

STEP = 1e-5  # of central differences: their error is about its square


def arguments_of(kernel):
    """For `holds_for`: the tuple of arguments of a kernel."""
    return lambda N, C: KERNEL_ARGUMENTS[kernel]


@holds_for(z=strategies.extreme_logits)
def softmax_rows_are_distributions(softmax, z):
    """Every row sums to 1, in [0, 1], for logits of 1000 too: the largest logit is taken off first.

    Eq. (22). softmax(z (N, C)) -> (N, C).
    """
    p = np.asarray(softmax(z))
    hint = "each sample is a row, and exp(1000) overflows"
    assert_close("softmax(z)", p, softmax_oracle(z), 1e-12, hint)
    assert_close("row sums", p.sum(axis=1), np.ones(len(z)), 1e-12, hint)


@holds_for("z", shift=lambda N, C: strategies.quarters(-9, 9))
def softmax_ignores_a_shift(softmax, z, shift):
    """Adding one number to the logits of a sample changes no probability.

    Eq. (9): W is defined up to one vector that is added to every w_c. softmax(z (N, C)) -> (N, C).
    """
    shifts = shift * np.arange(1, len(z) + 1)[:, None]
    assert_close("softmax(z + c)", softmax(z + shifts), softmax(z), 1e-12, f"a shift for each sample: {shifts[:, 0]}")


@holds_for(args=arguments_of("conv2d_forward"))
def convolution_is_its_definition(conv2d_forward, args):
    """Each output pixel is the bias plus the inner product of the filter, not flipped, with a window of zero-padded x.

    conv2d_forward(x (N, H, W, K), w (R, S, K, F), b (F,), stride, pad) -> (N, Ho, Wo, F).
    """
    x, w, b, stride, pad = args
    R, S, _, F = w.shape
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    Ho, Wo = (padded.shape[1] - R) // stride + 1, (padded.shape[2] - S) // stride + 1
    expected = np.empty((len(x), Ho, Wo, F))
    for i in range(Ho):
        for j in range(Wo):
            window = padded[:, i * stride : i * stride + R, j * stride : j * stride + S]
            expected[:, i, j] = np.einsum("nrsk,rskf->nf", window, w) + b
    assert_close("y", conv2d_forward(*args), expected, 1e-11, f"stride={stride}, pad={pad}; filters are not flipped")


@holds_for(args=arguments_of("conv2d_backward"))
def convolution_backward_is_the_adjoint(conv2d_backward, args):
    """Convolution is linear in x and in w, so backward is its transpose: <dy, conv(x, w)> = <dx, x> = <dw, w>.

    dy is taken from the same kernel's inputs, so nothing but transposition makes the three equal.
    conv2d_backward(dy, x, w, stride, pad) -> dx, dw, db.
    """
    dy, x, w, stride, pad = args
    R, S, _, _ = w.shape
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (R, S), axis=(1, 2))[:, ::stride, ::stride]
    y = np.einsum("nijkrs,rskf->nijf", windows, w)
    dx, dw, db = conv2d_backward(*args)
    for name, inner in (("<dx, x>", np.vdot(dx, x)), ("<dw, w>", np.vdot(dw, w))):
        hint = "windows overlap: an input adds up what all its windows send back"
        assert_close(name, inner, np.vdot(dy, y), 1e-10, hint)
    assert_close("db", db, dy.sum(axis=(0, 1, 2)), 1e-11, "a bias is seen by every pixel of every image")


@holds_for(args=arguments_of("maxpool2d_forward"))
def pooling_takes_the_largest_of_each_tile(maxpool2d_forward, args):
    """Tiles do not overlap, a remainder is dropped, argmax is the place h W + v of the maximum within its own image.

    maxpool2d_forward(x (N, H, W, K), size) -> y (N, H // size, W // size, K), argmax.
    """
    x, size = args
    N, H, W, K = x.shape
    y, argmax = maxpool2d_forward(x, size)
    tiles = x[:, : H // size * size, : W // size * size].reshape(N, H // size, size, W // size, size, K)
    assert_close("y", y, tiles.max(axis=(2, 4)), 0, f"size={size}")
    found = np.take_along_axis(x.reshape(N, H * W, K), np.asarray(argmax, np.int64).reshape(N, -1, K), axis=1)
    assert_close("x at argmax", found.reshape(np.shape(y)), tiles.max(axis=(2, 4)), 0, "argmax = h W + v")


@holds_for(rows=lambda N, C: strategies.quarters(1, 3))
def pooling_takes_the_first_of_equal_values(maxpool2d_forward, rows):
    """Equal values have one maximum, the first in reading order, so that every backend sends gradients to one place.

    maxpool2d_forward(x (N, H, W, K), size) -> y, argmax.
    """
    _, argmax = maxpool2d_forward(np.full((1, 4, 6, 1), rows), 2)
    assert_close("argmax", argmax[0, :, :, 0], np.array([[0, 2, 4], [12, 14, 16]]), 0, "the first of equal values")


@holds_for(args=arguments_of("avgpool2d_forward"))
def pooling_averages_each_tile(avgpool2d_forward, args):
    """Tiles do not overlap and a remainder is dropped.

    avgpool2d_forward(x (N, H, W, K), size) -> y (N, H // size, W // size, K).
    """
    x, size = args
    N, H, W, K = x.shape
    tiles = x[:, : H // size * size, : W // size * size].reshape(N, H // size, size, W // size, size, K)
    assert_close("y", avgpool2d_forward(x, size), tiles.mean(axis=(2, 4)), 1e-12, f"size={size}")


@holds_for(args=arguments_of("batchnorm_forward"))
def a_batch_is_normalised(batchnorm_forward, args):
    """Each channel gets the mean shift and the deviation |scale|, less what epsilon takes; the moments are returned.

    batchnorm_forward(x (N, K), scale (K,), shift (K,), epsilon) -> y, mean, variance, the latter divided by N.
    """
    x, scale, shift, epsilon = args
    y, mean, variance = (np.asarray(result) for result in batchnorm_forward(*args))
    assert_close("mean", mean, x.mean(axis=0), 1e-12)
    assert_close("variance", variance, x.var(axis=0), 1e-11, "1/N, not 1 / (N - 1)")
    assert_close("mean of y", y.mean(axis=0), shift, 1e-11)
    deviation = abs(scale) * np.sqrt(x.var(axis=0) / (x.var(axis=0) + epsilon))
    assert_close("deviation of y", y.std(axis=0), deviation, 1e-10, f"epsilon={epsilon}")
    towards = ((y - shift) * (x - x.mean(axis=0))).mean(axis=0)
    assert_close("sign of scale", np.sign(towards), np.sign(scale), 0)


@holds_for("seed", rate=lambda N, C: strategies.quarters(0, 1).filter(lambda r: r < 1))
def dropout_keeps_the_mean(dropout_forward, seed, rate):
    """A share `rate` of the entries is 0, the rest is divided by 1 - rate; another step drops others.

    dropout_forward(x, rate, seed, step) -> shape of x.
    """
    x = np.full((40, 50), 3.0)
    first, again, next_step = (dropout_forward(x, rate, seed, step) for step in (7, 7, 8))
    kept = np.asarray(first) != 0
    scaled = np.full(kept.sum(), 3 / (1 - rate))
    assert_close("the kept entries", np.asarray(first)[kept], scaled, 1e-12, f"rate={rate}")
    assert_close("the second call", again, first, 0, "seed and step decide everything: backward draws the same mask")
    dropped, allowed = 1 - kept.mean(), 6 * np.sqrt(rate * (1 - rate) / x.size)
    assert abs(dropped - rate) <= allowed, f"{dropped:.1%} of the entries are 0; it should be {rate:.0%}"
    assert rate == 0 or (first != next_step).any(), "steps 7 and 8 dropped the same entries"


@holds_for(args=arguments_of("sgd_momentum"))
def momentum_is_a_decaying_sum(sgd_momentum, args):
    """v collects gradients and the decay of w, older ones times momentum; w moves by the learning rate times v.

    sgd_momentum(w, v, dw, learning_rate, momentum, weight_decay) -> new w, new v.
    """
    w, v, dw, rate, momentum, decay = args
    w1, v1 = sgd_momentum(w, v, dw, rate, momentum, decay)
    w2, v2 = sgd_momentum(np.asarray(w1), np.asarray(v1), -2 * dw, rate, momentum, decay)
    first = momentum * v + dw + decay * w
    second = momentum * first - 2 * dw + decay * (w - rate * first)
    hint = f"learning_rate={rate}, momentum={momentum}, weight_decay={decay}"
    assert_close("v after two steps", v2, second, 1e-11, hint)
    assert_close("w after two steps", w2, w - rate * first - rate * second, 1e-11, hint)


@holds_for(args=arguments_of("adam"))
def adam_divides_by_the_root_of_the_mean_square(adam, args):
    """Two steps by the formula; the means are those of the gradient with its decay.

    adam(w, mean, square, dw, learning_rate, beta_1, beta_2, epsilon, weight_decay) -> new w, new mean, new square.
    """
    w, mean, square, dw, rate, beta_1, beta_2, epsilon, decay = args
    found, hint = (w, mean, square), f"beta_1={beta_1}, beta_2={beta_2}, epsilon={epsilon}, weight_decay={decay}"
    for sign in (1, -2):
        found = tuple(map(np.asarray, adam(*found, sign * dw, rate, beta_1, beta_2, epsilon, decay)))
        g = sign * dw + decay * w
        mean, square = beta_1 * mean + (1 - beta_1) * g, beta_2 * square + (1 - beta_2) * g**2
        w = w - rate * mean / (np.sqrt(square) + epsilon)
        for name, mine, right in zip(("w", "mean", "square"), found, (w, mean, square), strict=True):
            assert_close(name, mine, right, 1e-9, hint)


@holds_for(args=arguments_of("linear_sgd_epoch"), shift=lambda N, C: strategies.quarters(1, 3))
def a_ridge_removes_the_free_shift(linear_sgd_epoch, args, shift):
    """One vector added to all w_c changes no gradient, so it stays; a ridge shrinks it by 1 - rate l2 each step.

    linear_sgd_epoch(w (D, C), b, x, y, T, sample_weight, order, batch_size, learning_rate, l2) -> w, b, mean loss.
    """
    w, *rest, order, batch_size, rate, _ = args
    steps = -(-len(order) // batch_size)
    direction = shift * np.arange(1, len(w) + 1)[:, None] * np.ones_like(w)
    for l2 in (0.0, 0.5):
        from_w, *_ = linear_sgd_epoch(w, *rest, order, batch_size, rate, l2)
        from_shifted, *_ = linear_sgd_epoch(w + direction, *rest, order, batch_size, rate, l2)
        left = (1 - rate * l2) ** steps * direction
        hint = f"{steps} steps, learning_rate={rate}, l2={l2}; the penalty on the mean loss is l2/2 ||w||^2"
        assert_close("what is left of the shift", from_shifted - from_w, left, 1e-10, hint)


@holds_for(args=arguments_of("linear_loss_grad"))
def the_objective_is_a_weighted_mean(linear_loss_grad, args):
    """The loss is the mean over all N samples of weight times -log (T p)_y, however many samples there are.

    linear_loss_grad(w (D, C), b, x, y, T, sample_weight) -> loss, dw, db.
    """
    w, b, x, y, T, weight = args
    loss, _, _ = linear_loss_grad(*args)
    noisy = (softmax_oracle(x @ w + b) @ T.T)[np.arange(len(y)), y]
    hint = "(1/N) sum_n weight_n (-log (T p_n)_{y_n}): divide by N, not by the sum of the weights"
    assert_close("loss", loss, -(weight * np.log(noisy)).sum() / len(y), 1e-11, hint)


@holds_for(args=arguments_of("linear_loss_grad"))
def the_gradient_of_the_objective_is_its_slope(linear_loss_grad, args):
    """dw and db are the derivatives of the loss: the loss is differentiated entry by entry, by central differences.

    Eq. (11), eq. (17). linear_loss_grad(w (D, C), b, x, y, T, sample_weight) -> loss, dw, db.
    """
    w, b, *samples = args
    _, dw, db = linear_loss_grad(*args)
    for name, found, k in (("dw", dw, 0), ("db", db, 1)):
        assert np.shape(found) == args[k].shape, f"{name} has shape {np.shape(found)}; it should be {args[k].shape}"
        slopes = np.empty_like(args[k])
        for i in np.ndindex(args[k].shape):
            moved = [w.copy(), b.copy()]
            moved[k][i] += STEP
            above, *_ = linear_loss_grad(*moved, *samples)
            moved[k][i] -= 2 * STEP
            below, *_ = linear_loss_grad(*moved, *samples)
            slopes[i] = (above - below) / (2 * STEP)
        assert_close(name, found, slopes, 1e-6, f"the slope of the loss in each entry of {'wb'[k]}")
