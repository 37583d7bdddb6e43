"""Figures 3 and 5 of the report: the number beside each picture, and the command where its libraries are."""

import importlib.util
import sys

import numpy as np
import pytest
from experiments import rows_of

from scratchnoise.data import Dataset
from scratchnoise.study import projections
from scratchnoise.study.answers.images import separated

FIGURES_EXTRA = all(importlib.util.find_spec(name) for name in ("sklearn", "umap"))


def brute_force(points, y, k):
    """One point at a time, by sorting all distances."""
    shares = []
    for i, point in enumerate(points):
        others = sorted((np.sum((point - other) ** 2), j) for j, other in enumerate(points) if j != i)
        shares.append(np.mean([y[j] == y[i] for _, j in others[:k]]))
    return np.mean(shares)


def test_the_share_is_that_of_a_search_by_hand():
    rng = np.random.default_rng(0)
    points, y = rng.normal(size=(40, 3)), rng.integers(0, 3, 40)
    assert projections.same_class(points, y, 5).mean() == pytest.approx(brute_force(points, y, 5))


def test_separate_classes_have_one_and_mixed_ones_a_third():
    rng = np.random.default_rng(1)
    y = np.arange(600) % 3
    apart = rng.normal(size=(600, 2)) + 100 * np.eye(3, 2)[y]
    assert (projections.same_class(apart, y) == 1).all()
    assert abs(projections.same_class(rng.normal(size=(600, 2)), y).mean() - 1 / 3) < 0.05


def test_a_point_is_no_neighbour_of_itself():
    assert (projections.same_class(np.array([[0.0], [1.0], [10.0], [11.0]]), np.array([0, 1, 0, 1]), 1) == 0).all()


def test_a_picture_has_all_points_of_every_class():
    y = np.array([0, 1, 2, 2])
    planes = {"one": np.arange(8.0).reshape(4, 2), "other": np.ones((4, 2))}
    axes = projections.picture(planes, y, ("a", "b", "c")).axes
    assert [ax.get_title() for ax in axes] == ["one", "other"]
    assert [len(line.get_xdata()) for line in axes[0].lines] == [1, 1, 2]
    np.testing.assert_array_equal(axes[0].lines[2].get_xydata(), planes["one"][2:])
    assert len({(line.get_color(), line.get_marker()) for line in axes[0].lines}) == 3


def test_the_answer_is_the_mean_of_the_rows_of_its_data_set():
    shares = {"t-SNE": 0.9, "UMAP": 0.8, "pixels": 0.85}
    rows = [
        {
            **{"data": data, "draw": draw, "method": method, "by_class": {"a": share, "b": share + 0.02 * draw}},
            "same_class": share / (1 + (data == "cifar10")) + 0.01 * draw,
        }
        for data in projections.FIGURES
        for draw in (0, 1, 2)
        for method, share in shares.items()
    ]
    clothes, animals = separated(rows, "fashion-mnist"), separated(rows, "cifar10")
    assert "91 % and 81 % (t-SNE and UMAP)" in clothes.sentence and "46 % and 41 %" in animals.sentence
    assert clothes.items[2].startswith("t-SNE - pixels +0.050") and clothes.items[3].startswith("UMAP - pixels -0.050")
    assert separated(rows[:3], "cifar10") is None
    assert clothes.items[0].endswith("of a 0.900, of b 0.920")
    assert "it is 0.860" in clothes.control and list(animals.pictures) == ["figure_5.png"]


@pytest.fixture
def small(monkeypatch):
    y = np.arange(30) % 3
    x = np.random.default_rng(0).integers(0, 255, (30, 4, 4)).astype(np.uint8)
    monkeypatch.setattr(projections, "load_data", lambda *_: Dataset("small", x, y, x, y, ("a", "b", "c")))


def test_the_command_writes_rows_and_both_pictures(small, tmp_path, monkeypatch):
    seen = []

    def plane(x, seed):
        assert x.min() >= 0 and x.max() <= 1
        seen.append(seed)
        return x[:, :2]

    monkeypatch.setattr(projections, "methods", lambda: {"t-SNE": plane, "UMAP": plane})
    out = tmp_path / "rows.jsonl"
    projections.measure(out, 1)
    projections.measure(out, 2)
    rows = rows_of(out)
    for row in rows:
        assert row["same_class"] == pytest.approx(np.mean(list(row["by_class"].values())))  # as many of each class
    assert len(rows) == 2 * 2 * 3 and seen == [0, 0, 0, 0, 1, 1, 1, 1], "what is there is not made again"
    for file in projections.FIGURES.values():
        assert (tmp_path / file).read_bytes().startswith(b"\x89PNG")


def test_without_the_libraries_the_command_names_them(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(ImportError, match=r"pip install 'scratchnoise\[figures\]'"):
        projections.measure(tmp_path / "rows.jsonl", 1)
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not FIGURES_EXTRA, reason="needs the extra `figures`: scikit-learn and umap-learn")
def test_the_libraries_find_planes():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 3
    x = (rng.normal(size=(120, 8)) + 20 * np.eye(3, 8)[y]).astype(np.float32)
    for project in projections.methods().values():
        points = project(x, 0)
        assert points.shape == (120, 2) and projections.same_class(points, y, 5).mean() > 0.95
        np.testing.assert_array_equal(project(x, 0), points)
