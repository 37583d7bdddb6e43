"""07 the backward-corrected loss: right on average, whatever the noise.

Cross-entropy on noisy labels learns the noise. The backward correction replaces the loss of each label by a mixture of
the losses of all classes, such that the mean over the noise is the loss of the true label, Eq. (28) and (30). The
weights of the mixture may be negative, and so may the loss.

    check your work    scratchnoise check 07
    a nudge            scratchnoise hint 07
"""

import numpy as np  # noqa: F401  (you will want it)


def backward_corrected(z, y, T):
    """Corrected loss: L~ = T^-T L:  L~_y = sum_j (T^-1)[j, y] L_j,  L_j = -log softmax(z)_j.

    Eq. (30). So that sum_i T[i, j] L~_i = L_j.
    z (N, C) logits, y (N,) noisy labels, T (C, C) with T[i, j] = P(noisy = i | true = j) -> (N,). The dtype of z stays.

    T^-1 = [[2, -2], [-1, 3]] and L = [log 4, log 4/3], so L~ = [2 log 4 - log 4/3, -2 log 4 + 3 log 4/3]:
    >>> z, T = np.log([[1.0, 3.0], [1.0, 3.0]]), np.array([[0.75, 0.5], [0.25, 0.5]])
    >>> backward_corrected(z, np.array([0, 1]), T).round(4)
    array([ 2.4849, -1.9095])

    Logits may be as large as 1000. Roughly 4 lines.
    """
    raise NotImplementedError


def backward_corrected_grad(z, y, T):
    """Gradient of each sample's loss in its logits: dL~ / dz = softmax(z) - a,  a_j = (T^-1)[j, y].

    z (N, C), y (N,), T (C, C) -> (N, C).

    The signed labels are the columns of T^-1, [2, -1] and [-2, 3]:
    >>> z, T = np.log([[1.0, 3.0], [1.0, 3.0]]), np.array([[0.75, 0.5], [0.25, 0.5]])
    >>> backward_corrected_grad(z, np.array([0, 1]), T)
    array([[-1.75,  1.75],
           [ 2.25, -2.25]])

    Derive it from the gradient of exercise 02: a has negative entries, but they sum to 1. Roughly 4 lines.
    """
    raise NotImplementedError
