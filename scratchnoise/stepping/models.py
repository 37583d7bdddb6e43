"""Fits of a few samples."""

import numpy as np

from ..losses import CrossEntropy, Loss
from .examples import LABELS, T, X
from .subject import LOOPS, Run, Subject
from .watched import functions_of


def _sgd_fit(name, about, **settings):
    from .. import models
    from ..models import sgd

    cls = getattr(models, name.split(" ")[0])
    model = cls(solver="sgd", l2=0.0, tol=0.0, batch_size=2, random_state=0, backend="loops", **settings)

    def call():
        fitted = model.fit(X, LABELS)
        return fitted.coef_, fitted.intercept_, np.array(getattr(fitted, "T_", np.eye(3)))

    descend = sgd.descend
    functions = (descend, cls._next_transition, *functions_of(*LOOPS))
    run = Run("loops", functions, (descend,), call, descend)
    return Subject(name, "model", about, {"X": X, "y": LABELS}, (run,))


def _softmax_regression():
    about = "Two passes of minibatch SGD over four samples, two at a time. Eq. (11)."
    return _sgd_fit("SoftmaxRegression", about, max_iter=2)


def _robust_softmax_regression():
    about = "Two passes of minibatch SGD over four samples, seen through a known T. Eq. (14). Eq. (17)."
    return _sgd_fit("RobustSoftmaxRegression", about, T=T, max_iter=2)


def _learnt_rates():
    about = "Two passes of minibatch SGD; after each, the flip rates are learnt: generalised EM. Eq. (19)."
    return _sgd_fit("RobustSoftmaxRegression T=None", about, T=None, max_iter=2)


def _neural_network():
    from ..models import NeuralNetwork
    from ..network import layers, network, optim, training
    from ..network.layers import Linear, ReLU
    from ..network.network import Network

    about = "Two steps of SGD with momentum on a network of one hidden layer: forward, backward, update."
    layout = Network([Linear(2), ReLU(), Linear(3)])
    model = NeuralNetwork(layout, epochs=1, batch_size=2, learning_rate=0.5, random_state=0, backend="loops")

    def call():
        fitted = model.fit(X, LABELS)
        return [layer.params for layer in fitted.network_.layers]

    step = training.HostStep.__call__
    parts = [network.Network.forward, network.Network.backward, optim.SGD.step, optim.SGD._update]
    parts += [f for cls in (layers.Linear, layers.ReLU) for f in (cls.forward, cls.backward)]
    parts += [layers.Linear.backward_weights, Loss.objective_grad, CrossEntropy.grad]
    functions = (step, *parts, *functions_of(*LOOPS))
    run = Run("loops", functions, (step,), call, step)
    return Subject("NeuralNetwork", "model", about, {"X": X, "y": LABELS}, (run,))


MODELS = {
    "SoftmaxRegression": _softmax_regression,
    "RobustSoftmaxRegression": _robust_softmax_regression,
    "EM": _learnt_rates,
    "NeuralNetwork": _neural_network,
}
