"""How much two methods differ on the same draws, with an interval: the mean difference and what it may be by chance."""

from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """mean and interval (low, high) of n paired differences; the interval is None where n is 1."""

    mean: float
    n: int
    interval: tuple | None

    @property
    def shown(self):
        """Whether the interval leaves out 0."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)

    def __str__(self):
        if self.interval is None:
            return f"{self.mean:+.3f} (one pair, so without an interval)"
        low, high = self.interval
        return f"{self.mean:+.3f} [{low:+.3f}, {high:+.3f}]"


def paired(a, b):
    """a - b over the runs that both have: Difference with its t interval of 95 %, or None where they share none.

    a, b: {run: accuracy}; runs of one name shared the draw of the noise, the subset and the seed.
    """
    both = [a[run] - b[run] for run in a if run in b]
    if not both:
        return None
    mean, n = float(np.mean(both)), len(both)
    if n == 1:
        return Difference(mean, n, None)
    half = t_quantile(n - 1) * float(np.std(both, ddof=1)) / np.sqrt(n)
    return Difference(mean, n, (mean - half, mean + half))


def t_quantile(df, confidence=CONFIDENCE):
    """The t for which P(|T| < t) = confidence, T of Student's distribution with df >= 1 degrees of freedom.

    With T = sqrt(df) tan(a) the density of a is proportional to cos(a)^(df - 1).
    """
    a = np.linspace(0, np.pi / 2, 200_001)
    density = np.cos(a) ** (df - 1)
    area = np.concatenate([[0], np.cumsum(density[1:] + density[:-1])])
    return float(np.sqrt(df) * np.tan(np.interp(confidence, area / area[-1], a)))


def welch(mean, sd, n, other_mean, other_sd, other_n):
    """mean - other_mean of two samples that share nothing: Difference with Welch's interval of 95 %."""
    a, b = sd**2 / n, other_sd**2 / other_n
    df = (a + b) ** 2 / (a**2 / (n - 1) + b**2 / (other_n - 1))
    half = t_quantile(df) * float(np.sqrt(a + b))
    return Difference(mean - other_mean, min(n, other_n), (mean - other_mean - half, mean - other_mean + half))
