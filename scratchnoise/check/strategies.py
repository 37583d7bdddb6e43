"""Hypothesis strategies for everything that has a letter: T, z, y, p, ...

Numbers are multiples of 1/4 or 1/20, so that a failing example can be followed on paper. Every strategy is a function
of N and C or of a shape. Transition matrices are neither symmetric nor doubly stochastic unless their name says so:
those two kinds cannot catch a transposed T. Each strategy is made once and kept: a new one is validated before
anything is drawn from it.
"""

from functools import cache

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

TWENTIETHS = 20  # entries of a drawn T are multiples of 1/20: counts of 20 labels are whole
WELL_CONDITIONED = 20.0  # from there on the library warns

# --- transition matrices ---------------------------------------------------------------------------------


@cache
@st.composite
def transition_matrices(draw, n_classes=None, min_gap=0.05):
    """T (C, C): columns sum to 1; asymmetric, not doubly stochastic; the diagonal leads its row and column by min_gap.

    Noise rates go up to about (C - 1) / C, condition numbers up to 20.
    """
    C = draw(st.integers(2, 5)) if n_classes is None else n_classes
    largest = int(TWENTIETHS * (1 - min_gap) / C + 1e-9)  # then the diagonal keeps at least largest + min_gap
    off = draw(hnp.arrays(np.int64, (C, C), elements=st.integers(0, largest), fill=st.nothing()))
    np.fill_diagonal(off, 0)
    if is_symmetric_or_doubly_stochastic(off):
        off[1, 0] = (off[1, 0] + 1) % (largest + 1)
    T = with_diagonal(off)
    assume(np.linalg.cond(T) < WELL_CONDITIONED)
    gap = np.diag(T) - np.max(T - 2 * np.eye(C), axis=1)
    assert gap.min() >= min_gap - 1e-9 and np.allclose(T.sum(axis=0), 1), T
    assert not np.allclose(T, T.T) and not np.allclose(T.sum(axis=1), 1), T
    return T


def is_symmetric_or_doubly_stochastic(off):
    """Whether the off-diagonal counts are symmetric, or have equal row and column sums."""
    return np.array_equal(off, off.T) or np.array_equal(off.sum(axis=0), off.sum(axis=1))


def with_diagonal(off):
    """The transition matrix of off-diagonal counts out of 20."""
    return (off + np.diag(TWENTIETHS - off.sum(axis=0))) / TWENTIETHS


@cache
@st.composite
def transition_matrices_with_zeros(draw, n_classes):
    """As `transition_matrices`, with at least one flip that never happens."""
    T = draw(transition_matrices(n_classes))
    i, j = draw(st.sampled_from([(i, j) for i in range(n_classes) for j in range(n_classes) if i != j]))
    T[j, j] += T[i, j]
    T[i, j] = 0
    return T


@cache
def permutation_matrices(n_classes):
    """T that renames the classes, the identity included."""
    return st.permutations(range(n_classes)).map(lambda order: np.eye(n_classes)[:, order])


@cache
@st.composite
def doubly_stochastic_matrices(draw, n_classes):
    """Positive T whose rows sum to 1 as well: a mixture of the uniform one and permutations."""
    C = n_classes
    T = np.full((C, C), 1 / C) / 4
    return T + sum(draw(permutation_matrices(C)) for _ in range(3)) / 4


@cache
@st.composite
def circulant_matrices(draw, n_classes=3):
    """T whose columns are the first one, shifted: the kind of eq. (38) and (39). Diagonal above the rest."""
    off = draw(st.lists(st.integers(0, 6), min_size=n_classes - 1, max_size=n_classes - 1))
    column = np.array([TWENTIETHS - sum(off), *off]) / TWENTIETHS
    return np.stack([np.roll(column, j) for j in range(n_classes)], axis=1)


@cache
@st.composite
def confused_matrices(draw, n_classes, difference):
    """T in which one column copies another but for `difference`, taken off its diagonal entry."""
    T = draw(transition_matrices(n_classes))
    a, b, *_ = draw(st.permutations(range(n_classes)))
    T[:, a] = T[:, b]
    T[b, a] -= difference
    T[a, a] += difference
    return T


def singular_matrices(n_classes):
    """T with two equal columns: two classes that noisy labels cannot tell apart."""
    return confused_matrices(n_classes, 0)


def nearly_singular_matrices(n_classes):
    """T with two columns that differ by 1e-4: invertible, but errors grow by a factor of thousands."""
    return confused_matrices(n_classes, 1e-4)


# --- numbers, labels, probabilities ----------------------------------------------------------------------


@cache
def quarters(low, high):
    """Multiples of 1/4 in [low, high]."""
    return st.integers(4 * low, 4 * high).map(lambda k: k / 4)


@cache
def quarter_arrays(shape, low=-5, high=5):
    """float64 arrays of multiples of 1/4, at most a few dozen entries; larger ones are `noise_arrays`."""
    return hnp.arrays(np.float64, shape, elements=quarters(low, high), fill=st.nothing())


@cache
def logits(N, C):
    """z (N, C) in [-5, 5]."""
    return quarter_arrays((N, C))


@cache
def extreme_logits(N, C):
    """z (N, C) up to +-1000, where exp overflows."""
    return hnp.arrays(np.float64, (N, C), elements=st.integers(-100, 100).map(lambda k: 10.0 * k), fill=st.nothing())


@cache
@st.composite
def logits_at_the_limits(draw, N, C):
    """z (N, C) of float32 or float64 where formulas that are right on paper fail; each row is of one of five kinds.

    Far apart: exp underflows. On the edge: exp is subnormal and has few digits. Large and close: the logarithm of a sum
    is rounded away beside them. Huge: near the largest number. Tiny: subnormal numbers and zeros.
    """
    dtype, large, huge, edge = draw(
        st.sampled_from([(np.float32, 1e6, 1e38, -103.0), (np.float64, 1e15, 1e300, -744.0)])
    )
    tiny = np.finfo(dtype).smallest_subnormal
    kinds = [
        st.integers(-100, 100).map(lambda k: 10.0 * k),
        st.sampled_from([0.0, *(edge + k for k in (0, 1, 3, 5))]),
        quarters(-5, 5).map(lambda k: large + k),
        st.sampled_from([-huge, -1.0, 0.0, 1.0, huge]),
        st.sampled_from([-tiny, 0.0, tiny, 3 * tiny]),
    ]
    rows = [draw(st.lists(draw(st.sampled_from(kinds)), min_size=C, max_size=C)) for _ in range(N)]
    return np.array(rows, dtype)


@cache
@st.composite
def transition_matrices_at_the_limits(draw, n_classes):
    """T (C, C), most of whose entries are zero, subnormal in float32, or hardly more than that."""
    T = draw(transition_matrices_with_zeros(n_classes))
    for _ in range(2 * n_classes):
        i, j = draw(st.integers(0, n_classes - 1)), draw(st.integers(0, n_classes - 1))
        if i != j and T[i, j] > 0:
            T[j, j] += T[i, j]
            T[i, j] = draw(st.sampled_from([0.0, 1e-40, 1e-30]))
    return T


@cache
def labels(N, C):
    """y (N,) int64 in 0..C-1."""
    return hnp.arrays(np.int64, N, elements=st.integers(0, C - 1), fill=st.nothing())


@cache
@st.composite
def labels_of_every_class(draw, N, C):
    """y (N,), N >= C, in which each class occurs."""
    rest = draw(st.lists(st.integers(0, C - 1), min_size=N - C, max_size=N - C))
    return np.array(draw(st.permutations([*range(C), *rest])), np.int64)


@cache
def posteriors(N, C):
    """p (N, C) of positive probabilities with small whole-number odds."""
    odds = hnp.arrays(np.int64, (N, C), elements=st.integers(1, 9), fill=st.nothing())
    return odds.map(lambda k: k / k.sum(axis=1, keepdims=True))


@cache
def priors(N, C):
    """(C,) positive class probabilities."""
    return posteriors(1, C).map(lambda p: p[0])


@cache
def uniform_rates(N, C):
    """A rate for every wrong label, from 0 to all that C - 1 of them can have: 1 / (C - 1)."""
    return st.integers(0, TWENTIETHS).map(lambda k: k / TWENTIETHS / (C - 1))


@cache
def binary_rates(N, C):
    """Two different flip rates (rho_positive, rho_negative) with a sum of at most 0.9."""
    return st.sampled_from([(a / 20, b / 20) for a in range(10) for b in range(10) if a != b])


@cache
def tamed_risks(N, C):
    """The ways to keep a corrected risk from falling without bound."""
    return st.sampled_from(["relu", "clip", "flood"])


@cache
def class_orders(N, C):
    """A permutation of the classes, (C,): class c is called order[c] from now on."""
    return st.permutations(range(C)).map(np.array)


@cache
def sample_weights(N, C):
    """(N,) whole numbers 1..4, as float64."""
    return hnp.arrays(np.int64, N, elements=st.integers(1, 4), fill=st.nothing()).map(lambda w: w.astype(np.float64))


# --- larger arrays: one drawn seed -----------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)


@cache
def noise_arrays(shape):
    """float64 arrays of rounded normal numbers, multiples of 1/4, from one drawn seed."""
    return seeds.map(lambda seed: np.round(4 * np.random.default_rng(seed).standard_normal(shape)) / 4)


@cache
def tie_free_arrays(shape):
    """Arrays of distinct odd multiples of 1/8: no two equal under a maximum, none at the kink of a ReLU."""
    size = int(np.prod(shape))
    return seeds.map(lambda seed: (np.random.default_rng(seed).permutation(size) - size // 2 + 0.5).reshape(shape) / 4)


@cache
def tie_free_posteriors(N, C):
    """q (N, C), no two entries of a column equal."""
    return seeds.map(lambda seed: np.random.default_rng(seed).dirichlet(np.ones(C), N))


@cache
def distinct_sizes(count, low=1, high=5):
    """`count` different lengths, so that no axis can stand for another."""
    return st.lists(st.integers(low, high), min_size=count, max_size=count, unique=True)


LETTERS = {
    "T": lambda N, C: transition_matrices(C),
    "z": logits,
    "y": labels,
    "p": posteriors,
    "prior": priors,
    "rho": uniform_rates,
    "order": class_orders,
    "weight": sample_weights,
    "seed": lambda N, C: seeds,
    "C": lambda N, C: st.just(C),
}
