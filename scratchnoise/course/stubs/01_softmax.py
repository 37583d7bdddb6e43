"""01 softmax: probabilities from logits, and the way back.

A classifier computes one number for each class, its logits z. Softmax turns them into probabilities, Eq. (22), and
every gradient of a classifier passes through it on its way back.

    check your work    scratchnoise check 01
    a nudge            scratchnoise hint 01
"""

import numpy as np  # noqa: F401  (you will want it)


def softmax(z):
    """Class probabilities: softmax(z)_c = exp(z_c) / sum_l exp(z_l).

    Eq. (22).
    z (N, C) logits -> (N, C), each row sums to 1. The dtype of z stays, and z itself is left as it was.

    A logit of log 3 has three times the odds of a logit of log 1:
    >>> softmax(np.log([[1.0, 3.0], [2.0, 2.0]]))
    array([[0.25, 0.75],
           [0.5 , 0.5 ]])

    Logits may be as large as 1000, where exp overflows. Roughly 2 lines.
    """
    raise NotImplementedError


def softmax_backward(dy, z):
    """Adjoint of `softmax`: with p = softmax(z), from dy = d loss / d p to dz = d loss / d z.

    dz_c = p_c (dy_c - sum_k p_k dy_k),  p = softmax(z)
    dy (N, C), z (N, C) -> (N, C).

    Here p = [1/4, 3/4], so dz = [1/4 (1 - 1/4), 3/4 (0 - 1/4)]:
    >>> softmax_backward(np.array([[1.0, 0.0]]), np.log([[1.0, 3.0]]))
    array([[ 0.1875, -0.1875]])

    Derive it before you type it: dp_k / dz_c = p_k ((k == c) - p_c). Roughly 2 lines.
    """
    raise NotImplementedError
