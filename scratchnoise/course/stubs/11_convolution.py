"""11 convolution, forward and backward: the layer that sees images.

N images of H x W pixels and K channels, F filters of R x S pixels; channels come last. A filter slides over the image,
`stride` pixels at a time, over a border of `pad` zeros, and each output pixel is an inner product.

    check your work    scratchnoise check 11
    a nudge            scratchnoise hint 11
"""

import numpy as np  # noqa: F401  (you will want it)


def conv2d_forward(x, w, b, stride=1, pad=0):
    """Cross-correlation with zero padding (x is 0 outside of the image):

    y[n, i, j, f] = b_f + sum_rsk x[n, i stride + r - pad, j stride + s - pad, k] w[r, s, k, f]
    x (N, H, W, K), w (R, S, K, F), b (F,) -> (N, Ho, Wo, F), Ho = (H + 2 pad - R) // stride + 1, Wo likewise.

    The filter [[1, 0], [0, -2]] takes the pixel at its corner minus twice the one diagonally below:
    >>> x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(1, 2, 3, 1)
    >>> w = np.array([[1.0, 0.0], [0.0, -2.0]]).reshape(2, 2, 1, 1)
    >>> conv2d_forward(x, w, np.array([10.0]))[0, :, :, 0]
    array([[1., 0.]])

    Roughly 8 lines; loops are fine.
    """
    raise NotImplementedError


def conv2d_backward(dy, x, w, stride=1, pad=0):
    """Adjoint of `conv2d_forward`: every product of its sum, with the roles exchanged.

    dx[n,h,v,k] = sum dy[n,i,j,f] w[r,s,k,f],  dw[r,s,k,f] = sum dy[n,i,j,f] x[n,h,v,k],  db_f = sum dy[n,i,j,f]
    over all terms with h = i stride + r - pad and v = j stride + s - pad.
    dy (N, Ho, Wo, F), x (N, H, W, K), w (R, S, K, F) -> dx like x, dw like w, db (F,).

    Two windows overlap in the middle column:
    >>> x = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).reshape(1, 2, 3, 1)
    >>> w = np.array([[1.0, 0.0], [0.0, -2.0]]).reshape(2, 2, 1, 1)
    >>> dx, dw, db = conv2d_backward(np.array([1.0, 2.0]).reshape(1, 1, 2, 1), x, w)
    >>> dx[0, :, :, 0] + 0.0, dw[:, :, 0, 0], db
    (array([[ 1.,  2.,  0.],
           [ 0., -2., -4.]]), array([[ 5.,  8.],
           [14., 17.]]), array([3.]))

    Roughly 12 lines; loops are fine.
    """
    raise NotImplementedError
