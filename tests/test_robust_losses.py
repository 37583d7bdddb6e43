"""Robust losses: their dtype, their names in NeuralNetwork, and what their training steps do."""

import numpy as np
import pytest

from scratchnoise import robust_losses as robust
from scratchnoise.backend import backend
from scratchnoise.losses import BackwardCorrected, CrossEntropy, ForwardCorrected
from scratchnoise.models import CoTeaching, NeuralNetwork
from scratchnoise.models.saving import load
from scratchnoise.network.averaging import WeightAverage
from scratchnoise.network.co_teaching import CoTeachingStep, easiest, kept_share
from scratchnoise.network.early_learning import EarlyLearningStep
from scratchnoise.network.mixup import MixupStep
from scratchnoise.network.network import mlp
from scratchnoise.network.training import HostStep, Minibatches, TrainingDiverged, Watch, train
from scratchnoise.noise import corrupt, uniform

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
MEAN = robust.MeanAbsoluteError()
LOSSES = [cls() for cls in robust.NAMED.values()] + [robust.Flooded(level=0.5), robust.ImportanceReweighted(T)]


@pytest.fixture(autouse=True)
def plain_numpy():
    with backend("numpy"):
        yield


@pytest.fixture(scope="module")
def gaussians():
    rng = np.random.default_rng(4)
    y = rng.integers(3, size=600)
    X = rng.normal(size=(600, 4))
    X[:, :2] += 4 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    return X, y


@pytest.mark.parametrize("loss", LOSSES, ids=repr)
def test_the_dtype_of_the_logits_stays_and_certain_logits_are_finite(loss):
    z, y = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float32), np.arange(12) % 3
    for scale in (1, 300):
        logits = (scale * z).astype(np.float32)
        for found in (loss.value(logits, y), loss.grad(logits, y), loss.objective_grad(logits, y)):
            assert found.dtype == np.float32 and np.isfinite(found).all()
    assert isinstance(loss.objective(z, y), float)


def test_float64_settings_do_not_widen_float32_logits():
    z, y = np.zeros((2, 3), np.float32), np.arange(2)
    for loss in (
        robust.GeneralizedCrossEntropy(np.float64(0.5)),
        robust.SymmetricCrossEntropy(np.float64(0.5), np.float64(1)),
        robust.LabelSmoothing(np.float64(0.1)),
        robust.ActivePassive(alpha=np.float64(2)),
        robust.SoftBootstrapping(np.float64(0.5)),
    ):
        assert loss.value(z, y).dtype == loss.grad(z, y).dtype == np.float32


def test_negative_smoothing_is_the_backward_correction_of_uniform_noise():
    z, y = np.random.default_rng(1).normal(size=(9, 3)), np.arange(9) % 3
    lam = 1 - 3 * 0.1  # T = lam I + (1 - lam) / 3
    expected = BackwardCorrected(uniform(3, 0.1), "raw")
    found = robust.LabelSmoothing(1 - 1 / lam)
    np.testing.assert_allclose(found.value(z, y), expected.value(z, y))
    np.testing.assert_allclose(found.grad(z, y), expected.grad(z, y))


def test_soft_bootstrapping_with_the_belief_held_fixed_would_only_scale_the_gradient():
    z, y = np.random.default_rng(1).normal(size=(9, 3)), np.arange(9) % 3
    loss, plain = robust.SoftBootstrapping(0.6), CrossEntropy().grad(z, y)
    assert abs(loss.grad(z, y) - 0.6 * plain).max() > 0.05


def test_forms_that_are_another_loss():
    z, y = np.random.default_rng(1).normal(size=(9, 3)), np.arange(9) % 3
    plain = CrossEntropy()
    for same in (robust.LabelSmoothing(0), robust.ImportanceReweighted(np.eye(3)), robust.EarlyLearning()):
        np.testing.assert_allclose(same.grad(z, y), plain.grad(z, y), atol=1e-12)


# --- in a network -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*robust.NAMED, "importance_reweighting"])
def test_every_name_trains_and_comes_back_from_a_file(name, gaussians, tmp_path):
    X, y = gaussians
    noise = corrupt(y, T, 0)
    settings = {"T": T} if name == "importance_reweighting" else {}
    slow = {"learning_rate": 0.2} if "absolute" in name or "normalized" in name else {}
    model = NeuralNetwork("mlp", loss=name, epochs=30, random_state=0, **settings, **slow).fit(X, noise)
    assert model.score(X, y) > 0.85
    model.save(tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    assert type(loaded.loss_) is type(model.loss_) and loaded.loss_ == model.loss_
    np.testing.assert_array_equal(loaded.predict_proba(X), model.predict_proba(X))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"loss": "generalised_cross_entropy"}, "did you mean 'generalized_cross_entropy'"),
        ({"loss": "importance_reweighting"}, "needs T"),
        ({"loss": "mean_absolute_error", "T": T}, "T is given, but"),
        ({"mixup": -1}, "mixup=-1 should be"),
        ({"averaging": "ema"}, "averaging='ema' is unknown"),
        ({"averaging": "stochastic", "early_stopping": True}, "exclude each other"),
        ({"mixup": 0.2, "loss": "early_learning"}, "exclude each other"),
        ({"mixup": 0.2, "loss": robust.EarlyLearning()}, "exclude each other"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message, gaussians):
    with pytest.raises(ValueError, match=message):
        NeuralNetwork("mlp", epochs=1, **settings).fit(*gaussians)


@pytest.mark.parametrize(
    "nest",
    [
        lambda inner: robust.Flooded(inner, 0.3),
        lambda inner: robust.ActivePassive(active=inner),
        lambda inner: robust.ActivePassive(passive=inner, beta=0),
        lambda inner: robust.EarlyLearning(base=inner),
    ],
)
def test_no_loss_holds_one_that_remembers_samples(nest):
    """It would be trained as its base, in silence."""
    assert nest(CrossEntropy())
    with pytest.raises(ValueError, match="(loss|active|passive|base) is a EarlyLearning, whose memory of samples"):
        nest(robust.EarlyLearning())


def test_a_loss_that_remembers_samples_is_not_trained_without_its_memory(gaussians):
    X, y = gaussians
    for loss in ("early_learning", robust.EarlyLearning(base=ForwardCorrected(T))):
        with pytest.raises(ValueError, match="loss='early_learning' is for one network"):
            CoTeaching(network="mlp", loss=loss, epochs=1).fit(X, y)
    network = mlp(3)
    network.build((4,), 0, np.float64)
    with pytest.raises(ValueError, match=r"loss=EarlyLearning\(.* needs a step that remembers samples"):
        train(network, robust.EarlyLearning(), X, y, 0, 1, 50)
    train(network, robust.EarlyLearning(), X, y, 0, 1, 50, make_step=EarlyLearningStep)


def test_early_learning_of_a_flooded_loss_is_neither_alone(gaussians):
    losses = (robust.EarlyLearning(base=robust.Flooded(level=2.0)), robust.EarlyLearning(), robust.Flooded(level=2.0))
    both, *alone = (NeuralNetwork("mlp", loss, epochs=3, random_state=0).fit(*gaussians) for loss in losses)
    for other in alone:
        assert abs(both.predict_proba(gaussians[0]) - other.predict_proba(gaussians[0])).max() > 1e-3


WRAPPERS = {
    "flooded": lambda inner: robust.Flooded(inner, 0.1),
    "remembering": lambda inner: robust.EarlyLearning(base=inner),
    "active": lambda inner: robust.ActivePassive(active=inner, passive=CrossEntropy(), beta=0.3),
    "passive": lambda inner: robust.ActivePassive(passive=inner, active=CrossEntropy(), alpha=0.3),
    "alone": lambda inner: robust.ActivePassive(active=inner, beta=0),
}


@pytest.mark.parametrize("name", WRAPPERS)
@pytest.mark.parametrize("make", [ForwardCorrected, BackwardCorrected, robust.ImportanceReweighted])
def test_what_holds_a_loss_with_a_t_has_its_t_and_its_steps(name, make, gaussians):
    inner = make(T)
    loss = WRAPPERS[name](inner)
    assert loss.T == inner.T and loss.posterior_of == "true"
    assert loss.corrects_noise == inner.corrects_noise
    scale = min(inner.step_scale, 1) if name in ("active", "passive") else inner.step_scale
    assert loss.step_scale == scale
    model = NeuralNetwork("mlp", loss=loss, epochs=1, random_state=0).fit(*gaussians)
    q = model.predict_proba(gaussians[0]) @ T.T
    np.testing.assert_allclose(model.predict_noisy_proba(gaussians[0]), q, atol=1e-12)


def test_a_sum_of_losses_has_one_t_and_needs_a_part():
    with pytest.raises(ValueError, match="active and passive have different T"):
        robust.ActivePassive(ForwardCorrected(T), ForwardCorrected(T[::-1, ::-1]))
    assert robust.ActivePassive(ForwardCorrected(T), robust.ImportanceReweighted(T)).T == ForwardCorrected(T).T
    assert robust.ActivePassive(ForwardCorrected(T), alpha=0).T is None
    with pytest.raises(ValueError, match="alpha or beta"):
        robust.ActivePassive(alpha=0, beta=0)


@pytest.mark.parametrize("part", [BackwardCorrected(T, "relu"), robust.Flooded(level=20.0)], ids=repr)
def test_a_sum_of_losses_keeps_the_objectives_of_its_parts(part):
    """The mutant, the mean of the values, has neither the tamed risk nor the flood."""
    z, y = 3 * np.random.default_rng(1).normal(size=(9, 3)), np.arange(9) % 3
    weight = np.arange(1.0, 10)
    loss = robust.ActivePassive(active=part, passive=MEAN, alpha=2, beta=0.3)
    value = 2 * part.objective(z, y, weight) + 0.3 * MEAN.objective(z, y, weight)
    slope = 2 * part.objective_grad(z, y, weight) + 0.3 * MEAN.objective_grad(z, y, weight)
    assert loss.objective(z, y, weight) == pytest.approx(value)
    np.testing.assert_allclose(loss.objective_grad(z, y, weight), slope)
    assert abs(value - (weight @ loss.value(z, y)) / 9) > 0.01


@pytest.mark.parametrize("settings", [{"mixup": 0.4}, {"averaging": "exponential"}, {"averaging": "stochastic"}])
@pytest.mark.parametrize("loss", [CrossEntropy(), ForwardCorrected(T)])
def test_mixup_and_averages_train(settings, loss, gaussians):
    X, y = gaussians
    model = NeuralNetwork("mlp", loss=loss, epochs=30, random_state=0, **settings).fit(X, corrupt(y, T, 0))
    plain = NeuralNetwork("mlp", loss=loss, epochs=30, random_state=0).fit(X, corrupt(y, T, 0))
    assert model.score(X, y) > 0.85
    assert (model.predict_proba(X) != plain.predict_proba(X)).any()


def a_step(make, loss, n=8):
    """A step on one batch of n samples, the network before it, and the data."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(n, 5)), rng.integers(3, size=n)
    network = mlp(3)
    network.build((5,), rng, np.float64)
    data = Minibatches(x, y, None, n)
    return make(network, loss, data, [(0.1, 0.0, 0.0)] * 3), network, data, Watch(loss, n)


def gradient_of(network):
    return np.concatenate([layer.grads[key].ravel() for _, layer, key in network.parameters()])


def test_the_memory_of_early_learning_belongs_to_samples():
    loss = robust.EarlyLearning(2.0, 0.7)
    step, network, data, watch = a_step(EarlyLearningStep, loss)
    order = np.random.default_rng(0).permutation(8)
    before = network.logits(data.x)
    p = np.exp(before) / np.exp(before).sum(axis=1, keepdims=True)
    step(0, order, watch)
    np.testing.assert_allclose(step.remembered, 0.3 * (p + 1e-4) / (1 + 3e-4), rtol=1e-9)
    t, state = step.remembered.copy(), network.state()
    step(1, order, watch)
    found = gradient_of(network)
    network.set_state(state)
    z = network.forward(data.x, 1)
    pull = loss.regulariser_grad(z, loss.remembered(t, z)) / 8
    network.backward(CrossEntropy().objective_grad(z, data.y) + pull)
    np.testing.assert_allclose(found, gradient_of(network), atol=1e-12)


def test_a_mixture_has_the_gradient_of_its_mixed_labels():
    rng = np.random.default_rng(1)
    step, network, data, watch = a_step(lambda *parts: MixupStep(*parts, "sgd", 0.5, rng), CrossEntropy())
    z_before = network.state()
    step(0, np.arange(8), watch)
    found = gradient_of(network)
    network.set_state(z_before)
    mixed = step.share * data.x + (1 - step.share) * data.x[step.partner]
    labels = step.share * np.eye(3)[data.y] + (1 - step.share) * np.eye(3)[data.y[step.partner]]
    z = network.forward(mixed, 0)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    network.backward((p - labels) / 8)
    np.testing.assert_allclose(found, gradient_of(network), atol=1e-12)
    assert 0.5 <= step.share < 1 and (step.partner != np.arange(8)).any()


def weights_of(network):
    return np.concatenate([layer.params[key].ravel() for _, layer, key in network.parameters()])


def test_the_stochastic_average_is_the_mean_over_the_ends_of_the_last_quarter_of_the_epochs():
    rng, seen = np.random.default_rng(0), []
    network = mlp(3)
    network.build((5,), rng, np.float64)
    average = WeightAverage("stochastic", 8, network)
    data = Minibatches(rng.normal(size=(10, 5)), np.arange(10) % 3, None, 5)
    step = HostStep(network, CrossEntropy(), data, [(0.5, 0.0, 0.0)] * 16)
    averaged = average.around(step)
    for k in range(16):
        averaged(k, np.arange(5), Watch(CrossEntropy(), 10))
        seen.append(weights_of(network))
    average.restore()
    np.testing.assert_allclose(weights_of(network), np.mean([seen[13], seen[15]], axis=0))


def test_the_exponential_average_forgets_its_beginning():
    network = mlp(3)
    network.build((5,), 0, np.float64)
    average, expected = WeightAverage("exponential", 8, network), None
    for k in range(1, 6):
        network.layers[1].params["b"] = np.full(64, float(k))
        average.take()
        expected = k if expected is None else expected + max(0.001, 9 / (9 + k)) * (k - expected)
    average.restore()
    np.testing.assert_allclose(network.layers[1].params["b"], expected)


# --- co-teaching --------------------------------------------------------------------------------------------


def test_the_samples_of_least_loss_are_kept():
    assert [kept_share(epoch, 0.3, 3) for epoch in (1, 2, 3, 9)] == pytest.approx([0.9, 0.8, 0.7, 0.7])
    losses = np.array([3.0, 1, 4, 2])
    np.testing.assert_allclose(easiest(losses, np.ones(4), 0.5), [0, 2, 0, 2])
    np.testing.assert_allclose(easiest(losses, np.array([1.0, 2, 1, 0]), 0.75), np.array([1, 2, 0, 0]) / 0.75)
    np.testing.assert_allclose(easiest(losses, np.ones(4), 0.6), np.array([0.4, 1, 0, 1]) / 0.6)


def test_without_forgetting_co_teaching_is_plain_training(gaussians):
    X, y = gaussians
    settings = {"network": "mlp", "epochs": 3, "batch_size": 600, "random_state": 0}
    together = CoTeaching(0.0, **settings).fit(X, y)
    alone = NeuralNetwork(**settings).fit(X, y)
    # the peer draws its weights between those of the network and the shuffles, which a full batch does not see
    np.testing.assert_allclose(together.predict_proba(X), alone.predict_proba(X), atol=1e-9)
    assert (together.peer_.logits(X) != together.network_.logits(X)).any()


def test_each_network_learns_from_the_choice_of_the_other(gaussians):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(6, 5)), np.arange(6) % 3
    networks = [mlp(3), mlp(3)]
    for network in networks:
        network.build((5,), rng, np.float64)
    loss, data = CrossEntropy(), Minibatches(x, y, None, 6)
    z = [network.logits(x) for network in networks]
    step = CoTeachingStep(networks[0], loss, data, [(0.0, 0.0, 0.0)], "sgd", networks[1], 0.5, 1)
    step(0, np.arange(6), Watch(loss, 6))
    for mine, other in ((0, 1), (1, 0)):
        found = gradient_of(networks[mine])
        easy = np.argsort(loss.value(z[other], y))[:3]
        networks[mine].forward(x[easy], 0)
        networks[mine].backward(loss.objective_grad(z[mine][easy], y[easy]))
        np.testing.assert_allclose(found, gradient_of(networks[mine]), atol=1e-12)


def test_a_peer_that_is_no_longer_finite_ends_the_training(gaussians):
    """Also with one batch an epoch, where every epoch would end in the step that it should count as bad."""
    X, y = gaussians

    def spoil(model, row):
        for _, layer, key in model.peer_.parameters():
            layer.params[key][...] = np.nan

    model = CoTeaching(network="mlp", epochs=4, batch_size=len(X), random_state=0, on_epoch=spoil)
    with pytest.raises(TrainingDiverged, match="epoch 2"):
        model.fit(X, y)


def test_co_teaching_forgets_wrong_labels(gaussians):
    X, y = gaussians
    model = CoTeaching(0.3, 5, network="mlp", epochs=60, random_state=0).fit(X, corrupt(y, T, 0))
    assert model.score(X, y) > 0.9


KNOWING = [CrossEntropy(), ForwardCorrected(T), robust.ActivePassive(active=ForwardCorrected(T), beta=0.3)]
OF_ALL_LABELS = [
    BackwardCorrected(T),
    robust.ImportanceReweighted(T),
    robust.Flooded(level=0.5),
    robust.LabelSmoothing(-0.5),
    robust.ActivePassive(active=BackwardCorrected(T)),
]


def share_of_wrong_labels_kept(loss, X, y):
    """Among the 70 % of least loss, at the true posteriors of `gaussians`."""
    y_noisy = corrupt(y, T, 0)
    z = 4 * X[:, :2] @ np.array([[0.0, 1, 0], [0, 0, 1]]) - [0, 8, 8]
    kept = easiest(loss.value(z, y_noisy), np.ones(len(y)), 0.7)
    return kept[y_noisy != y].sum() / kept.sum()


@pytest.mark.parametrize("loss", [*LOSSES, *KNOWING, *OF_ALL_LABELS], ids=repr)
def test_co_teaching_takes_a_loss_that_tells_wrong_labels_and_needs_no_others(loss, gaussians):
    X, y = gaussians
    settings = {"loss": loss, "network": "mlp", "epochs": 2, "random_state": 0}
    if loss.remembers_samples:
        return
    if loss.needs_all_labels:
        with pytest.raises(ValueError, match="is right in the mean over all noisy labels, and forget_rate=0.3 leaves"):
            CoTeaching(0.3, **settings).fit(X, y)
        CoTeaching(0, **settings).fit(X, y)
    else:
        assert share_of_wrong_labels_kept(loss, X, y) < 0.05
        CoTeaching(0.3, **settings).fit(X, y)


def test_the_losses_that_need_all_labels():
    """Leaving them out would correct twice, and importance weights call improbable labels easy."""
    assert all(loss.needs_all_labels for loss in OF_ALL_LABELS)
    assert not any(loss.needs_all_labels for loss in KNOWING)


def test_importance_weights_do_not_tell_wrong_labels(gaussians):
    assert share_of_wrong_labels_kept(robust.ImportanceReweighted(T), *gaussians) > 0.1


def test_co_teaching_with_a_matrix_learns(gaussians):
    X, y = gaussians
    settings = {"loss": "forward", "T": T, "network": "mlp", "epochs": 60, "random_state": 0}
    assert CoTeaching(0.3, 5, **settings).fit(X, corrupt(y, T, 0)).score(X, y) > 0.9
    with pytest.raises(ValueError, match="loss='backward' is right in the mean over all noisy labels"):
        CoTeaching(0.3, **{**settings, "loss": "backward"}).fit(X, y)


def test_the_weights_of_both_networks_are_averaged(gaussians):
    """The mutant averages network_ alone, or mixes the two."""
    ends = []

    def remember(model, row):
        ends.append([weights_of(network) for network in (model.network_, model.peer_)])

    settings = {"network": "mlp", "epochs": 8, "learning_rate": 0.1, "random_state": 0}
    model = CoTeaching(0.3, 3, averaging="stochastic", on_epoch=remember, **settings).fit(*gaussians)
    for k, network in enumerate((model.network_, model.peer_)):
        np.testing.assert_allclose(weights_of(network), (ends[6][k] + ends[7][k]) / 2, atol=1e-12)
        assert abs(weights_of(network) - ends[7][k]).max() > 1e-6
    plain = CoTeaching(0.3, 3, **settings).fit(*gaussians)
    for k, network in enumerate((plain.network_, plain.peer_)):
        np.testing.assert_array_equal(weights_of(network), ends[7][k])


def test_co_teaching_refuses_mixup_and_early_stopping_of_an_average(gaussians):
    for settings, message in (
        ({"mixup": 0.3}, "mixup=0.3 is for one network"),
        ({"averaging": "ema"}, "averaging='ema' is unknown"),
        ({"averaging": "exponential", "early_stopping": True}, "exclude each other"),
        ({"augmentation": "shift"}, "needs images"),
    ):
        with pytest.raises(ValueError, match=message):
            CoTeaching(network="mlp", epochs=1, **settings).fit(*gaussians)


def test_an_averaged_co_teaching_comes_back_from_a_file(gaussians, tmp_path):
    model = CoTeaching(network="mlp", epochs=2, averaging="exponential", random_state=0).fit(*gaussians)
    model.save(tmp_path / "model.npz")
    loaded = load(tmp_path / "model.npz")
    assert loaded.get_params() == model.get_params()
    np.testing.assert_array_equal(loaded.predict_proba(gaussians[0]), model.predict_proba(gaussians[0]))
    np.testing.assert_array_equal(weights_of(loaded.peer_), weights_of(model.peer_))
