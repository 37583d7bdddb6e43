"""Resizing and scaling, against formulas written out pixel by pixel."""

import numpy as np
import pytest

from scratchnoise.data import images


def bilinear(image, size):
    """One grey image, resized by the textbook: four neighbours, half-pixel centres, edges repeated."""
    (old_h, old_w), (new_h, new_w) = image.shape, size
    out = np.empty(size)
    for i in range(new_h):
        for j in range(new_w):
            s = min(max((i + 0.5) * old_h / new_h - 0.5, 0), old_h - 1)
            t = min(max((j + 0.5) * old_w / new_w - 0.5, 0), old_w - 1)
            a, b = int(s), int(t)
            c, d = min(a + 1, old_h - 1), min(b + 1, old_w - 1)
            top = image[a, b] * (1 - (t - b)) + image[a, d] * (t - b)
            bottom = image[c, b] * (1 - (t - b)) + image[c, d] * (t - b)
            out[i, j] = top * (1 - (s - a)) + bottom * (s - a)
    return out


@pytest.mark.parametrize("old, new", [((28, 28), (32, 32)), ((5, 9), (7, 4)), ((6, 3), (3, 11)), ((1, 4), (3, 1))])
def test_resize_equals_the_pixel_by_pixel_formula(old, new):
    x = np.random.default_rng(0).integers(0, 256, (2, *old, 3), dtype=np.uint8)
    y = images.resize(x, new)
    assert y.dtype == np.float32 and y.shape == (2, *new, 3) and y.flags.c_contiguous
    for n in range(2):
        for k in range(3):
            np.testing.assert_allclose(y[n, :, :, k], bilinear(x[n, :, :, k].astype(float), new), atol=1e-3)
            np.testing.assert_allclose(images.resize(x[..., k], new)[n], y[n, :, :, k], atol=1e-3)


def test_resize_is_exact_on_a_linear_ramp_away_from_the_edge():
    ramp = np.tile(np.arange(28.0), (1, 28, 1))
    inside = images.resize(ramp, (32, 32))[0, 5, 1:-1]
    np.testing.assert_allclose(inside, (np.arange(1, 31) + 0.5) * 28 / 32 - 0.5, rtol=1e-6)
    np.testing.assert_array_equal(images.resize(ramp, (32, 32))[0, :, [0, -1]], np.tile([[0.0], [27.0]], 32))


def test_resize_to_the_same_size_changes_nothing():
    x = np.random.default_rng(1).integers(0, 256, (3, 7, 9), dtype=np.uint8)
    np.testing.assert_array_equal(images.resize(x, (7, 9)), x)


def test_interpolation_rows_sum_to_one():
    for old, new in ((28, 32), (32, 28), (3, 50), (1, 4)):
        np.testing.assert_allclose(images.interpolation_matrix(old, new).sum(1), 1, atol=1e-6)


def test_scale_maps_the_ends_exactly_and_stays_inside():
    x = np.arange(256, dtype=np.uint8)
    for low, high in ((-1, 1), (0, 1)):
        y = images.scale(x, low, high)
        assert y.dtype == np.float32 and y[0] == low and y[-1] == high
        np.testing.assert_allclose(y, low + (high - low) * (x / 255.0), atol=1e-6)
    np.testing.assert_array_equal(images.scale(np.array([0.0, 0.25, 1.0])), np.float32([-1, -0.5, 1]))


@pytest.mark.parametrize(
    "x, message",
    [
        (np.array([3, 4]), "got int64"),
        (np.array([0.5, 3.0]), r"got 0\.5\.\.3\.0"),
        (np.array([-0.5, 0.5]), r"got -0\.5\.\."),
        (np.array([0.5, np.nan]), "nan"),
        (np.array([True]), "got bool"),
    ],
)
def test_scale_refuses_pixels_of_unknown_range(x, message):
    with pytest.raises(ValueError, match=f"^x .*{message}"):
        images.scale(x)


def test_grey_to_rgb_repeats_the_channel():
    x = np.arange(12, dtype=np.uint8).reshape(1, 3, 4)
    rgb = images.grey_to_rgb(x)
    assert rgb.shape == (1, 3, 4, 3) and rgb.dtype == np.uint8
    for k in range(3):
        np.testing.assert_array_equal(rgb[..., k], x)


def test_flatten_keeps_the_order_of_the_pixels():
    x = np.arange(24).reshape(2, 2, 2, 3)
    np.testing.assert_array_equal(images.flatten(x), np.arange(24).reshape(2, 12))


@pytest.mark.parametrize("shape", [(2, 28, 28), (2, 32, 32), (2, 28, 28, 3), (2, 32, 32, 3)])
def test_for_network(shape):
    x = np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8)
    y = images.for_network(x)
    assert y.shape == (2, 32, 32, 3) and y.dtype == np.float32 and y.min() >= -1 and y.max() <= 1
    colour = x if x.ndim == 4 else np.stack([x] * 3, -1)
    expected = np.stack([bilinear(colour[1, :, :, k] / 127.5 - 1, (32, 32)) for k in range(3)], -1)
    np.testing.assert_allclose(y[1], expected, atol=1e-5)
    np.testing.assert_allclose(images.for_network(x / 255.0), y, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 784), (2, 32, 32, 1), (2, 32, 32, 4)])
def test_for_network_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match=r"^x must be images of shape \(N, H, W\) or \(N, H, W, 3\)"):
        images.for_network(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("call", [lambda x: images.resize(x, (3, 3)), images.grey_to_rgb])
def test_images_need_their_dimensions(call):
    with pytest.raises(ValueError, match=r"^x must .*got \(2, 784\)"):
        call(np.zeros((2, 784), np.uint8))


def test_resize_refuses_an_empty_size():
    with pytest.raises(ValueError, match="at least 1, got 4 and 0"):
        images.resize(np.zeros((1, 4, 4)), (0, 4))


def test_for_linear_model():
    x = np.random.default_rng(3).integers(0, 256, (2, 4, 5, 3), dtype=np.uint8)
    y = images.for_linear_model(x)
    assert y.shape == (2, 60) and y.dtype == np.float32
    np.testing.assert_allclose(y, x.reshape(2, 60) / 255.0, atol=1e-6)
