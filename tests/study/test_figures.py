import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Annotation, Text

from scratchnoise.study.curves import accuracy_by_epoch, spread
from scratchnoise.study.figures import (
    ORANGE,
    accuracy_by_method,
    accuracy_overview,
    png,
    samples,
    save,
    transition_heatmaps,
)
from scratchnoise.study.gallery import gallery

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])
NAMES = ["t-shirt", "$trouser$", "<b>dress</b>"]


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def luminance(color):
    rgb = np.array(to_rgb(color))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)


def test_samples_cross_out_wrong_labels_only():
    x = np.zeros((6, 4, 4, 1))
    figure = samples(x, [0, 1, 2, 0, 1, 2], NAMES, y_true=[0, 1, 2, 2, 1, 0], n=5)
    labels = [ax.xaxis.label for ax in figure.axes]
    assert [label.get_text() for label in labels] == [
        "t-shirt\n", "$trouser$\n", "<b>dress</b>\n", "\u2717 t-shirt\n(is <b>dress</b>)", "$trouser$\n",
    ]  # fmt: skip
    assert [label.get_color() == ORANGE for label in labels] == [False, False, False, True, False]


def test_samples_without_true_labels_call_none_wrong():
    assert not [text for text in texts(samples(np.zeros((3, 2, 2)), [0, 1, 2], NAMES)) if "\u2717" in text]


def test_samples_show_the_same_pixels_in_every_scale():
    grey = np.random.default_rng(0).integers(0, 256, (3, 5, 5, 3), dtype=np.uint8)
    grey[0, 0, 0] = 0
    shown = [
        [ax.images[0].get_array() for ax in samples(x, [0, 1, 2], NAMES).axes]
        for x in (grey, grey / 255, grey / 127.5 - 1)
    ]
    np.testing.assert_allclose(shown[0], grey / 255, atol=1e-12)
    np.testing.assert_allclose(shown[1], shown[0], atol=1e-12)
    np.testing.assert_allclose(shown[2], shown[0], atol=1e-12)


def test_samples_want_labels_for_every_image():
    for x, y in ((np.zeros((3, 2, 2)), [0, 1]), (np.zeros((0, 2, 2)), [])):
        with pytest.raises(ValueError, match="images"):
            samples(x, y, NAMES)


def test_heatmaps_write_every_entry_in_its_place():
    estimate = T + [[0.06, 0.06, 0], [-0.06, -0.06, 0], [0, 0, 0]]
    figure = transition_heatmaps(T, {"T rMLR": estimate}, NAMES)
    for ax, matrix in zip(figure.axes, (T, estimate), strict=False):
        written = {(int(text.get_position()[1]), int(text.get_position()[0])): text.get_text() for text in ax.texts}
        assert written == {place: f"{value:.2f}" for place, value in np.ndenumerate(matrix)}
        np.testing.assert_array_equal(ax.images[0].get_array(), matrix)
        assert ax.images[0].get_clim() == (0, 0.8), "one scale for all"
        assert (ax.get_xlabel(), ax.images[0].origin) == ("true label", "upper")
    assert [ax.get_title() for ax in figure.axes[:2]] == ["T", f"T rMLR\nmean abs. error {0.24 / 9:.3f}"]
    assert figure.axes[0].get_ylabel() == "noisy label"


def test_heatmaps_can_be_read_in_every_shade():
    shades = np.linspace(0, 1, 36).reshape(6, 6)
    ax = transition_heatmaps(None, {"T": shades}, list("abcdef")).axes[0]
    picture = ax.images[0]
    for text in ax.texts:
        column, row = (int(place) for place in text.get_position())
        pair = luminance(picture.cmap(picture.norm(shades[row, column]))[:3]), luminance(text.get_color())
        assert (max(pair) + 0.05) / (min(pair) + 0.05) > 4.4


def test_heatmaps_without_t_have_no_error_and_nothing_is_refused():
    assert not [text for text in texts(transition_heatmaps(None, {"T rMLR": T}, NAMES)) if "error" in text]
    with pytest.raises(ValueError, match="neither"):
        transition_heatmaps(None, {}, NAMES)


def test_curves_are_means_over_the_runs_and_crosses_are_where_runs_died():
    runs = [
        {"test_accuracy": [0.5, 0.7, 0.9], "train_loss": [1, 1, 1]},
        {"test_accuracy": [0.6, 0.8, None], "train_loss": [1, 1, None]},
        {"test_accuracy": [0.7], "train_loss": [1], "stopped": "the loss was not finite"},
    ]
    figure = accuracy_by_epoch({"NN backward (raw)": runs, "NN": [{"test_accuracy": [0.4, 0.4, 0.4]}]}, chance=0.25)
    ax = figure.axes[0]
    lines = [line.get_xydata() for line in ax.lines]
    np.testing.assert_allclose(lines[1], [[1, 0.6], [2, 0.75], [3, 0.9]])
    assert sorted(map(tuple, (line.get_xydata()[0] for line in ax.lines if line.get_marker() == "X"))) == [
        (1, 0.7), (2, 0.8),
    ]  # fmt: skip
    np.testing.assert_allclose(lines[0][:, 1], 0.25)
    band = ax.collections[0].get_paths()[0].vertices
    # The deviation of 0.5, 0.6, 0.7 with n - 1 in the denominator is 0.1.
    np.testing.assert_allclose(band[band[:, 0] == 1][:, 1].max(), 0.7)
    assert {"NN backward (raw)\n2 of 3 runs died", "NN", "guessing"} <= set(texts(figure))


def test_a_method_whose_every_run_died_at_once_is_still_named():
    dead = [{"test_accuracy": [], "stopped": "not finite"}] * 2
    figure = accuracy_by_epoch({"NN backward (raw)": dead, "NN": [{"test_accuracy": [0.4, 0.5]}]})
    assert "NN backward (raw): 2 of 2 runs died in the first epoch" in texts(figure)
    with pytest.raises(ValueError, match="no history"):
        accuracy_by_epoch({"NN backward (raw)": dead})


def test_the_overview_has_every_method_on_every_data_set():
    panels = {
        "A": {"good": (0.9, 0.01, 0.85, ""), "bad": (0.5, None, None, "")},
        "B": {"bad": (0.4, 0.1, None, ""), "dead": (None, None, None, "3 of 3 died")},
    }
    figure = accuracy_overview(panels, chance=1 / 3)
    first, second = figure.axes
    assert [label.get_text() for label in first.get_yticklabels()] == ["good", "bad", "dead"]
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["A", "B"]
    assert [text.get_text() for text in second.texts] == ["", "3 of 3 died"] and second.texts[1].get_position()[1] == 2
    with pytest.raises(ValueError, match="no panel holds a method"):
        accuracy_overview({"A": {}})


def test_the_noise_floor_has_a_panel_of_its_own():
    runs = {"NN forward": [{"test_accuracy": [0.4, 0.5], "forward_loss": [1.2, 1.1]}], "NN": [{"test_accuracy": [0.4]}]}
    figure = accuracy_by_epoch(runs, noise_floor=1.03)
    lower = figure.axes[1]
    np.testing.assert_allclose(lower.lines[0].get_ydata(), 1.03)
    np.testing.assert_allclose(lower.lines[1].get_ydata(), [1.2, 1.1])
    assert {"noise floor", "NN forward"} == {text.get_text() for text in lower.texts}


@pytest.mark.parametrize("level", [0.3, 0.9])
def test_names_at_the_line_ends_do_not_overlap(level):
    histories = {
        name: [{"test_accuracy": [0.3, level + k / 1000], "stopped": k == 1}]
        for k, name in enumerate(("NN", "NN backward (raw)", "NN backward", "NN forward"))
    }
    figure = accuracy_by_epoch(histories, chance=0.3)
    figure.draw_without_rendering()
    boxes = sorted((Text.get_window_extent(text) for text in figure.findobj(Annotation)), key=lambda box: box.y0)
    assert len(boxes) == 5
    for below, above in zip(boxes, boxes[1:], strict=False):
        assert below.y1 <= above.y0
    assert boxes[-1].y1 <= figure.bbox.y1 and max(box.x1 for box in boxes) <= figure.bbox.x1


def test_spread_moves_no_further_than_it_must():
    assert spread([0.1, 0.5, 0.9], [0.1, 0.1, 0.1], 1.0) == [0.1, 0.5, 0.9]
    assert spread([0.5, 0.5], [0.2, 0.4], 1.0) == pytest.approx([0.5, 0.8])
    assert spread([0.9, 0.95, 1.0], [0.1, 0.2, 0.1], 1.0) == pytest.approx([0.65, 0.8, 0.95])
    assert spread([], [], 1.0) == []


def test_methods_are_dots_with_hollow_marks_for_the_report():
    figure = accuracy_by_method(["MLR", "rMLR", "NN"], [0.8, 0.9, None], [0.01, None, None], [0.764, None, 0.863],
                                "report, Fashion-MNIST", chance=1 / 3)  # fmt: skip
    ax = figure.axes[0]
    ours, printed = ax.lines[0], next(line for line in ax.lines if line.get_marker() == "D")
    np.testing.assert_allclose(ours.get_xdata(), [0.8, 0.9, np.nan])
    np.testing.assert_allclose(printed.get_xdata(), [0.764, np.nan, 0.863])
    assert printed.get_fillstyle() == "none" and ours.get_fillstyle() == "full"
    np.testing.assert_allclose(ax.collections[0].get_segments()[0][:, 0], [0.79, 0.81])
    assert {"ours", "report, Fashion-MNIST", "guessing", "MLR", "rMLR", "NN"} <= set(texts(figure))
    assert ax.get_ylim()[0] > ax.get_ylim()[1], "first method on top"
    with pytest.raises(ValueError, match="2 names"):
        accuracy_by_method(["MLR", "rMLR"], [0.8], [0.1])


def test_a_saved_figure_is_a_png_and_always_the_same(tmp_path):
    figure = transition_heatmaps(T, {}, NAMES)
    save(figure, tmp_path / "new" / "T.png")
    content = (tmp_path / "new" / "T.png").read_bytes()
    assert content.startswith(b"\x89PNG") and content == png(transition_heatmaps(T, {}, NAMES))


def test_the_gallery_draws_what_was_measured(study, measurement):
    figures = gallery(study)
    assert len(figures) == 10 and next(iter(figures)).startswith("All methods")
    caption = next(name for name in figures if "Training" in name and "(38)" in name)
    assert "NN backward (raw)\n2 of 6 runs died" in texts(figures[caption])
    assert len(figures[caption].axes) == 2, "the noise floor is known"
    table = next(figure for name, figure in figures.items() if "Table 3" in name and "(39)" in name)
    assert "NN backward (raw), epoch 30 (2 of 6 stopped)" in texts(table)
    assert list(gallery([measurement()]))[1:] == [
        "Table 3 as a picture, Fashion-MNIST, noise (38): mean and standard deviation over the repetitions."
    ]
    assert gallery([]) == {}


def test_the_gallery_joins_the_rows_of_a_run(measurement):
    history = {"test_accuracy": [0.5, 0.6], "train_loss": [1.0, 0.9]}
    rows = [
        measurement("NN backward (raw)", epoch=2, history=history),
        measurement("NN backward (raw)", epoch=7, accuracy=None, history={"test_accuracy": []}, stopped="not finite"),
        measurement("NN (clean)", epoch=2, history={"test_accuracy": [0.9, 0.9]}),
    ]
    # Plain training knows no T and so no forward loss: there is nothing to hold against the noise floor.
    rows.append(measurement("T rMLR", accuracy=None, T_hat=T.tolist(), T_true=T.tolist()))
    history["forward_loss"] = [None, None]
    figure = next(figure for name, figure in gallery(rows).items() if "Training" in name)
    assert len(figure.axes) == 1
    assert [line.get_ydata().tolist() for line in figure.axes[0].lines] == [[0.5, 0.6], [0.6]]
    assert [text.get_text() for text in figure.axes[0].texts] == ["NN backward (raw)\n1 of 1 runs died"]


def test_no_window_and_no_pyplot():
    code = (
        "import sys, scratchnoise.study.gallery, scratchnoise.study.report\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tables_and_page_need_no_matplotlib():
    code = (
        "import sys\nsys.modules['matplotlib'] = None\n"
        "import scratchnoise.study.results, scratchnoise.study.tables, scratchnoise.study.report\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
