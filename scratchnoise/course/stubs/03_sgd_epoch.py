"""03 one pass of stochastic gradient descent: softmax regression learns.

Softmax regression has logits z = x w + b. One pass visits every sample once, a batch at a time, and after each batch
moves the weights a little against the gradient, Eq. (11). This is all the training that the report's linear models get.

    check your work    scratchnoise check 03
    a nudge            scratchnoise hint 03
"""

import numpy as np  # noqa: F401  (you will want it)


def linear_sgd_epoch(w, b, x, y, order, batch_size, learning_rate, l2):
    """Minibatch SGD of softmax regression over the samples in `order`: new weights, new bias, mean loss.

    Eq. (11), with dz_n = softmax(x_n w + b) - e_{y_n}:
    for each batch B:  w <- w - learning_rate (1/|B| sum_n x_n dz_n^T + l2 w),  b likewise without l2
    w (D, C), b (C,), x (N, D), y (N,), order (M,) indices of samples, cut into batches of batch_size from the front
    -> new w, new b, mean loss of the M samples, each as it was met (float). w and b themselves are left as they were.

    With zero weights p = [1/2, 1/2], so dz = [[1/2, -1/2], [-1/2, 1/2]], and both samples pull in opposite directions:
    >>> w, b, x, y = np.zeros((1, 2)), np.zeros(2), np.array([[2.0], [4.0]]), np.array([1, 0])
    >>> w, b, loss = linear_sgd_epoch(w, b, x, y, np.array([0, 1]), 2, 1.0, 0.0)
    >>> w, b, round(loss, 4)
    (array([[ 0.5, -0.5]]), array([0., 0.]), 0.6931)

    Roughly 12 lines.
    """
    raise NotImplementedError
