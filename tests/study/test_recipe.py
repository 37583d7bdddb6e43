"""The recipe: chosen on noisy labels of another draw, and trained as its name says."""

from dataclasses import replace

import numpy as np
import pytest
from experiments import goes_on_where_it_stopped

from scratchnoise.models import CoTeaching
from scratchnoise.network import Network
from scratchnoise.network.layers import Flatten, Linear
from scratchnoise.study import recipe
from scratchnoise.study.protocol import Task
from scratchnoise.study.selection import AS_GOOD, FIRST_DRAW
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


def test_the_least_mean_over_the_problems_is_chosen():
    rows = selection({"forward": (1.1, 1.1, 1.1), "averaged": (0.9, 1.4, 1.2), recipe.RELABELLED: (1.0, 0.9, 1.2)})
    assert recipe.finalists(rows) == ["forward", "averaged", recipe.RELABELLED]
    assert recipe.chosen(rows) == recipe.RELABELLED


def test_the_forward_loss_stays_where_nothing_is_better():
    as_good = selection({"forward": (1.0, 1.0, 1.0), "averaged": (1.0, 1.0, 1.0 - 2 * AS_GOOD)})
    assert recipe.chosen(as_good) == "forward"
    better = selection({"forward": (1.0, 1.0, 1.0), "averaged": (1.0, 1.0, 1.0 - 4 * AS_GOOD)})
    assert recipe.chosen(better) == "averaged"


def test_a_selection_that_is_not_whole_chooses_nothing():
    first = selection({}, recipe.PROBLEMS[:1])
    with pytest.raises(ValueError, match="relabelled has no row of fashion-mnist"):
        recipe.finalists(first[:-1])
    with pytest.raises(ValueError, match="forward was not run on every problem"):
        recipe.chosen(first)


def test_a_draw_of_the_study_has_no_part_in_the_choice():
    rows = selection({"averaged": (1.0, 1.0, 1.0)})
    other = [{**row, "draw": 0, "noisy_loss": 0.1} for row in rows if row["candidate"] == recipe.RELABELLED]
    assert recipe.chosen(rows + other) == "averaged"


def test_all_run_on_the_first_problem_the_best_on_the_others_and_one_in_the_study(tmp_path, monkeypatch):
    made = []

    def scores(data, noise, draw, candidate):
        made.append((data, noise, draw, candidate))
        loss = {"averaged": 1.0, recipe.RELABELLED: 1.05}.get(candidate, 1.1)
        return {"noisy_loss": loss, "noisy_accuracy": 0.4} | ({"accuracy": 0.9} if draw < FIRST_DRAW else {})

    monkeypatch.setattr(recipe, "_scores", scores)
    rows = goes_on_where_it_stopped(recipe.measure, tmp_path / "rows.jsonl", 2)
    assert len(set(made)) == len(rows) == len(recipe.CANDIDATES) + 2 * 3 + 2 * 3
    assert {name for data, *_, name in made if data == "cifar10"} == {"forward", "averaged", recipe.RELABELLED}
    assert {name for _, _, draw, name in made if draw < FIRST_DRAW} == {"averaged"}
    row = {"data": "cifar10", "noise": "hidden", "method": "NN forward", "epoch": 30}
    results = [{**row, "draw": k, "repetition": k, "accuracy": 0.8 + 0.01 * k} for k in range(3)]
    choice, first, *gains = recipe.described(rows, results)
    assert gains[2] == "CIFAR-10, hidden noise: averaged - NN forward +0.095 [+0.031, +0.159], shown"
    assert [line.split(" - ")[1] for line in gains[:2]] == ["NN forward not run"] * 2
    assert choice.startswith("Chosen is 'averaged'. Mean noisy loss over the three problems: averaged 1.0000, rel")
    listed = "averaged 1.0000, relabelled 1.0500, forward 1.1000"
    assert first.startswith(f"Fashion-MNIST, noise (38), all candidates: {listed}")


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
    x = rng.normal(0, 0.3, (120, 6, 6, 1)).astype(np.float32)
    x[np.arange(120), y] += 1
    y_noisy = np.array([rng.choice(3, p=T[:, label]) for label in y])
    matrix = TransitionMatrix(T)
    task = Task(x, y, y_noisy, x[:60], y[:60], ("a", "b", "c"), matrix, matrix, rng.permutation(120)[:100], 0)
    monkeypatch.setattr(recipe, "load_task", lambda *_: task)
    monkeypatch.setattr(recipe, "pixels_of", lambda *_: (x, x[:60]))
    monkeypatch.setitem(recipe.NETWORK, "network", Network([Flatten(), Linear(3)]))
    return task


def test_every_candidate_trains(small):
    x, y = small.x_train[small.chosen], small.y_noisy[small.chosen]
    logits = {}
    for candidate in recipe.CANDIDATES:
        model = recipe.fitted(candidate, x, y, T, 5, 0)
        assert isinstance(model, CoTeaching) == (candidate == "co-teaching")
        logits[candidate] = model.decision_function(x).tobytes()
    assert len(set(logits.values())) == len(recipe.CANDIDATES), "each is something else"


def test_a_row_is_judged_on_noisy_labels_that_were_left_out(small, monkeypatch):
    p = np.random.default_rng(2).dirichlet(np.ones(3), 20)

    class Model:
        def predict_proba(self, x):
            np.testing.assert_array_equal(x, small.x_train[small.left_out])
            return p

        def score(self, x, y):
            return 0.75 if y is small.y_test else None

    monkeypatch.setattr(recipe, "fitted", lambda *_: Model())
    found = recipe._scores("fashion-mnist", "0.6", FIRST_DRAW, "forward")
    y = small.y_noisy[small.left_out]
    by_hand = [-np.log(sum(T[y[n], j] * p[n, j] for j in range(3))) for n in range(20)]
    assert found == {"noisy_loss": pytest.approx(np.mean(by_hand)), "noisy_accuracy": np.mean(p.argmax(axis=1) == y)}
    assert recipe._scores("fashion-mnist", "0.6", 0, "forward")["accuracy"] == 0.75


def test_where_T_is_hidden_an_estimate_is_told(small, monkeypatch):
    told = []
    monkeypatch.setattr(recipe, "load_task", lambda *_: replace(small, T_known=None))
    rows = [{"method": name, "T_hat": np.full((3, 3), float(n))} for n, name in enumerate(recipe.ESTIMATES.values())]
    monkeypatch.setattr(recipe.Job, "outcome", lambda job: rows)
    monkeypatch.setattr(recipe, "fitted", lambda candidate, x, y, T, *_: told.append(T) or 1 / 0)
    with pytest.raises(ZeroDivisionError):
        recipe._scores("cifar10", "hidden", FIRST_DRAW, "forward")
    recipe._estimated.cache_clear()
    assert np.all(told[0] == list(recipe.ESTIMATES).index("confident_joint"))
