"""Differences between methods, and between ours and the report's, with the interval that the data allow.

A deviation of single runs says how far one run may lie from the mean, not how well the mean is known. So means are
compared by their own errors: in pairs where both methods saw the same draws (noise, subset and seed), by Welch's
interval where they did not, as with the report's numbers. `compare` decides, and `cells` gives every mean of the tables
that stands beside another one its interval.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

CONFIDENCE = 0.95
NODES = np.polynomial.legendre.leggauss(200)
REPORT_RUNS = 10  # behind every mean of the report's Table 3
REPORT_FOLDS = 5  # and of its Table 2


class Difference(NamedTuple):
    """A difference of means with its 95 % interval; low and high are None where fewer than two runs tell it."""

    mean: float
    low: float | None
    high: float | None
    kind: str  # "paired" or "Welch"
    n: int  # pairs, or runs of the smaller group

    @property
    def is_shown(self):
        """Whether the interval leaves out 0."""
        return self.low is not None and (self.low > 0 or self.high < 0)

    def __str__(self):
        if self.low is None:
            return f"{self.mean:+.3f} (single runs, so without an interval)"
        return f"{self.mean:+.3f} [{self.low:+.3f}, {self.high:+.3f}]"


def compare(first, second):
    """first - second, means of runs given as {draw: value}: paired over the draws of both, Welch where they share none.

    None is a run without a number: it is left out, with its pair.
    """
    first, second = ({draw: v for draw, v in one.items() if v is not None} for one in (first, second))
    shared = sorted(first.keys() & second.keys())
    if shared:
        gaps = np.array([first[draw] - second[draw] for draw in shared])
        error = gaps.std(ddof=1) / math.sqrt(len(gaps)) if len(gaps) > 1 else None
        return _difference(gaps.mean(), error, len(gaps) - 1, "paired", len(gaps))
    one, other = (np.array(list(values.values()), float) for values in (first, second))
    if min(len(one), len(other)) < 1:
        return None
    deviations = (one.std(ddof=1) if len(one) > 1 else None, other.std(ddof=1) if len(other) > 1 else None)
    return welch(one.mean(), deviations[0], len(one), other.mean(), deviations[1], len(other))


def total_variation(error, n_classes):
    """Total variation per column of an estimate of T, from the mean absolute error of its entries."""
    return error * n_classes / 2


def welch(mean, sd, n, other_mean, other_sd, other_n):
    """mean - other_mean with Welch's interval, from means, deviations of single runs and numbers of runs.

    Source: Welch 1947, degrees of freedom by Satterthwaite 1946.
    """
    if sd is None or other_sd is None or min(n, other_n) < 2:
        return Difference(mean - other_mean, None, None, "Welch", min(n, other_n))
    a, b = sd**2 / n, other_sd**2 / other_n
    freedom = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (other_n - 1)) if a + b > 0 else n + other_n - 2
    return _difference(mean - other_mean, math.sqrt(a + b), freedom, "Welch", min(n, other_n))


def _difference(mean, error, freedom, kind, n):
    if error is None:
        return Difference(float(mean), None, None, kind, n)
    reach = t_quantile(0.5 + CONFIDENCE / 2, freedom) * error
    return Difference(float(mean), float(mean - reach), float(mean + reach), kind, n)


@lru_cache(maxsize=256)
def t_quantile(p, freedom):
    """The p-quantile of Student's t, 1/2 < p < 1; freedom > 0 need not be whole. By bisection of the distribution."""
    low, high = 0.0, 1.0
    while _t_distribution(high, freedom) < p:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_distribution(middle, freedom) < p else (low, middle)
    return (low + high) / 2


def _t_distribution(t, freedom):
    """P(T <= t) for t >= 0: with t = sqrt(freedom) tan(a) the density becomes cos(a)^(freedom - 1), which is smooth."""
    points, weights = NODES
    end = math.atan(t / math.sqrt(freedom))
    integral = end / 2 * (weights * np.cos(end * (points + 1) / 2) ** (freedom - 1)).sum()
    constant = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(math.pi)
    return 0.5 + constant * integral


def binomial_error(accuracy, n_test):
    """The standard error that n_test test samples leave in any accuracy, however often training is repeated."""
    return math.sqrt(accuracy * (1 - accuracy) / n_test)


def text(difference):
    """ "+0.012 ± 0.008", the half width of the interval, or "?" for one that a single run cannot give."""
    half = "?" if difference.low is None else f"{difference.high - difference.mean:.3f}"
    return f"{difference.mean:+.3f} ± {half}"
