"""Generators of label noise: what they draw, what they leave alone, and what decides them."""

import numpy as np

from .. import strategies
from ..compare import assert_close
from ..property import holds_for

PER_CLASS = 400  # labels of each class where frequencies are compared
SIGMAS = 6  # a right generator fails one comparison in half a billion


def assert_frequencies(y, y_noisy, T, hint):
    """Raise AssertionError unless each class of y turned into each label as often as T says, within SIGMAS."""
    for j in range(len(T)):
        drawn = y_noisy[y == j]
        share = np.bincount(drawn, minlength=len(T)) / len(drawn)
        allowed = SIGMAS * np.sqrt(T[:, j] * (1 - T[:, j]) / len(drawn))
        i = int(np.argmax(np.abs(share - T[:, j]) - allowed))
        assert abs(share[i] - T[i, j]) <= allowed[i] + 1e-12, (
            f"true class {j} was labelled {i} in {share[i]:.1%} of {len(drawn)} cases; it should be {T[i, j]:.1%} "
            f"+- {allowed[i]:.1%}. {hint}\nT\n{T}"
        )


@holds_for("T", "seed")
def labels_flip_at_the_given_rates(corrupt, T, seed):
    """Label i replaces the true class j with probability T[i, j], whatever class comes first.

    Eq. (3). corrupt(y, T, rng) -> y_noisy (N,).
    """
    y = np.repeat(np.arange(len(T)), PER_CLASS)
    hint = "is T transposed, or is a label that has just been flipped read again?"
    assert_frequencies(y, corrupt(y.copy(), T, np.random.default_rng(seed)), T, hint)


@holds_for("T", "seed", T2=lambda N, C: strategies.transition_matrices(C))
def two_corruptions_multiply(corrupt, T, T2, seed):
    """Noise T on top of which comes noise T2 is noise T2 T.

    corrupt(y, T, rng) -> y_noisy (N,).
    """
    y, rng = np.repeat(np.arange(len(T)), PER_CLASS), np.random.default_rng(seed)
    twice = corrupt(corrupt(y.copy(), T, rng), T2, rng)
    assert_frequencies(y, twice, T2 @ T, "the second matrix stands on the left: q = T2 (T p)")


@holds_for("y", "C", "seed")
def no_noise_changes_nothing(corrupt, y, C, seed):
    """T = I gives back the labels themselves.

    corrupt(y, T, rng) -> y_noisy (N,).
    """
    drawn = corrupt(y.copy(), np.eye(C), np.random.default_rng(seed))
    assert_close("corrupt(y, I)", drawn, y, 0, "without noise every label stays")


@holds_for("C", "seed")
def the_seed_decides(corrupt, C, seed):
    """The same seed gives the same labels, another seed gives others.

    corrupt(y, T, rng) -> y_noisy (N,).
    """
    y, T = np.arange(200) % C, np.full((C, C), 1 / C)
    first, again, other = (corrupt(y.copy(), T, np.random.default_rng(s)) for s in (seed, seed, seed + 1))
    assert_close("the second draw with one seed", again, first, 0, "draw from the generator that is passed, only")
    assert (first != other).any(), f"seeds {seed} and {seed + 1} gave the same 200 labels: is the generator used?"


@holds_for("T", "y", "seed")
def true_labels_are_left_alone(corrupt, T, y, seed):
    """The array of true labels is only read.

    corrupt(y, T, rng) -> y_noisy (N,).
    """
    many = np.tile(y, 50)
    given = many.copy()
    corrupt(given, T, np.random.default_rng(seed))
    assert_close("y after the call", given, many, 0, "the caller still needs the true labels: work on a copy")


@holds_for("C", "rho")
def uniform_noise_has_its_rate(uniform, C, rho):
    """Every wrong label has probability rho, so the share of wrong labels is (C - 1) rho.

    Eq. (1). Eq. (2). uniform(C, rho) -> T (C, C).
    """
    T = np.asarray(uniform(C, rho))
    wrong = T - np.diag(np.diag(T))
    hint = "rho is the probability of each single wrong label"
    assert_close("T[i, j], i != j", wrong, rho * (1 - np.eye(C)), 1e-12, hint)
    assert_close("share of wrong labels", wrong.sum(axis=0), np.full(C, (C - 1) * rho), 1e-12, hint)


@holds_for("C", share=lambda N, C: strategies.quarters(0, 1))
def redrawing_a_share_is_uniform_noise(uniform, C, share):
    """Redrawing a share r of the labels over all classes, the true one included, is uniform(C, r / C).

    The wrong labels then are r (1 - 1 / C) of all: two conventions for "symmetric noise", one matrix.
    uniform(C, rho) -> T (C, C).
    """
    redrawn = (1 - share) * np.eye(C) + share * np.full((C, C), 1 / C)
    assert_close(f"uniform({C}, {share}/{C})", uniform(C, share / C), redrawn, 1e-12)


@holds_for("T", "seed", samples=(6, 30), y=strategies.labels_of_every_class)
def exact_counts_are_rounded(corrupt, T, y, seed):
    """With exact counts, n labels of class j become T[i, j] n labels i, each rounded up or down; none is lost.

    corrupt(y, T, rng) -> y_noisy (N,).
    """
    y_noisy = np.asarray(corrupt(y.copy(), T, np.random.default_rng(seed)))
    counts = np.zeros_like(T)
    np.add.at(counts, (y_noisy, y), 1)
    wanted = T * np.bincount(y)
    i, j = np.unravel_index(np.abs(counts - wanted).argmax(), T.shape)
    assert abs(counts[i, j] - wanted[i, j]) < 1 - 1e-9, (
        f"class {j} got label {i} {counts[i, j]:.0f} times; T[i, j] n = {wanted[i, j]:.2f} should be rounded up or down"
    )


@holds_for("C", "seed")
def random_transitions_dominate(random_transition, C, seed):
    """A random T is a transition matrix whose diagonal is the largest of its row and of its column.

    random_transition(C, rng) -> T (C, C).
    """
    rng = np.random.default_rng(seed)
    for _ in range(5):
        T = np.asarray(random_transition(C, rng))
        assert_close("column sums", T.sum(axis=0), np.ones(C), 1e-12)
        off = T - np.diag(np.diag(T))
        assert T.min() >= 0, f"T has a negative entry\n{T}"
        weakest = np.diag(T) - np.maximum(off.max(axis=0), off.max(axis=1))
        assert weakest.min() > 0, f"the diagonal entry {weakest.argmin()} is not the largest of its row and column\n{T}"


@holds_for("T", "seed", samples=(6, 30), y=strategies.labels_of_every_class)
def realised_rates_count_the_flips(realised, T, y, seed):
    """R[i, j] is the share of the samples of class j that are labelled i.

    realised(y, y_noisy, C) -> R (C, C), columns sum to 1.
    """
    rng, C = np.random.default_rng(seed), len(T)
    y_noisy = np.array([rng.choice(C, p=T[:, j]) for j in y])
    shares = [[np.mean(y_noisy[y == j] == i) for j in range(C)] for i in range(C)]
    assert_close("R", realised(y, y_noisy, C), np.array(shares), 1e-12, "row: the noisy label, column: the true class")
