"""12 max pooling, forward and backward: the largest value wins, and gets all of the gradient.

An image is cut into tiles of size x size pixels; a remainder at the right and at the bottom is dropped. Of each tile
only the largest value goes on, so a small change of the others changes nothing.

    check your work    scratchnoise check 12
    a nudge            scratchnoise hint 12
"""

import numpy as np  # noqa: F401  (you will want it)


def maxpool2d_forward(x, size):
    """y = the largest value of each size x size tile,  argmax = h W + v, where it is in its image.

    x (N, H, W, K) -> y (N, H // size, W // size, K) and argmax, integers of the same shape: the maximum is in row h and
    column v of its image; of equal values it is the first in reading order.

    The last column does not fill a tile. 4 is at row 1, column 0; 7 at row 1, column 3; rows have W = 5 pixels:
    >>> x = np.array([[1.0, 3.0, 2.0, 0.0, 9.0], [4.0, 2.0, 5.0, 7.0, 9.0]]).reshape(1, 2, 5, 1)
    >>> y, argmax = maxpool2d_forward(x, 2)
    >>> y[0, :, :, 0], argmax[0, :, :, 0].tolist()
    (array([[4., 7.]]), [[5, 8]])

    Roughly 8 lines.
    """
    raise NotImplementedError


def maxpool2d_backward(dy, argmax, x_shape):
    """Adjoint of `maxpool2d_forward`: dx = dy at the maximum of each tile, 0 everywhere else.

    dy, argmax (N, Ho, Wo, K) as the forward pass left it, x_shape = (N, H, W, K) -> dx (N, H, W, K), dtype of dy.

    >>> dy, argmax = np.array([10.0, 20.0]).reshape(1, 1, 2, 1), np.array([5, 8]).reshape(1, 1, 2, 1)
    >>> maxpool2d_backward(dy, argmax, (1, 2, 5, 1))[0, :, :, 0]
    array([[ 0.,  0.,  0.,  0.,  0.],
           [10.,  0.,  0., 20.,  0.]])

    Roughly 4 lines.
    """
    raise NotImplementedError
