"""A neural network with a noise-robust loss: the report's rNN, and any other Network."""

from ..backend import backend as using_backend
from ..backend import to_device, to_host
from ..checks import as_generator, check_below_one, check_choice, check_count, check_not_negative, check_positive
from ..kernels import softmax
from ..losses import RISKS, BackwardCorrected, CrossEntropy, ForwardCorrected, Loss
from ..messages import shown
from ..network import make_network
from ..network.training import MOST_EPOCHS, train
from .base import Classifier, finite_logits
from .validation import as_transition_for

LOSSES = ("cross_entropy", "backward", "forward")


class NeuralNetwork(Classifier):
    """P(y = c | x) = softmax(f(x))_c, f a network trained by SGD with momentum on a loss that knows the noise.

    Eq. (20). Eq. (21). Eq. (22).
    network: "annex" (the report's, for 32 x 32 x 3 images), "mlp" (one hidden layer), a Network, or "auto": the annex
    for images of at least 16 x 16 pixels, the mlp for everything else.
    loss: "cross_entropy", "backward" (T^-1-corrected, tamed by `risk`, see BackwardCorrected), "forward", or a Loss.
    T: transition matrix in the order of `classes_`, needed by "backward" and "forward", no use to the others.
    epochs, batch_size, momentum: the report's by default. learning_rate: a number, or "auto", which is the report's
    0.01 for cross-entropy, where for corrected losses the step depends on T and decays (see `training.step_size`):
    at 0.01 the corrected loss diverges. weight_decay: L2 penalty on the weights, biases excepted.
    random_state: seed of initial weights, shuffles and dropout. backend: kernel table. on_epoch: function of
    (model, row), called after every epoch. class_weight, classes: see `Classifier`.
    Learnt: network_, loss_, history_ (see `training.train`), classes_.
    Raises TrainingDiverged when the loss is no longer finite.
    """

    allow_images = True

    def __init__(
        self,
        network="auto",
        loss="cross_entropy",
        T=None,
        risk="relu",
        epochs=30,
        batch_size=252,
        learning_rate="auto",
        momentum=0.9,
        weight_decay=0.0,
        random_state=None,
        backend=None,
        on_epoch=None,
        class_weight=None,
        classes=None,
    ):
        self.network = network
        self.loss = loss
        self.T = T
        self.risk = risk
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.random_state = random_state
        self.backend = backend
        self.on_epoch = on_epoch
        self.class_weight = class_weight
        self.classes = classes

    def _fit(self, X, y, sample_weight):
        self._check_parameters()
        self.loss_ = self._make_loss()
        rng = as_generator("random_state", self.random_state)
        self.network_ = make_network(self.network, len(self.classes_), X.shape[1:])
        with using_backend(self.backend):
            shape = self.network_.build(X.shape[1:], rng, X.dtype)
            if shape != (len(self.classes_),):
                raise ValueError(f"network ends in {shape}; it should end in a logit a class, ({len(self.classes_)},)")
            self.history_ = train(
                self.network_,
                self.loss_,
                X,
                y,
                rng,
                self.epochs,
                self.batch_size,
                self.learning_rate,
                self.momentum,
                self.weight_decay,
                sample_weight,
                None if self.on_epoch is None else lambda row: self.on_epoch(self, row),
            )

    def decision_function(self, X):
        """Logits f(x), (N, C) in the order of `classes_`; with two classes their difference, (N,)."""
        z = self._logits(self._samples(X))
        return z[:, 1] - z[:, 0] if z.shape[1] == 2 else z

    def _logits(self, X):
        return finite_logits(self._logits_in_the_dtype_of, X, self.network_.dtype)

    def _logits_in_the_dtype_of(self, X):
        network = self.network_ if X.dtype == self.network_.dtype else self.network_.astype(X.dtype)
        with using_backend(self.backend):
            return network.logits(X)

    def _noise(self):
        return getattr(self.loss_, "T", None)

    def _predict_proba(self, X):
        with using_backend(self.backend):
            return to_host(softmax(to_device(self._logits(X))))

    def _make_loss(self):
        if isinstance(self.loss, Loss):
            own = getattr(self.loss, "T", None)  # a loss gets numbers of classes, so its T must be in their order
            if own is not None and own.classes not in (None, self.classes_.tolist()):
                raise ValueError(f"loss has a T with labels {own.classes}; they should be {self.classes_.tolist()}")
            return self.loss
        check_choice(LOSSES, loss=self.loss)
        if self.loss == "cross_entropy":
            return CrossEntropy()
        if self.T is None:
            raise ValueError(f"loss={self.loss!r} needs T, the transition matrix; scratchnoise.estimate estimates one")
        T = as_transition_for(self.T, self.classes_, self.class_count_)
        return BackwardCorrected(T, self.risk) if self.loss == "backward" else ForwardCorrected(T)

    def _check_parameters(self):
        check_count(1, MOST_EPOCHS, epochs=self.epochs)
        check_count(batch_size=self.batch_size)
        check_below_one(momentum=self.momentum)
        check_not_negative(weight_decay=self.weight_decay)
        if isinstance(self.learning_rate, str) and self.learning_rate != "auto":
            raise ValueError(f"learning_rate={self.learning_rate!r} should be 'auto' or a number above 0")
        if not isinstance(self.learning_rate, str):
            check_positive(learning_rate=self.learning_rate)
        check_choice(RISKS, risk=self.risk)
        if self.on_epoch is not None and not callable(self.on_epoch):
            raise ValueError(f"on_epoch={shown(self.on_epoch)} should be a function of (model, row), or None")
