"""Mapping a noisy posterior q = T p back to the clean p: the map that the noise model implies, and the report's.

flip_back(q (N, C), T) -> p (N, C); the prior is uniform where a map needs one.
"""

import numpy as np

from .. import strategies
from ..compare import assert_close
from ..property import holds_for

WHERE_BAYES_ERRS = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


def assert_same_class(found, p, T, hint):
    """Raise AssertionError unless every row of `found` is largest where that row of p is (near ties excepted)."""
    top_two = np.sort(p, axis=1)[:, -2:]
    clear = top_two[:, 1] - top_two[:, 0] > 1e-9
    wrong = np.flatnonzero(clear & (np.asarray(found).argmax(axis=1) != p.argmax(axis=1)))
    assert not len(wrong), (
        f"p = {p[wrong[0]]} has class {p[wrong[0]].argmax()}; from q = {T @ p[wrong[0]]} came {found[wrong[0]]}, class "
        f"{np.argmax(found[wrong[0]])}. {hint}"
    )


@holds_for("T", "p")
def the_inverse_recovers_the_posterior(flip_back, T, p):
    """The noise model says q = T p, so p = T^-1 q: the posterior itself comes back, not only its class.

    Eq. (3). Eq. (36), solved for p. flip_back(q, T) -> p.
    """
    hint = "P(y | noisy, x) depends on x; Bayes' Q, which does not, cannot be the map"
    assert_close("p", flip_back(p @ T.T, T), p, 1e-13 * np.linalg.cond(T), hint)


@holds_for("p", T=lambda N, C: strategies.circulant_matrices(), classes=(3, 3))
def a_circulant_matrix_hides_the_wrong_map(flip_back, T, p):
    """For a 3 x 3 circulant T, such as both of the report's, T^T T = l^2 I + constant: Q q has the class of p.

    Eq. (8). Eq. (12). Eq. (38). Eq. (39). flip_back(q, T) -> anything with the argmax of p.
    """
    hint = "Q = T^T here, and T^T T p is an increasing function of p"
    if np.linalg.cond(T) < 100:  # with l near 0 the class drowns in rounding
        assert_same_class(flip_back(p @ T.T, T), p, T, hint)


@holds_for("seed")
def another_matrix_shows_it(flip_back, seed):
    """For T = [[.7, .1, .3], [.2, .8, .1], [.1, .1, .6]] the report's map has the wrong class for some p.

    Eq. (8). Eq. (12), as printed. flip_back(q, T) -> Q q.
    """
    T = WHERE_BAYES_ERRS
    p = np.random.default_rng(seed).dirichlet(np.ones(3), 500)
    disagree = np.mean(np.asarray(flip_back(p @ T.T, T)).argmax(axis=1) != p.argmax(axis=1))
    assert 0.01 < disagree < 0.12, f"{disagree:.1%} of the classes are wrong; with Q as printed about 6 % are"


@holds_for(v=strategies.logits)
def projection_is_the_nearest_point_of_the_simplex(project, v):
    """Probabilities, and no other probabilities are nearer: (v - w).(e_c - w) <= 0 towards every vertex e_c.

    project(v (N, C)) -> w (N, C).
    """
    w = np.asarray(project(v))
    assert_close("row sums", w.sum(axis=1), np.ones(len(v)), 1e-12)
    assert w.min() >= 0, f"a probability is {w.min():.3g}"
    towards = (v - w) - ((v - w) * w).sum(axis=1, keepdims=True)  # (v - w).(e_c - w) for each c
    assert towards.max() <= 1e-10, f"from w one can move nearer to v\nv\n{v}\nw\n{w}"


@holds_for("p")
def projection_keeps_probabilities(project, p):
    """What is in the simplex already stays.

    project(v (N, C)) -> w (N, C).
    """
    assert_close("projection", project(p), p, 1e-12)
