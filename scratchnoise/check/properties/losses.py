"""What every corrected loss has in common, whichever way it uses T.

value(z (N, C), y (N,), T (C, C)) -> (N,) and grad(z, y, T) -> (N, C) are each sample's own loss and its gradient in the
logits; objective_grad(z, y, T, sample_weight or None) -> (N, C) is the gradient of the mean over the batch.
"""

import numpy as np

from .. import strategies
from ..compare import assert_close
from ..property import holds_for
from .oracles import cross_entropy


@holds_for("z", "y")
def no_noise_gives_cross_entropy(value, z, y):
    """T = I is the loss without correction.

    Eq. (23). value(z, y, T) -> (N,).
    """
    hint = "z are logits: softmax is taken once, in the loss"
    assert_close("loss with T = I", value(z, y, np.eye(z.shape[1])), cross_entropy(z, y), 1e-12, hint)


@holds_for("z", "y", T=lambda N, C: strategies.permutation_matrices(C))
def renamed_classes_give_cross_entropy_of_the_true_one(value, z, y, T):
    """T a permutation: the label i always stands for the class j with T[i, j] = 1, and the loss is that of j.

    value(z, y, T) -> (N,).
    """
    true = T.argmax(axis=1)[y]
    hint = f"the true classes of the labels {y} are {true}"
    assert_close("loss", value(z, y, T), cross_entropy(z, true), 1e-12, hint)


@holds_for("T", "z", "y", shift=lambda N, C: strategies.quarters(-9, 9))
def shifting_all_logits_changes_nothing(value, T, z, y, shift):
    """Adding one number to all logits of a sample leaves its loss: softmax does not see it.

    value(z, y, T) -> (N,).
    """
    tolerance = 1e-13 * np.linalg.cond(T)
    assert_close(f"loss after adding {shift}", value(z + shift, y, T), value(z, y, T), tolerance)


@holds_for("T", "z", "y", "order")
def relabelling_moves_the_loss_along(value, T, z, y, order):
    """Calling class c order[c] in labels, logits and T changes no loss.

    value(z, y, T) -> (N,).
    """
    back = np.argsort(order)
    renamed = value(z[:, back].copy(), order[y], T[np.ix_(back, back)].copy())
    hint = "a class has no number of its own: labels are 0..C-1"
    assert_close("loss with renamed classes", renamed, value(z, y, T), 1e-12 * np.linalg.cond(T), hint)


@holds_for("T", "z", "y", "order")
def relabelling_permutes_the_gradient(grad, T, z, y, order):
    """Calling class c order[c] in labels, logits and T permutes the columns of the gradient.

    grad(z, y, T) -> (N, C).
    """
    back = np.argsort(order)
    renamed = grad(z[:, back].copy(), order[y], T[np.ix_(back, back)].copy())
    assert_close("dz with renamed classes", renamed, grad(z, y, T)[:, back], 1e-12 * np.linalg.cond(T))


@holds_for("T", "z", "y")
def gradient_entries_sum_to_zero(grad, T, z, y):
    """The gradient of a sample has no part along (1, ..., 1), the direction that softmax does not see.

    grad(z, y, T) -> (N, C).
    """
    hint = "the label that takes the place of e_y should have the mass of softmax, 1"
    sums = np.asarray(grad(z, y, T)).sum(axis=1)
    assert_close("sum_c dz_nc", sums, np.zeros(len(z)), 1e-12 * np.linalg.cond(T), hint)


@holds_for("T", "z", "y", "weight")
def weights_are_repetitions(objective_grad, T, z, y, weight):
    """A sample of weight 3 counts as three samples: both batches push the shared logits equally, but for their size.

    objective_grad(z, y, T, sample_weight) -> (N, C), divided by the number of rows.
    """
    times = weight.astype(int)
    repeated = objective_grad(np.repeat(z, times, axis=0), np.repeat(y, times), T, None) * times.sum()
    summed = np.add.reduceat(repeated, np.cumsum(times) - times, axis=0)
    weighted = objective_grad(z, y, T, weight) * len(z)
    hint = "weights are not normalised by a loss: it divides by the number of samples"
    assert_close(f"N dz with weights {weight}", weighted, summed, 1e-11 * np.linalg.cond(T), hint)


@holds_for("T", "z", "y", "seed")
def order_of_samples_is_irrelevant(value, T, z, y, seed):
    """Samples do not see each other: shuffling the batch shuffles the losses.

    value(z, y, T) -> (N,).
    """
    order = np.random.default_rng(seed).permutation(len(z))
    hint = f"samples taken in the order {order}: does something accumulate from one sample to the next?"
    shuffled, tolerance = value(z[order], y[order], T), 1e-12 * np.linalg.cond(T)
    assert_close("shuffled losses", shuffled, value(z, y, T)[order], tolerance, hint)


@holds_for("T", "z", "y", samples=(4, 8))
def batches_add_up(objective_grad, T, z, y):
    """The gradients of two parts of a batch, each times its size, are the gradient of the whole, times its size.

    objective_grad(z, y, T, sample_weight) -> (N, C), divided by the number of rows.
    """
    first = slice(0, len(z) // 3)
    rest = slice(len(z) // 3, None)
    parts = [objective_grad(z[s], y[s], T, None) * len(z[s]) for s in (first, rest)]
    whole = objective_grad(z, y, T, None) * len(z)
    hint = "the mean divides by the size of the batch that it is given"
    assert_close("N dz in two parts", np.concatenate(parts), whole, 1e-12 * np.linalg.cond(T), hint)
