"""The page of the report's claims: verdicts follow their rows; a claim has a control or says that it was not run."""

import copy

import numpy as np
import pytest

from scratchnoise.models import AdaBoost, DecisionTree, SmoothBoost
from scratchnoise.models.ensembles.tree import values_at
from scratchnoise.study import answers, boosting, clusters_named, evidence, generative
from scratchnoise.study.answers import conclusion
from scratchnoise.study.answers.ensembles import adaboost, bagging, smoothboost, variance
from scratchnoise.study.answers.images import named
from scratchnoise.study.answers.latent_labels import expensive, too_simple


@pytest.fixture(scope="module")
def all_answers():
    return answers.answers()


def test_every_claim_has_numbers_and_a_control_or_was_not_run(all_answers):
    assert {claim.section for claim in all_answers} == {"2.1", "2.2", "4.1.1", "4.1.2", "5", "all"}
    not_run = [claim for claim, found in all_answers.items() if found is None]
    assert not not_run
    assert all(found.items and found.control for found in all_answers.values() if found)


def test_without_its_rows_a_claim_was_not_run(tmp_path):
    found = answers.answers(tmp_path)
    assert all((found[claim] is None) == bool(claim.rows) for claim in found)


def test_no_number_is_missing(all_answers):
    texts = [text for found in all_answers.values() if found for text in (found.sentence, *found.items, found.control)]
    assert not any("nan" in text.split() or "None" in text for text in texts)


def exchanged(rows, method, other):
    """The rows with the names of two methods exchanged."""
    names = {method: other, other: method}
    return [{**row, "method": names.get(row["method"], row["method"])} for row in rows]


SWAPS = [(bagging, "bagging", "tree"), (adaboost, "AdaBoost", "bagging, depth 3")]
SWAPS += [(smoothboost, "AdaBoost", "SmoothBoost")]


@pytest.mark.parametrize(("answer", "method", "other"), SWAPS)
def test_the_verdict_follows_the_rows(answer, method, other):
    """Exchanged names tell another story, in the sentence and in each line."""
    rows = evidence.rows("boosting")
    told, other_way = answer(rows), answer(exchanged(rows, method, other))
    assert told.sentence != other_way.sentence and told.items != other_way.items


def test_without_a_difference_nothing_is_shown():
    rows = copy.deepcopy(evidence.rows("boosting"))
    rng = np.random.default_rng(0)
    for row in rows:
        row["accuracy"] = 0.8 + 0.1 * rng.normal()
    assert sum("not shown" in item for item in bagging(rows).items) >= 8


def test_what_is_lost_is_the_difference_to_the_same_draw_without_noise():
    rows = [
        {"data": "cancer", "rate": rate, "draw": draw, "method": "tree", "accuracy": 0.9 - rate - 0.01 * draw}
        for rate in (0.0, 0.2)
        for draw in (0, 1)
    ]
    assert boosting.losses(rows, "cancer", "tree", 0.2) == pytest.approx({0: 0.2, 1: 0.2})


def compared(results, pair, setting, gain):
    """Rows of two methods in three draws, the first ahead by `gain`."""
    data, noise = setting
    for draw in range(3):
        for method, more in zip(pair, (gain, 0.0), strict=True):
            row = {"data": data, "noise": noise, "method": method, "epoch": None, "draw": draw, "repetition": draw}
            results.append({**row, "accuracy": 0.6 + 0.01 * draw + more})


def test_both_flipped_forms_are_counted_among_the_adjustments():
    """A flipped form that does nothing counts as not shown."""
    results = []
    for pair in (("MLR (flipped, as printed)", "MLR"), ("rMLR", "MLR (flipped, inverse)")):
        compared(results, pair, conclusion.SETTINGS[1], 0.0)
    told = conclusion.corrected(results)
    assert [item.split(": ")[1].split(" +")[0] for item in told.items] == [
        "MLR (flipped, as printed) - MLR",
        "MLR (flipped, inverse) - MLR",
        "rMLR - MLR",
    ]
    assert told.sentence.startswith("Shown in 0 of 3") and "help in 0 of 2" in told.sentence


def test_what_is_subtracted_is_of_the_same_draws():
    """Draws that one of the runs lacks would change a mean, and with it the difference that stands beside it."""
    results = []
    for data, noise in conclusion.SETTINGS[1:]:
        for method in ("MLR (own settings)", "MLR (tuned)"):
            compared(results, (method, f"{method} not used"), (data, noise), 0.0)
        compared(results, ("MLR (clean, full set)", "not used"), (data, "clean"), 0.2)
        results.append({**results[-2], "draw": 9, "repetition": 9, "accuracy": 0.99})
    told = conclusion.cifar(results)
    assert "MLR 0.810 without noise, 0.610 with (39), which costs +0.200" in told.items[0]
    assert "those of the 3 draws" in told.control


def test_an_ensemble_that_varies_less_is_shown_to():
    offsets = {"tree": 0.1, "bagging": 0.01, "forest": 0.01, "AdaBoost, full trees": 0.1}
    rows = [
        {"data": data, "rate": rate, "draw": draw, "method": method, "accuracy": 0.7 + sign * size}
        for data in ("cancer", "digits")
        for rate in boosting.RATES
        for draw, sign in enumerate((1, -1, 1, -1))
        for method, size in offsets.items()
    ]
    told = variance(rows)
    assert "for bagging in 10 of 10" in told.sentence and "for AdaBoost, full trees in 0 of 10" in told.sentence
    assert "tree 0.115, bagging 0.012, -0.090" in told.items[0]


def test_the_price_of_EM_is_a_ratio_to_its_peers():
    pairs = {
        "LabelNoiseEM": 0.4,
        "LabelNoiseEM, T = I": 0.1,
        "QuadraticDiscriminantAnalysis": 0.1,
        "GaussianMixture": 2,
    }
    rows = [
        {"base": "d", "repetition": k, "method": method, "seconds": seconds * (k + 1), "accuracy": 0.9}
        for k in range(3)
        for method, seconds in pairs.items()
    ]
    seconds = {"Gaussian EM": 2.0, "Kernel Fisher EM": 0.5, generative.LINEAR: 0.25}
    learnt = [
        {"model": model, "T": T, "cpu_seconds": value * (k + 1) if T == "learnt" else 9.0}
        for k in range(3)
        for T in ("known", "learnt")
        for model, value in seconds.items()
    ]
    told = expensive(rows, learnt)
    assert "4.0 to 4.0 times" in told.sentence and "0.20 to 0.20 times" in told.sentence
    assert told.items[0].startswith("d: 0.8000 s; LabelNoiseEM 4.00 x")
    with_kernel = "with a kernel, takes 1.00 s of a processor, with a linear kernel 0.50 s, the Gaussian one 4.00 s"
    assert with_kernel in told.sentence


def test_clusters_are_compared_with_neighbours_in_the_same_draws():
    accuracy = {clusters_named.CLEAN: 0.9, clusters_named.NOISY: 0.4, clusters_named.ALL_NOISY: 0.6}
    accuracy[clusters_named.NO_CLUSTERS] = 0.7
    rows = [
        {
            "data": "d",
            "draw": draw,
            "features": features,
            "method": method,
            "labels": labels,
            "accuracy": a + 0.01 * draw,
        }
        for draw in (0, 1, 2)
        for features in ("pixels", "UMAP")
        for method in clusters_named.HANDFULS
        for labels, a in accuracy.items()
    ]
    assert named(rows, "d") is None, "k-NN was not run"
    nearest = {"method": clusters_named.NEAREST, "labels": clusters_named.ALL_NOISY}
    rows += [{**rows[0], **nearest, "draw": draw, "accuracy": 0.6 + 0.01 * draw} for draw in (0, 1, 2)]
    told = named(rows, "d")
    assert told.sentence.startswith("Under (39) k-NN is right in 0.610.")
    assert "all of them, clusters are shown to be better in 0 of 4 settings" in told.sentence
    assert "a handful of noisy labels, they are shown to be better in 0 of 4, worse in 4 of 4;" in told.sentence
    clean = "better in 4 of 4, and better than the nearest of that handful, without clusters, in 4 of 4."
    assert told.sentence.endswith(f"told a handful of clean ones, {clean}")
    assert named(rows, "other") is None


def test_the_kernel_is_held_against_a_linear_one():
    accuracy = {"Gaussian EM": 0.9, "Kernel Fisher EM": 0.8, generative.LINEAR: 0.7}
    rows = [
        {"noise": "0.5", "draw": draw, "model": model, "T": T, "accuracy": a + 0.01 * draw + 1e-4 * (draw == 1)}
        for draw in range(3)
        for T in ("known", "identity")
        for model, a in accuracy.items()
    ]
    rows = [
        row | {"accuracy": row["accuracy"] + 1e-3 * row["draw"] * (row["model"] == "Kernel Fisher EM")} for row in rows
    ]
    told = too_simple(rows)
    assert "shown to help in 1 of 1 settings, to harm in 0 of 1" in told.sentence
    assert "T known +0.101 [" in told.items[0] and "linear kernel - Gaussian EM, T known -0.200" in told.items[0]


def test_what_lies_on_wrong_labels_is_the_weight_of_the_last_member():
    """By the definitions of both: weights by what the members before it got wrong."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 2)), rng.integers(2, size=80)
    model = AdaBoost(DecisionTree(max_depth=1), n_estimators=4, random_state=0).fit(X, y)
    weight = np.ones(80)
    for alpha, member in zip(model.alphas_[:-1], model.estimators_[:-1], strict=True):
        weight *= np.exp(alpha * (values_at(member.tree_, X).argmax(axis=1) != y))
    found = boosting.last_weight(model, X, y)
    np.testing.assert_allclose(found / found.sum(), weight / weight.sum())
    smooth = SmoothBoost(DecisionTree(max_depth=1), n_estimators=4, gamma=0.2, random_state=0).fit(X, y)
    right = [values_at(member.tree_, X).argmax(axis=1) == y for member in smooth.estimators_[:-1]]
    S = sum(np.where(r, 1, -1) - 0.2 / 2.2 for r in right)
    np.testing.assert_allclose(boosting.last_weight(smooth, X, y), np.where(S < 0, 1, 0.8 ** (np.maximum(S, 0) / 2)))
