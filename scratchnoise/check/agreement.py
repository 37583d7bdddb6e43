"""Whether backward agrees with the slopes of forward at one point: <dy, J d> = <backward(dy), d> for directions d."""

from dataclasses import dataclass

import numpy as np

from .slopes import rounding, scale_of, slope

FINE = 1e-3  # an output whose slope is known less well than to this share is left out: a kink is near

MOST_NOISE = 0.01  # a gradient that rounding moves by more than this share is no gradient that anybody could use


@dataclass(frozen=True)
class Difference:
    """Where the two sides differ: the direction, both numbers and what rounding and truncation can explain."""

    direction: tuple
    wanted: float
    got: float
    allowed: float


@dataclass(frozen=True)
class Point:
    """The slopes of a pair at one point. directions: (place of the argument, entry or None) of each row of J."""

    pair: object
    values: list
    directions: list
    steps: list
    J: np.ndarray
    bound: np.ndarray
    usable: np.ndarray  # (M,) outputs that may have an upstream
    decided: np.ndarray  # one bool for each direction

    def upstream(self, rng):
        """A random normal upstream, zero where an output is at a kink."""
        return rng.standard_normal(self.usable.size) * self.usable

    def differences(self, dy, rng):
        """The directions in which backward is wrong for the upstream dy."""
        gradients = self.pair.gradients(dy, self.values)
        numbers = [dy, *self.values]
        noise = rounding(lambda n: self.pair.gradients(n[0], n[1:]), numbers, self.pair.eps, rng)
        noise = [np.minimum(n, MOST_NOISE * (np.abs(g) + rms(g))) for n, g in zip(noise, gradients, strict=True)]
        found = []
        for name, d, J, bound, decided in zip(
            self.directions, self.steps, self.J, self.bound, self.decided, strict=True
        ):
            wanted = float(dy[self.usable] @ J[self.usable])
            got = sum(float(products(g, a).sum()) for g, a in zip(gradients, d, strict=True))
            unsure = float(np.abs(dy[self.usable]) @ bound[self.usable])
            unsure += np.sqrt(self.pair.eps) * length_of(
                [products(np.abs(g) + rms(g), a) for g, a in zip(gradients, d, strict=True)]
            )
            unsure += 2 * sum(float(products(n, np.abs(a)).sum()) for n, a in zip(noise, d, strict=True))
            if decided and not abs(got - wanted) <= unsure:  # not <=, so that NaN is wrong
                found.append(Difference(name, wanted, got, unsure))
        return found


def point(pair, values, directions, rng):
    """The Point of `values`. directions: list of (name, list of arrays, one for each argument)."""
    y = pair.value(values)
    noise = rounding(lambda x: [pair.value(x)], values, pair.eps, rng)[0]
    slopes = [slope(pair.value, values, d, noise) for _, d in directions]
    J, bound = (np.array([s[k] for s in slopes]).reshape(len(slopes), y.size) for k in (0, 1))
    size = np.abs(J) + np.abs(y) + np.array([rms(row) for row in J])[:, None] + rms(y)
    good = (bound <= FINE * size) & np.isfinite(y)
    decided = 2 * good.sum(axis=1) > y.size if y.size else np.ones(len(J), bool)  # without outputs, all slopes are 0
    usable = good[decided].all(axis=0) if decided.any() else np.zeros(y.size, bool)
    if y.size and not usable.any() and decided.any():  # all outputs are at some direction's kink: take the best one
        decided = np.arange(len(decided)) == good.mean(axis=1).argmax()
        usable = good[decided][0]
    still = (np.abs(J[:, usable]) <= bound[:, usable]).all(axis=1)
    decided &= ~(still & ~good.all(axis=1))  # all that this direction moves was left out
    names = [name for name, _ in directions]
    return Point(pair, values, names, [d for _, d in directions], J, bound, usable, decided)


def length_of(terms):
    """The Euclidean length of several arrays: backward is asked for half of its digits on this scale."""
    return float(np.sqrt(sum(float(np.vdot(t, t)) for t in terms)))


def rms(g):
    """The root mean square of the finite entries of an array; 0 where there are none."""
    g = g[np.isfinite(g)]
    return float(np.sqrt(np.mean(g**2))) if g.size else 0.0


def products(g, direction):
    """The terms of the inner product of g with a direction; an entry that stands still counts nothing, even NaN."""
    return np.multiply(g, direction, out=np.zeros_like(direction), where=direction != 0)


def random_directions(values, count, rng):
    """`count` directions in each argument alone, and as many in all together, each as long as the argument."""
    found = []
    filled = [k for k, x in enumerate(values) if x.size]
    for k in [*filled, None] if filled else []:
        for _ in range(count):
            d = [rng.standard_normal(x.shape) * scale_of(x) * (k in (None, i)) for i, x in enumerate(values)]
            found.append(((k, None), d))
    return found


def entry_directions(values, most, rng):
    """Single entries of each argument: all of them, or `most` drawn ones."""
    found = []
    for k, x in enumerate(values):
        places = list(np.ndindex(x.shape))
        if len(places) > most:
            inner = 1 + rng.choice(len(places) - 2, max(most - 2, 0), replace=False)
            places = [places[i] for i in sorted({0, *inner.tolist(), len(places) - 1})]
        for place in places:
            d = [np.zeros_like(v) for v in values]
            d[k][place] = scale_of(x)
            found.append(((k, place), d))
    return found


def wrong_directions(pair, values, directions, rng, draws=2):
    """(differences, the Point) for `draws` random upstreams; stops at the first upstream that shows any."""
    here = point(pair, values, directions, rng)
    for _ in range(draws):
        found = here.differences(here.upstream(rng), rng)
        if found:
            return found, here
    return [], here
