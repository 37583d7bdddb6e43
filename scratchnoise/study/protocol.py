"""The report's protocol: its data and its noise, drawn anew for every repetition.

Repetition r draws the noise of every training label, the 90 % of the training set that the methods learn from, and the
seed of their initial weights and shuffles. `draw` = r numbers these three; all methods of a repetition get the same, so
that they can be compared in pairs. The report says "trained on 90% of Training Set over 10 folds", which can be read as

    ten random subsets of 90 % (read so here), or
    tenfold cross-validation, in which each fold leaves out another tenth of one noisy training set.

Neither says whether the noise was drawn once. With one draw the deviations leave out what the noise itself adds:
under (39) rMLR has a deviation of 0.030 over draws. Table 2 is a 5-fold cross-validation on the clean test set.
Everything is scored on the clean test set.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zipfile import BadZipFile
from zlib import crc32

import numpy as np

from .. import data, noise
from ..content import content_of
from ..data import images
from ..messages import nearest
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
    posteriors: str  # whose out-of-fold posteriors estimate T: a method that has not learnt the noise by heart


PRESETS = {
    "quick": Preset("quick", 4000, 1000, 6, 2, 1, "MLR (own settings)"),
    "paper": Preset("paper", None, None, 30, 10, 5, "NN"),
}
DEFAULT_NOISE = {"garments": ("0.5", "0.6"), "fashion-mnist": ("0.5", "0.6"), "cifar10": ("hidden",)}


@dataclass(frozen=True)
class Task:
    """One noisy data set, as every method gets it: labels `y_noisy`, T where the methods may know it."""

    x_train: np.ndarray
    y_train: np.ndarray | None  # the clean labels, None where nobody knows them
    y_noisy: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple
    T_true: TransitionMatrix | None  # what corrupted the labels, for scoring estimates
    T_known: TransitionMatrix | None  # what the methods are told
    chosen: np.ndarray  # indices of the 90 % that the methods learn from
    model_seed: int

    @property
    def left_out(self):
        """Indices of the training samples that no method learns from: noisy validation data."""
        return np.setdiff1d(np.arange(len(self.y_noisy)), self.chosen)


def parse_noise(text, n_classes):
    """The transition matrix that a noise name stands for; None for "given", labels that are noisy already.

    "0.5" and "0.6" are Eq. (38) and Eq. (39); "hidden" is Eq. (40), here (39), which the methods are not told;
    "uniform:RHO", "pair:RATE", or the path of an .npy file that holds T. "given:" before one of these is the T of
    labels that are noisy already. Raises ValueError for anything else.
    """
    argument = "noise"
    fixed = {"0.5": noise.MNIST05, "0.6": noise.MNIST06, "hidden": noise.MNIST06, "given": None}
    if text.startswith("given:"):
        argument, text = "T", text.removeprefix("given:")
        del fixed["hidden"], fixed["given"]  # these are no matrices
    asked = f"{argument}={text!r}"
    generators = {"uniform": noise.uniform, "pair": noise.pair_flip}
    name, _, rate = text.partition(":")
    if text in fixed:
        if fixed[text] is not None and n_classes != 3:
            raise ValueError(f"{asked} is for 3 classes, the data has {n_classes}; use uniform:RHO or pair:RATE")
        return fixed[text]
    if name in generators and rate:
        try:
            return generators[name](n_classes, float(rate))
        except ValueError as error:
            raise ValueError(f"{asked}: {error}") from error
    if text.endswith(".npy"):
        return _saved_transition(asked, text, n_classes)
    raise ValueError(f"{asked} is unknown; {nearest(text, [*fixed, 'uniform:RHO', 'pair:RATE', 'FILE.npy'])}")


def _saved_transition(asked, path, n_classes):
    wanted = f"an .npy file with a {n_classes} x {n_classes} matrix of numbers"
    try:
        T = np.load(path, allow_pickle=False)
    except OSError as error:
        raise ValueError(f"{asked} cannot be read ({error.strerror}); it should be {wanted}") from error
    except (ValueError, EOFError, MemoryError, BadZipFile) as error:  # not NumPy's, or a header that claims too much
        raise ValueError(f"{asked} is not {wanted}") from error
    if not isinstance(T, np.ndarray) or T.shape != (n_classes, n_classes):
        shape = f"has shape {T.shape}" if isinstance(T, np.ndarray) else "holds several arrays"
        raise ValueError(f"{asked} {shape}; it should be {wanted}, one column a class")
    try:
        return TransitionMatrix(T)
    except ValueError as error:
        raise ValueError(f"{asked}: {error}") from error


_sent: dict[tuple, data.Dataset] = {}  # (data_name, preset, seed) -> Dataset that another process has sent


@lru_cache(maxsize=2)
def load_data(data_name, preset, seed):
    """The clean samples of a study, at most as many as the preset says: Dataset."""
    if (data_name, preset, seed) in _sent:
        return _sent[data_name, preset, seed]
    options = {"n_train": 18000, "n_test": 3000} if data_name == "garments" else {}
    dataset = data.load(data_name, **options)
    n_train, n_test = len(dataset.y_train), len(dataset.y_test)
    if (preset.n_train or n_train) < n_train or (preset.n_test or n_test) < n_test:
        rng = np.random.default_rng([seed, crc32(Path(data_name).name.encode())])
        dataset = dataset.subsample(min(preset.n_train, n_train), min(preset.n_test, n_test), rng)
    return dataset


@lru_cache(maxsize=4)
def load_task(data_name, noise_name, preset, seed, draw=0):
    """The noisy data set of one repetition: `draw` numbers the noise, the subset and the seed.

    data_name, noise_name: as on the command line; preset: Preset; seed, draw: int -> Task.
    """
    dataset = load_data(data_name, preset, seed)
    T = parse_noise(noise_name, len(dataset.class_names))
    if noise_name.startswith("given") != dataset.noisy:
        wrong = "noisy already: use 'given'" if dataset.noisy else "clean: 'given' would leave them so"
        raise ValueError(f"noise={noise_name!r}: the training labels of {data_name} are {wrong}")
    name = Path(data_name).name
    for_noise = np.random.default_rng([seed, draw, crc32(f"{name} {noise_name}".encode())])
    rng = np.random.default_rng([seed, draw, crc32(name.encode())])  # the same subset for every noise, and for none
    y_noisy = dataset.y_train if dataset.noisy else noise.corrupt(dataset.y_train, T, for_noise)
    return Task(
        dataset.x_train,
        None if dataset.noisy else dataset.y_train,
        y_noisy,
        dataset.x_test,
        dataset.y_test,
        dataset.class_names,
        T,
        None if noise_name == "hidden" else T,
        rng.permutation(len(y_noisy))[: int(TRAIN_SHARE * len(y_noisy))],
        int(rng.integers(2**31)),
    )


@lru_cache(maxsize=2)
def data_hash(data_name, preset, seed):
    """What tells the samples of a study from others of the same name: str."""
    found = load_data(data_name, preset, seed)
    return content_of(found.x_train, found.y_train, found.x_test, found.y_test, *found.class_names)


def forget_data():
    """Read and draw everything anew from now on: a file may have changed."""
    for kept in (load_data, load_task, data_hash, pixels_of):
        kept.cache_clear()


def adopt(dataset, expected, data_name, preset, seed):
    """Make sure that this process works on the samples whose `data_hash` is `expected`.

    dataset: the samples as another process has sent them, or None where they are to be loaded here.
    Raises ValueError where what is loaded here differs.
    """
    if dataset is not None:
        _sent.clear()  # one study at a time
        _sent[data_name, preset, seed] = dataset
    if data_hash(data_name, preset, seed) != expected:
        forget_data()  # of a study before
    if data_hash(data_name, preset, seed) != expected:
        raise ValueError(f"{data_name!r} has other samples here than where the study was started")


def noise_hash(data_name, noise_name, preset, seed):
    """What tells a noise from others of the same name: the matrix, and whether the methods are told it; str."""
    T = parse_noise(noise_name, len(load_data(data_name, preset, seed).class_names))
    return content_of("told" if noise_name != "hidden" else "hidden", None if T is None else np.asarray(T))


@lru_cache(maxsize=1)
def pixels_of(data_name, preset, seed, pixels):
    """All images of a study as a method wants them, see `prepare`: x_train, x_test. Kept for the next repetition."""
    found = load_data(data_name, preset, seed)
    return tuple(prepare(x, pixels, found.x_train) for x in (found.x_train, found.x_test))


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
