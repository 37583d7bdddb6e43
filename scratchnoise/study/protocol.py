"""The report's protocol: its data, its noise, its methods at its settings, and ours beside them.

Train on a random 90 % of the noisy training set, test on the clean test set; Table 2 is a 5-fold cross-validation on
the clean test set. What the report calls an iteration is read as one minibatch step.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zlib import crc32

import numpy as np

from .. import data, noise
from ..data import images
from ..messages import nearest
from ..models import FlipCorrected, NeuralNetwork, RobustSoftmaxRegression, SoftmaxRegression
from ..transition import TransitionMatrix

TRAIN_SHARE = 0.9
RECORDED_EPOCHS = (2, 7, 12, 30)  # the report's are 2, 7 and 30; the last epoch is recorded in any case


@dataclass(frozen=True)
class Preset:
    """How much is run. n_train, n_test: at most so many samples (None: all); epochs: of networks."""

    name: str
    n_train: int | None
    n_test: int | None
    epochs: int
    linear_repetitions: int
    network_repetitions: int
    posteriors: str  # whose out-of-fold posteriors estimate T: "MLR" or "NN"


PRESETS = {
    "quick": Preset("quick", 6000, 1000, 6, 5, 1, "MLR"),
    "paper": Preset("paper", None, None, 30, 10, 3, "NN"),
}
DEFAULT_NOISE = {"garments": ("0.5", "0.6"), "fashion-mnist": ("0.5", "0.6"), "cifar10": ("hidden",)}


@dataclass(frozen=True)
class Task:
    """One noisy data set, as every method gets it: labels `y_noisy`, T where the methods may know it."""

    x_train: np.ndarray
    y_train: np.ndarray
    y_noisy: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple
    T_true: TransitionMatrix | None  # what corrupted the labels, for scoring estimates
    T_known: TransitionMatrix | None  # what the methods are told


@dataclass(frozen=True)
class Method:
    """One line of the tables: a model with its settings, and how images become its input (see `prepare`)."""

    model: type
    pixels: str
    settings: dict
    needs_T: bool = False

    @property
    def is_network(self):
        return self.model is NeuralNetwork

    def make(self, T, seed, epochs):
        """A model of this method, unfitted; T is ignored where the method does not use it."""
        given = {"T": T} if self.needs_T else {}
        given |= {**NETWORK, "epochs": epochs} if self.is_network else {}
        return self.model(**{**given, **self.settings}, random_state=seed)


# the report's linear methods
SGD = {"solver": "sgd", "learning_rate": 0.1, "batch_size": 100, "max_iter": 1000, "tol": 3e-6, "l2": 0.0}
MLR = {**SGD, "max_steps": 1000}
TUNED = {**SGD, "l2": 3e-3, "max_iter": 20, "averaging": True, "tol": 0}  # on pixels in [-1, 1]
NETWORK = {  # how the report trains it; pixels come in [-1, 1]
    **{"network": "annex", "solver": "sgd", "batch_size": 252, "momentum": 0.9},
    **{"scaling": None, "early_stopping": False},
}
RAW = {"loss": "backward", "risk": "raw", "learning_rate": 0.01}  # the report's settings
GUARDED = {"risk": "relu", "learning_rate": "auto", "weight_decay": 0.03}

AS_PRINTED = {"estimator": SoftmaxRegression(**MLR), "mapping": "bayes", "prior": "uniform"}
INVERSE = {"estimator": SoftmaxRegression(**MLR), "mapping": "inverse"}

METHODS = {
    "MLR": Method(SoftmaxRegression, "unit", MLR),
    "MLR (centred pixels)": Method(SoftmaxRegression, "centred", MLR),
    "MLR (flipped, as printed)": Method(FlipCorrected, "unit", AS_PRINTED, needs_T=True),
    "MLR (flipped, inverse)": Method(FlipCorrected, "unit", INVERSE, needs_T=True),
    "rMLR": Method(RobustSoftmaxRegression, "unit", {**SGD, "max_steps": 250}, needs_T=True),
    "rMLR (tuned)": Method(RobustSoftmaxRegression, "symmetric", TUNED, needs_T=True),
    "rMLR (learnt rates)": Method(RobustSoftmaxRegression, "symmetric", TUNED),
    "NN": Method(NeuralNetwork, "network", {"loss": "cross_entropy", "learning_rate": 0.01}),
    "NN backward (raw)": Method(NeuralNetwork, "network", RAW, needs_T=True),
    "NN backward": Method(NeuralNetwork, "network", {"loss": "backward", **GUARDED}, needs_T=True),
    "NN forward": Method(NeuralNetwork, "network", {"loss": "forward", "learning_rate": "auto"}, needs_T=True),
}
CLEAN = {"MLR (clean)": METHODS["MLR"], "NN (clean)": METHODS["NN"]}  # Table 2
CLEAN_FOLDS = 5
ESTIMATES = {  # method of `estimate_transition` -> its name in the tables
    "argmax": "T anchor (argmax)",
    "quantile": "T anchor (quantile)",
    "top_k": "T anchor (top k)",
    "confident_joint": "T confident joint",
}
CLEAN_EPOCHS = {"cifar10": 30}  # Table 2: until the validation loss was flat, 7 epochs elsewhere
POSTERIOR_EPOCHS = 5  # plain training this long has not begun to memorise


def parse_noise(text, n_classes):
    """The transition matrix that a noise name stands for; None for "given", labels that are noisy already.

    "0.5" and "0.6" are Eq. (38) and Eq. (39); "hidden" is Eq. (40), here (39), which the methods are not told;
    "uniform:RHO", "pair:RATE", or the path of an .npy file that holds T. Raises ValueError for anything else.
    """
    fixed = {"0.5": noise.MNIST05, "0.6": noise.MNIST06, "hidden": noise.MNIST06, "given": None}
    generators = {"uniform": noise.uniform, "pair": noise.pair_flip}
    name, _, rate = text.partition(":")
    if text in fixed:
        if fixed[text] is not None and n_classes != 3:
            raise ValueError(f"noise={text!r} is for 3 classes, the data has {n_classes}; use uniform:RHO or pair:RATE")
        return fixed[text]
    if name in generators and rate:
        try:
            return generators[name](n_classes, float(rate))
        except ValueError as error:
            raise ValueError(f"noise={text!r}: {error}") from error
    if text.endswith(".npy"):
        return TransitionMatrix(np.load(text, allow_pickle=False))
    raise ValueError(f"noise={text!r} is unknown; {nearest(text, [*fixed, 'uniform:RHO', 'pair:RATE', 'FILE.npy'])}")


@lru_cache(maxsize=2)
def load_task(data_name, noise_name, preset, seed):
    """The noisy data set of a study; the noise is drawn once, repetitions draw subsets of it.

    data_name, noise_name: as on the command line; preset: Preset; seed: int -> Task.
    """
    options = {"n_train": 18000, "n_test": 3000} if data_name == "garments" else {}
    dataset = data.load(data_name, **options)
    rng = np.random.default_rng([seed, crc32(f"{Path(data_name).name} {noise_name}".encode())])
    n_train, n_test = len(dataset.y_train), len(dataset.y_test)
    if (preset.n_train or n_train) < n_train or (preset.n_test or n_test) < n_test:
        dataset = dataset.subsample(min(preset.n_train, n_train), min(preset.n_test, n_test), rng)
    T = parse_noise(noise_name, len(dataset.class_names))
    if (T is None) != dataset.noisy:
        wrong = "noisy already: use 'given'" if dataset.noisy else "clean: 'given' would leave them so"
        raise ValueError(f"noise={noise_name!r}: the training labels of {data_name} are {wrong}")
    y_noisy = dataset.y_train if T is None else noise.corrupt(dataset.y_train, T, rng)
    return Task(
        dataset.x_train,
        dataset.y_train,
        y_noisy,
        dataset.x_test,
        dataset.y_test,
        dataset.class_names,
        T,
        None if noise_name == "hidden" else T,
    )


def prepare(x, pixels, reference=None):
    """Images as a method wants them, float32.

    pixels "unit": rows of pixels in [0, 1]; "symmetric": rows in [-1, 1]; "centred": rows in [0, 1] less the mean of
    `reference`, the training images; "network": 32 x 32 x 3 in [-1, 1].
    """
    if pixels == "network":
        return images.for_network(x)
    rows = images.for_linear_model(x)
    if pixels == "symmetric":
        return 2 * rows - 1
    if pixels == "centred":
        return rows - images.for_linear_model(reference).mean(axis=0)
    return rows
