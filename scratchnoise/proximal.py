"""Proximal steps: minimising a smooth function plus l1 times the absolute values of some of its arguments.

A step of descent on the smooth part is followed by the shrinkage that solves the other part exactly:

    x <- shrink(x - step g, step l1),   shrink(v, s) = sign(v) max(|v| - s, 0).

What lands within s of 0 becomes 0 itself. A method that follows gradients passes 0 by and never stays there. Steps
start ahead of x, in the direction of the last one, as long as that pays: FISTA with restarts.
Sources: Beck and Teboulle 2009; O'Donoghue and Candes 2015 for the restarts.
"""

import numpy as np

from .lbfgs import PRECISION, Minimum

GROW = 1.2  # a step that was short enough is tried longer next time
MOST_HALVINGS = 60


def proximal(objective, l1, start, tol=1e-6, max_iter=1000, precision=PRECISION, scale=lambda value: 1.0):
    """A minimum of objective(x) + sum_k l1_k |x_k| from x = start (n,) on.

    objective(x) -> (value, gradient (n,)), float64; l1 (n,) not negative. A step is halved until
    objective(x + d) <= objective(x) + g.d + d.d / (2 step). Ends when no entry of the smallest subgradient exceeds
    tol scale(value), after max_iter steps, or where values are too coarse for a step. precision: the relative error of
    a value. Returns a `Minimum` whose gradient is that subgradient.
    """
    x, before = np.array(start, np.float64), np.array(start, np.float64)
    smooth, gradient = objective(x)
    if not (np.isfinite(smooth) and np.isfinite(gradient).all()):
        raise FloatingPointError("the objective is not finite where the search starts")
    value, step, momentum, steps = smooth + l1 @ np.abs(x), 1.0, 1.0, 0
    left = smallest_subgradient(x, gradient, l1)
    while np.abs(left).max() > tol * scale(value) and steps < max_iter:
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = x + (momentum - 1) / following * (x - before)
        found = _step(objective, l1, ahead, step, precision)
        if found is None or found[1] + l1 @ np.abs(found[0]) > value + 4 * precision * abs(value):
            if momentum == 1.0:
                break  # even a plain step gains nothing: the values are exhausted
            momentum, before = 1.0, x
            continue
        before, (x, smooth, gradient, step) = x, found
        value, momentum, step = smooth + l1 @ np.abs(x), following, GROW * step
        left = smallest_subgradient(x, gradient, l1)
        steps += 1
    return Minimum(x, float(value), left, steps, bool(np.abs(left).max() <= tol * scale(value)))


def _step(objective, l1, x, step, precision):
    """Where one step from x ends: (point, smooth value, gradient, the step that was short enough), or None."""
    value, gradient = objective(x)
    for _ in range(MOST_HALVINGS):
        trial = shrink(x - step * gradient, step * l1)
        moved = trial - x
        smooth, slope = objective(trial)
        if smooth <= value + gradient @ moved + moved @ moved / (2 * step) + 4 * precision * abs(value):
            return trial, smooth, slope, step
        step /= 2
    return None


def shrink(v, s):
    """sign(v) max(|v| - s, 0): the x that makes s |x| + (x - v)^2 / 2 smallest. v (n,), s (n,) -> (n,)."""
    return np.sign(v) * np.maximum(np.abs(v) - s, 0)


def smallest_subgradient(x, gradient, l1):
    """g + l1 sign(x) where x is not 0, else g drawn towards 0 by up to l1: all 0 at a minimum. (n,) each -> (n,)."""
    return np.where(x == 0, shrink(gradient, l1), gradient + l1 * np.sign(x))
