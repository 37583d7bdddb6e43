"""Slow or wrong dropout, and checks that are too weak or too strict: exercises 13 and 14."""

import numpy as np

from ...kernels import numpy_table as right
from ..exercise import mistake
from ..given import plain_dropout

# --- 13 make the loop fast -------------------------------------------------------------------------------

GOLDEN = 0x9E3779B97F4A7C15
ASYMMETRIC = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


def masked(x, rate, state):
    """Dropout by the hash of the states, uint64."""
    uniform = (right.splitmix64(state) >> np.uint64(11)) * 2.0**-53
    return np.where((uniform >= rate).reshape(x.shape), x * x.dtype.type(1 / (1 - rate)), x.dtype.type(0))


def states(x, seed, step, first=1):
    """The state of each entry, counted from `first`."""
    start = right.splitmix64(np.array([(seed + step * GOLDEN) % 2**64], np.uint64))
    return start + np.arange(first, x.size + first, dtype=np.uint64) * np.uint64(GOLDEN)


@mistake("dropout_forward")
def still_a_loop(x, rate, seed, step):
    """There is still one Python step for each entry (np.vectorize and list comprehensions are such loops too, and so
    are arrays of Python integers). Do one operation on the whole array, or compile the loop with numba."""
    return plain_dropout(x, rate, seed, step)


@mistake("dropout_forward")
def counted_from_zero(x, rate, seed, step):
    """Your index starts at 0; the plain loop adds (i + 1) times the golden number, so the first entry has 1."""
    return masked(x, rate, states(x, seed, step, first=0))


@mistake("dropout_forward")
def not_rescaled(x, rate, seed, step):
    """The kept entries have to be divided by 1 - rate, so that the mean stays."""
    return np.where(right.dropout_forward(x, rate, seed, step) != 0, x, x.dtype.type(0))


@mistake("dropout_forward")
def mask_inverted(x, rate, seed, step):
    """You keep what should be dropped: an entry stays where the uniform number is >= rate."""
    kept = right.dropout_forward(np.ones_like(x), rate, seed, step) != 0
    return np.where(kept, x.dtype.type(0), x * x.dtype.type(1 / (1 - rate)))


@mistake("dropout_forward")
def step_ignored(x, rate, seed, step):
    """The step does not enter: every step would drop the same entries."""
    return right.dropout_forward(x, rate, seed, 0)


@mistake("dropout_forward")
def signed_shift(x, rate, seed, step):
    """Your integers are signed: a right shift of int64 fills with copies of the sign. All of them have to be uint64."""
    state = states(x, seed, step).view(np.int64)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ (state >> shift)) * np.array(factor, np.uint64).view(np.int64)
    uniform = ((state ^ (state >> 31)) >> 11) * 2.0**-53
    return np.where((uniform >= rate).reshape(x.shape), x * x.dtype.type(1 / (1 - rate)), x.dtype.type(0))


@mistake("dropout_forward")
def start_not_hashed(x, rate, seed, step):
    """The states begin with hash(seed + step golden), not with the sum itself: neighbouring seeds would share
    numbers."""
    start = np.uint64((seed + step * GOLDEN) % 2**64)
    return masked(x, rate, start + np.arange(1, x.size + 1, dtype=np.uint64) * np.uint64(GOLDEN))


@mistake("dropout_forward")
def same_for_each_row(x, rate, seed, step):
    """Every row gets the same mask: i counts through the whole array, not through a row."""
    row = right.dropout_forward(np.ones((1, x.shape[1]), x.dtype), rate, seed, step)
    return x * row


# --- 14 find the bug -------------------------------------------------------------------------------------

DEFAULT_Z = np.array([[0.0, 1.0, -2.0], [50.0, 0.0, -50.0], [3.0, -1.0, 0.0]])
SYMMETRIC = np.array([[0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]])


def assert_unbiased(value, T=ASYMMETRIC, z=DEFAULT_Z, tolerance=1e-8, columns=(0, 1, 2)):
    """sum_i T[i, j] L~_i = L_j for the true classes j in `columns`."""
    every = np.stack([value(z, np.full(len(z), i), T) for i in range(len(T))], axis=1)
    error = np.abs(every @ T + right.log_softmax(z))[:, columns].max()
    assert error <= tolerance, f"biased by {error}"


@mistake("expose")
def no_objection(value):
    """Your check never fails. Is there an `assert`, and is it reached?"""


@mistake("expose")
def objects_to_everything(value):
    """Your check fails on every formula, the right one included: it asserts something that the corrected loss does not
    promise, compares with a wrong formula of your own, or wants numbers to be equal to the last digit."""
    raise AssertionError("wrong")


@mistake("expose")
def symmetric_noise(value):
    """Your T equals its transpose, or all T you use do: then a transposed inverse is the inverse itself. Take an
    asymmetric T whose rows do not sum to 1."""
    assert_unbiased(value, T=SYMMETRIC)


@mistake("expose")
def without_noise(value):
    """With T = I there is nothing to correct, and hardly anything can go wrong. Use real noise."""
    assert_unbiased(value, T=np.eye(3))


@mistake("expose")
def never_negative(value):
    """You assert that the corrected loss is not negative. It may be: only its mean over the noise is the clean loss."""
    every = np.stack([value(DEFAULT_Z, np.full(3, i), ASYMMETRIC) for i in range(3)], axis=1)
    assert every.min() >= 0, "negative"


@mistake("expose")
def single_sample(value):
    """One sample at a time hides what a formula does between samples. Give it several different ones at once."""
    for z in DEFAULT_Z:
        assert_unbiased(value, z=z[None])


@mistake("expose")
def small_logits(value):
    """For small logits an epsilon inside a logarithm makes no difference. Add a sample with logits of 50."""
    assert_unbiased(value, z=DEFAULT_Z[[0, 2]], tolerance=1e-4)


@mistake("expose")
def finite_is_enough(value):
    """You check the form of the result, its shape or that it is finite; every suspect gets those right."""
    found = value(DEFAULT_Z, np.array([0, 1, 2]), ASYMMETRIC)
    assert found.shape == (3,) and np.isfinite(found).all()
