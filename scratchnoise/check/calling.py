"""A forward and a backward pass of somebody else, called with numbers: float64 arrays of NumPy go in and come out.

What is differentiated, and what backward is given, is found out by names (`binding`) and said in the report's title.
Arguments can be arrays, or lists, tuples and dicts of arrays: each array inside is differentiated on its own.
"""

import numpy as np

from . import arrays
from .binding import Binding, parameter_names
from .trees import below, is_container, leaves, named, refilled


class Pair:
    """Both functions and arguments for them. args: the leaves of the arguments; moved: places of those that vary."""

    def __init__(self, forward, backward, args, wrt=None, given=None):
        self.forward, self.backward, self.whole = forward, backward, list(args)
        self.tops = parameter_names(forward, len(self.whole))
        found = [leaf for k, a in enumerate(self.whole) for leaf in leaves(a, (k,), self.tops[k])]
        self.paths, self.names, self.args = ([leaf[i] for leaf in found] for i in range(3))
        self.moved = self.moved_places(wrt)
        self.letters = [self.names[k] for k in self.moved]
        self.start = [arrays.to_numpy(self.args[k]).astype(np.float64) for k in self.moved]
        for letter, x in zip(self.letters, self.start, strict=True):
            infinite = int((~np.isfinite(x)).sum())
            if infinite:
                raise ValueError(f"{letter} should be finite, {infinite} of {x.size} entries are not")
        args = self.with_values(self.start)
        self.examples, rest = split(self.raw_forward(args), args)
        method = hasattr(forward, "__self__")
        self.binding = Binding(backward, self.tops, len(self.examples), bool(rest), method, given)
        self.given = self.binding.given
        if self.given == "cache" and len(self.binding.places) == 1:
            self.examples = self.examples[:1]  # with one upstream, what follows the first output is the cache
        self.several = len(self.examples) > 1

    def at(self, args):
        """The same pair at other leaves, called in the same way."""
        return Pair(self.forward, self.backward, self.nested(args), self.letters, self.given)

    def moved_places(self, wrt):
        """The leaves that are differentiated: all floating arrays, or those that `wrt` names, by name or place."""
        if wrt is None:
            wanted = range(len(self.args))
        else:
            listed = [wrt] if isinstance(wrt, str | int) else list(wrt)
            wanted = [k for w in listed for k in self.places_of(w)]
        known = [k for k in wanted if k in range(len(self.args))]
        for k in known:
            if arrays.precision_problem(self.args[k]):
                raise ValueError(f"{self.names[k]}: {arrays.precision_problem(self.args[k])}, or leave it out by wrt")
        places = [k for k in known if not isinstance(self.args[k], float) and arrays.is_floating(self.args[k])]
        if not places or (wrt is not None and places != wanted):
            names = ", ".join(self.names)
            raise ValueError(f"wrt={wrt!r} should name floating arrays among {names}; a Python float is fixed")
        return places

    def places_of(self, wanted):
        """The leaves that one entry of `wrt` means: the name of a leaf, or the name or the place of an argument."""
        if wanted in self.names:
            return [self.names.index(wanted)]
        if isinstance(wanted, int) and 0 <= wanted < len(self.tops):
            wanted = self.tops[wanted]
        if wanted in self.tops:
            inside = [k for k, path in enumerate(self.paths) if path[0] == self.tops.index(wanted)]
            return [k for k in inside if arrays.precision_problem(self.args[k]) or arrays.is_floating(self.args[k])]
        return [None]  # there is none

    # --- what the caller's functions see -------------------------------------------------------------------

    def with_values(self, values):
        """All leaves, copied; those that are differentiated replaced by `values` in their own library and dtype."""
        args = [arrays.copied(a) for a in self.args]
        for k, value in zip(self.moved, values, strict=True):
            args[k] = arrays.like(value, self.args[k])
        return args

    def nested(self, args):
        """The arguments made of these leaves."""
        new = iter(args)
        return [refilled(a, new) for a in self.whole]

    def raw_forward(self, args):
        """What forward returns."""
        with np.errstate(all="ignore"):
            return self.forward(*self.nested(args))

    def outputs(self, args):
        """The floating outputs of forward, as NumPy's."""
        return [arrays.to_numpy(y) for y in split(self.raw_forward(args), args, len(self.examples))[0]]

    def raw_backward(self, dy, args):
        """What backward returns after a forward pass on the same leaves: one gradient for each that is differentiated.

        dy: a list of upstreams. A gradient that is missing is None; a wrong number of them comes as it is.
        """
        whole = self.nested(args)
        with np.errstate(all="ignore"):
            returned = self.forward(*whole)
            rest = split(returned, args, len(self.examples))[1]
            upstreams = dy if len(dy) == len(self.binding.places) else [tuple(dy)]
            found = self.binding.call(self.backward, upstreams, whole, returned, cache_among(rest))
        by_argument = self.by_argument(found)
        if by_argument is None:
            return list(found) if isinstance(found, tuple | list) else [found]
        return [below(by_argument.get(self.tops[path[0]]), path[1:]) for path in (self.paths[k] for k in self.moved)]

    def by_argument(self, found):
        """{argument: its gradient} out of an array, a tuple or list, or a dict; None where the number does not fit."""
        moved = [self.tops[k] for k in sorted({self.paths[k][0] for k in self.moved})]
        if hasattr(found, "_fields") and any(named(found._asdict(), name) is not None for name in moved):
            found = found._asdict()
        if isinstance(found, dict):  # keys for arguments, and for the entries of arguments that are dicts themselves
            inside = {name: found for name, a in zip(self.tops, self.whole, strict=True) if isinstance(a, dict)}
            return inside | {name: named(found, name) for name in moved if named(found, name) is not None}
        if not isinstance(found, tuple | list):
            return {moved[0]: found} if len(moved) == 1 else None
        only = self.whole[self.tops.index(moved[0])] if len(moved) == 1 else None
        if is_container(only) and len(found) == len(only) and (len(found) > 1 or not is_container(found[0])):
            return {moved[0]: found}
        if len(found) == len(self.tops):
            return dict(zip(self.tops, found, strict=True))
        return dict(zip(moved, found, strict=True)) if len(found) == len(moved) else None

    # --- what the checks see ---------------------------------------------------------------------------------

    @property
    def eps(self):
        """The coarsest rounding unit among the arguments and the outputs."""
        names = [arrays.dtype_name(a) for a in (*(self.args[k] for k in self.moved), *self.examples)]
        return max(float(np.finfo(name).eps) for name in names)

    def value(self, values):
        """All floating outputs at `values`, one after the other: (M,) float64."""
        return np.concatenate([y.astype(np.float64).ravel() for y in self.outputs(self.with_values(values))])

    def upstreams(self, dy):
        """dy (M,) cut up into upstreams in the shapes, dtypes and libraries of the outputs."""
        sizes = np.cumsum([int(np.prod(np.shape(y))) for y in self.examples])[:-1]
        parts = zip(np.split(dy, sizes), self.examples, strict=True)
        return [arrays.like(part.reshape(np.shape(y)), y) for part, y in parts]

    def gradients(self, dy, values):
        """The gradients for the upstream dy (M,) at `values`: float64 arrays in the order of `letters`."""
        found = [arrays.to_numpy(g) for g in self.raw_backward(self.upstreams(dy), self.with_values(values))]
        found = [(g.real if g.dtype.kind == "c" else g).astype(np.float64) for g in found]
        if self.given != "gradient":
            return found
        return [times_upstream(g, dy.reshape(np.shape(self.examples[0]))) for g in found]

    def described(self):
        """How backward is called, e.g. "linear_backward(dy, x, w)"."""
        return f"{getattr(self.backward, '__name__', 'backward')}({self.binding.described(self.whole)})"


def cache_among(rest):
    """The cache among what forward returned besides its outputs: the one container, the one value, or all of them."""
    containers = [value for value in rest if isinstance(value, tuple | list | dict)]
    if len(containers) == 1:
        return containers[0]
    return rest[0] if len(rest) == 1 else tuple(rest)


def times_upstream(g, dy):
    """The gradient of <dy, f>. g: the slopes of a single value f; or of each f[n] for x[n]: a row, or one entry."""
    if dy.size == 1:
        return g * dy.ravel()[0]
    if dy.shape != g.shape[: dy.ndim]:
        raise ValueError(
            "backward takes no upstream, so forward should return one value, or one for each row or entry of x; "
            f"forward returns the shape {dy.shape}, backward {g.shape}"
        )
    return g * dy.reshape(dy.shape + (1,) * (g.ndim - dy.ndim))


def split(returned, args, most=None):
    """(the floating outputs, at most `most`; what forward returned besides: places of maxima, a cache).

    Some forward passes hand an argument on. It is no output, except where there is no other, as for the identity.
    """
    parts = returned if isinstance(returned, tuple | list) else (returned,)
    floating = [k for k, y in enumerate(parts) if arrays.is_array(y) and not arrays.precision_problem(y)]
    floating = [k for k in floating if arrays.is_floating(parts[k])]
    if not floating:
        problems = [arrays.precision_problem(y) for y in parts if arrays.is_array(y)]
        what = next(filter(None, problems), f"it returned {', '.join(type(y).__name__ for y in parts)}")
        raise ValueError(f"forward returned no floating array, so there is nothing to differentiate: {what}")
    own = [k for k in floating if not any(parts[k] is a for a in args)] or floating
    own = own[:most]
    return [parts[k] for k in own], [y for k, y in enumerate(parts) if k not in own]
