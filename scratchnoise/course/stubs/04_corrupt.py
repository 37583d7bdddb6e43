"""04 corrupting labels: where label noise comes from.

Class-conditional noise replaces a true label by another with a probability that depends on the true class alone, Eq.
(3). The transition matrix T[i, j] = P(noisy = i | true = j) holds these probabilities, Eq. (37): its *columns* sum to
1. Uniform noise, Eq. (1) and (2), treats all classes alike.

    check your work    scratchnoise check 04
    a nudge            scratchnoise hint 04
"""

import numpy as np  # noqa: F401  (you will want it)


def uniform(n_classes, rho):
    """T of uniform noise: T[i, j] = rho for i != j,  T[j, j] = 1 - (C - 1) rho.

    Eq. (1). Eq. (2).
    n_classes C, rho the probability of each single wrong label -> (C, C) float64.

    >>> uniform(3, 0.25)
    array([[0.5 , 0.25, 0.25],
           [0.25, 0.5 , 0.25],
           [0.25, 0.25, 0.5 ]])

    Roughly 3 lines.
    """
    raise NotImplementedError


def corrupt(y, T, rng):
    """Noisy labels: P(noisy = i | true = j, x) = T[i, j], whatever x is.

    Eq. (3).
    y (N,) integers 0..C-1, T (C, C), rng a numpy Generator: the only source of chance -> (N,) integers. y itself is
    left as it was; every sample flips on its own.

    A T of zeros and ones leaves nothing to chance. Here 0 is renamed 1, 1 is renamed 2 and 2 is renamed 0:
    >>> T = np.array([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    >>> corrupt(np.array([0, 1, 2]), T, np.random.default_rng(0))
    array([1, 2, 0])

    Roughly 3 lines; a loop over the samples is fine.
    """
    raise NotImplementedError
