"""Averages of a network's weights over its training: they fluctuate less, so they fit fewer wrong labels."""

from ..backend import to_device, to_host

DECAY = 0.999  # of the exponential average: about the last 1,000 steps
LAST_SHARE = 0.25  # of the epochs, for the stochastic average
KINDS = ("exponential", "stochastic")


class WeightAverage:
    """mean <- mean + rate (w - mean), after each step or epoch; `restore` gives the networks the mean.

    networks: those that one step trains together, built; each weight has its own mean.
    "exponential": after each step, rate = max(1 - 0.999, 9 / (9 + k)) in step k: the first steps are soon forgotten.
    "stochastic": after each of the last quarter of the epochs, rate = 1 / k in its epoch k, the plain mean.
    Running moments of a BatchNorm are averaged as the weights are.
    Source: Polyak and Juditsky 1992; Tarvainen and Valpola 2017; Izmailov et al. 2018.
    """

    def __init__(self, kind, epochs, *networks):
        self.kind, self.networks = kind, networks
        self.first_epoch = 1 + int((1 - LAST_SHARE) * epochs)
        self.mean, self.seen = None, 0

    def around(self, train_on):
        """The step `train_on` of HostStep's kind, followed by an update of the mean."""
        return AveragedStep(train_on, self)

    def takes(self, step, steps_per_epoch):
        """Whether the weights after this step (from 0) are taken into the mean."""
        epoch, left = divmod(step + 1, steps_per_epoch)
        return self.kind == "exponential" or (left == 0 and epoch >= self.first_epoch)

    def take(self):
        """Take the weights as they are now into the mean."""
        self.seen += 1
        layers = [layer for network in self.networks for layer in network.layers]
        if self.mean is None:
            self.mean = [{key: array.copy() for key, array in layer.learnt().items()} for layer in layers]
            return
        rate = 1 / self.seen if self.kind == "stochastic" else max(1 - DECAY, 9 / (9 + self.seen))
        for mean, layer in zip(self.mean, layers, strict=True):
            for key, array in layer.learnt().items():
                mean[key] += rate * (array - mean[key])

    def state(self):
        """The mean so far, on the host, and how often weights were taken into it."""
        mean = self.mean and [{key: to_host(array) for key, array in layer.items()} for layer in self.mean]
        return {"mean": mean, "seen": self.seen}

    def set_state(self, state):
        """Go on from what `state` returned."""
        self.seen, self.mean = state["seen"], state["mean"]
        if self.mean is not None:
            self.mean = [{key: to_device(array) for key, array in layer.items()} for layer in self.mean]

    def restore(self):
        """Give the networks the mean, where there is one: training that `on_epoch` ended early may have none."""
        if self.mean is not None:
            means = iter([{key: to_host(array) for key, array in layer.items()} for layer in self.mean])
            for network in self.networks:
                network.set_state([next(means) for _ in network.layers])


class AveragedStep:
    """A training step of HostStep's kind, after which the weights may be taken into a mean."""

    def __init__(self, train_on, average):
        self.train_on, self.average = train_on, average

    def __call__(self, step, batch, watch):
        going = self.train_on(step, batch, watch)
        if going and self.average.takes(step, len(self.train_on.data)):
            self.average.take()
        return going

    def state(self):
        """As in HostStep, with the mean so far."""
        return {"step": self.train_on.state(), "average": self.average.state()}

    def set_state(self, state):
        """As in HostStep."""
        self.train_on.set_state(state["step"])
        self.average.set_state(state["average"])
