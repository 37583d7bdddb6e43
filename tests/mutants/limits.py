"""Wrong kernels of the softmax family: right for ordinary logits, wrong at the limits of their dtype."""

import numpy as np

from scratchnoise.check.properties import limits
from scratchnoise.kernels import numpy_table as right

from .registry import rejected_by


def log_sum_exp(z):
    """top + log total in one number, which rounds log total away beside a large top."""
    top = z.max(axis=1, keepdims=True)
    return top + np.log(np.exp(z - top).sum(axis=1, keepdims=True))


@rejected_by(limits.softmax_is_exact)
def softmax_by_one_number(z):
    """exp(z - log sum exp z)."""
    return np.exp(z - log_sum_exp(z))


@rejected_by(limits.softmax_is_exact)
def softmax_in_float16(z):
    """Half precision inside."""
    return right.softmax(z.astype(np.float16)).astype(z.dtype)


@rejected_by(limits.log_softmax_is_exact)
def log_softmax_by_one_number(z):
    """z - log sum exp z."""
    return z - log_sum_exp(z)


@rejected_by(limits.log_softmax_is_exact)
def log_of_softmax(z):
    """log 0 where exp underflows."""
    with np.errstate(divide="ignore"):
        return np.log(right.softmax(z))


@rejected_by(limits.a_large_shift_changes_nothing)
def loss_by_one_number(z, y, T):
    """log T added to logits that swallow it."""
    with np.errstate(divide="ignore"):
        return (log_sum_exp(z) - log_sum_exp(z + np.log(T[y])))[:, 0]


@rejected_by(limits.a_large_shift_changes_nothing)
def gradient_by_one_number(z, y, T):
    """The same in the gradient of the regression pass."""
    return np.exp(z - log_sum_exp(z)) - np.eye(z.shape[1], dtype=z.dtype)[y]


@rejected_by(limits.signed_loss_is_exact)
def signed_loss_times_zero(z, a):
    """0 * inf: a class without weight and without probability gives NaN."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(a * np.log(right.softmax(z))).sum(axis=1)


@rejected_by(limits.signed_gradient_is_exact)
def signed_gradient_by_one_number(z, a):
    """exp(z - log sum exp z)."""
    return a.sum(axis=1, keepdims=True) * np.exp(z - log_sum_exp(z)) - a


@rejected_by(limits.forward_loss_is_exact)
def loss_of_the_sum(z, y, T):
    """-log of (T p)_y, which underflows."""
    with np.errstate(divide="ignore"):
        return -np.log((T[y] * right.softmax(z)).sum(axis=1))


@rejected_by(limits.forward_loss_is_exact)
def loss_with_a_guard(z, y, T):
    """1e-30 added to the probability."""
    return -np.log((T[y] * right.softmax(z)).sum(axis=1) + z.dtype.type(1e-30))


@rejected_by(limits.forward_gradient_is_exact)
def gradient_divided_by_a_subnormal(z, y, T):
    """1 / joint is infinite where joint is subnormal, and infinity times 0 is NaN."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    joint = (T[y] * e).sum(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        fast = e * (1 / e.sum(axis=1, keepdims=True) - T[y] * (1 / joint))
    return np.where(joint > 0, fast, right.forward_cross_entropy_grad(z, y, T))


@rejected_by(limits.forward_gradient_is_exact)
def gradient_of_underflown_terms(z, y, T):
    """Divides by any joint above 0: of subnormal terms only a few digits are left."""
    p = right.softmax(z)
    joint = T[y] * p
    noisy = joint.sum(axis=1, keepdims=True)
    r = np.divide(joint, noisy, out=np.zeros_like(joint), where=noisy > 0)
    return np.where(noisy > 0, p - r, right.forward_cross_entropy_grad(z, y, T))
