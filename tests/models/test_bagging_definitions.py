"""Bagging and the splits of its trees against their definitions; and the wrong variants that these reject."""

import itertools
from collections import Counter

import numpy as np
import pytest
from members import Remembering, numbered
from test_ensembles import best_of_all

from scratchnoise.models import Bagging, DecisionTree
from scratchnoise.models.ensembles import bagging, splits

# --- bagging ------------------------------------------------------------------------------------------------


def samples_are_drawn_with_replacement(draw):
    """N draws of N samples: a share 1 - (1 - 1/N)^N is drawn at all, and how often one is drawn is binomial."""
    N, rng = 40, np.random.default_rng(1)
    times = np.stack([draw(np.ones(N), rng) for _ in range(3000)])
    np.testing.assert_array_equal(times.sum(axis=1), N)
    different = (times > 0).mean(axis=1)
    assert abs(different.mean() - (1 - (1 - 1 / N) ** N)) < 5 * different.std() / np.sqrt(3000)
    assert times.var() == pytest.approx(1 - 1 / N, rel=0.05)


def a_weight_is_a_number_of_repetitions(draw):
    """A sample of weight w is drawn as often as w copies of it; never, at weight 0."""
    weight, rng = np.tile([0.0, 1, 2, 3, 4], 8), np.random.default_rng(2)
    copies = np.repeat(np.arange(40), weight.astype(int))
    found = np.mean([draw(weight, rng) for _ in range(3000)], axis=0).reshape(8, 5)
    drawn = copies[rng.integers(len(copies), size=(3000, 40))]
    expected = np.bincount(drawn.ravel(), minlength=40).reshape(8, 5) / 3000
    np.testing.assert_allclose(found.mean(axis=0), expected.mean(axis=0), atol=0.06)
    assert (found[:, 0] == 0).all() and found.sum() == pytest.approx(40)


def members_are_drawn_independently(draw):
    """How often a member drew a sample says nothing of how often the next one did."""
    Remembering.made.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bagging, "drawn_with_replacement", draw)
        X, y = numbered(300)
        Bagging(Remembering(), n_estimators=8, random_state=0).fit(X, y)
    times = np.stack([np.pad(member.weight, (0, 300 - len(member.weight))) for member in Remembering.made])
    pairs = np.corrcoef(times)[np.triu_indices(8, 1)]
    assert np.abs(pairs).max() < 5 / np.sqrt(300)


def without_replacement(weight, rng):
    return np.ones(len(weight))


def two_thirds_without_replacement(weight, rng):
    times = np.zeros(len(weight))
    times[rng.permutation(len(weight))[: 2 * len(weight) // 3]] = 1
    return times


def half_as_many_draws(weight, rng):
    return rng.multinomial(len(weight) // 2, weight / weight.sum()).astype(float)


def weight_after_the_draw(weight, rng):
    return weight * rng.multinomial(len(weight), np.full(len(weight), 1 / len(weight)))


def weight_ignored(weight, rng):
    return rng.multinomial(len(weight), np.full(len(weight), 1 / len(weight))).astype(float)


def one_draw_for_all(weight, rng):
    return DRAWN(weight, np.random.default_rng(0))


DRAWN = bagging.drawn_with_replacement


class Fixed(DecisionTree):
    """A member with these posteriors for every sample."""

    def __init__(self, proba):
        self.proba = np.asarray(proba, float)


def votes_are_counted(make, monkeypatch):
    """Every way in which four members can choose among three classes, with its ties, counted by hand."""
    for choices in itertools.product(range(3), repeat=4):
        members = [Fixed(np.eye(3)[c] * 0.3 + 0.1 + 0.3 * np.eye(3)[c]) for c in choices]
        members[0].proba = np.array([[0.9, 0.05, 0.05], [0.05, 0.9, 0.05], [0.05, 0.05, 0.9]])[choices[0]]
        model = make(n_estimators=4)
        model.classes_, model.estimators_, model.n_features_in_ = np.arange(3), members, 1
        monkeypatch.setattr(make, "_member_proba", lambda self, member, X: np.tile(member.proba, (len(X), 1)))
        found = model._predict_proba(np.zeros((2, 1)))
        counted = Counter(choices)
        np.testing.assert_allclose(found, [[counted[c] / 4 for c in range(3)]] * 2)
        winner = min(c for c in counted if counted[c] == max(counted.values()))
        np.testing.assert_array_equal(found.argmax(axis=1), winner)


class SoftVote(Bagging):
    """The mean of the posteriors, which is no vote."""

    def _predict_proba(self, X):
        return np.mean([self._member_proba(member, X) for member in self.estimators_], axis=0)


def test_votes_are_counted(monkeypatch):
    votes_are_counted(Bagging, monkeypatch)
    with pytest.raises(AssertionError):
        votes_are_counted(SoftVote, monkeypatch)


# --- the split of a tree ------------------------------------------------------------------------------------


def a_split_is_the_best_of_all(split):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        codes, y = rng.integers(0, 9, (40, 3)).astype(np.uint8), rng.integers(3, size=40)
        targets, weight = np.eye(3)[y], rng.uniform(0.2, 3, 40)
        found = split(codes, np.arange(40), np.arange(3), 3, targets, weight, 15, 0.0)
        expected = best_of_all(codes, targets, weight, 15)
        assert found[:2] == expected[:2] and found[2] == pytest.approx(expected[2])


def split_by_entropy(codes, rows, features, tried, targets, weight, least, least_weight):
    """The largest fall of the entropy."""

    def entropy(side):
        total = (targets[side] * weight[side, None]).sum(axis=0)
        share = total / total.sum()
        return -(total * np.log(np.where(share > 0, share, 1))).sum()

    found = (-1, -1, 0.0)
    for d, b in itertools.product(features, range(8)):
        low = codes[:, d] <= b
        if min(low.sum(), (~low).sum()) >= least:
            gain = entropy(low | ~low) - entropy(low) - entropy(~low)
            found = (d, b, gain) if gain > found[2] else found
    return found


def split_without_weights(codes, rows, features, tried, targets, weight, *least):
    return splits.best_split_by_arrays(codes, rows, features, tried, targets, np.ones_like(weight), *least)


def split_of_small_leaves(codes, rows, features, tried, targets, weight, least, least_weight):
    return splits.best_split_by_arrays(codes, rows, features, tried, targets, weight, 1, least_weight)


def split_of_the_first_feature(codes, rows, features, *rest):
    return splits.best_split_by_arrays(codes, rows, features[:1], *rest)


# --- who rejects whom ---------------------------------------------------------------------------------------

DEFINITIONS = {
    samples_are_drawn_with_replacement: (
        DRAWN,
        [without_replacement, two_thirds_without_replacement, half_as_many_draws],
    ),
    a_weight_is_a_number_of_repetitions: (DRAWN, [weight_after_the_draw, weight_ignored]),
    members_are_drawn_independently: (DRAWN, [one_draw_for_all]),
    a_split_is_the_best_of_all: (
        splits.best_split,
        [split_by_entropy, split_without_weights, split_of_small_leaves, split_of_the_first_feature],
    ),
}


@pytest.mark.parametrize("holds", DEFINITIONS)
def test_the_definition_holds(holds):
    holds(DEFINITIONS[holds][0])


@pytest.mark.parametrize(("holds", "wrong"), [(holds, w) for holds, (_, ws) in DEFINITIONS.items() for w in ws])
def test_a_wrong_variant_is_rejected(holds, wrong):
    with pytest.raises(AssertionError):
        holds(wrong)
