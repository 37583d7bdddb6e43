"""Labels of people beside drawn ones of the same T: the same images and shares; what differs is the dependence on x."""

import numpy as np
import pytest
from experiments import goes_on_where_it_stopped

from scratchnoise.data import Dataset, human_labels
from scratchnoise.study import human


@pytest.fixture
def npz(tmp_path, monkeypatch):
    """Labels of "people" who take every dark image of class 0 for class 1, and are right about all others."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 900)  # of the 50,000 images 900 are of the three classes
    x = rng.integers(0, 60, (900, 4, 4, 3))
    x[np.arange(900), y] += 120
    dark = (y == 0) & (np.arange(900) % 3 == 0)
    x[dark] //= 4
    numbers = np.array([human_labels.CLASS_NAMES.index(name) for name in ("airplane", "automobile", "cat")])
    clean = np.where(np.arange(50_000) < 900, numbers[np.resize(y, 50_000)], 9)
    people = clean.copy()
    people[:900][dark] = numbers[1]
    path = tmp_path / "cifar10n.npz"
    np.savez(path, clean_label=clean, **dict.fromkeys(human.LABELS, people))
    images = Dataset(
        "cifar10", x.astype(np.uint8), y, x[:90].astype(np.uint8), y[:90], ("airplane", "automobile", "cat")
    )
    monkeypatch.setattr(human_labels, "load_cifar10", lambda classes: images)
    return path, dark.mean()


def test_people_and_chance_are_wrong_as_often_and_cost_differs(npz, tmp_path):
    path, share = npz

    def measure(out, draws):
        human.measure(out, path, draws)

    rows = goes_on_where_it_stopped(measure, tmp_path / "rows.jsonl", 2)
    assert len(rows) == len(human.LABELS) * 2 * len(human.KINDS) * (len(human.METHODS) + 1)
    drawn = np.mean([row["wrong"] for row in rows if row["kind"] == "of the class"])
    assert drawn == pytest.approx(share, abs=0.03)
    line = human.described(rows)[0]
    assert line.startswith(f"aggre_label, 3 classes, {share:.1%} wrong: MLR -0.")
    assert human._gap(rows, "MLR", "accuracy").mean < -0.03, "dark images of class 0 are learnt as class 1"


def test_T_has_a_column_for_each_true_class():
    T = human.shares(np.array([0, 0, 0, 0, 1, 2]), np.array([0, 0, 0, 2, 1, 2]), 3)
    np.testing.assert_allclose(T.array, [[0.75, 0, 0], [0, 1, 0], [0.25, 0, 1]])
