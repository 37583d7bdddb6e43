"""The forward loss -log (T softmax(z))_y, which is also the likelihood of robust softmax regression.

value(z (N, C), y (N,), T (C, C)) -> (N,), grad(z, y, T) -> (N, C).
"""

import numpy as np

from .. import strategies
from ..compare import assert_close, slack
from ..property import holds_for
from .oracles import entropies, log_softmax, loss_of_every_label, printed_gradient, softmax


@holds_for("T", "z", "y")
def value_is_the_noisy_cross_entropy(value, T, z, y):
    """-log of the probability that the noisy label gets from the clean posterior, S = T p.

    Eq. (14). Eq. (16). value(z, y, T) -> (N,).
    """
    noisy = (softmax(z) @ T.T)[np.arange(len(y)), y]
    hint = "the noisy posterior is q_i = sum_j T[i, j] p_j"
    assert_close("loss", value(z, y, T), -np.log(noisy), 1e-12, hint)


@holds_for("T", "p", "z")
def is_least_at_the_true_posterior(value, T, p, z):
    """Properness: under noisy labels from q = T p no logits have a smaller mean loss than log p.

    value(z, y, T) -> (N,).
    """
    q = p @ T.T
    at_truth, elsewhere = ((q * loss_of_every_label(value, logits, T)).sum(axis=1) for logits in (np.log(p), z))
    n = int((at_truth - elsewhere).argmax())
    assert at_truth[n] <= elsewhere[n] + slack(1e-12), (
        f"with p = {p[n]} the mean loss at log p is {at_truth[n]:.9g}, and smaller, {elsewhere[n]:.9g}, at z = {z[n]}"
    )
    hint = "at the truth the loss is the entropy of q = T p"
    assert_close("mean loss at the truth", at_truth, entropies(q.T), 1e-12, hint)


@holds_for("T", "p")
def gradient_vanishes_at_the_true_posterior(grad, T, p):
    """Fisher consistency: the mean gradient under q = T p is zero at z = log p.

    grad(z, y, T) -> (N, C).
    """
    q, (N, C) = p @ T.T, p.shape
    mean = sum(q[:, i : i + 1] * grad(np.log(p), np.full(N, i), T) for i in range(C))
    assert_close("mean gradient at log p", mean, np.zeros((N, C)), 1e-12, "labels come from q_i = sum_j T[i, j] p_j")


@holds_for("T", "z", "y")
def gradient_is_p_minus_the_posterior(grad, T, z, y):
    """softmax(z) - dz is r, the posterior of the true label: probabilities, r_j = T[y, j] p_j / (T p)_y.

    So no entry of dz exceeds 1 in size. Eq. (17), short form. grad(z, y, T) -> (N, C).
    """
    p, dz = softmax(z), np.asarray(grad(z, y, T))
    r = T[y] * p / (T[y] * p).sum(axis=1, keepdims=True)
    assert_close("softmax(z) - dz", p - dz, r, 1e-12, "r_j is P(true = j) given x and the noisy label; it sums to 1")
    assert np.abs(dz).max() <= 1 + slack(1e-12), f"an entry of dz is {np.abs(dz).max():.6g} in size, more than 1"


@holds_for("T", "z", "y")
def gradient_is_the_printed_one(grad, T, z, y):
    """The long fraction of the report, its bracket closed, is r - p: the gradient of the log-likelihood.

    Eq. (17). grad(z, y, T) -> (N, C) of the loss, hence the sign.
    """
    hint = "gamma = T^T, and the report climbs: its gradient is that of the log-likelihood"
    assert_close("-dz", -np.asarray(grad(z, y, T)), printed_gradient(z, y, T.T), 1e-12, hint)


@holds_for("y", T=lambda N, C: strategies.transition_matrices_with_zeros(C), z=strategies.extreme_logits)
def loss_has_a_floor(value, T, z, y):
    """No label is more probable than its most probable flip: the loss is at least -log max_j T[y, j].

    value(z, y, T) -> (N,).
    """
    floor = -np.log(T[y].max(axis=1))
    found = np.asarray(value(z, y, T))
    n = int((floor - found).argmax())
    assert found[n] >= floor[n] - slack(1e-9), (
        f"label {y[n]} costs {found[n]:.6g}, less than -log max_j T[y, j] = {floor[n]:.6g}"
    )


@holds_for("y", T=lambda N, C: strategies.transition_matrices_with_zeros(C), z=strategies.extreme_logits)
def extreme_logits_are_survived(value, T, z, y):
    """Impossible flips and logits of 1000 give the loss itself: a sum of exponentials in logarithms, nothing clipped.

    value(z, y, T) -> (N,).
    """
    with np.errstate(divide="ignore"):
        log_joint = np.log(T)[y] + log_softmax(z)
    expected = -np.logaddexp.reduce(log_joint, axis=1)
    assert_close("loss", value(z, y, T), expected, 1e-12, "log sum_j exp(log T[y, j] + log p_j) does not underflow")


@holds_for("y", T=lambda N, C: strategies.transition_matrices_with_zeros(C), z=strategies.extreme_logits)
def extreme_gradients_are_finite(grad, T, z, y):
    """With impossible flips and logits of 1000 the gradient stays a difference of two distributions.

    grad(z, y, T) -> (N, C).
    """
    dz = np.asarray(grad(z, y, T))
    assert np.isfinite(dz).all(), f"dz is not finite\nz\n{z}\nT\n{T}\ndz\n{dz}"
    hint = "r = softmax(z + log T[y]) needs no division by (T p)_y"
    assert_close("sum_c dz_nc", dz.sum(axis=1), np.zeros(len(z)), 1e-12, hint)
    assert np.abs(dz).max() <= 1 + slack(1e-12), f"an entry of dz is {np.abs(dz).max():.6g} in size, more than 1"


@holds_for("z", "y", column=strategies.priors)
def equal_flip_rates_teach_nothing(grad, z, y, column):
    """If all classes flip alike, labels say nothing of the class: the gradient is zero whatever the logits.

    grad(z, y, T) -> (N, C).
    """
    T = np.tile(column[:, None], len(column))
    hint = "the columns of T are equal here, so r = p"
    assert_close("dz", grad(z, y, T), np.zeros_like(z), 1e-12, hint)


@holds_for("T", "z", "y", "order")
def hidden_classes_can_swap(value, T, z, y, order):
    """Renaming the true classes alone, in the logits and the columns of T, changes no likelihood.

    So a T that is learnt with the weights is found up to the order of its columns. value(z, y, T) -> (N,).
    """
    swapped = value(z[:, order].copy(), y, T[:, order].copy())
    assert_close("loss with swapped classes", swapped, value(z, y, T), 1e-12, "columns of T are the true classes")
