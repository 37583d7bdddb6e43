"""Losses against their equations in plain NumPy, objectives against differences, and the labels they refuse."""

import dataclasses

import numpy as np
import pytest

from scratchnoise.backend import backend
from scratchnoise.losses import (
    BackwardCorrected,
    CrossEntropy,
    ForwardCorrected,
    NatarajanCorrected,
)
from scratchnoise.robust_losses import GeneralizedCrossEntropy, ImportanceReweighted, LabelSmoothing
from scratchnoise.transition import SingularTransitionError, TransitionMatrix

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
RHO_POSITIVE, RHO_NEGATIVE = 0.3, 0.1
T_BINARY = np.array([[1 - RHO_NEGATIVE, RHO_POSITIVE], [RHO_NEGATIVE, 1 - RHO_POSITIVE]])
LOSSES = [CrossEntropy(), ForwardCorrected(T), BackwardCorrected(T), NatarajanCorrected(RHO_POSITIVE, RHO_NEGATIVE)]


@pytest.fixture(autouse=True)
def plain_numpy():
    with backend("numpy"):
        yield


@pytest.fixture
def rng():
    return np.random.default_rng(5)


def drawn(rng, C=3, N=12):
    return rng.normal(size=(N, C)) * 2, rng.integers(C, size=N)


def softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def classes(loss):
    return 2 if isinstance(loss, NatarajanCorrected) else 3


# --- each loss is its equation ----------------------------------------------------------------------------


def test_cross_entropy(rng):
    z, y = drawn(rng)
    np.testing.assert_allclose(CrossEntropy().value(z, y), -np.log(softmax(z)[np.arange(12), y]))


def test_forward_is_the_cross_entropy_of_the_noisy_posterior(rng):
    z, y = drawn(rng)
    np.testing.assert_allclose(ForwardCorrected(T).value(z, y), -np.log((softmax(z) @ T.T)[np.arange(12), y]))


def test_backward_is_the_inverse_transpose_times_the_vector_of_losses(rng):
    z, y = drawn(rng)
    np.testing.assert_allclose(
        BackwardCorrected(T).value(z, y), (-np.log(softmax(z)) @ np.linalg.inv(T))[np.arange(12), y]
    )


def test_natarajan_is_the_printed_fraction_and_the_backward_correction_of_two_classes(rng):
    z, y = drawn(rng, C=2)
    L, rho = -np.log(softmax(z)), np.array([RHO_NEGATIVE, RHO_POSITIVE])
    n = np.arange(12)
    printed = ((1 - rho[1 - y]) * L[n, y] - rho[y] * L[n, 1 - y]) / (1 - rho.sum())
    loss = NatarajanCorrected(RHO_POSITIVE, RHO_NEGATIVE)
    np.testing.assert_allclose(loss.value(z, y), printed)
    np.testing.assert_allclose(loss.value(z, y), BackwardCorrected(T_BINARY).value(z, y))
    np.testing.assert_allclose(loss.grad(z, y), BackwardCorrected(T_BINARY).grad(z, y))


@pytest.mark.parametrize("loss", LOSSES[2:])
def test_corrected_losses_are_unbiased_exactly(loss, rng):
    z, _ = drawn(rng, classes(loss))
    A = T if classes(loss) == 3 else T_BINARY
    for j in range(classes(loss)):
        expected = sum(A[i, j] * loss.value(z, np.full(12, i)) for i in range(len(A)))
        np.testing.assert_allclose(expected, CrossEntropy().value(z, np.full(12, j)))


def test_the_forward_loss_allows_zeros_in_t(rng):
    z, _ = drawn(rng, N=3)
    loss = ForwardCorrected([[0.8, 0, 0.2], [0.2, 0.8, 0], [0, 0.2, 0.8]])
    assert np.isfinite(loss.value(z * 1000, np.arange(3))).all() and np.isfinite(loss.grad(z, np.arange(3))).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_the_dtype_of_the_logits_stays(loss, rng):
    z, y = drawn(rng, classes(loss))
    z = z.astype(np.float32)
    assert loss.value(z, y).dtype == loss.grad(z, y).dtype == loss.objective_grad(z, y).dtype == np.float32
    assert isinstance(loss.objective(z, y), float)


# --- objectives -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss", [*LOSSES, *(BackwardCorrected(T, risk, 0.3) for risk in ("raw", "clip", "relu", "flood"))], ids=repr
)
@pytest.mark.parametrize("scale", [0.1, 6])
def test_the_gradient_of_an_objective_is_its_slope(loss, scale, rng):
    z, y = drawn(rng, classes(loss))
    weight, direction, step = rng.uniform(0, 2, 12), rng.normal(size=z.shape), 1e-6
    z = scale * z
    up, down = (loss.objective(z + s * step * direction, y, weight) for s in (1, -1))
    slope = (loss.objective_grad(z, y, weight) * direction).sum()
    assert slope == pytest.approx((up - down) / (2 * step), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("loss", LOSSES[:2] + [BackwardCorrected(T, "raw")])
def test_an_objective_is_a_weighted_mean(loss, rng):
    z, y = drawn(rng)
    weight = rng.uniform(0, 2, 12)
    assert loss.objective(z, y, weight) == pytest.approx((weight * loss.value(z, y)).mean())
    assert loss.objective(z, y) == pytest.approx(loss.value(z, y).mean())


def test_partial_risks_add_up_and_estimate_the_clean_ones(rng):
    z = np.tile([[1.0, -0.5, 0.2]], (1000, 1))  # one posterior, labels drawn exactly by T from class 0
    y = np.repeat([0, 1, 2], [700, 200, 100])
    R = BackwardCorrected(T).partial_risks(z, y)
    np.testing.assert_allclose(R, [CrossEntropy().value(z[:1], np.array([0]))[0], 0, 0], atol=1e-12)
    assert R.sum() == pytest.approx(BackwardCorrected(T).value(z, y).mean())


def test_the_risks_treat_what_was_memorised(rng):
    y = np.arange(3)
    z = 30 * np.linalg.inv(T).T  # a model that knows every noisy label by heart
    R = BackwardCorrected(T).partial_risks(z, y)
    assert R.sum() < 0 and R.min() < 0
    found = {risk: BackwardCorrected(T, risk, 0.1).objective(z, y) for risk in ("raw", "clip", "relu", "flood")}
    assert found == pytest.approx(
        {"raw": R.sum(), "clip": 0, "relu": R[R > 0].sum(), "flood": 0.1 - R.sum() + 0.1}, abs=1e-9
    )
    assert not BackwardCorrected(T, "clip").objective_grad(z, y).any()
    np.testing.assert_allclose(
        BackwardCorrected(T, "flood", 0.1).objective_grad(z, y), -BackwardCorrected(T, "raw").objective_grad(z, y)
    )


@pytest.mark.parametrize(("low", "high"), [(-1, 0), (0, 1)])
def test_the_clip_is_at_zero(low, high):
    """Risks just below and just above it: far ones cannot tell 0 from 1 or -1."""
    z, y, raw = np.linalg.inv(T).T, np.arange(3), BackwardCorrected(T, "raw")
    z = next(scale * z for scale in np.linspace(0.1, 10, 100) if low < raw.objective(scale * z, y) < high)
    clipped = BackwardCorrected(T, "clip")
    assert clipped.objective(z, y) == max(raw.objective(z, y), 0)
    np.testing.assert_allclose(clipped.objective_grad(z, y), raw.objective_grad(z, y) * (low == 0))


def test_a_partial_risk_just_below_zero_is_not_followed(rng):
    loss, y, direction = BackwardCorrected(T), np.arange(3), rng.normal(size=(3, 3))
    tried = [scale * np.linalg.inv(T).T for scale in np.linspace(0.1, 10, 100)]
    z = next(z for z in tried if ((loss.partial_risks(z, y) > -0.9) & (loss.partial_risks(z, y) < -0.1)).any())
    slope = (loss.objective(z + 1e-6 * direction, y) - loss.objective(z - 1e-6 * direction, y)) / 2e-6
    assert (loss.objective_grad(z, y) * direction).sum() == pytest.approx(slope, rel=1e-6)


def test_the_raw_correction_has_no_lower_bound():
    z, y = np.linalg.inv(T).T, np.arange(3)
    values = [BackwardCorrected(T, "raw").objective(scale * z, y) for scale in (1, 10, 100, 1000)]
    assert np.all(np.diff(values) < 0) and values[-1] < -100
    assert ForwardCorrected(T).objective(1000 * z, y) > 0


def test_steps_scale_with_the_noise():
    spectral_norm = np.linalg.norm(np.linalg.inv(T), 2)
    assert CrossEntropy().step_scale == 1
    assert BackwardCorrected(T).step_scale == pytest.approx(1 / spectral_norm)
    assert ForwardCorrected(T).step_scale == pytest.approx(spectral_norm**0.5)
    assert ForwardCorrected(np.full((3, 3), 1 / 3)).step_scale == 10
    assert ForwardCorrected([[1, 1], [0, 0]]).step_scale == 10  # its least singular value is 0 exactly
    assert ForwardCorrected(0.005 * np.eye(3) + 0.995 / 3).step_scale == 10  # not the root of 200
    assert NatarajanCorrected(0.3, 0.1).step_scale == pytest.approx(0.6)


# --- what they refuse -------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, -1], r"y has labels -1\.\.0; they should be 0\.\."),  # would pick the last class, silently
        ([0, 3], r"y has labels 0\.\.3"),
        ([0], "y has 1 labels and z 2 rows; they should have the same number"),
        ([0.0, 1.0], "y holds float64"),
    ],
)
def test_labels_that_do_not_fit_are_refused(loss, y, message):
    z = np.zeros((2, classes(loss)))
    for function in (loss.value, loss.grad, loss.objective, loss.objective_grad):
        with pytest.raises(ValueError, match=message):
            function(z, np.array(y))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ForwardCorrected(T.T), "use TransitionMatrix.from_rows"),
        (lambda: BackwardCorrected(T.T), "use TransitionMatrix.from_rows"),
        (lambda: BackwardCorrected(T, "rely"), "risk='rely' is unknown; did you mean 'relu'"),
        (lambda: NatarajanCorrected(0.6, 0.4), "rho_positive=0.6, rho_negative=0.4; both should be >= 0 and their sum"),
        (lambda: NatarajanCorrected(0.8, 0.4), "rho_positive=0.8, rho_negative=0.4; both should be >= 0 and their sum"),
        (lambda: NatarajanCorrected(-0.1, 0.4), "both should be >= 0"),
        (lambda: BackwardCorrected(T).value(np.zeros((1, 4)), [3]), "T is 3 x 3, but there are 4 classes"),
        (lambda: ForwardCorrected(T).value(np.zeros((1, 4)), [3]), r"T has shape \(3, 3\); it should be \(4, 4\)"),
        (lambda: NatarajanCorrected(0.1, 0.2).value(np.zeros((1, 3)), [2]), "z has 3 columns; this loss is for two"),
    ],
)
def test_what_makes_no_loss_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_backward_needs_an_inverse_and_forward_does_not(rng):
    flat = np.full((3, 3), 1 / 3)
    with pytest.raises(SingularTransitionError, match="use a forward loss"):
        BackwardCorrected(flat)
    z, y = drawn(rng)
    np.testing.assert_allclose(ForwardCorrected(flat).value(z, y), np.log(3))
    np.testing.assert_allclose(ForwardCorrected(flat).grad(z, y), 0, atol=1e-15)


def test_losses_of_the_same_settings_are_equal_and_those_of_noise_say_so():
    for loss in LOSSES:
        assert loss == dataclasses.replace(loss) and loss.corrects_noise == (loss != CrossEntropy())
    assert BackwardCorrected(T, "flood") == BackwardCorrected(T, "flood", 0.0) != BackwardCorrected(T, "flood", 0.1)
    assert NatarajanCorrected(0.3, 0.1) != NatarajanCorrected(0.1, 0.3)


def test_without_noise_the_binary_correction_is_cross_entropy(rng):
    z, y = drawn(rng, C=2)
    np.testing.assert_allclose(NatarajanCorrected(0, 0).value(z, y), CrossEntropy().value(z, y))


def test_a_loss_is_frozen_and_takes_any_form_of_t():
    loss = ForwardCorrected(T.tolist())
    assert loss == ForwardCorrected(TransitionMatrix(T)) and loss != ForwardCorrected(np.eye(3))
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.T = None
    assert BackwardCorrected(T).weights.flags.c_contiguous  # what compiled kernels are compiled for


def test_below_the_flood_level_the_gradient_points_the_other_way():
    rng = np.random.default_rng(0)
    z, y, raw = rng.standard_normal((40, 3)), rng.integers(3, size=40), BackwardCorrected(T, "raw")
    risk, slope = raw.objective(z, y), raw.objective_grad(z, y)
    for level, sign in ((risk - 0.5, 1), (risk + 0.5, -1), (-risk, 1)):
        flooded = BackwardCorrected(T, "flood", level)
        np.testing.assert_allclose(flooded.objective_grad(z, y), sign * slope)
        assert flooded.objective(z, y) == pytest.approx(level + abs(risk - level))


@pytest.mark.parametrize("risk", ["raw", "clip", "relu"])
def test_the_flood_level_is_for_flood_alone(risk):
    rng = np.random.default_rng(0)
    for scale in (0.1, 9):  # the risk of unsure logits is positive, that of very sure ones may be negative
        z, y = scale * rng.standard_normal((40, 3)), rng.integers(3, size=40)
        dry, wet = BackwardCorrected(T, risk), BackwardCorrected(T, risk, flood_level=5.0)
        assert dry.objective(z, y) == wet.objective(z, y)
        np.testing.assert_array_equal(dry.objective_grad(z, y), wet.objective_grad(z, y))
        assert BackwardCorrected(T, "flood", 5.0).objective(z, y) >= 5


@pytest.mark.parametrize("loss", [CrossEntropy(), ForwardCorrected(T), BackwardCorrected(T), NatarajanCorrected(0, 0)])
def test_no_loss_can_be_changed(loss):
    with pytest.raises(dataclasses.FrozenInstanceError):
        loss.T = np.eye(3)


@pytest.mark.parametrize("loss", [*LOSSES, LabelSmoothing(), ImportanceReweighted(T), GeneralizedCrossEntropy()])
@pytest.mark.parametrize("kind", ["int64", "bool", "float16", "complex128"])
def test_logits_that_are_no_floats_are_refused(loss, kind):
    """T, weights and labels take the dtype of the logits: as whole numbers T was the identity, or zero."""
    z = np.array([[1, 0], [0, 1]] if isinstance(loss, NatarajanCorrected) else np.eye(3)).astype(kind)
    y = [0, 1] if len(z) == 2 else [0, 1, 2]
    for method in (loss.value, loss.grad, loss.objective, loss.objective_grad):
        with pytest.raises(TypeError, match=f"z holds {kind}; logits should be float32 or float64"):
            method(z, y)


@pytest.mark.parametrize("kind", ["<f8", ">f8", "<f4", ">f4"])
def test_both_byte_orders_give_the_same(kind, rng):
    z, y = drawn(rng)
    native = z.astype(np.dtype(kind).newbyteorder("="))
    for loss in LOSSES[:3]:
        np.testing.assert_array_equal(loss.value(native.astype(kind), y), loss.value(native, y))


def test_weight_zero_times_an_infinite_loss_is_zero():
    never = ForwardCorrected([[0.5, 0.5, 0.3], [0.5, 0.5, 0.7], [0, 0, 0]])  # label 2 does not occur
    z = np.array([[1.0, 0, 0], [0, 1, 0]])
    assert never.objective(z, [2, 0], [0, 1]) == pytest.approx(never.value(z[1:], [0])[0] / 2)
    grad = never.objective_grad(z, [2, 0], [0, 1])
    assert (grad[0] == 0).all()
    np.testing.assert_allclose(grad[1], never.grad(z[1:], [0])[0] / 2)
    assert never.objective(z, [2, 0]) == np.inf, "without weights it counts"


@pytest.mark.parametrize("loss", [*LOSSES[:3], *(BackwardCorrected(T, risk) for risk in ("raw", "clip", "flood"))])
def test_an_impossible_class_of_a_sample_without_weight_changes_nothing(loss):
    z, y = np.array([[0.0, -np.inf, 1], [0, 1, 0]]), [1, 0]
    alone = loss.objective(z[1:], y[1:], [0.5])
    assert loss.objective(z, y, [0, 1]) == pytest.approx(alone) and np.isfinite(alone)
    np.testing.assert_allclose(loss.objective_grad(z, y, [0, 1])[1:], loss.objective_grad(z[1:], y[1:], [0.5]))
    assert (loss.objective_grad(z, y, [0, 1])[0] == 0).all()


def test_a_flood_level_of_numpy_leaves_float32(rng):
    z, y = drawn(rng)
    loss = BackwardCorrected(T, "flood", np.float64(0.3))
    assert loss.objective_grad(z.astype(np.float32), y).dtype == np.float32
