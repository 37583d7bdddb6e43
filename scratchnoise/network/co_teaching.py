"""The training step of co-teaching: two networks, each learning from the samples that the other finds easy."""

import numpy as np

from .training import HostStep


class CoTeachingStep(HostStep):
    """As HostStep, for two networks: each learns from the share 1 - R of the batch that its peer has the least loss on.

    R = forget_rate min(epoch / warm_up, 1): networks learn right labels before wrong ones, so at first all may stay.
    peer: the second network, built. Source: Han et al. 2018.
    """

    def __init__(self, network, loss, data, rates, solver, peer, forget_rate, warm_up):
        super().__init__(network, loss, data, rates, solver)
        self.of_peer = HostStep(peer, loss, data, rates, solver)
        self.forget_rate, self.warm_up = forget_rate, warm_up

    def __call__(self, step, batch, watch):
        """Train both networks on the samples with these indices; False, and no update, where a loss is not finite."""
        x, y, weight = self.data.samples(batch)
        self.optimiser.learning_rate = self.of_peer.optimiser.learning_rate = self.rates[step][0]
        z, z_peer = self.network.forward(x, step), self.of_peer.network.forward(x, step)
        watch.see(z, y, weight)
        watch.finite = watch.finite and bool(np.isfinite(z_peer).all())
        if watch.finite:
            kept = kept_samples(len(y), step // len(self.data) + 1, self.forget_rate, self.warm_up)
            easy, easy_for_peer = self._easy(z, y, kept), self._easy(z_peer, y, kept)
            self._learn(self, z, y, weight, easy_for_peer)
            self._learn(self.of_peer, z_peer, y, weight, easy)
        return watch.finite

    def _easy(self, z, y, kept):
        """1 for the `kept` samples of least loss, 0 for the rest, scaled to mean 1. (N,)."""
        easy = np.zeros(len(y), z.dtype)
        easy[np.argsort(self.loss.value(z, y), kind="stable")[:kept]] = len(y) / kept
        return easy

    def _learn(self, step, z, y, weight, chosen):
        chosen = chosen if weight is None else weight * chosen
        step.network.backward(self.loss.objective_grad(z, y, chosen))
        step.optimiser.step()


def kept_samples(n_samples, epoch, forget_rate, warm_up):
    """How many samples of a batch are kept: ceil((1 - forget_rate min(epoch / warm_up, 1)) n_samples), at least 1."""
    forgotten = forget_rate * min(epoch / warm_up, 1)
    return max(1, int(np.ceil((1 - forgotten) * n_samples - 1e-9)))
