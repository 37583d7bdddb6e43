"""The page of the report's claims: verdicts follow their rows; a claim has a control or says that it was not run."""

import copy

import numpy as np
import pytest

from scratchnoise.study import answers, boosting, evidence
from scratchnoise.study.answers.related_work import adaboost, bagging


@pytest.fixture(scope="module")
def all_answers():
    return answers.answers()


def test_every_claim_has_numbers_and_a_control_or_was_not_run(all_answers):
    assert {claim.section for claim in all_answers} == {"2.1", "2.2", "3", "5", "all"}
    not_run = [claim for claim, found in all_answers.items() if found is None]
    assert [claim.rows for claim in not_run] == []
    assert all(found.items and found.control for found in all_answers.values() if found)


def test_without_its_rows_a_claim_was_not_run(tmp_path):
    assert set(answers.answers(tmp_path).values()) == {None}


def test_no_number_is_missing(all_answers):
    texts = [text for found in all_answers.values() if found for text in (found.sentence, *found.items, found.control)]
    assert not any("nan" in text.split() or "None" in text for text in texts)


def exchanged(rows, method, other):
    """The rows with the names of two methods exchanged."""
    names = {method: other, other: method}
    return [{**row, "method": names.get(row["method"], row["method"])} for row in rows]


SWAPS = [(bagging, "bagging", "tree"), (adaboost, "AdaBoost", "bagging")]


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
