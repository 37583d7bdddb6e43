"""The benchmark of ten classes: its noises, what each method is told, and its table."""

import numpy as np
import pytest
from experiments import goes_on_where_it_stopped

from scratchnoise.data import Dataset, cifar10, fashion_mnist
from scratchnoise.study import published, ten_classes
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


def recorded(noise, method, accuracies, network="mlp", data="cifar10"):
    """Rows of one cell, a draw for each accuracy."""
    cell = {"data": data, "network": network, "noise": noise, "method": method}
    return [cell | {"draw": draw, "accuracy": found, "chosen": 0.7} for draw, found in enumerate(accuracies)]


def test_the_table_has_means_and_deviations():
    _, _, line = ten_classes.table(recorded("pair 45 %", "co-teaching", [0.5, 0.6]))
    assert line == "| cifar10 | mlp | pair 45 % | co-teaching | 0.550 (0.071) | 0.700 (0.000) |  | 2 |"


def test_a_published_figure_is_beside_ours_and_its_bar_is_two_standard_errors():
    """Table 5 of Han et al.: 0.4950, deviation 0.0042, five runs. Ours have a deviation of 0.01 and five draws.

    One standard error would miss the second gap, and a difference of either sign the third.
    """
    spread = 0.01 * np.array([-1, -1, 0, 1, 1])
    two_errors = 2 * np.sqrt(0.01**2 / 5 + 0.0042**2 / 5)
    for gap, reached in ((-two_errors - 1e-4, False), (-two_errors + 1e-4, True), (0.2, True)):
        rows = recorded("pair 45 %", "cross-entropy", 0.4950 + gap + spread)
        (answer,) = published.answers(rows)
        assert answer.figure.source.name.startswith("Han et al. 2018") and answer.draws == 5
        assert answer.difference == pytest.approx(gap) and answer.error == pytest.approx(two_errors / 2)
        assert answer.is_reached is reached
        (line,) = [line for line in published.table(rows) if f"{0.4950 + gap:.4f} |" in line]
        assert ("| reached |" in line) is reached
        assert ("nine convolutional" in line and "two hidden layers of 128 units" in line) is not reached


def test_a_figure_is_for_its_own_data_noise_and_method():
    rows = recorded("pair 45 %", "cross-entropy", [0.9, 0.9], data="fashion-mnist")
    rows += recorded("asymmetric 40 %", "cross-entropy", [0.9, 0.9])
    rows += recorded("pair 45 %", "forward, T known", [0.9, 0.9]) + recorded("pair 45 %", "co-teaching", [0.9])
    assert published.answers(rows) == []
    assert published.table(rows)[2:] == [line for line in published.table([])[2:] if line.endswith("no rows of ours |")]
    first, alone = published.described(rows)
    assert first.startswith("of 12 published figures: 12 without two draws of ours; of 0 comparisons 0 reached, 0 not")
    assert alone.startswith("fashion-mnist: no published figure")


def test_reached_and_missed_figures_are_counted():
    rows = recorded("symmetric 20 %", "co-teaching", [0.821, 0.823], network="annex")  # one of two sources is passed
    (line,) = published.described(rows)
    assert line == "of 12 published figures: 10 without two draws of ours; of 2 comparisons 2 reached, 0 not"
    rows = recorded("symmetric 20 %", "co-teaching", [0.8219, 0.8220], network="annex")
    assert [answer.is_reached for answer in published.answers(rows)] == [False, True]
    assert published.described(rows)[0].endswith("of 2 comparisons 1 reached, 1 not")
    assert published.verdict(rows) == ["**1 of 2 published figures that can be compared are reached.**"]
    both = rows + recorded("symmetric 20 %", "co-teaching", [0.9, 0.91], network="mlp")  # a figure is reached once
    assert published.verdict(both) == ["**2 of 2 published figures that can be compared are reached.**"]
    assert "is open" in published.verdict(rows[:1])[0], "one draw tells nothing"


def test_every_published_figure_is_of_a_noise_a_method_and_a_data_set_of_ours():
    for figure in published.PUBLISHED:
        assert figure.noise in ten_classes.NOISES and figure.method in ten_classes.METHODS
        assert figure.data in ten_classes.TAKEN_FOR and 0 < figure.accuracy < 1
    assert set(published.OURS) == set(ten_classes.EPOCHS)
    keys = [(f.data, f.noise, f.method, f.source) for f in published.PUBLISHED]
    assert len(set(keys)) == len(keys)


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
