"""The errors that people make in a backward pass, as wrappers around a right one. No source is changed.

Each is a function (call) -> gradients, where `call.right(dy)` runs the true backward pass with another upstream. An
error that needs what is not there (a batch, an upstream, a second call) raises `DoesNotApply`.
"""

import inspect

import numpy as np

from . import arrays
from .calling import UPSTREAM

ERRORS = {}  # name -> (wrong function, what a test needs to see it)


class DoesNotApply(Exception):
    """The error cannot be made in this backward pass."""


def error(needs):
    """Register an error under its name, with what a test needs in order to see it."""

    def register(function):
        ERRORS[function.__name__.replace("_", " ")] = (function, needs)
        return function

    return register


class Call:
    """One call of a backward pass: NumPy's view of its upstream and of its gradients."""

    def __init__(self, backward, args, kwargs, place, before):
        self.backward, self.args, self.kwargs, self.place, self.before = backward, list(args), kwargs, place, before

    def upstreams(self):
        """The upstreams as a list of NumPy arrays; DoesNotApply without any."""
        if self.place is None:
            raise DoesNotApply("it takes no upstream")
        dy = self.args[self.place]
        return [arrays.to_numpy(u) for u in (dy if isinstance(dy, tuple | list) else [dy])]

    def right(self, change=None, args=None):
        """The true gradients, with every upstream changed by change(dy), and with other arguments if given."""
        given = [arrays.copied(a) for a in (self.args if args is None else args)]
        if change is not None:
            changed, old = [change(u) for u in self.upstreams()], self.args[self.place]
            if isinstance(old, tuple | list):
                given[self.place] = type(old)(arrays.like(c, o) for c, o in zip(changed, old, strict=True))
            else:
                given[self.place] = arrays.like(changed[0], old)
        return self.backward(*given, **self.kwargs)

    def samples(self):
        """The number of samples, the first axis of the upstream; DoesNotApply for fewer than two."""
        shape = self.upstreams()[0].shape
        if not shape or shape[0] < 2:
            raise DoesNotApply("there is one sample only")
        return shape[0]


def each(gradients, change):
    """change(g, k) for every floating array among gradients (an array, a tuple, a list, a dict), the k-th of them."""
    if isinstance(gradients, dict):
        return {name: each(g, lambda g, _, k=k: change(g, k)) for k, (name, g) in enumerate(gradients.items())}
    if isinstance(gradients, tuple | list):
        return type(gradients)(each(g, lambda g, _, k=k: change(g, k)) for k, g in enumerate(gradients))
    if arrays.is_array(gradients) and arrays.is_floating(gradients):
        return arrays.like(change(arrays.to_numpy(gradients), 0), gradients)
    return gradients


def shapes(gradients):
    """The shapes of the floating arrays among gradients."""
    found = []
    each(gradients, lambda g, k: found.append(g.shape) or g)
    return found


def only(dy, index):
    """dy with everything but dy[index] set to zero."""
    kept = np.zeros_like(dy)
    kept[index] = dy[index]
    return kept


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


# --- planting --------------------------------------------------------------------------------------------


def plant(name, backward, upstream=None):
    """`backward` with the error ERRORS[name]. upstream: the place of dy among its arguments, found by its name if None.

    """
    wrong = ERRORS[name][0]

    def planted(*args, **kwargs):
        place = upstream_place(backward, args) if upstream is None else upstream
        return wrong(Call(backward, args, kwargs, place, earlier(args, place)))

    planted.__name__ = getattr(backward, "__name__", "backward")
    planted.__signature__ = signature_of(backward)
    return planted


def earlier(args, place):
    """{place: array} of arrays that an earlier call may have had: the other floating arguments, smaller and reversed."""
    found = {}
    for k, a in enumerate(args):
        if k != place and arrays.is_array(a) and np.ndim(a) and arrays.is_floating(a):
            found[k] = arrays.like(0.75 * np.flip(arrays.to_numpy(a), axis=0), a)
    return found


def upstream_place(backward, args):
    """The place of the upstream: the first parameter with a name for it, else the first floating array; else None."""
    signature = signature_of(backward)
    names = list(signature.parameters) if signature else []
    named = [k for k, name in enumerate(names[: len(args)]) if UPSTREAM.fullmatch(name)]
    if named and is_upstream(args[named[0]]):
        return named[0]
    if names and not any(p.kind is p.VAR_POSITIONAL for p in signature.parameters.values()):
        return None
    return next((k for k, a in enumerate(args) if is_upstream(a)), None)


def is_upstream(value):
    """Whether a value is a floating array, or a tuple of them."""
    parts = value if isinstance(value, tuple | list) else [value]
    return bool(parts) and all(arrays.is_array(u) and arrays.is_floating(u) for u in parts)


def signature_of(function):
    """The signature of a function; None where it has none."""
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None
