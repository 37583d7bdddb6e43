"""Which properties hold for which kind of code: losses with their gradients, estimators of T, generators of noise."""

import hypothesis

from ..properties import backward_correction, estimators, forward_correction, losses, noise
from ..property import check_property

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


def add_properties(report, properties, implementation, examples, skip=(), classes=None):
    """A line for each property; those in `skip` are not run. classes: how many, if the code takes one number only."""
    settings = hypothesis.settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],  # not explain, which traces lines that nobody sees
        report_multiple_bugs=False,
    )
    for prop in properties:
        name = prop.__name__.replace("_", " ")
        if prop in skip:
            report.add(name, "skipped", "needs logits")
            continue
        try:
            check_property(prop, implementation, settings, classes)
        except Exception as error:  # an AssertionError, or anything that the caller's code raises
            text = str(error) if isinstance(error, AssertionError) else f"raised {type(error).__name__}: {error}"
            report.add(name, "failed", text)
        else:
            report.add(name, "ok")
