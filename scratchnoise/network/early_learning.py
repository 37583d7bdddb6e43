"""The training step of early-learning regularisation: it remembers what the network believed of every sample."""

from ..backend import arrays, to_device, to_host
from .training import HostStep


class EarlyLearningStep(HostStep):
    """As HostStep, for the loss `EarlyLearning`: `remembered` (N, C) holds each sample's t, from zeros."""

    def __init__(self, network, loss, data, rates, solver="sgd"):
        super().__init__(network, loss, data, rates, solver)
        self.remembered = None

    def state(self):
        """As in HostStep, with what is remembered."""
        return {**super().state(), "remembered": to_host(self.remembered)}

    def set_state(self, state):
        """As in HostStep."""
        super().set_state(state)
        self.remembered = to_device(state["remembered"])

    def gradient(self, z, y, weight, batch):
        """d objective + mean over the batch of d regulariser, after t has taken in the p of this pass."""
        if self.remembered is None:
            self.remembered = arrays().zeros((len(self.data.x), z.shape[1]), z.dtype)
        t = self.loss.remembered(self.remembered[batch], z)
        self.remembered[batch] = t
        pull = self.loss.regulariser_grad(z, t) / len(z)
        if weight is not None:
            pull = weight[:, None] * pull
        return super().gradient(z, y, weight, batch) + pull
