"""02 cross-entropy: the loss of softmax regression and its gradient.

The loss of a label is the surprise that it causes: minus the logarithm of its probability, Eq. (23). Its gradient in
the logits is the simplest of all, and one matrix product carries it to the weights: Eq. (11).

    check your work    scratchnoise check 02
    a nudge            scratchnoise hint 02
"""

import numpy as np  # noqa: F401  (you will want it)


def cross_entropy(z, y):
    """Loss of each sample: L(y, z) = -log softmax(z)_y.

    Eq. (23).
    z (N, C) logits, y (N,) labels 0..C-1 -> (N,). The dtype of z stays.

    The labels have the probabilities 3/4 and 1/2, so the losses are log 4/3 and log 2:
    >>> cross_entropy(np.log([[1.0, 3.0], [2.0, 2.0]]), np.array([1, 0])).round(4)
    array([0.2877, 0.6931])

    Logits may be as large as 1000; the loss is then 1000 or so, not inf. Roughly 3 lines.
    """
    raise NotImplementedError


def cross_entropy_grad(z, y):
    """Gradient of each sample's loss in its logits: dL / dz = softmax(z) - e_y,  e_y = 1 at the label, 0 elsewhere.

    Eq. (11), its bracket.
    z (N, C), y (N,) -> (N, C). No 1/N: whoever takes a mean divides.

    >>> cross_entropy_grad(np.log([[1.0, 3.0], [2.0, 2.0]]), np.array([1, 0]))
    array([[ 0.25, -0.25],
           [-0.5 ,  0.5 ]])

    Roughly 4 lines, softmax included.
    """
    raise NotImplementedError


def linear_backward_weights(dy, x):
    """From logits z = x w + b to the weights: dw = x^T dy,  db = sum_n dy_n.

    Eq. (11): with dy = softmax(z) - e_y this is the gradient of the *negative* log-likelihood.
    dy (N, F), x (N, D) -> dw (D, F), db (F,).

    >>> linear_backward_weights(np.array([[1.0, -1.0], [0.0, 2.0]]), np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]))
    (array([[ 1., -1.],
           [ 2.,  0.],
           [ 3., -3.]]), array([1., 1.]))

    Roughly 1 line.
    """
    raise NotImplementedError
