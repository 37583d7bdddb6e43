"""Exercises 07 to 10: the two corrected losses, the update of the flip rates, anchor points."""

import numpy as np
from hypothesis import strategies as st

from ... import estimate, kernels
from ...check import strategies as s
from ...check.properties import backward_correction, estimators, flip_rates, forward_correction
from ...losses import BackwardCorrected
from ..checker.steps import FORM, definition, definition_on, finite_differences, holds, library
from ..exercise import Exercise, Function
from .inputs import any_transition, drawn, extreme, larger
from .label_noise import LEANING


def backward_corrected(z, y, T):
    """`BackwardCorrected(T).value` as a function."""
    return BackwardCorrected(T).value(z, y)


def backward_corrected_grad(z, y, T):
    """`BackwardCorrected(T).grad` as a function."""
    return BackwardCorrected(T).grad(z, y)


def anchor_argmax(q):
    """`estimate.anchor_argmax` as an array."""
    return np.asarray(estimate.anchor_argmax(q))


def anchor_top_k(q, k):
    """`estimate.anchor_top_k` as an array."""
    return np.asarray(estimate.anchor_top_k(q, k))


def upstream_of(value):
    """For `finite_differences`: the gradient of each sample's own value(z, y, T), scaled by an upstream."""

    def bind(student, z, y, T, dy):
        return lambda z: value(z, y, T), lambda dy, z: dy[:, None] * student(z, y, T), (z,), dy

    return bind


def of_posteriors(student):
    """The signature of `properties.estimators`, which hands on labels as well."""
    return lambda q, y: student(q)


def k_out_of(N, C):
    """How many samples to average, at most all."""
    return st.integers(1, N)


def clear_posteriors(N, C):
    """q (N, C) with simple odds, no two equal entries in a column."""
    return s.posteriors(N, C).filter(lambda q: all(len(set(column)) == N for column in q.T))


TWO_CLASSES_FIRST = (drawn("z y T", classes=(2, 2)), drawn("z y T"))  # what fails on two is shown on two
DZ = tuple(drawn("z y T dy", classes=sizes, dy=lambda N, C: s.quarter_arrays((N,))) for sizes in ((2, 2), (2, 4)))
IMPOSSIBLE_FLIPS = drawn("z y T", z=s.extreme_logits, T=lambda N, C: s.transition_matrices_with_zeros(C))
EXTREME_SAMPLE = {"z": np.array([[0.0, 1000.0]]), "y": np.array([0]), "T": np.array([[0.75, 0.0], [0.25, 1.0]])}
TWO_SAMPLES = {"z": np.log([[1.0, 3.0], [1.0, 3.0]]), "y": np.array([0, 1]), "T": LEANING}

BACKWARD = Function(
    name="backward_corrected",
    tag="Eq. (30).",
    signature="backward_corrected(z, y, T)",
    equation="L~ = T^-T L:  L~_y = sum_j (T^-1)[j, y] L_j,  L_j = -log softmax(z)_j",
    reference=backward_corrected,
    inputs=TWO_CLASSES_FIRST,
    larger=larger("z y T"),
    example=TWO_SAMPLES,
    checks=(
        *FORM,
        definition,
        definition_on(extreme("z y T")),
        holds(backward_correction.is_unbiased),
        library,
    ),
    probes=(EXTREME_SAMPLE,),
    keeps_dtype=True,
)

BACKWARD_GRAD = Function(
    name="backward_corrected_grad",
    signature="backward_corrected_grad(z, y, T)",
    equation="dL~ / dz = softmax(z) - a,  a_j = (T^-1)[j, y]",
    reference=backward_corrected_grad,
    inputs=TWO_CLASSES_FIRST,
    larger=larger("z y T"),
    example=TWO_SAMPLES,
    checks=(
        *FORM,
        finite_differences(upstream_of(backward_corrected), DZ),
        definition_on(extreme("z y T")),
        library,
    ),
)

FORWARD = Function(
    name="forward_cross_entropy",
    tag="Eq. (14). Eq. (16).",
    signature="forward_cross_entropy(z, y, T)",
    equation="L = -log (T softmax(z))_y = -log sum_j T[y, j] p_j",
    reference=kernels.forward_cross_entropy,
    inputs=TWO_CLASSES_FIRST,
    larger=larger("z y T"),
    example=TWO_SAMPLES,
    checks=(
        *FORM,
        definition,
        definition_on(IMPOSSIBLE_FLIPS),
        holds(forward_correction.is_least_at_the_true_posterior),
        library,
    ),
    probes=(EXTREME_SAMPLE,),
    keeps_dtype=True,
)

FORWARD_GRAD = Function(
    name="forward_cross_entropy_grad",
    tag="Eq. (17).",
    signature="forward_cross_entropy_grad(z, y, T)",
    equation="dL / dz = p - r,  r_j = T[y, j] p_j / sum_l T[y, l] p_l",
    reference=kernels.forward_cross_entropy_grad,
    inputs=TWO_CLASSES_FIRST,
    larger=larger("z y T"),
    example=TWO_SAMPLES,
    checks=(
        *FORM,
        holds(forward_correction.gradient_is_the_printed_one),
        finite_differences(upstream_of(kernels.forward_cross_entropy), DZ),
        definition_on(IMPOSSIBLE_FLIPS),
        library,
    ),
    probes=(EXTREME_SAMPLE,),
)

FLIP_RATE_UPDATE = Function(
    name="flip_rate_update",
    tag="Eq. (19).",
    signature="flip_rate_update(gamma, p, y, sample_weight)",
    equation="G[j, k] = sum of weight r_j over the samples labelled k,  gamma[j, k] <- G[j, k] / sum_k G[j, k]",
    reference=kernels.flip_rate_update,
    inputs=drawn(
        "gamma p y sample_weight",
        samples=(2, 5),
        gamma=lambda N, C: s.transition_matrices(C).map(lambda T: T.T.copy()),
        sample_weight=s.sample_weights,
    ),
    larger=larger("gamma p y sample_weight", gamma=lambda rng, N, C: np.ascontiguousarray(any_transition(rng, N, C).T)),
    example={
        **{"gamma": np.ascontiguousarray(LEANING.T), "p": np.array([[0.5, 0.5], [0.5, 0.5], [0.75, 0.25]])},
        **{"y": np.array([0, 1, 0]), "sample_weight": np.ones(3)},
    },
    checks=(
        *FORM,
        definition,
        holds(flip_rates.rows_stay_distributions),
        holds(flip_rates.likelihood_never_falls),
        library,
    ),
    keeps_dtype=True,
)

FOUR_POSTERIORS = np.array([[0.5, 0.5], [0.75, 0.25], [0.125, 0.875], [0.375, 0.625]])

ANCHOR_ARGMAX = Function(
    name="anchor_argmax",
    tag="Eq. (34). Eq. (36).",
    signature="anchor_argmax(q)",
    equation="T[i, j] = P(noisy = i | x^j),  x^j = argmax_x P(noisy = j | x)",
    reference=anchor_argmax,
    inputs=drawn("q", samples=(2, 5), q=clear_posteriors),
    larger=larger("q", q=lambda rng, N, C: rng.dirichlet(np.ones(C), N)),
    example={"q": FOUR_POSTERIORS},
    checks=(*FORM, definition, holds(estimators.anchors_are_exact, of_posteriors), library),
)

ANCHOR_TOP_K = Function(
    name="anchor_top_k",
    signature="anchor_top_k(q, k)",
    equation="T[i, j] = mean of P(noisy = i | x) over the k samples with the largest P(noisy = j | x)",
    reference=anchor_top_k,
    inputs=drawn("q k", samples=(2, 5), q=clear_posteriors, k=k_out_of),
    larger=larger("q k", q=lambda rng, N, C: rng.dirichlet(np.ones(C), N), k=lambda rng, N, C: 9),
    example={"q": FOUR_POSTERIORS, "k": 2},
    checks=(*FORM, definition, library),
)

EXERCISES = (
    Exercise(
        "07",
        "backward_corrected",
        "the backward-corrected loss and its gradient",
        "Eq. (28). Eq. (30).",
        (BACKWARD, BACKWARD_GRAD),
        (
            "You want losses L~ of the noisy labels whose mean over the noise is the loss of the true label: sum_i "
            "T[i, j] L~_i = L_j. In which form is that a matrix equation, and which matrix do you have to invert?",
            "It is T^T L~ = L, with L_j = -log softmax(z)_j. So label i costs a mixture of the losses of *all* "
            "classes; the weights of label y are one row of the inverse of T^T. They may be negative, and so may the "
            "loss.",
            "Row y of T^-T is column y of T^-1: a = inv(T).T[y], shape (N, C). The loss is the inner product of a_n "
            "and -log softmax(z_n). Its entries sum to 1, as T's columns do, so the gradient is softmax(z) - a.",
        ),
    ),
    Exercise(
        "08",
        "forward_corrected",
        "the forward loss and the gradient of robust softmax regression",
        "Eq. (14). Eq. (16). Eq. (17).",
        (FORWARD, FORWARD_GRAD),
        (
            "The loss: how probable is the label y, if x has class j with probability p_j and then flips? The "
            "gradient: before you differentiate the long fraction, ask which probabilities you know of the *true* "
            "class, without and with the label.",
            "The label has probability sum_j T[y, j] p_j: row y of T. For logits of 1000 stay with logarithms: log "
            "T[y] + log softmax(z), then the logarithm of a sum of exponentials. The gradient is p minus the "
            "posterior r of the true class given x and y.",
            "With a_j = log T[y, j] + log p_j, the loss is -(m + log sum_j exp(a_j - m)), m = max_j a_j. r is "
            "proportional to T[y, j] p_j, so it is the softmax of z + log T[y]: no division by a vanishing (T p)_y. "
            "log 0 = -inf is what an impossible flip means.",
        ),
    ),
    Exercise(
        "09",
        "flip_rate_update",
        "learning the flip rates",
        "Eq. (19).",
        (FLIP_RATE_UPDATE,),
        (
            "gamma[j, k] = P(noisy = k | true = j): it has rows, not columns, that sum to 1. If you knew the true "
            "classes you would count how often j was labelled k. You do not: by what do you replace a count?",
            "By the posterior r_j of the true class given x and the label k = y_n: gamma[j, k] p_j, divided by its sum "
            "over j. Each sample adds weight r to column y_n of G. Then scale the rows.",
            "joint = gamma[:, y].T * p has shape (N, C); r = joint / its row sums. Add weight_n r_n to G[:, y_n] with "
            "np.add.at, or with one sum for each label k. A row of G that is all zeros keeps its old gamma.",
        ),
    ),
    Exercise(
        "10",
        "anchor_points",
        "finding T without clean labels",
        "Eq. (34).",
        (ANCHOR_ARGMAX, ANCHOR_TOP_K),
        (
            "If a sample x^j is certainly of class j, what is P(noisy = i | x^j)? You have that vector: it is a row "
            "of q. Where in T does it belong?",
            "For each j look down column j of q for the largest entry: that row of q becomes *column* j of T. For the "
            "top k, average the k rows instead of taking one: less noise, less of a winner's curse.",
            "q.argmax(axis=0) gives C samples; q at them is (C anchors, C labels), the transpose of T. For the top k "
            "sort the columns: np.argsort(-q, axis=0, kind='stable')[:k] has shape (k, C).",
        ),
    ),
)
