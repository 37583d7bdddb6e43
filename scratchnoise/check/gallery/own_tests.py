"""The kinds of tests that public from-scratch projects have, each as test(construction, backward).

A test calls the given backward pass and raises AssertionError where its project's test would fail.
"""

import numpy as np

from ..calling import Pair

KINDS: dict = {}


def kind(name):
    """Register a kind of test under its name."""

    def register(function):
        KINDS[name] = function
        return function

    return register


def pair_of(construction, backward, dtype=float):
    """The construction with another backward pass."""
    args = [a.astype(dtype) if isinstance(a, np.ndarray) and a.dtype == float else a for a in construction.args]
    return Pair(construction.forward, backward, args)


def slopes_of_the_sum(pair, k, places, step):
    """Central differences of sum(forward) at some entries of argument k."""
    found = []
    for place in places:
        up, down = [a.copy() for a in pair.start], [a.copy() for a in pair.start]
        up[k][place] += step
        down[k][place] -= step
        found.append((pair.value(up).sum() - pair.value(down).sum()) / (2 * step))
    return np.array(found)


@kind("none")
def no_test(construction, backward):
    """The backward pass runs."""
    pair = pair_of(construction, backward)
    pair.gradients(np.ones(pair.value(pair.start).size), pair.start)


@kind("prints the mean difference")
def printed(construction, backward):
    """The mean difference from finite differences is computed, for somebody to look at; nothing is asserted."""
    pair = pair_of(construction, backward)
    gradients = pair.gradients(np.ones(pair.value(pair.start).size), pair.start)
    for k, g in enumerate(gradients):
        differences = slopes_of_the_sum(pair, k, list(np.ndindex(g.shape)), 1e-4)
        np.abs(g.ravel() - differences).mean()


@kind("it learns")
def it_learns(construction, backward):
    """Gradient descent lowers the squared distance to the outputs for other arguments by a tenth, at some rate."""
    pair = pair_of(construction, backward)
    rng, target = np.random.default_rng(0), pair.value(pair.start)
    begin = [x + 0.5 * rng.standard_normal(x.shape) for x in pair.start]
    first = np.sum((pair.value(begin) - target) ** 2)
    with np.errstate(all="ignore"):  # too high a rate diverges
        lasts = [np.sum((descend(pair, begin, target, rate) - target) ** 2) for rate in (0.1, 0.01, 0.001)]
    assert min(lasts) < 0.9 * first, "the loss does not fall"


def descend(pair, values, target, rate, steps=30):
    """The outputs after some steps of gradient descent on half of the squared distance to the target."""
    for _ in range(steps):
        gradients = pair.gradients(pair.value(values) - target, values)
        values = [x - rate * g for x, g in zip(values, gradients, strict=True)]
    return pair.value(values)


@kind("one expression, known result")
def known_result(construction, backward):
    """The gradients of one expression at one point, against numbers of another library."""
    pair, reference = pair_of(construction, backward), pair_of(construction, construction.backward)
    for g, wanted in zip(
        pair.gradients(np.ones(1), pair.start), reference.gradients(np.ones(1), pair.start), strict=True
    ):
        np.testing.assert_allclose(g, wanted, atol=1e-6)


@kind("an upstream of ones, a reference")
def ones_against_a_reference(construction, backward):
    """Random inputs, an upstream of ones, and another library's gradients to four decimals."""
    pair, reference = pair_of(construction, backward), pair_of(construction, construction.backward)
    rng = np.random.default_rng(12345)
    for _ in range(3):
        values = [rng.standard_normal(x.shape) for x in pair.start]
        ones = np.ones(pair.value(values).size)
        for g, wanted in zip(pair.gradients(ones, values), reference.gradients(ones, values), strict=True):
            np.testing.assert_almost_equal(g, wanted, decimal=4)


@kind("slope of the sum, one entry")
def one_entry_of_the_sum(construction, backward):
    """The slope of the sum of the outputs at one drawn entry of each argument, to one hundredth."""
    pair, rng = pair_of(construction, backward), np.random.default_rng(10)
    gradients = pair.gradients(np.ones(pair.value(pair.start).size), pair.start)
    for k, g in enumerate(gradients):
        place = tuple(rng.integers(n) for n in g.shape)
        np.testing.assert_allclose(g[place], slopes_of_the_sum(pair, k, [place], 1e-6)[0], 1e-2, 1e-2)


@kind("slope of the sum, float32")
def every_entry_of_the_sum(construction, backward):
    """The slope of the sum of the outputs at every entry of the first argument, in float32."""
    pair = pair_of(construction, backward, np.float32)
    g = pair.gradients(np.ones(pair.value(pair.start).size), pair.start)[0]
    wanted = slopes_of_the_sum(pair, 0, list(np.ndindex(g.shape)), 1e-3)
    np.testing.assert_allclose(g.ravel(), wanted, rtol=5e-3, atol=1e-3)


@kind("a random upstream, every entry")
def random_upstream(construction, backward):
    """The slope of <dy, outputs> for random dy at every entry of every argument."""
    pair, rng = pair_of(construction, backward), np.random.default_rng(231)
    dy = rng.standard_normal(pair.value(pair.start).size)
    for k, g in enumerate(pair.gradients(dy, pair.start)):
        for place in np.ndindex(g.shape):
            up, down = [a.copy() for a in pair.start], [a.copy() for a in pair.start]
            up[k][place] += 1e-5
            down[k][place] -= 1e-5
            slope = dy @ (pair.value(up) - pair.value(down)) / 2e-5
            assert abs(g[place] - slope) <= 1e-6 * max(1, abs(slope))
