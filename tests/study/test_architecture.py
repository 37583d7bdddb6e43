"""Depth, width, batch and data size: what is trained, which epoch is chosen, and what the page says of the rows."""

import numpy as np
import pytest
from experiments import goes_on_where_it_stopped

from scratchnoise.losses import ForwardCorrected
from scratchnoise.study import architecture
from scratchnoise.study.answers.architecture import batch, depth, size
from scratchnoise.study.sweeps import sweep


@pytest.fixture
def small(monkeypatch):
    """Three classes of four features, two settings of each kind."""
    rng = np.random.default_rng(0)
    y = np.arange(150) % 3
    x = (rng.normal(size=(150, 4)) + 4 * np.eye(3, 4)[y]).astype(np.float32)
    monkeypatch.setattr(architecture, "images", lambda: (x, y, x[:60], y[:60]))
    monkeypatch.setattr(architecture, "BASE", {"depth": 1, "width": 4, "batch": 10, "size": 60})
    monkeypatch.setattr(architecture, "SWEEPS", {"depth": (1, 2), "width": (4,), "batch": (10, 20), "size": (60, 90)})
    monkeypatch.setattr(architecture, "RATES", (0.0, 0.6))
    monkeypatch.setattr(architecture, "N_VALIDATION", 30)
    monkeypatch.setattr(architecture, "EPOCHS", 2)


def test_every_network_is_trained_at_every_rate(small, tmp_path):
    rows = goes_on_where_it_stopped(architecture.measure, tmp_path / "rows.jsonl")
    plain, forward, control = 4, 4, 2
    assert len(rows) == 2 * (plain + control) + forward + control, "with T = I the forward loss is plain cross-entropy"
    assert {row["size"] for row in rows} == {60, 90}
    assert architecture.accuracies(rows, 0.0, "forward") == architecture.accuracies(rows, 0.0)
    assert architecture.accuracies(rows, 0.6, "forward") != {}
    assert all(1 <= row["epoch"] <= 2 for row in rows)


class Recorder:
    """A model that keeps what it was made of, and has no skill."""

    made: list = []

    def __init__(self, network, **settings):
        self.network_ = network.build((4,), 0) and network
        self.settings = settings
        self.made.append(self)

    def fit(self, x, y):
        self.x, self.y = x, y
        self.settings["on_epoch"](self, {"epoch": 1})

    def predict(self, x):
        return np.zeros(len(x))

    def score(self, x, y):
        return 0.5


def test_what_a_network_is_told(small, monkeypatch):
    monkeypatch.setattr(architecture, "NeuralNetwork", Recorder)
    x, y, *_ = architecture.images()
    for setting in architecture.settings():
        architecture._scores(**setting, rate=0.6, draw=3)
        told = Recorder.made[-1]
        steps = told.settings["learning_rate"]
        proportional = {10: 0.01, 20: 0.02}[setting["batch"]]  # twice the base's for twice the batch
        if setting["loss"] == "forward":
            proportional *= ForwardCorrected(told.settings["T"]).step_scale
        assert steps == (pytest.approx(proportional) if setting["step"] == "proportional" else "auto")
        assert (told.settings["T"] is not None) == (setting["loss"] == "forward")
        assert len(told.x) == setting["size"] and told.settings["batch_size"] == setting["batch"]
        held = told.settings["on_epoch"].x
        assert len(held) == 30
        assert not {row.tobytes() for row in held} & {row.tobytes() for row in told.x}, "nothing was trained on these"
        clean = np.array([y[(x == row).all(axis=1)][0] for row in told.x])
        assert 0.2 < np.mean(told.y != clean) < 0.6, "0.6 drawn anew from three classes are 0.4 wrong"
    assert [layer.params["w"].shape for layer in architecture.network(2, 5, 3).layers if layer.params] == []
    deep = architecture.network(3, 5, 10)
    deep.build((4,), 0)
    assert [layer.params["w"].shape for layer in deep.layers if layer.params] == [(4, 5), (5, 5), (5, 5), (5, 10)]


class Told:
    """A model whose weights are the number of the epoch, and whose predictions are given."""

    def __init__(self, *right):
        self.right, self.network_, self.epoch = right, self, 0

    def predict(self, x):
        return np.arange(len(x)) >= self.right[self.epoch - 1]

    def state(self):
        return self.epoch


def test_the_chosen_epoch_is_the_first_with_the_best_accuracy_on_noisy_labels():
    best, model = architecture.BestEpoch(np.zeros(10), np.zeros(10)), Told(3, 7, 5, 7)
    for epoch in (1, 2, 3, 4):
        model.epoch = epoch
        best(model, {"epoch": epoch})
    assert (best.epoch, best.state) == (2, 2)


def test_a_second_start_forgets_the_first():
    best, model = architecture.BestEpoch(np.zeros(10), np.zeros(10)), Told(9, 2, 4)
    for place, epoch in enumerate((1, 1, 2), start=1):
        model.epoch = place
        best(model, {"epoch": epoch})
    assert (best.epoch, best.state) == (2, 3)


def rows_of(better):
    """Rows in which every setting has a score of its own; `better` adds to it: function of a row."""
    rows = [
        {**setting, "rate": rate, "draw": draw, "epoch": 1}
        for draw in range(3)
        for rate in architecture.RATES
        for setting in architecture.settings()
    ]
    return [row | {"accuracy": 0.5 + better(row), "chosen": 0.6 + better(row)} for row in rows]


@pytest.mark.parametrize(
    ("answer", "name", "ends"), [(depth, "depth", (6, 1)), (batch, "batch", (16, 1024)), (size, "size", (12000, 1000))]
)
def test_verdicts_follow_the_rows(answer, name, ends):
    """What one end gains in every draw is shown, and is a loss where the other end has it."""
    most, least = ends

    def gains(end):
        return rows_of(lambda row: (row[name] == end) * (0.1 + 0.001 * row["draw"]))

    better, worse = answer(gains(most)), answer(gains(least))
    said = 6 if name == "batch" else 3  # with steps in proportion, too
    assert better.sentence.count("in 3 of 3 settings, worse in 0 of 3") == said
    assert worse.sentence.count("in 0 of 3 settings, worse in 3 of 3") == said
    highest = [item for item in better.items if "the highest mean" in item]
    assert len(highest) == 3 and all(item.count(f"{most} at ") == len(item.split(" %")) - 1 for item in highest)
    gaps = [item for item in better.items if item not in highest]
    assert len(gaps) == 4 + 4 + 3 and all("+0.101" in item for item in gaps)
    nothing = answer(rows_of(lambda row: (row[name] == most) * 0.01 * (row["draw"] - 1)))
    assert sum("not shown" in item for item in nothing.items) == 11


def test_a_gain_is_that_of_one_setting_while_the_others_stay():
    rows = rows_of(lambda row: 0.2 * (row["depth"] == 6) - 0.1 * (row["loss"] == "forward") + 0.01 * row["rate"])
    assert architecture.gain(rows, 0.3, "depth", 6, 1).mean == pytest.approx(0.2)
    assert architecture.gain(rows, 0.3, "batch", 16, 1024).mean == pytest.approx(0)
    assert architecture.accuracies(rows, 0.3, "forward", depth=6) == pytest.approx(dict.fromkeys(range(3), 0.603))
    assert architecture.accuracies(rows, 0.3, scored="chosen", depth=6) == pytest.approx(dict.fromkeys(range(3), 0.803))
    assert architecture.gain([], 0.3, "depth", 6, 1) is None


def test_a_figure_shows_the_mean_of_every_setting_and_rate():
    rows = rows_of(lambda row: 0.01 * row["depth"] + 0.1 * row["rate"] + 0.03 * row["draw"])
    left, right = sweep(rows, "depth").axes
    assert [bars.get_label() for bars in left.containers] == [f"{r:.0%} drawn anew" for r in architecture.RATES]
    for bars, rate in zip(right.containers, architecture.RATES, strict=True):
        x, y = bars.lines[0].get_data()
        np.testing.assert_array_equal(x, [1, 2, 3, 4, 5, 6])
        np.testing.assert_allclose(y, 0.53 + 0.01 * x + 0.1 * (rate or 0.0))
        low, high = (ends.get_ydata() for ends in bars.lines[1])
        np.testing.assert_allclose(high - low, 2 * 0.03, err_msg="0.03 is the deviation of 0, 0.03 and 0.06")
    assert sweep(rows, "batch").axes[0].get_xscale() == "log"


def test_a_figure_leaves_out_what_was_not_run():
    rows = [row for row in rows_of(lambda row: 0.0) if row["depth"] < 4 and row["rate"] < 0.9]
    axes = sweep(rows, "depth").axes[0]
    assert [len(bars.lines[0].get_xdata()) for bars in axes.containers] == [3, 3, 3]
