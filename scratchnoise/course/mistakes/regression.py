"""Wrong softmax, cross-entropy and SGD: exercises 01, 02 and 03."""

import numpy as np

from ...kernels import numpy_table as right
from ..exercise import mistake

# --- 01 softmax ------------------------------------------------------------------------------------------


@mistake("softmax")
def overflow(z):
    """exp of a large logit is inf, and inf / inf is nan. What may you subtract from every logit of a row?"""
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


@mistake("softmax")
def shifted_by_the_largest_of_all(z):
    """You subtract the largest logit of the whole array: a row far below it is exp(-1000) = 0 throughout, and 0 / 0 is
    nan. Each row has a largest logit of its own."""
    e = np.exp(z - z.max())
    return e / e.sum(axis=1, keepdims=True)


@mistake("softmax")
def over_the_samples(z):
    """The columns sum to 1, not the rows: each sample has probabilities of its own. Which axis runs over the
    classes?"""
    e = np.exp(z - z.max(axis=0))
    return e / e.sum(axis=0)


@mistake("softmax")
def over_everything(z):
    """You divide by the sum of the whole array: sum over one axis, and keep it (keepdims) for the division."""
    e = np.exp(z - z.max())
    return e / e.sum()


@mistake("softmax")
def not_normalised(z):
    """These are the exponentials: the division by their sum is missing."""
    return np.exp(z - z.max(axis=1, keepdims=True))


@mistake("softmax")
def in_place(z):
    """The values are right, but `z -= ...` also changes the array of whoever called you. Write z = z - ... instead."""
    z -= z.max(axis=1, keepdims=True)
    e = np.exp(z)
    return e / e.sum(axis=1, keepdims=True)


@mistake("softmax")
def logarithm(z):
    """This is the logarithm of the softmax: z_c - log sum_l exp(z_l). The exercise asks for the probabilities."""
    return right.log_softmax(z)


@mistake("softmax_backward")
def diagonal_only(dy, z):
    """Only the diagonal of the Jacobian is here. Raising z_k also lowers every p_c with c != k: where is -p_c p_k?"""
    p = right.softmax(z)
    return dy * p * (1 - p)


@mistake("softmax_backward")
def sum_forgotten(dy, z):
    """p_c dy_c is the first term alone: raising z_c also lowers every other p_k. Where is - p_c sum_k p_k dy_k?"""
    return right.softmax(z) * dy


@mistake("softmax_backward")
def uphill(dy, z):
    """The sign of the whole result is wrong."""
    return -right.softmax(z) * (dy - (dy * right.softmax(z)).sum(axis=1, keepdims=True))


@mistake("softmax_backward")
def upstream_ignored(dy, z):
    """The result does not depend on dy as it should: this is p (1 - p), the derivative of p_c by z_c alone."""
    p = right.softmax(z)
    return p * (1 - p)


@mistake("softmax_backward")
def zeros(dy, z):
    """The gradient is 0 only when all entries of dy are equal, since the rows of softmax sum to 1. In general it is
    not."""
    return np.zeros_like(z)


@mistake("softmax_backward")
def factor_forgotten(dy, z):
    """The bracket is right; the factor p_c in front of it is missing."""
    p = right.softmax(z)
    return dy - (dy * p).sum(axis=1, keepdims=True)


@mistake("softmax_backward")
def sum_without_p(dy, z):
    """You subtract the plain sum of dy; each dy_k enters with the weight p_k."""
    return right.softmax(z) * (dy - dy.sum(axis=1, keepdims=True))


@mistake("softmax_backward")
def sum_over_the_samples(dy, z):
    """The sum over k runs over the classes of one sample; yours runs over the samples."""
    p = right.softmax(z)
    return p * (dy - (dy * p).sum(axis=0, keepdims=True))


# --- 02 cross-entropy and its gradient -------------------------------------------------------------------


def one_hot(z, y):
    """Rows e_y in the shape and dtype of z."""
    return np.eye(z.shape[1], dtype=z.dtype)[y]


@mistake("cross_entropy")
def mean_of_the_batch(z, y):
    """You return one number, the mean: the exercise asks for the loss of every sample, shape (N,)."""
    return right.signed_cross_entropy(z, one_hot(z, y)).mean()


@mistake("cross_entropy")
def sign_forgotten(z, y):
    """The sign: a logarithm of a probability is negative, a loss is its negative."""
    return -right.signed_cross_entropy(z, one_hot(z, y))


@mistake("cross_entropy")
def logarithm_of_zero(z, y):
    """softmax rounds a small probability to 0 and log 0 is -inf. Take the logarithm on paper first: z_y - log sum
    exp."""
    with np.errstate(divide="ignore"):
        return -np.log(right.softmax(z)[np.arange(len(y)), y])


@mistake("cross_entropy", floor=(1e-15, 1e-10, 1e-9, 1e-8, 1e-7))
def clipped(z, y, floor=1e-12):
    """Clipping the probability hides the loss of the worst samples (it stops at a constant) and makes its gradient
    wrong there. Compute the logarithm of softmax directly instead."""
    return -np.log(right.softmax(z)[np.arange(len(y)), y].clip(floor))


@mistake("cross_entropy", epsilon=(1e-10, 1e-9, 1e-7))
def epsilon_in_the_logarithm(z, y, epsilon=1e-8):
    """A small number inside the logarithm makes every loss a little wrong and the worst ones very wrong. Compute the
    logarithm of softmax directly, then there is no 0 to guard against."""
    return -np.log(right.softmax(z)[np.arange(len(y)), y] + epsilon)


@mistake("cross_entropy")
def sum_overflows(z, y):
    """log sum_l exp(z_l) is right on paper, but exp of a large logit is inf. Subtract the largest logit of the row
    before exp, and add it again after log."""
    with np.errstate(over="ignore"):
        return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(y)), y]


@mistake("cross_entropy")
def every_column(z, y):
    """[:, y] takes the columns y of every row, N x N numbers: pick one entry from each row, with np.arange(N) for the
    rows."""
    return -right.log_softmax(z)[:, y]


@mistake("cross_entropy")
def first_column(z, y):
    """You index with [:, y] or [:, 0]: pick one entry from each row, with np.arange(N) for the rows."""
    return -right.log_softmax(z)[:, 0]


@mistake("cross_entropy")
def all_classes(z, y):
    """You sum the logarithms of all classes; only the labelled one counts."""
    return -right.log_softmax(z).sum(axis=1)


@mistake("cross_entropy_grad")
def ascent(z, y):
    """The sign is that of eq. (11) read as the gradient of the log-likelihood. The loss is its negative: p - e_y."""
    return one_hot(z, y) - right.softmax(z)


@mistake("cross_entropy_grad")
def divided_by_n(z, y):
    """You divide by N. The gradient of each sample's own loss has no 1/N; whoever takes the mean divides."""
    return (right.softmax(z) - one_hot(z, y)) / len(y)


@mistake("cross_entropy_grad")
def labelled_entry_only(z, y):
    """Only the entry of the label has a gradient here. The other logits push the label's probability down as well."""
    return (right.softmax(z) - 1) * one_hot(z, y)


@mistake("cross_entropy_grad")
def in_the_probability(z, y):
    """This is the derivative by the probability, -1 / p_y. One more step of the chain rule leads to the logits."""
    return -one_hot(z, y) / right.softmax(z)


@mistake("cross_entropy_grad")
def label_forgotten(z, y):
    """These are the probabilities; the label has not been subtracted."""
    return right.softmax(z)


@mistake("linear_backward_weights")
def mean_over_samples(dy, x):
    """You take the mean over the samples, eq. (11) has the sum."""
    return x.T @ dy / len(x), dy.mean(axis=0)


@mistake("linear_backward_weights")
def transposed(dy, x):
    """dw has to have the shape of w, (D, F): the features come first."""
    return dy.T @ x, dy.sum(axis=0)


@mistake("linear_backward_weights")
def bias_counts_samples(dy, x):
    """db is the number of samples, as if dy were ones: it is the sum of the dy_n."""
    return x.T @ dy, np.full(dy.shape[1], dy.shape[0], dy.dtype)


@mistake("linear_backward_weights")
def last_sample(dy, x):
    """`=` for `+=` in the loop over the samples: only the last one is left."""
    return np.outer(x[-1], dy[-1]), dy[-1].copy()


@mistake("linear_backward_weights")
def upstream_of_ones(dy, x):
    """dw does not depend on dy: every column is the sum of x."""
    return np.repeat(x.sum(axis=0)[:, None], dy.shape[1], axis=1), dy.sum(axis=0)
