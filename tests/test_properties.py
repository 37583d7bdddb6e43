"""Every property holds for the library, and every property has a mutant, a wrong function that it rejects."""

import hypothesis
import implementations as library
import profiles
import pytest
from mutants import MUTANTS

from scratchnoise import estimate, kernels, noise
from scratchnoise import robust_losses as robust
from scratchnoise.backend import backend, host_table
from scratchnoise.check import check_property
from scratchnoise.check.properties import (
    PROPERTIES,
    backward_correction,
    estimators,
    flip_rates,
    forward_correction,
    losses,
    matrix,
    models,
    posterior_maps,
    robust_losses,
)
from scratchnoise.check.properties import kernels as kernel_properties
from scratchnoise.check.properties import noise as noise_properties
from scratchnoise.losses import BackwardCorrected
from scratchnoise.simplex import project_to_simplex
from scratchnoise.transition import TransitionMatrix

values, grads = [library.backward_value, library.forward_value], [library.backward_grad, library.forward_grad]
objective_grads = [library.backward_objective_grad, library.forward_objective_grad, library.plain_objective_grad]
counted, learnt = [estimate.selective_threshold, estimate.dual], [estimate.volmin, estimate.t_revision]
anchors = [library.argmax, library.median, library.best_three]
joints = [estimate.confident_joint, estimate.balanced_joint, estimate.estimate_from_posteriors]

LIBRARY = {
    matrix.columns_are_distributions: [TransitionMatrix],
    matrix.rows_can_be_given: [TransitionMatrix.from_rows],
    matrix.rows_are_not_taken_for_columns: [TransitionMatrix],
    matrix.inverse_undoes_the_noise: [library.inverse],
    matrix.singular_matrices_are_refused: [library.inverse, BackwardCorrected],
    matrix.nearly_singular_matrices_warn: [library.inverse, BackwardCorrected],
    matrix.bayes_inverts_the_prior: [library.inverse_transition],
    matrix.bayes_is_the_transpose_only_if_all_is_uniform: [library.inverse_transition],
    matrix.noise_floor_is_the_least_entropy: [library.noise_floor],
    matrix.information_of_symmetric_noise_is_lambda_squared: [library.information],
    matrix.information_is_a_share_in_every_direction: [library.information_by_direction],
    noise_properties.labels_flip_at_the_given_rates: [noise.corrupt, library.corrupt_exactly],
    noise_properties.two_corruptions_multiply: [noise.corrupt],
    noise_properties.no_noise_changes_nothing: [noise.corrupt, library.corrupt_exactly],
    noise_properties.the_seed_decides: [noise.corrupt, library.corrupt_exactly],
    noise_properties.true_labels_are_left_alone: [noise.corrupt, library.corrupt_exactly],
    noise_properties.uniform_noise_has_its_rate: [noise.uniform],
    noise_properties.redrawing_a_share_is_uniform_noise: [noise.uniform],
    noise_properties.exact_counts_are_rounded: [library.corrupt_exactly],
    noise_properties.random_transitions_dominate: [noise.random_transition],
    noise_properties.realised_rates_count_the_flips: [noise.realised_transition],
    losses.no_noise_gives_cross_entropy: values,
    losses.renamed_classes_give_cross_entropy_of_the_true_one: values,
    losses.shifting_all_logits_changes_nothing: values,
    losses.relabelling_moves_the_loss_along: values,
    losses.relabelling_permutes_the_gradient: grads,
    losses.gradient_entries_sum_to_zero: grads,
    losses.weights_are_repetitions: objective_grads,
    losses.order_of_samples_is_irrelevant: values,
    losses.batches_add_up: objective_grads,
    backward_correction.is_unbiased: [library.backward_value],
    backward_correction.corrects_any_loss: [library.corrected_losses],
    backward_correction.expected_loss_is_the_clean_risk: [library.expected_backward],
    backward_correction.gradient_is_p_minus_the_corrected_label: [library.backward_grad],
    backward_correction.is_convex: [library.backward_value],
    backward_correction.falls_without_bound: [library.backward_value],
    backward_correction.a_ridge_makes_the_optimum_unique: [library.backward_grad],
    backward_correction.tamed_risks_are_not_negative: [library.backward_objective],
    backward_correction.tamed_risks_change_nothing_while_all_parts_are_positive: [library.backward_objective],
    backward_correction.binary_case_is_the_printed_one: [library.binary_value, library.binary_value_from_T],
    backward_correction.binary_case_is_unbiased: [library.binary_value, library.binary_value_from_T],
    forward_correction.value_is_the_noisy_cross_entropy: [library.forward_value],
    forward_correction.is_least_at_the_true_posterior: [library.forward_value],
    forward_correction.gradient_vanishes_at_the_true_posterior: [library.forward_grad],
    forward_correction.gradient_is_p_minus_the_posterior: [library.forward_grad],
    forward_correction.gradient_is_the_printed_one: [library.forward_grad],
    forward_correction.loss_has_a_floor: [library.forward_value],
    forward_correction.extreme_logits_are_survived: [library.forward_value],
    forward_correction.extreme_gradients_are_finite: [library.forward_grad],
    forward_correction.equal_flip_rates_teach_nothing: [library.forward_grad],
    forward_correction.hidden_classes_can_swap: [library.forward_value],
    flip_rates.update_is_the_printed_one: [kernels.flip_rate_update],
    flip_rates.rows_stay_distributions: [kernels.flip_rate_update],
    flip_rates.likelihood_never_falls: [kernels.flip_rate_update],
    flip_rates.true_rates_stay: [kernels.flip_rate_update],
    flip_rates.equal_rows_stay_equal: [kernels.flip_rate_update],
    flip_rates.weights_count_samples: [kernels.flip_rate_update],
    kernel_properties.softmax_rows_are_distributions: [kernels.softmax],
    kernel_properties.softmax_ignores_a_shift: [kernels.softmax],
    **library.AT_THE_LIMITS,
    kernel_properties.convolution_is_its_definition: [kernels.conv2d_forward],
    kernel_properties.convolution_backward_is_the_adjoint: [kernels.conv2d_backward],
    kernel_properties.pooling_takes_the_largest_of_each_tile: [kernels.maxpool2d_forward],
    kernel_properties.pooling_takes_the_first_of_equal_values: [kernels.maxpool2d_forward],
    kernel_properties.pooling_averages_each_tile: [kernels.avgpool2d_forward],
    kernel_properties.a_batch_is_normalised: [kernels.batchnorm_forward],
    kernel_properties.dropout_keeps_the_mean: [kernels.dropout_forward],
    kernel_properties.momentum_is_a_decaying_sum: [kernels.sgd_momentum],
    kernel_properties.adam_divides_by_the_root_of_the_mean_square: [kernels.adam],
    kernel_properties.a_ridge_removes_the_free_shift: [kernels.linear_sgd_epoch],
    kernel_properties.the_objective_is_a_weighted_mean: [kernels.linear_loss_grad],
    kernel_properties.the_gradient_of_the_objective_is_its_slope: [kernels.linear_loss_grad],
    estimators.anchors_are_exact: [library.argmax],
    estimators.anchors_need_row_dominance: [library.argmax],
    estimators.inputs_are_left_alone: [*anchors, *joints, *counted, *learnt],
    estimators.columns_are_distributions: [*anchors, *joints, *counted, *learnt],
    estimators.relabelling_permutes_the_estimate: [*anchors, *joints, *counted],
    estimators.duplicating_the_data_changes_nothing: [
        *(library.argmax, library.median, estimate.confident_joint, *counted),
    ],
    estimators.the_highest_quantile_is_the_argmax: [estimate.anchor_quantile],
    estimators.the_top_one_is_the_argmax: [estimate.anchor_top_k],
    estimators.confident_joint_is_exact_on_separable_data: [
        *(estimate.confident_joint, estimate.balanced_joint, estimate.selective_threshold),
    ],
    estimators.certain_samples_are_confident: [estimate.confident_joint],
    estimators.collisions_are_settled_among_the_confident: [estimate.confident_joint],
    estimators.joint_has_the_label_counts: [library.joint],
    estimators.the_purest_threshold_is_taken: [estimate.selective_threshold],
    estimators.thresholds_need_the_order_alone: [estimate.selective_threshold],
    estimators.the_dual_estimate_is_a_product: [estimate.dual],
    estimators.calibrated_posteriors_apply_the_noise_twice: [estimate.dual],
    posterior_maps.the_inverse_recovers_the_posterior: [library.flip_back("inverse")],
    posterior_maps.a_circulant_matrix_hides_the_wrong_map: [
        library.flip_back("inverse"),
        library.flip_back("bayes"),
    ],
    posterior_maps.another_matrix_shows_it: [library.flip_back("bayes")],
    posterior_maps.projection_is_the_nearest_point_of_the_simplex: [project_to_simplex],
    posterior_maps.projection_keeps_probabilities: [project_to_simplex],
    robust_losses.losses_of_all_labels_sum_to_a_constant: library.SYMMETRIC,
    robust_losses.a_power_near_zero_is_cross_entropy: [library.power_value],
    robust_losses.the_power_one_is_the_absolute_error: [library.power_value],
    robust_losses.reweighted_noisy_losses_are_the_clean_ones: [library.reweighted_value],
    robust_losses.a_flood_turns_the_gradient_below_its_level: [library.flooded_objective_grad],
    robust_losses.early_beliefs_pull_towards_themselves: [robust.EarlyLearning(1.0).regulariser_grad],
    models.the_same_seed_gives_the_same_model: [library.fit, library.fit_network],
    models.relabelling_permutes_the_model: [library.fit],
    models.no_noise_gives_plain_regression: [library.fit_robust_and_plain],
    models.one_step_follows_the_printed_gradient: [library.fit_one_step],
    models.weights_are_repetitions: [library.fit_full_batch],
    models.order_of_samples_is_irrelevant: [library.fit_full_batch],
    models.learning_the_rates_raises_the_likelihood: [library.likelihoods],
}

HUNT = hypothesis.settings(  # the first failure will do, and the same one on every machine
    max_examples=300, phases=[hypothesis.Phase.generate], derandomize=True, database=None, report_multiple_bugs=False
)
NAMES = {prop: name for name, prop in PROPERTIES.items()}


def cases(table):
    """(property, function) pairs with a readable name each."""
    return [
        pytest.param(prop, function, id=f"{NAMES[prop]}-{getattr(function, '__name__', 'function')}")
        for prop, functions in table.items()
        for function in functions
    ]


@pytest.mark.parametrize("table", profiles.thinned(dict.fromkeys([host_table(), "numpy"])))
@pytest.mark.parametrize(("prop", "implementation"), cases(LIBRARY))
def test_the_library_has_the_property(prop, implementation, table):
    """On the reference, and on the table that runs for whoever chooses none."""
    with backend(table):
        check_property(prop, implementation)


@pytest.mark.parametrize(("prop", "mutant"), cases(MUTANTS))
def test_the_mutant_is_rejected(prop, mutant):
    with pytest.raises(AssertionError), backend("numpy"):
        check_property(prop, mutant, HUNT)


@pytest.mark.parametrize("prop", [pytest.param(prop, id=name) for name, prop in PROPERTIES.items()])
def test_every_property_is_tried_on_the_library_and_on_a_mutant(prop):
    assert prop in LIBRARY, "no implementation of the library is checked"
    assert prop in MUTANTS, "no mutant fails it: a property that nothing can fail proves nothing"
