"""Exercises 04 to 06: corrupting labels, priors and Bayes' Q, flipping a posterior back."""

import numpy as np

from ... import noise
from ...check import strategies as s
from ...check.properties import matrix as matrix_properties
from ...check.properties import noise as noise_properties
from ...check.properties import posterior_maps
from ...simplex import project_to_simplex
from ...transition import TransitionMatrix
from ..checker.failure import Failure
from ..checker.steps import FORM, definition, definition_on, holds, library, step
from ..exercise import Exercise, Function
from .inputs import SeededGenerator, drawn, larger

TELLTALE = np.array([[0.3, 0.1, 0.6], [0.6, 0.3, 0.1], [0.1, 0.6, 0.3]])  # its rows sum to 1 as well
LEANING = np.array([[0.75, 0.5], [0.25, 0.5]])  # for worked examples: neither symmetric nor doubly stochastic


def uniform(n_classes, rho):
    """`noise.uniform` as an array."""
    return np.asarray(noise.uniform(n_classes, rho))


def noisy_prior(T, prior):
    """`TransitionMatrix.noisy_prior` as a function."""
    return TransitionMatrix(T).noisy_prior(prior)


def inverse_transition(T, prior):
    """`TransitionMatrix.inverse_transition` as a function."""
    return TransitionMatrix(T).inverse_transition(prior)


def flip_back_bayes(q, T, prior):
    """`FlipCorrected(mapping="bayes")` on posteriors."""
    return q @ inverse_transition(T, prior).T


def flip_back_inverse(q, T):
    """`FlipCorrected(mapping="inverse")` on posteriors, before the projection."""
    return q @ TransitionMatrix(T).inverse().T


def realised_on_average(corrupt, y, T, rng):
    """What a generator of labels does, over many seeds: the share of each flip under TELLTALE.

    Then whether the seed decides, whether the samples of a class flip together, and whether y stays.
    """
    y, T = np.repeat(np.arange(3), 20), TELLTALE
    draws = np.array([corrupt(y.copy(), T, SeededGenerator(seed)) for seed in range(600)])
    shares = np.array([[np.mean(draws[:, y == j] == i) for j in range(3)] for i in range(3)])
    given, generator = y.copy(), SeededGenerator(0)
    again = np.array_equal(draws[0], corrupt(given, T, generator))
    together = np.mean(draws[:, 1:20] == draws[:, :19]) > 0.99
    return [shares, np.array([again, together, np.array_equal(given, y)])]


SEEDS, EACH = 300, 20  # generators that are tried, samples of each class
WIDE = 0.2  # of a share over SEEDS: seven deviations and more


@step("definition")
def every_sample_flips_on_its_own(spec, student, trial):
    """Each sample flips at its rate, and the number of flips in a class varies as that of independent samples does.

    Its variance is n t (1 - t), estimated with a deviation of 8 %.
    """
    y, T = np.repeat(np.arange(3), EACH), TELLTALE
    seeds = trial.rng().integers(2**32, size=SEEDS)
    draws = np.array([student(y.copy(), T.copy(), SeededGenerator(int(seed))) for seed in seeds])
    if draws.shape != (SEEDS, len(y)):
        raise Failure(f"corrupt has shape {draws.shape[1:]} for {len(y)} labels.", "shape")
    for i, j in np.ndindex(3, 3):
        became = draws[:, y == j] == i
        shares, ratio = became.mean(axis=0), became.sum(axis=1).var() / (EACH * T[i, j] * (1 - T[i, j]))
        given = {"y": y, "T": T}
        if np.abs(shares - T[i, j]).max() > WIDE:
            n = int(np.abs(shares - T[i, j]).argmax())
            text = f"With {SEEDS} generators sample {n} of class {j} became {i} in {shares[n]:.0%} of the draws"
            raise Failure(f"{text}; T[{i}, {j}] is {T[i, j]:.0%}. Every sample has to flip at this rate.", inputs=given)
        if not 0.55 < ratio < 1.7:
            raise Failure(
                f"The number of labels {j} that become {i} varies {ratio:.2g} times as much (variance) as it does when "
                "every sample flips on its own. "
                + ("Do you flip a fixed share of each class?" if ratio < 1 else "Do samples share a random number?"),
                inputs=given,
                mistake="fixed_share" if ratio < 0.05 else None,
            )


UNIFORM = Function(
    name="uniform",
    tag="Eq. (1). Eq. (2).",
    signature="uniform(n_classes, rho)",
    equation="T[i, j] = rho for i != j,  T[j, j] = 1 - (C - 1) rho",
    reference=uniform,
    inputs=drawn("n_classes rho"),
    larger=lambda rng: {"n_classes": 10, "rho": float(rng.uniform(0, 1 / 9))},
    example={"n_classes": 3, "rho": 0.25},
    checks=(*FORM, definition, holds(noise_properties.redrawing_a_share_is_uniform_noise), library),
)

CORRUPT = Function(
    name="corrupt",
    tag="Eq. (3).",
    signature="corrupt(y, T, rng)",
    equation="P(noisy = i | true = j, x) = T[i, j], whatever x is",
    reference=noise.corrupt,
    inputs=drawn("y T rng", T=lambda N, C: s.permutation_matrices(C)),  # nothing is left to chance
    larger=larger("y T rng", rng=lambda rng, N, C: SeededGenerator(0)),
    example={"y": np.array([0, 1, 2]), "T": np.eye(3)[:, [1, 2, 0]], "rng": SeededGenerator(0)},
    checks=(
        *FORM,
        definition,
        holds(noise_properties.labels_flip_at_the_given_rates),
        holds(noise_properties.the_seed_decides),
        holds(noise_properties.two_corruptions_multiply),
        every_sample_flips_on_its_own,
    ),
    observe=realised_on_average,
)

PRIORS = Function(
    name="priors",
    signature="priors(y, n_classes)",
    equation="P(y = j) = number of labels j / N",
    reference=noise.priors,
    inputs=drawn("y n_classes"),
    larger=larger("y n_classes"),
    example={"y": np.array([0, 1, 1, 3]), "n_classes": 4},
    checks=(*FORM, definition, library),
)

NOISY_PRIOR = Function(
    name="noisy_prior",
    tag="Eq. (43).",
    signature="noisy_prior(T, prior)",
    equation="P(noisy = i) = sum_j T[i, j] P(true = j)",
    reference=noisy_prior,
    inputs=drawn("T prior"),
    larger=larger("T prior"),
    example={"T": LEANING, "prior": np.array([0.25, 0.75])},
    checks=(*FORM, definition, library),
)

INVERSE_TRANSITION = Function(
    name="inverse_transition",
    tag="Eq. (41). Eq. (43).",
    signature="inverse_transition(T, prior)",
    equation="Q[i, j] = P(true = i | noisy = j) = T[j, i] P(true = i) / P(noisy = j)",
    reference=inverse_transition,
    inputs=drawn("T prior"),
    larger=larger("T prior"),
    example={"T": LEANING, "prior": np.array([0.5, 0.5])},
    checks=(*FORM, definition, holds(matrix_properties.bayes_inverts_the_prior), library),
)

FLIP_BACK_BAYES = Function(
    name="flip_back_bayes",
    tag="Eq. (8). Eq. (12).",
    signature="flip_back_bayes(q, T, prior)",
    equation="p_i = sum_j Q[i, j] q_j,  Q[i, j] = P(true = i | noisy = j)",
    reference=flip_back_bayes,
    inputs=drawn("q T prior"),
    larger=larger("q T prior", q=lambda rng, N, C: rng.dirichlet(np.ones(C), N)),
    example={"q": np.array([[1.0, 0.0], [0.0, 1.0]]), "T": LEANING, "prior": np.array([0.5, 0.5])},
    checks=(
        *FORM,
        definition,
        holds(
            posterior_maps.another_matrix_shows_it,
            lambda student: lambda q, T: student(q, T, np.full(len(T), 1 / len(T))),
        ),
        library,
    ),
)

FLIP_BACK_INVERSE = Function(
    name="flip_back_inverse",
    signature="flip_back_inverse(q, T)",
    equation="q = T p, so p = T^-1 q, for every sample",
    reference=flip_back_inverse,
    inputs=drawn("q T"),
    larger=larger("q T", q=lambda rng, N, C: rng.dirichlet(np.ones(C), N)),
    example={"q": np.array([[0.625, 0.375], [1.0, 0.0]]), "T": LEANING},
    checks=(*FORM, definition, holds(posterior_maps.the_inverse_recovers_the_posterior), library),
)

PROJECT_TO_SIMPLEX = Function(
    name="project_to_simplex",
    signature="project_to_simplex(v)",
    equation="w = max(v - tau, 0), one tau for each row, such that sum_c w_c = 1",
    reference=project_to_simplex,
    inputs=drawn("v", v=lambda N, C: s.quarter_arrays((N, C), -2, 2)),
    larger=larger("v", v=lambda rng, N, C: rng.standard_normal((N, C))),
    example={"v": np.array([[1.5, -0.5, 0.0], [1.0, 0.5, -0.5]])},
    checks=(
        *FORM,
        definition,
        definition_on(drawn("v", classes=(5, 6), v=s.logits)),
        holds(posterior_maps.projection_is_the_nearest_point_of_the_simplex),
        library,
    ),
)

EXERCISES = (
    Exercise(
        "04",
        "corrupt",
        "corrupting labels",
        "Eq. (1). Eq. (2). Eq. (3). Eq. (37).",
        (UNIFORM, CORRUPT),
        (
            "uniform: the columns sum to 1, so the diagonal is what the C - 1 wrong labels leave. corrupt: which "
            "column of T belongs to a sample of class j? It is a distribution over noisy labels: draw one label from "
            "it.",
            "corrupt: rng.choice(C, p=T[:, j]) draws one label of class j; a loop over the samples is right, if slow. "
            "Faster: lay the probabilities of the column end to end on [0, 1]; a uniform number falls into one of "
            "them.",
            "corrupt: edges = cumsum of T down the rows; edges[:, y] has a column for each sample. With one uniform "
            "number u for each sample from rng.random(N), the noisy label is the number of edges that u has reached or "
            "passed, the last edge left out.",
        ),
    ),
    Exercise(
        "05",
        "priors",
        "class priors, and the flips seen from the noisy side",
        "Eq. (41). Eq. (42). Eq. (43).",
        (PRIORS, NOISY_PRIOR, INVERSE_TRANSITION),
        (
            "priors: a class that never occurs has share 0, and still a place. noisy_prior: in how many ways can a "
            "label i come about? inverse_transition: Bayes; check that every column sums to 1.",
            "priors: np.bincount knows minlength. noisy_prior: a matrix times a vector, with rows of T for the noisy "
            "labels. inverse_transition: first write the joint P(true = i, noisy = j), with i for the rows.",
            "The joint with rows i is prior[i] T[j, i]: the transpose of T, each row times its prior. Its column sums "
            "are the noisy prior: divide each column by its own. Only a uniform prior *and* rows of T that sum to 1 "
            "make it T^T, which eq. (42) forgets.",
        ),
    ),
    Exercise(
        "06",
        "flip_back",
        "flip correction, as printed and as it should be",
        "Eq. (8). Eq. (12).",
        (FLIP_BACK_BAYES, FLIP_BACK_INVERSE, PROJECT_TO_SIMPLEX),
        (
            "Each row of q is one sample, and a matrix acts on the sample as a column: q_n becomes M q_n. How do you "
            "write that for all rows at once? Then: which M, Bayes' Q or T^-1?",
            "For all rows at once it is q @ M.T. As printed M = Q from exercise 05; what the noise model says is q = "
            "T p, so M = T^-1, whose result may leave [0, 1]. The projection subtracts one number tau from a row and "
            "cuts at 0: try which entries stay positive.",
            "Projection: sort a row downwards, u_1 >= u_2 >= ...; if the k largest stay, tau_k = (u_1 + ... + u_k - "
            "1) / k. The right k is the largest one with u_k > tau_k. cumsum gives all tau_k at once; then max(v - "
            "tau, 0).",
        ),
    ),
)
