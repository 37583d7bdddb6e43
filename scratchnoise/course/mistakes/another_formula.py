"""Solutions of another formula: what somebody writes who has the wrong function, loss or rule in mind."""

import numpy as np

from ...kernels import numpy_table as right
from ..exercise import mistake


def one_hot(z, y):
    """Rows e_y."""
    return np.eye(z.shape[1], dtype=z.dtype)[y]


# --- 01 softmax ------------------------------------------------------------------------------------------


@mistake("softmax")
def sigmoid(z):
    """This is the sigmoid of each logit, for questions that do not exclude each other; the rows do not sum to 1."""
    return 1 / (1 + np.exp(-z))


@mistake("softmax")
def exponential_forgotten(z):
    """You divide the logits themselves by their sum, and logits may be negative: the exponential comes first."""
    return z / z.sum(axis=1, keepdims=True)


@mistake("softmax", bound=(50, 100, 300, 600, 700, 709))
def logits_clipped(z, bound=500):
    """You bound the logits before exp: two logits beyond the bound become equal. Subtract the largest of each row."""
    e = np.exp(np.clip(z, -bound, bound))
    return e / e.sum(axis=1, keepdims=True)


@mistake("softmax")
def hard_maximum(z):
    """This is 1 at the largest logit and 0 elsewhere: softmax leaves something for the others."""
    return np.eye(z.shape[1], dtype=z.dtype)[z.argmax(axis=1)]


@mistake("softmax_backward")
def softmax_forgotten(dy, z):
    """The formula is right for p, but you put the logits z in its place: p = softmax(z) comes first."""
    return z * (dy - (z * dy).sum(axis=1, keepdims=True))


@mistake("softmax_backward")
def plain_mean(dy, z):
    """You subtract the plain mean of dy: the mean that counts is weighted by p, and p is a factor of the whole."""
    return dy - dy.mean(axis=1, keepdims=True)


@mistake("softmax_backward")
def jacobian_of_the_first_sample(dy, z):
    """One Jacobian serves all samples, that of the first: every sample has probabilities of its own."""
    p = right.softmax(z)[0]
    return dy @ (np.diag(p) - np.outer(p, p))


# --- 02 cross-entropy ------------------------------------------------------------------------------------


@mistake("cross_entropy")
def of_the_logits(z, y):
    """This is -z_y: the logits are no logarithms of probabilities before log sum exp is subtracted."""
    return -z[np.arange(len(y)), y]


@mistake("cross_entropy")
def binary(z, y):
    """You add the surprise of every class that is not the label: that is the loss of C questions of yes or no."""
    p, Y = right.softmax(z), one_hot(z, y)
    return -(Y * np.log(p) + (1 - Y) * np.log(1 - p)).sum(axis=1)


@mistake("cross_entropy")
def softmax_twice(z, y):
    """You take the softmax of the probabilities, a second one: the loss is -log softmax(z)_y."""
    return -right.log_softmax(right.softmax(z))[np.arange(len(y)), y]


@mistake("cross_entropy")
def mean_over_the_classes(z, y):
    """You divide by the number of classes: sum over them, all but one term are 0."""
    return -(one_hot(z, y) * right.log_softmax(z)).mean(axis=1)


@mistake("cross_entropy_grad")
def one_hot_by_samples(z, y):
    """np.eye(len(y)) has a column for each sample; the one-hot labels need one for each class, z.shape[1]."""
    return right.softmax(z) - np.eye(len(y))[y]


@mistake("cross_entropy_grad")
def label_as_a_number(z, y):
    """You subtract the label itself from every class: subtract 1 at the place of the label."""
    return right.softmax(z) - y[:, None]


@mistake("cross_entropy_grad")
def one_from_every_class(z, y):
    """You subtract 1 from every class: only the entry of the label loses 1."""
    return right.softmax(z) - 1


@mistake("cross_entropy_grad")
def mean_of_the_batch(z, y):
    """You take the mean over the samples: each sample has a gradient of its own, (N, C)."""
    return (right.softmax(z) - one_hot(z, y)).mean(axis=0)


@mistake("cross_entropy_grad")
def one_number_a_sample(z, y):
    """Only the entry of the label comes back: every class has a gradient, (N, C)."""
    return (right.softmax(z) - one_hot(z, y))[np.arange(len(y)), y]


@mistake("linear_backward_weights", product=(np.matmul,))
def outer_of_the_samples(dy, x, product=np.dot):
    """x dy^T has a row and a column for each sample: the samples are what is summed over, x^T dy."""
    return product(x, dy.T), dy.sum(axis=0)


@mistake("linear_backward_weights")
def bias_from_the_weights(dy, x):
    """You sum dw for db: the bias is a weight whose feature is always 1, so db is the sum of the dy_n."""
    dw = x.T @ dy
    return dw, dw.sum(axis=0)


@mistake("linear_backward_weights")
def both_signs(dy, x):
    """Both have the wrong sign: these are sums of x dy and of dy, and dy has its sign already."""
    return -x.T @ dy, -dy.sum(axis=0)


# --- 04 to 06 --------------------------------------------------------------------------------------------


@mistake("uniform")
def diagonal_of_ones(n_classes, rho):
    """The diagonal is 1, so the columns sum to more: what is left of a column is 1 - (C - 1) rho."""
    T = np.full((n_classes, n_classes), float(rho))
    np.fill_diagonal(T, 1)
    return T


@mistake("uniform")
def diagonal_alone(n_classes, rho):
    """The wrong labels have probability 0: each of them should have rho."""
    return np.eye(n_classes) * (1 - (n_classes - 1) * rho)


@mistake("corrupt")
def column_reversed(y, T, rng):
    """The labels of a column are counted from its other end: u < T[0, j] means label 0."""
    edges = np.cumsum(T, axis=0)
    return (rng.random(len(y)) < edges[:, y]).sum(axis=0) - 1


@mistake("priors")
def largest_first(y, n_classes):
    """The shares are sorted by size: place j belongs to class j."""
    return np.sort(np.bincount(y, minlength=n_classes))[::-1] / len(y)


@mistake("noisy_prior")
def backwards(T, prior):
    """You solve T x = prior, from the noisy side to the true one: the exercise asks for T prior."""
    return np.linalg.solve(T, prior)


@mistake("flip_back_bayes")
def weights_of_the_prior(q, T, prior):
    """You weigh q by the prior, and T does not occur: Q[i, j] = T[j, i] prior_i / (T prior)_j."""
    weighted = q * prior
    return weighted / weighted.sum(axis=1, keepdims=True)


@mistake("flip_back_bayes")
def samples_as_columns(q, T, prior):
    """Rows of q are samples: for one column q the map is Q q, for rows it is q @ Q.T."""
    return (prior[:, None] * T.T / (T @ prior)) @ q


@mistake("project_to_simplex")
def smallest_subtracted(v):
    """You subtract the smallest entry and divide by the sum: that is on the simplex, but not the nearest point."""
    w = v - v.min(axis=1, keepdims=True)
    return w / w.sum(axis=1, keepdims=True)


# --- 08 to 10 --------------------------------------------------------------------------------------------


@mistake("forward_cross_entropy")
def noise_on_the_logits(z, y, T):
    """You multiply the logits by T: the noise mixes probabilities, q = T softmax(z)."""
    return -right.log_softmax(z @ T.T)[np.arange(len(y)), y]


@mistake("forward_cross_entropy")
def most_probable_class_alone(z, y, T):
    """Only the most probable class counts here: the sum runs over all of them, sum_j T[y, j] p_j."""
    with np.errstate(divide="ignore"):
        return -np.log(T[y, z.argmax(axis=1)])


@mistake("forward_cross_entropy_grad")
def posterior_alone(z, y, T):
    """This is -r: the probabilities p that the logits give have to be added, p - r."""
    r = T[y] * right.softmax(z)
    return -r / r.sum(axis=1, keepdims=True)


@mistake("forward_cross_entropy_grad")
def through_the_transpose(z, y, T):
    """(q - e_y) T would be right if T acted on the logits: it acts on the probabilities, so that Bayes' r comes in."""
    return (right.softmax(z) @ T.T - one_hot(z, y)) @ T


@mistake("flip_rate_update")
def half_way(gamma, p, y, sample_weight):
    """You take the mean of the old and the new rates: eq. (19) replaces the old ones."""
    return (gamma + right.flip_rate_update(gamma, p, y, sample_weight)) / 2


@mistake("anchor_argmax")
def mean_of_the_class(q):
    """You take the mean of all samples that look like class j: an anchor is the one that looks most like it."""
    found = q.argmax(axis=1)
    means = [q[found == j].mean(axis=0) if (found == j).any() else np.eye(q.shape[1])[j] for j in range(q.shape[1])]
    return np.stack(means, axis=1)
