"""Wrong passes of stochastic gradient descent: exercise 03."""

import numpy as np

from ...kernels import numpy_table as right
from ..exercise import mistake


def one_step(w, b, x, y, learning_rate, l2, share=None):
    """(w, b, summed loss) of a right step on the samples x, y; share replaces the 1/|B| of the gradient."""
    z = right.linear_forward(x, w, b)
    e = np.eye(len(b), dtype=w.dtype)[y]
    dz = (right.softmax(z) - e) * w.dtype.type(1 / len(y) if share is None else share)
    dw, db = right.linear_backward_weights(dz, x)
    loss = float(right.signed_cross_entropy(z, e).sum())
    return w - learning_rate * (dw + l2 * w), b - learning_rate * db, loss


def batches(order, batch_size):
    """The samples of each step."""
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]


@mistake("linear_sgd_epoch")
def sum_of_the_batch(w, b, x, y, order, batch_size, learning_rate, l2):
    """Your step uses the sum of the batch's gradients; it should use their mean, so that the step does not grow with
    the batch."""
    loss = 0.0
    for batch in batches(order, batch_size):
        w, b, part = one_step(w, b, x[batch], y[batch], learning_rate, l2, share=1)
        loss += part
    return w, b, loss / len(order)


@mistake("linear_sgd_epoch")
def short_batch_by_batch_size(w, b, x, y, order, batch_size, learning_rate, l2):
    """You divide by batch_size, but the last batch may hold fewer samples: divide by the number it has."""
    loss = 0.0
    for batch in batches(order, batch_size):
        w, b, part = one_step(w, b, x[batch], y[batch], learning_rate, l2, share=1 / batch_size)
        loss += part
    return w, b, loss / len(order)


@mistake("linear_sgd_epoch")
def remainder_dropped(w, b, x, y, order, batch_size, learning_rate, l2):
    """The samples left over at the end never take part: the last, shorter batch is a batch too."""
    loss = 0.0
    for batch in batches(order, batch_size):
        if len(batch) == batch_size:
            w, b, part = one_step(w, b, x[batch], y[batch], learning_rate, l2)
            loss += part
    return w, b, loss / len(order)


@mistake("linear_sgd_epoch")
def bias_forgotten(w, b, x, y, order, batch_size, learning_rate, l2):
    """The bias stays as it was: it takes the same step as the weights, without l2."""
    loss, first = 0.0, b
    for batch in batches(order, batch_size):
        w, _, part = one_step(w, first, x[batch], y[batch], learning_rate, l2)
        loss += part
    return w, first, loss / len(order)


@mistake("linear_sgd_epoch")
def penalty_without_the_rate(w, b, x, y, order, batch_size, learning_rate, l2):
    """The penalty is not multiplied by learning_rate: l2 w is a part of the gradient."""
    loss = 0.0
    for batch in batches(order, batch_size):
        before = w
        w, b, part = one_step(w, b, x[batch], y[batch], learning_rate, 0)
        w, loss = w - l2 * before, loss + part
    return w, b, loss / len(order)


@mistake("linear_sgd_epoch")
def loss_at_the_end(w, b, x, y, order, batch_size, learning_rate, l2):
    """The loss is that of the last weights: it should be the mean of the losses as the samples were met."""
    for batch in batches(order, batch_size):
        w, b, _ = one_step(w, b, x[batch], y[batch], learning_rate, l2)
    return w, b, one_step(w, b, x[order], y[order], 0, 0)[2] / len(order)


@mistake("linear_sgd_epoch")
def order_ignored(w, b, x, y, order, batch_size, learning_rate, l2):
    """You take the samples as they lie, 0, 1, 2, ...: the batches follow `order`."""
    return sgd(w, b, x, y, np.arange(len(order)), batch_size, learning_rate, l2)


@mistake("linear_sgd_epoch")
def penalty_forgotten(w, b, x, y, order, batch_size, learning_rate, l2):
    """The term l2 w is missing from the gradient of w."""
    return sgd(w, b, x, y, order, batch_size, learning_rate, 0.0)


@mistake("linear_sgd_epoch")
def one_big_batch(w, b, x, y, order, batch_size, learning_rate, l2):
    """The weights change once in the whole pass: they should change after every batch."""
    return sgd(w, b, x, y, order, len(order), learning_rate, l2)


@mistake("linear_sgd_epoch")
def uphill(w, b, x, y, order, batch_size, learning_rate, l2):
    """You walk uphill: p - e_y is the gradient of the loss, so it is subtracted."""
    return sgd(w, b, x, y, order, batch_size, -learning_rate, l2)


@mistake("linear_sgd_epoch")
def penalty_on_the_bias(w, b, x, y, order, batch_size, learning_rate, l2):
    """l2 pulls on b as well: the penalty is on the weights w alone."""
    loss = 0.0
    for batch in batches(order, batch_size):
        before = b
        w, b, part = one_step(w, b, x[batch], y[batch], learning_rate, l2)
        b, loss = b - learning_rate * l2 * before, loss + part
    return w, b, loss / len(order)


@mistake("linear_sgd_epoch")
def loss_after_the_step(w, b, x, y, order, batch_size, learning_rate, l2):
    """The weights are right. The loss should be that of each sample when it was met, before its batch's step."""
    loss = 0.0
    for batch in batches(order, batch_size):
        w, b, _ = one_step(w, b, x[batch], y[batch], learning_rate, l2)
        loss += one_step(w, b, x[batch], y[batch], 0.0, 0.0)[2]
    return w, b, loss / len(order)


@mistake("linear_sgd_epoch")
def mean_of_batch_means(w, b, x, y, order, batch_size, learning_rate, l2):
    """The weights are right. The loss is the mean over samples; the mean of the batch means counts a short batch too
    much."""
    losses = []
    for batch in batches(order, batch_size):
        w, b, part = one_step(w, b, x[batch], y[batch], learning_rate, l2)
        losses.append(part / len(batch))
    return w, b, float(np.mean(losses))


@mistake("linear_sgd_epoch")
def weights_in_place(w, b, x, y, order, batch_size, learning_rate, l2):
    """`w -= ...` writes into the caller's array. w = w - ... makes a new one."""
    w[...], b[...], loss = sgd(w, b, x, y, order, batch_size, learning_rate, l2)
    return w, b, loss


def sgd(w, b, x, y, order, batch_size, learning_rate, l2):
    """A right pass; the mistakes above hand it something wrong."""
    loss = 0.0
    for batch in batches(order, batch_size):
        w, b, part = one_step(w, b, x[batch], y[batch], learning_rate, l2)
        loss += part
    return w, b, loss / len(order)
