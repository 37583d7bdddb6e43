"""The table of public constructions: the committed rows are what the script computes, and the tutorial shows them."""

import json

import profiles
import pytest

from scratchnoise.check.gallery.own_tests import KINDS
from scratchnoise.check.gallery.table import CONSTRUCTIONS, FOLDER, page, row_of

ROWS = [json.loads(line) for line in (FOLDER / "constructions.jsonl").read_text(encoding="utf-8").splitlines()]
NIGHTLY = profiles.runs("nightly")


def test_the_rows_are_those_of_the_constructions():
    assert [(row["project"], row["construction"], row["own test"]) for row in ROWS] == [
        (c.project, c.what, c.own_test) for c in CONSTRUCTIONS
    ]
    assert {c.own_test for c in CONSTRUCTIONS} == set(KINDS)
    assert len({c.project for c in CONSTRUCTIONS}) >= 10


TRIED = range(0, len(CONSTRUCTIONS), 1 if NIGHTLY else 4)


@pytest.mark.parametrize("k", profiles.thinned(TRIED))
def test_a_row_is_what_the_script_computes(k):
    assert row_of(CONSTRUCTIONS[k]) == ROWS[k]


def test_the_page_shows_the_rows():
    assert (FOLDER / "CONSTRUCTIONS.md").read_text(encoding="utf-8") == page(ROWS)


def test_what_the_tutorial_says_of_ones():
    """An upstream of ones, and the sum of the outputs, let the same five errors through, all about the upstream."""
    missed = [set(row["missed"]) for row in ROWS if "the sum" in row["own test"] or "ones" in row["own test"]]
    assert len(missed) == 3 and all(names == missed[0] for names in missed) and len(missed[0]) == 5
    assert all(name.startswith("upstream") for name in missed[0])
