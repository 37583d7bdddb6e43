"""Softmax and the two losses as explicit loops, one sample after another.

The largest logit `top` and the sum `total` = sum_j exp(z_j - top) stay two numbers. Their combination
log sum_j exp(z_j) = top + log total would lose log total to rounding as soon as top is large.

N samples, C classes.
"""

import numpy as np


def largest_logit(z):
    """top = max_j z_j of one sample."""
    top = z[0]
    for j in range(1, z.size):
        top = max(top, z[j])
    return np.float64(top)


def total_of_exponentials(z, top):
    """sum_j exp(z_j - top) of one sample: from 1 to C, so it neither overflows nor vanishes."""
    total = np.float64(0.0)
    for j in range(z.size):
        total += np.exp(z[j] - top)
    return total


def log_softmax(z):
    """(z_c - top) - log total."""
    out = np.empty_like(z)
    for n in range(z.shape[0]):
        top = largest_logit(z[n])
        log_total = np.log(total_of_exponentials(z[n], top))
        for c in range(z.shape[1]):
            out[n, c] = (z[n, c] - top) - log_total
    return out


def softmax(z):
    """exp(z_c - top) / total."""
    out = np.empty_like(z)
    for n in range(z.shape[0]):
        top = largest_logit(z[n])
        total = total_of_exponentials(z[n], top)
        for c in range(z.shape[1]):
            out[n, c] = np.exp(z[n, c] - top) / total
    return out


def signed_cross_entropy(z, a):
    """-sum_c a_c log softmax(z)_c."""
    loss = np.empty(z.shape[0], z.dtype)
    for n in range(z.shape[0]):
        top = largest_logit(z[n])
        log_total = np.log(total_of_exponentials(z[n], top))
        sum_of_losses = np.float64(0.0)
        for c in range(z.shape[1]):
            if a[n, c] != 0:  # 0 * log 0 is 0: a class of no weight may have no probability
                sum_of_losses += a[n, c] * (log_total - (z[n, c] - top))
        loss[n] = sum_of_losses
    return loss


def signed_cross_entropy_grad(z, a):
    """(sum_c a_c) softmax(z) - a."""
    dz = np.empty_like(z)
    for n in range(z.shape[0]):
        top = largest_logit(z[n])
        total = total_of_exponentials(z[n], top)
        mass = np.float64(0.0)
        for c in range(z.shape[1]):
            mass += a[n, c]
        for c in range(z.shape[1]):
            dz[n, c] = mass * (np.exp(z[n, c] - top) / total) - a[n, c]
    return dz


def forward_cross_entropy(z, y, T):
    """-log (T p)_y = log sum_j exp(z_j) - log sum_j T[y, j] exp(z_j)."""
    log_T = log_entries(T)
    loss = np.empty(z.shape[0], z.dtype)
    joint = np.empty(z.shape[1], np.float64)
    for n in range(z.shape[0]):
        top = largest_logit(z[n])
        total = total_of_exponentials(z[n], top)
        top_allowed = joint_logits(z[n], log_T[y[n]], joint)
        loss[n] = forward_loss(top, total, top_allowed, joint)
    return loss


def forward_cross_entropy_grad(z, y, T):
    """p - r with r = softmax(z + log T[y])."""
    log_T = log_entries(T)
    dz = np.empty_like(z)
    joint = np.empty(z.shape[1], np.float64)
    for n in range(z.shape[0]):
        top = largest_logit(z[n])
        total = total_of_exponentials(z[n], top)
        joint_logits(z[n], log_T[y[n]], joint)
        joint_top = largest_logit(joint)
        joint_total = total_of_exponentials(joint, joint_top)
        for j in range(z.shape[1]):
            dz[n, j] = np.exp(z[n, j] - top) / total - np.exp(joint[j] - joint_top) / joint_total
    return dz


def joint_logits(z, log_T, joint):
    """Fill joint_j = (z_j - top_allowed) + log T[y, j]; return top_allowed, the largest z_j that T allows.

    The difference comes first: beside a large z_j, log T[y, j] would be rounded away.
    """
    top_allowed = np.float64(-np.inf)
    for j in range(z.size):
        if log_T[j] > -np.inf:
            top_allowed = max(top_allowed, np.float64(z[j]))
    for j in range(z.size):
        joint[j] = (z[j] - top_allowed) + log_T[j] if log_T[j] > -np.inf else -np.inf
    return top_allowed


def forward_loss(top, total, top_allowed, joint):
    """(top + log total) - (top_allowed + log sum_j exp(joint_j)), large numbers subtracted from each other first."""
    if top_allowed == -np.inf:
        return total * np.inf  # T allows no class that has a probability: -log 0; still NaN where a logit is NaN
    joint_top = largest_logit(joint)
    return (top - top_allowed) - joint_top + np.log(total) - np.log(total_of_exponentials(joint, joint_top))


def log_entries(T):
    """log T, with log 0 = -inf."""
    out = np.empty(T.shape, np.float64)
    for i in range(T.shape[0]):
        for j in range(T.shape[1]):
            out[i, j] = np.log(np.float64(T[i, j])) if T[i, j] > 0 else -np.inf  # an impossible flip
    return out
