"""The transition matrix, its inverse, and Bayes' map back: T[i, j] = P(noisy = i | true = j)."""

import warnings

import numpy as np

from ...transition import IllConditionedTransitionWarning, SingularTransitionError
from .. import strategies
from ..compare import assert_close
from ..property import holds_for
from .oracles import entropies


def per_class(strategy):
    """For `holds_for`: a strategy of C alone."""
    return lambda N, C: strategy(C)


@holds_for("T")
def columns_are_distributions(transition, T):
    """A matrix is accepted as it is, and the rounding of a stored one is removed: columns sum to exactly 1.

    Eq. (29). transition(array) -> matrix.
    """
    assert_close("transition(T)", transition(T), T, 1e-12, "T[i, j] = P(noisy = i | true = j) is kept as given")
    rounded = np.asarray(transition(T.astype(np.float32)))
    assert_close("column sums of a T stored as float32", rounded.sum(axis=0), np.ones(len(T)), 1e-13)


@holds_for("T")
def rows_can_be_given(from_rows, T):
    """gamma = T^T, whose rows sum to 1, gives T.

    Eq. (13). from_rows(gamma) -> matrix.
    """
    assert_close("from_rows(T^T)", from_rows(T.T.copy()), T, 1e-12, "gamma[j, k] = T[k, j]: the roles change places")


@holds_for("T")
def rows_are_not_taken_for_columns(transition, T):
    """An array whose rows sum to 1, and whose columns do not, is refused; the error names the way to pass it.

    transition(array) raises ValueError.
    """
    try:
        made = transition(T.T.copy())
    except ValueError as error:
        assert "from_rows" in str(error), f"the error should name from_rows; it says: {error}"
    else:
        raise AssertionError(f"this array has columns that do not sum to 1, and was accepted\n{T.T}\nas\n{made}")


@holds_for("T")
def inverse_undoes_the_noise(inverse, T):
    """T^-1 T = I, and the columns of T^-1 sum to 1: every row of T^-T is a label of mass 1, with negative parts.

    inverse(T) -> (C, C).
    """
    found, tolerance = np.asarray(inverse(T)), 1e-14 * np.linalg.cond(T)
    ones = np.ones(len(T))
    assert_close("column sums of T^-1", found.sum(axis=0), ones, tolerance, "columns of T sum to 1, so these do too")
    assert_close("T^-1 T", found @ T, np.eye(len(T)), tolerance, "entries of T^-1 may be negative or above 1")


@holds_for(T=per_class(strategies.singular_matrices))
def singular_matrices_are_refused(inverse, T):
    """Two equal columns: the labels cannot tell two classes apart, in float64 or float32, and no number may say so.

    inverse(T) raises SingularTransitionError.
    """
    for dtype in (np.float64, np.float32):
        try:
            found = inverse(T.astype(dtype))
        except SingularTransitionError:
            continue
        raise AssertionError(f"two columns of this T are equal, yet an inverse came back\n{T}\n{found}")


@holds_for(T=per_class(strategies.nearly_singular_matrices))
def nearly_singular_matrices_warn(inverse, T):
    """Two columns that differ by 1e-4: T has an inverse, and using it deserves a warning.

    inverse(T) warns with IllConditionedTransitionWarning.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        inverse(T)
    found = [w.category.__name__ for w in caught]
    assert IllConditionedTransitionWarning.__name__ in found, (
        f"T has condition number {np.linalg.cond(T):.0f}; expected an IllConditionedTransitionWarning, got {found}"
    )


@holds_for("T", "prior")
def bayes_inverts_the_prior(inverse_transition, T, prior):
    """Q[i, j] = P(true = i | noisy = j): both ways of writing P(true = i, noisy = j) agree, and Q (T prior) = prior.

    Eq. (41). Eq. (43). inverse_transition(T, prior) -> Q (C, C).
    """
    Q, noisy = np.asarray(inverse_transition(T, prior)), T @ prior
    assert_close("column sums of Q", Q.sum(axis=0), np.ones(len(T)), 1e-12, "for every noisy label some class is true")
    assert_close("Q (T prior)", Q @ noisy, prior, 1e-12, "mixing over the noisy labels gives the clean prior back")
    assert_close("Q[i, j] P(noisy = j)", Q * noisy, prior[:, None] * T.T, 1e-12, "it should be T[j, i] P(true = i)")


@holds_for(
    "prior",
    T=lambda N, C: strategies.transition_matrices(C) | strategies.doubly_stochastic_matrices(C),
)
def bayes_is_the_transpose_only_if_all_is_uniform(inverse_transition, T, prior):
    """Q = T^T if and only if the prior is uniform and T is doubly stochastic (for T without zeros).

    Eq. (42) with both of its conditions. inverse_transition(T, prior) -> Q (C, C).
    """
    C = len(T)
    T = 0.9 * T + 0.1 / C  # an impossible flip would leave parts of Q free
    for pi in (prior, np.full(C, 1 / C)):
        uniform = np.allclose(pi, 1 / C) and np.allclose(T.sum(axis=1), 1)
        equal = np.allclose(inverse_transition(T, pi), T.T, atol=1e-9)
        assert equal == uniform, (
            f"with prior {pi} and row sums {T.sum(axis=1)} Q should{'' if uniform else ' not'} be T^T"
        )


@holds_for("p", T=lambda N, C: strategies.transition_matrices_with_zeros(C))
def noise_floor_is_the_least_entropy(noise_floor, T, p):
    """No posterior has less noisy entropy than the floor, and some vertex has exactly that: min_j H(T[:, j]).

    noise_floor(T) -> float, in nats.
    """
    floor = noise_floor(T)
    hint = "one column of T is reached by a sample that is certain; take the smallest entropy of a column"
    assert_close("noise floor", floor, entropies(T).min(), 1e-12, hint)
    assert floor <= entropies(T @ p.T).min() + 1e-12, f"a posterior has less entropy than the floor {floor:.6g}"


@holds_for("C", "rho")
def information_of_symmetric_noise_is_lambda_squared(information, C, rho):
    """For uniform noise with eigenvalue l = 1 - C rho a noisy label is worth l^2 of a clean one.

    information(T) -> float.
    """
    T = np.full((C, C), rho) + (1 - C * rho) * np.eye(C)
    hint = f"C = {C}, rho = {rho:.4g}: information is quadratic in the signal that is left"
    assert_close("information", information(T), (1 - C * rho) ** 2, 1e-12, hint)


@holds_for("T", "p")
def information_is_a_share_in_every_direction(fractions, T, p):
    """In no direction of the logits does a noisy label tell more than a clean one, and T = I loses nothing.

    fractions(T, p (C,)) -> (C - 1,), least first. Their product is the ratio of the volumes, which needs no directions:
    det over the logits but the last of J^T diag(1/q) J over that of D = diag(p) - p p^T, q = T p, J = T D.
    """
    p = (p[0] + 0.05) / (p[0] + 0.05).sum()
    found = np.asarray(fractions(T, p))
    assert len(found) == len(T) - 1 and (np.diff(found) >= 0).all(), "one share for each direction, least first"
    assert found.min() >= 0 and found.max() <= 1 + 1e-9, f"shares {found}: they should lie in 0..1"
    assert_close("shares at T = I", fractions(np.eye(len(T)), p), np.ones(len(T) - 1), 1e-9, "no noise, no loss")
    D, q = np.diag(p) - np.outer(p, p), T @ p
    J = (T @ D)[q > 0] / np.sqrt(q[q > 0])[:, None]
    volumes = [np.linalg.det(matrix[:-1, :-1]) for matrix in (J.T @ J, D)]
    assert_close("their product", found.prod() * volumes[1], volumes[0], 1e-9, "it is a ratio of determinants")
