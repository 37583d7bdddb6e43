"""How a convolution is padded where its kernel is not a square, or where pad is "same".

The kernels take one `pad` for all four sides. Any other frame of zeros is laid around the images beforehand, and its
part of the gradient is cut off afterwards.
"""

from ..backend import arrays
from ..checks import check_count, is_whole
from ..messages import shown
from .layer import LARGEST


def check_window(kernel, pad):
    """Raise ValueError unless kernel is R or (R, S), whole numbers of at least 1, and pad a whole number or "same"."""
    sides = kernel if isinstance(kernel, tuple | list) else (kernel, kernel)
    if len(sides) != 2 or not all(is_whole(side) and 1 <= side <= LARGEST for side in sides):
        raise ValueError(f"kernel={shown(kernel)} should be a whole number of at least 1, or two: (rows, columns)")
    if isinstance(pad, str):
        if pad != "same":
            raise ValueError(f"pad={pad!r} should be 'same' or a whole number of at least 0")
    else:
        check_count(0, LARGEST, pad=pad)


def window(kernel):
    """(R, S) of a kernel that is one number or two."""
    R, S = kernel if isinstance(kernel, tuple | list) else (kernel, kernel)
    return int(R), int(S)


def margins(length, side, stride, pad):
    """Zeros before and after one axis; "same" is as many as give ceil(length / stride) outputs, the odd one after."""
    if pad != "same":
        return pad, pad
    total = max((-(-length // stride) - 1) * stride + side - length, 0)
    return total // 2, total - total // 2


class Frame:
    """The zeros around images of shape (H, W). `pad` is the kernel's: 0 where the frame is laid here."""

    def __init__(self, shape, kernel, stride, pad):
        sides = zip(shape, window(kernel), strict=True)
        self.rows, self.columns = (margins(length, side, stride, pad) for length, side in sides)
        self.equal = len({*self.rows, *self.columns}) == 1
        self.pad = self.rows[0] if self.equal else 0
        self.inside = tuple(slice(a, a + n) for (a, _), n in zip((self.rows, self.columns), shape, strict=True))

    def around(self, x):
        """x (N, H, W, K) as the kernel takes it."""
        if self.equal:
            return x
        N, H, W, K = x.shape
        framed = arrays().zeros((N, sum(self.rows) + H, sum(self.columns) + W, K), x.dtype)
        framed[(slice(None), *self.inside)] = x
        return framed

    def off(self, dx):
        """The gradient of x from that of `around(x)`."""
        return dx if self.equal else dx[(slice(None), *self.inside)].copy()
