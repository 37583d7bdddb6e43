"""The recipe: chosen on noisy labels of other draws, and trained as its name says."""

import numpy as np
import pytest
from experiments import rows_of

from scratchnoise.models import CoTeaching
from scratchnoise.network import Network
from scratchnoise.network.layers import Flatten, Linear
from scratchnoise.study import recipe
from scratchnoise.study.protocol import Task
from scratchnoise.study.selection import AS_GOOD, FIRST_DRAW
from scratchnoise.transition import TransitionMatrix

T = np.array([[0.7, 0.1, 0.3], [0.2, 0.8, 0.1], [0.1, 0.1, 0.6]])


def selection(losses):
    """The rows of a selection in which each candidate has these losses, one a problem, and 2 where nothing is said."""
    return [
        {"data": data, "noise": noise, "draw": FIRST_DRAW, "candidate": candidate, "preset": "quick"}
        | {"noisy_loss": losses.get(candidate, (2.0, 2.0))[place]}
        for candidate in recipe.CANDIDATES
        for place, (data, noise) in enumerate(recipe.PROBLEMS["quick"])
    ]


def test_the_least_mean_over_the_problems_is_chosen():
    rows = selection({"forward": (1.1, 1.1), "shifted": (0.9, 1.4), "averaged": (1.2, 0.9)})
    assert recipe.chosen(rows, "quick") == "averaged"


def test_the_forward_loss_stays_where_nothing_is_better():
    as_good = selection({"forward": (1.0, 1.0), "shifted": (1.0, 1.0 - AS_GOOD)})
    assert recipe.chosen(as_good, "quick") == "forward"
    better = selection({"forward": (1.0, 1.0), "shifted": (1.0, 1.0 - 3 * AS_GOOD)})
    assert recipe.chosen(better, "quick") == "shifted"


def test_a_draw_of_the_study_has_no_part_in_the_choice():
    rows = selection({"shifted": (1.0, 1.0)})
    other = [{**row, "draw": 0, "noisy_loss": 0.1} for row in rows if row["candidate"] == "averaged"]
    assert recipe.chosen(rows + other, "quick") == "shifted"


def test_a_selection_that_is_not_whole_chooses_nothing():
    with pytest.raises(ValueError, match="relabelled has 1 rows of 2"):
        recipe.chosen(selection({})[:-1], "quick")


def test_all_candidates_are_selected_from_and_two_are_scored(tmp_path, monkeypatch):
    made = []

    def scores(data, noise, draw, candidate, preset):
        made.append((data, draw, candidate))
        loss = 1.0 if candidate == "shifted" else 1.1
        found = {"noisy_loss": loss, "noisy_accuracy": 0.4}
        return found if draw >= FIRST_DRAW else found | {"accuracy": 0.9 - loss / 2}

    monkeypatch.setattr(recipe, "_scores", scores)
    out = tmp_path / "rows.jsonl"
    recipe.measure(out, 1, "quick")
    recipe.measure(out, 2, "quick")
    assert len(made) == len(set(made)) == 2 * (len(recipe.CANDIDATES) + 2 * 2)
    assert {candidate for _, draw, candidate in made if draw < FIRST_DRAW} == {"forward", "shifted"}
    gain = recipe.gain(rows_of(out), "garments", "0.6", "quick", "shifted")
    assert gain.mean == pytest.approx(0.05) and gain.n == 2
    not_run, choice, *gains = recipe.described(rows_of(out))
    assert not_run == "Preset paper: not run"
    assert choice.startswith("Preset quick: chosen is 'shifted', by the noisy loss (shifted 1.0000, forward 1.1000")
    assert [line.split(": ")[1] for line in gains] == ["shifted - forward +0.050 [+0.050, +0.050], shown"] * 2


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
    found = recipe._scores("garments", "0.6", FIRST_DRAW, "forward", "quick")
    y = small.y_noisy[small.left_out]
    by_hand = [-np.log(sum(T[y[n], j] * p[n, j] for j in range(3))) for n in range(20)]
    assert found == {"noisy_loss": pytest.approx(np.mean(by_hand)), "noisy_accuracy": np.mean(p.argmax(axis=1) == y)}
    assert recipe._scores("garments", "0.6", 0, "forward", "quick")["accuracy"] == 0.75


def test_where_T_is_hidden_an_estimate_is_told(monkeypatch):
    rows = [{"method": name, "T_hat": name} for name in recipe.ESTIMATES.values()]
    monkeypatch.setattr(recipe.Job, "outcome", lambda job: rows)
    task = Task(*[None] * 9, model_seed=0)
    assert recipe._told(task, "cifar10", "hidden", 0, recipe.PRESETS["quick"]) == "T confident joint"
