"""How a forward and a backward pass of somebody else are called: what is differentiated, what backward is given.

`Pair` finds it out by the names of the parameters and says it in one line, so that a reader can object:

    f(x, w, b)             f_grad(x, w, b)             "gradient"  no upstream; one value, or one row for each sample
    linear_forward(x, w)   linear_backward(dy, x, w)   "args"      the upstream, then arguments in order or by name
    affine_forward(x, w)   affine_backward(dy, cache)  "cache"    the upstream, and what forward returned besides
    layer.forward(x)       layer.backward(dy)          "state"     the upstream; the layer remembers what it needs
"""

import inspect
import re

import numpy as np

from . import arrays

GIVEN = ("gradient", "args", "cache", "state")
OUTPUT_NAMES = ("y", "out", "output", "result")
UPSTREAM = re.compile(
    r"d[a-z]{0,3}|d_\w+|\w*grad\w*|g[a-z]?|up\w*|\w*delta\w*|cot\w*|\w*bar|u|v"
)  # what people call the upstream
CACHE_NAMES = ("cache", "ctx", "context", "saved", "state")


class Pair:
    """A forward and a backward pass together with arguments; numbers go in and come out as NumPy's float64."""

    def __init__(self, forward, backward, args, wrt=None, given=None):
        self.forward, self.backward, self.args = forward, backward, list(args)
        self.names = parameter_names(forward, len(self.args))
        self.moved = moved_places(self.names, self.args, wrt)
        self.letters = [self.names[k] for k in self.moved]
        kinds, self.cache = split_outputs(self.raw_forward(self.args), self.args)
        self.several, self.examples = kinds
        self.wanted, self.optional = positional(backward)
        self.given = given or self.guess_given()
        self.start = [arrays.to_numpy(self.args[k]).astype(np.float64) for k in self.moved]

    # --- what the caller's functions see -------------------------------------------------------------------

    def with_values(self, values):
        """All arguments, those that are differentiated replaced by `values` in their own library and dtype."""
        args = [arrays.copied(a) for a in self.args]
        for k, value in zip(self.moved, values, strict=True):
            args[k] = arrays.like(value, self.args[k])
        return args

    def raw_forward(self, args):
        """What forward returns."""
        with np.errstate(all="ignore"):
            return self.forward(*args)

    def raw_backward(self, dy, args):
        """What backward returns after a forward pass on the same arguments, as a list. dy: a list of upstreams."""
        returned = self.raw_forward(args)
        with np.errstate(all="ignore"):
            found = self.backward(*self.backward_arguments(dy, args, returned))
        return self.in_order(found)

    def backward_arguments(self, dy, args, returned):
        """The positional arguments of backward."""
        upstream = tuple(dy) if self.several else dy[0]
        if self.given == "gradient":
            return list(args)
        if self.given == "state":
            return [upstream]
        if self.given == "cache":
            return [upstream, returned[1] if len(returned) == 2 else tuple(returned[1:])]
        named = self.by_name(args, returned)
        return [upstream, *(args if named is None else named)]

    def by_name(self, args, returned):
        """backward's further arguments where each has the name of one of forward's, or of its result; else None."""
        known = dict(zip(self.names, args, strict=True))
        if not isinstance(returned, tuple):
            known = {name: returned for name in OUTPUT_NAMES} | known
        required, optional = (self.wanted or [])[1:], []
        for name in self.optional:  # those behind the first unknown one keep their defaults
            if name not in known:
                break
            optional.append(name)
        if not (required or optional) or not all(name in known for name in required):
            return None
        return [known[name] for name in (*required, *optional)]

    def in_order(self, found):
        """Gradients as a list in the order of `letters`, out of an array, a tuple with or without None, or a dict."""
        if isinstance(found, dict):
            keys = {k: ("d" + k if "d" + k in found else k) for k in self.letters}
            return [found.get(keys[k]) for k in self.letters]
        found = list(found) if isinstance(found, tuple | list) else [found]
        if len(found) == len(self.args) != len(self.moved):
            return [found[k] for k in self.moved]
        return found

    def guess_given(self):
        """One of GIVEN by the number and the names of backward's parameters."""
        if self.wanted is None:
            return "args"
        first, count = self.wanted[0] if self.wanted else "", len(self.wanted)
        if count == 2 and (self.wanted[1] in CACHE_NAMES or (self.cache and self.wanted[1] not in self.names)):
            return "cache"
        upstream = hasattr(self.forward, "__self__") or (UPSTREAM.fullmatch(first) and first not in self.names)
        if count == 1 and upstream and not self.optional:
            return "state"
        return "args" if upstream or count > len(self.args) else "gradient"

    # --- what the checks see ---------------------------------------------------------------------------------

    @property
    def eps(self):
        """The coarsest rounding unit among the arguments and the outputs."""
        names = [arrays.dtype_name(a) for a in (*(self.args[k] for k in self.moved), *self.examples)]
        return max(float(np.finfo(name).eps) for name in names)

    def value(self, values):
        """All floating outputs at `values`, one after the other: (M,) float64."""
        (_, outputs), _ = split_outputs(self.raw_forward(self.with_values(values)), self.args)
        return np.concatenate([arrays.to_numpy(y).astype(np.float64).ravel() for y in outputs])

    def upstreams(self, dy):
        """dy (M,) cut up into upstreams in the shapes, dtypes and libraries of the outputs."""
        sizes = np.cumsum([int(np.prod(np.shape(y))) for y in self.examples])[:-1]
        parts = zip(np.split(dy, sizes), self.examples, strict=True)
        return [arrays.like(part.reshape(np.shape(y)), y) for part, y in parts]

    def gradients(self, dy, values):
        """The gradients for the upstream dy (M,) at `values`: float64 arrays in the order of `letters`."""
        found = self.raw_backward(self.upstreams(dy), self.with_values(values))
        found = [arrays.to_numpy(g).astype(np.float64) for g in found]
        if self.given != "gradient":
            return found
        return [scaled_rows(g, dy) for g in found]

    def described(self):
        """How backward is called, e.g. "linear_backward(dy, x, w)"."""
        name = getattr(self.backward, "__name__", "backward")
        more = {"gradient": self.names, "state": ["dy"], "cache": ["dy", "cache"]}.get(self.given)
        if more is None:
            more = ["dy", *((self.wanted or [])[1:] if self.by_name(self.args, ()) is not None else self.names)]
        return f"{name}({', '.join(more)})"


def split_outputs(returned, args):
    """((whether there are several, floating outputs), whether something else is returned beside them).

    Beside the outputs of a tuple stand what is no floating array (a cache, places of maxima) and the arguments
    themselves, which some forward passes hand on.
    """
    if not isinstance(returned, tuple | list):
        returned = (returned,)
    outputs = [y for y in returned if arrays.is_array(y) and arrays.is_floating(y) and not any(y is a for a in args)]
    if not outputs:
        raise ValueError("forward returned no floating array; there is nothing to differentiate")
    return (len(outputs) > 1, outputs), len(outputs) < len(returned)


def scaled_rows(g, dy):
    """The gradient of <dy, f>: g (N, ...) holds the gradient of each f_n for dy (N,), or of the one value f."""
    if dy.size == 1:
        return g * dy[0]
    return g * dy.reshape(-1, *[1] * (g.ndim - 1))


def moved_places(names, args, wrt):
    """The places of the arguments that are differentiated: all floating arrays, or those that `wrt` names."""
    floating = [k for k, a in enumerate(args) if not isinstance(a, float) and arrays.is_floating(a)]
    if wrt is None:
        places = floating
    else:
        wrt = [wrt] if isinstance(wrt, str | int) else list(wrt)
        places = [names.index(w) if w in names else w for w in wrt]
    if not places or not set(places) <= set(floating):
        raise ValueError(f"wrt={wrt!r} should name floating arrays among {', '.join(names)}; a Python float is fixed")
    return places


def positional(function):
    """The names of the positional parameters (without a default, with one); (None, []) where they are not shown."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None, []
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None, []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    shown = [p for p in parameters if p.kind in kinds]
    return [p.name for p in shown if p.default is p.empty], [p.name for p in shown if p.default is not p.empty]


def parameter_names(function, count):
    """What `function` calls its first `count` positional arguments."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*names, *(f"args[{k}]" for k in range(len(names), count))][:count]
