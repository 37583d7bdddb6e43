"""Pairs of forward and backward passes in a module of somebody else, and arguments to try them on.

A pair is found by its names: `x_forward` with `x_backward`, `f` with `f_grad` or `f_backward`. Arguments are those that
the module gives, `x_args` (a tuple, or a function of a numpy Generator that returns one). Else they are guessed from
the names of the parameters: the first guess that both passes accept.
"""

import inspect
from itertools import product

import numpy as np

from .binding import positional
from .calling import Pair

ENDINGS = (("_forward", "_backward"), ("_forward", "_grad"), ("", "_backward"), ("", "_grad"), ("", "_vjp"))
N, D, F, C = 5, 4, 3, 3  # different lengths for samples, features and outputs; as many classes as outputs

GUESSES = {
    "labels": [((N,), "labels")],
    "matrix": [((C, C), "transition")],
    "bias": [((F,), "normal"), ((D,), "normal")],
    "weights": [((D, F), "normal"), ((D,), "normal"), ((2, 3, 2, F), "normal"), ((3,), "normal"), ((F, D), "normal")],
    "image": [((2, 5, 6, 2), "normal")],
    "size": [(None, 2), (None, 1)],
    "small": [(None, 1e-5)],
    "other": [
        *(((N, D), "normal"), ((N, F), "normal"), ((D,), "normal")),
        *(((2, 5, 6, 2), "normal"), ((N,), "normal"), ((N, C), "posterior")),
    ],
    "logits": [((N, C), "normal"), ((C,), "normal")],
    "positive": [((N, C), "posterior"), ((C,), "posterior")],
}
KINDS = {
    "labels": ("y", "labels", "label", "targets", "y_true", "classes"),
    "matrix": ("T", "transition"),
    "bias": ("b", "bias", "shift", "beta", "gamma", "scale", "g"),
    "weights": ("w", "W", "weight", "weights", "kernel", "filters"),
    "image": ("image", "images", "img"),
    "size": ("stride", "pad", "padding", "size", "pool", "axis"),
    "small": ("eps", "epsilon"),
    "logits": ("z", "logits", "scores"),
    "positive": ("p", "q", "probs", "probabilities"),
}
MOST_GUESSES = 400


class NoArguments(Exception):
    """No arguments are known for a pair; the message says what to define."""


def pairs_in(namespace):
    """{name: (forward, backward)} of every pair in a namespace (a dict); the name is that of backward."""
    found = {}
    for name in sorted(namespace):
        for front, back in ENDINGS:
            forward = name[: -len(back)] + front
            if name.endswith(back) and name != back and callable(namespace.get(forward)) and callable(namespace[name]):
                found.setdefault(name, (namespace[forward], namespace[name]))
    return found


def arguments_for(name, forward, backward, namespace, rng):
    """The arguments of a pair: those of the module, else guessed. Raises NoArguments."""
    stem = next(name[: -len(back)] for _, back in ENDINGS if name.endswith(back))
    for known in (f"{stem}_args", f"{forward.__name__}_args"):
        if known in namespace:
            given = namespace[known]
            return tuple(given(rng) if callable(given) else given)
    required, optional = positional(forward)
    for args in guesses(required or [], rng):
        if works(forward, backward, args):
            return args
    for args in guesses([*(required or []), *optional], rng):
        if works(forward, backward, args):
            return args
    raise NoArguments(
        f"no arguments for {forward.__name__}{inspect.signature(forward)} could be guessed; define "
        f"{stem}_args = (...) in the module, or a function {stem}_args(rng) that returns such a tuple"
    )


def guesses(names, rng):
    """Tuples of arguments for parameters of these names, the likeliest first, MOST_GUESSES at most."""
    kinds = [kind_of(name) for name in names]
    several = [GUESSES[kind] if kind == "other" else [*GUESSES[kind], *GUESSES["other"]] for kind in kinds]
    for count, choice in enumerate(product(*several) if several else ()):
        if count == MOST_GUESSES:
            return
        yield tuple(drawn(shape, how, rng) for shape, how in choice)


def kind_of(name):
    """What a parameter of this name probably is: a key of GUESSES."""
    plain = name.rstrip("0123456789_")
    return next((kind for kind, names in KINDS.items() if name in names or plain in names), "other")


def drawn(shape, how, rng):
    """One argument."""
    if how == "normal":
        return rng.standard_normal(shape)
    if how == "labels":
        return rng.integers(0, C, shape)
    if how == "transition":
        return np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
    if how == "posterior":
        return rng.dirichlet(np.ones(shape[-1]), shape[:-1])
    return how


def works(forward, backward, args):
    """Whether forward accepts the arguments and returns finite numbers, and backward can be called with them."""
    try:
        pair = Pair(forward, backward, args)
        y = pair.value(pair.start)
        found = pair.gradients(np.zeros(y.size), pair.start)
    except Exception:  # the caller's code may refuse a guess with any error
        return False
    return y.size > 0 and np.isfinite(y).all() and len(found) > 0
