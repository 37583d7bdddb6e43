"""How an error is planted in a right backward pass: the call that it changes, and the wrapper. No source is changed."""

import copy
import inspect

import numpy as np

from . import arrays
from .binding import UPSTREAM


class DoesNotApply(Exception):
    """The error cannot be made in this backward pass."""


class Call:
    """One call of a backward pass: NumPy's view of its upstream and of its gradients."""

    def __init__(self, backward, args, kwargs, place, before):
        self.backward, self.args, self.kwargs, self.place, self.before = backward, list(args), kwargs, place, before
        self.called = False

    def upstreams(self):
        """The upstreams as a list of NumPy arrays; DoesNotApply without any."""
        if self.place is None:
            raise DoesNotApply("it takes no upstream")
        dy = self.args[self.place]
        return [arrays.to_numpy(u) for u in (dy if isinstance(dy, tuple | list) else [dy])]

    def right(self, change=None, args=None):
        """The true gradients, with every upstream changed by change(dy), and with other arguments if given."""
        given = [arrays.copied(a) for a in (self.args if args is None else args)]
        if self.called:  # a layer that adds gradients up should not add those of a second call
            given = [a if arrays.is_array(a) else own_copy(a) for a in given]
        self.called = True
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


def own_copy(value):
    """A copy of a layer or another object with a state; the object itself where it cannot be copied."""
    try:
        return copy.deepcopy(value)
    except Exception:  # what PyTorch keeps for a backward pass, for example
        return value


def each(gradients, change):
    """change(g, k) for every floating array among gradients (an array, a tuple, a list, a dict), the k-th of them."""
    if isinstance(gradients, dict):
        return {name: each(g, lambda g, _, k=k: change(g, k)) for k, (name, g) in enumerate(gradients.items())}
    if isinstance(gradients, tuple | list):
        changed = [each(g, lambda g, _, k=k: change(g, k)) for k, g in enumerate(gradients)]
        return type(gradients)(*changed) if hasattr(gradients, "_fields") else type(gradients)(changed)
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


def plant(wrong, backward, upstream=None):
    """`backward` with an error, a function of a `Call`.

    upstream: the place of dy among the arguments of backward; found by its name if None.
    """

    def planted(*args, **kwargs):
        place = upstream_place(backward, args) if upstream is None else upstream
        return wrong(Call(backward, args, kwargs, place, earlier(args, place)))

    planted.__name__ = getattr(backward, "__name__", "backward")
    signature = signature_of(backward)
    if signature is not None:
        planted.__signature__ = signature
    return planted


def earlier(args, place):
    """{place: array} of arrays that an earlier call may have had: the floating arguments, smaller and reversed."""
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
