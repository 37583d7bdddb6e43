"""Co-teaching: two networks that choose each other's samples."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..backend import queue
from ..checks import check_below_one, check_positive
from ..losses import Loss
from ..messages import shown
from ..network import Network, make_network
from ..network.co_teaching import CoTeachingStep
from .neural_network import NeuralNetwork


class CoTeaching(NeuralNetwork):
    """Two networks of the same kind; each learns from the samples of a batch on which the other has the least loss.

    Epoch e keeps a share 1 - forget_rate min(e / warm_up, 1) of each batch. Wrong labels are learnt later than right
    ones, so they have large losses; two networks, because one would confirm its own errors.
    forget_rate: in [0, 1), about the share of wrong labels; 0 is plain training. warm_up: epochs, above 0.
    Other parameters as in NeuralNetwork; averaging is of the weights of both networks. ValueError for mixup above 0,
    because a mixture has two labels and is neither right nor wrong; for loss="early_learning", whose memory belongs to
    one network; and, with forget_rate above 0, for losses that are right in the mean over all noisy labels only:
    backward, importance reweighting, flooding and smoothing by a negative rate correct noise, of which less is left.
    Learnt: as in NeuralNetwork, which predicts with network_, and peer_, the second network. Source: Han et al. 2018.
    """

    def __init__(
        self,
        forget_rate: float = 0.2,
        warm_up: int = 10,
        network: str | Network = "auto",
        loss: str | Loss = "cross_entropy",
        T: ArrayLike | None = None,
        risk: str = "relu",
        epochs: int | str = "auto",
        batch_size: int = 252,
        solver: str = "sgd",
        learning_rate: float | str = "auto",
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        scaling: str | None = "standard",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 10,
        random_state: int | np.random.Generator | None = None,
        backend: str | None = None,
        on_epoch: Callable | None = None,
        verbose: bool = False,
        class_weight: dict | str | None = None,
        classes: Sequence | None = None,
        checkpoints: str | Path | None = None,
        mixup: float = 0.0,
        averaging: str | None = None,
        augmentation: str | None = None,
    ) -> None:
        shared = (network, loss, T, risk, epochs, batch_size, solver, learning_rate, momentum, weight_decay, scaling)
        stopping = (early_stopping, validation_fraction, n_iter_no_change)
        super().__init__(*shared, *stopping, random_state, backend, on_epoch, verbose, class_weight, classes)
        self.checkpoints = checkpoints
        self.mixup = mixup
        self.averaging = averaging
        self.augmentation = augmentation
        self.forget_rate = forget_rate
        self.warm_up = warm_up

    def _check_parameters(self):
        super()._check_parameters()
        check_below_one(forget_rate=self.forget_rate)
        check_positive(warm_up=self.warm_up)
        if self.mixup:
            raise ValueError(f"mixup={self.mixup} is for one network: CoTeaching chooses samples; leave mixup at 0")
        if self.loss_.remembers_samples:
            raise ValueError("loss='early_learning' is for one network: use NeuralNetwork, or another loss")
        if self.forget_rate and self.loss_.needs_all_labels:
            raise ValueError(
                f"loss={shown(self.loss)} is right in the mean over all noisy labels, and forget_rate="
                f"{self.forget_rate} leaves some out; use 'cross_entropy' or 'forward', or NeuralNetwork"
            )

    def _train(self, X, y, sample_weight, rng, checkpoint, may_start_again):
        self.peer_ = make_network(self.network, len(self.classes_), X.shape[1:])
        self.peer_.build(X.shape[1:], rng, X.dtype)
        with queue(), self.peer_.on_device():
            start_again = super()._train(X, y, sample_weight, rng, checkpoint, may_start_again)
        self.peer_.release()
        return start_again

    def _unaveraged_step(self, parts, rng):
        return CoTeachingStep(*parts, self.peer_, self.forget_rate, self.warm_up)

    def _networks(self):
        return (self.network_, self.peer_)

    def _posterior_of(self):
        """Of the true label, nearly, where samples are left out: theirs are the improbable labels."""
        return "true" if self.forget_rate else super()._posterior_of()
