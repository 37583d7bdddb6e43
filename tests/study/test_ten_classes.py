"""The benchmark of ten classes: its noises, what each method is told, and its table."""

import numpy as np
import pytest
from experiments import goes_on_where_it_stopped

from scratchnoise.data import Dataset, cifar10, fashion_mnist
from scratchnoise.study import ten_classes
from scratchnoise.transition import TransitionMatrix

CLASSES = {"fashion-mnist": fashion_mnist.CLASS_NAMES, "cifar10": cifar10.CLASS_NAMES}


@pytest.mark.parametrize("data", CLASSES)
@pytest.mark.parametrize(("name", "share"), [("symmetric 20 %", 0.2), ("symmetric 50 %", 0.5), ("pair 45 %", 0.45)])
def test_a_noise_has_the_share_of_wrong_labels_of_its_name(data, name, share):
    T = ten_classes.transition(data, name, CLASSES[data]).array
    np.testing.assert_allclose(np.diag(T), 1 - share)
    wrong = T[~np.eye(10, dtype=bool)]
    assert (wrong > 0).sum() == (10 if name.startswith("pair") else 90)


@pytest.mark.parametrize("data", CLASSES)
def test_asymmetric_noise_takes_five_classes_for_what_they_look_like(data):
    T, names = ten_classes.transition(data, "asymmetric 40 %", CLASSES[data]).array, CLASSES[data]
    found = {names[j]: names[i] for i, j in zip(*np.nonzero(T), strict=True) if i != j}
    assert found == ten_classes.TAKEN_FOR[data]
    np.testing.assert_array_equal(sorted(np.diag(T)), [0.6] * 5 + [1.0] * 5)


@pytest.fixture
def small(monkeypatch):
    """Ten classes of tiny images; two noises; one epoch."""
    rng = np.random.default_rng(0)
    y = np.arange(300) % 10
    x = rng.integers(0, 60, (300, 8, 8))
    x[np.arange(300), y % 5, :4] += 150
    x[np.arange(300), 5 + y // 5, 4:] += 150
    x = x.astype(np.uint8)
    dataset = Dataset("small", x, y, x[:100], y[:100], fashion_mnist.CLASS_NAMES)
    monkeypatch.setattr(ten_classes.data, "load", lambda *_, **__: dataset)
    monkeypatch.setattr(ten_classes, "available", lambda: ["fashion-mnist"])
    monkeypatch.setattr(ten_classes, "NOISES", {"symmetric 20 %": 0.2, "pair 45 %": 0.45})
    monkeypatch.setattr(ten_classes, "EPOCHS", {"mlp": 2})


def test_every_method_is_recorded(small, tmp_path):
    rows = goes_on_where_it_stopped(ten_classes.measure, tmp_path / "rows.jsonl")
    assert len(rows) == 2 * len(ten_classes.METHODS)
    assert {row["method"] for row in rows if "error" in row} == {"forward, T estimated"}
    lines = ten_classes.table(rows)
    assert len(lines) == 2 + len(rows) and len({line.count("|") for line in lines}) == 1


class Recorder:
    """A model that keeps what it was told."""

    made: list = []

    def __init__(self, **settings):
        self.settings, self.network_ = settings, self
        self.made.append(self)

    def fit(self, x, y):
        self.settings["on_epoch"](self, {"epoch": 1})
        return self

    def state(self):
        return "best"

    def set_state(self, state):
        assert state == "best"

    def predict(self, x):
        return np.zeros(len(x))

    def score(self, x, y):
        return 0.5


@pytest.mark.parametrize("method", ten_classes.METHODS)
def test_what_a_method_is_told(small, monkeypatch, method):
    monkeypatch.setattr(ten_classes, "NeuralNetwork", Recorder)
    monkeypatch.setattr(ten_classes, "CoTeaching", Recorder)
    guess = TransitionMatrix(0.9 * np.eye(10) + 0.01)
    monkeypatch.setattr(ten_classes, "estimate", lambda *_: guess)
    T = ten_classes.transition("fashion-mnist", "pair 45 %", fashion_mnist.CLASS_NAMES)
    part = np.zeros((20, 4)), np.arange(20) % 10
    found = ten_classes._scores(method, "mlp", part, part, part, T, 0)
    told = Recorder.made[-1].settings
    assert told.get("T") is {"forward, T known": T, "forward, T estimated": guess}.get(method)
    assert told.get("forget_rate") == (pytest.approx(0.45) if method == "co-teaching" else None)
    assert found.get("error") == (pytest.approx(np.abs(guess.array - T.array).mean()) if "est" in method else None)


def test_the_table_has_means_deviations_and_what_is_published():
    rows = [
        {"data": "cifar10", "network": "annex", "noise": "pair 45 %", "method": method, "draw": draw}
        | {"accuracy": 0.5 + 0.1 * draw, "chosen": 0.7}
        for method in ("co-teaching", "cross-entropy")
        for draw in (0, 1)
    ]
    _, _, taught, plain = ten_classes.table(rows)
    assert taught == "| cifar10 | annex | pair 45 % | co-teaching | 0.550 (0.071) | 0.700 (0.000) |  | 2 | 0.729 |"
    assert plain.endswith("| 2 |  |")


def test_what_was_not_run_is_told():
    cell = {"data": "cifar10", "network": "mlp", "noise": "pair 45 %"}
    rows = [{**cell, "method": method, "draw": draw} for method in ten_classes.METHODS for draw in (0, 1)]
    told = {line.split(": ")[0]: line for line in ten_classes.not_run(rows[:-1])}
    assert "4 of pair 45 %, 5 of asymmetric 40 %" in told["cifar10, mlp"], "the second draw lacks its last method"
    assert "3 of pair 45 %" in ten_classes.not_run(rows)[2] and len(told) == 4
    whole = [
        {"data": name, "network": network, "noise": noise, "method": method, "draw": draw}
        for name in ten_classes.TAKEN_FOR
        for network in ten_classes.EPOCHS
        for noise in ten_classes.NOISES
        for method in ten_classes.METHODS
        for draw in range(5)
    ]
    assert ten_classes.not_run(whole) == []


def test_cifar10_is_left_out_where_its_archive_is_not(monkeypatch):
    for found, names in ((None, ["fashion-mnist"]), ("there", ["fashion-mnist", "cifar10"])):
        monkeypatch.setattr(ten_classes.store, "find", lambda file, found=found: found)
        assert ten_classes.available() == names
