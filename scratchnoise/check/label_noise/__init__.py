"""The identities of label noise on somebody else's code: corrected losses, estimators of T, generators of noise.

    print(check.label_noise.verify(my_loss))                     my_loss(z, y, T) -> (N,) or one number
    print(check.label_noise.verify_estimator(my_estimate))       my_estimate(q, y_noisy) -> T
    print(check.label_noise.verify_noise(my_corrupt))            my_corrupt(y, T, rng) -> y_noisy

Half of the code in the world has T[noisy, true], whose columns sum to 1, the other half T[true, noisy], whose rows do.
Which one is found out with a T that is neither symmetric nor doubly stochastic, and said; a wrong claim is a failure.
"""

import numpy as np

from ...checks import check_choice, check_count
from .. import arrays
from ..binding import positional
from ..compare import rounding_of
from ..report import Report
from .adapting import CONVENTIONS, asymmetric
from .finding_out import closest_estimate, closest_loss, distance_of_rates
from .identities import ESTIMATES, GRADIENTS, NEEDS_LOGITS, NOISE, VALUES, add_properties

KINDS = ("forward", "backward")


def verify(loss, convention=None, grad=None, kind=None, array=None, classes=None, examples=40):
    """Check a corrected loss against the identities of its kind, drawn T, logits and labels; a Report.

    loss(z (N, C), y (N,), T (C, C)) -> (N,), or one number for the batch, its mean or its sum; grad(z, y, T) -> (N, C),
    its gradient. z may be logits or probabilities, y numbers or one-hot rows: found out and said, as is
    convention: "columns" or "rows" (what sums to 1 in T), and kind: "forward", -log (T p)_y, or "backward", (T^-T L)_y.
    array: makes the arrays that the loss takes, e.g. torch.as_tensor; tolerances follow the precision that it returns.
    classes: how many, if the loss takes one number only. Raises ValueError for a loss that cannot be called so.
    """
    check_options(loss, convention, examples, classes)
    if kind is not None:
        check_choice(KINDS, kind=kind)
    best = closest_loss(loss, array, kind, classes or 3)
    adapted, kind = best.adapted, best.kind
    precision = "" if best.dtype == "float64" else f", {best.dtype}"
    report = Report(
        f"{name_of(loss)} as a {kind} correction of {adapted.given} and {adapted.labels}, "
        f"T with {adapted.convention} that sum to 1{precision}"
    )
    add_convention(report, adapted.convention, convention, best.exact, best.distance, f"no {kind} correction in either")
    adapted = adapted.by(convention or adapted.convention)
    skip = () if adapted.given == "logits" else NEEDS_LOGITS
    with rounding_of(best.dtype):
        add_reduction(report, adapted, grad, classes or 3)
        add_properties(report, [*VALUES[None], *VALUES[kind]], adapted.value, examples, skip, classes)
        if grad is not None:
            gradients = [*GRADIENTS[None], *GRADIENTS[kind]]
            add_properties(report, gradients, adapted.gradient(grad), examples, skip, classes)
    return report


def verify_estimator(estimate, convention=None, kind=None, array=None, examples=40):
    """Check an estimator of T on posteriors for which the answer is known; a Report.

    estimate(q (N, C), y_noisy (N,)) or estimate(q) -> T (C, C). kind: "anchor" or "joint", found out if None.
    convention, array: as for `verify`. Raises ValueError for an estimator that cannot be called so.
    """
    check_options(estimate, convention, examples)
    if kind is not None:
        check_choice(("anchor", "joint"), kind=kind)
    convert = array or (lambda a: a)
    names, _ = positional(estimate)
    count = 1 if names is not None and len(names) == 1 else 2
    seen = []

    def plain(q, y):
        T = estimate(*(convert(a) for a in (q, y)[:count]))
        seen.append(arrays.dtype_name(T))
        return arrays.to_numpy(T).astype(np.float64)

    error, found, kind = closest_estimate(plain, kind)
    dtype = "float32" if "float32" in seen else "float64"
    report = Report(f"{name_of(estimate)} as an estimator of kind {kind!r}, T with {found} that sum to 1")
    exact = error < (1e-6 if dtype == "float64" else 1e-4)
    add_convention(report, found, convention, exact, error, "it is not exact even where the posteriors give T away")
    turned = plain if (convention or found) == "columns" else lambda q, y: plain(q, y).T
    with rounding_of(dtype):
        add_properties(report, [*ESTIMATES[None], *ESTIMATES[kind]], turned, examples)
    return report


def verify_noise(corrupt, convention=None, examples=40):
    """Check a generator of noisy labels: its rates, its seed, and that it only reads the true labels; a Report.

    corrupt(y (N,), T (C, C), rng) -> y_noisy (N,); rng is a numpy Generator. convention: as for `verify`.
    Raises ValueError for a generator that cannot be called so.
    """
    check_options(corrupt, convention, examples)
    by_columns, by_rows = (distance_of_rates(corrupt, T) for T in (asymmetric(3), asymmetric(3).T.copy()))
    (error, problem), found = min((by_columns, "columns"), (by_rows, "rows"))
    if problem:
        raise ValueError(f"corrupt(y (9000,), T (3, 3), rng) should give labels in both conventions; {problem}")
    report = Report(f"{name_of(corrupt)}, T with {found} that sum to 1")
    add_convention(report, found, convention, error < 0.06, error, "the rates are those of neither convention")
    turned = corrupt
    if (convention or found) == "rows":

        def turned(y, T, rng):
            return corrupt(y, T.T.copy(), rng)

    add_properties(report, NOISE, turned, examples)
    return report


def add_convention(report, found, claimed, exact, error, otherwise):
    """The line "convention"."""
    if not exact:
        report.add("convention", "failed", f"{otherwise} (off by {error:.3g}); the nearest is {found}")
    elif claimed not in (None, found):
        report.add("convention", "failed", f"it is right for {found} that sum to 1, not for {claimed}: T is transposed")
    else:
        report.add("convention", "ok", f"{found} sum to 1")


def add_reduction(report, adapted, grad, classes):
    """The line "a batch": one number for it is the mean or the sum of those of its samples, and so is the gradient."""
    try:
        reduction = adapted.reduction(classes)
        wrong = grad is not None and reduction != "neither" and adapted.gradient_of_a_batch(grad, reduction, classes)
    except Exception as error:  # the caller's code may refuse T in the convention that was claimed
        report.add("a batch", "failed", f"raised {type(error).__name__}: {error}")
        return
    if reduction == "neither":
        wrong = "its one number is neither the mean nor the sum of those of its samples"
    text = {"none": "a loss for each sample"}.get(reduction, f"the {reduction} of its samples")
    report.add("a batch", "failed" if wrong else "ok", wrong or text)


def check_options(function, convention, examples, classes=None):
    """Raise ValueError for what is no function, no convention, or no number of examples or classes."""
    if not callable(function):
        raise ValueError("the first argument should be a function; pass the function, not what it returns")
    if convention is not None:
        check_choice(CONVENTIONS, convention=convention)
    check_count(examples=examples)
    if classes is not None:
        check_count(classes=classes)
        if classes < 2:
            raise ValueError(f"classes={classes!r} should be at least 2")


def name_of(function):
    """The name of a function, or of the class of a callable object."""
    return getattr(function, "__name__", type(function).__name__)
