"""L-BFGS: the two loops are the dense update, a step satisfies both conditions of Wolfe, and minima are found."""

import numpy as np
import pytest

from scratchnoise import lbfgs as module
from scratchnoise.lbfgs import Point, lbfgs, line_search, two_loops


def pairs_of(rng, n, count):
    """Steps and changes of the gradient of a random convex quadratic."""
    root = rng.normal(size=(n, n))
    hessian = root @ root.T + np.eye(n)
    steps = rng.normal(size=(count, n))
    return [(s, hessian @ s, 1 / (s @ hessian @ s)) for s in steps]


def dense_inverse(pairs, n):
    """BFGS as the books have it: H <- (I - s y^T / s.y) H (I - y s^T / s.y) + s s^T / s.y, from a multiple of I."""
    s, y, inverse = pairs[-1]
    H = np.eye(n) / (inverse * (y @ y))
    for s, y, inverse in pairs:
        V = np.eye(n) - inverse * np.outer(y, s)
        H = V.T @ H @ V + inverse * np.outer(s, s)
    return H


def is_the_dense_product(product):
    rng = np.random.default_rng(0)
    for n, count in ((3, 1), (5, 3), (8, 10)):
        pairs, g = pairs_of(rng, n, count), rng.normal(size=n)
        if not np.allclose(product(g, pairs), dense_inverse(pairs, n) @ g, rtol=1e-9):
            return False
    return np.array_equal(product(g, []), g)


def without_the_scale(gradient, pairs):
    _, y, inverse = pairs[-1]
    return two_loops(gradient, pairs) * inverse * (y @ y)


MUTANTS = {
    "newest first": lambda g, pairs: two_loops(g, pairs[::-1]),
    "one pair forgotten": lambda g, pairs: two_loops(g, pairs[:-1]),
    "s and y exchanged": lambda g, pairs: two_loops(g, [(y, s, i) for s, y, i in pairs]),
    "s.y for 1 / s.y": lambda g, pairs: two_loops(g, [(s, y, 1 / i) for s, y, i in pairs]),
    "without the scale": without_the_scale,
}


def test_two_loops_are_the_dense_product():
    assert is_the_dense_product(two_loops)


@pytest.mark.parametrize("mutant", MUTANTS)
def test_other_loops_are_not(mutant):
    assert not is_the_dense_product(MUTANTS[mutant])


# --- the line search -----------------------------------------------------------------------------------------


def ripples(t):
    return -t / (t * t + 2) + 0.01 * np.cos(40 * t), (t * t - 2) / (t * t + 2) ** 2 - 0.4 * np.sin(40 * t)


def late_fall(t):
    u = t + 0.004
    return u**5 - 2 * u**4, 5 * u**4 - 8 * u**3


def pit_and_plain(t):
    return -t * np.exp(-20 * t) - 1e-5 * t, -(1 - 20 * t) * np.exp(-20 * t) - 1e-5


CURVES = {  # value and slope along a line
    "a parabola whose minimum is far": lambda t: ((t - 300) ** 2, 2 * (t - 300)),
    "a parabola whose minimum is near": lambda t: ((t - 1e-4) ** 2, 2 * (t - 1e-4)),
    "a valley with ripples": ripples,
    "a wall": lambda t: (-np.log(1 - t) - 3 * t, 1 / (1 - t) - 3) if t < 1 else (np.inf, np.nan),
    "slow, then steep": late_fall,
    "a pit, and behind it a plain": pit_and_plain,
}


def unlike_wolfe():
    """The curves and first steps for which the step that is found is too long or too short."""
    bad = []
    for name, curve in CURVES.items():
        for first in (1e-3, 1.0, 50.0):
            value, slope = curve(0.0)
            here = Point(0.0, np.zeros(1), value, np.array([slope]), slope)

            def objective(x, curve=curve):
                value, slope = curve(x[0])
                return value, np.array([slope])

            found = line_search(objective, here, np.ones(1), first, 0.0)
            good = found is not None and found.step > 0 and found.x[0] == found.step
            good = good and found.value <= value + 1e-4 * found.step * slope and abs(found.slope) <= 0.9 * abs(slope)
            bad += [] if good else [(name, first)]
    return bad


def test_a_step_is_neither_too_long_nor_too_short():
    assert unlike_wolfe() == []


@pytest.mark.parametrize(("condition", "everything"), [("DECREASE", -np.inf), ("CURVATURE", np.inf)])
def test_without_one_of_the_conditions_some_step_is(monkeypatch, condition, everything):
    monkeypatch.setattr(module, condition, everything)
    assert unlike_wolfe() != []


def test_uphill_there_is_no_step():
    here = Point(0.0, np.zeros(1), 0.0, np.ones(1), 1.0)
    assert line_search(lambda x: (x[0], np.ones(1)), here, np.ones(1), 1.0, 0.0) is None


# --- minima --------------------------------------------------------------------------------------------------


def rosenbrock(x):
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    gradient = np.zeros_like(x)
    gradient[1:] += 200 * a
    gradient[:-1] -= 400 * a * x[:-1] + 2 * b
    return 100 * a @ a + b @ b, gradient


@pytest.mark.parametrize("n", [2, 10, 50])
def test_the_bent_valley_is_followed_to_its_end(n):
    calls = []
    found = lbfgs(lambda x: (calls.append(x), rosenbrock(x))[1], np.full(n, -1.2), tol=1e-8, max_iter=2000)
    assert found.converged and found.value < 1e-12 and np.abs(found.gradient).max() <= 1e-8
    assert len(calls) < 30 + 8 * n  # gradient descent needs tens of thousands


def test_no_step_leads_upwards_and_the_budget_is_kept():
    values = [lbfgs(rosenbrock, np.full(5, -1.2), max_iter=n).value for n in range(1, 30)]
    assert (np.diff(values) <= 0).all()
    stopped = lbfgs(rosenbrock, np.full(5, -1.2), max_iter=7)
    assert stopped.steps == 7 and not stopped.converged


def test_a_start_that_is_the_minimum_is_left_alone():
    found = lbfgs(lambda x: (x @ x, 2 * x), np.zeros(3))
    assert found.steps == 0 and found.converged


def test_where_values_are_too_coarse_it_ends_and_says_so():
    """float32 values: below their rounding nothing can be gained, and that is no endless loop."""

    rng = np.random.default_rng(0)

    def coarse(x):
        return float(np.float32(1e3 + x @ x)), 2 * x + 1e-6 * rng.normal(size=3)

    found = lbfgs(coarse, np.ones(3), tol=1e-12, precision=np.finfo(np.float32).eps)
    assert not found.converged and found.steps < 1000 and found.value < 1000.001


def test_the_scale_makes_tol_relative():
    settings = {"tol": 1e-4, "max_iter": 100}
    loose, tight = (lbfgs(rosenbrock, np.full(2, -1.2), **settings, scale=s).value for s in (lambda v: 1, lambda v: v))
    assert tight < loose


def test_an_objective_that_is_not_finite_is_refused():
    with pytest.raises(FloatingPointError, match="not finite where the search starts"):
        lbfgs(lambda x: (np.inf, x), np.ones(2))
