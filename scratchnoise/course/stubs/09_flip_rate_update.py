"""09 learning the flip rates: expectation and maximisation.

Robust softmax regression can learn the noise together with the classes. The flip rates gamma[j, k] = P(noisy = k | true
= j) are T^T, so their *rows* sum to 1, Eq. (13). Eq. (19) improves them by counting: if the true classes were known,
how often was class j labelled k? They are not known, so each sample counts with its posterior.

    check your work    scratchnoise check 09
    a nudge            scratchnoise hint 09
"""

import numpy as np  # noqa: F401  (you will want it)


def flip_rate_update(gamma, p, y, sample_weight):
    """New flip rates, with r_j = gamma[j, k] p_j / sum_l gamma[l, k] p_l, k = y_n the label of the sample:

    G[j, k] = sum of weight r_j over the samples labelled k,  gamma[j, k] <- G[j, k] / sum_k G[j, k]
    Eq. (19), with its unbound c bound to k. A row of G that is all zeros keeps its old gamma.
    gamma (C, C), p (N, C) clean posteriors, y (N,) noisy labels, sample_weight (N,) -> (C, C). The dtype of gamma
    stays.

    The posteriors r are [3/5, 2/5], [1/3, 2/3] and [9/11, 2/11]; two samples are labelled 0 and one is labelled 1, so
    G = [[3/5 + 9/11, 1/3], [2/5 + 2/11, 2/3]]:
    >>> gamma, p = np.array([[0.75, 0.25], [0.5, 0.5]]), np.array([[0.5, 0.5], [0.5, 0.5], [0.75, 0.25]])
    >>> flip_rate_update(gamma, p, np.array([0, 1, 0]), np.ones(3)).round(4)
    array([[0.8097, 0.1903],
           [0.466 , 0.534 ]])

    Roughly 6 lines.
    """
    raise NotImplementedError
