"""Inputs of the exercises: small ones that Hypothesis draws and shrinks, larger ones from a generator."""

import numpy as np
from hypothesis import strategies as st

from ...check import strategies as s
from ...check.strategies import LETTERS

LARGER = {"N": 47, "C": 6}  # of ordinary size, and no two alike


class SeededGenerator(np.random.Generator):
    """np.random.default_rng(seed) that can be shown, and started again."""

    def __init__(self, seed):
        super().__init__(np.random.PCG64(seed))
        self.seed = seed

    def __repr__(self):
        return f"np.random.default_rng({self.seed})"

    def copy(self):
        """A generator that draws the same numbers from the beginning."""
        return SeededGenerator(self.seed)


@st.composite
def drawn(draw, names, classes=(2, 4), samples=(1, 3), **makers):
    """A dict of the named inputs, e.g. drawn("z y T"), all for one N samples and C classes, N != C.

    makers: name = function (N, C) -> strategy, for what is not in `strategies.LETTERS`.
    """
    C = draw(st.integers(*classes))
    N = draw(st.integers(*samples).filter(lambda N: N != C))
    makers = {**LETTERS, "n_classes": LETTERS["C"], "rng": seeded, "q": s.posteriors, **makers}
    return {name: draw(makers[name](N, C)) for name in names.split()}


def seeded(N, C):
    """A generator."""
    return st.integers(0, 99).map(SeededGenerator)


def larger(names, **makers):
    """rng -> a dict of the named inputs of ordinary size. makers: name = function (rng, N, C) -> value."""
    makers = {**LARGER_LETTERS, **makers}
    return lambda rng: {name: makers[name](rng, **LARGER) for name in names.split()}


def any_transition(rng, N, C):
    """T whose diagonal leads, neither symmetric nor doubly stochastic."""
    off = rng.dirichlet(np.ones(C), C).T
    return 0.55 * np.eye(C) + 0.45 * off


LARGER_LETTERS = {
    "z": lambda rng, N, C: 3 * rng.standard_normal((N, C)),
    "dy": lambda rng, N, C: rng.standard_normal((N, C)),
    "y": lambda rng, N, C: np.concatenate([np.arange(C), rng.integers(0, C, N - C)]),
    "p": lambda rng, N, C: rng.dirichlet(np.ones(C), N),
    "T": any_transition,
    "prior": lambda rng, N, C: rng.dirichlet(2 * np.ones(C)),
    "n_classes": lambda rng, N, C: C,
    "sample_weight": lambda rng, N, C: rng.uniform(0.5, 2, N),
}


def extreme(names, **makers):
    """As `drawn`, with logits up to +-1000, whose exp overflows."""
    return drawn(names, z=s.extreme_logits, **makers)
