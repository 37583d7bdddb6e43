r"""The arithmetic of the package, one documented function per kernel; which table runs it is `backend.py`'s choice.

Six tables hold the same names; the path of one call, from the facade to the code that computes:

    kernels.softmax(z)   checks.py, then backend.table().softmax
        numpy            numpy_table           vectorised NumPy
        loops            loops_table        -> loops/      plain loops, read straight off the equations
        numba            numba_table        -> loops/ and vectors/, compiled
        c                c_table            -> c/          hand-written C
        cupy             cupy_table         -> cuda/       CUDA C on a GPU
        cuda_on_cpu      cuda_on_cpu_table  -> cuda/       the same source on the processor, to check it

Contract of every kernel, in every table: inputs are never modified, the output has the dtype of the first argument and
is C-contiguous, there is no randomness and no hidden cache: whatever a backward pass needs is an argument. `f_grad`
is the gradient of `f` in its first argument; `x_backward` takes the upstream gradient first; `d + name` is d loss / d
name.

N samples, C classes, D features, F outputs or filters, H W image, K input channels, R S kernel, Ho Wo output.

Before a table runs, the gate in `checks.py` promises it: real arrays of one dtype, float32 or float64, C-contiguous and
of NumPy's base class, in shapes that fit, of which only the number of samples may be 0; labels and places that are
whole numbers in range; scalars in range. What can become so without a choice is converted: any memory layout, lists,
bool, integers and float16, to the float dtype of the other arrays or else float64. All else raises one ValueError or
TypeError that names the argument, what is wrong, and what would be right, before anything is computed. NaN and inf in
float arrays pass: they show in the result. On a device numbers are not looked at; the CUDA source says what becomes of
an index that points outside.
"""

import numpy as np
from numpy.typing import ArrayLike

from ..backend import table
from .checks import (
    at_least,
    below_2_to_64,
    check_images,
    check_linear,
    check_pool_size,
    check_pooled,
    check_probabilities,
    check_same_shape,
    check_shape,
    check_windows,
    dropout_rate,
    finite,
    image_shape,
    indices,
    logits_and_noisy_labels,
    logits_and_weights,
    positive,
    real_arrays,
    weights_and_noisy_samples,
)


def softmax(z: ArrayLike) -> np.ndarray:
    r"""Class probabilities: softmax(z)_c = exp(z_c) / sum_l exp(z_l).

    Eq. (9). Eq. (15). Eq. (22).
    z (N, C) -> (N, C), rows sum to 1.
    """
    (z,) = real_arrays(z=z)
    check_shape("z", z, (None, None))
    return table().softmax(z)


def log_softmax(z: ArrayLike) -> np.ndarray:
    """Logarithm of `softmax` without overflow: z_c - log sum_l exp(z_l).

    z (N, C) -> (N, C).
    """
    (z,) = real_arrays(z=z)
    check_shape("z", z, (None, None))
    return table().log_softmax(z)


def signed_cross_entropy(z: ArrayLike, a: ArrayLike) -> np.ndarray:
    """Cross-entropy against weights `a` that may be negative: -sum_c a_c log softmax(z)_c.

    One kernel for plain cross-entropy (a = one-hot, Eq. (23)), the backward correction (a = row y of T^-T,
    Eq. (30)) and soft labels. Unbounded below as soon as some a_c < 0.
    z (N, C), a (N, C) -> (N,).
    """
    return table().signed_cross_entropy(*logits_and_weights(z, a))


def signed_cross_entropy_grad(z: ArrayLike, a: ArrayLike) -> np.ndarray:
    """Gradient of `signed_cross_entropy` in the logits: (sum_c a_c) softmax(z) - a.

    z (N, C), a (N, C) -> (N, C).
    """
    return table().signed_cross_entropy_grad(*logits_and_weights(z, a))


def forward_cross_entropy(z: ArrayLike, y: ArrayLike, T: ArrayLike) -> np.ndarray:
    """Cross-entropy of the noisy posterior: -log (T softmax(z))_y, in the log domain (zeros in T are allowed).

    Eq. (14). Eq. (16).
    z (N, C), y (N,) noisy labels, T (C, C) with T[i, j] = P(noisy = i | true = j) -> (N,).
    Source: [Pat+17], forward correction.
    """
    return table().forward_cross_entropy(*logits_and_noisy_labels(z, y, T))


def forward_cross_entropy_grad(z: ArrayLike, y: ArrayLike, T: ArrayLike) -> np.ndarray:
    """Gradient of `forward_cross_entropy` in the logits: p - r, with r_j = T[y, j] p_j / (T p)_y.

    r is the posterior of the true label given x and the noisy label, so r = softmax(z + log T[y]).
    Eq. (17), short form.
    z (N, C), y (N,), T (C, C) -> (N, C).
    """
    return table().forward_cross_entropy_grad(*logits_and_noisy_labels(z, y, T))


def linear_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Affine map: y = x w + b.

    Eq. (21), the inside of sigma.
    x (N, D), w (D, F), b (F,) -> (N, F).
    """
    x, w, b = real_arrays(x=x, w=w, b=b)
    check_linear(x, w, b)
    return table().linear_forward(x, w, b)


def linear_backward(dy: ArrayLike, x: ArrayLike, w: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adjoint of `linear_forward`: dx = dy w^T, dw = x^T dy, db = sum_n dy_n.

    dy (N, F), x (N, D), w (D, F) -> dx (N, D), dw (D, F), db (F,).
    """
    dy, x, w = real_arrays(dy=dy, x=x, w=w)
    check_linear(x, w)
    check_shape("dy", dy, (x.shape[0], w.shape[1]))
    return table().linear_backward(dy, x, w)


def linear_backward_weights(dy: ArrayLike, x: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """The dw and db of `linear_backward` alone, for a first layer, whose dx nobody asks for.

    Eq. (11): with dy = softmax(z) - one-hot this is the gradient of softmax regression.
    dy (N, F), x (N, D) -> dw (D, F), db (F,).
    """
    dy, x = real_arrays(dy=dy, x=x)
    check_shape("x", x, (None, None))
    check_shape("dy", dy, (x.shape[0], None))
    return table().linear_backward_weights(dy, x)


def conv2d_forward(x: ArrayLike, w: ArrayLike, b: ArrayLike, stride: int = 1, pad: int = 0) -> np.ndarray:
    """Cross-correlation with zero padding: each output pixel is the inner product of a filter and a window of x.

    y[n, i, j, f] = b_f + sum_rsk x[n, i stride + r - pad, j stride + s - pad, k] w[r, s, k, f].
    x (N, H, W, K), w (R, S, K, F), b (F,) -> (N, Ho, Wo, F), Ho = (H + 2 pad - R) // stride + 1.
    """
    x, w, b = real_arrays(x=x, w=w, b=b)
    stride, pad = at_least(1, stride=stride), at_least(0, pad=pad)
    check_images(x, w, stride, pad)
    check_shape("b", b, (w.shape[3],))
    return table().conv2d_forward(x, w, b, stride, pad)


def conv2d_backward(
    dy: ArrayLike, x: ArrayLike, w: ArrayLike, stride: int = 1, pad: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adjoint of `conv2d_forward`: every product of its sum, with the roles exchanged.

    dx[n,h,v,k] = sum dy[n,i,j,f] w[r,s,k,f],  dw[r,s,k,f] = sum dy[n,i,j,f] x[n,h,v,k],  db_f = sum dy[n,i,j,f],
    over all i stride + r - pad = h, j stride + s - pad = v.
    dy (N, Ho, Wo, F), x (N, H, W, K), w (R, S, K, F) -> dx like x, dw like w, db (F,).
    """
    dy, x, w = real_arrays(dy=dy, x=x, w=w)
    stride, pad = at_least(1, stride=stride), at_least(0, pad=pad)
    check_shape("dy", dy, check_images(x, w, stride, pad))
    return table().conv2d_backward(dy, x, w, stride, pad)


def conv2d_backward_weights(
    dy: ArrayLike, x: ArrayLike, R: int, S: int, stride: int = 1, pad: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """The dw and db of `conv2d_backward` alone, for a first layer, whose dx nobody asks for.

    dy (N, Ho, Wo, F), x (N, H, W, K), R S kernel size -> dw (R, S, K, F), db (F,).
    """
    dy, x = real_arrays(dy=dy, x=x)
    R, S = at_least(1, R=R), at_least(1, S=S)
    stride, pad = at_least(1, stride=stride), at_least(0, pad=pad)
    check_shape("dy", dy, (*check_windows(x, R, S, stride, pad), None))
    return table().conv2d_backward_weights(dy, x, R, S, stride, pad)


def maxpool2d_forward(x: ArrayLike, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Largest value of every size x size tile; a remainder at the right and bottom edge is dropped.

    x (N, H, W, K) -> y (N, H // size, W // size, K) and argmax int32, the place h W + v of the maximum in its image
    (the first of equal values).
    """
    (x,) = real_arrays(x=x)
    size = at_least(1, size=size)
    check_shape("x", x, (None, None, None, None))
    check_pool_size("x", x.shape, size)
    return table().maxpool2d_forward(x, size)


def maxpool2d_backward(dy: ArrayLike, argmax: ArrayLike, x_shape: tuple[int, ...]) -> np.ndarray:
    """Adjoint of `maxpool2d_forward`: each dy is added to the input that was the maximum, all others get zero.

    dy, argmax (N, Ho, Wo, K) as the forward pass left it, x_shape = (N, H, W, K) -> dx (N, H, W, K).
    """
    (dy,) = real_arrays(dy=dy)
    x_shape = image_shape(x_shape, dy)
    argmax = indices("argmax", argmax, x_shape[1] * x_shape[2], np.int32)
    check_shape("argmax", argmax, dy.shape)
    return table().maxpool2d_backward(dy, argmax, x_shape)


def avgpool2d_forward(x: ArrayLike, size: int) -> np.ndarray:
    """Mean of every size x size tile; a remainder at the right and bottom edge is dropped.

    y[n, i, j, k] = 1 / size^2 sum_rs x[n, i size + r, j size + s, k].
    x (N, H, W, K) -> (N, H // size, W // size, K).
    """
    (x,) = real_arrays(x=x)
    size = at_least(1, size=size)
    check_shape("x", x, (None, None, None, None))
    check_pool_size("x", x.shape, size)
    return table().avgpool2d_forward(x, size)


def avgpool2d_backward(dy: ArrayLike, x_shape: tuple[int, ...], size: int) -> np.ndarray:
    """Adjoint of `avgpool2d_forward`: every input of a tile gets dy / size^2, a remainder zero.

    dy (N, H // size, W // size, K), x_shape = (N, H, W, K) -> dx (N, H, W, K).
    """
    (dy,) = real_arrays(dy=dy)
    x_shape, size = image_shape(x_shape, dy), at_least(1, size=size)
    check_pool_size("x_shape", x_shape, size)
    check_shape("dy", dy, (x_shape[0], x_shape[1] // size, x_shape[2] // size, x_shape[3]))
    return table().avgpool2d_backward(dy, x_shape, size)


def batchnorm_forward(
    x: ArrayLike, scale: ArrayLike, shift: ArrayLike, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each channel shifted and scaled to mean shift and deviation scale over the batch.

    y_nk = scale_k (x_nk - mean_k) / sqrt(variance_k + epsilon) + shift_k,
    mean_k = 1/N sum_n x_nk, variance_k = 1/N sum_n (x_nk - mean_k)^2.
    x (N, K), of images a row for each pixel, scale (K,), shift (K,), epsilon > 0 -> y (N, K), mean (K,), variance (K,).
    Source: [Ioffe and Szegedy 2015].
    """
    x, scale, shift = real_arrays(x=x, scale=scale, shift=shift)
    check_shape("x", x, (None, None))
    check_shape("scale", scale, (x.shape[1],))
    check_shape("shift", shift, (x.shape[1],))
    return table().batchnorm_forward(x, scale, shift, positive(epsilon=epsilon))


def batchnorm_backward(
    dy: ArrayLike, x: ArrayLike, mean: ArrayLike, variance: ArrayLike, scale: ArrayLike, epsilon: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adjoint of `batchnorm_forward`; mean and variance depend on x, so that every dx depends on all dy of its channel.

    With h = (x - mean) / sqrt(variance + epsilon): dshift = sum_n dy_n, dscale = sum_n dy_n h_n,
    dx_n = scale / sqrt(variance + epsilon) (dy_n - dshift / N - h_n dscale / N).
    dy (N, K), x (N, K), mean (K,) and variance (K,) as the forward pass left them, scale (K,)
    -> dx (N, K), dscale (K,), dshift (K,).
    """
    dy, x, mean, variance, scale = real_arrays(dy=dy, x=x, mean=mean, variance=variance, scale=scale)
    check_shape("x", x, (None, None))
    check_shape("dy", dy, x.shape)
    for name, array in (("mean", mean), ("variance", variance), ("scale", scale)):
        check_shape(name, array, (x.shape[1],))
    return table().batchnorm_backward(dy, x, mean, variance, scale, positive(epsilon=epsilon))


def relu_forward(x: ArrayLike) -> np.ndarray:
    """Rectified linear unit: sigma(x) = max(0, x).

    Eq. (21), the sigma.
    x of any shape -> the same shape.
    """
    (x,) = real_arrays(x=x)
    check_same_shape(x=x)
    return table().relu_forward(x)


def relu_backward(dy: ArrayLike, x: ArrayLike) -> np.ndarray:
    """Adjoint of `relu_forward`: dx = 0 where x <= 0, else dy. The output serves as well as the input for `x`.

    dy, x of one shape -> the same shape.
    """
    dy, x = real_arrays(dy=dy, x=x)
    check_same_shape(dy=dy, x=x)
    return table().relu_backward(dy, x)


def conv2d_relu_maxpool2d_forward(
    x: ArrayLike, w: ArrayLike, b: ArrayLike, stride: int, pad: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Convolution, ReLU and max pooling in one pass: y = max over each size x size tile of max(0, conv2d_forward).

    x, w, b, stride and pad as in `conv2d_forward` -> y (N, Ho // size, Wo // size, F) and argmax int32, the place
    h Wo + v of the maximum in what the convolution alone would return (N, Ho, Wo, F).
    """
    x, w, b = real_arrays(x=x, w=w, b=b)
    stride, pad, size = at_least(1, stride=stride), at_least(0, pad=pad), at_least(1, size=size)
    check_pool_size("the convolution", check_images(x, w, stride, pad), size)
    check_shape("b", b, (w.shape[3],))
    return table().conv2d_relu_maxpool2d_forward(x, w, b, stride, pad, size)


def conv2d_relu_maxpool2d_backward(
    dy: ArrayLike, y: ArrayLike, argmax: ArrayLike, x: ArrayLike, w: ArrayLike, stride: int, pad: int, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Adjoint of `conv2d_relu_maxpool2d_forward`: that of the convolution, at the maxima that are positive.

    dy, y, argmax (N, Ho // size, Wo // size, F), the latter two as the forward pass left them, x (N, H, W, K),
    w (R, S, K, F), stride, pad and size as then -> dx like x, dw like w, db (F,).
    """
    dy, y, x, w = real_arrays(dy=dy, y=y, x=x, w=w)
    stride, pad, size = at_least(1, stride=stride), at_least(0, pad=pad), at_least(1, size=size)
    argmax = check_pooled(dy, y, argmax, check_images(x, w, stride, pad), size)
    return table().conv2d_relu_maxpool2d_backward(dy, y, argmax, x, w, stride, pad, size)


def conv2d_relu_maxpool2d_backward_weights(
    dy: ArrayLike, y: ArrayLike, argmax: ArrayLike, x: ArrayLike, R: int, S: int, stride: int, pad: int, size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The dw and db of `conv2d_relu_maxpool2d_backward` alone, for a first layer, whose dx nobody asks for.

    Only one place of every tile has a gradient: the others are not even looked at.
    dy, y, argmax (N, Ho // size, Wo // size, F), x (N, H, W, K), R S kernel size -> dw (R, S, K, F), db (F,).
    """
    dy, y, x = real_arrays(dy=dy, y=y, x=x)
    R, S = at_least(1, R=R), at_least(1, S=S)
    stride, pad, size = at_least(1, stride=stride), at_least(0, pad=pad), at_least(1, size=size)
    check_shape("dy", dy, (None, None, None, None))
    argmax = check_pooled(dy, y, argmax, (*check_windows(x, R, S, stride, pad), dy.shape[3]), size)
    return table().conv2d_relu_maxpool2d_backward_weights(dy, y, argmax, x, R, S, stride, pad, size)


def dropout_forward(x: ArrayLike, rate: float, seed: int, step: int) -> np.ndarray:
    """Inverted dropout: each entry is 0 with probability `rate`, else divided by 1 - rate.

    Entry i is kept when SplitMix64(seed, step, i) >= rate as a number in [0, 1): no state, so backward redraws the
    very same mask and every table draws the same.
    x of any shape, 0 <= rate < 1, seed and step integers in [0, 2^64) -> the same shape.
    """
    (x,) = real_arrays(x=x)
    check_same_shape(x=x)
    return table().dropout_forward(x, dropout_rate(rate), *below_2_to_64(seed=seed, step=step))


def dropout_backward(dy: ArrayLike, rate: float, seed: int, step: int) -> np.ndarray:
    """Adjoint of `dropout_forward` with the same rate, seed and step.

    dy of any shape -> the same shape.
    """
    (dy,) = real_arrays(dy=dy)
    check_same_shape(dy=dy)
    return table().dropout_backward(dy, dropout_rate(rate), *below_2_to_64(seed=seed, step=step))


def sgd_momentum(
    w: ArrayLike, v: ArrayLike, dw: ArrayLike, learning_rate: float, momentum: float, weight_decay: float
) -> tuple[np.ndarray, np.ndarray]:
    """One step of SGD with momentum: v' = momentum v + dw + weight_decay w,  w' = w - learning_rate v'.

    w, v, dw of one shape -> new w and v. Source: [Sut+13].
    """
    w, v, dw = real_arrays(w=w, v=v, dw=dw)
    check_same_shape(w=w, v=v, dw=dw)
    rates = finite(learning_rate=learning_rate, momentum=momentum, weight_decay=weight_decay)
    return table().sgd_momentum(w, v, dw, *rates)


def adam(
    w: ArrayLike,
    mean: ArrayLike,
    square: ArrayLike,
    dw: ArrayLike,
    learning_rate: float,
    beta_1: float,
    beta_2: float,
    epsilon: float,
    weight_decay: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One step of Adam: running means of the gradient and of its square decide about each number's own step.

    g = dw + weight_decay w,  mean' = beta_1 mean + (1 - beta_1) g,  square' = beta_2 square + (1 - beta_2) g^2,
    w' = w - learning_rate mean' / (sqrt(square') + epsilon).
    learning_rate includes the correction of step t for means that began at 0, sqrt(1 - beta_2^t) / (1 - beta_1^t).
    w, mean, square, dw of one shape, square >= 0 -> new w, new mean, new square. Source: [Kingma and Ba 2015].
    """
    w, mean, square, dw = real_arrays(w=w, mean=mean, square=square, dw=dw)
    check_same_shape(w=w, mean=mean, square=square, dw=dw)
    rates = finite(learning_rate=learning_rate, beta_1=beta_1, beta_2=beta_2)
    return table().adam(w, mean, square, dw, *rates, positive(epsilon=epsilon), *finite(weight_decay=weight_decay))


def linear_sgd_epoch(
    w: ArrayLike,
    b: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    T: ArrayLike,
    sample_weight: ArrayLike,
    order: ArrayLike,
    batch_size: int,
    learning_rate: float,
    l2: float,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Minibatch SGD of (robust) softmax regression over the samples in `order`; T = I is the plain regression.

    For each batch B: dz_n = weight_n (p_n - r_n) / |B|, w <- w - learning_rate (sum_n x_n dz_n^T + l2 w), b likewise.
    Eq. (11), Eq. (17).
    w (D, C), b (C,), x (N, D), y (N,), T (C, C), sample_weight (N,), order (M,) int64 indices
    -> new w, new b, mean loss of the M samples as each was met (float).
    """
    arrays = weights_and_noisy_samples(w, b, x, y, T, sample_weight)
    order = indices("order", order, len(arrays[2]))
    check_shape("order", order, (None,))
    batch_size = at_least(1, batch_size=batch_size)
    rates = finite(learning_rate=learning_rate, l2=l2)
    return table().linear_sgd_epoch(*arrays, order, batch_size, *rates)


def linear_loss_grad(
    w: ArrayLike, b: ArrayLike, x: ArrayLike, y: ArrayLike, T: ArrayLike, sample_weight: ArrayLike
) -> tuple[float, np.ndarray, np.ndarray]:
    """The loss of (robust) softmax regression over all samples, and its gradient; T = I is the plain regression.

    loss = (1/N) sum_n weight_n (-log (T softmax(x_n w + b))_{y_n}), summed in float64, without a penalty.
    dz_n = weight_n (p_n - r_n) / N, dw = sum_n x_n dz_n^T, db = sum_n dz_n.
    Eq. (11), Eq. (17), short form.
    w (D, C), b (C,), x (N, D), y (N,), T (C, C), sample_weight (N,) -> loss (float), dw (D, C), db (C,).
    """
    return table().linear_loss_grad(*weights_and_noisy_samples(w, b, x, y, T, sample_weight))


def flip_rate_update(gamma: ArrayLike, p: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> np.ndarray:
    """The exact M-step for the flip rates: G[j, k] = sum of weight r_j over samples labelled k, rows normalised.

    r_j = gamma[j, k] p_j / sum_l gamma[l, k] p_l. A class j of no mass keeps its row.
    Eq. (19), with the index c bound to k and the normaliser of row j.
    gamma (C, C) rows sum to 1, gamma = T^T; p (N, C) clean posteriors; y (N,) noisy labels;
    sample_weight (N,) -> new gamma.
    Source: [BK12].
    """
    gamma, p, sample_weight = real_arrays(gamma=gamma, p=p, sample_weight=sample_weight)
    check_shape("p", p, (None, None))
    N, C = p.shape
    y = indices("y", y, C)
    check_shape("gamma", gamma, (C, C))
    check_probabilities("gamma", gamma)
    check_shape("y", y, (N,))
    check_shape("sample_weight", sample_weight, (N,))
    return table().flip_rate_update(gamma, p, y, sample_weight)
