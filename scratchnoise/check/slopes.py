r"""The slope of code in one direction, with a bound for its error: the model behind every tolerance of `verify`.

phi(t) = forward(x + t d) is known at a few t only, each entry with a rounding error of at most n. Three steps
h, 2 h, 4 h give central differences D(h) = (phi(h) - phi(-h)) / (2 h) = phi' + h^2 phi''' / 6 + ..., and Richardson's
extrapolation removes the powers h^2 and h^4:

    R2(h) = (4 D(h) - D(2 h)) / 3        R3(h) = (16 R2(h) - R2(2 h)) / 15

The truncation error of R3 is far below |R2(h) - R2(2 h)| for smooth code, and not above it where a kink lies between
the steps; its rounding error is below 2 n / h. At a kink the slopes on both
sides differ, and central differences would not notice. The one-sided parts s(h) = (phi(h) - 2 phi(0) + phi(-h)) / (2 h)
show it: for smooth code s = a h + b h^3 + ..., at a kink there is a constant, k = (16 s(h) - 10 s(2 h) + s(4 h)) / 7.

    bound(h) = |R2(h) - R2(2 h)| + |k| + 4 n / h

Every entry takes the h with the smallest bound: large steps for linear code in float32, small ones where the code bends
or a kink is near. A step has to be confirmed: its difference to the next smaller step is added to the bound, because a
kink in reach can fool one step by chance. Where two steps contradict each other the smaller one holds. No step depends
on the dtype; n does. It is measured: a right program in floating point is as good as exact arithmetic on inputs moved
by a unit in the last place, so n is the largest change of the output under such moves. It is at least
(4 + sqrt(M)) eps |phi|, M the size of the largest input: a sum of M terms, one after the other, errs by about sqrt(M)
units of its last place.
"""

import numpy as np

STEPS = tuple(2.0**-k for k in (4, 7, 10, 13, 17, 21))
MOVES = 3  # how often the inputs are moved by a unit in the last place


def scale_of(x):
    """The length of a unit step in x: its root mean square, or 1 where x is zero or empty."""
    size = float(np.sqrt(np.mean(x**2))) if x.size else 0.0
    return size if np.isfinite(size) and size > 0 else 1.0


def slope(value, x, direction, noise):
    """The slope of value(x + t direction) at t = 0 and a bound for its error, entry by entry.

    value: list of float64 arrays -> (M,); x, direction: lists of arrays; noise (M,) from `rounding` -> (M,), (M,).
    Where value raises or is not finite at a step, that step counts for nothing; the bound can be infinite.
    """
    at_zero = value(x)
    best, bound = np.zeros_like(at_zero), np.full_like(at_zero, np.inf)
    before = best, bound  # what the larger step found
    for h in STEPS:
        D, s = [], []
        for t in (h, 2 * h, 4 * h):
            up, down = moved(value, x, direction, t), moved(value, x, direction, -t)
            if up is None or down is None or up.shape != at_zero.shape or down.shape != at_zero.shape:
                break
            D.append((up - down) / (2 * t))
            s.append((up - 2 * at_zero + down) / (2 * t))
        else:
            found, error = extrapolated(D, s, noise / h)
            confirmed = before[1] + np.abs(before[0] - found)
            take = (confirmed < bound) | (np.abs(found - best) > error + bound)  # both False for NaN
            best, bound = np.where(take, before[0], best), np.where(take, confirmed, bound)
            before = found, error
    return best, bound


def extrapolated(D, s, noise):
    """R3 and its bound from central differences D and one-sided parts s at h, 2 h, 4 h. All (M,)."""
    with np.errstate(all="ignore"):
        near, far = (4 * D[0] - D[1]) / 3, (4 * D[1] - D[2]) / 3
        best = (16 * near - far) / 15
        kink = (16 * s[0] - 10 * s[1] + s[2]) / 7
        return best, np.abs(near - far) + np.abs(kink) + 4 * noise


def moved(value, x, direction, t):
    """value(x + t direction), or None where it raises."""
    try:
        return value([a + t * d for a, d in zip(x, direction, strict=True)])
    except (ArithmeticError, ValueError, IndexError, RuntimeError, TypeError, AssertionError):
        return None


def rounding(evaluate, numbers, eps, rng):
    """How much rounding can change each entry of evaluate(numbers), by moving the numbers by a unit in the last place.

    evaluate: list of float64 arrays -> list of arrays; numbers: such a list -> a list like the result.
    """
    with np.errstate(all="ignore"):
        base = evaluate(numbers)
        units = 4 + np.sqrt(max((a.size for a in numbers), default=1))
        noise = [units * eps * np.abs(b) for b in base]
        for _ in range(MOVES):
            near = [a * (1 + eps * rng.choice([-1.0, 1.0], a.shape)) for a in numbers]
            try:
                changed = evaluate(near)
            except (ArithmeticError, ValueError, IndexError, RuntimeError, TypeError, AssertionError):
                continue  # a check of the caller's own, e.g. that probabilities sum to 1
            if all(c.shape == b.shape for c, b in zip(changed, base, strict=True)):
                noise = [np.fmax(n, np.abs(c - b)) for n, c, b in zip(noise, changed, base, strict=True)]
    return noise
