"""The errors that people make in a backward pass, each as a function of a `Call` of a right one.

`call.right(dy)` runs the true backward pass with another upstream. An error that needs what is not there (a batch, an
upstream) raises `DoesNotApply`.
"""

import numpy as np

from . import arrays
from .planting import DoesNotApply, each, only, shapes

ERRORS: dict[str, tuple] = {}  # name -> (wrong function, what a test needs to see it)


def error(needs):
    """Register an error under its name, with what a test needs in order to see it."""

    def register(function):
        ERRORS[function.__name__.replace("_", " ")] = (function, needs)
        return function

    return register


# --- the upstream ----------------------------------------------------------------------------------------

RANDOM = "an upstream of random numbers; ones hide it"


@error(RANDOM)
def upstream_dropped(call):
    """The gradient of the sum of the outputs, whatever comes from above."""
    return call.right(np.ones_like)


@error(RANDOM)
def upstream_averaged(call):
    """One number for the whole upstream."""
    return call.right(lambda dy: np.full_like(dy, dy.mean()))


@error(RANDOM)
def upstream_without_its_sign(call):
    """|dy|."""
    return call.right(np.abs)


@error(RANDOM)
def upstream_clipped(call):
    """A gradient clipping that nobody asked for: at half of the largest entry."""
    return call.right(lambda dy: np.clip(dy, -np.abs(dy).max() / 2, np.abs(dy).max() / 2))


@error(RANDOM)
def upstream_centred(call):
    """dy minus its mean over the last axis."""
    return call.right(lambda dy: dy - dy.mean(axis=-1, keepdims=True) if dy.ndim else dy)


@error(RANDOM)
def upstream_of_the_next_sample(call):
    """Samples shifted by one."""
    call.samples()
    return call.right(lambda dy: np.roll(dy, 1, axis=0))


@error(RANDOM)
def upstream_dropped_for_the_last_argument(call):
    """A bias gradient that is the number of samples."""
    ones = []
    each(call.right(np.ones_like), lambda g, k: ones.append(g) or g)
    return each(call.right(), lambda g, k: ones[k] if k == len(ones) - 1 else g)


# --- sums ------------------------------------------------------------------------------------------------


@error("two samples or more, and numbers compared, not signs")
def mean_for_sum(call):
    """Divided by the number of samples, as if the loss were a mean: the parameters, or all where there are none."""
    N = call.samples()
    known = shapes(call.right())
    parameters = [s[:1] != (N,) for s in known]
    return each(call.right(), lambda g, k: g / N if parameters[k] or not any(parameters) else g)


@error("two samples or more, and numbers compared, not signs")
def sum_for_mean(call):
    """Not divided by the number of samples."""
    N = call.samples()
    return each(call.right(), lambda g, k: g * N)


@error("two samples or more")
def assigned_for_added(call):
    """`dw = ...` in the loop over samples where `dw += ...` was meant: the last sample's part remains."""
    N = call.samples()
    last = []
    each(call.right(lambda dy: only(dy, -1)), lambda g, k: last.append(g) or g)
    parameters = [g.shape[:1] != (N,) for g in last]
    if not any(parameters):
        raise DoesNotApply("it has no gradient that is a sum over samples")
    return each(call.right(), lambda g, k: last[k] if parameters[k] else g)


@error("two samples or more")
def last_sample_only(call):
    """A loop whose body keeps the last sample."""
    call.samples()
    return call.right(lambda dy: only(dy, -1))


@error("two samples or more")
def first_sample_forgotten(call):
    """A loop from 1."""
    call.samples()
    return call.right(lambda dy: dy - only(dy, 0))


@error("every output with an upstream")
def a_missing_term(call):
    """The part of the last output is left out of the sum."""
    return call.right(lambda dy: dy - only(dy, (..., -1)) if dy.ndim else dy)


# --- the result ------------------------------------------------------------------------------------------


@error("a comparison with the slope of forward")
def wrong_sign(call):
    """-g."""
    return each(call.right(), lambda g, k: -g)


@error("a comparison with the slope of forward")
def zeros(call):
    """A gradient of nothing."""
    return each(call.right(), lambda g, k: np.zeros_like(g))


@error("a comparison of numbers, not of directions")
def half(call):
    """The factor 2 of a square is lost."""
    return each(call.right(), lambda g, k: g / 2)


@error("a comparison of numbers, not of directions")
def twice(call):
    """A factor that is counted twice."""
    return each(call.right(), lambda g, k: g * 2)


@error("a tolerance below one tenth")
def a_tenth_too_large(call):
    """A factor near 1, such as a forgotten 1 / (1 - rate) or n / (n - 1)."""
    return each(call.right(), lambda g, k: g * 1.1)


@error("an array that is not symmetric")
def transposed(call):
    """The entries in the order of the transpose, in the old shape."""
    return each(call.right(), lambda g, k: g.T.reshape(g.shape) if g.ndim > 1 else g[::-1])


@error("an array that is not a palindrome")
def flipped(call):
    """All axes reversed: a convolution kernel flipped once too often."""
    return each(call.right(), lambda g, k: np.flip(g))


@error("entries that differ")
def off_by_one(call):
    """Shifted by one along the last axis."""
    return each(call.right(), lambda g, k: np.roll(g, 1, axis=-1) if g.ndim else g)


@error("every gradient compared")
def one_argument_forgotten(call):
    """The last gradient is zero."""
    last = len(shapes(call.right())) - 1
    return each(call.right(), lambda g, k: np.zeros_like(g) if k == last else g)


@error("gradients of both signs")
def negative_entries_cut(call):
    """A ReLU on the gradient."""
    return each(call.right(), lambda g, k: np.maximum(g, 0))


@error("a comparison of numbers, not of directions")
def scaled_to_length_one(call):
    """g / |g|."""
    return each(call.right(), lambda g, k: g / max(float(np.sqrt((g.astype(float) ** 2).sum())), 1e-30))


@error("arguments that are not zero")
def weight_decay_added(call):
    """The gradient of a penalty that is not in forward: g + x / 10."""
    known = [arrays.to_numpy(a) for k, a in enumerate(call.args) if k != call.place and arrays.is_array(a)]

    def with_penalty(g, k):
        fitting = [a for a in known if a.shape == g.shape]
        return g + fitting[0] / 10 if fitting else g

    return each(call.right(), with_penalty)


# --- between calls ---------------------------------------------------------------------------------------


@error("inputs that no earlier call has seen")
def stale_cache(call):
    """The arguments of the call before, except for the upstream."""
    if not call.before:
        raise DoesNotApply("it is given no arrays but the upstream")
    args = [call.before.get(k, a) for k, a in enumerate(call.args)]
    return call.right(args=args)


@error("a comparison with the slope of forward")
def added_to_the_call_before(call):
    """A buffer that nobody set to zero."""
    before = []
    args = [call.before.get(k, a) for k, a in enumerate(call.args)]
    each(call.right(args=args), lambda g, k: before.append(g) or g)
    return each(call.right(), lambda g, k: g + before[k])
