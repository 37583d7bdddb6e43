"""Dataset: what it refuses, and that selecting and drawing keep images and labels together."""

import numpy as np
import pytest

from scratchnoise.data import Dataset

NAMES = ("ant", "bee", "cow")


def make(**changes):
    """90 + 30 samples of three classes; every pixel of a sample states its label and its position."""
    y_train, y_test = np.arange(90) % 3, np.arange(30) % 3
    fields = {
        "name": "toy",
        "x_train": np.broadcast_to((y_train * 1000 + np.arange(90))[:, None, None], (90, 4, 5)),
        "y_train": y_train,
        "x_test": np.broadcast_to((y_test * 1000 + np.arange(30))[:, None, None], (30, 4, 5)),
        "y_test": y_test,
        "class_names": NAMES,
    }
    return Dataset(**(fields | changes))


def test_labels_become_int64_and_pixels_keep_their_dtype():
    data = make(y_train=(np.arange(90) % 3).astype(np.uint8), x_train=np.zeros((90, 4, 5), np.uint8))
    assert data.y_train.dtype == np.int64 and data.x_train.dtype == np.uint8
    assert make(y_train=(np.arange(90) % 3).astype(float)).y_train.dtype == np.int64


def with_value(shape, value):
    x = np.ones(shape)
    x.flat[7] = value
    return x


WRONG = {
    "too few labels": ({"y_train": np.arange(89) % 3}, "y_train.*89 labels, 90 samples"),
    "too many test labels": ({"y_test": np.arange(31) % 3}, "y_test.*31 labels, 30 samples"),
    "no samples": ({"x_train": np.ones((0, 4, 5)), "y_train": np.ones(0, int)}, "x_train must be a filled array"),
    "no test samples": ({"x_test": np.ones((0, 4, 5)), "y_test": np.ones(0, int)}, "x_test must be a filled array"),
    "label too large": ({"y_train": np.arange(90) % 4}, r"y_train must lie in 0\.\.2.*got 0\.\.3"),
    "label below zero": ({"y_test": np.arange(30) % 3 - 1}, r"y_test must lie in 0\.\.2.*got -1\.\.1"),
    "infinite label": ({"y_train": with_value(90, np.inf)}, "y_train"),
    "NaN label": ({"y_train": with_value(90, np.nan)}, "y_train contains NaN or infinity"),
    "half label": ({"y_train": with_value(90, 0.5)}, "y_train must hold whole numbers"),
    "text label": ({"y_train": np.array(["ant"] * 90)}, "y_train must hold whole numbers"),
    "label column": ({"y_train": np.zeros((90, 1), int)}, r"y_train must be .* shape \(N,\), got shape \(90, 1\)"),
    "NaN pixel": ({"x_train": with_value((90, 4, 5), np.nan)}, "x_train must be finite; 1 values"),
    "infinite pixel": ({"x_test": with_value((30, 4, 5), -np.inf)}, "x_test must be finite; 1 values"),
    "object pixels": ({"x_train": np.full((90, 4, 5), None)}, "x_train must hold integers or floats, got object"),
    "one dimension": ({"x_train": np.ones(90)}, r"x_train .* got shape \(90,\)"),
    "five dimensions": ({"x_train": np.ones((90, 1, 1, 1, 1))}, "x_train must be a filled array"),
    "other size in the test set": ({"x_test": np.ones((30, 5, 4))}, r"x_test .* \(4, 5\).*got \(5, 4\)"),
    "only one class": ({"y_train": np.ones(90, int)}, "y_train must hold at least two classes, got only 'bee'"),
    "one class never seen": ({"y_train": np.arange(90) % 2}, "none of cow; y_test has some of cow"),
    "one class in neither": (
        {"y_train": np.arange(90) % 2, "y_test": np.arange(30) % 2},
        "y_train must hold every class.*cow$",
    ),
    "one name": ({"class_names": ("ant",)}, "class_names must hold at least two"),
    "same name twice": ({"class_names": ("ant", "bee", "ant")}, "class_names .* different"),
}


@pytest.mark.parametrize("changes, message", WRONG.values(), ids=WRONG.keys())
def test_refuses_naming_the_argument(changes, message):
    with pytest.raises(ValueError, match=message):
        make(**changes)


@pytest.mark.parametrize("classes", [["cow", "ant"], ["COW", "Ant"], [2, 0], np.array([2, 0])])
def test_select_relabels_in_the_order_given(classes):
    data = make().select(classes)
    assert data.class_names == ("cow", "ant")
    for x, y, n in ((data.x_train, data.y_train, 60), (data.x_test, data.y_test, 20)):
        assert len(x) == len(y) == n
        np.testing.assert_array_equal(x[:, 0, 0] // 1000, np.array([2, 0])[y])  # the image still states its class
        assert (np.diff(x[:, 0, 0] % 1000) > 0).all()  # the order within the data set is kept


def test_select_all_is_the_data_set_itself():
    data = make()
    assert data.select("all") is data


@pytest.mark.parametrize(
    "classes, message",
    [
        (["ant", "caw"], "no class 'caw'; did you mean 'cow'"),
        ([0, 3], r"label 3 is outside 0\.\.2"),
        ([0, -1], r"label -1 is outside 0\.\.2"),
        (["ant", "ANT"], "each once"),
        (["ant"], "at least two"),
        ("ant", "must be a list of class names"),
    ],
)
def test_select_refuses(classes, message):
    with pytest.raises(ValueError, match=message):
        make().select(classes)


def test_a_noisy_data_set_can_be_reordered_but_not_narrowed():
    data = make(noisy=True)
    assert data.select(["bee", "cow", "ant"]).noisy
    with pytest.raises(ValueError, match="must list every class"):
        data.select(["ant", "bee"])


def test_subsample_is_stratified_without_repetition():
    y = np.repeat([0, 1, 2], [60, 20, 10])
    data = make(y_train=y, x_train=np.broadcast_to((y * 1000 + np.arange(90))[:, None, None], (90, 4, 5)))
    for n in (9, 31, 90):
        drawn = data.subsample(n, 3, np.random.default_rng(n))
        shares = n * np.array([60, 20, 10]) / 90
        assert len(drawn.y_train) == n and len(drawn.y_test) == 3
        assert (np.abs(np.bincount(drawn.y_train) - shares) < 1).all()
        positions = drawn.x_train[:, 0, 0] % 1000
        assert (np.diff(positions) > 0).all()
        np.testing.assert_array_equal(drawn.y_train, y[positions])


def test_subsample_follows_the_generator_and_reaches_every_sample():
    data = make()
    draws = [data.subsample(30, 10, seed).x_train[:, 0, 0] % 1000 for seed in range(40)]
    np.testing.assert_array_equal(draws[3], data.subsample(30, 10, 3).x_train[:, 0, 0] % 1000)
    assert len({tuple(draw) for draw in draws}) == 40
    assert {int(data.subsample(30, 1, seed).y_test[0]) for seed in range(20)} == {0, 1, 2}  # no class comes first
    hits = np.bincount(np.concatenate(draws), minlength=90)  # 40 draws of 1/3: 13.3 expected, deviation 3
    assert hits.min() >= 3 and hits.max() <= 27


@pytest.mark.parametrize("n_train, n_test, message", [(91, 3, r"n_train .* 1\.\.90, got 91"), (9, 0, "n_test")])
def test_subsample_refuses(n_train, n_test, message):
    with pytest.raises(ValueError, match=message):
        make().subsample(n_train, n_test, 0)


def test_repr_says_what_it_is():
    assert repr(make(noisy=True)) == "<Dataset toy: 90 train, 30 test, 4x5 int64, noisy training labels; ant, bee, cow>"
