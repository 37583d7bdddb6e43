"""The identities of label noise on somebody else's code: corrected losses, estimators of T, generators of noise.

    print(check.label_noise.verify(my_loss))                     my_loss(z, y, T) -> (N,) or one number
    print(check.label_noise.verify_estimator(my_estimate))       my_estimate(q, y_noisy) -> T
    print(check.label_noise.verify_noise(my_corrupt))            my_corrupt(y, T, rng) -> y_noisy

Half of the code in the world has T[noisy, true], whose columns sum to 1, the other half T[true, noisy], whose rows do.
Which one is found out with a T that is neither symmetric nor doubly stochastic, and said; a wrong claim is a failure.
"""

import hypothesis
import numpy as np

from ..checks import check_choice, check_count
from . import arrays
from .calling import positional
from .properties import backward_correction, estimators, forward_correction, losses, noise
from .properties.estimators import separable_data, slightly_unsure
from .properties.oracles import log_softmax, loss_of_every_label, softmax
from .property import check_property
from .report import Report

CONVENTIONS = ("columns", "rows")
KINDS = ("forward", "backward")
INPUTS = {"logits": lambda z: z, "probabilities": softmax, "log-probabilities": log_softmax}
ASYMMETRIC = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])

VALUES = {
    None: [
        losses.no_noise_gives_cross_entropy,
        losses.renamed_classes_give_cross_entropy_of_the_true_one,
        losses.shifting_all_logits_changes_nothing,
        losses.relabelling_moves_the_loss_along,
        losses.order_of_samples_is_irrelevant,
    ],
    "forward": [
        forward_correction.value_is_the_noisy_cross_entropy,
        forward_correction.is_least_at_the_true_posterior,
        forward_correction.hidden_classes_can_swap,
        forward_correction.loss_has_a_floor,
        forward_correction.extreme_logits_are_survived,
    ],
    "backward": [
        backward_correction.is_unbiased,
        backward_correction.is_convex,
        backward_correction.falls_without_bound,
    ],
}
GRADIENTS = {
    None: [losses.relabelling_permutes_the_gradient, losses.gradient_entries_sum_to_zero],
    "forward": [
        forward_correction.gradient_is_p_minus_the_posterior,
        forward_correction.gradient_vanishes_at_the_true_posterior,
        forward_correction.equal_flip_rates_teach_nothing,
        forward_correction.extreme_gradients_are_finite,
    ],
    "backward": [backward_correction.gradient_is_p_minus_the_corrected_label],
}
NEEDS_LOGITS = {  # probabilities of 0 have no logarithm
    forward_correction.loss_has_a_floor,
    forward_correction.extreme_logits_are_survived,
    forward_correction.extreme_gradients_are_finite,
    backward_correction.falls_without_bound,
}
ESTIMATES = {
    None: [
        estimators.columns_are_distributions,
        estimators.inputs_are_left_alone,
        estimators.relabelling_permutes_the_estimate,
        estimators.duplicating_the_data_changes_nothing,
    ],
    "anchor": [estimators.anchors_are_exact],
    "joint": [
        estimators.confident_joint_is_exact_on_separable_data,
        estimators.certain_samples_are_confident,
        estimators.collisions_are_settled_among_the_confident,
    ],
}
NOISE = [
    noise.labels_flip_at_the_given_rates,
    noise.two_corruptions_multiply,
    noise.no_noise_changes_nothing,
    noise.the_seed_decides,
    noise.true_labels_are_left_alone,
]


def verify(loss, convention=None, grad=None, kind=None, array=None, examples=40):
    """Check a corrected loss against the identities of its kind, drawn T, logits and labels; a Report.

    loss(z (N, C), y (N,), T (C, C)) -> (N,), or one number for the batch; grad(z, y, T) -> (N, C), its gradient.
    convention: "columns" or "rows" (what sums to 1 in T), kind: "forward", -log (T p)_y, or "backward", (T^-T L)_y;
    found out and said if None. array: makes the arrays that the loss takes, e.g. torch.as_tensor; float64.
    """
    check_options(loss, convention, examples)
    if kind is not None:
        check_choice(KINDS, kind=kind)
    convert = array or (lambda a: a)
    error, found, kind, given = closest_loss(loss, convert, kind)
    report = Report(f"{name_of(loss)} as a {kind} correction of {given}, T with {found} that sum to 1")
    add_convention(report, found, convention, error, f"no {kind} correction in either convention")
    value = as_values(loss, INPUTS[given], convention or found, convert)
    skip = () if given == "logits" else NEEDS_LOGITS
    add_properties(report, [*VALUES[None], *VALUES[kind]], value, examples, skip)
    if grad is not None:
        gradient = as_gradients(grad, loss, convention or found, convert)
        add_properties(report, [*GRADIENTS[None], *GRADIENTS[kind]], gradient, examples, skip)
    return report


def verify_estimator(estimate, convention=None, kind=None, array=None, examples=40):
    """Check an estimator of T on posteriors for which the answer is known; a Report.

    estimate(q (N, C), y_noisy (N,)) or estimate(q) -> T (C, C). kind: "anchor" or "joint", found out if None.
    convention, array: as for `verify`.
    """
    check_options(estimate, convention, examples)
    if kind is not None:
        check_choice(("anchor", "joint"), kind=kind)
    convert = array or (lambda a: a)
    names, _ = positional(estimate)
    count = 1 if names is not None and len(names) == 1 else 2

    def plain(q, y):
        return arrays.to_numpy(estimate(*(convert(a) for a in (q, y)[:count]))).astype(np.float64)

    error, found, kind = closest_estimate(plain, kind)
    report = Report(f"{name_of(estimate)} as an estimator of kind {kind!r}, T with {found} that sum to 1")
    add_convention(report, found, convention, error, "it is not exact even where the posteriors give T away")
    turned = plain if (convention or found) == "columns" else lambda q, y: plain(q, y).T
    add_properties(report, [*ESTIMATES[None], *ESTIMATES[kind]], turned, examples)
    return report


def verify_noise(corrupt, convention=None, examples=40):
    """Check a generator of noisy labels: its rates, its seed, and that it only reads the true labels; a Report.

    corrupt(y (N,), T (C, C), rng) -> y_noisy (N,); rng is a numpy Generator. convention: as for `verify`.
    """
    check_options(corrupt, convention, examples)
    by_columns, by_rows = (distance_of_rates(corrupt, T) for T in (ASYMMETRIC, ASYMMETRIC.T.copy()))
    error, found = min((by_columns, "columns"), (by_rows, "rows"))
    if not np.isfinite(error):
        raise ValueError("corrupt raises, or gives no labels, for y (9000,), T (3, 3) and rng in both conventions")
    report = Report(f"{name_of(corrupt)}, T with {found} that sum to 1")
    add_convention(report, found, convention, 0 if error < 0.06 else error, "the rates are those of neither convention")
    turned = corrupt
    if (convention or found) == "rows":

        def turned(y, T, rng):
            return corrupt(y, T.T.copy(), rng)

    add_properties(report, NOISE, turned, examples)
    return report


# --- finding out -----------------------------------------------------------------------------------------


def closest_loss(loss, convert, kind):
    """(distance, convention, kind, inputs) of the definition that the loss is closest to on one fixed batch."""
    z = np.random.default_rng(0).normal(size=(4, 3))
    found = []
    for given, made in INPUTS.items():
        for convention in CONVENTIONS:
            value = as_values(loss, made, convention, convert)
            try:
                L = loss_of_every_label(value, z, ASYMMETRIC)
            except Exception:  # the loss may refuse T in the other convention
                continue
            forward = np.abs(L + np.log(softmax(z) @ ASYMMETRIC.T)).max()
            backward = np.abs(L @ ASYMMETRIC + log_softmax(z)).max()
            found += [(forward, convention, "forward", given), (backward, convention, "backward", given)]
    found = [f for f in found if kind in (None, f[2]) and np.isfinite(f[0])]
    if not found:
        raise ValueError("loss raises, or is not finite, for z (4, 3), y (4,) and T (3, 3) in both conventions")
    return min(found, key=lambda f: round(f[0], 9))  # log-softmax twice is log-softmax: the first of equals is logits


def closest_estimate(plain, kind):
    """(distance, convention, kind) of the estimator on data that give T away."""
    certain, y = separable_data(ASYMMETRIC)
    unsure = slightly_unsure(ASYMMETRIC, 0, 200)
    anchor, joint = plain(unsure, unsure.argmax(axis=1)), plain(certain, y)
    found = []
    for name, T in (("anchor", anchor), ("joint", joint)):
        found.append((np.abs(T - ASYMMETRIC).max(), "columns", name))
        found.append((np.abs(T - ASYMMETRIC.T).max(), "rows", name))
    return min(f for f in found if kind in (None, f[2]))


def distance_of_rates(corrupt, T):
    """The largest difference between a flip rate and ASYMMETRIC where corrupt is given T; infinite where it raises."""
    y = np.repeat(np.arange(3), 3000)
    try:
        y_noisy = np.asarray(corrupt(y.copy(), T.copy(), np.random.default_rng(0)))
        shares = np.stack([np.bincount(y_noisy[y == j], minlength=3)[:3] for j in range(3)], axis=1) / 3000
    except Exception:  # the generator may refuse T in the other convention
        return np.inf
    return float(np.abs(shares - ASYMMETRIC).max())


# --- other people's code in our signatures ---------------------------------------------------------------


def as_values(loss, made, convention, convert):
    """value(z, y, T) -> (N,) in our convention; a loss with one number for a batch is called sample by sample."""

    def value(z, y, T):
        T = T if convention == "columns" else T.T.copy()
        found = call(loss, made(z), y, T, convert)
        if found.shape == (len(z),):
            return found
        return np.array([float(call(loss, made(z[n : n + 1]), y[n : n + 1], T, convert)) for n in range(len(z))])

    return value


def as_gradients(grad, loss, convention, convert):
    """grad(z, y, T) -> (N, C) of each sample's own loss; sample by sample where the loss is one number."""

    def gradient(z, y, T):
        T = T if convention == "columns" else T.T.copy()
        if call(loss, z, y, T, convert).shape == (len(z),):
            return call(grad, z, y, T, convert)
        return np.concatenate([call(grad, z[n : n + 1], y[n : n + 1], T, convert) for n in range(len(z))])

    return gradient


def call(function, z, y, T, convert):
    """function(z, y, T) as a float64 NumPy array."""
    with np.errstate(all="ignore"):
        return arrays.to_numpy(function(convert(z), convert(y), convert(T))).astype(np.float64)


# --- lines -----------------------------------------------------------------------------------------------


def add_convention(report, found, claimed, error, otherwise):
    """The line "convention"."""
    if not error < 1e-6:
        report.add("convention", "failed", f"{otherwise} (off by {error:.3g}); the nearest is {found}")
    elif claimed not in (None, found):
        report.add("convention", "failed", f"it is right for {found} that sum to 1, not for {claimed}: T is transposed")
    else:
        report.add("convention", "ok", f"{found} sum to 1")


def add_properties(report, properties, implementation, examples, skip=()):
    """A line for each property."""
    settings = hypothesis.settings(
        max_examples=examples, deadline=None, derandomize=True, database=None, report_multiple_bugs=False
    )
    for prop in properties:
        name = prop.__name__.replace("_", " ")
        if prop in skip:
            report.add(name, "skipped", "needs logits")
            continue
        try:
            check_property(prop, implementation, settings)
        except Exception as error:  # an AssertionError, or anything that the caller's code raises
            text = str(error) if isinstance(error, AssertionError) else f"raised {type(error).__name__}: {error}"
            report.add(name, "failed", text)
        else:
            report.add(name, "ok")


def check_options(function, convention, examples):
    """Raise ValueError for what is no function, no convention, or no number of examples."""
    if not callable(function):
        raise ValueError("the first argument should be a function; pass the function, not what it returns")
    if convention is not None:
        check_choice(CONVENTIONS, convention=convention)
    check_count(examples=examples)


def name_of(function):
    """The name of a function, or of the class of a callable object."""
    return getattr(function, "__name__", type(function).__name__)
