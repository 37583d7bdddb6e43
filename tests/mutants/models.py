"""Wrong ways to fit a linear model."""

import numpy as np

from scratchnoise.check.properties import models
from scratchnoise.check.properties.oracles import softmax

from .registry import rejected_by


def descend(X, y, T, weight=None, rng=None, steps=4, rate=0.1, start=0.0):
    """Full-batch descent of the forward loss, a right one; (C, D + 1)."""
    C, X = len(T), np.column_stack([X, np.ones(len(X))])
    weight = np.ones(len(y)) if weight is None else weight / np.mean(weight)
    W = np.zeros((C, X.shape[1])) + start
    for _ in range(steps):
        p = softmax(X @ W.T)
        r = T[y] * p / (T[y] * p).sum(axis=1, keepdims=True)
        W = W - rate * ((p - r) * weight[:, None]).T @ X / len(y)
    return W


@rejected_by(models.the_same_seed_gives_the_same_model)
def start_without_seed(X, y, T, sample_weight, seed):
    """Initial weights from a generator of its own."""
    return descend(X, y, T, start=np.random.default_rng().standard_normal((len(T), 1)))


@rejected_by(models.relabelling_permutes_the_model)
def rates_in_order_of_appearance(X, y, T, sample_weight, seed):
    """Classes numbered as they appear in y, T as it was given."""
    _, first = np.unique(y, return_index=True)
    number = np.argsort(np.argsort(first))
    return descend(X, number[y], T)[number]


@rejected_by(models.relabelling_permutes_the_model)
def last_class_as_reference(X, y, T, sample_weight, seed):
    """The weights of the last class fixed at 0."""
    W = descend(X, y, T)
    W[-1] = 0
    return W


@rejected_by(models.no_noise_gives_plain_regression)
def twice_the_correction(X, y, T, seed):
    """The robust model smooths the labels although T says that there is no noise."""
    C = len(T)
    return descend(X, y, 0.9 * T + 0.1 / C), descend(X, y, T)


@rejected_by(models.one_step_follows_the_printed_gradient)
def printed_sign(X, y, T):
    """Climbs along mu - Y, eq. (11) as printed: away from the labels."""
    return -descend(X, y, T, steps=1, rate=1.0)


@rejected_by(models.one_step_follows_the_printed_gradient)
def transposed_rates(X, y, T):
    """gamma for T."""
    return descend(X, y, T.T, steps=1, rate=1.0)


@rejected_by(models.one_step_follows_the_printed_gradient)
def sum_for_mean(X, y, T):
    """The gradient of the sum over samples."""
    return len(y) * descend(X, y, T, steps=1, rate=1.0)


@rejected_by(models.weights_are_repetitions)
def weights_ignored(X, y, T, sample_weight, seed):
    """Stores the weights and trains without."""
    return descend(X, y, T)


@rejected_by(models.weights_are_repetitions)
def weights_halved(X, y, T, sample_weight, seed):
    """The square root of each weight: once for the loss, once forgotten."""
    return descend(X, y, T, None if sample_weight is None else np.sqrt(sample_weight))


@rejected_by(models.order_of_samples_is_irrelevant)
def last_samples_dropped(X, y, T, sample_weight, seed):
    """Drops the remainder of the batches, always the same samples."""
    return descend(X[:-1], y[:-1], T)


@rejected_by(models.learning_the_rates_raises_the_likelihood)
def weights_that_climb_the_loss(X, y, seed):
    """The sign of eq. (11) in the weights, a fixed T."""
    C = y.max() + 1
    T = 0.5 * np.eye(C) + 0.5 / C
    found = []
    for steps in range(6):
        W = descend(X, y, T, steps=steps, rate=-0.5)
        q = softmax(np.column_stack([X, np.ones(len(X))]) @ W.T) @ T.T
        found.append(np.log(q[np.arange(len(y)), y]).sum())
    return found
