"""05 priors and Q: the flips seen from the noisy side.

T says what becomes of a true label. Who holds a noisy label asks the opposite: which true class does it come from?
Bayes answers with Q[i, j] = P(true = i | noisy = j), Eq. (41) and (43), and needs to know how frequent the classes are.
The report takes Q = T^T, Eq. (42); you will see when that is right.

    check your work    scratchnoise check 05
    a nudge            scratchnoise hint 05
"""

import numpy as np  # noqa: F401  (you will want it)


def priors(y, n_classes):
    """Share of each class: P(y = j) = number of labels j / N.

    y (N,) integers 0..C-1, n_classes C -> (C,) float64.

    A class without samples has a place as well:
    >>> priors(np.array([0, 1, 1, 3]), 4)
    array([0.25, 0.5 , 0.  , 0.25])

    Roughly 1 line.
    """
    raise NotImplementedError


def noisy_prior(T, prior):
    """Frequency of each noisy label: P(noisy = i) = sum_j T[i, j] P(true = j).

    Eq. (43), its denominator.
    T (C, C), prior (C,) -> (C,).

    P(noisy = 0) = 3/4 1/4 + 1/2 3/4 = 9/16:
    >>> noisy_prior(np.array([[0.75, 0.5], [0.25, 0.5]]), np.array([0.25, 0.75]))
    array([0.5625, 0.4375])

    Roughly 1 line.
    """
    raise NotImplementedError


def inverse_transition(T, prior):
    """Where a noisy label comes from: Q[i, j] = P(true = i | noisy = j) = T[j, i] P(true = i) / P(noisy = j).

    Eq. (41). Eq. (43).
    T (C, C), prior (C,) of the true classes -> (C, C), columns sum to 1.

    P(noisy = 0) = 5/8, so a label 0 is right with probability (3/4 1/2) / (5/8) = 3/5:
    >>> inverse_transition(np.array([[0.75, 0.5], [0.25, 0.5]]), np.array([0.5, 0.5])).round(4)
    array([[0.6   , 0.3333],
           [0.4   , 0.6667]])

    Roughly 2 lines.
    """
    raise NotImplementedError
