"""10 anchor points: finding T without clean labels.

A sample that is certainly of class j is an anchor of class j. Its noisy label is drawn from column j of T, so a
classifier of *noisy* labels tells that column there, Eq. (33). Nobody knows the anchors; Eq. (34) takes the sample that
looks most like class j.

    check your work    scratchnoise check 10
    a nudge            scratchnoise hint 10
"""

import numpy as np  # noqa: F401  (you will want it)


def anchor_argmax(q):
    """T from the most certain samples: T[i, j] = P(noisy = i | x^j),  x^j = argmax_x P(noisy = j | x).

    Eq. (34). Eq. (36).
    q (N, C), q[n, j] = P(noisy = j | x_n) -> (C, C), columns sum to 1.

    Sample 1 is most certain of class 0, sample 2 of class 1:
    >>> anchor_argmax(np.array([[0.5, 0.5], [0.75, 0.25], [0.125, 0.875], [0.375, 0.625]]))
    array([[0.75 , 0.125],
           [0.25 , 0.875]])

    Roughly 1 line.
    """
    raise NotImplementedError


def anchor_top_k(q, k):
    """As `anchor_argmax`, less noisy: T[i, j] = mean of P(noisy = i | x) over the k samples with the largest
    P(noisy = j | x).

    The largest of many estimates is a winner: too large by chance. The mean of the k largest is less so.
    q (N, C), 1 <= k <= N -> (C, C), columns sum to 1.

    Samples 1 and 0 for class 0, samples 2 and 3 for class 1:
    >>> anchor_top_k(np.array([[0.5, 0.5], [0.75, 0.25], [0.125, 0.875], [0.375, 0.625]]), 2)
    array([[0.625, 0.25 ],
           [0.375, 0.75 ]])

    Roughly 2 lines.
    """
    raise NotImplementedError
