"""Wrong corrected losses, both backward and forward: exercises 07 and 08."""

import numpy as np

from ...kernels import numpy_table as right
from ..exercise import mistake


def losses(z):
    """L_j of every class."""
    return -right.log_softmax(z)


# --- 07 the backward correction --------------------------------------------------------------------------


@mistake("backward_corrected")
def inverse_not_transposed(z, y, T):
    """The weights are row y of T^-1; they should be row y of T^-T, which is column y of T^-1. A symmetric T would not
    have told you."""
    return (np.linalg.inv(T)[y] * losses(z)).sum(axis=1)


@mistake("backward_corrected")
def noise_for_inverse(z, y, T):
    """You weigh the losses with T itself: that adds noise to the loss. The equation T^T L~ = L has to be solved."""
    return (T.T[y] * losses(z)).sum(axis=1)


@mistake("backward_corrected")
def row_of_T(z, y, T):
    """The weights are T[y]: these are probabilities, never negative. The correction needs the inverse of T^T."""
    return (T[y] * losses(z)).sum(axis=1)


@mistake("backward_corrected")
def posterior_corrected(z, y, T):
    """You correct the posterior and take the logarithm after that, -log (T^-1 p)_y. The correction is of the *losses*:
    first -log p_j for every class, then the mixture."""
    p = right.softmax(z) @ np.linalg.inv(T).T
    return -np.log(p[np.arange(len(y)), y].clip(1e-12))


@mistake("backward_corrected")
def not_below_zero(z, y, T):
    """You cut the loss at 0. It may be negative: only its mean over the noise is the clean loss, and cutting spoils
    that mean."""
    return (np.linalg.inv(T).T[y] * losses(z)).sum(axis=1).clip(0)


@mistake("backward_corrected")
def divided_by_classes(z, y, T):
    """You divide by the number of classes, the 1/c of eq. (32). It does not belong there: sum_i T[i, j] L~_i = L_j."""
    return (np.linalg.inv(T).T[y] * losses(z)).mean(axis=1)


@mistake("backward_corrected")
def not_corrected(z, y, T):
    """This is the plain cross-entropy of the noisy label: T does not enter."""
    return losses(z)[np.arange(len(y)), y]


@mistake("backward_corrected")
def probabilities_clipped(z, y, T):
    """You clip the probabilities before the logarithm. That stops the loss where it should go on falling, and hides
    that it is unbounded below. Use the logarithm of softmax directly."""
    return -(np.linalg.inv(T).T[y] * np.log(right.softmax(z).clip(1e-12))).sum(axis=1)


@mistake("backward_corrected_grad")
def gradient_not_transposed(z, y, T):
    """The signed label is row y of T^-1; it should be column y of T^-1, row y of T^-T."""
    return right.softmax(z) - np.linalg.inv(T)[y]


@mistake("backward_corrected_grad")
def gradient_not_corrected(z, y, T):
    """This is the gradient of plain cross-entropy: the one-hot label has to be replaced by column y of T^-1."""
    return right.softmax(z) - np.eye(z.shape[1], dtype=z.dtype)[y]


@mistake("backward_corrected_grad")
def corrected_twice(z, y, T):
    """You multiply the whole gradient p - e_y by T^-1. The correction acts on the label alone: the mass of p, which
    appears in every L_j, is multiplied by a sum of weights that is 1."""
    e = np.eye(z.shape[1], dtype=z.dtype)[y]
    return (right.softmax(z) - e) @ np.linalg.inv(T).T


@mistake("backward_corrected_grad")
def label_clipped(z, y, T):
    """You cut the negative entries of the signed label: they are what makes the mean right."""
    return right.softmax(z) - np.linalg.inv(T).T[y].clip(0)


@mistake("backward_corrected_grad")
def uphill(z, y, T):
    """The sign is wrong: the loss falls where the logit of a positively weighted class rises."""
    return np.linalg.inv(T).T[y] - right.softmax(z)


# --- 08 the forward correction ---------------------------------------------------------------------------


@mistake("forward_cross_entropy")
def column_of_T(z, y, T):
    """You take column y of T, P(noisy | true = y). The label is the noisy one: its row y holds P(noisy = y | true =
    j)."""
    return -np.log((T.T[y] * right.softmax(z)).sum(axis=1))


@mistake("forward_cross_entropy")
def mixture_of_logarithms(z, y, T):
    """You mix the logarithms, sum_j T[y, j] log p_j. First the probability of the label, then its logarithm."""
    return (T[y] * losses(z)).sum(axis=1)


@mistake("forward_cross_entropy")
def inverse_for_T(z, y, T):
    """You apply T^-1. The forward loss adds the noise to the prediction: q = T p."""
    q = (np.linalg.inv(T)[y] * right.softmax(z)).sum(axis=1)
    return -np.log(q.clip(1e-12))


@mistake("forward_cross_entropy")
def underflow(z, y, T):
    """Right for ordinary logits; for large ones p_j rounds to 0, and with an impossible flip the loss becomes inf. Add
    log T[y] and log softmax(z) instead, and take the logarithm of a sum of exponentials."""
    with np.errstate(divide="ignore"):
        return -np.log((T[y] * right.softmax(z)).sum(axis=1))


@mistake("forward_cross_entropy", epsilon=(1e-15, 1e-10, 1e-9, 1e-8, 1e-7))
def guarded(z, y, T, epsilon=1e-12):
    """The 1e-12 inside the logarithm hides the worst samples: their loss stops growing. With logarithms throughout
    there is nothing to guard."""
    return -np.log((T[y] * right.softmax(z)).sum(axis=1) + epsilon).astype(z.dtype)


@mistake("forward_cross_entropy")
def noise_forgotten(z, y, T):
    """T does not enter: this is plain cross-entropy."""
    return losses(z)[np.arange(len(y)), y]


@mistake("forward_cross_entropy_grad")
def plain_gradient(z, y, T):
    """This is p - e_y, the gradient of plain cross-entropy: you are sure that the label is right. T says how sure to
    be."""
    return right.softmax(z) - np.eye(z.shape[1], dtype=z.dtype)[y]


@mistake("forward_cross_entropy_grad")
def ascent(z, y, T):
    """You have r - p: (17) is the gradient of the log-likelihood, for climbing. The loss is its negative."""
    return -right.forward_cross_entropy_grad(z, y, T)


@mistake("forward_cross_entropy_grad")
def transposed_posterior(z, y, T):
    """In r you use T[j, y]. The noisy label is the first index: r_j is proportional to T[y, j] p_j."""
    joint = T.T[y] * right.softmax(z)
    return right.softmax(z) - joint / joint.sum(axis=1, keepdims=True)


@mistake("forward_cross_entropy_grad")
def not_a_distribution(z, y, T):
    """r is not normalised: divide T[y, j] p_j by its sum over j, the probability of the label."""
    p = right.softmax(z)
    return p - T[y] * p


@mistake("forward_cross_entropy_grad")
def likelihood_for_posterior(z, y, T):
    """r is proportional to T[y, j] alone: the prior knowledge p_j about the true class is missing."""
    return right.softmax(z) - T[y] / T[y].sum(axis=1, keepdims=True)


@mistake("forward_cross_entropy_grad")
def in_the_noisy_posterior(z, y, T):
    """This is q - e_y, with q = T p: the gradient if q were a softmax of z. The chain rule has to pass through T."""
    return right.softmax(z) @ T.T - np.eye(z.shape[1], dtype=z.dtype)[y]


@mistake("forward_cross_entropy_grad")
def zero_by_zero(z, y, T):
    """Right for ordinary logits; with an impossible flip and large logits you divide 0 by 0. r is the softmax of z +
    log T[y], which divides by nothing."""
    joint = T[y] * right.softmax(z)
    return right.softmax(z) - joint / joint.sum(axis=1, keepdims=True)
