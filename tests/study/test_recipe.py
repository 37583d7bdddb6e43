"""The recipe: chosen on noisy labels of another draw, and trained as its name says."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from experiments import goes_on_where_it_stopped

from scratchnoise.models.patch_features import PatchFeatures
from scratchnoise.network import Network
from scratchnoise.network.layers import Flatten, Linear
from scratchnoise.noise import MNIST05, MNIST06
from scratchnoise.study import recipe
from scratchnoise.study.protocol import Task
from scratchnoise.study.selection import FIRST_DRAW
from scratchnoise.transition import TransitionMatrix

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


def selection(losses, problems=recipe.PROBLEMS):
    """The rows of a selection in which each candidate has these losses, one a problem, and 2 where nothing is said."""
    return [
        {"data": data, "noise": noise, "draw": FIRST_DRAW, "candidate": name}
        | {"noisy_loss": losses.get(name, (2.0, 2.0, 2.0))[place]}
        for name in recipe.CANDIDATES
        for place, (data, noise) in enumerate(problems)
    ]


def test_all_candidates_run_where_a_noisy_label_says_most():
    assert recipe.PROBLEMS[0] == ("fashion-mnist", "0.5")
    assert MNIST05.information_fraction > 3 * MNIST06.information_fraction


def test_the_least_mean_over_the_problems_is_chosen():
    rows = selection({"forward": (1.1, 1.1, 1.1), "averaged": (0.9, 1.4, 1.2), "relabelled": (1.0, 0.9, 1.2)})
    assert recipe.finalists(rows) == ["forward", "averaged", "relabelled"]
    assert recipe.chosen(rows) == "relabelled"


def test_the_forward_loss_is_chosen_where_nothing_is_better():
    assert recipe.chosen(selection({"forward": (1.0, 1.0, 1.0), "averaged": (0.9, 1.0, 1.2)})) == "forward"


def test_a_selection_that_is_not_whole_chooses_nothing():
    first = selection({}, recipe.PROBLEMS[:1])
    with pytest.raises(ValueError, match="taught, with its teacher has no row of fashion-mnist"):
        recipe.finalists(first[:-1])
    with pytest.raises(ValueError, match="forward was not run on every problem"):
        recipe.chosen(first)


def test_a_draw_of_the_study_has_no_part_in_the_choice():
    rows = selection({"averaged": (1.0, 1.0, 1.0)})
    other = [{**row, "draw": 0, "noisy_loss": 0.1} for row in rows if row["candidate"] == "relabelled"]
    assert recipe.chosen(rows + other) == "averaged"


def test_all_run_on_the_first_problem_the_best_on_the_others_and_one_in_the_study(tmp_path, monkeypatch):
    made = []
    losses = {"averaged": (1.0, 1.01), "co-teaching": (1.05, 1.07), "forward": (1.1, 1.12)}

    def judged(**row):
        made.append(tuple(row.values()))
        found = losses.get(row["candidate"], (1.2, 1.2))
        loss = np.mean(found) - 0.001 * (row["candidate"] == "features, T by quantile") * (row["draw"] % 2)
        return {"noisy_loss": loss, "noisy_losses": found}

    def tested(**row):
        made.append(tuple(row.values()))
        known = {recipe.CONTROL: 0.85, "averaged, T by combined": 0.9 - 0.4 * row["draw"]}
        known["forward"] = 0.8 + 0.001 * row["draw"]
        known["averaged"] = 0.9 - 0.01 * max(0, row["draw"] - 9)
        return {"accuracy": known.get(row["candidate"], 0.9)}

    monkeypatch.setattr(recipe, "_judged", judged)
    monkeypatch.setattr(recipe, "_tested", tested)
    rows = goes_on_where_it_stopped(recipe.measure, tmp_path / "rows.jsonl", 2)
    estimated = {"features", *("features, T by " + name for name in recipe.TRIED)}
    assert len(set(made)) == len(rows) == len(recipe.CANDIDATES) + 2 * 3 + 6 * len(estimated) + 2 * 3 + 2 + 2 + 8
    finalists = {"forward", "averaged", "co-teaching"}
    others = {recipe.CONTROL, "averaged, T by combined", *estimated}
    assert {name for data, *_, name in made if data == "cifar10"} == {*finalists, *others}
    assert {name for data, _, draw, name in made if draw > FIRST_DRAW} == estimated
    assert {name for data, _, draw, name in made if draw < FIRST_DRAW and data != "cifar10"} == {"averaged"}
    assert {(draw, name) for *_, draw, name in made if 2 <= draw < FIRST_DRAW} == {
        (draw, name) for draw in range(10, 14) for name in ("averaged", "forward")
    }
    row = {"data": "cifar10", "noise": "hidden", "method": "NN forward", "epoch": 30}
    results = [{**row, "draw": k, "repetition": k, "accuracy": 0.8 + 0.01 * k} for k in range(3)]
    heading, _, *lines = recipe.table(rows, results)
    assert heading == "| problem | averaged | NN forward | averaged - NN forward | draws |"
    assert lines == ["| CIFAR-10, hidden noise | 0.900 | 0.805 | +0.095 [+0.031, +0.159], shown | 2 |"]
    more = [
        {"data": "cifar10", "noise": "hidden", "draw": k, "candidate": "mirrored", "accuracy": 0.7} for k in (0, 1, 2)
    ]
    one_missing, whole = (recipe.table(rows + found, results)[2] for found in (more[1:], more))
    assert one_missing.startswith("| CIFAR-10, hidden noise | 0.900 |  | 0.805 |"), "no mean of other draws"
    assert whole.startswith("| CIFAR-10, hidden noise | 0.900 | 0.700 | 0.805 |")
    choice, first, _, _, of_T, control, by_mean, fresh = recipe.described(rows, results)
    assert fresh == (
        "CIFAR-10, hidden noise, 4 draws that were scored after all this was chosen: averaged 0.875, on its worst draw "
        "0.860, NN forward 0.811, difference +0.063 [+0.041, +0.086], shown"
    )
    assert choice == (
        "Chosen is 'averaged'. Mean noisy loss over the three problems: averaged 1.0050, co-teaching 1.0600, "
        "forward 1.1100"
    )
    assert first.startswith(
        "Fashion-MNIST, noise (38), noisy loss less that of forward, in thousandths: "
        "averaged -105.0 [-168.5, -41.5], co-teaching -50.0 [-50.0, -50.0], mirrored +90.0"
    )
    assert control == (
        "CIFAR-10, hidden noise, one thing changed at a time: NN forward told the T of the features is at 0.850, less "
        "NN forward +0.045 [-0.019, +0.109], not shown; averaged less this one +0.050 [+0.050, +0.050], shown"
    )
    assert of_T.startswith(
        "CIFAR-10, hidden noise, T of the features, noisy loss on 6 draws less that of confident_joint, in "
        "thousandths: quantile -0.5 [-1.1, +0.1], balanced_joint +0.0 [+0.0, +0.0]"
    )
    assert by_mean == (
        "CIFAR-10, hidden noise: averaged, T by combined is at 0.700, on its worst draw at 0.500, where averaged is at "
        "0.900; averaged less this one +0.200 [-2.341, +2.741], not shown"
    )


@pytest.mark.parametrize("wrong", [False, True])
def test_the_label_is_the_most_probable_one_given_the_noisy_one(wrong):
    rng = np.random.default_rng(0)
    p, y = rng.dirichlet(np.ones(3), 300), rng.integers(0, 3, 300)
    by_hand = [np.argmax([T[y[n], j] * p[n, j] for j in range(3)]) for n in range(300)]
    found = recipe.relabelled(p, y, T.T if wrong else T)
    assert (list(found) == by_hand) != wrong, "a transposed T finds others"


@pytest.fixture
def small(monkeypatch):
    """A task of small images, and a small network."""
    rng = np.random.default_rng(1)
    y = np.arange(120) % 3
    x = rng.normal(0, 0.3, (120, 9, 9, 1)).astype(np.float32)
    x[np.arange(120), 2 * y + 1] += 1
    y_noisy = np.array([rng.choice(3, p=T[:, label]) for label in y])
    matrix = TransitionMatrix(T)
    task = Task(x, y, y_noisy, x[:60], y[:60], ("a", "b", "c"), matrix, matrix, rng.permutation(120)[:100], 0)
    monkeypatch.setattr(recipe, "load_task", lambda *_: task)
    monkeypatch.setattr(recipe, "pixels_of", lambda *_: (x, x[:60]))
    monkeypatch.setattr(recipe, "PatchFeatures", partial(PatchFeatures, n_centres=5, size=3, n_patches=200))
    monkeypatch.setattr(recipe, "PRESET", replace(recipe.PRESET, epochs=5))
    monkeypatch.setitem(recipe.NETWORK, "network", Network([Flatten(), Linear(3)]))
    recipe._samples.cache_clear()
    yield task
    recipe._samples.cache_clear()


def test_every_candidate_trains(small):
    samples, test = recipe._samples("small")
    found = {name: recipe.posteriors(name, samples, small.y_noisy, test, T, 0) for name in recipe.CANDIDATES}
    for p in found.values():
        assert p.shape == (60, 3)
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert len({p.tobytes() for p in found.values()}) == len(recipe.CANDIDATES), "each is something else"
    control = recipe.posteriors(recipe.CONTROL, samples, small.y_noisy, test, T, 0)
    np.testing.assert_array_equal(control, found[recipe.BASE])
    for name, members in recipe.MEANS.items():
        np.testing.assert_allclose(found[name], sum(found[one] for one in members) / len(members), atol=1e-6)


def test_a_network_that_guesses_teaches_nothing(small, monkeypatch):
    samples, test = recipe._samples("small")
    monkeypatch.setattr(recipe, "relabelled", lambda p, y, T: np.zeros(len(y), np.int64))
    found = [recipe.posteriors(name, samples, small.y_noisy, test, T, 0) for name in ("mirrored", "relabelled")]
    np.testing.assert_array_equal(*found)


def test_every_noisy_label_judges_once_and_none_that_was_learnt_from(small, monkeypatch):
    p, learnt_from = np.random.default_rng(2).dirichlet(np.ones(3), 120), []
    places = {image.tobytes(): n for n, image in enumerate(small.x_train)}

    def posteriors(candidate, samples, y, asked, *_):
        learnt, left_out = ([places[image.tobytes()] for image in part.images] for part in (samples, asked))
        assert set(learnt).isdisjoint(left_out)
        np.testing.assert_array_equal(y, small.y_noisy[learnt])
        learnt_from.append(learnt)
        return p[left_out]

    monkeypatch.setattr(recipe, "posteriors", posteriors)
    found = recipe._judged("fashion-mnist", "0.6", FIRST_DRAW, "forward")
    assert sorted(sum(learnt_from, [])) == list(range(120)) and len(learnt_from[0]) == 60
    by_hand = [-np.log(sum(T[small.y_noisy[n], j] * p[n, j] for j in range(3))) for n in range(120)]
    assert found["noisy_loss"] == pytest.approx(np.mean(by_hand))
    halves = [np.mean([by_hand[n] for n in half]) for half in learnt_from]
    np.testing.assert_allclose(np.reshape(found["noisy_losses"], (2, recipe.BLOCKS)).mean(axis=1), halves[::-1])


def test_the_recipe_is_scored_on_clean_test_labels(small, monkeypatch):
    def posteriors(candidate, samples, y, asked, *_):
        np.testing.assert_array_equal(samples.images, small.x_train[small.chosen])
        np.testing.assert_array_equal(y, small.y_noisy[small.chosen])
        return np.eye(3)[np.where(np.arange(60) < 15, (small.y_test + 1) % 3, small.y_test)]

    monkeypatch.setattr(recipe, "posteriors", posteriors)
    assert recipe._tested("fashion-mnist", "0.6", 0, "forward") == {"accuracy": 0.75}


def test_where_T_is_hidden_networks_are_told_the_studys_and_features_estimate_their_own(small, monkeypatch):
    hidden = replace(small, T_known=None)
    rows = [{"method": name, "T_hat": np.full((3, 3), float(n))} for n, name in enumerate(recipe.ESTIMATES.values())]
    monkeypatch.setattr(recipe.Job, "outcome", lambda job: rows)
    samples, learnt = recipe._samples("small")[0], np.arange(90)
    names = "forward", "features", recipe.CONTROL, "taught by both", "relabelled", "features, T by quantile"
    told = [recipe._told(name, hidden, samples, learnt, ("cifar10", "hidden", 0)) for name in names]
    recipe._estimated.cache_clear()
    assert np.all(told[0] == list(recipe.ESTIMATES).index("confident_joint"))
    own, other = (
        recipe.estimate_transition(
            *(recipe.SoftmaxRegression(), samples.features[:90], small.y_noisy[:90], estimator),
            random_state=small.model_seed,
        ).array
        for estimator in ("confident_joint", "quantile")
    )
    np.testing.assert_array_equal(told[1:4], [own] * 3)
    np.testing.assert_array_equal(told[4], told[0])
    np.testing.assert_array_equal(told[5], other)
    for name in names:
        np.testing.assert_allclose(recipe._told(name, small, samples, learnt, None), T)
