"""The training step of co-teaching: two networks, each learning from the samples that the other finds easy."""

import numpy as np

from ..backend import to_device, to_host
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
        watch.see(z, y, weight, z_peer)
        if watch.finite:
            share = kept_share(step // len(self.data) + 1, self.forget_rate, self.warm_up)
            weight = np.ones(len(y), z.dtype) if weight is None else to_host(weight)
            losses = (to_host(self.loss.value(logits, y)) for logits in (z, z_peer))
            easy, easy_for_peer = (to_device(easiest(loss, weight, share)) for loss in losses)
            self._learn(self, z, y, easy_for_peer)
            self._learn(self.of_peer, z_peer, y, easy)
        return watch.finite

    def state(self):
        """As in HostStep, for both networks, with the weights of the peer."""
        return {"own": super().state(), "peer": self.of_peer.state(), "peer_network": self.of_peer.network.state()}

    def set_state(self, state):
        """As in HostStep."""
        super().set_state(state["own"])
        self.of_peer.set_state(state["peer"])
        self.of_peer.network.set_state(state["peer_network"])

    def _learn(self, step, z, y, weight):
        step.network.backward(self.loss.objective_grad(z, y, weight))
        step.optimiser.step()


def kept_share(epoch, forget_rate, warm_up):
    """1 - forget_rate min(epoch / warm_up, 1): the share of each batch that is kept in this epoch (from 1)."""
    return 1 - forget_rate * min(epoch / warm_up, 1)


def easiest(losses, weight, share):
    """The weights of the samples of least loss that together have this share of the weight, scaled to the whole.

    The last of them counts in part. losses, weight (N,), 0 < share <= 1 -> (N,).
    """
    order = np.argsort(losses, kind="stable")
    ordered = weight[order].astype(np.float64)
    before = np.cumsum(ordered) - ordered
    kept = np.empty(len(order))
    kept[order] = np.clip(share * ordered.sum() - before, 0, ordered) / share
    return kept.astype(weight.dtype)
