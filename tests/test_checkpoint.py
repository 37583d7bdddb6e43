"""A training that was killed goes on from its checkpoint, and ends with the bits of one that was not."""

import json
import os
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest

from scratchnoise.losses import ForwardCorrected
from scratchnoise.models import CoTeaching, NeuralNetwork
from scratchnoise.network import Network, averaging, early_stopping, optim
from scratchnoise.network.checkpoint import Checkpoint
from scratchnoise.network.layers import BatchNorm, Dropout, Flatten, Linear, ReLU
from scratchnoise.network.training import train

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
LAYERS = [Flatten(), Linear(8), BatchNorm(), ReLU(), Dropout(0.5), Linear(3)]
EPOCHS = 5
TWINS = {"model": CoTeaching, "forget_rate": 0.3, "warm_up": 3, "solver": "adam"}
VARIANTS = {
    "sgd": {},
    "adam": {"solver": "adam"},
    "forward": {"loss": ForwardCorrected(T), "weight_decay": 0.01},
    "exponential": {"averaging": "exponential"},
    "stochastic": {"averaging": "stochastic", "epochs": 8},
    "stopping": {"early_stopping": True, "n_iter_no_change": 4, "learning_rate": 0.5, "epochs": 15},
    "mixup": {"mixup": 0.3},
    "remembering": {"loss": "early_learning"},
    "twins": TWINS,
    "averaged twins": {**TWINS, "averaging": "exponential"},
    "stochastic twins": {**TWINS, "averaging": "stochastic", "epochs": 8},
}


class Killed(Exception):
    """Stands for the end of the process."""


@pytest.fixture
def samples():
    """x (60, 4) float32 and y (60,): learnable."""
    rng = np.random.default_rng(3)
    y = rng.integers(3, size=60)
    return rng.normal(size=(60, 4)).astype(np.float32) + 0.5 * y[:, None].astype(np.float32), y


def make(checkpoints=None, model=NeuralNetwork, **settings):
    shared = {"network": Network(LAYERS), "epochs": EPOCHS, "batch_size": 13, "learning_rate": 0.05}
    return model(**{**shared, "random_state": 0, "backend": "numpy", "checkpoints": checkpoints, **settings})


def dies_in(epoch):
    def on_epoch(model, row):
        if row["epoch"] == epoch:
            raise Killed

    return on_epoch


def killed(samples, folder, epoch, **settings):
    """Leave what a fit leaves that dies in this epoch."""
    with pytest.raises(Killed):
        make(folder, on_epoch=dies_in(epoch), **settings).fit(*samples)


def learnt(model):
    """The bits of everything that a fit leaves, seconds excepted."""
    rows = [{name: value for name, value in row.items() if name != "seconds"} for row in model.history_]
    networks = [model.network_, *([model.peer_] if hasattr(model, "peer_") else [])]
    arrays = [array.tobytes() for network in networks for layer in network.state() for array in layer.values()]
    return json.dumps(rows), arrays


@pytest.mark.parametrize("epoch", [2, EPOCHS])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_fit_that_was_killed_ends_with_the_bits_of_one_that_was_not(samples, tmp_path, variant, epoch):
    settings = VARIANTS[variant]
    whole = make(**settings).fit(*samples)
    killed(samples, tmp_path, epoch, **settings)
    epochs = []
    resumed = make(tmp_path, on_epoch=lambda _, row: epochs.append(row["epoch"]), **settings).fit(*samples)
    assert learnt(resumed) == learnt(whole)
    assert epochs == list(range(epoch, whole.history_[-1]["epoch"] + 1)), "epochs that are done are not run again"
    np.testing.assert_array_equal(resumed.predict_proba(samples[0]), whole.predict_proba(samples[0]))


def test_killed_in_every_epoch(samples, tmp_path):
    whole = make().fit(*samples)
    for epoch in range(1, EPOCHS + 1):
        killed(samples, tmp_path, epoch)
    assert learnt(make(tmp_path).fit(*samples)) == learnt(whole)


def forgets(cls, name, value):
    """A mutant of a part's state that leaves one thing out."""

    def wrong(monkeypatch):
        right = cls.state
        monkeypatch.setattr(cls, "state", lambda self: {**right(self), name: value(right(self)[name])})

    return wrong


def zeros(kept):
    return {name: np.zeros_like(array) for name, array in kept.items()}


def forgets_the_order(monkeypatch):
    right = Checkpoint.follow

    def wrong(self, step):
        before = self.rng.bit_generator.state
        right(self, step)
        self.rng.bit_generator.state = before

    monkeypatch.setattr(Checkpoint, "follow", wrong)


def forgets_the_weights(monkeypatch):
    monkeypatch.setattr(Network, "set_state", lambda self, state: None)


MUTANTS = {
    "velocity": ("sgd", forgets(optim.SGD, "velocity", zeros)),
    "square": ("adam", forgets(optim.Adam, "square", zeros)),
    "steps": ("adam", forgets(optim.Adam, "steps", lambda steps: 0)),
    "mean": ("exponential", forgets(averaging.WeightAverage, "mean", lambda mean: None)),
    "means of twins": ("averaged twins", forgets(averaging.WeightAverage, "mean", lambda mean: mean[:6] + mean[:6])),
    "seen": ("exponential", forgets(averaging.WeightAverage, "seen", lambda seen: 0)),
    "best epoch": ("stopping", forgets(early_stopping.EarlyStopping, "lowest", lambda lowest: np.inf)),
    "order": ("sgd", forgets_the_order),
    "weights": ("sgd", forgets_the_weights),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_what_is_forgotten_shows(samples, tmp_path, monkeypatch, name):
    variant, mutate = MUTANTS[name]
    whole = make(**VARIANTS[variant]).fit(*samples)
    mutate(monkeypatch)
    epoch = 2
    if variant == "stopping":
        epoch = whole.history_[-1]["epoch"]
        assert epoch < VARIANTS[variant]["epochs"], "it should stop early, with the weights of another epoch"
    killed(samples, tmp_path, epoch, **VARIANTS[variant])
    assert learnt(make(tmp_path, **VARIANTS[variant]).fit(*samples)) != learnt(whole)


def test_a_training_without_a_seed_goes_on_as_well(samples, tmp_path):
    """The initial weights and dropout's seed are those of the run that was killed."""
    killed(samples, tmp_path, 3, random_state=None)
    first = make(tmp_path, random_state=None).fit(*samples)
    again = make(tmp_path, random_state=None).fit(*samples)  # the file of the last epoch but one is still there
    assert learnt(first) == learnt(again)
    assert learnt(make(random_state=None).fit(*samples)) != learnt(first)


def test_a_generator_goes_on_where_an_uninterrupted_fit_leaves_it(samples, tmp_path):
    for bits in (np.random.PCG64, np.random.MT19937):
        uninterrupted, restarted = np.random.Generator(bits(5)), np.random.Generator(bits(5))
        whole = make(random_state=uninterrupted).fit(*samples)
        killed(samples, tmp_path, 3, random_state=np.random.Generator(bits(5)))
        assert learnt(make(tmp_path, random_state=restarted).fit(*samples)) == learnt(whole)
        assert restarted.integers(2**60) == uninterrupted.integers(2**60)


@pytest.mark.parametrize(
    "change",
    [
        {"random_state": 1},
        {"learning_rate": 0.0500001},
        {"weight_decay": 1e-9},
        {"epochs": EPOCHS + 1},
        {"backend": "loops"},
        {"network": Network([Flatten(), Linear(8), ReLU(), Linear(3)])},
        {"loss": ForwardCorrected(np.linalg.matrix_power(T, 2))},
        {"loss": ForwardCorrected(T + 1e-9 * np.array([[1], [0], [-1]]))},
        {"x": 1e-6},
        {"y": 1},
        {"version": "9.9"},
    ],
    ids=str,
)
def test_another_fit_begins_at_its_beginning(samples, tmp_path, monkeypatch, change):
    x, y = samples
    killed(samples, tmp_path, 3, loss=ForwardCorrected(T))
    change = dict(change)
    x = x + np.float32(change.pop("x", 0))
    y = np.roll(y, change.pop("y", 0))
    monkeypatch.setattr("scratchnoise.models.resuming.__version__", change.pop("version", "0.1.0"))
    epochs = []
    settings = {"loss": ForwardCorrected(T), **change}
    make(tmp_path, on_epoch=lambda _, row: epochs.append(row["epoch"]), **settings).fit(x, y)
    assert epochs[0] == 1


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text", "pickle", "huge"])
def test_a_damaged_checkpoint_is_said_and_left_out(samples, tmp_path, damage):
    killed(samples, tmp_path, 3)
    (path,) = tmp_path.iterdir()
    content = bytearray(path.read_bytes())
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    if damage in ("pickle", "huge"):
        np.savez(path, description=np.array([{}]) if damage == "pickle" else np.zeros(3))
        content = path.read_bytes().replace(b"'shape': (3,)", b"'shape': (9**15,)"[:13]) if damage == "huge" else None
    changed = {"cut": content and content[:-50], "empty": b"", "text": b"no file of NumPy's"}.get(damage, content)
    if changed is not None:
        path.write_bytes(changed)
    with pytest.warns(UserWarning, match=f"{path.name}.* is damaged .* begins anew"):
        resumed = make(tmp_path).fit(*samples)
    assert learnt(resumed) == learnt(make().fit(*samples))


def test_every_cut_and_many_flips_are_noticed_or_change_nothing(samples, tmp_path):
    killed(samples, tmp_path, 3)
    (path,) = tmp_path.iterdir()
    whole, content = learnt(make().fit(*samples)), path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(40):
        damaged = bytearray(content)
        damaged[rng.integers(len(content))] ^= 1 << int(rng.integers(8))
        path.write_bytes(damaged if rng.random() < 0.7 else content[: rng.integers(len(content))])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert learnt(make(tmp_path).fit(*samples)) == whole


def test_a_folder_that_cannot_be_written_is_named(samples, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"the checkpoint '.*file/.*npz' cannot be written"):
        make(tmp_path / "file").fit(*samples)
    with pytest.raises(ValueError, match="checkpoints=3"):
        make(3).fit(*samples)


FIT = """
import sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from test_checkpoint import make
rng = np.random.default_rng(3)
y = rng.integers(3, size=3000)
x = rng.normal(size=(3000, 40)).astype(np.float32) + y[:, None].astype(np.float32)
model = make(sys.argv[2], epochs=20, learning_rate=0.01).fit(x, y)
np.savez(sys.argv[3], *[array for layer in model.network_.state() for array in layer.values()])
"""


@pytest.mark.slow
def test_killed_at_random_moments_it_still_ends_with_the_same_bits(tmp_path):
    """kill -9, also while the checkpoint is being written."""

    def start(checkpoints, out):
        command = [sys.executable, "-c", FIT, os.path.dirname(__file__), tmp_path / checkpoints, tmp_path / out]
        return subprocess.Popen(command)

    assert start("other", "whole.npz").wait(120) == 0
    rng, seen = np.random.default_rng(0), 0
    for _ in range(4):
        program = start("folder", "resumed.npz")
        while program.poll() is None and not list((tmp_path / "folder").glob("*.npz")):
            time.sleep(0.005)
        time.sleep(rng.uniform(0, 0.3))
        seen += program.poll() is None
        program.kill()
        program.wait()
    assert start("folder", "resumed.npz").wait(120) == 0 and seen > 0
    with np.load(tmp_path / "whole.npz") as whole, np.load(tmp_path / "resumed.npz") as resumed:
        assert all(whole[name].tobytes() == resumed[name].tobytes() for name in whole.files)


def test_train_takes_a_checkpoint_of_its_generator(samples, tmp_path):
    x, y = samples

    def losses(name, on_epoch=None):
        rng, network = np.random.default_rng(0), Network([Linear(3)])
        checkpoint = Checkpoint(tmp_path / name, rng)
        network.build((4,), rng)
        steps = {"on_epoch": on_epoch, "checkpoint": checkpoint}
        return [row["loss"] for row in train(network, ForwardCorrected(T), x, y, rng, 4, 7, 0.1, **steps)]

    with pytest.raises(Killed):
        losses("killed.npz", lambda row: dies_in(2)(None, row))
    assert losses("killed.npz") == losses("whole.npz")
