"""Mixup: the network sees mixtures of two samples, and learns the same mixture of their losses."""

from ..backend import to_device
from .training import HostStep


class MixupStep(HostStep):
    """As HostStep, on x' = s x + (1 - s) x[partner], with s L(z', y) + (1 - s) L(z', y[partner]) for any loss L.

    One s = max(b, 1 - b) a batch, b from Beta(alpha, alpha); partners are a permutation of the batch. rng: numpy
    Generator. The recorded loss is that of the labels y. Source: Zhang, Cisse, Dauphin and Lopez-Paz 2018.
    """

    def __init__(self, network, loss, data, rates, solver, alpha, rng):
        super().__init__(network, loss, data, rates, solver)
        self.alpha, self.rng = alpha, rng

    def inputs(self, x):
        """The mixtures, whose shares and partners `gradient` uses as well."""
        drawn = float(self.rng.beta(self.alpha, self.alpha))
        self.share = max(drawn, 1 - drawn)
        self.partner = to_device(self.rng.permutation(len(x)))
        return self.share * x + (1 - self.share) * x[self.partner]

    def gradient(self, z, y, weight, batch):
        """s dL(z', y) + (1 - s) dL(z', y[partner])."""
        other = None if weight is None else weight[self.partner]
        own = self.loss.objective_grad(z, y, weight)
        return self.share * own + (1 - self.share) * self.loss.objective_grad(z, y[self.partner], other)
