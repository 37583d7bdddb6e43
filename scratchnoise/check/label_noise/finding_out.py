"""Which definition somebody else's code comes closest to, on one fixed batch with a T that is not symmetric."""

import warnings
from dataclasses import dataclass, replace

import numpy as np

from .. import arrays
from ..properties.estimators import separable_data, slightly_unsure
from ..properties.oracles import log_softmax, loss_of_every_label, softmax
from .adapting import CONVENTIONS, INPUTS, LABELS, Adapted, asymmetric, example


@dataclass(frozen=True)
class Closest:
    """The way of calling a loss that comes closest to a correction, and how close."""

    distance: float
    adapted: Adapted
    kind: str
    dtype: str

    @property
    def exact(self):
        """Whether rounding explains the distance."""
        return self.distance < (1e-6 if self.dtype == "float64" else 1e-4)


def closest_loss(loss, array, kind, classes):
    """The Closest of all ways to call the loss. The first of equals is the plainest: log-softmax twice is once."""
    z, y, T = example(classes)
    found, problem = [], ""
    for adapted in ways(loss, array):
        try:
            with warnings.catch_warnings():  # of a way that is not the right one
                warnings.simplefilter("ignore")
                L = loss_of_every_label(adapted.value, z, T)
                dtype = "float32" if adapted.whole(z, y, T).dtype == np.float32 else "float64"
        except Exception as error:  # the loss may refuse T in the other convention, or labels of the other kind
            problem = problem or f"it raised {type(error).__name__}: {error}"
            continue
        with np.errstate(invalid="ignore"):  # some processors tell of what is not finite, and below it is left out
            forward = np.abs(L + np.log(softmax(z) @ T.T)).max()
            backward = np.abs(L @ T + log_softmax(z)).max()
        found += [Closest(forward, adapted, "forward", dtype), Closest(backward, adapted, "backward", dtype)]
    found = [f for f in found if kind in (None, f.kind) and np.isfinite(f.distance)]
    if not found:
        raise ValueError(
            f"loss(z {z.shape}, y {y.shape}, T {T.shape}) should give a finite number for each sample, or one, "
            f"in one convention at least; {problem or 'none is finite'}. classes= sets another number of classes"
        )
    return min(found, key=lambda f: round(f.distance, 9 if f.dtype == "float64" else 5))


def ways(loss, array):
    """Every way to call a loss, the plainest first."""
    plain = Adapted(loss, array)
    return [
        replace(plain, given=given, labels=labels, convention=convention)
        for labels in LABELS
        for given in INPUTS
        for convention in CONVENTIONS
    ]


def closest_estimate(plain, kind):
    """(distance, convention, kind) of the estimator on data that give T away."""
    T = asymmetric(3)
    certain, y = separable_data(T)
    unsure = slightly_unsure(T, 0, 200)
    try:
        estimates = {"anchor": plain(unsure, unsure.argmax(axis=1)), "joint": plain(certain, y)}
    except Exception as error:  # the caller's code can raise anything
        raise ValueError(
            f"estimate(q {unsure.shape}, y_noisy) should give T (3, 3); it raised {type(error).__name__}: {error}"
        ) from error
    shapes = {found.shape for found in estimates.values()} - {(3, 3)}
    if shapes:
        raise ValueError(f"estimate(q (N, 3), y_noisy) should give T (3, 3); it gave the shape {shapes.pop()}")
    found = []
    for name, estimated in estimates.items():
        found.append((np.abs(estimated - T).max(), "columns", name))
        found.append((np.abs(estimated - T.T).max(), "rows", name))
    return min(f for f in found if kind in (None, f[2]))


def distance_of_rates(corrupt, T):
    """(the largest difference between a flip rate and those of `asymmetric`, "") where corrupt is given T.

    (infinity, the reason) where it raises or gives no labels.
    """
    y = np.repeat(np.arange(3), 3000)
    try:
        y_noisy = arrays.to_numpy(corrupt(y.copy(), T.copy(), np.random.default_rng(0)))
        shares = np.stack([np.bincount(y_noisy[y == j], minlength=3)[:3] for j in range(3)], axis=1) / 3000
    except Exception as error:  # the generator may refuse T in the other convention
        return np.inf, f"it raised {type(error).__name__}: {error}"
    return float(np.abs(shares - asymmetric(3)).max()), ""
