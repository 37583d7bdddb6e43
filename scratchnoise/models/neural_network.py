"""A neural network with a noise-robust loss: the report's rNN, and any other Network."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from ..backend import backend as using_backend
from ..backend import on_device, to_device, to_host
from ..checks import as_generator, check_below_one, check_choice, check_count, check_not_negative, check_positive
from ..kernels import softmax
from ..kernels.warm_up import NETWORKS, second_compiler
from ..losses import RISKS, BackwardCorrected, CrossEntropy, ForwardCorrected, Loss
from ..messages import shown
from ..network import Network, augmentation, make_network
from ..network.averaging import KINDS, WeightAverage
from ..network.early_learning import EarlyLearningStep
from ..network.early_stopping import EarlyStopping, held_out
from ..network.mixup import MixupStep
from ..network.training import MOST_EPOCHS, SOLVERS, DeviceStep, HostStep, asks_to_stop, automatic_epochs, train
from ..robust_losses import NAMED, ImportanceReweighted
from .base import Classifier, finite_logits
from .resuming import checkpoint_of
from .scaling import moments, standardised
from .training_outcome import is_saturated, warn_of_failure
from .validation import as_transition_for

WITH_T = ("backward", "forward", "importance_reweighting")
LOSSES = ("cross_entropy", *WITH_T, *NAMED)
STARTS = 3  # at most, of a training whose steps are chosen here
BEGINNING = 1 / 10  # of the training: there it shows whether the first steps were too long


class NeuralNetwork(Classifier):
    """P(y = c | x) = softmax(f(x))_c, f a network trained on minibatches of a loss that knows the noise.

    Eq. (20). Eq. (21). Eq. (22).
    network: "annex" (the report's, for 32 x 32 x 3 images), "mlp" (one hidden layer), a Network, or "auto": the annex
    for images (H, W, K) of at least 16 x 16 pixels, the mlp for everything else, images (H, W) without channels too.
    loss: "cross_entropy", "backward" (T^-1-corrected, tamed by `risk`, see BackwardCorrected), "forward",
    "importance_reweighting", a name in `robust_losses.NAMED`, e.g. "generalized_cross_entropy", or a Loss.
    T: transition matrix in the order of `classes_`, for the three that correct; ValueError with any other loss.
    epochs: a number, or "auto": 30, or as many more as make 1,000 steps. solver: "sgd" with momentum, or "adam".
    learning_rate: a number, or "auto": 0.01 (adam: 0.001) for cross-entropy; for corrected losses the step depends on
    T and decays (see `training.step_size`), because their gradients have another size. Where the first tenth of such a
    training ends saturated, certain and wrong, it starts again from new weights with steps half as long, twice at most.
    momentum: adam's beta_1, too.
    weight_decay: L2 penalty on the weights, biases excepted.
    scaling: "standard" (each feature, or channel of images, less its mean and divided by its deviation) or None.
    early_stopping: hold out `validation_fraction` of the noisy samples, stop after `n_iter_no_change` epochs without a
    lower mean of the loss on them, and keep the weights of the lowest.
    mixup: 0, or the alpha of `MixupStep`: train on mixtures of two samples. averaging: None, or a mean of the weights
    over the training instead of the last ones, "exponential" or "stochastic" (see `WeightAverage`).
    augmentation: None, or "shift" or "shift_flip": move each image of a batch by up to two pixels, and mirror every
    second one (see `Augmentation`). ValueError where samples are no images (H, W, K) or (H, W).
    checkpoints: None, or a folder into which the state of the training is written after every epoch. A fit of the same
    samples with the same parameters, version and kernels that finds it there goes on from it, and ends with the very
    numbers that a fit without a stop has. The files are not deleted.
    random_state: seed of initial weights, shuffles, dropout and held-out samples. backend: kernel table.
    on_epoch: function of (model, row), called after every epoch; where it returns True, training ends and the model
    is kept as it is then. verbose: show a progress bar. class_weight, classes: see `Classifier`.
    Learnt: network_, loss_, history_ (see `training.train`; with early_stopping also validation_loss), input_mean_ and
    input_scale_ (None without scaling), n_starts_ (how often training started; history_ is that of the last start).
    Raises TrainingDiverged when the loss is no longer finite. Warns (ConvergenceWarning) of a network that gives every
    sample the same probabilities, or is certain and wrong.
    """

    allow_images = True

    def __init__(
        self,
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
        mixup: float = 0.0,
        averaging: str | None = None,
        checkpoints: str | Path | None = None,
        augmentation: str | None = None,
    ) -> None:
        self.network = network
        self.loss = loss
        self.T = T
        self.risk = risk
        self.epochs = epochs
        self.batch_size = batch_size
        self.solver = solver
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.scaling = scaling
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.backend = backend
        self.on_epoch = on_epoch
        self.verbose = verbose
        self.class_weight = class_weight
        self.classes = classes
        self.mixup = mixup
        self.averaging = averaging
        self.checkpoints = checkpoints
        self.augmentation = augmentation

    def _fit(self, X, y, sample_weight):
        self.loss_ = self._make_loss()
        self._check_parameters()
        if self.augmentation is not None and X.ndim < 3:
            raise ValueError(f"augmentation={self.augmentation!r} needs images (N, H, W, K); X has shape {X.shape}")
        rng = as_generator("random_state", self.random_state)
        self.network_ = make_network(self.network, len(self.classes_), X.shape[1:])
        self.input_mean_, self.input_scale_ = moments(X, sample_weight) if self.scaling else (None, None)
        chosen = self.learning_rate == "auto" and self.loss_.corrects_noise
        with using_backend(self.backend), second_compiler(NETWORKS):
            scaled = self._scaled(X)
            for start in range(1, (STARTS if chosen else 1) + 1):
                self.n_starts_ = start
                checkpoint = checkpoint_of(self, X, y, sample_weight, rng, start)
                shape = self.network_.build(X.shape[1:], rng, X.dtype)
                wanted = (len(self.classes_),)
                if shape != wanted:
                    raise ValueError(f"network ends in {shape}; it should end in a logit a class, {wanted}")
                if not self._train(scaled, y, sample_weight, rng, checkpoint, chosen and start < STARTS):
                    break

    def _train(self, X, y, sample_weight, rng, checkpoint, may_start_again):
        """Train the built network, with steps that each new start halves; returns whether there should be one."""
        start_again, stopping = False, None
        if self.early_stopping:
            out = held_out(y, self.validation_fraction, rng)
            held = X[out], y[out], sample_weight[out]
            stopping = EarlyStopping(self.network_, self.loss_, *held, self.n_iter_no_change)
            X, y, sample_weight = X[~out], y[~out], sample_weight[~out]
            if checkpoint is not None:
                checkpoint.parts["stopping"] = stopping
        epochs = automatic_epochs(len(X), self.batch_size) if self.epochs == "auto" else self.epochs
        average = None if self.averaging is None else WeightAverage(self.averaging, epochs, *self._networks())

        def after_epoch(row):
            """Whether training ends; the network is looked at here, while a device still has it."""
            nonlocal start_again
            stop = self._asked_to_stop(row, stopping, bar)
            if may_start_again and not stop and row["epoch"] <= max(1, BEGINNING * epochs):
                start_again = is_saturated(self.network_, self.loss_, X, y, self.batch_size)
                if start_again:
                    return True
            if stop or row["epoch"] == epochs:
                if stopping is not None:
                    stopping.restore()
                if average is not None:
                    average.restore()
                warn_of_failure(self.network_, self.loss_, X, y, self.classes_, self.batch_size)
            return stop

        steps = (self.learning_rate, self.momentum, self.weight_decay)
        with self._progress(epochs) as bar:
            self.history_ = train(
                *(self.network_, self.loss_, X, y, rng, epochs, self.batch_size, *steps),
                sample_weight=sample_weight,
                on_epoch=after_epoch,
                solver=self.solver,
                shortened=0.5 ** (self.n_starts_ - 1),
                make_step=lambda *parts: self._step(parts, rng, average),
                checkpoint=checkpoint,
            )
        return start_again

    def _step(self, parts, rng, average):
        """What trains on a batch. parts: network, loss, data, rates, solver."""
        if self.augmentation is not None:
            _, _, data, *_ = parts
            data.augmentation = augmentation.Augmentation(self.augmentation, rng)
        step = self._unaveraged_step(parts, rng)
        return step if average is None else average.around(step)

    def _unaveraged_step(self, parts, rng):
        if self.loss_.remembers_samples:
            return EarlyLearningStep(*parts)
        if self.mixup:
            return MixupStep(*parts, self.mixup, rng)
        recorded = on_device() and self.averaging is None and self.augmentation is None
        return DeviceStep(*parts) if recorded else HostStep(*parts)

    def _networks(self):
        """The networks that are trained together."""
        return (self.network_,)

    def _asked_to_stop(self, row, stopping, bar):
        """Whether the validation loss or on_epoch says so."""
        stop = stopping is not None and stopping(row)
        bar.set_postfix({name: row[name] for name in ("loss", "validation_loss") if name in row}, refresh=False)
        bar.update()
        return stop | asks_to_stop(None if self.on_epoch is None else self.on_epoch(self, row))

    def _progress(self, epochs):
        from tqdm import tqdm

        return tqdm(total=epochs, unit="epoch", disable=not self.verbose)

    def decision_function(self, X: ArrayLike) -> np.ndarray:
        """Logits f(x), (N, C) in the order of `classes_`; with two classes their difference, (N,)."""
        z = self._logits(self._samples(X))
        return z[:, 1] - z[:, 0] if z.shape[1] == 2 else z

    def _scaled(self, X):
        scale = getattr(self, "input_scale_", None)  # a model that an older version saved has none
        return X if scale is None else standardised(X, self.input_mean_, scale)

    def _logits(self, X):
        return finite_logits(self._logits_in_the_dtype_of, X, self.network_.dtype)

    def _logits_in_the_dtype_of(self, X):
        network = self.network_ if X.dtype == self.network_.dtype else self.network_.astype(X.dtype)
        with using_backend(self.backend):
            return network.logits(self._scaled(X).astype(X.dtype))

    def _noise(self):
        return getattr(self.loss_, "T", None)

    def _posterior_of(self):
        return self.loss_.posterior_of

    def _predict_proba(self, X):
        with using_backend(self.backend):
            return to_host(softmax(to_device(self._logits(X))))

    def _make_loss(self):
        if isinstance(self.loss, Loss):
            own = getattr(self.loss, "T", None)  # a loss gets numbers of classes, so its T must be in their order
            if own is not None and own.classes not in (None, self.classes_.tolist()):
                raise ValueError(f"loss has a T with labels {own.classes}; they should be {self.classes_.tolist()}")
            if own is not None and len(own) == len(self.classes_):  # else the loss fails with its own message
                as_transition_for(own, self.classes_, self.class_count_)
        else:
            check_choice(LOSSES, loss=self.loss)
        if self.loss not in WITH_T:
            if self.T is not None:
                raise ValueError(
                    f"T is given, but loss={self.loss!r} does not use it; choose loss='forward', 'backward' or "
                    "'importance_reweighting', or leave T out"
                )
            if isinstance(self.loss, Loss):
                return self.loss
            return CrossEntropy() if self.loss == "cross_entropy" else NAMED[self.loss]()
        if self.T is None:
            raise ValueError(f"loss={self.loss!r} needs T, the transition matrix; scratchnoise.estimate estimates one")
        T = as_transition_for(self.T, self.classes_, self.class_count_)
        if self.loss == "importance_reweighting":
            return ImportanceReweighted(T)
        return BackwardCorrected(T, self.risk) if self.loss == "backward" else ForwardCorrected(T)

    def _check_parameters(self):
        if isinstance(self.epochs, str) and self.epochs != "auto":
            raise ValueError(f"epochs={self.epochs!r} should be 'auto' or a whole number from 1 to {MOST_EPOCHS}")
        if not isinstance(self.epochs, str):
            check_count(1, MOST_EPOCHS, epochs=self.epochs)
        check_count(batch_size=self.batch_size, n_iter_no_change=self.n_iter_no_change)
        check_choice(SOLVERS, solver=self.solver)
        check_below_one(momentum=self.momentum)
        check_not_negative(weight_decay=self.weight_decay)
        if isinstance(self.learning_rate, str) and self.learning_rate != "auto":
            raise ValueError(f"learning_rate={self.learning_rate!r} should be 'auto' or a number above 0")
        if not isinstance(self.learning_rate, str):
            check_positive(learning_rate=self.learning_rate)
        check_choice(RISKS, risk=self.risk)
        if self.scaling is not None:
            check_choice(("standard",), scaling=self.scaling)
        check_positive(validation_fraction=self.validation_fraction)
        check_below_one(validation_fraction=self.validation_fraction)
        for name in ("early_stopping", "verbose"):
            if not isinstance(getattr(self, name), bool | np.bool_):
                raise ValueError(f"{name}={shown(getattr(self, name))} should be True or False")
        check_not_negative(mixup=self.mixup)
        if self.mixup and self.loss_.remembers_samples:
            raise ValueError("mixup and loss='early_learning' exclude each other: a mixture has no belief to remember")
        if self.averaging is not None:
            check_choice(KINDS, averaging=self.averaging)
            if self.early_stopping:
                raise ValueError("averaging and early_stopping exclude each other: which weights should be kept?")
        if self.augmentation is not None:
            check_choice(augmentation.KINDS, augmentation=self.augmentation)
        if self.on_epoch is not None and not callable(self.on_epoch):
            raise ValueError(f"on_epoch={shown(self.on_epoch)} should be a function of (model, row), or None")
