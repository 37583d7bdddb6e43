import subprocess
import sys

import numpy as np
import pytest
from matplotlib.text import Text

from scratchnoise.study.figures import png
from scratchnoise.study.pictures import STYLES, lines, simplex_decisions, weight_images

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
CIRCULANT = np.array([[0.5, 0.2, 0.3], [0.3, 0.5, 0.2], [0.2, 0.3, 0.5]])
NAMES = ["left", "$right$", "top"]


def shown(ax):
    """The shade at the place of a posterior p in a triangle: red, green, blue."""
    picture = ax.images[0].get_array()

    def shade(p):
        x, y = p[1] + p[2] / 2, p[2] * np.sqrt(3) / 2
        left, right, bottom, top = ax.images[0].get_extent()
        assert ax.images[0].origin == "lower"
        row, column = int(y / (top - bottom) * len(picture)), int(x / (right - left) * picture.shape[1])
        return picture[row, column, :3]

    return shade


def names_in_order(figure):
    """The names beside the curves, from the lowest to the highest, and their places."""
    named = [text for text in figure.axes[0].texts if text.get_text()]
    return sorted((text.xyann[1], text.get_text()) for text in named)


def test_a_notebook_shows_a_figure_by_itself():
    shown, saved = (lines({"a": ([0, 1], [0, 1])}, "x", "y") for _ in range(2))
    assert shown._repr_png_() == png(saved)
    assert png(saved).startswith(b"\x89PNG")


def test_pyplot_and_its_windows_are_not_needed():
    code = "import sys, scratchnoise.study.pictures as p; p.lines({'a': ([0], [0])}, 'x', 'y'); print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "matplotlib.figure" in modules and "matplotlib.pyplot" not in modules


def test_lines_are_drawn_as_given_and_look_different():
    x = np.linspace(0, 1, 5)
    series = {f"curve {k}": (x, k + x) for k in range(len(STYLES))}
    ax = lines(series, "step", "error", {"floor": 0.5}).axes[0]
    curves = ax.lines[: len(series)]
    for line, (_, y) in zip(curves, series.values(), strict=True):
        np.testing.assert_array_equal(line.get_ydata(), y)
    assert len({(line.get_color(), str(line.get_linestyle()), line._dash_pattern[1] is None) for line in curves}) == 6
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("step", "error")
    assert list(ax.lines[-1].get_ydata()) == [0.5, 0.5]


def test_names_stand_at_the_ends_and_never_on_each_other():
    x = np.arange(4)
    figure = lines({"high": (x, x + 0.01), "low": (x, x), "two\nrows": (x, x - 0.01)}, "x", "y", {"level": 3.0})
    places = names_in_order(figure)
    assert [name for _, name in places] == ["two\nrows", "low", "level", "high"]
    gaps = np.diff([place for place, _ in places])
    assert (gaps > 0.064).all() and places[-1][0] <= 1


def test_the_end_of_a_curve_is_its_last_number_on_the_right():
    figure = lines({"gap": ([1, 2, 3, 4], [1, 5, 2, np.nan]), "backwards": ([4, 1], [3, 1])}, "x", "y")
    ends = {text.get_text(): tuple(text.xy) for text in figure.axes[0].texts}
    assert ends == {"gap": (3, 2), "backwards": (4, 3)}


def test_lines_can_be_logarithmic_and_cut():
    ax = lines({"v": ([1e-6, 1], [1e-9, 1])}, "h", "error", log=True, limits=(1e-3, 10)).axes[0]
    assert (ax.get_xscale(), ax.get_yscale(), ax.get_ylim()) == ("log", "log", (1e-3, 10))
    assert 0 <= names_in_order(ax.figure)[0][0] <= 1


def test_lines_want_curves_that_can_be_told_apart():
    for count in (0, len(STYLES) + 1):
        with pytest.raises(ValueError, match="curves"):
            lines({str(k): ([0], [0]) for k in range(count)}, "x", "y")


def test_a_triangle_is_full_in_colour_where_the_choice_is_wrong():
    right, wrong = np.array([0.1, 0.8, 0.1]), np.array([0.52, 0.47, 0.01])
    assert (T @ right).argmax() == 1 and (T @ wrong).argmax() == 1, "the second should be class 0"
    shade = shown(simplex_decisions({"T p": T}, NAMES).axes[0])
    pale, full = shade(right), shade(wrong)
    np.testing.assert_allclose(1 - pale, (1 - full) / 4, atol=1e-9, err_msg="one class, pale and full")
    corners = [shade(corner) for corner in 0.94 * np.eye(3) + 0.02]
    assert len({tuple(corner) for corner in corners}) == 3
    np.testing.assert_array_equal(corners[1], pale)


def test_a_triangle_tells_the_share_that_is_misjudged():
    def share(M):
        title = simplex_decisions({"M": M}, NAMES).axes[0].get_title()
        return float(title.splitlines()[1].split("%")[0]) / 100

    p = np.random.default_rng(0).dirichlet(np.ones(3), 200_000)
    for M in (T, T.T @ T, CIRCULANT):
        assert abs(share(M) - np.mean((p @ M.T).argmax(axis=1) != p.argmax(axis=1))) < 0.003
    assert share(np.eye(3)) == share(CIRCULANT.T @ CIRCULANT) == 0, "ties at the borders are no mistakes"
    assert share(T) != share(T.T), "which of the two was drawn matters"


def test_the_corners_of_a_triangle_are_named():
    ax = simplex_decisions({"M": T}, NAMES).axes[0]
    places = {text.get_text(): text.get_position() for text in ax.texts}
    assert places["left"][0] < places["$right$"][0] and places["top"][1] > places["left"][1] + 0.8
    assert not any(text.get_parse_math() for text in ax.findobj(Text) if text.get_text() in NAMES)


def test_triangles_want_three_classes():
    for mappings, names in (({}, NAMES), ({"M": np.eye(4)}, NAMES), ({"M": T}, NAMES[:2])):
        with pytest.raises(ValueError, match="three classes"):
            simplex_decisions(mappings, names)


def test_weights_become_images_on_one_scale_around_zero():
    weights = np.arange(12.0).reshape(2, 6) - 3
    figure = weight_images(weights, (2, 3), ["a", "$b$"])
    for ax, row, name in zip(figure.axes, weights, ["a", "$b$"], strict=False):
        np.testing.assert_array_equal(ax.images[0].get_array(), row.reshape(2, 3))
        assert ax.images[0].get_clim() == (-8, 8)
        assert ax.get_title() == name


def test_weights_want_a_row_a_class_and_a_column_a_pixel():
    for weights in (np.zeros((2, 5)), np.zeros((3, 6)), np.zeros(6)):
        with pytest.raises(ValueError, match="2 classes x 6 pixels"):
            weight_images(weights, (2, 3), ["a", "b"])
