"""Softmax and its losses at the limits of their dtype: large, close, far apart, subnormal, impossible.

Every function of the softmax family must keep the largest logit and the sum of exponentials apart. What is compared
with is computed in long doubles, from differences of logits.
"""

import numpy as np
from hypothesis import strategies as st

from .. import strategies
from ..compare import assert_close
from ..property import holds_for

ROUNDINGS = 64  # of a few exponentials, logarithms and sums


def tolerance(z):
    """The relative error that rounding explains in the dtype of z."""
    return ROUNDINGS * np.finfo(z.dtype).eps


def exact_log_softmax(z):
    """log softmax in long doubles. z (N, C) -> (N, C)."""
    below = np.subtract(z, z.max(axis=1, keepdims=True), dtype=np.longdouble)
    return below - np.log(np.exp(below).sum(axis=1, keepdims=True))


def exact_joint(z, y, T):
    """Logits of the true class given x and the noisy label, -inf where T[y] is 0, and the largest z_j that T allows."""
    row = T[y].astype(np.longdouble)
    allowed = np.where(row > 0, z.astype(np.longdouble), -np.inf)
    top = allowed.max(axis=1, keepdims=True)
    return (allowed - top) + np.log(row, out=np.full_like(row, -np.inf), where=row > 0), top[:, 0]


@holds_for(z=strategies.logits_at_the_limits)
def softmax_is_exact(softmax, z):
    """Rows sum to 1 for every finite input, and each entry is right.

    Eq. (22). softmax(z (N, C)) -> (N, C).
    """
    p = np.asarray(softmax(z))
    hint = "p = exp(z - top) / sum_j exp(z_j - top): top + log(sum) would round the logarithm away"
    assert_close("row sums", p.sum(axis=1), np.ones(len(z)), tolerance(z), hint)
    assert_close("softmax(z)", p, np.exp(exact_log_softmax(z)), tolerance(z), hint)


@holds_for(z=strategies.logits_at_the_limits)
def log_softmax_is_exact(log_softmax, z):
    """(z_c - top) - log sum_j exp(z_j - top), the large numbers subtracted first.

    log_softmax(z (N, C)) -> (N, C).
    """
    assert_close("log softmax(z)", log_softmax(z), exact_log_softmax(z), tolerance(z), "subtract the largest first")


@holds_for("T", "z", "y", sign=lambda N, C: st.sampled_from([-1, 1]))
def a_large_shift_changes_nothing(function, T, z, y, sign):
    """Adding 1e6 (float32) or 1e15 (float64) to all logits of a sample changes nothing but the last digits.

    z and the shift are chosen so that the sum is exact. function(z, y, T) -> array.
    """
    for dtype, shift in ((np.float32, 1e6), (np.float64, 1e15)):
        here, matrix = z.astype(dtype), T.astype(dtype)
        shifted = here + dtype(sign * shift)
        expected = function(here, y, matrix)
        bound = tolerance(here) * np.linalg.cond(T)
        assert_close(f"after a shift of {sign * shift:g}", function(shifted, y, matrix), expected, bound)


@holds_for(z=strategies.logits_at_the_limits, a=lambda N, C: strategies.quarter_arrays((N, C), -1, 1))
def signed_loss_is_exact(value, z, a):
    """-sum_c a_c log softmax(z)_c; a class of weight 0 costs nothing, however improbable.

    value(z (N, C), a (N, C)) -> (N,).
    """
    terms = np.multiply(a, -exact_log_softmax(z), out=np.zeros(z.shape, np.longdouble), where=a != 0)
    size = np.abs(terms).sum(axis=1) + 1
    with np.errstate(over="ignore"):  # a loss beyond the largest number is inf
        found = value(z, a.astype(z.dtype))
        expected = terms.sum(axis=1).astype(z.dtype)
    assert_close("loss over the sum of its terms", found / size, expected / size, tolerance(z))


@holds_for(z=strategies.logits_at_the_limits, a=lambda N, C: strategies.quarter_arrays((N, C), -1, 1))
def signed_gradient_is_exact(grad, z, a):
    """(sum_c a_c) softmax(z) - a, finite and right for every finite z.

    grad(z (N, C), a (N, C)) -> (N, C).
    """
    expected = a.sum(axis=1, keepdims=True) * np.exp(exact_log_softmax(z)) - a
    assert_close("dz", grad(z, a.astype(z.dtype)), expected, tolerance(z))


@holds_for("y", z=strategies.logits_at_the_limits, T=lambda N, C: strategies.transition_matrices_at_the_limits(C))
def forward_loss_is_exact(value, z, y, T):
    """-log (T softmax(z))_y with zeros and subnormal entries in T, and logits of any size.

    value(z, y, T) -> (N,).
    """
    T = T.astype(z.dtype)
    joint, top_allowed = exact_joint(z, y, T)
    log_total = np.log(np.exp(np.subtract(z, z.max(axis=1, keepdims=True), dtype=np.longdouble)).sum(axis=1))
    log_joint = np.logaddexp.reduce(joint, axis=1)
    expected = (z.max(axis=1).astype(np.longdouble) - top_allowed) + log_total - log_joint
    assert_close("loss", value(z, y, T), expected, tolerance(z), "large numbers are subtracted from each other first")


@holds_for(
    "y",
    z=strategies.logits_at_the_limits,
    T=lambda N, C: strategies.transition_matrices_at_the_limits(C),
    impossible=lambda N, C: st.booleans(),
)
def forward_gradient_is_exact(grad, z, y, T, impossible):
    """p - r, finite and right: r = softmax(z + log T[y]) is a distribution even if all that T allows has underflown.

    With `impossible`, z is -inf wherever T[y] is 0: such a class has no probability at all.
    grad(z, y, T) -> (N, C).
    """
    T = T.astype(z.dtype)
    z = np.where((T[y] == 0) & impossible, -np.inf, z).astype(z.dtype)
    joint, _ = exact_joint(z, y, T)
    expected = np.exp(exact_log_softmax(z)) - np.exp(joint - np.logaddexp.reduce(joint, axis=1, keepdims=True))
    assert_close("dz", grad(z, y, T), expected, tolerance(z), "r is a softmax of (z - top) + log T[y]")
