"""Models as a whole: fit(X, y, T, sample_weight, seed) -> coef (C, D + 1), weights and bias of a linear model.

Small data and few passes: these identities hold after any number of steps, converged or not. `full_batch` properties
need a fit whose batch holds all samples, because then no shuffle matters.
"""

import numpy as np

from .. import strategies
from ..compare import assert_close
from ..property import holds_for

samples = dict(samples=(9, 14), classes=(2, 3))


def features(N, C):
    """X (N, 2) of quarters."""
    return strategies.noise_arrays((N, 2))


@holds_for("seed", X=features, y=strategies.labels_of_every_class, **samples)
def the_same_seed_gives_the_same_model(fit, X, y, seed):
    """Two fits with one seed agree to the last bit.

    fit(X, y, T, sample_weight, seed) -> coef.
    """
    T = np.eye(y.max() + 1)
    first, second = (fit(X.copy(), y.copy(), T, None, seed) for _ in range(2))
    assert_close("coef of the second fit", second, first, 0, "random_state should decide every shuffle and start")


@holds_for("T", "order", "seed", X=features, y=strategies.labels_of_every_class, **samples)
def relabelling_permutes_the_model(fit, T, X, y, order, seed):
    """Other names of the classes, in the labels and in T: the rows of the weights change places.

    fit(X, y, T, sample_weight, seed) -> coef.
    """
    back = np.argsort(order)
    renamed = fit(X, order[y], T[np.ix_(back, back)].copy(), None, seed)
    expected = np.asarray(fit(X, y, T, None, seed))[back]
    assert_close("coef with renamed classes", renamed, expected, 1e-9)


@holds_for("seed", X=features, y=strategies.labels_of_every_class, **samples)
def no_noise_gives_plain_regression(fit_pair, X, y, seed):
    """With gamma = I robust softmax regression is softmax regression, step by step.

    Eq. (13). Eq. (14). fit_pair(X, y, T, seed) -> robust coef with T, plain coef.
    """
    robust, plain = fit_pair(X, y, np.eye(y.max() + 1), seed)
    assert_close("robust coef", robust, plain, 1e-10, "with T = I the posterior r is the label itself")


@holds_for("T", X=features, y=strategies.labels_of_every_class, **samples)
def one_step_follows_the_printed_gradient(fit_step, T, X, y):
    """From zero weights one full step with rate 1 is the gradient of the log-likelihood: it climbs.

    Eq. (11), with its sign put right; Eq. (17). fit_step(X, y, T) -> coef after one full-batch step of rate 1.
    """
    C = len(T)
    r = T[y] / T[y].sum(axis=1, keepdims=True)  # p is uniform at zero
    climb = (r - 1 / C).T @ np.column_stack([X, np.ones(len(X))]) / len(X)
    hint = "the likelihood climbs along sum_n (r_n - p_n) x_n; (mu - Y) x descends"
    assert_close("coef", fit_step(X, y, T), climb, 1e-10, hint)


@holds_for("T", "weight", X=features, y=strategies.labels_of_every_class, **samples)
def weights_are_repetitions(fit_full_batch, T, X, y, weight):
    """A sample of weight 3 counts as three samples.

    fit_full_batch(X, y, T, sample_weight, seed) -> coef.
    """
    rows = np.repeat(np.arange(len(y)), weight.astype(int))
    repeated = fit_full_batch(X[rows], y[rows], T, None, 0)
    assert_close("coef", fit_full_batch(X, y, T, weight, 0), repeated, 1e-9, f"weights {weight}")


@holds_for("T", "seed", X=features, y=strategies.labels_of_every_class, **samples)
def order_of_samples_is_irrelevant(fit_full_batch, T, X, y, seed):
    """Shuffled data give the same full-batch model.

    fit_full_batch(X, y, T, sample_weight, seed) -> coef.
    """
    rows = np.random.default_rng(seed).permutation(len(y))
    shuffled = fit_full_batch(X[rows], y[rows], T, None, 0)
    assert_close("coef of the shuffled data", shuffled, fit_full_batch(X, y, T, None, 0), 1e-9)


@holds_for("seed", X=features, y=strategies.labels_of_every_class, **samples)
def learning_the_rates_raises_the_likelihood(likelihoods, X, y, seed):
    """Full small steps of the weights alternating with exact updates of gamma: the likelihood does not fall.

    Eq. (16). Eq. (19). likelihoods(X, y, seed) -> log-likelihood before each pass, (passes,).
    """
    found = np.asarray(likelihoods(X, y, seed))
    rise = np.diff(found)
    worst = int(rise.argmin())
    assert rise[worst] >= -1e-9, (
        f"pass {worst + 1} lowered the log-likelihood from {found[worst]:.9g} to {found[worst + 1]:.9g}"
    )
