"""The drawn garments: reproducible, balanced, varied, and recognisable by simple measurements."""

import numpy as np
import pytest

from scratchnoise.data import make_garments


@pytest.fixture(scope="module")
def garments():
    return make_garments()


def test_sizes_and_types(garments):
    assert garments.class_names == ("t-shirt", "trouser", "dress") and not garments.noisy
    assert garments.x_train.shape == (3000, 28, 28) and garments.x_train.dtype == np.uint8
    assert garments.x_test.shape == (1000, 28, 28)
    np.testing.assert_array_equal(np.bincount(garments.y_train), [1000, 1000, 1000])
    np.testing.assert_array_equal(np.sort(np.bincount(garments.y_test)), [333, 333, 334])


def test_the_seed_decides_everything_and_the_test_set_does_not_depend_on_n_train():
    a, b, c = make_garments(60, 30, 5), make_garments(90, 30, 5), make_garments(60, 30, 6)
    again = make_garments(60, 30, 5)
    np.testing.assert_array_equal(a.x_train, again.x_train)
    np.testing.assert_array_equal(a.y_train, again.y_train)
    np.testing.assert_array_equal(a.x_test, b.x_test)
    np.testing.assert_array_equal(a.y_test, b.y_test)
    assert not np.array_equal(a.x_train, c.x_train)
    from_generator = make_garments(60, 30, np.random.default_rng(5))
    np.testing.assert_array_equal(a.x_train, from_generator.x_train)


def test_no_two_images_are_alike(garments):
    pixels = np.concatenate([garments.x_train, garments.x_test]).reshape(4000, -1)
    assert len(np.unique(pixels, axis=0)) == 4000


def test_labels_are_in_random_order(garments):
    repeats = np.mean(garments.y_train[1:] == garments.y_train[:-1])
    assert abs(repeats - 1 / 3) < 0.04


def test_background_is_dark_and_cloth_is_brighter(garments):
    corners = garments.x_train[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.median(corners) < 50
    middle = garments.x_train[:, 9:13, 13:16].reshape(3000, -1).mean(1)
    assert np.mean(middle > np.median(corners, axis=1) + 25) > 0.95


def test_silhouettes_differ_as_the_garments_do(garments):
    mean = np.stack([garments.x_train[garments.y_train == label].mean(0) for label in range(3)])
    wide = (mean > 0.5 * mean.max((1, 2), keepdims=True)).sum(2)  # width of each average silhouette, row by row
    shirt, trouser, dress = wide
    assert shirt[7:12].mean() > 1.3 * dress[7:12].mean()  # sleeves and chest
    assert dress[18:22].mean() > 1.1 * dress[10:13].mean()  # the skirt is wider than the waist
    assert (shirt > 0).sum() < (trouser > 0).sum()  # trousers are longer


@pytest.mark.parametrize("n_train, n_test, name", [(2, 10, "n_train"), (30, 0, "n_test")])
def test_refuses_too_few(n_train, n_test, name):
    with pytest.raises(ValueError, match=f"^{name} must be at least"):
        make_garments(n_train, n_test)


def test_a_linear_model_learns_much_of_it_but_not_all(garments):
    """Least squares with a ridge: the floor that a network must beat clearly."""
    x, x_test = (a.reshape(len(a), -1) / 255.0 for a in (garments.x_train, garments.x_test))
    centre = x.mean(0)
    gram = (x - centre).T @ (x - centre) + 10 * np.eye(784)
    weights = np.linalg.solve(gram, (x - centre).T @ np.eye(3)[garments.y_train])
    accuracy = np.mean(((x_test - centre) @ weights).argmax(1) == garments.y_test)
    assert 0.8 < accuracy < 0.95
