"""Clusters that a handful of labels name: what each row was told, and that the command goes on."""

import numpy as np
from experiments import goes_on_where_it_stopped

from scratchnoise.data import Dataset
from scratchnoise.models import KMeansClassifier
from scratchnoise.study import clusters_named
from scratchnoise.study.clusters_named import (
    ALL_NOISY,
    CLEAN,
    HANDFULS,
    NEAREST,
    NO_CLUSTERS,
    NOISY,
    PIXELS,
    _handful,
    accuracies,
    nearest_of,
)


def test_clean_names_are_right_where_classes_are_clusters_and_noisy_ones_are_not(tmp_path, monkeypatch):
    """In the plane the classes are three points; among the pixels they are mixed, so names must come from the plane."""
    rng = np.random.default_rng(0)
    y = np.arange(300) % 3
    x = rng.integers(0, 255, (300, 4, 4)).astype(np.uint8)
    monkeypatch.setattr(clusters_named, "load_data", lambda *_: Dataset("small", x, y, x, y, ("a", "b", "c")))
    monkeypatch.setattr(clusters_named, "DATA", ("small",))

    def plane(pixels, seed):
        assert pixels.shape == (300, 16) and pixels.max() <= 1
        return 9 * np.eye(3, 2)[y] + np.random.default_rng(seed).normal(size=(300, 2))

    monkeypatch.setattr(clusters_named, "methods", lambda: {"plane": plane})
    rows = goes_on_where_it_stopped(clusters_named.measure, tmp_path / "rows.jsonl", 2)
    assert len(rows) == 2 * (2 * len(HANDFULS) * 4 + 1)
    for method in HANDFULS:
        clean, noisy, every = (
            accuracies(rows, "small", "plane", method, labels) for labels in (CLEAN, NOISY, ALL_NOISY)
        )
        assert set(clean) == {0, 1} and min(clean.values()) > 0.97
        assert min(accuracies(rows, "small", "plane", method, NO_CLUSTERS).values()) > 0.97, "points are clusters"
        assert np.mean(list(noisy.values())) < 0.9, "a few labels of which six in ten are wrong"
        assert every != clean or method == "3 clusters", "ten clusters are named by thirty labels each"
    for method, labels in (("10 clusters", CLEAN), (NEAREST, ALL_NOISY)):
        assert max(accuracies(rows, "small", PIXELS, method, labels).values()) < 0.5


def test_the_handful_is_what_the_clusters_asked():
    """Labels of all other images may be anything: the names stay."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 3)), rng.integers(3, size=200)
    model = KMeansClassifier(4, 2, random_state=0, scaling=None).fit(x, y)
    asked = _handful(x, model.centres_, 2)
    assert len(set(asked)) == 8
    others = np.setdiff1d(np.arange(200), asked)
    changed = y.copy()
    changed[others] = (changed[others] + 1) % 3
    again = KMeansClassifier(4, 2, random_state=0, scaling=None).fit(x, changed)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    distance = ((x[:, None] - x[asked]) ** 2).sum(axis=-1)
    np.testing.assert_array_equal(nearest_of(x, asked, y), y[asked][distance.argmin(axis=1)])
