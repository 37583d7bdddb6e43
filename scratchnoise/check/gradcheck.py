"""Comparing a gradient written by hand with finite differences.

The upstream gradient is random: an upstream of ones hides whatever ignores or rescales it, and softmax has a zero
gradient under it because its rows sum to 1. One random direction costs two forward passes whatever the size; only when
it disagrees is every entry compared, to say which one is wrong. Keep away from kinks (equal values under a maximum,
zeros under a ReLU) by construction of the inputs; there the two sides differ by right.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from .compare import describe

STEP = np.finfo(np.float64).eps ** (1 / 3)  # balances rounding (1 / step) and truncation (step^2)


def check_gradient(
    f: Callable,
    grad: Callable,
    x: ArrayLike,
    rng: np.random.Generator,
    name: str | None = None,
    tolerance: float = 1e-6,
) -> float:
    """Check the gradient of a scalar function: grad(x)_i = d f / d x_i.

    f(x) -> float, grad(x) -> shape of x, x float64 array, rng numpy Generator -> the relative error (float).
    Raises AssertionError naming the function, the first wrong entry, both values; ValueError unless x is float64.
    """
    name = name or getattr(grad, "__name__", "grad")
    return _compare(name, lambda x: float(f(x)), [grad(x)], [x], ["x"], rng, tolerance)


def check_backward(
    forward: Callable,
    backward: Callable,
    args: Sequence,
    rng: np.random.Generator,
    name: str | None = None,
    upstream: Any = None,
    tolerance: float = 1e-6,
) -> float:
    """Check the adjoint of a function: with y = forward(*args), backward(dy, *args) = d <dy, y> / d args.

    args: float64 arrays, one for each gradient that backward returns (an array, or a tuple in the order of args);
    bind everything else beforehand. upstream: dy, random normal when None. rng numpy Generator -> the relative error.
    Raises AssertionError and ValueError as `check_gradient`.
    """
    name = name or getattr(backward, "__name__", "backward")
    y = forward(*args)
    dy = rng.standard_normal(np.shape(y)) if upstream is None else upstream
    grads = backward(dy, *args)
    grads = list(grads) if isinstance(grads, tuple) else [grads]
    letters = _letters(forward, len(args))
    shown = f"\nupstream dy\n{np.array2string(np.asarray(dy), precision=6, threshold=100)}"
    return _compare(name, lambda *args: float(np.vdot(dy, forward(*args))), grads, args, letters, rng, tolerance, shown)


def relative_error(a, b, noise=0.0):
    """(|a - b| - noise) / (|a| + |b|), not below 0; 0 when both are 0. `noise` is what rounding explains."""
    a, b = np.asarray(a), np.asarray(b)
    scale = np.abs(a) + np.abs(b)
    excess = np.maximum(np.abs(a - b) - noise, 0)
    return np.divide(excess, scale, out=np.zeros_like(scale), where=scale != 0)


def _compare(name, f, grads, args, letters, rng, tolerance, shown=""):
    _check_form(name, grads, args, letters)
    directions = [rng.standard_normal(x.shape) for x in args]
    wanted, noise = _slope(f, args, directions)
    got = sum(float(np.vdot(g, d)) for g, d in zip(grads, directions, strict=True))
    error = float(relative_error(got, wanted, noise))
    if error <= tolerance:
        return error
    for k, (g, letter) in enumerate(zip(grads, letters, strict=True)):
        numeric, noise = _gradient(f, args, k)
        wrong = ~(relative_error(g, numeric, noise) <= tolerance)  # not <=, so that nan is wrong
        if wrong.any():
            raise AssertionError(describe(f"{name}: d{letter}", np.asarray(g), numeric, wrong) + shown)
    raise AssertionError(f"{name}: along a random direction the slope is {wanted:.9g}, yours gives {got:.9g}" + shown)


def _check_form(name, grads, args, letters):
    for x, letter in zip(args, letters, strict=True):
        if x.dtype != np.float64:
            raise ValueError(f"{letter} is {x.dtype}; finite differences need float64")
    if len(grads) != len(args):
        wanted = ", ".join(f"d{letter}" for letter in letters)
        raise AssertionError(f"{name} returned {len(grads)} gradients; it should return {len(args)}: {wanted}")
    for g, x, letter in zip(grads, args, letters, strict=True):
        if np.shape(g) != x.shape:
            raise AssertionError(f"{name}: d{letter} has shape {np.shape(g)}; it should be {x.shape}, as {letter}")


def _slope(f, args, directions):
    """The central difference of f along `directions`, and the size of its rounding error."""
    up = f(*(x + STEP * d for x, d in zip(args, directions, strict=True)))
    down = f(*(x - STEP * d for x, d in zip(args, directions, strict=True)))
    noise = 16 * np.finfo(np.float64).eps * (1 + abs(up) + abs(down)) / STEP
    return (up - down) / (2 * STEP), noise


def _gradient(f, args, k):
    """Entry by entry: the central differences of f in args[k], and the size of their rounding error."""
    numeric, noise = np.empty_like(args[k]), np.empty_like(args[k])
    for index in np.ndindex(args[k].shape):
        directions = [np.zeros_like(x) for x in args]
        directions[k][index] = 1
        numeric[index], noise[index] = _slope(f, args, directions)
    return numeric, noise


def _letters(forward, count):
    """What `forward` calls its first `count` arguments."""
    parameters = inspect.signature(forward).parameters.values()
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*names, *(f"args[{k}]" for k in range(len(names), count))][:count]
