"""06 flip correction: from a noisy posterior to a clean one, as printed and as it should be.

A classifier trained on noisy labels learns q = P(noisy | x). The report maps it back with Bayes' Q, Eq. (8), as if x
said nothing about the true class once the noisy label is known. The noise model itself says q = T p, so p = T^-1 q:
another map, which can leave the simplex of probabilities and then needs a projection.

    check your work    scratchnoise check 06
    a nudge            scratchnoise hint 06
"""

import numpy as np  # noqa: F401  (you will want it)


def flip_back_bayes(q, T, prior):
    """The report's map: p_i = sum_j Q[i, j] q_j,  Q[i, j] = P(true = i | noisy = j).

    Eq. (8), as printed; the class with the largest p is Eq. (12).
    q (N, C) noisy posteriors, one a row; T (C, C), prior (C,) of the true classes -> (N, C), rows sum to 1.

    Certain labels give the columns of Q, here as rows:
    >>> flip_back_bayes(np.eye(2), np.array([[0.75, 0.5], [0.25, 0.5]]), np.array([0.5, 0.5])).round(4)
    array([[0.6   , 0.4   ],
           [0.3333, 0.6667]])

    Roughly 2 lines.
    """
    raise NotImplementedError


def flip_back_inverse(q, T):
    """What the noise model says: q = T p, so p = T^-1 q, for every sample.

    q (N, C), T (C, C) -> (N, C): rows sum to 1, and entries may be negative or above 1.

    T maps [1/2, 1/2] to [5/8, 3/8], and nothing to [1, 0]:
    >>> flip_back_inverse(np.array([[0.625, 0.375], [1.0, 0.0]]), np.array([[0.75, 0.5], [0.25, 0.5]])).round(4) + 0.0
    array([[ 0.5,  0.5],
           [ 2. , -1. ]])

    Roughly 1 line.
    """
    raise NotImplementedError


def project_to_simplex(v):
    """The nearest probabilities to each row: w = max(v - tau, 0), one tau for each row, such that sum_c w_c = 1.

    v (N, C) -> (N, C), entries >= 0, rows sum to 1, the order within a row stays.

    tau = 1/2 for the first row, where one entry is left, and 1/4 for the second:
    >>> project_to_simplex(np.array([[1.5, -0.5, 0.0], [1.0, 0.5, -0.5]]))
    array([[1.  , 0.  , 0.  ],
           [0.75, 0.25, 0.  ]])

    Roughly 4 lines.
    """
    raise NotImplementedError
