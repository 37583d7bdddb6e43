"""Wrong losses that say nothing of the kind of correction, and forms that losses are wrong in."""

import numpy as np

from scratchnoise.check.properties import losses
from scratchnoise.check.properties.oracles import log_softmax, softmax

from .registry import rejected_by


def pick(rows, y):
    """rows[n, y_n]."""
    return rows[np.arange(len(y)), y]


@rejected_by(losses.no_noise_gives_cross_entropy, losses.renamed_classes_give_cross_entropy_of_the_true_one)
def softmax_twice(z, y, T):
    """Feeds probabilities to a loss that takes logits."""
    return -pick(np.log(softmax(softmax(z)) @ T.T), y)


@rejected_by(losses.no_noise_gives_cross_entropy)
def mean_for_each(z, y, T):
    """The mean of the batch in every place."""
    loss = -np.log(pick(softmax(z) @ T.T, y))
    return np.full(len(z), loss.mean())


@rejected_by(losses.renamed_classes_give_cross_entropy_of_the_true_one)
def transposed_forward(z, y, T):
    """T^T p for T p."""
    return -np.log(pick(softmax(z) @ T, y))


@rejected_by(losses.shifting_all_logits_changes_nothing)
def unnormalised(z, y, T):
    """-a.z without the log-sum-exp."""
    return -pick(z @ np.linalg.inv(T), y)


@rejected_by(losses.shifting_all_logits_changes_nothing)
def normalised_by_the_batch(z, y, T):
    """Softmax over the samples instead of the classes, then once more over the classes."""
    return -np.log(pick(softmax(softmax(z.T).T * z) @ T.T, y))


@rejected_by(losses.relabelling_moves_the_loss_along)
def labels_from_one(z, y, T):
    """Takes labels 1..C: label 0 reads the last row of T."""
    return -np.log(pick(softmax(z) @ T.T, y - 1))


@rejected_by(losses.relabelling_permutes_the_gradient, losses.gradient_entries_sum_to_zero)
def last_class_pinned(z, y, T):
    """Gradient of a model whose last logit is fixed at 0."""
    dz = softmax(z) - np.linalg.inv(T).T[y]
    dz[:, -1] = 0
    return dz


@rejected_by(losses.gradient_entries_sum_to_zero)
def transposed_label(z, y, T):
    """Column y of T^-T: its entries do not sum to 1."""
    return softmax(z) - np.linalg.inv(T)[y]


@rejected_by(losses.gradient_entries_sum_to_zero)
def label_without_mass(z, y, T):
    """a p for sum(a) p: a sum left out."""
    a = np.linalg.inv(T).T[y]
    return a * softmax(z) - a


@rejected_by(losses.weights_are_repetitions)
def weights_ignored(z, y, T, sample_weight):
    """Every sample counts once."""
    return (softmax(z) - np.linalg.inv(T).T[y]) / len(z)


@rejected_by(losses.weights_are_repetitions)
def weights_normalised(z, y, T, sample_weight):
    """Divides by the sum of the weights instead of the number of samples."""
    weight = np.ones(len(z)) if sample_weight is None else sample_weight
    return weight[:, None] / weight.sum() * (softmax(z) - np.linalg.inv(T).T[y])


@rejected_by(losses.weights_are_repetitions)
def weights_squared(z, y, T, sample_weight):
    """Weights the loss and then the gradient."""
    weight = np.ones(len(z)) if sample_weight is None else sample_weight
    return weight[:, None] ** 2 / len(z) * (softmax(z) - np.linalg.inv(T).T[y])


@rejected_by(losses.batches_add_up)
def sum_for_mean(z, y, T, sample_weight):
    """The learning rate would have to shrink with the batch."""
    return softmax(z) - np.linalg.inv(T).T[y]


@rejected_by(losses.batches_add_up)
def correction_accumulates(z, y, T, sample_weight):
    """T grows inside the loop over samples: sample n sees n times the correction."""
    dz = np.empty_like(z)
    for n in range(len(z)):
        T = T + 0.01 * np.eye(len(T))
        dz[n] = softmax(z[n : n + 1])[0] - np.linalg.inv(T).T[y[n]]
    return dz / len(z)


@rejected_by(losses.order_of_samples_is_irrelevant)
def correction_accumulates_in_the_loss(z, y, T):
    """As above, in the loss: each sample's loss depends on how many came before."""
    loss = np.empty(len(z))
    for n in range(len(z)):
        T = T + 0.01 * np.eye(len(T))
        loss[n] = -(np.linalg.inv(T).T[y[n]] @ log_softmax(z[n : n + 1])[0])
    return loss
