"""The recorded experiments of section 2 and 5: they go on where they stopped, and what is computed from their rows."""

from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
from experiments import goes_on_where_it_stopped

from scratchnoise.data import Dataset
from scratchnoise.study import (
    boosting,
    estimates,
    evidence,
    generative,
    instance,
    label_errors,
    members,
    plain_alarm,
    processors,
    sparse,
    told_T,
)
from scratchnoise.study.answers.ensembles import complex_borders, specialists
from scratchnoise.study.methods import UNSTABLE
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


def test_members_are_better_where_a_tree_is_wrong_and_the_ensemble_is_right_there(tmp_path, monkeypatch):
    monkeypatch.setattr(members, "DATA", (members.BOARD,))
    monkeypatch.setattr(members, "MEMBERS", 12)
    rows = goes_on_where_it_stopped(members.measure, tmp_path / "rows.jsonl", 3)
    assert len(rows) == 3 * 4 and {row["method"] for row in rows} == {*members.METHODS, "tree", "full tree"}
    hard, easy = (
        {m: np.mean(list(members.values(rows, "board", m, f"members_{part}").values())) for m in members.METHODS}
        for part in ("hard", "easy")
    )
    assert hard["AdaBoost"] > hard["bagging"] and easy["AdaBoost"] < easy["bagging"]


def test_exchanged_members_tell_another_story():
    recorded = evidence.rows("members")
    exchange = {"AdaBoost": "bagging", "bagging": "AdaBoost"}
    swapped = [{**row, "method": exchange.get(row["method"], row["method"])} for row in recorded]
    for told, count_shown in ((recorded, "3 of 3"), (swapped, "0 of 3")):
        assert (
            f"bagging in {count_shown} data sets, and worse on the others in {count_shown}."
            in specialists(told).sentence
        )
        assert f"more accurate than these: bagging in {count_shown}" in complex_borders(told).sentence


def test_the_board_alternates():
    X, y = members.board(0)
    assert len(y) == members.SIZE and set(y) == {0, 1} and X.min() >= 0 and X.max() < 4
    for shift in ([1, 0], [0, 1]):
        moved = np.floor(X + shift).sum(axis=1) % 2
        assert (moved != y).all()


def test_the_same_mean_is_drawn_by_sample_and_by_class(tmp_path, monkeypatch, images):
    monkeypatch.setattr(instance, "load_data", lambda *_: images)
    monkeypatch.setattr(instance, "NOISES", ("part-dependent", "margin II"))
    monkeypatch.setattr(instance, "RATES", (0.2,))
    rows = goes_on_where_it_stopped(instance.measure, tmp_path / "rows.jsonl", 2)
    assert len(rows) == 2 * 2 * 2 * (len(instance.METHODS) + 1)
    assert instance.cost(rows, "margin II", 0.2, "MLR").n == 2
    verdict, *lines = instance.described(rows)
    assert len(instance.table(rows)) - 2 == len(lines) == 2 and lines[1].startswith("margin II, 20 % wrong: rMLR - MLR")
    assert "of 2 cells" in verdict


def test_what_the_mean_T_is_worth_is_told_for_each_kind_of_noise():
    """Exchanged kinds tell the other story."""
    gains = {"of the sample": -0.1, "of the class": 0.1}
    rows = [
        {
            "noise": "margin I",
            "rate": 0.4,
            "draw": draw,
            "kind": kind,
            "method": method,
            "accuracy": 0.7 + g,
            "error": 0,
        }
        for draw in (0, 1)
        for kind, gain in gains.items()
        for method, g in (("MLR", 0), ("rMLR, mean T", gain), ("k-NN", 0.01 * draw), ("T", 0))
    ]
    verdict, line = instance.described(rows)
    assert "of the sample rMLR, told the mean T, is shown to be above MLR in 0 of 1 cells, below it in 1." in verdict
    assert "of the class rMLR, told the mean T, is shown to be above MLR in 1 of 1 cells, below it in 0." in verdict
    assert "rMLR - MLR -0.100 [-0.100, -0.100] with noise of the sample, +0.100" in line
    assert "| 0.700 / 0.700 | 0.600 / 0.800 |" in instance.table(rows)[2]


def test_the_cost_is_that_of_the_dependence_on_the_sample():
    cell = {"noise": "margin I", "rate": 0.2, "method": "MLR"}
    rows = [
        {**cell, "draw": draw, "kind": kind, "accuracy": accuracy + 0.01 * draw}
        for draw in (0, 1)
        for kind, accuracy in (("of the sample", 0.7), ("of the class", 0.8))
    ]
    assert instance.cost(rows, "margin I", 0.2, "MLR").mean == pytest.approx(-0.1)


def test_wrong_labels_are_looked_for_in_every_way(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    y = np.arange(150) % 3
    X = rng.normal(size=(150, 2)) + 4 * np.array([[0, 0], [1, 0], [0, 1]])[y]
    monkeypatch.setattr(label_errors, "SETS", ("small",))
    monkeypatch.setattr(label_errors, "data_sets", lambda: {"small": lambda: (X, y)})
    monkeypatch.setattr(label_errors, "noise_shapes", lambda data, C: {"uneven": T})
    monkeypatch.setattr(label_errors, "_cleanlab", lambda score, labels, p: p[np.arange(150), labels])
    rows = goes_on_where_it_stopped(label_errors.measure, tmp_path / "rows.jsonl", 2)
    found = {row["method"]: row["area"] for row in rows if row["draw"] == 0}
    ours = (label_errors.OURS, label_errors.TOLD, label_errors.LEARNT)
    assert set(found) == {*label_errors.CLEANLAB.values(), *ours, label_errors.CHANCE} and len(rows) == 2 * len(found)
    assert min(found[label_errors.OURS], found[label_errors.TOLD]) > found[label_errors.CHANCE] + 0.4
    lines = label_errors.table(rows)
    assert len(lines) == 3 and len({line.count("|") for line in lines}) == 1 and "small, uneven" in lines[2]
    _, _, line = label_errors.described(rows)
    assert "ours - cleanlab, self-confidence" in line and "T known - ours" in line
    without = [row for row in rows if "cleanlab" not in row["method"]]
    worth, *others = label_errors.described(without)
    assert worth.startswith("Beside ours") and "cleanlab" not in worth and all("small" in line for line in others)


def test_the_area_is_the_mean_precision_at_each_wrong_label():
    wrong = np.array([True, False, True, False])
    assert label_errors.area_under(wrong, -np.arange(4)) == pytest.approx((1 + 2 / 3) / 2)


OTHER = {label_errors.TOLD: label_errors.LEARNT, label_errors.LEARNT: label_errors.TOLD}


def test_the_nearest_cleanlab_is_the_one_with_the_least_gain():
    cell = {"data": "d", "noise": "n"}
    areas = dict.fromkeys(label_errors.CLEANLAB.values(), 0.5)
    areas |= {"cleanlab, normalised margin": 0.8, label_errors.OURS: 0.7, label_errors.TOLD: 0.9}
    areas[label_errors.LEARNT] = 0.75
    rows = [{**cell, "draw": k, "method": m, "area": a + 0.01 * k} for k in (0, 1) for m, a in areas.items()]
    verdict, worth, line = label_errors.described(rows)
    assert "posteriors of noisy labels, is shown to be above it in 0 of 1 cells, below in 1 (d, n -0.100)" in verdict
    assert "T known is shown to be above in 1 of 1 cells, below in 0" in worth
    assert "learnt, is shown to be above it in 0 of 1 cells, below in 1 (d, n -0.050)" in verdict
    assert "known, is shown to be above it in 1 of 1 cells, below in 0" in verdict
    swapped = [{**row, "method": OTHER.get(row["method"], row["method"])} for row in rows]
    assert "known, is shown to be above it in 0 of 1 cells, below in 1" in label_errors.described(swapped)[0]
    assert line.startswith("d, n: ours - cleanlab, normalised margin -0.100") and "T known - ours +0.200" in line


def test_estimates_are_ranked_by_the_total_variation_of_a_column():
    rows = [
        {"data": data, "noise": shape, "draw": draw, "method": method, "error": error}
        for data, shape in ((estimates.REPORT, "(38)"), (estimates.REPORT, "(39)"), ("digits", "pair 0.35"))
        for draw in (0, 1)
        for method, error in (("far", 0.2), ("near", 0.1))
    ]
    found = estimates.of_columns(rows, "(38)")
    assert list(found) == ["near", "far"] and found["near"] == pytest.approx([0.15, 0.15])
    T_hat = T.array + 0.1 * np.array([[1, -1, 1], [-2, 2, -2], [1, -1, 1]])
    columns = abs(T_hat - T.array).sum(axis=0).mean() / 2
    assert abs(T_hat - T.array).mean() * estimates.CLASSES / 2 == pytest.approx(columns)
    lines = estimates.table(rows)
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["near", "far"] and "1 other cells" in lines[0]
    assert "| 0.150 (0.000) | 0.150 (0.000) | 0.100 |" in lines[2]
    assert estimates.described(rows) == [], "neither T-revision nor its start"
    names = {"near": "t_revision", "far": "argmax"}
    (line,) = estimates.described([{**row, "method": names[row["method"]]} for row in rows if row["noise"] == "(38)"])
    assert line.endswith("(38) 0.300 becomes 0.150, -0.150 [-0.150, -0.150], shown.")
    left, right = estimates.picture(rows).axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["near", "far"] and right.get_title() == "(39)"


def test_the_reports_noise_is_that_of_its_data():
    assert estimates.noise_shapes(estimates.REPORT, 3) == estimates.SHAPES
    assert set(estimates.noise_shapes("digits", 3)) == {"uniform 0.2", "uniform 0.4", "pair 0.35"}


def test_generative_models_are_told_three_kinds_of_T(tmp_path, monkeypatch, images):
    monkeypatch.setattr(generative, "load_data", lambda *_: images)
    monkeypatch.setattr(generative, "NOISES", {"uneven": T.array})
    clock = count()  # a second passes between two looks at it
    monkeypatch.setattr(generative, "time", SimpleNamespace(process_time=lambda: next(clock)))
    rows = goes_on_where_it_stopped(generative.measure, tmp_path / "rows.jsonl")
    assert len(rows) == len(generative.MODELS) * 3
    known = [row["error"] for row in rows if row["T"] == "known"]
    assert known == pytest.approx([0, 0, 0], abs=1e-15) and {row["cpu_seconds"] for row in rows} == {1}


def test_the_path_leads_from_no_weights_to_many(tmp_path, monkeypatch, images):
    order = np.random.default_rng(0).permutation(120)
    labels = images.y_train
    task = Task(images.x_train, labels, labels, images.x_test, images.y_test, images.class_names, T, T, order[:100], 0)
    monkeypatch.setattr(sparse, "load_task", lambda *_: task)
    monkeypatch.setattr(sparse, "NOISES", ("0.5",))
    rows = goes_on_where_it_stopped(sparse.measure, tmp_path / "rows.jsonl")
    path = [row["nonzero"] for row in rows if (row["penalty"], row["T"]) == ("l1", "identity")]
    assert path[0] < path[-1] and all(row["nonzero"] == 1 for row in rows if row["penalty"] == "l2")
    accuracy, zeros = sparse.picture(rows).axes
    np.testing.assert_allclose(zeros.lines[2].get_ydata(), 1 - np.array(path), atol=1e-12)
    (best,) = sparse.chosen(rows, "0.5", "identity", "l1")
    assert best["noisy_log_likelihood"] == max(
        row["noisy_log_likelihood"] for row in rows if (row["penalty"], row["T"]) == ("l1", "identity")
    )


def test_blocks_are_means_of_four_pixels():
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    np.testing.assert_allclose(sparse.blocks(image) * 255, [[2.5, 4.5, 10.5, 12.5]], rtol=1e-6)
    assert sparse.blocks(np.zeros((2, 4, 4, 3), np.uint8)).shape == (2, 12)


def test_a_true_T_is_held_against_its_estimate_on_the_same_draws():
    row = {"data": "cifar10", "noise": "hidden", "method": "NN forward", "epoch": 30}
    results = [{**row, "draw": k, "repetition": k, "accuracy": 0.6 + 0.01 * k} for k in range(3)]
    told = [{"method": "NN forward", "draw": k, "accuracy": 0.65 + 0.01 * k} for k in range(3)]
    assert "NN forward 0.660 instead of 0.610, +0.050 [+0.050, +0.050], shown" in told_T.described(told, results)


def test_the_page_says_whether_the_alarm_rings_for_plain_training():
    found = {"loss": 0.9, "error": 0.01, "rings": True}
    row = {"noise": "0.5", "floor": 1.0, "learnt": found, "left_out": {"loss": 1.02, "error": 0.02, "rings": False}}
    said = plain_alarm.described([row])
    assert "labels that it learnt -10.0, it rings; labels left out +1.0, it does not ring" in said


def test_the_page_tells_both_numbers_of_a_row_that_was_measured_again():
    row = {"data": "fashion-mnist", "noise": "0.6", "method": "NN forward", "epoch": 30, "backend": "numba"}
    results = [{**row, "draw": k, "repetition": k, "accuracy": 0.9} for k in range(3)]
    old = {**results[1], "accuracy": 0.3, "backend": "cupy", "why": "it stood still"}
    (said,) = evidence.measured_again([old, {**old, "epoch": 2}], results)
    assert "draw 2: 0.300 on cupy, 0.900 now; it stood still" in said and "would be 0.700, not 0.900" in said


def test_a_method_is_unstable_where_tables_or_processors_differ():
    row = {"backend": "numba", "processor": "a", "noise": "0.5", "accuracy": 0.9}
    rows = [{**row, "method": name} for name in ("still", "moving")]
    rows += [{**row, "method": "still", "processor": "b", "accuracy": 0.9004}]
    rows += [{**row, "method": "moving", "backend": "numpy", "accuracy": 0.9007}]
    assert processors.unstable(rows) == {"moving"}


def test_what_is_marked_is_what_the_committed_rows_show():
    assert processors.unstable(evidence.rows("processors")) == UNSTABLE


def test_the_page_says_where_rounding_decides():
    rows = [{"run": "a", "factor": 1.0, "accuracy": [0.5], "saturated": [False]}]
    assert "rounding decides" not in evidence.first_steps(rows)
    rows.append({"run": "b", "factor": 1 + 1e-6, "accuracy": [1 / 3], "saturated": [True]})
    assert "Of 2 runs whose steps differ" in evidence.first_steps(rows)
    assert "1 saturated, so rounding decides" in evidence.first_steps(rows)
    rows.append({"run": "c", "factor": 0.5, "accuracy": [0.5], "saturated": [True]})
    assert "Of 2 runs" in evidence.first_steps(rows)
