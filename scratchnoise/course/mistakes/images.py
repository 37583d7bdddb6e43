"""Wrong convolution and pooling: exercises 11 and 12."""

import numpy as np

from ...kernels import numpy_table as right
from ..exercise import mistake

# --- 11 convolution --------------------------------------------------------------------------------------


@mistake("conv2d_forward")
def filters_flipped(x, w, b, stride, pad):
    """The filters are turned by 180 degrees: that is convolution in the sense of signal processing. Here tap (r, s)
    meets the pixel r rows below and s columns to the right of the corner."""
    return right.conv2d_forward(x, w[::-1, ::-1], b, stride, pad)


@mistake("conv2d_forward")
def bias_forgotten(x, w, b, stride, pad):
    """The bias b_f is missing."""
    return right.conv2d_forward(x, w, np.zeros_like(b), stride, pad)


@mistake("conv2d_forward")
def padded_at_one_side(x, w, b, stride, pad):
    """All the zeros are at the top and left: `pad` rows and columns belong on each side."""
    x = np.pad(x, ((0, 0), (2 * pad, 0), (2 * pad, 0), (0, 0)))
    return right.conv2d_forward(x, w, b, stride, 0)


@mistake("conv2d_forward")
def padded_with_the_edge(x, w, b, stride, pad):
    """You pad with copies of the edge: the padding is zeros."""
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad), (0, 0)), mode="edge")
    return right.conv2d_forward(x, w, b, stride, 0)


@mistake("conv2d_forward")
def stride_ignored(x, w, b, stride, pad):
    """The output has a pixel for every position: with stride 2 only every second row and column of windows counts."""
    return right.conv2d_forward(x, w, b, 1, pad)


@mistake("conv2d_forward")
def windows_side_by_side(x, w, b, stride, pad):
    """The output has the right size, but its windows are neighbours: output pixel i begins at i stride, not at i."""
    y = right.conv2d_forward(x, w, b, 1, pad)
    Ho, Wo = ((n + 2 * pad - t) // stride + 1 for n, t in zip(x.shape[1:3], w.shape[:2], strict=True))
    return y[:, :Ho, :Wo]


@mistake("conv2d_forward")
def padding_ignored(x, w, b, stride, pad):
    """`pad` does not enter: surround x with that many rows and columns of zeros."""
    return right.conv2d_forward(x, w, b, stride, 0)


@mistake("conv2d_forward")
def transposed_filter(x, w, b, stride, pad):
    """Rows and columns of the filter have changed places: w[r, s], r goes down and s to the right."""
    return right.conv2d_forward(x.transpose(0, 2, 1, 3), w, b, stride, pad).transpose(0, 2, 1, 3)


@mistake("conv2d_forward")
def first_channel_only(x, w, b, stride, pad):
    """Only the first channel is seen: the sum runs over k as well."""
    return right.conv2d_forward(x[..., :1], w[:, :, :1], b, stride, pad)


@mistake("conv2d_backward")
def last_window_wins(dy, x, w, stride, pad):
    """`=` for `+=` in dx: windows overlap, and an input adds up what all of its windows send back."""
    dx = np.zeros_like(right.padded(x, pad))
    for r, s in np.ndindex(w.shape[:2]):
        rows, columns = (slice(t, t + stride * n, stride) for t, n in zip((r, s), dy.shape[1:3], strict=True))
        dx[:, rows, columns] = dy @ w[r, s].T
    dx = dx[:, pad : pad + x.shape[1], pad : pad + x.shape[2]]
    return dx, *right.conv2d_backward_weights(dy, x, *w.shape[:2], stride, pad)


@mistake("conv2d_backward")
def last_pixel_wins(dy, x, w, stride, pad):
    """`=` for `+=` in dx, in a loop over the output: windows overlap, and an input adds up what all of them
    send back."""
    dx, (R, S) = np.zeros_like(right.padded(x, pad)), w.shape[:2]
    for i, j in np.ndindex(dy.shape[1:3]):
        rows, columns = slice(i * stride, i * stride + R), slice(j * stride, j * stride + S)
        dx[:, rows, columns] = np.tensordot(dy[:, i, j], w, axes=(1, 3))
    dx = dx[:, pad : pad + x.shape[1], pad : pad + x.shape[2]]
    return dx, *right.conv2d_backward_weights(dy, x, R, S, stride, pad)


@mistake("conv2d_backward")
def upstream_of_ones(dy, x, w, stride, pad):
    """dy does not enter: these are the gradients of the sum of all outputs."""
    return right.conv2d_backward(np.ones_like(dy), x, w, stride, pad)


@mistake("conv2d_backward")
def dx_with_flipped_filters(dy, x, w, stride, pad):
    """dx goes through flipped filters. In the adjoint every product dy w returns to the very pixel that it came
    from."""
    dx, _, _ = right.conv2d_backward(dy, x, w[::-1, ::-1], stride, pad)
    return dx, *right.conv2d_backward_weights(dy, x, *w.shape[:2], stride, pad)


@mistake("conv2d_backward")
def mean_over_images(dy, x, w, stride, pad):
    """dw and db are means over the images; they are sums."""
    dx, dw, db = right.conv2d_backward(dy, x, w, stride, pad)
    return dx, dw / len(x), db / len(x)


@mistake("conv2d_backward")
def bias_of_one_pixel(dy, x, w, stride, pad):
    """db adds up dy over the images only: a bias is seen by every pixel, so the sum runs over N, Ho and Wo."""
    dx, dw, _ = right.conv2d_backward(dy, x, w, stride, pad)
    return dx, dw, dy.sum(axis=0)[0, 0]


@mistake("conv2d_backward")
def padding_not_cropped(dy, x, w, stride, pad):
    """dx still has the padding around it: cut `pad` rows and columns off each side."""
    dx = np.zeros_like(right.padded(x, pad))
    for r, s in np.ndindex(w.shape[:2]):
        rows, columns = (slice(t, t + stride * n, stride) for t, n in zip((r, s), dy.shape[1:3], strict=True))
        dx[:, rows, columns] += dy @ w[r, s].T
    return dx, *right.conv2d_backward_weights(dy, x, *w.shape[:2], stride, pad)


@mistake("conv2d_backward")
def cropped_at_the_wrong_end(dy, x, w, stride, pad):
    """dx is shifted: of the padded gradient you keep the top left; the image begins at row `pad` and column `pad`."""
    dx, dw, db = padding_not_cropped(dy, x, w, stride, pad)
    return dx[:, : x.shape[1], : x.shape[2]], dw, db


# --- 12 max pooling --------------------------------------------------------------------------------------


@mistake("maxpool2d_forward")
def largest_of_the_image(x, size):
    """You take the maximum of the whole image: every tile has its own."""
    N, H, W, K = x.shape
    flat, shape = x.reshape(N, H * W, K), (N, H // size, W // size, K)
    y, where = flat.max(axis=1), flat.argmax(axis=1)
    return np.broadcast_to(y[:, None, None], shape), np.broadcast_to(where[:, None, None], shape)


@mistake("maxpool2d_forward")
def place_within_the_tile(x, size):
    """The maxima are right. argmax counts within the tile; it should be the place in the image, h W + v."""
    y, argmax = right.maxpool2d_forward(x, size)
    W = x.shape[2]
    return y, argmax // W % size * size + argmax % W % size


@mistake("maxpool2d_forward")
def last_of_equal_values(x, size):
    """Of equal values you take the last, `>=` for `>`: it should be the first, so that the way back is unique."""
    y, argmax = right.maxpool2d_forward(x, size)
    N, H, W, K = x.shape
    Ho, Wo = y.shape[1:3]
    tiles = x[:, : Ho * size, : Wo * size].reshape(N, Ho, size, Wo, size, K).transpose(0, 1, 3, 5, 2, 4)
    place = size * size - 1 - tiles.reshape(N, Ho, Wo, K, -1)[..., ::-1].argmax(axis=-1)
    h, v = np.arange(Ho)[:, None, None] * size + place // size, np.arange(Wo)[:, None] * size + place % size
    return y, h * W + v


@mistake("maxpool2d_forward")
def mean_of_the_tile(x, size):
    """You take the mean of each tile: that is another pooling."""
    y, argmax = right.maxpool2d_forward(x, size)
    Ho, Wo = y.shape[1:3]
    tiles = x[:, : Ho * size, : Wo * size].reshape(len(x), Ho, size, Wo, size, -1)
    return tiles.mean(axis=(2, 4)), argmax


@mistake("maxpool2d_forward")
def overlapping_windows(x, size):
    """Your windows move by one pixel: tiles do not overlap, they move by `size`."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(1, 2))
    return windows.max(axis=(4, 5)), windows.reshape(*windows.shape[:4], -1).argmax(axis=-1)


@mistake("maxpool2d_forward")
def width_of_the_output(x, size):
    """argmax is h Wo + v with the width of the *output*; it should be the width W of the image."""
    y, argmax = right.maxpool2d_forward(x, size)
    W, Wo = x.shape[2], x.shape[2] // size
    return y, argmax // W * Wo + argmax % W


@mistake("maxpool2d_forward")
def columns_before_rows(x, size):
    """argmax is v H + h: it counts down the columns. Count along the rows, h W + v."""
    y, argmax = right.maxpool2d_forward(x, size)
    H, W = x.shape[1:3]
    return y, argmax % W * H + argmax // W


@mistake("maxpool2d_backward")
def mask_of_the_maxima(dy, argmax, x_shape):
    """A mask of ones at the maxima: each has to be multiplied by its dy."""
    return right.maxpool2d_backward(np.ones_like(dy), argmax, x_shape)


@mistake("maxpool2d_backward")
def shared_by_the_image(dy, argmax, x_shape):
    """You share dy among all inputs: only the maximum of its tile moved the output, it gets all of it."""
    share = dy.sum(axis=(1, 2), keepdims=True) / (x_shape[1] * x_shape[2])
    return np.broadcast_to(share, x_shape).copy()


@mistake("maxpool2d_backward")
def all_to_the_first_maximum(dy, argmax, x_shape):
    """All of dy goes to one place of each image: every tile has a maximum of its own."""
    return right.maxpool2d_backward(dy, np.broadcast_to(argmax[:, :1, :1], argmax.shape), x_shape)


@mistake("maxpool2d_backward")
def first_image_only(dy, argmax, x_shape):
    """All images use the argmax of the first one, or all channels that of the first channel."""
    return right.maxpool2d_backward(dy, np.broadcast_to(argmax[:1, :, :, :1], argmax.shape), x_shape)


@mistake("maxpool2d_backward")
def upstream_only(dy, argmax, x_shape):
    """You return zeros, or dy in the corner: the values have to be written where argmax points."""
    dx = np.zeros(x_shape, dy.dtype)
    dx[:, : dy.shape[1], : dy.shape[2]] = dy
    return dx
