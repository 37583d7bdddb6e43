"""The recorded experiments of section 2 and 5: they go on where they stopped, and what is computed from their rows."""

import numpy as np
import pytest
from experiments import goes_on_where_it_stopped

from scratchnoise.data import Dataset
from scratchnoise.study import boosting, evidence, generative, instance, sparse
from scratchnoise.study.protocol import Task
from scratchnoise.transition import TransitionMatrix

T = TransitionMatrix([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


@pytest.fixture
def images():
    """Small grey images of three classes that differ in one row."""
    rng = np.random.default_rng(0)
    y = np.arange(120) % 3
    x = rng.integers(0, 100, (120, 4, 4))
    x[np.arange(120), y] += 100
    return Dataset("small", x.astype(np.uint8), y, x[:60].astype(np.uint8), y[:60], ("a", "b", "c"))


def test_boosting_records_every_method_at_every_rate(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = rng.normal(size=(80, 3)) + 3 * y[:, None]
    monkeypatch.setattr(boosting, "data_sets", lambda: {"cancer": (X, y)})
    monkeypatch.setattr(boosting, "MEMBERS", 3)
    rows = goes_on_where_it_stopped(boosting.measure, tmp_path / "rows.jsonl")
    assert len(rows) == len(boosting.METHODS) * len(boosting.RATES)
    clean = [row["accuracy"] for row in rows if row["rate"] == 0]
    assert min(clean) > 0.8


def test_the_same_mean_is_drawn_by_sample_and_by_class(tmp_path, monkeypatch, images):
    monkeypatch.setattr(instance, "load_data", lambda *_: images)
    monkeypatch.setattr(instance, "NOISES", ("part-dependent", "margin II"))
    monkeypatch.setattr(instance, "RATES", (0.2,))
    rows = goes_on_where_it_stopped(instance.measure, tmp_path / "rows.jsonl", 2)
    assert len(rows) == 2 * 2 * 2 * (len(instance.METHODS) + 1)
    assert instance.cost(rows, "margin II", 0.2, "MLR").n == 2


def test_the_cost_is_that_of_the_dependence_on_the_sample():
    cell = {"noise": "margin I", "rate": 0.2, "method": "MLR"}
    rows = [
        {**cell, "draw": draw, "kind": kind, "accuracy": accuracy + 0.01 * draw}
        for draw in (0, 1)
        for kind, accuracy in (("of the sample", 0.7), ("of the class", 0.8))
    ]
    assert instance.cost(rows, "margin I", 0.2, "MLR").mean == pytest.approx(-0.1)


def test_generative_models_are_told_three_kinds_of_T(tmp_path, monkeypatch, images):
    monkeypatch.setattr(generative, "load_data", lambda *_: images)
    monkeypatch.setattr(generative, "NOISES", {"uneven": T.array})
    rows = goes_on_where_it_stopped(generative.measure, tmp_path / "rows.jsonl")
    assert len(rows) == len(generative.MODELS) * 3
    known = [row["error"] for row in rows if row["T"] == "known"]
    assert known == pytest.approx([0, 0], abs=1e-15)


def test_the_path_leads_from_no_weights_to_many(tmp_path, monkeypatch, images):
    order = np.random.default_rng(0).permutation(120)
    labels = images.y_train
    task = Task(images.x_train, labels, labels, images.x_test, images.y_test, images.class_names, T, T, order[:100], 0)
    monkeypatch.setattr(sparse, "load_task", lambda *_: task)
    monkeypatch.setattr(sparse, "NOISES", ("0.5",))
    rows = goes_on_where_it_stopped(sparse.measure, tmp_path / "rows.jsonl")
    path = [row["nonzero"] for row in rows if (row["penalty"], row["T"]) == ("l1", "identity")]
    assert path[0] < path[-1] and all(row["nonzero"] == 1 for row in rows if row["penalty"] == "l2")
    (best,) = sparse.chosen(rows, "0.5", "identity", "l1")
    assert best["noisy_log_likelihood"] == max(
        row["noisy_log_likelihood"] for row in rows if (row["penalty"], row["T"]) == ("l1", "identity")
    )


def test_blocks_are_means_of_four_pixels():
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    np.testing.assert_allclose(sparse.blocks(image) * 255, [[2.5, 4.5, 10.5, 12.5]], rtol=1e-6)
    assert sparse.blocks(np.zeros((2, 4, 4, 3), np.uint8)).shape == (2, 12)


def test_the_page_says_where_rounding_decides():
    rows = [{"run": "a", "factor": 1.0, "accuracy": [0.5], "saturated": [False]}]
    assert "rounding decides" not in evidence.first_steps(rows)
    rows.append({"run": "b", "factor": 1 + 1e-6, "accuracy": [1 / 3], "saturated": [True]})
    assert "Of 2 runs whose steps differ" in evidence.first_steps(rows)
    assert "1 saturated, so rounding decides" in evidence.first_steps(rows)
    rows.append({"run": "c", "factor": 0.5, "accuracy": [0.5], "saturated": [True]})
    assert "Of 2 runs" in evidence.first_steps(rows)
