"""Wrong ways back from a noisy posterior to a clean one: exercise 06."""

import numpy as np

from ..exercise import mistake


def bayes(T, prior):
    """Q as the report prints it, (8) and (42): P(true = i given noisy = j) for this prior."""
    return prior[:, None] * T.T / (T @ prior)


@mistake("flip_back_bayes")
def bayes_transposed(q, T, prior):
    """q @ Q is sum_i q_i Q[i, j]: it sums over the wrong index. For rows q_n the product Q q_n is q @ Q.T."""
    return q @ bayes(T, prior)


@mistake("flip_back_bayes")
def bayes_without_prior(q, T, prior):
    """You take T^T for Q: that is eq. (42), right only for a uniform prior and a T whose rows sum to 1."""
    return q @ T


@mistake("flip_back_bayes")
def inverse_for_bayes(q, T, prior):
    """That is the map T^-1, which comes next. As printed, (8) uses Q[i, j] = P(true = i | noisy = j)."""
    return q @ np.linalg.inv(T).T


@mistake("flip_back_bayes")
def noise_for_bayes(q, T, prior):
    """You apply T itself: that adds noise a second time instead of taking it away."""
    return q @ T.T


@mistake("flip_back_bayes")
def bayes_of_the_noisy_prior(q, T, prior):
    """The prior in Bayes' formula is that of the true classes; you use T prior in its place."""
    return q @ bayes(T, T @ prior).T


@mistake("flip_back_inverse")
def inverse_transposed(q, T):
    """q @ inv(T) uses the transposed inverse. For rows q_n the product T^-1 q_n is q @ inv(T).T. A symmetric T would
    not have told you."""
    return q @ np.linalg.inv(T)


@mistake("flip_back_inverse")
def noise_once_more(q, T):
    """You apply T, not its inverse: q already is T p."""
    return q @ T.T


@mistake("flip_back_inverse")
def transpose_for_inverse(q, T):
    """T^T is not T^-1: T is no rotation."""
    return q @ T


@mistake("flip_back_inverse")
def clipped_to_probabilities(q, T):
    """You clip at 0 and rescale. Return T^-1 q as it is, negative entries included: the next function projects, and
    clipping with rescaling is not the nearest point."""
    p = (q @ np.linalg.inv(T).T).clip(0)
    return p / p.sum(axis=1, keepdims=True)


@mistake("flip_back_inverse")
def bayes_for_inverse(q, T):
    """That is Q q with a uniform prior, (8) as printed. The noise model says q = T p: solve for p."""
    return q @ bayes(T, np.full(len(T), 1 / len(T))).T


@mistake("project_to_simplex")
def clip_and_rescale(v):
    """Clipping at 0 and dividing by the sum gives probabilities, but not the nearest ones: subtract one number, then
    clip."""
    w = v.clip(0)
    total = w.sum(axis=1, keepdims=True)
    return np.divide(w, total, out=np.full_like(v, 1 / v.shape[1]), where=total > 0)


@mistake("project_to_simplex")
def softmax_instead(v):
    """Softmax gives probabilities from logits. These already are almost probabilities, and those inside the simplex
    should stay where they are."""
    e = np.exp(v - v.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


@mistake("project_to_simplex")
def onto_the_plane(v):
    """The rows sum to 1, but entries are negative: that is the plane, not the simplex. Cut at 0, then find tau
    again."""
    return v - (v.sum(axis=1, keepdims=True) - 1) / v.shape[1]


@mistake("project_to_simplex")
def cut_once(v):
    """After the cut the rows no longer sum to 1: tau has to be computed from the entries that stay positive."""
    return onto_the_plane(v).clip(0)


@mistake("project_to_simplex")
def left_sorted(v):
    """The values are right, but each row is still sorted: use the sorted row for tau only, and subtract tau from v."""
    u = -np.sort(-v, axis=1)
    tau = (u.cumsum(axis=1) - 1) / np.arange(1, v.shape[1] + 1)
    last = (u > tau).sum(axis=1) - 1
    return np.maximum(u - tau[np.arange(len(v)), last][:, None], 0)


@mistake("project_to_simplex")
def one_tau_for_all(v):
    """One tau is used for all rows: every sample has its own."""
    u = -np.sort(-v, axis=1)
    tau = (u.cumsum(axis=1) - 1) / np.arange(1, v.shape[1] + 1)
    last = (u > tau).sum(axis=1) - 1
    return np.maximum(v - tau[0, last[0]], 0)
