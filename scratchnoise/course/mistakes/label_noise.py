"""Wrong label noise, priors and Q: exercises 04 and 05."""

import numpy as np

from ..exercise import mistake

# --- 04 corrupting labels --------------------------------------------------------------------------------


@mistake("uniform")
def total_rate(n_classes, rho):
    """You share rho among the wrong labels. In eq. (1) every single wrong label has probability rho."""
    T = np.full((n_classes, n_classes), rho / (n_classes - 1))
    np.fill_diagonal(T, 1 - rho)
    return T


@mistake("uniform")
def diagonal_one_minus_rho(n_classes, rho):
    """The columns do not sum to 1: there are C - 1 wrong labels, and each takes rho from the diagonal."""
    T = np.full((n_classes, n_classes), float(rho))
    np.fill_diagonal(T, 1 - rho)
    return T


@mistake("uniform")
def redrawn(n_classes, rho):
    """This is what redrawing a share rho of the labels over all classes does; then only rho / C is on each wrong
    label."""
    return (1 - rho) * np.eye(n_classes) + rho / n_classes


@mistake("uniform")
def diagonal_of_zeros(n_classes, rho):
    """The diagonal is empty: the label stays right with probability 1 - (C - 1) rho."""
    return rho * (1 - np.eye(n_classes))


@mistake("uniform")
def everything_rho(n_classes, rho):
    """The right label has rho as well: put 1 - (C - 1) rho on the diagonal."""
    return np.full((n_classes, n_classes), float(rho))


def draw(y, columns, u):
    """The noisy label of each sample: how many edges of its column its uniform number reaches."""
    edges = np.cumsum(columns, axis=0)[:-1]
    return (u[:, None] >= edges.T[y]).sum(axis=1)


@mistake("corrupt")
def row_for_column(y, T, rng):
    """You read row y of T; T[i, j] = P(noisy = i | true = j), so the labels of true class j are in *column* j."""
    rows = T.T / T.sum(axis=1)
    return draw(y, rows, rng.random(len(y)))


@mistake("corrupt")
def one_number_for_all(y, T, rng):
    """All samples of a class flip together: every sample needs a random number of its own."""
    return draw(y, T, np.full(len(y), rng.random()))


@mistake("corrupt")
def nobody_flips(y, T, rng):
    """The labels come back as they were: each should become i with probability T[i, y]."""
    return y.copy()


@mistake("corrupt")
def global_generator(y, T, rng):
    """The draw does not come from `rng`: the same seed has to give the same labels. np.random.* is another
    generator."""
    return draw(y, T, np.random.default_rng().random(len(y)))


@mistake("corrupt")
def kept_twice(y, T, rng):
    """True labels stay too often: you first decide with T[y, y] whether to keep, then draw from the whole column, which
    keeps some again. One draw from the column does it all."""
    keep = rng.random(len(y)) < T[y, y]
    return np.where(keep, y, draw(y, T, rng.random(len(y))))


@mistake("corrupt")
def class_after_class(y, T, rng):
    """You write into the labels that you still read: a sample flipped from 0 to 1 is flipped again as a 1. Read y,
    write into a new array."""
    out = y.copy()
    for j in range(len(T)):
        members = np.flatnonzero(out == j)
        out[members] = draw(np.full(len(members), j), T, rng.random(len(members)))
    return out


@mistake("corrupt")
def most_probable(y, T, rng):
    """You take the most probable label of the column; it should be drawn, with the column as probabilities."""
    return T.argmax(axis=0)[y]


@mistake("corrupt")
def in_place_of_the_truth(y, T, rng):
    """The draw is right, but it overwrites y: the caller still needs the true labels."""
    y[:] = draw(y.copy(), T, rng.random(len(y)))
    return y


# --- 05 priors and Q -------------------------------------------------------------------------------------


@mistake("priors")
def counts(y, n_classes):
    """These are counts; a share is a count divided by N."""
    return np.bincount(y, minlength=n_classes).astype(float)


@mistake("priors")
def classes_that_occur(y, n_classes):
    """Only classes that occur have a place: a class without samples has share 0 (np.bincount has `minlength`)."""
    return np.unique(y, return_counts=True)[1] / len(y)


@mistake("priors")
def divided_by_classes(y, n_classes):
    """You divide by the number of classes; the shares of N labels are counts / N."""
    return np.bincount(y, minlength=n_classes) / n_classes


@mistake("priors")
def smoothed(y, n_classes):
    """One is added to every count. That is a Bayesian estimate; Table 1 has the plain shares."""
    return (np.bincount(y, minlength=n_classes) + 1) / (len(y) + n_classes)


@mistake("noisy_prior")
def prior_times_T(T, prior):
    """You sum over the noisy label: prior @ T is sum_i prior_i T[i, j]. The sum runs over the true class, the
    column."""
    return prior @ T


@mistake("noisy_prior")
def prior_unchanged(T, prior):
    """This is the clean prior: noise moves it, unless the rows of T sum to 1 and it is uniform."""
    return prior.copy()


@mistake("noisy_prior")
def prior_forgotten(T, prior):
    """The mean of the columns: right for a uniform prior only."""
    return T.mean(axis=1)


@mistake("noisy_prior")
def diagonal_alone(T, prior):
    """Only the labels that stay right are counted: those that flip into class i belong to it as well."""
    return np.diag(T) * prior


@mistake("inverse_transition")
def just_the_transpose(T, prior):
    """This is T^T, eq. (42), or a joint whose rows were scaled: it needs a uniform prior *and* a T whose rows sum to 1
    as well. In general Bayes has both priors in it, and the columns of Q sum to 1."""
    return T.T.copy()


@mistake("inverse_transition")
def the_inverse(T, prior):
    """T^-1 is another thing: it undoes the noise on a posterior, has negative entries, and knows no prior. Q is a
    conditional probability."""
    return np.linalg.inv(T)


@mistake("inverse_transition")
def divided_by_the_true_prior(T, prior):
    """You divide by the prior of the true class. The given index of Q is the noisy label: divide by P(noisy = j)."""
    return prior[:, None] * T.T / prior


@mistake("inverse_transition")
def joint_only(T, prior):
    """This is the joint probability of true = i and noisy = j: the division by P(noisy = j) is missing."""
    return prior[:, None] * T.T


@mistake("inverse_transition")
def prior_on_the_columns(T, prior):
    """The prior multiplies the columns of T^T; it belongs to the true class, the row i of Q: prior[:, None]."""
    joint = T.T * prior
    return joint / joint.sum(axis=0)


@mistake("inverse_transition")
def not_transposed(T, prior):
    """The result has the noisy label in its rows, like T. The rows of Q are the true class: transpose."""
    return T * prior / (T @ prior)[:, None]
