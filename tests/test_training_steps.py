"""Mixup, averages of weights and co-teaching against their definitions; and the wrong variants that these reject."""

import numpy as np
import pytest
from scipy import stats

from scratchnoise.backend import backend
from scratchnoise.losses import CrossEntropy
from scratchnoise.network import averaging
from scratchnoise.network.averaging import WeightAverage
from scratchnoise.network.co_teaching import CoTeachingStep
from scratchnoise.network.mixup import MixupStep
from scratchnoise.network.network import mlp
from scratchnoise.network.training import Minibatches, Watch

N = 8


@pytest.fixture(autouse=True)
def plain_numpy():
    with backend("numpy"):
        yield


def built(rng):
    network = mlp(3)
    network.build((5,), rng, np.float64)
    return network


def gradient_of(network):
    return np.concatenate([layer.grads[key].ravel() for _, layer, key in network.parameters()])


def gradient_at(network, x, labels):
    """The gradient of the mean cross-entropy of soft labels (N, 3), from its own formula."""
    z = network.forward(x, 0)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    network.backward((p - labels) / len(x))
    return gradient_of(network)


# --- mixup --------------------------------------------------------------------------------------------------


def mixup_of(make, alpha, seed=0):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(N, 5)), rng.integers(3, size=N)
    step = make(built(rng), CrossEntropy(), Minibatches(x, y, None, N), [(0.0, 0.0, 0.0)], "sgd", alpha, rng)
    return step, x, y


def shares_are_beta(make):
    """The larger of b and 1 - b for b from Beta(alpha, alpha), which is the same mixture: Kolmogorov and Smirnov."""
    for alpha in (0.3, 1.0, 4.0):
        step, x, _ = mixup_of(make, alpha)
        shares = []
        for _ in range(2000):
            step.inputs(x)
            shares.append(step.share)
        b = stats.beta(alpha, alpha)
        assert stats.kstest(shares, lambda s, b=b: np.maximum(b.cdf(s) - b.cdf(1 - s), 0)).pvalue > 1e-3


def partners_are_a_permutation(make):
    step, x, _ = mixup_of(make, 1.0)
    met = np.zeros((N, N))
    for _ in range(2000):
        mixed = step.inputs(x)
        np.testing.assert_array_equal(np.sort(step.partner), np.arange(N))
        np.testing.assert_allclose(mixed, step.share * x + (1 - step.share) * x[step.partner])
        met[np.arange(N), step.partner] += 1
    assert np.abs(met / 2000 - 1 / N).max() < 5 * np.sqrt(1 / N / 2000)


def labels_are_mixed_as_the_samples_are(make):
    """The gradient is that of x' = s x + (1 - s) x_j with the label s e_y + (1 - s) e_{y_j}: one s, one j."""
    for seed in range(3):
        step, x, y = mixup_of(make, 1.0, seed)
        seen = []
        inputs = step.inputs
        step.inputs = lambda x, inputs=inputs, seen=seen: seen.append(inputs(x)) or seen[-1]
        step(0, np.arange(N), Watch(CrossEntropy(), N))
        found = gradient_of(step.network)
        # what the network saw says which share and partner each sample has
        e = np.eye(3)[y]
        labels = np.empty((N, 3))
        for n, row in enumerate(seen[0]):
            s, j = min(((fit(row, x[n], x[j]), j) for j in range(N) if j != n), key=lambda found: found[0][1])
            labels[n] = e[n] if np.allclose(row, x[n]) else s[0] * e[n] + (1 - s[0]) * e[j]
        np.testing.assert_allclose(found, gradient_at(step.network, seen[0], labels), atol=1e-9)


def fit(row, own, other):
    """(s, distance) of the s that brings s own + (1 - s) other nearest to row."""
    along = own - other
    s = (row - other) @ along / (along @ along)
    return s, float(np.linalg.norm(s * own + (1 - s) * other - row))


class UniformShares(MixupStep):
    def inputs(self, x):
        self.alpha = 1.0
        return super().inputs(x)


class OneSidedBeta(MixupStep):
    """Beta(alpha, 1)."""

    def inputs(self, x):
        super().inputs(x)
        drawn = float(self.rng.beta(self.alpha, 1))
        self.share = max(drawn, 1 - drawn)
        return self.share * x + (1 - self.share) * x[self.partner]


class NeighbourAsPartner(MixupStep):
    def inputs(self, x):
        super().inputs(x)
        self.partner = np.roll(np.arange(len(x)), 1)
        return self.share * x + (1 - self.share) * x[self.partner]


class PartnersWithReplacement(MixupStep):
    def inputs(self, x):
        super().inputs(x)
        self.partner = self.rng.integers(len(x), size=len(x))
        return self.share * x + (1 - self.share) * x[self.partner]


class LabelsNotMixed(MixupStep):
    def gradient(self, z, y, weight, batch):
        return self.loss.objective_grad(z, y, weight)


class SharesSwappedInLabels(MixupStep):
    def gradient(self, z, y, weight, batch):
        self.share = 1 - self.share
        return super().gradient(z, y, weight, batch)


class AnotherShareForLabels(MixupStep):
    def gradient(self, z, y, weight, batch):
        self.share = float(self.rng.beta(self.alpha, self.alpha))
        return super().gradient(z, y, weight, batch)


class AnotherPartnerForLabels(MixupStep):
    def gradient(self, z, y, weight, batch):
        self.partner = self.rng.permutation(len(y))
        return super().gradient(z, y, weight, batch)


# --- averages -----------------------------------------------------------------------------------------------


class OneWeight:
    """A network of one layer with one weight."""

    def __init__(self):
        self.layers = [self]
        self.w = np.zeros(1)

    def learnt(self):
        return {"w": self.w}

    def set_state(self, state):
        self.w = state[0]["w"]


def average_over(make, kind, values, epochs, steps_per_epoch):
    network = OneWeight()
    average = make(kind, epochs, network)
    for step, value in enumerate(values):
        network.w = np.array([value])
        if average.takes(step, steps_per_epoch):
            average.take()
    average.restore()
    return network.w[0]


def the_exponential_average_is_its_sum(make):
    """prod_k (1 - r_k) w_1 + sum_k r_k prod_{l > k} (1 - r_l) w_k, r_k = max(1 - decay, 9 / (9 + k)): warm, then fixed.

    With a decay of 0.8 the rate is the fixed one from k = 36 on.
    """
    w = np.random.default_rng(0).normal(size=60)
    rates = [max(0.2, 9 / (9 + k)) for k in range(2, 61)]
    shares = [np.prod([1 - r for r in rates])]
    shares += [r * np.prod([1 - later for later in rates[k + 1 :]]) for k, r in enumerate(rates)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(averaging, "DECAY", 0.8)
        assert average_over(make, "exponential", w, 12, 5) == pytest.approx(np.dot(shares, w), rel=1e-9)


def the_stochastic_average_is_the_mean_of_the_last_quarter(make):
    w = np.random.default_rng(0).normal(size=60)
    ends = w[4::5]
    assert average_over(make, "stochastic", w, 12, 5) == pytest.approx(np.mean(ends[9:]), rel=1e-9)


class WithoutWarmUp(WeightAverage):
    """The fixed rate from the first step: the random start stays in the mean."""

    def take(self):
        self.seen = 10**6
        super().take()


class WarmUpForEver(WeightAverage):
    """9 / (9 + k) without its floor: the mean of all steps, in the end."""

    def take(self):
        if self.kind == "exponential":
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(averaging, "DECAY", 1.0)
                super().take()


class EveryStep(WeightAverage):
    def takes(self, step, steps_per_epoch):
        return True


class AllEpochs(WeightAverage):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.first_epoch = 1


class OneEpochLate(WeightAverage):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.first_epoch += 1


# --- co-teaching --------------------------------------------------------------------------------------------


def each_learns_from_the_choice_of_the_other(make):
    """The gradient of one network is that of the half of the batch on which the other has the least loss."""
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=(N, 5)), np.arange(N) % 3
    networks = [built(rng), built(rng)]
    z = [network.logits(x) for network in networks]
    losses = [np.log(np.exp(own).sum(axis=1)) - own[np.arange(N), y] for own in z]
    easy = [np.sort(np.argsort(loss)[: N // 2]) for loss in losses]
    assert set(easy[0]) != set(easy[1])
    data = Minibatches(x, y, None, N)
    step = make(networks[0], CrossEntropy(), data, [(0.0, 0.0, 0.0)], "sgd", networks[1], 0.5, 1)
    step(0, np.arange(N), Watch(CrossEntropy(), N))
    for mine, other in ((0, 1), (1, 0)):
        found = gradient_of(networks[mine])
        chosen = easy[other]
        np.testing.assert_allclose(found, gradient_at(networks[mine], x[chosen], np.eye(3)[y[chosen]]), atol=1e-12)


class OwnChoice(CoTeachingStep):
    """Each learns from what it finds easy itself, and so confirms its own errors."""

    def _learn(self, step, z, y, weight):
        if step is self:
            self.first = z, weight
            return
        z_own, weight_of_peer = self.first
        super()._learn(self, z_own, y, weight)
        super()._learn(step, z, y, weight_of_peer)


class HardestSamples(CoTeachingStep):
    """Each learns from what the other finds hardest: the wrong labels."""

    def _learn(self, step, z, y, weight):
        super()._learn(step, z, y, weight.max() - weight)


class AllSamples(CoTeachingStep):
    def _learn(self, step, z, y, weight):
        super()._learn(step, z, y, np.ones_like(weight))


class SumForMean(CoTeachingStep):
    """The kept samples count once, so a step is as much shorter as samples are forgotten."""

    def _learn(self, step, z, y, weight):
        super()._learn(step, z, y, weight / weight.max())


DEFINITIONS = {
    shares_are_beta: (MixupStep, [UniformShares, OneSidedBeta]),
    partners_are_a_permutation: (MixupStep, [NeighbourAsPartner, PartnersWithReplacement]),
    labels_are_mixed_as_the_samples_are: (
        MixupStep,
        [LabelsNotMixed, SharesSwappedInLabels, AnotherShareForLabels, AnotherPartnerForLabels],
    ),
    the_exponential_average_is_its_sum: (WeightAverage, [WithoutWarmUp, WarmUpForEver]),
    the_stochastic_average_is_the_mean_of_the_last_quarter: (WeightAverage, [EveryStep, AllEpochs, OneEpochLate]),
    each_learns_from_the_choice_of_the_other: (CoTeachingStep, [OwnChoice, HardestSamples, AllSamples, SumForMean]),
}


@pytest.mark.parametrize("holds", DEFINITIONS)
def test_the_definition_holds(holds):
    holds(DEFINITIONS[holds][0])


@pytest.mark.parametrize(("holds", "wrong"), [(holds, w) for holds, (_, ws) in DEFINITIONS.items() for w in ws])
def test_a_wrong_variant_is_rejected(holds, wrong):
    with pytest.raises(AssertionError):
        holds(wrong)
