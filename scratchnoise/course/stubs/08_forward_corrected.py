"""08 the forward loss: predict the noisy label, learn the clean one.

The other way to correct a loss leaves the labels alone and adds the noise to the prediction: q = T p is what a model
with clean posterior p should say about noisy labels, Eq. (14). Its cross-entropy is the likelihood of robust softmax
regression, Eq. (16), and the long fraction of Eq. (17) is its gradient, which is short once you see what it means.

    check your work    scratchnoise check 08
    a nudge            scratchnoise hint 08
"""

import numpy as np  # noqa: F401  (you will want it)


def forward_cross_entropy(z, y, T):
    """Surprise at the noisy label: L = -log (T softmax(z))_y = -log sum_j T[y, j] p_j.

    Eq. (14). Eq. (16).
    z (N, C) logits, y (N,) noisy labels, T (C, C) with T[i, j] = P(noisy = i | true = j) -> (N,). The dtype of z stays.

    p = [1/4, 3/4], so q = [3/4 1/4 + 1/2 3/4, 1/4 1/4 + 1/2 3/4] = [9/16, 7/16]:
    >>> z, T = np.log([[1.0, 3.0], [1.0, 3.0]]), np.array([[0.75, 0.5], [0.25, 0.5]])
    >>> forward_cross_entropy(z, np.array([0, 1]), T).round(4)
    array([0.5754, 0.8267])

    Logits may be as large as 1000, and T may have zeros. Roughly 5 lines.
    """
    raise NotImplementedError


def forward_cross_entropy_grad(z, y, T):
    """Gradient of each sample's loss in its logits: dL / dz = p - r,  r_j = T[y, j] p_j / sum_l T[y, l] p_l.

    Eq. (17), short form: r is the posterior of the true class, given x and the noisy label.
    z (N, C), y (N,), T (C, C) -> (N, C).

    r = [3/4 1/4, 1/2 3/4] / (9/16) = [1/3, 2/3] for label 0, and [1/7, 6/7] for label 1:
    >>> z, T = np.log([[1.0, 3.0], [1.0, 3.0]]), np.array([[0.75, 0.5], [0.25, 0.5]])
    >>> forward_cross_entropy_grad(z, np.array([0, 1]), T).round(4)
    array([[-0.0833,  0.0833],
           [ 0.1071, -0.1071]])

    Roughly 4 lines.
    """
    raise NotImplementedError
