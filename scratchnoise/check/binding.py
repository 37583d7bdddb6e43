"""What somebody else's backward pass is given: the upstream, and what else, found out by the names of its parameters.

f(x, w, b)             f_grad(x, w, b)             "gradient"  no upstream; a slope for each value of forward
linear_forward(x, w)   linear_backward(dy, x, w)   "args"      the upstream, then arguments in order or by name
affine_forward(x, w)   affine_backward(dy, cache)  "cache"     the upstream, and what forward returned besides
layer.forward(x)       layer.backward(dy)          "state"     the upstream; the layer remembers what it needs
"""

import inspect
import re

GIVEN = ("gradient", "args", "cache", "state")
OUTPUT_NAMES = ("y", "out", "output", "result")
CACHE_NAMES = ("cache", "ctx", "context", "saved", "state")
UPSTREAM = re.compile(  # what people call the upstream; "data" and "depth" begin with d and are something else
    r"d(?!ata|epth|egree|ense|im|ilation|ropout|type)\w*|\w*grad\w*|g[a-z]?|up\w*|\w*delta\w*|cot\w*|\w*bar|u|v"
)
PLACED = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class Binding:
    """How backward is called. names: of forward's arguments; outputs: how many floating arrays forward returns."""

    def __init__(self, backward, names, outputs, cached, method, given=None):
        self.names, self.parameters = names, parameters_of(backward)
        like = [k for k, p in enumerate(self.parameters or []) if self.is_upstream(p.name)]
        self.places = like[:1] or [0]
        if outputs > 1 and like[:outputs] == list(range(outputs)):
            self.places = like[:outputs]  # one upstream for each output: backward(dh, dc, cache)
        self.given = given or self.guess(like, cached or outputs > 1, method)

    def is_upstream(self, name):
        """Whether a parameter of this name of backward is an upstream."""
        return bool(UPSTREAM.fullmatch(name)) and name not in self.names

    def guess(self, like, cached, method):
        """One of GIVEN by the number and the names of backward's parameters."""
        if self.parameters is None:
            return "args"
        needed = [p.name for p in self.parameters if p.default is p.empty]
        upstream = bool(like) or (method and needed[:1] != self.names[:1])
        upstreams = [self.parameters[k].name for k in self.places] if self.parameters else []
        others = [name for name in needed if name not in upstreams]
        if len(others) == 1 and self.places[0] == 0:
            if others[0] in CACHE_NAMES or (cached and others[0] not in self.names):
                return "cache"
        known = [p.name for p in self.parameters if p.name in self.names]
        if upstream and not others and not known:
            return "state"
        return "args" if upstream or len(needed) > len(self.names) else "gradient"

    def call(self, backward, upstreams, args, returned, cache):
        """What backward returns. upstreams: one for each place; returned: by forward; cache: what was left of it."""
        if self.given == "gradient":
            return backward(*args)
        if self.given == "state":
            return backward(*upstreams)
        if self.given == "cache":
            return backward(*upstreams, cache)
        values = self.by_name(upstreams, args, returned)
        if values is None:
            return backward(*upstreams, *args)
        placed = [values[p.name] for p in self.parameters if p.kind in PLACED and p.name in values]
        keywords = {p.name: values[p.name] for p in self.parameters if p.kind not in PLACED and p.name in values}
        return backward(*placed, **keywords)

    def by_name(self, upstreams, args, returned):
        """{name: value} for backward's parameters where each one needed is known; None where they go by their order.

        Known are forward's arguments, the upstreams, and y or out for what forward returned.
        """
        known = dict(zip(self.names, args, strict=True))
        if not isinstance(returned, tuple):
            known = {name: returned for name in OUTPUT_NAMES} | known
        values = {}
        for k, p in enumerate(self.parameters or []):
            if k in self.places:
                values[p.name] = upstreams[self.places.index(k)]
            elif p.name in known:
                values[p.name] = known[p.name]
            elif p.default is p.empty:
                return None
            elif p.kind in PLACED:
                break  # those behind an unknown one with a default keep theirs
        return values if len(values) > len(self.places) else None

    def described(self, args):
        """The parameters as text, e.g. "dy, x, w"."""
        upstreams = ["dy"] if len(self.places) == 1 else [self.parameters[k].name for k in self.places]
        if self.given == "state":
            return ", ".join(upstreams)
        if self.given == "cache":
            return ", ".join([*upstreams, "cache"])
        if self.given == "gradient":
            return ", ".join(self.names)
        values = self.by_name(upstreams, args, None)
        if values is None:
            return ", ".join([*upstreams, *self.names])
        first = self.parameters[self.places[0]].name
        return ", ".join("dy" if name == first and len(upstreams) == 1 else name for name in values)


def parameters_of(function):
    """The parameters of a function; None where they are not shown."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return [p for p in parameters if p.kind is not p.VAR_KEYWORD]


def positional(function):
    """The names of the positional parameters (without a default, with one); (None, []) where they are not shown."""
    shown = parameters_of(function)
    if shown is None:
        return None, []
    shown = [p for p in shown if p.kind in PLACED]
    return [p.name for p in shown if p.default is p.empty], [p.name for p in shown if p.default is not p.empty]


def parameter_names(function, count):
    """What `function` calls its first `count` positional arguments."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        parameters = ()
    names = [p.name for p in parameters if p.kind in PLACED]
    return [*names, *(f"args[{k}]" for k in range(len(names), count))][:count]
