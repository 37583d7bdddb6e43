"""L-BFGS: minimising a smooth function from its values and gradients, with a memory of the last steps.

Newton's step is -H^-1 g. Of H^-1 nothing is stored but the last steps s_k = x_{k+1} - x_k and changes of the gradient
y_k = g_{k+1} - g_k. Each pair must satisfy H^-1 y_k = s_k, which two loops over the pairs turn into a product with g.

    start, x                value, gradient               direction -H^-1 g
       |                           |                              |
       +--> objective(x) ----------+--> two loops ----------------+--> line search: a step that is neither
                ^                                                      too long nor too short ---> next x
                +---------------------------------------------------------------------------------+

Sources: Nocedal and Wright 2006, algorithms 7.4, 7.5, 3.5 and 3.6; Liu and Nocedal 1989.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

DECREASE = 1e-4  # the share of the slope that a step must gain at least: it is not too long
CURVATURE = 0.9  # the share of the slope that may be left after a step: it is not too short
PRECISION = np.finfo(np.float64).eps  # of values, where nothing else is known
MOST_TRIALS = 40  # points that one line search looks at
MOST_IDLE = 10  # steps one after the other that end neither lower nor flatter than ever before


class Point(NamedTuple):
    """A place on a line: how far along it, where that is, and value, gradient and slope along the line there."""

    step: float
    x: np.ndarray
    value: float
    gradient: np.ndarray
    slope: float


class Minimum(NamedTuple):
    """Where `lbfgs` ended. converged: the gradient is as small as was asked; steps: how many were made."""

    x: np.ndarray
    value: float
    gradient: np.ndarray
    steps: int
    converged: bool


def lbfgs(objective, start, tol=1e-6, max_iter=1000, memory=10, precision=PRECISION, scale=lambda value: 1.0):
    """A minimum of objective(x) -> (value, gradient (n,)), both float64, from x = start (n,) on.

    Ends when no entry of the gradient is larger than tol scale(value), after max_iter steps, or where values and
    gradients are too coarse to tell that steps gain anything. precision: the relative error of a value. No step leads
    upwards, but for rounding. Returns a `Minimum`. An objective that is not finite at the start raises
    FloatingPointError.
    """
    x = np.array(start, np.float64)
    value, gradient = objective(x)
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise FloatingPointError("the objective is not finite where the search starts")
    pairs, steps, idle = deque(maxlen=memory), 0, 0
    lowest, flattest = value, np.abs(gradient).max()
    while np.abs(gradient).max() > tol * scale(value) and steps < max_iter and idle < MOST_IDLE:
        direction = -two_loops(gradient, pairs)
        here = Point(0.0, x, value, gradient, gradient @ direction)
        first = 1.0 if pairs else min(1.0, 1 / np.linalg.norm(gradient))
        found = line_search(objective, here, direction, first, precision)
        if found is None:
            if not pairs:
                break  # even downhill nothing is gained: the values are exhausted
            pairs.clear()
            continue
        s, y = found.x - x, found.gradient - gradient
        if s @ y > precision * (y @ y):
            pairs.append((s, y, 1 / (s @ y)))
        x, value, gradient = found.x, found.value, found.gradient
        steps += 1
        slope = np.abs(gradient).max()
        idle = 0 if value < lowest - precision * abs(lowest) or slope < flattest else idle + 1
        lowest, flattest = min(lowest, value), min(flattest, slope)
    return Minimum(x, value, gradient, steps, bool(np.abs(gradient).max() <= tol * scale(value)))


def two_loops(gradient, pairs):
    """H^-1 g, where H^-1 is scaled to the last pair and then made to satisfy H^-1 y = s for all pairs, oldest first.

    pairs: of (s, y, 1 / s.y), oldest first; without pairs the gradient itself.
    """
    product, shares = gradient.copy(), []
    for s, y, inverse in reversed(pairs):
        share = inverse * (s @ product)
        product -= share * y
        shares.append(share)
    if pairs:
        _, y, inverse = pairs[-1]
        product /= inverse * (y @ y)
    for (s, y, inverse), share in zip(pairs, reversed(shares), strict=True):
        product += (share - inverse * (y @ product)) * s
    return product


def line_search(objective, here, direction, step, precision):
    """A `Point` along the direction that satisfies both conditions of Wolfe; None where none is found.

    Not too long: value <= value here + DECREASE step slope. Not too short: |slope| <= CURVATURE |slope here|.
    Steps are doubled until they are too long, then the interval is narrowed by cubic interpolation.
    """
    if not here.slope < 0:
        return None
    slack = 4 * precision * abs(here.value)  # what rounding may add to a value
    low, high = here, None
    for _ in range(MOST_TRIALS):
        x = here.x + step * direction
        value, gradient = objective(x)
        trial = Point(step, x, value, gradient, gradient @ direction)
        if not np.isfinite(value) or value > min(here.value + DECREASE * step * here.slope, low.value) + slack:
            high = trial
        elif abs(trial.slope) <= -CURVATURE * here.slope:
            return trial
        elif trial.slope * (1 if high is None else high.step - low.step) >= 0:
            low, high = trial, low
        else:
            low = trial
        step = 2 * step if high is None else between(low, high)
    return None


def between(low, high):
    """Where the cubic through values and slopes of two points is smallest, kept off the ends of the interval."""
    width = high.step - low.step
    middle = low.step + width / 2
    if not np.isfinite(high.value) or not np.isfinite(high.slope):
        return middle
    rise = (high.value - low.value) / width
    a = low.slope + high.slope - 3 * rise
    root = a * a - low.slope * high.slope
    if root < 0:
        return middle
    root = np.copysign(np.sqrt(root), width)
    denominator = high.slope - low.slope + 2 * root
    if denominator == 0:
        return middle
    smallest = high.step - width * (high.slope + root - a) / denominator
    ends = low.step + 0.1 * width, high.step - 0.1 * width
    return float(np.clip(smallest, min(ends), max(ends)))
