"""Label noise that depends on the sample, not on its class alone: where the model of eq. (3) is wrong.

P (N, C) holds P(noisy = i | x_n, y_n), rows sum to 1. `part_dependent` and `margin_diminishing` make it,
`draw_labels` draws from it, and `mean_transition` is the T that a method would learn which believes in eq. (3).
"""

import numpy as np

from .checks import as_floats, as_generator, as_probabilities, check_choice, check_count, check_number, check_positive
from .noise import check_labels
from .transition import TransitionMatrix

SPREAD = 0.1  # of the rates of the samples around their mean
KINDS = {  # P(flip) before scaling, of the margin between the two most probable classes
    "I": lambda margin: 0.5 - 0.5 * margin**2,
    "II": lambda margin: 1 - margin**3,
    "III": lambda margin: 1 - (margin**3 + margin**2 + margin) / 3,
}


def part_dependent(X, y, n_classes, rate, rng, sharpness=3.0):
    """P[n, i] = r_n softmax(z_n)_i for i != y_n, P[n, y_n] = 1 - r_n: features decide which wrong label is given.

    r_n is normal with mean `rate` and deviation 0.1, less where rate is nearer to 0 or 1, and drawn again where it is
    outside [0, 1] or as far on the other side: so its mean stays `rate`. z_n = sharpness W_{y_n} x_n / sqrt(D) with x
    standardised and W_j (C, D) of standard normal numbers, without the class y_n itself.
    X (N, ...) finite numbers, y (N,) true labels 0..C-1, C >= 2, 0 <= rate <= 1, sharpness > 0, rng numpy Generator or
    seed -> P (N, C). Raises ValueError for anything else.
    Source: Xia et al. 2020, Part-dependent label noise, algorithm 2, but for the mean.
    """
    check_count(2, n_classes=n_classes)
    y, X = check_labels(y, n_classes), as_floats("X", X)
    if X.ndim < 2 or len(X) != len(y) or not np.isfinite(X).all():
        raise ValueError(f"X has shape {X.shape}; it should be finite numbers (N, ...), one sample for each of y")
    _check_share("rate", rate)
    check_positive(sharpness=sharpness)
    rng = as_generator("rng", rng)
    X = X.reshape(len(X), -1)
    spread = X.std(axis=0)
    differs = (spread > 0) & (X.max(axis=0) > X.min(axis=0))  # rounding gives a constant some deviation
    X = (X - X.mean(axis=0)) * differs / np.where(differs, spread, 1)
    r = _rates_around(rate, len(y), rng)
    W = rng.standard_normal((n_classes, n_classes, X.shape[1]))
    z = sharpness / np.sqrt(X.shape[1]) * np.einsum("nd,nid->ni", X, W[y], optimize=True)
    z[np.arange(len(y)), y] = -np.inf
    wrong = np.exp(z - z.max(axis=1, keepdims=True))
    P = r[:, None] * wrong / wrong.sum(axis=1, keepdims=True)
    P[np.arange(len(y)), y] = 1 - r
    return P


def margin_diminishing(p, y, kind, rate):
    """The most probable class u becomes the second s with P = min(1, f tau(p_u - p_s)): unsure samples are flipped.

    kind: tau(m) = 1/2 - m^2/2 ("I"), 1 - m^3 ("II"), 1 - (m^3 + m^2 + m)/3 ("III"); f makes the mean of P over all
    samples the `rate`. Samples with y != u keep their label. Where P > 1/2 most labels are wrong: no number of
    samples tells the true border there.
    p (N, C) posteriors of the true classes, y (N,) true labels, 0 <= rate < 1 -> P (N, C).
    Raises ValueError for a rate that no f reaches. Source: Zhang et al. 2021, Learning with feature-dependent label
    noise.
    """
    p = as_probabilities("p", p, "posteriors", 1e-3)
    y = check_labels(y, p.shape[1])
    if len(p) != len(y):
        raise ValueError(f"p has {len(p)} rows and y {len(y)} labels; they should have the same number")
    check_choice(KINDS, kind=kind)
    _check_share("rate", rate)
    p = p / p.sum(axis=1, keepdims=True)
    order = np.argsort(-p, axis=1, kind="stable")
    first, second, rows = order[:, 0], order[:, 1], np.arange(len(p))
    flippable = y == first
    tau = np.where(flippable, KINDS[kind](p[rows, first] - p[rows, second]), 0)
    flip = np.minimum(1, _factor(tau, rate) * tau)
    P = np.eye(p.shape[1])[y]
    P[rows, y] -= flip
    P[rows, second] += flip
    return P


def draw_labels(P, rng):
    """A noisy label for each row of P (N, C), (N,) int64; rng numpy Generator or seed. ValueError for other rows."""
    P, rng = as_probabilities("P", P, "probabilities", 1e-6), as_generator("rng", rng)
    edges = np.cumsum(P / P.sum(axis=1, keepdims=True), axis=1)[:, :-1]
    return (rng.random(len(P))[:, None] >= edges).sum(axis=1).astype(np.int64)


def mean_transition(P, y):
    """T[i, j] = mean of P[n, i] over samples with y_n = j: the same noise on average, without x.

    `corrupt(y, mean_transition(P, y), rng)` is the class-conditional control of `draw_labels(P, rng)`.
    P (N, C), y (N,) true labels -> TransitionMatrix. Raises ValueError for a class without samples.
    """
    P = as_probabilities("P", P, "probabilities", 1e-6)
    y = check_labels(y, P.shape[1])
    if len(P) != len(y):
        raise ValueError(f"P has {len(P)} rows and y {len(y)} labels; they should have the same number")
    members = np.eye(P.shape[1])[y]
    count = members.sum(axis=0)
    if (count == 0).any():
        raise ValueError(f"y has no samples of class {int(count.argmin())}; its column would be empty")
    return TransitionMatrix(P.T @ members / count)


def _rates_around(rate, n, rng):
    """n rates within [0, 1] whose distribution is symmetric around `rate`, so that it is their mean."""
    reach = min(rate, 1 - rate)
    values = rng.normal(rate, min(SPREAD, reach), n)
    while (outside := np.abs(values - rate) > reach).any():
        values[outside] = rng.normal(rate, min(SPREAD, reach), outside.sum())
    return values


def _factor(tau, rate):
    """f with mean min(1, f tau) = rate, by bisection."""
    reachable = float((tau > 0).mean()) if len(tau) else 0.0
    if rate == 0:
        return 0.0
    if rate >= reachable:
        raise ValueError(f"rate={rate} cannot be reached: a share of {reachable:.3g} of the samples can be flipped")
    low, high = 0.0, 1.0
    while np.minimum(1, high * tau).mean() < rate:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(1, middle * tau).mean() < rate else (low, middle)
    return high


def _check_share(name, value):
    check_number(**{name: value})
    if not 0 <= value <= 1:
        raise ValueError(f"{name}={value} should lie between 0 and 1")
