"""What the facade checks before a kernel runs: compiled loops would read past the end of a wrong array.

Shapes are always checked. The values of labels and indices are looked at on the host alone: on a device every step
would wait for that, so whoever sends them there looks first.
"""

from ..backend import on_device


def check_shape(name, array, shape):
    """Raise ValueError unless `array` has this shape; None stands for any length."""
    fits = len(array.shape) == len(shape) and all(
        want is None or have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        wanted = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(f"{name} has shape {tuple(array.shape)}; it should be ({wanted})")


def check_labels(name, y, per_sample, classes=None):
    """Raise ValueError unless y holds one label in 0..C-1 for each row of `per_sample`."""
    classes = per_sample.shape[1] if classes is None else classes
    check_shape(name, y, (per_sample.shape[0],))
    if not on_device() and y.size and not (0 <= y.min() and y.max() < classes):
        raise ValueError(f"{name} has labels {y.min()}..{y.max()}; they should be 0..{classes - 1}")


def check_linear(x, w, b=None):
    """Raise ValueError unless x (N, D), w (D, F) and b (F,) fit together."""
    check_shape("w", w, (None, None))
    check_shape("x", x, (None, w.shape[0]))
    if b is not None:
        check_shape("b", b, (w.shape[1],))


def check_windows(x, R, S, stride, pad):
    """N, Ho, Wo of a convolution; ValueError when the images and an R x S kernel do not fit."""
    check_shape("x", x, (None, None, None, None))
    N, H, W, _ = x.shape
    if stride < 1 or pad < 0:
        raise ValueError(f"stride={stride}, pad={pad}; stride should be at least 1 and pad at least 0")
    if H + 2 * pad < R or W + 2 * pad < S:
        raise ValueError(f"x has images of {H} x {W}, smaller than the {R} x {S} kernel; enlarge them or pad")
    return N, (H + 2 * pad - R) // stride + 1, (W + 2 * pad - S) // stride + 1


def check_images(x, w, stride, pad):
    """The output shape of a convolution with filters w; ValueError when the images and the filters do not fit."""
    check_shape("w", w, (None, None, None, None))
    R, S, K, F = w.shape
    check_shape("x", x, (None, None, None, K))
    return *check_windows(x, R, S, stride, pad), F


def check_pool_size(name, shape, size):
    """Raise ValueError unless every image of `shape` (N, H, W, K) holds at least one whole tile."""
    if size < 1 or min(shape[1:3]) < size:
        raise ValueError(f"{name} has images of {shape[1]} x {shape[2]}; size={size} should be from 1 to the smaller")


def check_pooled(dy, y, argmax, shape, size):
    """Raise ValueError unless dy, y and argmax have the shape of what was pooled from `shape` (N, Ho, Wo, F)."""
    N, Ho, Wo, F = shape
    check_pool_size("the convolution", shape, size)
    for name, array in (("dy", dy), ("y", y), ("argmax", argmax)):
        check_shape(name, array, (N, Ho // size, Wo // size, F))


def check_order(order, n_samples):
    """Raise ValueError unless `order` holds indices of samples."""
    if not on_device() and order.size and not (0 <= order.min() and order.max() < n_samples):
        raise ValueError(f"order has indices {order.min()}..{order.max()}; they should be 0..{n_samples - 1}")
